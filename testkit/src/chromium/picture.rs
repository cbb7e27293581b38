//! What can be seen.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Tab;

impl Tab {
    /// What the window shows, a PNG.
    pub async fn screenshot(&self) -> Vec<u8> {
        self.capture(json!({ "format": "png" })).await
    }

    /// The whole page, however long, a PNG.
    pub async fn long_screenshot(&self) -> Vec<u8> {
        self.screenshot_of("html").await
    }

    /// The part of the page that the first matching element covers, a PNG.
    pub async fn screenshot_of(&self, selector: &str) -> Vec<u8> {
        let area = format!(
            "(() => {{ const box = document.querySelector({selector:?}).getBoundingClientRect(); return {{ x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height, scale: 1 }}; }})()"
        );
        let clip = self.evaluate(&area).await;
        self.capture(json!({ "format": "png", "captureBeyondViewport": true, "clip": clip })).await
    }

    async fn capture(&self, params: Value) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", params).await;
        BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }
}

/// Every text that a QR code in a picture holds.
pub fn read_qr_codes(png: &[u8]) -> Vec<String> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let samples = info.color_type.samples();
    let (width, height) = (info.width as usize, info.height as usize);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        // The codes are black on white: one channel is as good as another.
        pixels[(y * width + x) * samples]
    });
    image.detect_grids().iter().filter_map(|grid| Some(grid.decode().ok()?.1)).collect()
}

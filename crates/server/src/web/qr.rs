//! A QR code as SVG.

use qrcode::render::svg;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrCode};

/// Side of the drawing, in CSS pixels; the page may show it larger.
const SIDE: u32 = 360;

/// Draws `text` with error correction level M and the quiet zone of the standard, black on white
/// in dark mode too: readers do not all read inverted codes.
pub(super) fn svg(text: &str) -> Result<String, QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
    Ok(code
        .render::<svg::Color<'_>>()
        .min_dimensions(SIDE, SIDE)
        .dark_color(svg::Color("#000"))
        .light_color(svg::Color("#fff"))
        .build())
}

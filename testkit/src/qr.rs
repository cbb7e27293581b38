//! Reads the drawing of a QR code without a browser, with a decoder that has nothing to do with what
//! drew it.

/// The text of a QR code that the server drew: one path of horizontal strokes in a square of modules.
///
/// # Panics
/// If it is drawn in another way.
pub fn read_qr_drawing(svg: &str) -> Vec<String> {
    const PIXELS: usize = 4;
    let between = |start: &str, end: &str| {
        let from = svg.find(start).unwrap() + start.len();
        &svg[from..from + svg[from..].find(end).unwrap()]
    };
    let side: usize = between("viewBox=\"0 0 ", " ").parse().unwrap();
    let mut dark = vec![false; side * side];
    let (mut x, mut y) = (0_usize, 0_usize);
    for stroke in between("<path stroke=\"#000\" d=\"", "\"").split_inclusive('h') {
        // `<length>M<x> <y>.5h` or `<length>m<dx> 0h`: the length belongs to the stroke before.
        let at = stroke.find(['M', 'm']).unwrap_or(stroke.len());
        if let Ok(length) = stroke[..at].parse::<usize>() {
            dark[y * side + x..][..length].fill(true);
            x += length;
        }
        let Some(to) = stroke.get(at + 1..).and_then(|to| to.strip_suffix('h')) else { continue };
        let (across, down) = to.split_once(' ').unwrap();
        let across: usize = across.parse().unwrap();
        if stroke[at..].starts_with('M') {
            (x, y) = (across, down.strip_suffix(".5").unwrap().parse().unwrap());
        } else {
            assert_eq!(down, "0");
            x += across;
        }
    }
    let pixels = side * PIXELS;
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(pixels, pixels, |x, y| {
        if dark[y / PIXELS * side + x / PIXELS] { 0 } else { 255 }
    });
    image.detect_grids().iter().filter_map(|grid| Some(grid.decode().ok()?.1)).collect()
}

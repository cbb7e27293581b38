//! A QR code as SVG.

use std::fmt::Write as _;

use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around the code (ISO/IEC 18004 §5.3.8).
const QUIET_ZONE: usize = 4;

/// Draws `text` with error correction level M and the quiet zone of the standard, black on white
/// in dark mode too: readers do not all read inverted codes.
///
/// One path of horizontal strokes, a module high, in units of modules: the page says how large it
/// is. A browser draws it many times faster than a square for each module.
pub(super) fn svg(text: &str) -> Result<String, QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
    let width = code.width();
    let side = width + 2 * QUIET_ZONE;
    let modules = code.to_colors();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path stroke=\"#000\" d=\""
    );
    for (y, row) in modules.chunks(width).enumerate() {
        // Where the pen stands in this row, if it does.
        let mut pen = None;
        let mut x = 0;
        for run in row.chunk_by(|one, other| one == other) {
            if run.first() == Some(&Color::Dark) {
                let (start, length) = (x + QUIET_ZONE, run.len());
                // Writing to a string cannot fail.
                let _ = match pen {
                    None => write!(svg, "M{start} {}.5h{length}", y + QUIET_ZONE),
                    Some(pen) => write!(svg, "m{} 0h{length}", start - pen),
                };
                pen = Some(start + length);
            }
            x += run.len();
        }
    }
    svg.push_str("\"/></svg>");
    Ok(svg)
}

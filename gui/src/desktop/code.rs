//! QR codes in grey pictures.

use image::GrayImage;
use rqrr::PreparedImage;

/// The content of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// An invitation.
    Invitation(String),
    /// Something else.
    Other,
}

/// The code in a picture. If there are several, prefers an invitation.
pub(super) fn code_in(picture: &GrayImage) -> Option<Code> {
    let (width, height) = picture.dimensions();
    let at = |x: usize, y: usize| picture.get_pixel(x as u32, y as u32).0[0];
    let mut prepared = PreparedImage::prepare_from_greyscale(width as usize, height as usize, at);
    let mut found = None;
    for grid in prepared.detect_grids() {
        let Ok((_, text)) = grid.decode() else {
            continue;
        };
        let start = text.get(..9).unwrap_or_default();
        if start.eq_ignore_ascii_case("hedgerow:") {
            return Some(Code::Invitation(text));
        }
        found = Some(Code::Other);
    }
    found
}

/// A code with `scale` pixels a module, and white around it.
#[cfg(test)]
pub(super) fn drawn(text: &str, scale: u32) -> GrayImage {
    let code = qrcode::QrCode::new(text).expect("it fits");
    let side = code.width() as u32;
    let modules = code.to_colors();
    GrayImage::from_fn((side + 8) * scale, (side + 8) * scale, |x, y| {
        let (x, y) = (x / scale, y / scale);
        let inside = (4..side + 4).contains(&x) && (4..side + 4).contains(&y);
        let at = || modules[((y - 4) * side + x - 4) as usize];
        image::Luma([if inside && at() == qrcode::Color::Dark {
            0
        } else {
            255
        }])
    })
}

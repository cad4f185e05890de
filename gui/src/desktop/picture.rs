//! Invitations in pictures.

use std::path::Path;

use image::ImageReader;
use image::imageops::FilterType;

/// The largest picture that is looked at, in pixels each way.
const MAX_SIDE: u32 = 12_000;

/// Memory that decoding one may take, in bytes.
const MAX_MEMORY: u64 = 256 << 20;

/// A code is looked for in the picture, and in one of at most this many pixels each way: a photograph's noise
/// hides large codes.
const SMALL_SIDE: u32 = 1_200;

/// What was found in a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// An invitation.
    Invitation(String),
    /// No code of ours.
    Nothing,
    /// It cannot be read as a picture.
    Unreadable,
}

/// Looks for an invitation in a picture.
pub fn invitation_in(path: &Path) -> Picture {
    let Ok(reader) = ImageReader::open(path).and_then(ImageReader::with_guessed_format) else {
        return Picture::Unreadable;
    };
    let mut reader = reader;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let Ok(picture) = reader.decode() else {
        return Picture::Unreadable;
    };
    let whole = picture.to_luma8();
    let found = read(&whole).or_else(|| {
        let too_large = whole.width().max(whole.height()) > SMALL_SIDE;
        too_large
            .then(|| {
                picture
                    .resize(SMALL_SIDE, SMALL_SIDE, FilterType::Triangle)
                    .to_luma8()
            })
            .and_then(|small| read(&small))
    });
    found.map_or(Picture::Nothing, Picture::Invitation)
}

fn read(picture: &image::GrayImage) -> Option<String> {
    let (width, height) = picture.dimensions();
    let at = |x: usize, y: usize| picture.get_pixel(x as u32, y as u32).0[0];
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(width as usize, height as usize, at);
    prepared.detect_grids().into_iter().find_map(|grid| {
        let (_, text) = grid.decode().ok()?;
        let ours = text.get(..9)?.eq_ignore_ascii_case("hedgerow:");
        ours.then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};
    use qrcode::QrCode;

    use super::*;

    fn draw(text: &str, scale: u32) -> GrayImage {
        let code = QrCode::new(text).expect("it fits");
        let side = code.width() as u32;
        let modules = code.to_colors();
        GrayImage::from_fn((side + 8) * scale, (side + 8) * scale, |x, y| {
            let (x, y) = (x / scale, y / scale);
            let inside = (4..side + 4).contains(&x) && (4..side + 4).contains(&y);
            let at = || modules[((y - 4) * side + x - 4) as usize];
            Luma([if inside && at() == qrcode::Color::Dark {
                0
            } else {
                255
            }])
        })
    }

    #[test]
    fn an_invitation_is_found_and_nothing_else_is_one() {
        let place = tempfile::tempdir().expect("a directory");
        let picture = |name: &str, image: &GrayImage| {
            let path = place.path().join(name);
            image.save(&path).expect("it is written");
            invitation_in(&path)
        };
        let link = "HEDGEROW:ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let found = Picture::Invitation(link.into());
        assert_eq!(picture("small.png", &draw(link, 4)), found);
        assert_eq!(picture("large.png", &draw(link, 40)), found);
        assert_eq!(
            picture("web.png", &draw("https://example.org", 4)),
            Picture::Nothing
        );
        assert_eq!(
            picture("empty.png", &GrayImage::new(50, 50)),
            Picture::Nothing
        );
        let text = place.path().join("text.png");
        std::fs::write(&text, "no picture").expect("it is written");
        assert_eq!(invitation_in(&text), Picture::Unreadable);
        assert_eq!(
            invitation_in(&place.path().join("gone.png")),
            Picture::Unreadable
        );
    }
}

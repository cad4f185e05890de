//! Invitations in pictures.

use std::path::Path;

use image::ImageReader;
use image::imageops::FilterType;

use super::code::{Code, code_in};

/// The largest picture that we look at, in pixels each way.
const MAX_SIDE: u32 = 12_000;

/// The most memory that decoding a picture may take, in bytes.
const MAX_MEMORY: u64 = 256 << 20;

/// We look for a code in the picture, and in a copy of at most this many pixels each way, because a photograph's noise
/// hides large codes.
const SMALL_SIDE: u32 = 1_200;

/// What we found in a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// An invitation.
    Invitation(String),
    /// No code of ours.
    Nothing,
    /// The file cannot be read as a picture.
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
    let read = |picture: &image::GrayImage| match code_in(picture) {
        Some(Code::Invitation(link)) => Some(link),
        Some(Code::Other) | None => None,
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

#[cfg(test)]
mod tests {
    use image::GrayImage;

    use super::super::code::drawn;
    use super::*;

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
        assert_eq!(picture("small.png", &drawn(link, 4)), found);
        assert_eq!(picture("large.png", &drawn(link, 40)), found);
        assert_eq!(
            picture("web.png", &drawn("https://example.org", 4)),
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

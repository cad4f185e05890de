//! From a file to pixels.

use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::{Kind, Limits, Metadata, Refusal, kind_of, scan};

/// A decoded picture.
pub(super) struct Decoded {
    /// The pixels as the file has them, until [`correct`](Self::correct).
    pub image: DynamicImage,
    /// What the file is.
    pub kind: Kind,
    /// What the file carries beside its pixels.
    pub carries: Vec<Metadata>,
    /// Whether `image` is the first frame of several.
    pub animated: bool,
    /// Whether a WebP holds its pixels lossily.
    pub lossy: bool,
    correction: Correction,
}

/// What turns the pixels of a file into those that people are to see.
#[derive(Clone)]
pub(super) struct Correction {
    orientation: Orientation,
    /// The ICC profile, if the colours are not sRGB.
    profile: Option<Vec<u8>>,
}

/// Decodes a file.
///
/// # Errors
/// It is no picture, damaged, or beyond the limits. Its memory is bounded by the sandbox as well: decoders need more than
/// the pixels they give.
pub(super) fn decode(source: &[u8], limits: &Limits) -> Result<Decoded, Refusal> {
    let kind = kind_of(source);
    let found = scan(kind, source);
    // A picture that is turned lies in memory twice.
    let mut most = image::Limits::no_limits();
    most.max_alloc = Some(limits.memory_bytes / 2);
    let file = Cursor::new(source);
    let mut animated = false;
    let mut decoder: Box<dyn ImageDecoder> = match kind {
        Kind::Jpeg => Box::new(JpegDecoder::new(file).map_err(refusal)?),
        Kind::Png => {
            let png = PngDecoder::with_limits(file, most.clone()).map_err(refusal)?;
            animated = png.is_apng().map_err(refusal)?;
            Box::new(png)
        }
        Kind::Webp => {
            let webp = WebPDecoder::new(file).map_err(refusal)?;
            animated = webp.has_animation();
            Box::new(webp)
        }
        _ => return Err(Refusal::NotAPicture),
    };
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.pixels || decoder.total_bytes() > limits.memory_bytes / 2 {
        return Err(Refusal::TooLarge);
    }
    decoder.set_limits(most).map_err(refusal)?;
    // A profile that cannot be read is no reason to show nothing.
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = found.exif.and_then(Orientation::from_exif_chunk);
    Ok(Decoded {
        image: DynamicImage::from_decoder(decoder).map_err(refusal)?,
        kind,
        carries: found.carries(),
        animated,
        lossy: found.lossy,
        correction: Correction {
            orientation: orientation.unwrap_or(Orientation::NoTransforms),
            profile,
        },
    })
}

impl Decoded {
    /// Turns the pixels as the file says, and their colours to sRGB.
    pub(super) fn correct(&mut self) {
        self.correction.apply(&mut self.image);
        self.correction = Correction {
            orientation: Orientation::NoTransforms,
            profile: None,
        };
    }

    /// A corrected copy, scaled down until it fits into `width` and `height`.
    pub(super) fn fitted(&self, width: u32, height: u32) -> DynamicImage {
        // First smaller, then corrected: that is less to correct.
        let (width, height) = match self.correction.turns() {
            true => (height, width),
            false => (width, height),
        };
        let mut image = match self.image.width() <= width && self.image.height() <= height {
            true => self.image.clone(),
            false => self.image.thumbnail(width, height),
        };
        self.correction.apply(&mut image);
        image
    }

    /// Columns and rows once the picture is turned.
    pub(super) fn dimensions(&self) -> (u32, u32) {
        let (width, height) = (self.image.width(), self.image.height());
        match self.correction.turns() {
            true => (height, width),
            false => (width, height),
        }
    }
}

impl Correction {
    fn apply(&self, image: &mut DynamicImage) {
        if let Some(profile) = &self.profile {
            to_srgb(image, profile);
        }
        image.apply_orientation(self.orientation);
    }

    /// Whether columns become rows.
    fn turns(&self) -> bool {
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        matches!(
            self.orientation,
            Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH
        )
    }
}

/// Keeps the look of the colours without their profile. Leaves them as they are if the profile makes no sense.
fn to_srgb(image: &mut DynamicImage, profile: &[u8]) {
    let Ok(profile) = ColorProfile::new_from_slice(profile) else {
        return;
    };
    // Grey pictures differ by their curve alone, and pixels that were CMYK are RGB by now.
    if profile.color_space != DataColorSpace::Rgb {
        return;
    }
    let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
    macro_rules! convert {
        ($pixels:expr, $create:ident, $layout:expr, $channels:literal) => {
            if let Ok(transform) = profile.$create($layout, &srgb, $layout, options) {
                let row = ($pixels.width() as usize).max(1) * $channels;
                let mut converted = vec![0; row];
                for pixels in $pixels.chunks_exact_mut(row) {
                    if transform.transform(pixels, &mut converted).is_ok() {
                        pixels.copy_from_slice(&converted);
                    }
                }
            }
        };
    }
    match image {
        DynamicImage::ImageRgb8(pixels) => {
            convert!(pixels, create_transform_8bit, Layout::Rgb, 3);
        }
        DynamicImage::ImageRgba8(pixels) => {
            convert!(pixels, create_transform_8bit, Layout::Rgba, 4);
        }
        DynamicImage::ImageRgb16(pixels) => {
            convert!(pixels, create_transform_16bit, Layout::Rgb, 3);
        }
        DynamicImage::ImageRgba16(pixels) => {
            convert!(pixels, create_transform_16bit, Layout::Rgba, 4);
        }
        _ => {}
    }
}

pub(super) fn refusal(error: ImageError) -> Refusal {
    match error {
        ImageError::Limits(_) => Refusal::TooLarge,
        _ => Refusal::Damaged,
    }
}

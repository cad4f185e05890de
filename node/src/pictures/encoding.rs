//! From pixels to a file without metadata, to a preview, or to a screen.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, Rgb, RgbImage};

use super::decoding::{Decoded, refusal};
use super::{Kind, Limits, Look, Pixels, Refusal, Size};

pub use crate::files::extent::MAX_PREVIEW;
/// The longest side of a preview, in pixels.
pub const PREVIEW_SIDE: u32 = 320;

/// Quality of a picture that is encoded anew as JPEG.
const QUALITY: u8 = 90;
/// Qualities of a preview, best first.
const PREVIEW_QUALITIES: [u8; 5] = [80, 65, 50, 38, 28];

/// Encodes a corrected picture in the format that it had. A lossy WebP becomes a JPEG, since there is no lossy encoder
/// and a lossless file is several times as large; with transparency it stays a WebP.
///
/// # Errors
/// The picture cannot be encoded.
pub(super) fn anew(mut picture: Decoded) -> Result<(Vec<u8>, Kind), Refusal> {
    let image = &mut picture.image;
    let kind = match picture.kind {
        Kind::Webp if picture.lossy && is_opaque(image) => Kind::Jpeg,
        kind => kind,
    };
    let mut bytes = Vec::new();
    match kind {
        Kind::Jpeg => return Ok((jpeg(image, QUALITY)?, kind)),
        Kind::Webp => {
            forget_invisible(image);
            image.write_with_encoder(WebPEncoder::new_lossless(&mut bytes))
        }
        _ => {
            forget_invisible(image);
            let (compression, filter) = (CompressionType::Default, FilterType::Adaptive);
            image.write_with_encoder(PngEncoder::new_with_quality(
                &mut bytes,
                compression,
                filter,
            ))
        }
    }
    .map_err(refusal)?;
    Ok((bytes, kind))
}

/// A preview, and the size of the picture.
///
/// # Errors
/// The preview cannot be encoded.
pub(super) fn look(picture: &Decoded) -> Result<Look, Refusal> {
    let (width, height) = picture.dimensions();
    Ok(Look {
        width,
        height,
        carries: picture.carries.clone(),
        preview: preview(picture)?,
    })
}

/// The pixels of a picture, scaled down until they fit into `size` and into the bound of an answer.
pub(super) fn pixels(picture: &Decoded, size: Size, limits: &Limits) -> Pixels {
    let (mut width, mut height) = (size.width.max(1), size.height.max(1));
    let fits = |image: &DynamicImage| {
        u64::from(image.width()) * u64::from(image.height()) * 4 <= limits.answer_bytes
    };
    let mut image = picture.fitted(width, height);
    while !fits(&image) && (width > 1 || height > 1) {
        (width, height) = (image.width().div_ceil(2), image.height().div_ceil(2));
        image = picture.fitted(width, height);
    }
    Pixels {
        width: image.width(),
        height: image.height(),
        rgba: image.into_rgba8().into_raw(),
    }
}

/// A JPEG of at most [`MAX_PREVIEW`] bytes: coarser until it fits, then smaller.
fn preview(picture: &Decoded) -> Result<Vec<u8>, Refusal> {
    let mut side = PREVIEW_SIDE;
    loop {
        let image = on_white(&picture.fitted(side, side));
        for quality in PREVIEW_QUALITIES {
            let preview = jpeg(&image, quality)?;
            if preview.len() <= MAX_PREVIEW {
                return Ok(preview);
            }
        }
        side /= 2;
    }
}

/// A JPEG of a picture without transparency.
fn jpeg(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    let encoded = match image {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) => {
            image.write_with_encoder(encoder)
        }
        _ => DynamicImage::ImageRgb8(image.to_rgb8()).write_with_encoder(encoder),
    };
    encoded.map_err(refusal)?;
    Ok(bytes)
}

fn is_opaque(image: &DynamicImage) -> bool {
    !image.color().has_alpha() || image.to_rgba8().pixels().all(|pixel| pixel[3] == u8::MAX)
}

/// What is transparent shows white.
fn on_white(image: &DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return image.clone();
    }
    let image = image.to_rgba8();
    let mut flat = RgbImage::new(image.width(), image.height());
    for (flat, pixel) in flat.pixels_mut().zip(image.pixels()) {
        let [red, green, blue, opacity] = pixel.0.map(u16::from);
        let over = |colour: u16| ((colour * opacity + 255 * (255 - opacity)) / 255) as u8;
        *flat = Rgb([over(red), over(green), over(blue)]);
    }
    DynamicImage::ImageRgb8(flat)
}

/// Clears what transparency hides: programs that erase a part of a picture often leave its colours there.
fn forget_invisible(image: &mut DynamicImage) {
    macro_rules! clear {
        ($pixels:expr) => {
            for pixel in $pixels.pixels_mut() {
                if pixel.0.last() == Some(&0) {
                    pixel.0.fill(0);
                }
            }
        };
    }
    match image {
        DynamicImage::ImageLumaA8(pixels) => clear!(pixels),
        DynamicImage::ImageRgba8(pixels) => clear!(pixels),
        DynamicImage::ImageLumaA16(pixels) => clear!(pixels),
        DynamicImage::ImageRgba16(pixels) => clear!(pixels),
        _ => {}
    }
}

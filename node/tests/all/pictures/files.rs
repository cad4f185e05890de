//! Files of pictures, made byte by byte.

use std::io::Cursor;

use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A picture of which no two corners are alike: each quarter has a colour of its own.
pub fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        match (2 * x < width, 2 * y < height) {
            (true, true) => Rgb([250, 10, 10]),
            (false, true) => Rgb([10, 250, 10]),
            (true, false) => Rgb([10, 10, 250]),
            (false, false) => Rgb([250, 250, 10]),
        }
    })
}

/// A picture that compresses badly.
pub fn noise(width: u32, height: u32) -> RgbImage {
    let mut state = 1_u32;
    RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [one, two, three, _] = state.to_be_bytes();
        Rgb([one, two, three])
    })
}

pub fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Jpeg).unwrap();
    file.into_inner()
}

pub fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let picture = picture.into();
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// A lossless WebP.
pub fn webp(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = WebPEncoder::new_lossless(&mut file);
    picture.into().write_with_encoder(encoder).unwrap();
    file
}

/// A lossy WebP of one pixel, by another encoder.
pub const LOSSY_WEBP: &[u8] = b"RIFF\x22\0\0\0WEBPVP8 \x16\0\0\0\x30\x01\0\x9d\x01\x2a\x01\0\x01\0\x0e\xc0\xfe\x25\xa4\0\x03\x70\0\0\0\0";

/// Puts a segment behind the beginning of a JPEG.
pub fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let (begin, rest) = jpeg.split_at(2);
    let length = u16::try_from(content.len() + 2).unwrap();
    [begin, &[0xff, marker], &length.to_be_bytes(), content, rest].concat()
}

/// A chunk of a PNG.
pub fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let body = [&kind[..], content].concat();
    let sum = crc(&body).to_be_bytes();
    [&length[..], &body, &sum].concat()
}

/// Puts a chunk behind the header of a PNG.
pub fn with_chunk(png: &[u8], kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    const HEADER_ENDS: usize = 8 + 12 + 13;
    let (begin, rest) = png.split_at(HEADER_ENDS);
    [begin, &chunk(kind, content), rest].concat()
}

/// A WebP of these chunks, with the extended header and its `flags`. `pixels` is a WebP with one chunk.
pub fn extended_webp(
    pixels: &[u8],
    size: (u32, u32),
    flags: u8,
    chunks: &[(&[u8; 4], &[u8])],
) -> Vec<u8> {
    let mut header = vec![flags, 0, 0, 0];
    header.extend(&(size.0 - 1).to_le_bytes()[..3]);
    header.extend(&(size.1 - 1).to_le_bytes()[..3]);
    let mut body = b"WEBP".to_vec();
    body.extend(riff_chunk(b"VP8X", &header));
    // A profile stands before the pixels, everything else behind.
    let profile = |(name, _): &&(&[u8; 4], &[u8])| *name == b"ICCP";
    for (name, content) in chunks.iter().filter(profile) {
        body.extend(riff_chunk(name, content));
    }
    body.extend(&pixels[12..]);
    for (name, content) in chunks.iter().filter(|chunk| !profile(chunk)) {
        body.extend(riff_chunk(name, content));
    }
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [&b"RIFF"[..], &length, &body].concat()
}

pub fn riff_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    let padding = vec![0; content.len() % 2];
    [&name[..], &length, content, &padding].concat()
}

/// An EXIF block with an orientation, a camera, and coordinates: big-endian TIFF.
pub fn exif(orientation: u16) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08".to_vec();
    block.extend(3_u16.to_be_bytes());
    // Model: 8 characters at 50.
    block.extend(entry(0x0110, 2, 8, 50));
    // Orientation: one number, which stands in the upper half.
    block.extend(entry(0x0112, 3, 1, u32::from(orientation) << 16));
    // GPS: a directory at 58.
    block.extend(entry(0x8825, 4, 1, 58));
    block.extend([0; 4]);
    block.extend(b"SecretC\0");
    block.extend(1_u16.to_be_bytes());
    // The map datum, whose text follows at 76.
    block.extend(entry(0x0012, 2, 8, 76));
    block.extend([0; 4]);
    block.extend(b"SecretD\0");
    block
}

fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
    let (tag, kind) = (tag.to_be_bytes(), kind.to_be_bytes());
    [&tag[..], &kind, &count.to_be_bytes(), &value.to_be_bytes()].concat()
}

/// The checksum of PNG.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 * (sum & 1))
        })
    })
}

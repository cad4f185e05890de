//! Makes a preview of a JPEG of 12 megapixels in a process of its own, beside the `image` crate in this one. The picture
//! has the detail of a photograph: waves of many lengths, and the grain of a sensor.

use std::io::Cursor;
use std::time::Instant;

use anyhow::{Result, ensure};
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, Rgb, RgbImage};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::row::{Row, median};
use crate::pictures::{Decoder, Limits, MAX_PREVIEW, PREVIEW_SIDE, Size};

const WIDTH: u32 = 4000;
const HEIGHT: u32 = 3000;
/// Pictures of each kind.
const PICTURES: usize = 15;

/// The rows.
pub(super) fn rows() -> Result<Vec<Row>> {
    let file = photograph()?;
    let decoder = Decoder::of_this_program();
    let tiny = decoder.look(&file[..], Limits::PICTURE)?.preview;
    let (mut sandboxed, mut alone, mut anew, mut shown) = (vec![], vec![], vec![], vec![]);
    for _ in 0..PICTURES {
        let start = Instant::now();
        let look = decoder.look(&file[..], Limits::PICTURE)?;
        sandboxed.push(start.elapsed());
        ensure!((look.width, look.height) == (WIDTH, HEIGHT), "a preview");

        let start = Instant::now();
        preview_alone(&file)?;
        alone.push(start.elapsed());

        let start = Instant::now();
        let size = Size {
            width: PREVIEW_SIDE,
            height: PREVIEW_SIDE,
        };
        decoder.show(&tiny[..], Limits::PREVIEW, size)?;
        shown.push(start.elapsed());
    }
    for _ in 0..PICTURES / 3 {
        let start = Instant::now();
        decoder.prepare(&file[..], Limits::PICTURE)?;
        anew.push(start.elapsed());
    }
    let ms = |times| median(times).as_secs_f64() * 1e3;
    let base = median(alone);
    Ok(vec![
        Row::ratio(
            "preview of 12 megapixels, sandboxed / image crate",
            median(sandboxed),
            base,
            1.5,
        ),
        Row::reported("12 megapixels encoded anew, with preview", ms(anew), "ms"),
        Row::reported("a preview of a message, to its pixels", ms(shown), "ms"),
    ])
}

/// What the child does, by the `image` crate alone.
fn preview_alone(file: &[u8]) -> Result<Vec<u8>> {
    let image = image::load_from_memory_with_format(file, ImageFormat::Jpeg)?;
    let small = image.thumbnail(PREVIEW_SIDE, PREVIEW_SIDE);
    let mut quality = 80;
    loop {
        let mut preview = Vec::new();
        small.write_with_encoder(JpegEncoder::new_with_quality(&mut preview, quality))?;
        if preview.len() <= MAX_PREVIEW || quality <= 20 {
            return Ok(preview);
        }
        quality -= 15;
    }
}

fn photograph() -> Result<Vec<u8>> {
    let mut rng = ChaCha20Rng::seed_from_u64(12);
    let mut row = vec![0; WIDTH as usize * 3];
    let mut picture = RgbImage::new(WIDTH, HEIGHT);
    for (y, line) in picture.rows_mut().enumerate() {
        rng.fill_bytes(&mut row);
        for ((x, pixel), grain) in line.enumerate().zip(row.chunks_exact(3)) {
            let (x, y) = (x as f32, y as f32);
            let wave = |length: f32| (x / length).sin() + (y / length + x / 700.0).cos();
            let light = 128.0 + 24.0 * (wave(900.0) + wave(61.0)) + 9.0 * (wave(7.0) + wave(3.1));
            let channel = |tint: f32, grain: u8| (light * tint) as u8 / 2 + 32 + grain % 12;
            *pixel = Rgb([
                channel(1.0, grain[0]),
                channel(0.9, grain[1]),
                channel(0.7, grain[2]),
            ]);
        }
    }
    let mut file = Cursor::new(Vec::new());
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, 88))?;
    Ok(file.into_inner())
}

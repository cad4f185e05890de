//! Draws the pictures, each once for a size.

use std::cell::RefCell;
use std::collections::BTreeMap;

use slint::{Image, Rgba8Pixel, SharedPixelBuffer};
use swash::scale::image::Content;
use swash::scale::{Render, ScaleContext, Source};

use super::font::font;
use super::layout::{Shape, Spot, spots};

/// The most bytes of drawn pictures that we keep.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The largest picture, in pixels of the screen.
const MAX_SIZE: f32 = 400.0;

/// The size of an emoji relative to the letters.
const TALL: f32 = 1.32;

/// A picture and its place. Lengths are pixels of the screen.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Picture {
    pub image: Image,
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// A picture as the font places it.
#[derive(Clone)]
struct Drawn {
    image: Image,
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

#[derive(Default)]
struct Drawings {
    context: ScaleContext,
    /// By the picture's glyph in the font and the size of the letters; `None` if the font cannot draw it.
    drawn: BTreeMap<(u16, u32), Option<Drawn>>,
    bytes: usize,
}

thread_local! {
    static DRAWINGS: RefCell<Drawings> = RefCell::default();
}

/// The pictures over a text.
pub fn over(text: &str, shape: Shape) -> Vec<Picture> {
    DRAWINGS.with_borrow_mut(|drawings| {
        let spots = spots(text, shape).into_iter();
        spots
            .filter_map(|spot| drawings.at(spot, shape.size))
            .collect()
    })
}

/// The picture of one emoji, in the middle of a square with this side.
pub fn alone(emoji: &str, side: f32) -> Option<Picture> {
    let shape = Shape {
        width: side * 2.0,
        height: side,
        size: side / TALL,
        weight: 400.0,
        wraps: false,
        elides: false,
        across: 0.0,
        down: 0.0,
    };
    let mut picture = over(emoji, shape).into_iter().next()?;
    picture.x = ((side - picture.width) / 2.0).round();
    picture.y = ((side - picture.height) / 2.0).round();
    Some(picture)
}

impl Drawings {
    fn at(&mut self, spot: Spot, size: f32) -> Option<Picture> {
        let mut drawn = self.glyph(spot.glyph, size)?;
        // Some are wider than their gap, and would lie over the one beside them.
        if drawn.width > spot.width {
            drawn = self.glyph(spot.glyph, size * (spot.width - 1.0) / drawn.width)?;
        }
        let last = (spot.x + spot.width - drawn.width).max(spot.x);
        Some(Picture {
            x: (spot.x + drawn.left).clamp(spot.x, last).round(),
            y: spot.baseline.round() - drawn.top,
            width: drawn.width,
            height: drawn.height,
            image: drawn.image,
        })
    }

    fn glyph(&mut self, glyph: u16, size: f32) -> Option<Drawn> {
        let key = (glyph, size.to_bits());
        if let Some(drawn) = self.drawn.get(&key) {
            return drawn.clone();
        }
        let drawn = draw(&mut self.context, glyph, size.min(MAX_SIZE));
        let bytes = drawn
            .as_ref()
            .map_or(0, |drawn| (drawn.width * drawn.height) as usize * 4);
        if self.bytes + bytes > MAX_BYTES {
            self.drawn.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.drawn.insert(key, drawn.clone());
        drawn
    }
}

fn draw(context: &mut ScaleContext, glyph: u16, size: f32) -> Option<Drawn> {
    let font = swash::FontRef::from_index(font(), 0)?;
    let mut scaler = context.builder(font).size(size).build();
    let drawn = Render::new(&[Source::ColorOutline(0)]).render(&mut scaler, glyph)?;
    let (width, height) = (drawn.placement.width, drawn.placement.height);
    if drawn.content != Content::Color || width == 0 || height == 0 {
        return None;
    }
    let pixels = SharedPixelBuffer::<Rgba8Pixel>::clone_from_slice(&drawn.data, width, height);
    Some(Drawn {
        image: Image::from_rgba8_premultiplied(pixels),
        left: drawn.placement.left as f32,
        top: drawn.placement.top as f32,
        width: width as f32,
        height: height as f32,
    })
}

#[cfg(test)]
mod tests {
    use super::super::font::PICTURES;
    use super::*;

    #[test]
    fn every_picture_is_drawn_and_there_are_no_more() {
        let mut context = ScaleContext::new();
        for glyph in 1..=PICTURES {
            let drawn = draw(&mut context, glyph, 15.0);
            assert!(drawn.is_some_and(|drawn| drawn.height < 30.0), "{glyph}");
        }
        assert!(draw(&mut context, 0, 15.0).is_none());
        assert!(draw(&mut context, PICTURES + 1, 15.0).is_none());
    }
}

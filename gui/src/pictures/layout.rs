//! Finds where emoji stand in a text that Slint has laid out, and where its cursor does. It lays the text out once more, as
//! Slint does, with the same library and the same fonts, and remembers paragraphs that have not changed.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use parley::editing::Cursor;
use parley::style::{
    FontFamily, FontFamilyName, FontStyle, FontWeight, GenericFamily, LineHeight, OverflowWrap,
    TextWrapMode, WordBreak,
};
use parley::{
    Affinity, Alignment, AlignmentOptions, FontContext, Layout, LayoutContext,
    PositionedLayoutItem, StyleProperty,
};
use slint::fontique_010::{fontique, shared_collection};

use super::font::PICTURES;
use crate::fonts::TEXT;

/// The most paragraphs whose layout we remember.
const MAX_REMEMBERED: usize = 1_000;

/// The most pictures over one text. The interface folds a text long before it has that many.
const MAX_PLACES: usize = 2_000;

/// How to lay out a text. Lengths are pixels of the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// The width of its box.
    pub width: f32,
    /// The height of its box.
    pub height: f32,
    /// The size of its letters.
    pub size: f32,
    /// The weight of its letters; 400 is regular.
    pub weight: f32,
    /// Whether to break lines that are too long; otherwise each paragraph is one line.
    pub wraps: bool,
    /// Whether a line that is too long ends with dots.
    pub elides: bool,
    /// Horizontal alignment of the lines: 0 left, 0.5 centred, 1 right.
    pub across: f32,
    /// Vertical alignment of the text: 0 top, 0.5 centred, 1 bottom.
    pub down: f32,
}

/// An emoji in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// The glyph of its picture in the font.
    pub glyph: u16,
    /// Where its gap begins.
    pub x: f32,
    /// How wide its gap is.
    pub width: f32,
    /// The baseline of its line.
    pub baseline: f32,
}

/// Where the cursor of a text stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Caret {
    /// From the left.
    pub x: f32,
    /// The top of its line.
    pub y: f32,
    /// How high the whole text is.
    pub tall: f32,
}

/// A paragraph that was laid out.
#[derive(Clone, Default)]
struct Paragraph {
    height: f32,
    spots: Vec<Spot>,
}

impl Paragraph {
    fn of(layout: &Layout<()>, shape: Shape) -> Self {
        // About where the dots begin. We draw no picture below or after them.
        let end = match shape.elides && layout.full_width() > shape.width {
            true => shape.width - shape.size,
            false => f32::INFINITY,
        };
        let mut spots = Vec::new();
        for line in layout.lines() {
            for item in line.items() {
                let PositionedLayoutItem::GlyphRun(run) = item else {
                    continue;
                };
                let font = run.run().font();
                let Some(first) = first_gap(font.data.data()) else {
                    continue;
                };
                let glyphs = run.positioned_glyphs();
                spots.extend(
                    glyphs
                        .filter(|glyph| glyph.advance > 0.0 && glyph.x + glyph.advance <= end)
                        .filter_map(|glyph| {
                            Some(Spot {
                                glyph: u16::try_from(glyph.id.checked_sub(first)? + 1).ok()?,
                                x: glyph.x,
                                width: glyph.advance,
                                baseline: glyph.y,
                            })
                        }),
                );
            }
        }
        Self {
            height: layout.height(),
            spots,
        }
    }
}

/// Everything on which the layout of a paragraph depends; lengths as their bits.
type Key = (String, [u32; 4], bool, bool);

struct Setter {
    fonts: FontContext,
    context: LayoutContext<()>,
    remembered: BTreeMap<Key, Paragraph>,
    /// The height of a line for letters of size 1, which Slint takes from the first font.
    line: f32,
}

thread_local! {
    static SETTER: RefCell<Option<Setter>> = const { RefCell::new(None) };
}

/// Whether a text may hold an emoji.
pub fn within(text: &str) -> bool {
    // Symbols, pictures, and the selector that asks for a picture.
    let may_be = |c: char| matches!(c, '\u{203c}'..='\u{205f}' | '\u{2070}'..='\u{3299}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}');
    !text.is_ascii() && text.chars().any(may_be)
}

/// Forgets all layouts, because they hold what people wrote.
pub fn forget() {
    SETTER.with_borrow_mut(|setter| {
        if let Some(setter) = setter {
            setter.remembered.clear();
        }
    });
}

/// Where the emoji of a text stand.
pub fn spots(text: &str, shape: Shape) -> Vec<Spot> {
    SETTER.with_borrow_mut(|setter| setter.get_or_insert_with(Setter::new).set(text, shape))
}

/// Where the cursor stands before this byte, in a text that is laid out from the top. Lays out only the paragraph with the
/// cursor, and those that have changed: of all others it remembers the height.
pub fn caret(text: &str, at: usize, shape: Shape) -> Caret {
    SETTER.with_borrow_mut(|setter| {
        let setter = setter.get_or_insert_with(Setter::new);
        setter.caret(text, at, shape)
    })
}

impl Setter {
    fn new() -> Self {
        let metrics = swash::FontRef::from_index(TEXT[0], 0).map(|font| font.metrics(&[]));
        let line =
            metrics.map(|of| (of.ascent + of.descent + of.leading) / f32::from(of.units_per_em));
        Self {
            fonts: FontContext {
                collection: shared_collection(),
                source_cache: fontique::SourceCache::default(),
            },
            context: LayoutContext::new(),
            remembered: BTreeMap::new(),
            line: line.unwrap_or(1.2),
        }
    }

    fn set(&mut self, text: &str, shape: Shape) -> Vec<Spot> {
        let mut spots = Vec::new();
        let mut top = 0.0;
        for (_, line) in paragraphs(text) {
            let paragraph = self.paragraph(line, shape);
            spots.extend(paragraph.spots.iter().map(|spot| Spot {
                baseline: spot.baseline + top,
                ..*spot
            }));
            top += paragraph.height;
        }
        let free = (shape.height - top) * shape.down;
        for spot in &mut spots {
            spot.baseline += free;
        }
        spots.truncate(MAX_PLACES);
        spots
    }

    fn caret(&mut self, text: &str, at: usize, shape: Shape) -> Caret {
        let mut caret = Caret::default();
        let mut here = ("", 0);
        for (begins, line) in paragraphs(text) {
            if begins <= at {
                here = (line, at - begins);
                caret.y = caret.tall;
            }
            caret.tall += self.paragraph(line, shape).height;
        }
        let (line, at) = here;
        let layout = lay_out(&mut self.fonts, &mut self.context, self.line, line, shape);
        let cursor = Cursor::from_byte_index(&layout, at.min(line.len()), Affinity::default());
        let place = cursor.geometry(&layout, 0.0);
        caret.x = place.x0 as f32;
        caret.y += place.y0 as f32;
        caret
    }

    fn paragraph(&mut self, text: &str, shape: Shape) -> &Paragraph {
        let lengths = [shape.width, shape.size, shape.weight, shape.across].map(f32::to_bits);
        let key = (text.to_owned(), lengths, shape.wraps, shape.elides);
        if self.remembered.len() >= MAX_REMEMBERED && !self.remembered.contains_key(&key) {
            self.remembered.clear();
        }
        let Self {
            fonts,
            context,
            remembered,
            line,
        } = self;
        remembered
            .entry(key)
            .or_insert_with(|| Paragraph::of(&lay_out(fonts, context, *line, text, shape), shape))
    }
}

/// The paragraphs of a text, and where each begins.
fn paragraphs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut begins = 0;
    text.split('\n').map(move |line| {
        let at = begins;
        begins += line.len() + 1;
        (at, line.strip_suffix('\r').unwrap_or(line))
    })
}

/// The glyph of the first gap, if this is one of our fonts with gaps.
fn first_gap(font: &[u8]) -> Option<u32> {
    let ours = TEXT
        .into_iter()
        .find(|ours| ours.as_ptr() == font.as_ptr())?;
    let count = swash::FontRef::from_index(ours, 0)?
        .metrics(&[])
        .glyph_count;
    Some(u32::from(count.checked_sub(PICTURES)?))
}

/// Lays out a paragraph as `i-slint-core` does (`textlayout/sharedparley.rs`); a test compares the two.
fn lay_out(
    fonts: &mut FontContext,
    context: &mut LayoutContext<()>,
    line: f32,
    text: &str,
    shape: Shape,
) -> Layout<()> {
    let families = [
        FontFamilyName::named("Inter"),
        FontFamilyName::Generic(GenericFamily::SansSerif),
        FontFamilyName::Generic(GenericFamily::SystemUi),
    ];
    let mut builder = context.ranged_builder(fonts, text, 1.0, false);
    builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(
        line,
    )));
    builder.push_default(FontFamily::List(Cow::Borrowed(&families)));
    builder.push_default(StyleProperty::FontWeight(FontWeight::new(shape.weight)));
    builder.push_default(StyleProperty::FontStyle(FontStyle::Normal));
    builder.push_default(StyleProperty::FontSize(shape.size));
    if shape.wraps {
        builder.push_default(StyleProperty::WordBreak(WordBreak::Normal));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::Anywhere));
    } else {
        builder.push_default(StyleProperty::WordBreak(WordBreak::KeepAll));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::Normal));
        builder.push_default(StyleProperty::TextWrapMode(TextWrapMode::NoWrap));
    }
    let mut layout: Layout<()> = builder.build(text);
    layout.break_all_lines(Some(shape.width));
    let alignment = match shape.across {
        across if across <= 0.0 => Alignment::Left,
        across if across >= 1.0 => Alignment::Right,
        _ => Alignment::Center,
    };
    layout.align(alignment, AlignmentOptions::default());
    layout
}

//! What a window is made of, as it was laid out: texts, drawings, controls and what is pressed, each with its place. The texts are
//! measured as the layout measures them.

use std::collections::HashMap;
use std::pin::Pin;
use std::rc::Rc;

use i_slint_core::SharedString;
use i_slint_core::graphics::FontRequest;
use i_slint_core::item_rendering::{HasFont, PlainOrStyledText, RenderString};
use i_slint_core::items::{
    AccessibleRole, Clip, ComplexText, Flickable, ImageItem, ItemRc, Path, SimpleText,
    TextOverflow, TextWrap, TouchArea,
};
use i_slint_core::lengths::{LogicalLength, LogicalPoint, LogicalRect, LogicalSize};
use i_slint_core::window::{WindowAdapter, WindowInner};
use slint::ComponentHandle;

/// What stands over something else on purpose: only what is in the same one must not overlap.
const LAYERS: [&str; 8] = [
    "MenuFrame",
    "Dialogs",
    "Tips",
    "Toast",
    "Picker",
    "Jump",
    "Pictures",
    "Played",
];

/// A text as it is to be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Letters {
    pub text: String,
    pub wrap: TextWrap,
    pub elides: bool,
    /// The width of its widest word; of all of it where it does not wrap.
    pub least_width: f32,
    /// How high its lines are in the width that it has.
    pub height: f32,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Letters(Letters),
    Drawing,
    /// A button, a switch, a field.
    Control,
    /// Where a finger presses.
    Target,
}

/// Something that is seen or pressed.
#[derive(Debug, Clone)]
pub struct Part {
    pub kind: Kind,
    pub area: LogicalRect,
    /// Where it can be seen, at once or by scrolling.
    pub room: LogicalRect,
    /// The control around it.
    pub control: Option<LogicalRect>,
    /// The names of it and of what it is in, from the outermost.
    pub path: Vec<String>,
    /// Which layer it is in.
    layer: usize,
    /// Its own number, and that of the last element in it.
    numbers: (usize, usize),
}

impl Part {
    /// Something of this name is around it, or is itself.
    pub fn is_in(&self, name: &str) -> bool {
        self.path.iter().any(|one| one == name)
    }

    /// Neither is in the other, and they are in the same layer.
    pub fn stands_beside(&self, other: &Self) -> bool {
        let ((first, last), (other_first, other_last)) = (self.numbers, other.numbers);
        self.layer == other.layer && (last < other_first || other_last < first)
    }

    /// Its name, for a person.
    pub fn name(&self) -> String {
        let from = self.path.len().saturating_sub(4);
        let names = self.path[from..].join(" > ");
        match &self.kind {
            Kind::Letters(letters) => format!("{names} “{}”", letters.text),
            kind => format!("{names} ({kind:?})"),
        }
    }
}

/// Measures texts, each once.
#[derive(Default)]
pub struct Scales {
    known: HashMap<(SharedString, u32, i32, u32), LogicalSize>,
}

/// A text in the letters of an element.
struct Word {
    text: SharedString,
    font: FontRequest,
}

impl HasFont for Word {
    fn font_request(self: Pin<&Self>, _: &ItemRc) -> FontRequest {
        self.font.clone()
    }
}

impl RenderString for Word {
    fn text(self: Pin<&Self>) -> PlainOrStyledText {
        PlainOrStyledText::Plain(self.text.clone())
    }
}

/// Where one is in the tree.
#[derive(Clone)]
struct Around {
    room: LogicalRect,
    control: Option<LogicalRect>,
    path: Vec<String>,
    layer: usize,
}

struct Walk<'a> {
    adapter: Rc<dyn WindowAdapter>,
    scales: &'a mut Scales,
    parts: Vec<Part>,
    count: usize,
}

/// Everything that a window shows, or would show after scrolling.
pub fn of(ui: &impl ComponentHandle, scales: &mut Scales) -> Vec<Part> {
    let window = WindowInner::from_pub(ui.window());
    let root = ItemRc::new_root(window.component());
    let mut walk = Walk {
        adapter: window.window_adapter(),
        scales,
        parts: Vec::new(),
        count: 0,
    };
    let around = Around {
        room: root.geometry(),
        control: None,
        path: Vec::new(),
        layer: 0,
    };
    walk.children(&root, &around);
    walk.parts
}

impl Walk<'_> {
    fn children(&mut self, of: &ItemRc, around: &Around) {
        let mut child = of.first_child();
        while let Some(item) = child {
            self.item(&item, around);
            child = item.next_sibling();
        }
    }

    fn item(&mut self, item: &ItemRc, around: &Around) {
        self.count += 1;
        let number = self.count;
        let geometry = item.geometry();
        let area = LogicalRect::new(item.map_to_window(geometry.origin), geometry.size);
        let mut inside = around.clone();
        for name in names(item) {
            if LAYERS.contains(&name.as_str()) {
                inside.layer = number;
            }
            inside.path.push(name);
        }
        if let Some(clip) = item.downcast::<Clip>()
            && clip.as_pin_ref().clip()
        {
            let Some(room) = around.room.intersection(&area).filter(|_| !area.is_empty()) else {
                return;
            };
            inside.room = room;
        }
        if let Some(flick) = item.downcast::<Flickable>() {
            let flick = flick.as_pin_ref();
            let by = LogicalPoint::from_lengths(flick.viewport_x(), flick.viewport_y());
            let size = LogicalSize::from_lengths(flick.viewport_width(), flick.viewport_height());
            inside.room = LogicalRect::new(area.origin + by.to_vector(), size.max(area.size));
            // What is scrolled away stands under what is around it.
            inside.layer = number;
        }
        let is_control = matches!(
            item.accessible_role(),
            AccessibleRole::Button
                | AccessibleRole::Switch
                | AccessibleRole::RadioButton
                | AccessibleRole::Tab
                | AccessibleRole::TextInput
        );
        if is_control {
            inside.control = Some(area);
        }
        let kinds = [
            self.letters(item, area).map(Kind::Letters),
            is_control.then_some(Kind::Control),
            is_drawing(item).then_some(Kind::Drawing),
            is_target(item).then_some(Kind::Target),
        ];
        let at = self.parts.len();
        for kind in kinds.into_iter().flatten() {
            self.parts.push(Part {
                kind,
                area,
                room: around.room,
                control: around.control,
                path: inside.path.clone(),
                layer: inside.layer,
                numbers: (number, number),
            });
        }
        let end = self.parts.len();
        self.children(item, &inside);
        for part in &mut self.parts[at..end] {
            part.numbers.1 = self.count;
        }
    }

    /// The text of an element; `None` if there is none, or it is never drawn.
    fn letters(&mut self, item: &ItemRc, area: LogicalRect) -> Option<Letters> {
        let (text, font, wrap, elides) = if let Some(text) = item.downcast::<ComplexText>() {
            let text = text.as_pin_ref();
            let elides = text.overflow() == TextOverflow::Elide;
            (text.text(), text.font_request(item), text.wrap(), elides)
        } else {
            let text = item.downcast::<SimpleText>()?;
            let text = text.as_pin_ref();
            (
                text.text(),
                text.font_request(item),
                TextWrap::NoWrap,
                false,
            )
        };
        let is_drawn = area.width() > 0.0 || area.height() > 0.0;
        if text.trim().is_empty() || !is_drawn {
            return None;
        }
        let whole = |walk: &mut Self, text: &str, width: Option<f32>| {
            walk.measured(item, text, &font, width, wrap)
        };
        let least_width = match wrap {
            TextWrap::NoWrap => whole(self, &text, None).width,
            TextWrap::CharWrap => 0.0,
            _ => words(&text)
                .map(|word| whole(self, word, None).width)
                .fold(0.0, f32::max),
        };
        let width = (wrap != TextWrap::NoWrap).then_some(area.width());
        Some(Letters {
            text: text.to_string(),
            wrap,
            elides,
            least_width,
            height: whole(self, &text, width).height,
        })
    }

    fn measured(
        &mut self,
        item: &ItemRc,
        text: &str,
        font: &FontRequest,
        width: Option<f32>,
        wrap: TextWrap,
    ) -> LogicalSize {
        let size = font.pixel_size.map_or(0, |size| size.get().to_bits());
        let weight = font.weight.unwrap_or_default();
        let bits = width.map_or(u32::MAX, f32::to_bits);
        let key = (SharedString::from(text), size, weight, bits);
        if let Some(known) = self.scales.known.get(&key) {
            return *known;
        }
        let word = Word {
            text: text.into(),
            font: font.clone(),
        };
        let wrap = match width {
            Some(_) => wrap,
            None => TextWrap::NoWrap,
        };
        let width = width.map(LogicalLength::new);
        let word = Pin::new(&word);
        let size = self.adapter.renderer().text_size(word, item, width, wrap);
        self.scales.known.insert(key, size);
        size
    }
}

/// What cannot be broken.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let breaks = |letter: char| matches!(letter, '-' | '/' | '–' | '—');
    let words = text.split([' ', '\n']).filter(|word| !is_address(word));
    words.flat_map(move |word| word.split_inclusive(breaks))
}

/// It can be broken anywhere.
fn is_address(word: &str) -> bool {
    let inside = word.trim_matches(|letter: char| !letter.is_alphanumeric());
    inside.contains(['.', ':', '@'])
}

/// The types and ids of the elements that an item is made of, from the outermost.
fn names(item: &ItemRc) -> Vec<String> {
    let mut names = Vec::new();
    for element in 0..item.element_count().unwrap_or_default() {
        let all = item.element_type_names_and_ids(element).unwrap_or_default();
        for (type_name, id) in all {
            let is_root = id.ends_with("::root");
            names.extend((!id.is_empty() && !is_root).then(|| id.to_string()));
            names.push(type_name.to_string());
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn is_drawing(item: &ItemRc) -> bool {
    item.downcast::<Path>().is_some() || item.downcast::<ImageItem>().is_some()
}

fn is_target(item: &ItemRc) -> bool {
    let area = item.downcast::<TouchArea>();
    area.is_some_and(|area| area.as_pin_ref().enabled())
}

//! Emoji in colour, wherever a text is drawn.

use std::rc::Rc;

use slint::{ComponentHandle, ModelRc, VecModel, Weak};

use crate::pictures::{Picture, Shape, alone, over, within};
use crate::ui::{AppWindow, Emoji, EmojiPicture, TextShape};

pub fn listen(ui: &AppWindow) {
    let emoji = ui.global::<Emoji>();
    emoji.on_within(|text| within(&text));
    let weak = ui.as_weak();
    emoji.on_over(move |text, shape| {
        let scale = scale(&weak);
        let pictures = over(&text, in_pixels(&shape, scale)).into_iter();
        let pictures = pictures.map(|picture| shown(picture, scale));
        ModelRc::from(Rc::new(VecModel::from_iter(pictures)))
    });
    let weak = ui.as_weak();
    emoji.on_alone(move |text, side| {
        let scale = scale(&weak);
        let picture = alone(&text, side * scale);
        picture.map_or_else(EmojiPicture::default, |picture| shown(picture, scale))
    });
}

/// Pixels of the screen to one of the interface.
pub(super) fn scale(ui: &Weak<AppWindow>) -> f32 {
    ui.upgrade().map_or(1.0, |ui| ui.window().scale_factor())
}

fn in_pixels(shape: &TextShape, scale: f32) -> Shape {
    Shape {
        width: shape.width * scale,
        height: shape.height * scale,
        size: shape.size * scale,
        weight: if shape.weight > 0 {
            shape.weight as f32
        } else {
            400.0
        },
        wraps: shape.wraps,
        elides: shape.elides,
        across: shape.across,
        down: shape.down,
    }
}

fn shown(picture: Picture, scale: f32) -> EmojiPicture {
    EmojiPicture {
        x: picture.x / scale,
        y: picture.y / scale,
        width: picture.width / scale,
        height: picture.height / scale,
        picture: picture.image,
    }
}

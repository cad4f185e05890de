//! Scanning an invitation by camera.

use image::GrayImage;
use slint::{ComponentHandle, Image, Rgb8Pixel, SharedPixelBuffer};

use super::{Act, words};
use crate::model::{Scanning, ScanningAction};
use crate::ui::{AppWindow, ScanningView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let say = act.clone();
    ui.global::<ScanningView>()
        .on_scan(move |on| say.act(ScanningAction::Scan(on)));
}

pub fn draw(scanning: &Scanning, ui: &AppWindow) {
    let view = ui.global::<ScanningView>();
    view.set_there(scanning.there);
    view.set_on(scanning.on);
    view.set_other_code(scanning.other_code);
    view.set_problem(words::camera_problem(scanning.problem));
    if !scanning.on {
        view.set_sight(Image::default());
    }
}

/// Shows what the camera sees.
pub fn show(sight: &GrayImage, ui: &AppWindow) {
    let mut pixels = SharedPixelBuffer::<Rgb8Pixel>::new(sight.width(), sight.height());
    for (pixel, grey) in pixels.make_mut_slice().iter_mut().zip(sight.iter()) {
        *pixel = Rgb8Pixel::new(*grey, *grey, *grey);
    }
    ui.global::<ScanningView>()
        .set_sight(Image::from_rgb8(pixels));
}

//! Draws screens by the software renderer, and compares them with the pictures that are kept.

use std::path::PathBuf;
use std::time::Duration;

use crate::stage::Stage;
use hedgerow_gui::bind::{About, Outside, Window};
use hedgerow_gui::fonts;
use hedgerow_gui::model::*;
use hedgerow_gui::ui::AppWindow;
use i_slint_backend_testing::{TestingBackend, TestingBackendOptions, mock_elapsed_time};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, GrayImage, ImageEncoder, Luma, RgbaImage};
use slint::{ComponentHandle, LogicalSize};

/// The pixels of a picture that may differ.
const MAY_DIFFER: f64 = 0.005;

/// How far a colour may be off before it is another one.
const OFF: u8 = 10;

/// Nothing outside answers.
struct Still(Now);

impl Outside for Still {
    fn now(&self) -> Now {
        self.0
    }
    fn perform(&self, _: Effect) {}
    fn choose_picture(&self) {}
    fn quit(&self) {}
}

/// What was drawn in one test, beside the pictures that are kept.
#[derive(Default)]
pub struct Gallery {
    wrong: Vec<String>,
}

impl Gallery {
    /// Begins in the thread of a test: each has a platform of its own.
    pub fn open() -> Self {
        let backend = TestingBackend::new(TestingBackendOptions {
            mock_time: true,
            threading: false,
            renderer_name: Some("software".into()),
        });
        slint::platform::set_platform(Box::new(backend)).expect("the first");
        Self::default()
    }

    pub fn hang(&mut self, file: &str, stage: Stage, (width, height): (u32, u32), opens: Opens) {
        let drawn = draw(stage, width, height, opens);
        if let Err(what) = compare(file, &drawn) {
            self.wrong.push(format!("{file}: {what}"));
        }
    }

    pub fn close(self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

/// What is opened over a screen once its language is chosen.
pub type Opens = fn(&AppWindow);

fn draw(stage: Stage, width: u32, height: u32, opens: Opens) -> RgbaImage {
    let window = AppWindow::new().expect("a window");
    fonts::register();
    window
        .window()
        .set_size(LogicalSize::new(width as f32, height as f32));
    let about = About {
        version: "0.1.0".into(),
        directory: "/home/ana/.local/share/hedgerow".into(),
    };
    let still = Box::new(Still(stage.now));
    let window = Window::new(window, (stage.app, Vec::new()), about, still);
    window.ui().show().expect("it is shown");
    opens(window.ui());
    // A camera that is on sees a wall with a lamp.
    window.see(&GrayImage::from_fn(480, 360, |x, y| {
        let from_lamp = x.abs_diff(150).pow(2) + y.abs_diff(90).pow(2);
        Luma([250 - (from_lamp / 500).min(190) as u8])
    }));
    // What follows from a layout is laid out in a later frame, and what follows from drawing in the next; a cursor blinks, and
    // is caught at the same moment. To draw all frames would take most of the time.
    for frame in 0..10 {
        mock_elapsed_time(Duration::from_millis(20));
        window.catch_up();
        if frame >= 8 {
            window.ui().window().take_snapshot().expect("a picture");
        }
    }
    let pixels = window.ui().window().take_snapshot().expect("a picture");
    let drawn = RgbaImage::from_raw(pixels.width(), pixels.height(), pixels.as_bytes().to_vec());
    window.ui().hide().expect("it is hidden");
    drawn.expect("as many pixels as its size says")
}

fn compare(file: &str, drawn: &RgbaImage) -> Result<(), String> {
    let write = std::env::var_os("HEDGEROW_SCREENS").is_some_and(|what| what == "write");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("screenshots")
        .join(file);
    if write {
        let file = std::fs::File::create(&path).map_err(|fault| fault.to_string())?;
        let encoder =
            PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::NoFilter);
        let (width, height) = drawn.dimensions();
        let opaque = image::DynamicImage::ImageRgba8(drawn.clone()).to_rgb8();
        let written = encoder.write_image(&opaque, width, height, ExtendedColorType::Rgb8);
        return written.map_err(|fault| fault.to_string());
    }
    let kept = image::open(&path)
        .map_err(|fault| format!("{fault}"))?
        .to_rgba8();
    if kept.dimensions() != drawn.dimensions() {
        return Err(format!(
            "{:?} instead of {:?}",
            drawn.dimensions(),
            kept.dimensions()
        ));
    }
    if kept.as_raw() == drawn.as_raw() {
        return Ok(());
    }
    let off = |(one, other): (&u8, &u8)| one.abs_diff(*other) > OFF;
    let pairs = kept.pixels().zip(drawn.pixels());
    let differ = pairs
        .filter(|(kept, drawn)| kept.0.iter().zip(&drawn.0).any(off))
        .count();
    let part = differ as f64 / (kept.width() * kept.height()) as f64;
    if part <= MAY_DIFFER {
        return Ok(());
    }
    let beside = std::env::temp_dir().join(format!("hedgerow-{file}"));
    drawn.save(&beside).map_err(|fault| fault.to_string())?;
    Err(format!(
        "{:.2} % differ; drawn: {}",
        part * 100.0,
        beside.display()
    ))
}

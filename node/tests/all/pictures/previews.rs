//! What is seen of a picture: its preview, and its pixels on a screen.

use hedgerow_node::pictures::{Limits, MAX_PREVIEW, PREVIEW_SIDE, Size};
use image::{Rgba, RgbaImage};

use super::files::{exif, jpeg, noise, png, quarters, webp, with_chunk};
use super::{PICTURE, decoder};

#[test]
fn a_preview_is_at_most_8_kib_whatever_the_picture_shows() {
    for picture in [
        noise(1000, 750),
        noise(2, 4000),
        quarters(1, 1),
        quarters(640, 10),
    ] {
        let (width, height) = picture.dimensions();
        for file in [jpeg(&picture), png(picture.clone()), webp(picture)] {
            let look = decoder().look(&file[..], PICTURE).unwrap();
            assert_eq!((look.width, look.height), (width, height));
            assert!(look.preview.len() <= MAX_PREVIEW);
            let preview = image::load_from_memory(&look.preview).unwrap();
            assert!(preview.width().max(preview.height()) <= PREVIEW_SIDE);
            // A preview is a picture that the receiver decodes within tighter limits.
            let size = Size {
                width: 4096,
                height: 4096,
            };
            let shown = decoder().show(&look.preview[..], Limits::PREVIEW, size);
            let shown = shown.unwrap();
            assert_eq!(
                (shown.width, shown.height),
                (preview.width(), preview.height())
            );
        }
    }
}

#[test]
fn a_preview_shows_what_is_transparent_white() {
    let clear = RgbaImage::from_pixel(20, 20, Rgba([0, 0, 0, 0]));
    let look = decoder().look(&png(clear)[..], PICTURE).unwrap();
    let preview = image::load_from_memory(&look.preview).unwrap().into_rgb8();
    assert_eq!(preview[(10, 10)].0, [255; 3]);
}

#[test]
fn what_is_shown_fits_its_box_and_stands_upright() {
    // A quarter turn clockwise makes this file upright.
    let file = with_chunk(&png(quarters(400, 200)), b"eXIf", &exif(6));
    let size = Size {
        width: 100,
        height: 100,
    };
    let shown = decoder().show(&file[..], PICTURE, size).unwrap();
    assert_eq!((shown.width, shown.height), (50, 100));
    let pixel = |x: u32, y: u32| {
        let at = (y * shown.width + x) as usize * 4;
        &shown.rgba[at..at + 4]
    };
    assert_eq!(pixel(0, 0), [10, 10, 250, 255]);
    assert_eq!(pixel(49, 0), [250, 10, 10, 255]);
    assert_eq!(pixel(0, 99), [250, 250, 10, 255]);
    assert_eq!(pixel(49, 99), [10, 250, 10, 255]);
}

#[test]
fn what_is_shown_keeps_within_the_limit_of_the_answer() {
    let file = png(quarters(300, 300));
    let size = Size {
        width: 1000,
        height: 1000,
    };
    let limits = Limits {
        answer_bytes: 100 * 100 * 4,
        ..PICTURE
    };
    let shown = decoder().show(&file[..], limits, size).unwrap();
    assert!(shown.rgba.len() <= 40_000 && shown.width > 50);
    let whole = decoder().show(&file[..], PICTURE, size).unwrap();
    assert_eq!((whole.width, whole.height), (300, 300));
}

//! The program with the window decodes pictures in processes of its own too.
#![cfg(target_os = "linux")]

use hedgerow_node::pictures::{Decoder, Limits, Sandbox};
use image::{ImageFormat, RgbImage};
use std::io::Cursor;

#[test]
fn the_window_decodes_pictures_in_a_sandbox() {
    let decoder = Decoder::at(env!("CARGO_BIN_EXE_hedgerow-gui"));
    let all = Sandbox {
        process: true,
        limits: true,
        files: true,
        network: true,
    };
    assert_eq!(decoder.sandbox(), all);
    let mut file = Cursor::new(Vec::new());
    let picture = RgbImage::new(30, 20);
    picture.write_to(&mut file, ImageFormat::Jpeg).unwrap();
    let look = decoder.look(&file.get_ref()[..], Limits::PICTURE).unwrap();
    assert_eq!((look.width, look.height), (30, 20));
}

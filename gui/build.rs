//! Compiles the interface, with its languages, and packs what is read only when it is needed.

use std::path::{Path, PathBuf};

use miniz_oxide::deflate::compress_to_vec_zlib;

/// What is packed: as text, or as a font, it would be twice as large in the program.
const PACKED: [&str; 13] = [
    "fonts/Twemoji.ttf",
    "emoji/names/en.txt",
    "emoji/names/ar.txt",
    "emoji/names/bg.txt",
    "emoji/names/da.txt",
    "emoji/names/es.txt",
    "emoji/names/fa.txt",
    "emoji/names/fr.txt",
    "emoji/names/he.txt",
    "emoji/names/lv.txt",
    "emoji/names/ro.txt",
    "emoji/names/sv.txt",
    "emoji/names/uk.txt",
];

fn main() {
    let config = slint_build::CompilerConfiguration::new()
        .with_bundled_translations("lang")
        .with_style("fluent".into())
        // Tests find elements by it.
        .with_debug_info(true);
    println!("cargo:rerun-if-changed=lang");
    slint_build::compile_with_config("ui/app.slint", config).expect("the interface compiles");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo says where"));
    for file in PACKED {
        println!("cargo:rerun-if-changed={file}");
        let whole = std::fs::read(file).expect("it is there");
        let name = Path::new(file).file_name().expect("a file");
        let packed = compress_to_vec_zlib(&whole, 10);
        std::fs::write(out.join(name), packed).expect("there is room");
    }
}

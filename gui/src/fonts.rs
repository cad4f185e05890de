//! The bundled fonts, with which texts are readable even if the system lacks a font. Scripts that none of them has
//! (above all Chinese, Japanese and Korean) use the system's fonts.

use std::sync::Arc;

use slint::fontique_010::{fontique, shared_collection};

macro_rules! font {
    ($file:literal) => {
        include_bytes!(concat!("../fonts/", $file)).as_slice()
    };
}

/// The font of the interface, with Latin, Greek and Cyrillic. Emoji are gaps in it, over which we lay
/// [`pictures`](crate::pictures). The layout recognises this font by its address.
pub(crate) static TEXT: [&[u8]; 2] = [font!("Inter-Regular.ttf"), font!("Inter-SemiBold.ttf")];

/// Fonts by script (ISO 15924), for scripts that the first font lacks.
const SCRIPTS: [(&[&[u8; 4]], &[u8]); 7] = [
    (&[b"Arab"], font!("NotoSansArabic-Regular.ttf")),
    (&[b"Armn"], font!("NotoSansArmenian-Regular.ttf")),
    (&[b"Deva"], font!("NotoSansDevanagari-Regular.ttf")),
    (&[b"Geor"], font!("NotoSansGeorgian-Regular.ttf")),
    (&[b"Hebr"], font!("NotoSansHebrew-Regular.ttf")),
    (&[b"Thai"], font!("NotoSansThai-Regular.ttf")),
    (
        &[b"Zsym", b"Zyyy", b"Zinh"],
        font!("NotoSansSymbols-Regular.ttf"),
    ),
];

/// Registers the fonts. A window must exist.
pub fn register() {
    let mut collection = shared_collection();
    let mut register = |font: &'static [u8]| -> Vec<fontique::FamilyId> {
        let blob = fontique::Blob::new(Arc::new(font));
        let fonts = collection.register_fonts(blob, None);
        fonts.into_iter().map(|(family, _)| family).collect()
    };
    let text: Vec<_> = TEXT.into_iter().flat_map(&mut register).collect();
    let scripts: Vec<_> = SCRIPTS
        .into_iter()
        .map(|(scripts, font)| (scripts, register(font)))
        .collect();
    for generic in [
        fontique::GenericFamily::SansSerif,
        fontique::GenericFamily::SystemUi,
        fontique::GenericFamily::UiSansSerif,
    ] {
        collection.set_generic_families(generic, text.iter().copied());
    }
    for (codes, families) in scripts {
        for code in codes {
            let script = fontique::Script::from_bytes(**code);
            let key = fontique::FallbackKey::new(script, None);
            collection.set_fallbacks(key, families.iter().copied());
        }
    }
}

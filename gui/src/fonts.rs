//! The bundled fonts: what is not installed is still readable. For scripts that none of them knows
//! (Chinese, Japanese and Korean above all) the system's are asked.

use std::sync::Arc;

use slint::fontique_010::{fontique, shared_collection};

macro_rules! font {
    ($file:literal) => {
        include_bytes!(concat!("../fonts/", $file)).as_slice()
    };
}

/// Latin, Greek and Cyrillic: what everything is written in. Emoji are gaps in it, over which [`pictures`](crate::pictures)
/// are laid. It is known by its address.
pub(crate) static TEXT: [&[u8]; 2] = [font!("Inter-Regular.ttf"), font!("Inter-SemiBold.ttf")];

/// By script (ISO 15924), for what the first lacks.
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

/// Makes them known. Needs a window to exist.
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

//! What a picture carries beside its pixels. The scan walks the container alone: it decompresses nothing, and ends where
//! the container makes no sense.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Kind;

/// Something beside the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Metadata {
    /// Coordinates of the place where the picture was taken.
    Place = 0,
    /// EXIF: camera, time, settings, sometimes a smaller copy of the picture from before it was cropped.
    Exif = 1,
    /// XMP: author, program, history of changes.
    Xmp = 2,
    /// IPTC: author, captions, places in words.
    Iptc = 3,
    /// Comments and other texts.
    Text = 4,
    /// A colour profile, which has texts too. Its colours are kept.
    Profile = 5,
    /// Data that only the camera or program which wrote them understands.
    Other = 6,
    /// Bytes after the end of the picture.
    Trailing = 7,
}

impl Metadata {
    /// Every kind of metadata.
    pub const ALL: [Self; 8] = [
        Self::Place,
        Self::Exif,
        Self::Xmp,
        Self::Iptc,
        Self::Text,
        Self::Profile,
        Self::Other,
        Self::Trailing,
    ];

    fn bit(self) -> u8 {
        1 << self as u8
    }

    pub(super) fn bits(of: &[Self]) -> u8 {
        of.iter().fold(0, |bits, one| bits | one.bit())
    }

    pub(super) fn from_bits(bits: u8) -> Vec<Self> {
        let held = |one: &Self| bits & one.bit() != 0;
        Self::ALL.into_iter().filter(held).collect()
    }
}

/// What a [`scan`] has found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found<'a> {
    bits: u8,
    /// The EXIF block, from its TIFF header on.
    pub exif: Option<&'a [u8]>,
    /// Whether a WebP holds its pixels lossily.
    pub lossy: bool,
}

impl<'a> Found<'a> {
    /// What the picture carries, in the order of [`Metadata::ALL`].
    pub fn carries(&self) -> Vec<Metadata> {
        Metadata::from_bits(self.bits)
    }

    fn note(&mut self, one: Metadata) {
        self.bits |= one.bit();
    }

    fn note_exif(&mut self, block: &'a [u8]) {
        // WebP files of some programs have the prefix of JPEG too.
        let tiff = block.strip_prefix(EXIF).unwrap_or(block);
        self.note(Metadata::Exif);
        if names_a_place(tiff) {
            self.note(Metadata::Place);
        }
        self.exif = self.exif.or(Some(tiff));
    }

    fn note_xmp(&mut self, block: &[u8]) {
        self.note(Metadata::Xmp);
        if contains(block, b"GPSLatitude") {
            self.note(Metadata::Place);
        }
    }
}

/// Finds what a picture of this kind carries beside its pixels; nothing in a file of a kind that is no picture.
pub fn scan(kind: Kind, picture: &[u8]) -> Found<'_> {
    let mut found = Found::default();
    let end = match kind {
        Kind::Jpeg => jpeg(picture, &mut found),
        Kind::Png => png(picture, &mut found),
        Kind::Webp => webp(picture, &mut found),
        _ => None,
    };
    if end.is_some_and(|end| end < picture.len()) {
        found.note(Metadata::Trailing);
    }
    found
}

/// Walks the segments of a JPEG. Gives the end of the picture.
fn jpeg<'a>(picture: &'a [u8], found: &mut Found<'a>) -> Option<usize> {
    const END: u8 = 0xd9;
    const SCAN: u8 = 0xda;
    let mut at = 2;
    loop {
        let marker = *picture.get(at + 1)?;
        if picture[at] != 0xff {
            return None;
        }
        match marker {
            END => return Some(at + 2),
            // A byte that fills.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                let length = picture.get(at + 2..at + 4)?;
                let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                let content = picture.get(at + 4..at + 2 + length)?;
                segment(marker, content, found);
                at += 2 + length;
                if marker == SCAN {
                    at += after_scan(&picture[at..])?;
                }
            }
        }
    }
}

/// Where a scan ends: at a marker that is neither a stuffed byte nor a restart.
fn after_scan(scan: &[u8]) -> Option<usize> {
    scan.windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7))
}

fn segment<'a>(marker: u8, content: &'a [u8], found: &mut Found<'a>) {
    let begins = |magic: &[u8]| content.starts_with(magic);
    match marker {
        0xe1 if begins(EXIF) => found.note_exif(content),
        0xe1 if begins(b"http://ns.adobe.com/x") => found.note_xmp(content),
        0xe2 if begins(b"ICC_PROFILE\0") => found.note(Metadata::Profile),
        0xed if begins(b"Photoshop 3.0\0") => found.note(Metadata::Iptc),
        0xfe => found.note(Metadata::Text),
        // How the pixels are coded.
        0xe0 if begins(b"JFIF\0") => {}
        0xee if begins(b"Adobe") => {}
        0xe0..=0xef => found.note(Metadata::Other),
        _ => {}
    }
}

/// Walks the chunks of a PNG. Gives the end of the picture.
fn png<'a>(picture: &'a [u8], found: &mut Found<'a>) -> Option<usize> {
    let mut at = 8;
    loop {
        let head = picture.get(at..at + 8)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let content = picture.get(at + 8..)?.get(..length)?;
        let begins = |magic: &[u8]| content.starts_with(magic);
        match &head[4..] {
            b"eXIf" => found.note_exif(content),
            b"iTXt" if begins(b"XML:com.adobe.xmp\0") => found.note_xmp(content),
            b"tEXt" | b"zTXt" | b"iTXt" if begins(b"Raw profile type iptc\0") => {
                found.note(Metadata::Iptc);
            }
            b"tEXt" | b"zTXt" | b"iTXt" if begins(b"Raw profile type ") => {
                found.note(Metadata::Exif);
            }
            b"tEXt" | b"zTXt" | b"iTXt" => found.note(Metadata::Text),
            b"iCCP" => found.note(Metadata::Profile),
            b"IEND" => return Some(at + 12),
            b"IHDR" | b"PLTE" | b"IDAT" | b"tRNS" | b"gAMA" | b"cHRM" | b"sRGB" | b"cICP"
            | b"mDCV" | b"cLLI" | b"bKGD" | b"pHYs" | b"sBIT" | b"hIST" | b"acTL" | b"fcTL"
            | b"fdAT" => {}
            _ => found.note(Metadata::Other),
        }
        at += 12 + length;
    }
}

/// Walks the chunks of a WebP. Gives the end of the picture.
fn webp<'a>(picture: &'a [u8], found: &mut Found<'a>) -> Option<usize> {
    let little = |at: usize| {
        let bytes = picture.get(at..at + 4)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    };
    let end = 8 + little(4)?;
    let mut at = 12;
    while at < end {
        let length = little(at + 4)?;
        let content = picture.get(at + 8..)?.get(..length)?;
        match &picture[at..at + 4] {
            b"EXIF" => found.note_exif(content),
            b"XMP " => found.note_xmp(content),
            b"ICCP" => found.note(Metadata::Profile),
            b"VP8 " => found.lossy = true,
            b"VP8X" | b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" => {}
            _ => found.note(Metadata::Other),
        }
        // Chunks have even lengths.
        at += 8 + length + length % 2;
    }
    Some(end)
}

/// Whether a TIFF header leads to coordinates.
fn names_a_place(tiff: &[u8]) -> bool {
    const GPS: u16 = 0x8825;
    let little = tiff.starts_with(b"II");
    let number = |at: usize| {
        let bytes = tiff.get(at..at + 2)?;
        let bytes = [bytes[0], bytes[1]];
        Some(match little {
            true => u16::from_le_bytes(bytes),
            false => u16::from_be_bytes(bytes),
        })
    };
    let offset = |at: usize| {
        let (one, other) = (u32::from(number(at)?), u32::from(number(at + 2)?));
        Some(match little {
            true => other << 16 | one,
            false => one << 16 | other,
        } as usize)
    };
    let tags = || {
        let directory = offset(4)?;
        let count = usize::from(number(directory)?);
        Some((0..count).map_while(move |index| number(directory + 2 + 12 * index)))
    };
    tags().is_some_and(|mut tags| tags.any(|tag| tag == GPS))
}

fn contains(block: &[u8], word: &[u8]) -> bool {
    block.windows(word.len()).any(|window| window == word)
}

const EXIF: &[u8] = b"Exif\0\0";

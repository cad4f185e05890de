//! What a file is, by its first bytes. A name proves nothing.

/// How many first bytes [`kind_of`] looks at, at most.
pub const HEAD_BYTES: usize = 4096;

/// What a file is (docs/PROTOCOL.md section 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A JPEG picture.
    Jpeg,
    /// A PNG picture, animated ones included.
    Png,
    /// A WebP picture, animated ones included.
    Webp,
    /// A PDF document.
    Pdf,
    /// A picture as HEIC, HEIF or AVIF.
    Heic,
    /// A TIFF picture, and what most cameras write as raw.
    Tiff,
    /// A film, or sound in a container that films use too.
    Video,
    /// A document of an office suite: OOXML, OpenDocument, the older binary ones, RTF.
    Office,
    /// Anything else.
    Other,
}

impl Kind {
    /// Whether this program can decode it, show it, and encode it anew without metadata.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }

    /// Its type, for pictures that can be decoded.
    pub fn media_type(self) -> Option<&'static str> {
        match self {
            Self::Jpeg => Some("image/jpeg"),
            Self::Png => Some("image/png"),
            Self::Webp => Some("image/webp"),
            _ => None,
        }
    }

    /// The ending of a name, for pictures that can be decoded.
    pub fn ending(self) -> Option<&'static str> {
        match self {
            Self::Jpeg => Some("jpg"),
            Self::Png => Some("png"),
            Self::Webp => Some("webp"),
            _ => None,
        }
    }

    /// Whether its format has places for names, devices and coordinates that this program cannot remove.
    pub fn may_name_its_author(self) -> bool {
        matches!(
            self,
            Self::Pdf | Self::Heic | Self::Tiff | Self::Video | Self::Office
        )
    }
}

/// What a file is that begins with `head`. More than [`HEAD_BYTES`] changes nothing.
pub fn kind_of(head: &[u8]) -> Kind {
    let head = &head[..head.len().min(HEAD_BYTES)];
    let begins = |magic: &[&[u8]]| magic.iter().any(|magic| head.starts_with(magic));
    let form = head.get(8..12);
    if begins(&[b"\xff\xd8\xff"]) {
        Kind::Jpeg
    } else if begins(&[b"\x89PNG\r\n\x1a\n"]) {
        Kind::Png
    } else if begins(&[b"RIFF"]) && form == Some(b"WEBP") {
        Kind::Webp
    } else if begins(&[b"%PDF-"]) {
        Kind::Pdf
    } else if head.get(4..8) == Some(b"ftyp") {
        brand(form.unwrap_or_default())
    } else if begins(&[b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]) {
        Kind::Tiff
    } else if begins(&[MATROSKA, ASF, b"OggS", b"FLV\x01", MPEG_PROGRAM, MPEG_VIDEO])
        || (begins(&[b"RIFF"]) && form == Some(b"AVI "))
        || matches!(head.get(4..8), Some(b"moov" | b"mdat" | b"wide"))
    {
        Kind::Video
    } else if begins(&[COMPOUND_FILE, b"{\\rtf"]) || (begins(&[ZIP_MEMBER]) && is_office(head)) {
        Kind::Office
    } else {
        Kind::Other
    }
}

/// What a file of the ISO base media format is.
fn brand(major: &[u8]) -> Kind {
    match major {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"mif2" | b"msf1"
        | b"avif" | b"avis" => Kind::Heic,
        b"crx " => Kind::Tiff,
        _ => Kind::Video,
    }
}

/// Whether one of the first members of a ZIP archive is what office suites write first.
fn is_office(head: &[u8]) -> bool {
    head.windows(ZIP_MEMBER.len())
        .enumerate()
        .filter(|(_, window)| *window == ZIP_MEMBER)
        .any(|(at, _)| {
            let member = &head[at..];
            let name_bytes = member.get(26..28).map_or(0, |length| {
                usize::from(u16::from_le_bytes([length[0], length[1]]))
            });
            let after = member.get(30..).unwrap_or_default();
            let (name, content) = after.split_at(name_bytes.min(after.len()));
            name == b"[Content_Types].xml"
                || [&b"word/"[..], b"ppt/", b"xl/", b"docProps/"]
                    .iter()
                    .any(|folder| name.starts_with(folder))
                || (name == b"mimetype"
                    && content.starts_with(b"application/vnd.oasis.opendocument"))
        })
}

const ZIP_MEMBER: &[u8] = b"PK\x03\x04";
/// The older formats of Word, Excel and PowerPoint.
const COMPOUND_FILE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// Matroska and WebM.
const MATROSKA: &[u8] = b"\x1a\x45\xdf\xa3";
/// Windows Media.
const ASF: &[u8] = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11";
const MPEG_PROGRAM: &[u8] = b"\0\0\x01\xba";
const MPEG_VIDEO: &[u8] = b"\0\0\x01\xb3";

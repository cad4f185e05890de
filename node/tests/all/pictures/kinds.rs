//! What a file is.

use hedgerow_node::pictures::{HEAD_BYTES, Kind, kind_of};

#[test]
fn the_first_bytes_tell_what_a_file_is_and_its_name_is_never_asked() {
    let zip = |name: &str, content: &str| {
        let mut member = b"PK\x03\x04".to_vec();
        member.extend([0; 22]);
        member.extend((name.len() as u16).to_le_bytes());
        member.extend([0; 2]);
        member.extend(name.as_bytes());
        member.extend(content.as_bytes());
        member
    };
    let opendocument = "application/vnd.oasis.opendocument.text";
    let sheet = [zip("_rels/.rels", "<xml/>"), zip("xl/workbook.xml", "")].concat();
    let table: &[(&[u8], Kind)] = &[
        (b"\xff\xd8\xff\xe0\0\x10JFIF", Kind::Jpeg),
        (b"\xff\xd8\xff\xe1\0\x10Exif", Kind::Jpeg),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Kind::Png),
        (b"RIFF\x24\0\0\0WEBPVP8 ", Kind::Webp),
        (b"RIFF\x24\0\0\0AVI LIST", Kind::Video),
        (b"RIFF\x24\0\0\0WAVEfmt ", Kind::Other),
        (b"%PDF-1.7\n", Kind::Pdf),
        (b"\0\0\0\x18ftypheic\0\0\0\0", Kind::Heic),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", Kind::Heic),
        (b"\0\0\0\x1cftypavif\0\0\0\0", Kind::Heic),
        (b"\0\0\0\x18ftypcrx \0\0\0\0", Kind::Tiff),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", Kind::Video),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", Kind::Video),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", Kind::Video),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81", Kind::Video),
        (b"OggS\0\x02", Kind::Video),
        (b"\0\0\x01\xba\x44", Kind::Video),
        (b"II*\0\x08\0\0\0", Kind::Tiff),
        (b"MM\0*\0\0\0\x08", Kind::Tiff),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind::Office),
        (b"{\\rtf1\\ansi", Kind::Office),
        (&zip("[Content_Types].xml", "<xml/>"), Kind::Office),
        (&zip("word/document.xml", "<xml/>"), Kind::Office),
        (&zip("ppt/presentation.xml", "<xml/>"), Kind::Office),
        (&sheet, Kind::Office),
        (&zip("mimetype", opendocument), Kind::Office),
        (&zip("mimetype", "application/epub+zip"), Kind::Other),
        (&zip("holiday.jpg", "\u{ff}"), Kind::Other),
        (b"GIF89a", Kind::Other),
        (b"holiday.jpg", Kind::Other),
        (b"\xff\xd8", Kind::Other),
        (b"RIFF", Kind::Other),
        (b"PK\x03\x04", Kind::Other),
        (b"", Kind::Other),
    ];
    for (head, kind) in table {
        assert_eq!(kind_of(head), *kind, "{}", head.escape_ascii());
    }
}

#[test]
fn what_stands_far_behind_the_beginning_changes_nothing() {
    let mut file = b"PK\x03\x04".to_vec();
    file.resize(HEAD_BYTES, b' ');
    file.extend(b"PK\x03\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0word/");
    assert_eq!(kind_of(&file), Kind::Other);
}

#[test]
fn only_pictures_lose_what_they_carry_and_others_may_name_their_author() {
    for kind in [Kind::Jpeg, Kind::Png, Kind::Webp] {
        assert!(kind.is_picture() && !kind.may_name_its_author());
    }
    for kind in [Kind::Pdf, Kind::Heic, Kind::Tiff, Kind::Video, Kind::Office] {
        assert!(!kind.is_picture() && kind.may_name_its_author());
    }
    assert!(!Kind::Other.is_picture() && !Kind::Other.may_name_its_author());
}

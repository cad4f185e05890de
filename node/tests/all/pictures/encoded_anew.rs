//! A picture that is encoded anew.

use hedgerow_node::pictures::{Fault, Kind, Metadata, scan};
use image::{DynamicImage, Rgba, RgbaImage};
use miniz_oxide::deflate::compress_to_vec_zlib;
use moxcms::ColorProfile;

use super::files::{
    LOSSY_WEBP, chunk, exif, extended_webp, jpeg, noise, png, quarters, riff_chunk, webp,
    with_chunk, with_segment,
};
use super::{PICTURE, decoder};

/// What stands in everything that must not travel.
const SECRET: &[u8] = b"Secret";
const XMP: &[u8] = b"<x:xmpmeta><exif:GPSLatitude>Secret</exif:GPSLatitude></x:xmpmeta>";

/// Pictures of each format that carry all that the format has place for.
fn laden() -> [(Vec<u8>, Kind); 3] {
    let picture = quarters(64, 48);
    let profile = profile();
    let mut of_camera = jpeg(&picture);
    for (marker, content) in [
        (0xe1, [b"Exif\0\0", &exif(1)[..]].concat()),
        (0xe1, [b"http://ns.adobe.com/xap/1.0/\0", XMP].concat()),
        (0xe2, [b"ICC_PROFILE\0\x01\x01", &profile[..]].concat()),
        (0xed, b"Photoshop 3.0\0Secret caption".to_vec()),
        (0xe5, b"Secret of the maker".to_vec()),
        (0xfe, b"Secret comment".to_vec()),
    ] {
        of_camera = with_segment(&of_camera, marker, &content);
    }
    let packed = compress_to_vec_zlib(b"Secret", 6);
    let mut of_program = png(picture.clone());
    for (kind, content) in [
        (b"eXIf", exif(1)),
        (b"tEXt", b"Author\0Secret".to_vec()),
        (b"zTXt", [b"Comment\0\0", &packed[..]].concat()),
        (b"iTXt", [b"XML:com.adobe.xmp\0\0\0\0\0", XMP].concat()),
        (b"tEXt", b"Raw profile type iptc\0Secret".to_vec()),
        (
            b"iCCP",
            [
                b"Secret profile\0\0",
                &compress_to_vec_zlib(&profile, 6)[..],
            ]
            .concat(),
        ),
        (b"prVt", b"Secret".to_vec()),
    ] {
        of_program = with_chunk(&of_program, kind, &content);
    }
    // Profile, EXIF and XMP.
    let flags = 0x20 | 0x08 | 0x04;
    let of_site = extended_webp(
        &webp(picture),
        (64, 48),
        flags,
        &[
            (b"ICCP", &profile),
            (b"EXIF", &exif(1)),
            (b"XMP ", XMP),
            (b"note", b"Secret"),
        ],
    );
    [
        (of_camera, Kind::Jpeg),
        (of_program, Kind::Png),
        (of_site, Kind::Webp),
    ]
    .map(|(mut file, kind)| {
        file.extend(b"Secret behind the end");
        (file, kind)
    })
}

/// A profile of wider colours than sRGB, with a text.
fn profile() -> Vec<u8> {
    let mut profile = ColorProfile::new_display_p3().encode().unwrap();
    // Behind its tags, where programs leave notes.
    profile.extend(SECRET);
    let length = u32::try_from(profile.len()).unwrap();
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile
}

fn holds(file: &[u8], words: &[u8]) -> bool {
    file.windows(words.len()).any(|window| window == words)
}

#[test]
fn the_place_the_camera_and_every_text_are_gone_from_a_picture_encoded_anew() {
    use Metadata::{Exif, Iptc, Other, Place, Profile, Text, Trailing, Xmp};
    for (file, kind) in laden() {
        assert!(holds(&file, SECRET));
        let prepared = decoder().prepare(&file[..], PICTURE).unwrap();
        assert_eq!(prepared.kind, kind);
        let carried = match kind {
            Kind::Webp => vec![Place, Exif, Xmp, Profile, Other, Trailing],
            _ => vec![Place, Exif, Xmp, Iptc, Text, Profile, Other, Trailing],
        };
        assert_eq!(prepared.look.carries, carried, "{kind:?}");
        for new in [&prepared.bytes, &prepared.look.preview] {
            assert!(!holds(new, SECRET), "{kind:?}");
            assert!(!holds(new, b"GPS"), "{kind:?}");
            let kind = hedgerow_node::pictures::kind_of(new);
            assert_eq!(scan(kind, new).carries(), []);
            assert_eq!(scan(kind, new).exif, None);
        }
    }
}

#[test]
fn a_picture_without_metadata_is_said_to_have_none_and_keeps_its_pixels() {
    let picture = noise(40, 30);
    for file in [png(picture.clone()), webp(picture.clone())] {
        let prepared = decoder().prepare(&file[..], PICTURE).unwrap();
        assert_eq!(prepared.look.carries, []);
        let pixels = image::load_from_memory(&prepared.bytes).unwrap();
        assert_eq!(pixels.into_rgb8(), picture);
    }
}

#[test]
fn a_picture_stays_upright_whatever_its_orientation() {
    // Where the first row and the first column of the file are seen (EXIF 2.3, 4.6.4).
    let (width, height) = (6, 4);
    let upright = quarters(width, height);
    type Seen = fn(u32, u32) -> (u32, u32);
    let seen: [Seen; 8] = [
        |row, column| (column, row),
        |row, column| (5 - column, row),
        |row, column| (5 - column, 3 - row),
        |row, column| (column, 3 - row),
        |row, column| (row, column),
        |row, column| (5 - row, column),
        |row, column| (5 - row, 3 - column),
        |row, column| (row, 3 - column),
    ];
    for (orientation, seen) in (1..).zip(seen) {
        let (columns, rows) = match orientation < 5 {
            true => (width, height),
            false => (height, width),
        };
        let stored = image::RgbImage::from_fn(columns, rows, |column, row| {
            let (x, y) = seen(row, column);
            *upright.get_pixel(x, y)
        });
        let exif = exif(orientation);
        // Large enough that the blocks of a JPEG blur nothing.
        let large = image::imageops::resize(
            &stored,
            columns * 16,
            rows * 16,
            image::imageops::FilterType::Nearest,
        );
        let in_jpeg = with_segment(&jpeg(&large), 0xe1, &[b"Exif\0\0", &exif[..]].concat());
        let in_png = with_chunk(&png(stored.clone()), b"eXIf", &exif);
        let in_webp = extended_webp(&webp(stored), (columns, rows), 0x08, &[(b"EXIF", &exif)]);
        for file in [in_png, in_webp] {
            let prepared = decoder().prepare(&file[..], PICTURE).unwrap();
            let pixels = image::load_from_memory(&prepared.bytes).unwrap();
            assert_eq!(pixels.into_rgb8(), upright, "orientation {orientation}");
            assert_eq!((prepared.look.width, prepared.look.height), (width, height));
        }
        let prepared = decoder().prepare(&in_jpeg[..], PICTURE).unwrap();
        for file in [&prepared.bytes, &prepared.look.preview] {
            let pixels = image::load_from_memory(file).unwrap().into_rgb8();
            assert_eq!(pixels.dimensions(), (width * 16, height * 16));
            for (x, y) in [(0, 0), (5, 0), (0, 3), (5, 3)] {
                let (is, should) = (pixels[(x * 16 + 8, y * 16 + 8)], upright[(x, y)]);
                let near = |(is, should): (&u8, &u8)| is.abs_diff(*should) < 12;
                let alike = is.0.iter().zip(&should.0).all(near);
                assert!(alike, "orientation {orientation}: {is:?} {should:?}");
            }
        }
    }
}

#[test]
fn colours_keep_their_look_when_their_profile_goes() {
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([200, 100, 100]));
    let profile = compress_to_vec_zlib(&profile(), 6);
    let file = with_chunk(
        &png(picture),
        b"iCCP",
        &[b"Display P3\0\0", &profile[..]].concat(),
    );
    let prepared = decoder().prepare(&file[..], PICTURE).unwrap();
    let pixels = image::load_from_memory(&prepared.bytes).unwrap();
    // The same colour in sRGB, where red lies less far out.
    let [red, green, blue] = pixels.into_rgb8()[(4, 4)].0;
    assert!((209..=217).contains(&red), "{red}");
    assert!((90..=98).contains(&green) && (90..=98).contains(&blue));
}

#[test]
fn what_transparency_hides_does_not_travel() {
    let hidden = Rgba([12, 34, 56, 0]);
    let seen = Rgba([90, 80, 70, 255]);
    let picture = RgbaImage::from_fn(8, 8, |x, _| if x < 4 { hidden } else { seen });
    for file in [png(picture.clone()), webp(picture.clone())] {
        let prepared = decoder().prepare(&file[..], PICTURE).unwrap();
        let pixels = image::load_from_memory(&prepared.bytes).unwrap();
        assert_eq!(pixels.color(), image::ColorType::Rgba8);
        let pixels = pixels.into_rgba8();
        assert_eq!(pixels[(0, 0)], Rgba([0; 4]));
        assert_eq!(pixels[(7, 7)], seen);
    }
}

#[test]
fn deep_and_grey_pictures_stay_deep_and_grey() {
    let deep =
        image::ImageBuffer::from_fn(9, 5, |x, y| image::Rgb([x as u16 * 7001, 513, y as u16]));
    let grey = image::GrayImage::from_fn(9, 5, |x, y| image::Luma([(x * y) as u8]));
    for picture in [
        DynamicImage::ImageRgb16(deep),
        DynamicImage::ImageLuma8(grey),
    ] {
        let file = png(picture.clone());
        let prepared = decoder().prepare(&file[..], PICTURE).unwrap();
        assert_eq!(image::load_from_memory(&prepared.bytes).unwrap(), picture);
    }
}

#[test]
fn a_lossy_webp_becomes_a_jpeg() {
    let prepared = decoder().prepare(LOSSY_WEBP, PICTURE).unwrap();
    assert_eq!(prepared.kind, Kind::Jpeg);
    assert_eq!((prepared.look.width, prepared.look.height), (1, 1));
}

#[test]
fn an_animated_picture_is_left_to_its_sender_and_its_first_frame_is_its_preview() {
    let frame = webp(quarters(4, 2));
    let mut animation = vec![0; 6];
    animation.extend([3, 0, 0, 1, 0, 0, 100, 0, 0, 0]);
    animation.extend(&frame[12..]);
    let moving = [
        riff_chunk(b"ANIM", &[0; 6]),
        riff_chunk(b"ANMF", &animation),
        riff_chunk(b"ANMF", &animation),
    ]
    .concat();
    let in_webp = extended_webp(&[&[0; 12][..], &moving].concat(), (4, 2), 0x02, &[]);
    let still = png(quarters(4, 2));
    let control = [
        &0_u32.to_be_bytes()[..],
        &4_u32.to_be_bytes(),
        &2_u32.to_be_bytes(),
        &[0; 14],
    ];
    let in_png = with_chunk(&still, b"fcTL", &control.concat());
    let in_png = with_chunk(&in_png, b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
    for file in [in_webp, in_png] {
        let prepared = decoder().prepare(&file[..], PICTURE);
        assert!(matches!(prepared, Err(Fault::Animated)), "{prepared:?}");
        let look = decoder().look(&file[..], PICTURE).unwrap();
        assert_eq!((look.width, look.height), (4, 2));
    }
}

#[test]
fn a_file_that_is_no_picture_or_whose_source_fails_is_said_to_be_that() {
    struct Failing;
    impl std::io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
    }
    let none = decoder().prepare(&b"%PDF-1.7"[..], PICTURE);
    assert!(matches!(none, Err(Fault::NotAPicture)));
    let failed = decoder().prepare(Failing, PICTURE);
    assert!(matches!(failed, Err(Fault::Source(_))));
    let damaged = decoder().prepare(&chunk(b"IHDR", b"")[..], PICTURE);
    assert!(matches!(damaged, Err(Fault::NotAPicture)));
}

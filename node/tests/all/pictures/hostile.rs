//! Pictures that attack their decoder.

use hedgerow_node::pictures::{Answer, Fault, Limits, Order, Size, Task};
use miniz_oxide::deflate::compress_to_vec_zlib;
use proptest::prelude::*;
use proptest::sample::Index;

use super::files::{
    LOSSY_WEBP, chunk, exif, jpeg, noise, png, quarters, webp, with_chunk, with_segment,
};
use super::{PICTURE, decoder};

/// Tight enough that a bomb would be noticed.
const TIGHT: Limits = Limits {
    memory_bytes: 64 << 20,
    pixels: 4 << 20,
    ..PICTURE
};

/// A PNG that claims these sides, with these compressed pixels.
fn claiming(width: u32, height: u32, packed: &[u8]) -> Vec<u8> {
    let header = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ]
    .concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &header),
        chunk(b"IDAT", packed),
        chunk(b"IEND", b""),
    ]
    .concat()
}

#[test]
fn a_picture_of_monstrous_sides_is_refused_before_it_takes_memory() {
    let packed = compress_to_vec_zlib(&[0; 100_000], 6);
    let mut in_jpeg = jpeg(&quarters(16, 16));
    let frame = in_jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    in_jpeg[frame + 5..frame + 9].fill(0xff);
    let mut in_webp = webp(quarters(16, 16));
    // The sides of a lossless WebP, 14 bits each, follow its signature.
    in_webp[21..24].fill(0xff);
    for file in [
        claiming(65_535, 65_535, &packed),
        claiming(u32::MAX >> 1, 1, &packed),
        in_jpeg,
        in_webp,
    ] {
        let refused = decoder().prepare(&file[..], PICTURE);
        assert!(
            matches!(refused, Err(Fault::TooLarge | Fault::Damaged)),
            "{refused:?}"
        );
    }
    let refused = decoder().prepare(&claiming(65_535, 65_535, &packed)[..], PICTURE);
    assert!(matches!(refused, Err(Fault::TooLarge)));
}

#[test]
fn a_small_file_that_unpacks_to_a_gigabyte_fills_nothing() {
    // 256 MiB of zeros, four times what the child may take.
    let bomb = compress_to_vec_zlib(&vec![0; 256 << 20], 1);
    let small = png(quarters(16, 16));
    let text = with_chunk(&small, b"zTXt", &[b"Comment\0\0", &bomb[..]].concat());
    let profile = with_chunk(&small, b"iCCP", &[b"Profile\0\0", &bomb[..]].concat());
    for file in [text, profile, claiming(16, 16, &bomb)] {
        match decoder().prepare(&file[..], TIGHT) {
            Ok(prepared) => assert!(prepared.bytes.len() < 4096),
            Err(fault) => assert!(
                matches!(fault, Fault::Damaged | Fault::TooLarge | Fault::Crashed),
                "{fault:?}"
            ),
        }
    }
}

#[test]
fn a_source_longer_than_its_limit_is_refused() {
    let file = jpeg(&noise(64, 64));
    let limits = Limits {
        source_bytes: file.len() as u64 - 1,
        ..PICTURE
    };
    let refused = decoder().prepare(&file[..], limits);
    assert!(matches!(refused, Err(Fault::TooLarge)));
    let endless = decoder().prepare(std::io::repeat(0xff), limits);
    assert!(matches!(endless, Err(Fault::TooLarge)));
}

#[test]
fn a_new_file_longer_than_its_limit_is_refused() {
    let limits = Limits {
        answer_bytes: 1000,
        ..PICTURE
    };
    let refused = decoder().prepare(&png(noise(64, 64))[..], limits);
    assert!(matches!(refused, Err(Fault::TooLarge)));
}

/// Files near real ones, and bytes that are none.
fn broken() -> impl Strategy<Value = Vec<u8>> {
    let picture = quarters(24, 16);
    let exif = exif(6);
    let real = vec![
        with_segment(&jpeg(&picture), 0xe1, &[b"Exif\0\0", &exif[..]].concat()),
        with_chunk(&png(picture.clone()), b"eXIf", &exif),
        webp(picture),
        LOSSY_WEBP.to_vec(),
    ];
    let changes = proptest::collection::vec((any::<Index>(), any::<u8>()), 0..8);
    let damaged = (
        proptest::sample::select(real),
        changes,
        any::<Option<Index>>(),
    )
        .prop_map(|(mut file, changes, cut)| {
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            if let Some(cut) = cut {
                file.truncate(cut.index(file.len() + 1));
            }
            file
        });
    let magic = proptest::sample::select(vec![
        &b""[..],
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\xff\xff\0\0WEBPVP8L",
    ]);
    let random = (magic, proptest::collection::vec(any::<u8>(), 0..400))
        .prop_map(|(magic, bytes)| [magic, &bytes].concat());
    prop_oneof![3 => damaged, 1 => random]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_pictures_end_in_an_answer_and_never_in_a_fault_of_ours(file in broken()) {
        let size = Size { width: 64, height: 64 };
        let prepared = decoder().prepare(&file[..], TIGHT);
        if let Err(fault) = prepared {
            prop_assert!(!matches!(fault, Fault::Source(_) | Fault::Unavailable(_) | Fault::TooSlow));
        }
        let shown = decoder().show(&file[..], TIGHT, size);
        if let Ok(shown) = shown {
            prop_assert!(shown.width <= 64 && shown.height <= 64);
        }
    }

    #[test]
    fn no_answer_of_a_child_is_believed_beyond_the_order(answer in proptest::collection::vec(any::<u8>(), 0..64)) {
        let size = Size { width: 3, height: 2 };
        for task in [Task::Prepare, Task::Look, Task::Show(size), Task::Probe] {
            let order = Order { task, limits: Limits { answer_bytes: 24, ..PICTURE } };
            if let Some(answer) = Answer::read(&mut &answer[..], &order) {
                if let Answer::Pixels(pixels) = &answer {
                    prop_assert!(pixels.width <= 3 && pixels.height <= 2);
                }
                prop_assert!(matches!(
                    (&answer, task),
                    (Answer::Refused(_), Task::Prepare | Task::Look | Task::Show(_))
                        | (Answer::Pixels(_), Task::Show(_))
                        | (Answer::Look(_), Task::Look)
                        | (Answer::Prepared(_), Task::Prepare)
                        | (Answer::Sandbox(_), Task::Probe)
                ));
            }
        }
    }
}

#[test]
fn an_answer_to_another_task_or_with_something_behind_it_is_none() {
    let size = Size {
        width: 2,
        height: 1,
    };
    let show = Order {
        task: Task::Show(size),
        limits: PICTURE,
    };
    let mut pixels = vec![3, 0, 0, 0, 2, 0, 0, 0, 1];
    pixels.extend([7; 8]);
    assert!(Answer::read(&mut &pixels[..], &show).is_some());
    for task in [
        Task::Look,
        Task::Prepare,
        Task::Probe,
        Task::Show(Size {
            width: 1,
            height: 1,
        }),
    ] {
        let order = Order { task, ..show };
        assert_eq!(Answer::read(&mut &pixels[..], &order), None);
    }
    assert_eq!(Answer::read(&mut &pixels[..16], &show), None);
    pixels.push(7);
    assert_eq!(Answer::read(&mut &pixels[..], &show), None);
    // A new file that is not what it is said to be.
    let mut prepared = vec![1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 3];
    prepared.extend(b"\xff\xd8\xff\xff\xd8\xff");
    let prepare = Order {
        task: Task::Prepare,
        limits: PICTURE,
    };
    assert!(Answer::read(&mut &prepared[..], &prepare).is_some());
    prepared[1] = 1;
    assert_eq!(Answer::read(&mut &prepared[..], &prepare), None);
}

//! What is read of a file before and after it is decoded: what it is, what it carries, and the pipe from the process that
//! decodes it, which a picture may have taken over.

use crate::split_choice;
use hedgerow_node::pictures::{
    Answer, Kind, Limits, MAX_PREVIEW, Order, Size, Task, kind_of, scan,
};
use hedgerow_node::voice;

const LIMITS: Limits = Limits {
    pixels: 1 << 20,
    answer_bytes: 1 << 12,
    sound: Limits::VOICE.sound,
    ..Limits::PICTURE
};
const BOX: Size = Size {
    width: 40,
    height: 30,
};
const TASKS: [Task; 4] = [Task::Prepare, Task::Look, Task::Show(BOX), Task::Probe];

/// One input: an answer to one of the tasks, a file, the arguments of the process, or a voice note.
pub fn run(input: &[u8]) {
    let Some((choice, input)) = split_choice(input, TASKS.len() as u8 + 4) else {
        return;
    };
    match TASKS.get(usize::from(choice)) {
        Some(task) => answer(input, *task),
        None => match usize::from(choice) - TASKS.len() {
            0 => file(input),
            1 => order(input),
            2 => [Task::Voice, Task::Play]
                .into_iter()
                .for_each(|task| answer(input, task)),
            _ => sound(input),
        },
    }
}

/// What is believed keeps to the order, and means the same when it is written again.
fn answer(input: &[u8], task: Task) {
    let order = Order {
        task,
        limits: LIMITS,
    };
    let Some(answer) = Answer::read(&mut &input[..], &order) else {
        return;
    };
    match &answer {
        Answer::Prepared(prepared) => {
            assert!(prepared.bytes.len() as u64 <= LIMITS.answer_bytes);
            assert_eq!(kind_of(&prepared.bytes), prepared.kind);
            assert!(prepared.look.preview.len() <= MAX_PREVIEW);
        }
        Answer::Look(look) => assert!(look.preview.len() <= MAX_PREVIEW),
        Answer::Pixels(pixels) => {
            assert!(pixels.width <= BOX.width && pixels.height <= BOX.height);
            let expected = pixels.width as usize * pixels.height as usize * 4;
            assert_eq!(pixels.rgba.len(), expected);
        }
        _ => {}
    }
    let mut written = Vec::new();
    answer.write(&mut written).expect("memory does not fail");
    assert_eq!(Answer::read(&mut &written[..], &order), Some(answer));
}

/// Whatever a file is, a walk through it ends and finds nothing outside it.
fn file(input: &[u8]) {
    let mut kinds = vec![kind_of(input)];
    kinds.extend([Kind::Jpeg, Kind::Png, Kind::Webp]);
    for kind in kinds {
        let found = scan(kind, input);
        if let Some(exif) = found.exif {
            assert!(exif.len() <= input.len());
        }
    }
}

/// Whatever a sound is, what is made of it is a voice note that stays as it is when it is made again.
fn sound(input: &[u8]) {
    let Ok(made) = voice::anew(input, &LIMITS) else {
        return;
    };
    assert!(made.voice.duration_ms <= LIMITS.sound.as_millis() as u32);
    assert_eq!(voice::anew(&made.bytes, &LIMITS).ok().as_ref(), Some(&made));
}

fn order(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Some(order) = Order::parse(text.split(' ')) {
        let arguments = order.arguments();
        let again = Order::parse(arguments.iter().map(String::as_str));
        assert_eq!(again, Some(order));
    }
}

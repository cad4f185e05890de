//! What people have said to each other in the pictures.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::{self, NOON, Stage, chat_id, id};

pub const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

pub fn people() -> Stage {
    let mut stage = Stage::open(&["Ana Petrova", "Ben", "مريم", "Ștefan Ionescu", "דנה"]);
    let talk = stage.talk("a");
    talk.contact.verified = true;
    talk.contact.reachable = Some(Carrier::Lan);
    talk.contact.last_seen_ms = Some(NOON);
    talk.conversation.why = Some(Why::OnItsWay);
    for (text, mine, ago) in [
        ("Are you at the square?", false, DAY + 50 * MINUTE),
        ("On my way. Ten minutes.", true, DAY + 48 * MINUTE),
        (
            "Good. We are by the fountain, north side 🙂",
            false,
            DAY + 47 * MINUTE,
        ),
        (
            "The minutes of yesterday are at https://example.org/minutes and nowhere else, please pass them on.",
            false,
            42 * MINUTE,
        ),
        ("Thank you!", true, 31 * MINUTE),
        (
            "I have added what the lawyer said about the permit: it holds until Sunday evening, and for both sides of the river.",
            true,
            30 * MINUTE,
        ),
        (
            "Благодаря! Ще се видим в шест. مرحبا، שלום.",
            false,
            12 * MINUTE,
        ),
        ("Bring the long cable", true, 2 * MINUTE),
    ] {
        talk.add(text, mine, NOON - ago);
    }
    for arrived in 0..talk.messages.len() - 1 {
        talk.arrive(arrived);
    }
    talk.read = talk.messages.last().map(|last| last.id.clone());
    let talk = stage.talk("b");
    talk.conversation.why = Some(Why::NotFound);
    talk.contact.last_seen_ms = Some(NOON - 3 * DAY);
    talk.add("See you on Saturday", true, NOON - 26 * 60 * MINUTE);
    let talk = stage.talk("c");
    talk.add("أهلا! أنا في المقهى", false, NOON - 5 * MINUTE);
    talk.add("متى تصل؟", false, NOON - 4 * MINUTE);
    let talk = stage.talk("d");
    talk.contact.reachable = Some(Carrier::Lan);
    talk.contact.last_seen_ms = Some(NOON);
    talk.add("Mulțumesc, am primit tot.", false, NOON - 8 * DAY);
    talk.read = talk.messages.last().map(|last| last.id.clone());
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.later(2_000);
    stage
}

pub fn conversation() -> Stage {
    let mut stage = people();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(ThreadAction::Draft("And the tape".into()));
    stage
}

/// Conversations that are muted, marked as unread, and archived.
pub fn arranged() -> Stage {
    let mut stage = people();
    stage.talk("a").conversation.muted = Some(Muted::Forever);
    stage.talk("d").conversation.marked_unread = true;
    stage.talk("e").conversation.archived = true;
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage
}

/// Messages that disappear, in each state of that.
pub fn timed() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let now_ms = NOON - MINUTE;
    let mut add = |text: &str, mine, at_ms| {
        let id = talk.add(text, mine, now_ms);
        let message = talk.message(&id).expect("it was added");
        let after_s = 86_400;
        message.disappears = Some(Disappears { after_s, at_ms });
        id
    };
    add("I am at the door now", false, Some(NOON + 50 * MINUTE));
    add("Two minutes", true, Some(NOON + DAY));
    let lapsed = add("Bring the spare key, please", true, None);
    let last = add("And the long cable", true, None);
    talk.message(&lapsed).expect("it was added").lapsed = true;
    talk.conversation.timer_s = 86_400;
    talk.read = Some(last);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage
}

/// Messages that answer others, one of which was edited.
pub fn replies() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let [theirs, ours, cable] = [3, 5, 7].map(|at: usize| talk.messages[at].id.clone());
    let now_ms = NOON - MINUTE;
    let which = talk.add("Which one, the ten metres?", false, now_ms);
    talk.reply(&which, &cable);
    let yes = talk.add("Yes", true, now_ms);
    talk.reply(&yes, &which);
    let read = talk.add("I have read them, and passed them on.", true, now_ms);
    talk.reply(&read, &theirs);
    let lost = talk.add("Not that one", false, now_ms);
    talk.reply(&lost, &MessageId("bb-01-fff".into()));
    talk.edit(&ours, "The permit holds until Saturday evening.", now_ms);
    talk.edit(&yes, "Yes, and the tape", now_ms);
    talk.read = Some(lost);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage
}

/// Voice notes, of which the first plays.
pub fn voices() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let loading = FileState::Loading { bytes: 16_000 };
    for (seconds, state, mine) in [
        (48, FileState::Here, false),
        (7, loading, false),
        (131, FileState::Here, true),
    ] {
        let id = talk.add("", mine, NOON - i64::from(seconds) * 1_000);
        talk.attach_voice(&id, seconds, state);
    }
    let first = talk.messages[talk.messages.len() - 3].id.clone();
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(PlayingAction::Toggle(Voiced::Message(first)));
    if let Some(Effect::Play(Play::Begin { ticket, .. })) = stage.done.last() {
        let place = Played::Place(17_000);
        stage.does(PlayingAction::Report(*ticket, place));
    }
    stage
}

/// A voice note that is recorded.
pub fn recording() -> Stage {
    let mut stage = conversation();
    stage.does(RecordingAction::Begin { held: false });
    if let Some(Effect::Record(Record::Begin(ticket))) = stage.done.last() {
        let ticket = *ticket;
        let mut hears = |heard| stage.does(RecordingAction::Report(ticket, heard));
        hears(Heard::By(Private("Built-in Audio Analog Stereo".into())));
        for tenth in 1..=83 {
            let loudness = (tenth * tenth * 37 % 4_000) as u16;
            hears(Heard::Loudness(loudness, tenth * 100));
        }
    }
    stage
}

/// Files in each state that one often sees.
pub fn files() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let mut add = |text: &str, name: &str, size, state, mine, ago| {
        let id = talk.add(text, mine, NOON - ago * MINUTE);
        talk.attach(&id, name, size, state);
        id
    };
    let offered = FileState::Offered {
        why: Offered::Large,
    };
    let here = FileState::Here;
    add("", "Допълнително споразумение.pdf", 184_000, here, false, 9);
    add(
        "",
        "Festival of the long summer, all recordings of the second evening.tar.zst",
        734_003_200,
        offered,
        false,
        8,
    );
    let bytes = 31_400_000;
    let comes = add(
        "From the roof",
        "roof.mp4",
        52_428_800,
        FileState::Loading { bytes },
        false,
        7,
    );
    let goes = add(
        "The minutes of last week",
        "minutes.odt",
        48_100,
        here,
        true,
        6,
    );
    let refused = add("", "تقرير.zip", 9_400_000, here, true, 5);
    add("", "film.mkv", 220_000_000, FileState::Cancelled, true, 4);
    let last = add("", "plan.svg", 12_400, FileState::Freed, false, 4);
    let file = |talk: &mut stage::Talk, id: &MessageId| -> FileHeld {
        let message = talk.message(id).expect("it was added");
        message.file.as_ref().expect("a file").held[0].clone()
    };
    for (id, bytes, declined) in [(&goes, 28_900, false), (&refused, 0, true)] {
        let held = FileHeld {
            bytes,
            declined,
            ..file(talk, id)
        };
        let message = talk.message(id).expect("it was added");
        message.file.as_mut().expect("a file").held = vec![held];
    }
    talk.read = Some(last);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    for bytes in [bytes - 6_000_000, bytes - 3_000_000, bytes] {
        stage.pass(1_000);
        stage.happens(Event::FileProgress {
            conversation: chat_id("a"),
            id: comes.clone(),
            device: None,
            bytes,
        });
    }
    stage.later(100);
    stage
}

/// Files above what is being written: one is on its way, one waits, one cannot be sent.
pub fn attaching() -> Stage {
    let mut stage = conversation();
    let long = "recordings of the whole year.iso";
    stage.node.unfit.insert(long.into(), Unfit::TooLong);
    let names = ["minutes.txt", "roof.jpg", "talk.pdf", long];
    let paths = names.map(|name| FilePath(name.into())).to_vec();
    stage.does(AttachAction::Add(chat_id("a"), paths));
    stage.does(ThreadAction::Draft("The minutes, and the roof".into()));
    stage.act(ThreadAction::Send);
    let is_upload = |request: &Request| matches!(request, Request::Upload { .. });
    let at = stage.asked.iter().position(is_upload);
    let upload = at.and_then(|at| stage.asked.remove(at));
    stage.answer();
    if let Some(Request::Upload { ticket, .. }) = upload {
        stage.handle(Update::UploadGoesOn(ticket, 2_600));
    }
    stage.does(ThreadAction::Draft("And tomorrow".into()));
    stage
}

/// Files above what is being written, two of which go only if their user says so.
pub fn consent() -> Stage {
    let mut stage = conversation();
    let names = ["minutes.txt", "roof.jpg", "talk.pdf", "budget.pdf"];
    let mut paths: Vec<_> = names.map(|name| FilePath(name.into())).into();
    stage.does(AttachAction::Add(chat_id("a"), paths.split_off(1)));
    stage.does(AttachAction::Add(chat_id("a"), paths));
    let picture = Pasted([0; 4_096].into());
    stage.does(AttachAction::Pasted(chat_id("a"), Some(picture)));
    stage
}

/// Pictures: here, still to be loaded, sent, damaged, and one of long ago.
pub fn pictures() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let old = talk.insert(0, "", false, NOON - 60 * DAY);
    talk.attach_picture(&old, "last winter.jpg", 3_400_000, FileState::Here);
    let ours = talk.insert(1, "", true, NOON - 50 * DAY);
    talk.attach(&ours, "minutes.odt", 48_100, FileState::Here);
    let offered = FileState::Offered {
        why: Offered::Large,
    };
    let here = FileState::Here;
    let mut last = old;
    for (text, name, size, state, mine, ago) in [
        ("", "tall tower.jpg", 2_100_000, here, false, 9),
        ("From the roof", "roof.jpg", 1_240_000, here, true, 8),
        ("", "bridge.jpg", 9_800_000, offered, false, 7),
        ("This one?", "broken.jpg", 310_000, here, false, 6),
    ] {
        last = talk.add(text, mine, NOON - ago * MINUTE);
        talk.attach_picture(&last, name, size, state);
    }
    talk.read = Some(last);
    talk.late.clear();
    let talk = stage.talk("b");
    let theirs = talk.add("", false, NOON - 20 * DAY);
    talk.attach(&theirs, "plan.svg", 12_400, FileState::Here);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.later(100);
    stage
}

/// Messages that their authors deleted, in each state of that.
pub fn deleted() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let ids = [1, 2, 4, 7].map(|at: usize| talk.messages[at].id.clone());
    for id in &ids {
        talk.delete(id, NOON - MINUTE);
    }
    let [old, _, removed, _] = ids;
    talk.removed(&old, RemovalState::Unsupported);
    let at_ms = NOON + 2 * MINUTE;
    talk.removed(&removed, RemovalState::Removed { at_ms });
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage
}

pub fn emoji() -> Stage {
    let mut stage = people();
    stage.talk("b").contact.name = Private("Ben 🚲".into());
    for (text, mine, ago) in [
        (
            "Tea is on ☕ and the stove is warm 🔥, so come in whenever you like 🙂",
            false,
            9,
        ),
        ("❤️", true, 8),
        ("🌧️☔🥾", true, 7),
        ("👩🏽‍🚀 1️⃣ 🇧🇬: https://example.org 🎉", false, 6),
        ("مرحبا 👋 كيف الحال؟ 😀", false, 5),
        ("👨‍👩‍👧‍👦👍🏿🏴󠁧󠁢󠁳󠁣󠁴󠁿", false, 4),
    ] {
        let message = stage.talk("b").add(text, mine, NOON - ago * MINUTE);
        if ago == 9 || ago == 7 {
            let said = |author, emoji: &str| Reaction {
                author,
                emoji: Private(emoji.into()),
            };
            let message = stage.talk("b").message(&message).expect("it was added");
            message.reactions = vec![said(None, "🔥"), said(Some(id("b")), "👍")];
            message.reactions.truncate(if mine { 1 } else { 2 });
            message.pinned = !mine;
        }
    }
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("b")));
    stage.does(ThreadAction::Draft("On my way 🚲, two streets left".into()));
    stage
}

//! Whatever is done and whatever happens, in any order.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use proptest::prelude::*;

use crate::stage::*;

/// What one step is, by number: most of what can be done, and what can happen.
fn step(stage: &mut Stage, what: u8, number: u16) {
    let letter = ["a", "b", "c"][usize::from(number % 3)];
    let shown = stage.app.pages.thread.open.as_ref().and_then(|thread| {
        let index = usize::from(number) % thread.rows.len().max(1);
        let row = thread.rows.get(index)?;
        Some(MessageId(row.id.rsplit(' ').next()?.to_owned()))
    });
    let shown = shown.unwrap_or(MessageId("bb-01-1".into()));
    let action: Action = match what {
        0 => ChatsAction::OpenChat(chat_id(letter)).into(),
        1 => ThreadAction::Draft(format!("draft {number}")).into(),
        2 => ThreadAction::Send.into(),
        3 => ThreadAction::NearTop.into(),
        4 => ThreadAction::NearBottom.into(),
        5 => ThreadAction::Seen(shown).into(),
        6 => ThreadAction::ScrollTo(f64::from(number) / 65_536.0).into(),
        7 => ThreadAction::JumpToUnread.into(),
        8 => ThreadAction::JumpToNewest.into(),
        9 => ThreadAction::JumpTo(shown).into(),
        10 => Action::Back,
        11 => Action::ShowPerson(id(letter)),
        12 => Action::ShowAdding,
        13 => Action::ShowNetwork,
        14 => DoorAction::LockScreen.into(),
        15 => DoorAction::LockNode.into(),
        16 => DoorAction::Passphrase(passphrase(PASSPHRASE)).into(),
        17 => DoorAction::GoOn.into(),
        18 => PersonAction::Remove.into(),
        19 => DialogAction::Confirm.into(),
        20 => DialogAction::Dismiss.into(),
        21 => AddingAction::Invite {
            in_person: number.is_multiple_of(2),
            valid_for_s: u64::from(number),
        }
        .into(),
        22 => ThreadAction::Details(shown).into(),
        23 => PersonAction::Block(number.is_multiple_of(2)).into(),
        24 => WindowAction::Focused(number.is_multiple_of(2)).into(),
        25 => ChatsAction::Step {
            down: number.is_multiple_of(2),
        }
        .into(),
        26 => ChatsAction::Filter("b".repeat(usize::from(number % 3))).into(),
        27 => return stage.later(u64::from(number) * 10),
        28 => return stage.handle(Update::Event(Event::Missed)),
        29 => return stage.handle(Update::Departed(Departed::Lost)),
        30 => return stage.handle(unlocked()),
        31 => return stage.answer(),
        32 => {
            let refusal = Refusal::Storage {
                fault: StorageFault::Io,
            };
            return stage.handle(Update::Refused(refusal));
        }
        33 => return stage.meet(letter, letter),
        44 => Action::OpenNotified(chat_id(letter)),
        45 => ScanningAction::Scan(number.is_multiple_of(2)).into(),
        46 => ScanningAction::Camera(match number % 4 {
            0 => Sight::There(number.is_multiple_of(8)),
            1 => Sight::Invitation(Private("hedgerow:ABC".into())),
            2 => Sight::OtherCode,
            _ => Sight::Problem(CameraProblem::Gone),
        })
        .into(),
        _ => {
            let (time_ms, mine) = (stage.now.wall_ms, what.is_multiple_of(2));
            let Some(talk) = stage.node.talks.get_mut(&id(letter)) else {
                return;
            };
            let at = match what {
                34..38 => talk.messages.len(),
                _ => usize::from(number) % (talk.messages.len() + 1),
            };
            let message = talk.insert(at, "something", mine, time_ms);
            return stage.handle(Update::Event(Event::Message {
                conversation: chat_id(letter),
                id: message,
                author: (!mine).then(|| id(letter)),
            }));
        }
    };
    stage.act(action);
}

fn check(stage: &Stage) {
    let app = &stage.app;
    if !matches!(app.context.place, Place::Main(_)) {
        // But for the question whether to destroy everything.
        let mut hidden = app.pages.dialog.open.is_none()
            || matches!(app.pages.dialog.open, Some(Dialog::Wipe { .. }));
        hidden &= app.pages.chats.rows.is_empty()
            && app.pages.thread.open.is_none()
            && app.pages.person.open.is_none();
        assert!(hidden && app.context.me.is_none() && app.pages.network.people.is_empty());
    }
    let cameras = stage.done.iter().rev().find_map(|effect| match effect {
        Effect::Camera(on) => Some(*on),
        _ => None,
    });
    assert_eq!(cameras.unwrap_or_default(), app.pages.adding.scanning.on);
    assert!(app.context.place == Place::Main(Pane::Adding) || !app.pages.adding.scanning.on);
    match app.context.place {
        Place::Main(Pane::Thread) => assert!(app.pages.thread.open.is_some()),
        Place::Main(Pane::Person) => assert!(app.pages.person.open.is_some()),
        _ => {}
    }
    if let Some(thread) = &app.pages.thread.open {
        assert!(thread.loaded <= 200 && thread.rows.len() <= 2 * 200 + 2);
        let mut ids: Vec<_> = thread.rows.iter().map(|row| &row.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), thread.rows.len(), "each row is there once");
    }
}

/// What is shown is what is there.
fn check_settled(stage: &Stage) {
    let Some(thread) = &stage.app.pages.thread.open else {
        return;
    };
    let mut talks = stage.node.talks.values();
    let talk = talks.find(|talk| talk.conversation.id == thread.id);
    let talk = talk.unwrap();
    let shown: Vec<_> = thread
        .rows
        .iter()
        .filter_map(|row| match &row.kind {
            RowKind::Message(message) => Some(&message.id),
            _ => None,
        })
        .collect();
    let first = thread.first as usize;
    let there: Vec<_> = talk.messages.iter().map(|message| &message.id).collect();
    assert_eq!(shown, there[first..first + shown.len()]);
    assert_eq!(thread.total, there.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_shows_what_is_hidden_and_what_is_shown_is_what_is_there(
        steps in proptest::collection::vec((0..47_u8, any::<u16>()), 1..120),
    ) {
        let mut stage = Stage::open(&["Ana", "Ben", "Eve"]);
        for number in 0..700 {
            stage.talk("a").add(&number.to_string(), number % 5 == 0, NOON - 700_000 + number);
        }
        stage.does(Action::Prefer(Preference::LockAfterMin(None)));
        for (what, number) in steps {
            step(&mut stage, what, number);
            check(&stage);
        }
        stage.answer();
        // Whatever was lost on the way is told so by the node.
        stage.handle(Update::Event(Event::Missed));
        stage.later(30_000);
        check(&stage);
        check_settled(&stage);
    }
}

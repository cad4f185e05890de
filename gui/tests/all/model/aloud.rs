//! What a screen reader says unasked.

use crate::stage::{Stage, chat_id, id};
use hedgerow_gui::model::*;
use hedgerow_node::api::*;

/// What was announced since this was last asked.
fn announced(stage: &mut Stage) -> Vec<Announcement> {
    let done = stage.done.drain(..);
    let said = done.filter_map(|effect| match effect {
        Effect::Announce(announcement) => Some(announcement),
        _ => None,
    });
    said.collect()
}

fn came(text: &str) -> Announcement {
    Announcement::Came {
        name: Private("Ana".into()),
        text: Private(text.into()),
    }
}

#[test]
fn what_comes_to_the_open_conversation_is_announced_while_the_user_is_there() {
    let mut stage = Stage::talking(0);
    stage.comes("a", "the first of all");
    assert!(announced(&mut stage) == [came("the first of all")]);
    stage.comes("a", "and another");
    assert!(announced(&mut stage) == [came("and another")]);
    stage.comes("a", &"x".repeat(60_000));
    assert!(announced(&mut stage) == [came(&"x".repeat(1_000))]);

    // So much at once that nobody wants to hear it.
    let time_ms = stage.now.wall_ms;
    for number in 0..5 {
        let text = format!("line {number}");
        stage.talk("a").add(&text, false, time_ms);
    }
    stage.comes("a", "the last of six");
    let many = Announcement::CameMany {
        name: Private("Ana".into()),
        count: 6,
    };
    assert!(announced(&mut stage) == [many]);

    // Elsewhere a notification tells.
    stage.does(WindowAction::Focused(false));
    stage.comes("a", "behind another window");
    stage.does(WindowAction::Focused(true));
    stage.does(Action::ShowNetwork);
    stage.comes("a", "behind another page");
    assert!(announced(&mut stage).is_empty());
}

#[test]
fn a_message_of_ours_is_announced_when_it_waits_and_when_it_is_delivered() {
    let mut stage = Stage::talking(0);
    let sends = |stage: &mut Stage, text: &str| {
        stage.does(ThreadAction::Draft(text.into()));
        stage.does(ThreadAction::Send);
        stage.later(200);
    };
    sends(&mut stage, "first");
    sends(&mut stage, "second");
    let waits = Announcement::Ours(Tick::Queued);
    assert!(announced(&mut stage) == [waits.clone(), waits]);
    let last = stage.talk("a").messages.last().unwrap().id.clone();
    stage.talk("a").arrive(0);
    stage.talk("a").arrive(1);
    stage.happens(Event::Delivered {
        conversation: chat_id("a"),
        contact: id("a"),
        device: DeviceId("d1".repeat(8)),
        id: last,
        queued: 0,
    });
    stage.later(1_000);
    assert!(announced(&mut stage) == [Announcement::Ours(Tick::Delivered)]);

    // With somebody who is near, nothing has to wait.
    stage.talk("a").contact.reachable = Some(Carrier::Lan);
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    announced(&mut stage);
    sends(&mut stage, "third");
    assert!(announced(&mut stage).is_empty());
}

//! The open conversation.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

#[test]
fn of_a_hundred_thousand_messages_two_hundred_are_loaded_wherever_one_goes() {
    let mut stage = Stage::talking(100_000);
    let thread = stage.app.pages.thread.open.as_mut().unwrap();
    assert_eq!(
        (thread.total, thread.first, thread.loaded),
        (100_000, 99_975, 25)
    );
    assert!(thread.at_newest && !thread.at_oldest);
    assert!(thread.take_scroll() == Some(Scroll::End) && thread.take_scroll().is_none());

    for _ in 0..20 {
        stage.does(ThreadAction::NearTop);
    }
    let thread = stage.thread();
    assert_eq!((thread.first, thread.loaded), (99_475, 200));
    assert!(!thread.at_newest);
    assert_eq!(texts(thread).last().unwrap(), "line 99674");
    for _ in 0..20 {
        stage.does(ThreadAction::NearBottom);
    }
    assert!(stage.thread().at_newest && stage.thread().loaded == 200);

    stage.does(ThreadAction::ScrollTo(0.5));
    let thread = stage.app.pages.thread.open.as_mut().unwrap();
    let middle = message(thread, "line 50000").id.0.clone();
    assert!(thread.take_scroll() == Some(Scroll::Row(middle)));
    assert_eq!(
        thread.first, 50_000,
        "the first frame has what was jumped to alone"
    );
    stage.later(20);
    assert!(
        stage.thread().first < 50_000,
        "what is before is loaded too"
    );
    stage.does(ThreadAction::ScrollTo(0.0));
    assert!(stage.thread().at_oldest && stage.thread().first == 0);
    stage.does(ThreadAction::ScrollTo(f64::NAN));
    assert!(stage.thread().at_newest);
    assert_eq!(stage.node.pages.1, 25, "no page is larger");
}

#[test]
fn a_date_is_jumped_to_and_days_are_separated() {
    let mut stage = Stage::talking(10_000);
    stage.does(ThreadAction::AskDate);
    assert!(matches!(
        stage.app.pages.dialog.open,
        Some(Dialog::JumpToDate { .. })
    ));
    let date = Date {
        year: 2026,
        month: 5,
        day: 10,
    };
    stage.does(ThreadAction::JumpToDate(date));
    assert!(stage.app.pages.dialog.open.is_none());
    let scroll = stage.app.pages.thread.open.as_mut().unwrap().take_scroll();
    let Some(Scroll::Row(row)) = scroll else {
        panic!("the view stays where it is");
    };
    stage.later(20);
    let thread = stage.thread();
    let index = thread.rows.iter().position(|one| one.id == row).unwrap();
    assert!(matches!(&thread.rows[index].kind, RowKind::Day(when) if when.date == date));
    assert!(index > 20, "what is before is loaded too");
    assert_eq!(
        texts(thread)
            .iter()
            .filter(|text| text.starts_with("= "))
            .count(),
        2
    );
    let never = Date {
        year: 2030,
        month: 1,
        day: 1,
    };
    stage.does(ThreadAction::JumpToDate(never));
    assert!(stage.thread().at_newest);
}

#[test]
fn the_unread_line_stands_where_reading_goes_on_until_one_answers() {
    let mut stage = Stage::open(&["Ana"]);
    for number in 0..5 {
        stage.comes("a", &format!("old {number}"));
    }
    let read = stage.talk("a").messages[2].id.clone();
    stage.talk("a").mark(&read);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    let shown = texts(stage.thread());
    assert_eq!(
        shown,
        [
            "= 5-14", "old 0", "old 1", "old 2", "= unread", "old 3", "old 4"
        ]
    );
    let last = message(stage.thread(), "old 4").id.clone();
    assert!(
        matches!(stage.app.pages.thread.open.as_mut().unwrap().take_scroll(), Some(Scroll::Row(row)) if row.starts_with("unread "))
    );

    stage.does(ThreadAction::Seen(last));
    stage.later(1_000);
    assert_eq!((stage.talk("a").unread(), stage.thread().unread), (0, 0));
    assert!(
        texts(stage.thread()).contains(&"= unread".to_owned()),
        "it stays while one reads"
    );
    stage.does(ThreadAction::Draft("hello".into()));
    stage.does(ThreadAction::Send);
    stage.later(1_000);
    assert!(!texts(stage.thread()).contains(&"= unread".to_owned()));
    assert_eq!(texts(stage.thread()).last().unwrap(), "hello");
}

#[test]
fn many_unread_messages_are_entered_at_the_first() {
    let mut stage = Stage::open(&["Ana"]);
    for number in 0..500 {
        stage.talk("a").add(&format!("line {number}"), false, NOON);
    }
    let read = stage.talk("a").messages[99].id.clone();
    stage.talk("a").mark(&read);
    stage.happens(Event::Missed);
    stage.later(1_000);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    let thread = stage.thread();
    let shown = texts(thread);
    let line = shown.iter().position(|text| text == "= unread").unwrap();
    assert_eq!(shown[line + 1], "line 100");
    assert_eq!((thread.unread, thread.at_newest), (400, false));
}

#[test]
fn new_messages_are_appended_at_the_newest_and_counted_elsewhere() {
    let mut stage = Stage::talking(1_000);
    let last = stage.thread().rows.back().unwrap().id.clone();
    stage.does(ThreadAction::Seen(MessageId(last)));
    stage.comes("a", "one more");
    assert_eq!(texts(stage.thread()).last().unwrap(), "one more");
    assert!(stage.app.pages.thread.open.as_mut().unwrap().take_scroll() == Some(Scroll::End));

    stage.does(ThreadAction::ScrollTo(0.1));
    stage.later(20);
    stage.app.pages.thread.open.as_mut().unwrap().take_scroll();
    let before = texts(stage.thread());
    stage.comes("a", "and another");
    assert_eq!(texts(stage.thread()), before);
    let thread = stage.app.pages.thread.open.as_mut().unwrap();
    assert_eq!((thread.total, thread.unread), (1_002, 2));
    assert!(
        thread.take_scroll().is_none(),
        "the view stays where one reads"
    );
    stage.does(ThreadAction::JumpToNewest);
    assert_eq!(texts(stage.thread()).last().unwrap(), "and another");
}

#[test]
fn what_is_in_view_stays_loaded_while_much_comes_in() {
    let mut stage = Stage::talking(1_000);
    let top = stage.thread().rows[1].id.clone();
    stage.does(ThreadAction::LeftEnd);
    stage.does(ThreadAction::Seen(MessageId(top.clone())));
    for number in 0..1_000 {
        stage.talk("a").add(&format!("flood {number}"), false, NOON);
    }
    for _ in 0..100 {
        stage.happens(Event::Messages {
            conversation: chat_id("a"),
            count: 10,
        });
        stage.later(60);
    }
    assert!(stage.thread().rows.iter().any(|row| row.id == top));
    assert_eq!(stage.thread().total, 2_000);
    assert!(stage.thread().loaded <= 200);
}

#[test]
fn whoever_reads_along_at_the_end_is_taken_along() {
    let mut stage = Stage::talking(1_000);
    let last = stage.thread().rows.back().unwrap().id.clone();
    stage.does(ThreadAction::Seen(MessageId(last)));
    for number in 0..5_000 {
        stage.talk("a").add(&format!("flood {number}"), false, NOON);
    }
    stage.happens(Event::Messages {
        conversation: chat_id("a"),
        count: 5_000,
    });
    stage.later(1_000);
    assert_eq!(texts(stage.thread()).last().unwrap(), "flood 4999");
    assert!(stage.thread().at_newest);
}

#[test]
fn whoever_reads_at_the_end_stays_there_while_new_rows_are_not_laid_out() {
    let mut stage = Stage::talking(1_000);
    let rows = &stage.thread().rows;
    let (above, last) = (
        rows[rows.len() - 5].id.clone(),
        rows.back().unwrap().id.clone(),
    );
    stage.does(ThreadAction::Seen(MessageId(last)));
    for number in 0..5_000 {
        stage.talk("a").add(&format!("flood {number}"), false, NOON);
        if number % 500 == 0 {
            stage.happens(Event::Messages {
                conversation: chat_id("a"),
                count: 500,
            });
            stage.later(60);
            // The view has not drawn what came, so it names an older message.
            stage.does(ThreadAction::Seen(MessageId(above.clone())));
        }
    }
    stage.happens(Event::Messages {
        conversation: chat_id("a"),
        count: 499,
    });
    stage.later(1_000);
    assert_eq!(texts(stage.thread()).last().unwrap(), "flood 4999");
    assert!(stage.thread().at_newest);
}

#[test]
fn whoever_has_left_the_end_is_not_taken_along() {
    let mut stage = Stage::talking(1_000);
    let last = stage.thread().rows.back().unwrap().id.clone();
    stage.does(ThreadAction::Seen(MessageId(last)));
    stage.does(ThreadAction::LeftEnd);
    stage.app.pages.thread.open.as_mut().unwrap().take_scroll();
    stage.comes("a", "one more");
    let thread = stage.app.pages.thread.open.as_mut().unwrap();
    assert!(thread.take_scroll().is_none());
}

#[test]
fn late_messages_are_counted_and_reached_in_one_step() {
    let mut stage = Stage::talking(3_000);
    let last = stage.thread().rows.back().unwrap().id.clone();
    stage.does(ThreadAction::Seen(MessageId(last.clone())));
    for at in [700, 500, 600] {
        let message = stage.talk("a").insert(
            at,
            &format!("late {at}"),
            false,
            NOON - 3_000 * 60_000 + at as i64 * 60_000,
        );
        stage.happens(Event::Message {
            conversation: chat_id("a"),
            id: message,
            author: Some(id("a")),
        });
        stage.later(500);
    }
    assert_eq!(stage.thread().unread_above, 3);
    // Reading on below does not lose them.
    let new = stage.comes("a", "new");
    stage.does(ThreadAction::Seen(new));
    stage.later(1_000);
    assert_eq!(stage.talk("a").unread(), 0);
    assert_eq!(stage.thread().unread_above, 3);

    stage.does(ThreadAction::JumpToUnread);
    stage.later(100);
    let late = message(stage.thread(), "late 500").id.0.clone();
    let thread = stage.app.pages.thread.open.as_mut().unwrap();
    assert!(thread.take_scroll() == Some(Scroll::Row(late)));
    assert_eq!(thread.unread_above, 0);
}

#[test]
fn a_late_message_among_the_loaded_ones_takes_its_place() {
    let mut stage = Stage::talking(50);
    let last = stage.thread().rows.back().unwrap().id.clone();
    stage.does(ThreadAction::Seen(MessageId(last)));
    let time_ms = stage.talk("a").messages[30].time_ms;
    let message = stage.talk("a").insert(30, "late", false, time_ms);
    stage.happens(Event::Message {
        conversation: chat_id("a"),
        id: message,
        author: Some(id("a")),
    });
    stage.later(500);
    let shown = texts(stage.thread());
    let at = shown.iter().position(|text| text == "late").unwrap();
    assert_eq!(
        (shown[at - 1].as_str(), shown[at + 1].as_str()),
        ("line 29", "line 30")
    );
    assert_eq!(stage.thread().unread_above, 1);
}

#[test]
fn messages_of_one_author_are_grouped() {
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    for (text, mine, minute) in [
        ("a", false, 0),
        ("b", false, 1),
        ("c", true, 2),
        ("d", true, 30),
    ] {
        talk.add(text, mine, NOON + minute * 60_000);
    }
    stage.happens(Event::Missed);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    let ends = |text: &str| {
        let message = message(stage.thread(), text);
        (message.starts_group, message.ends_group)
    };
    assert_eq!([ends("a"), ends("b")], [(true, false), (false, true)]);
    assert_eq!([ends("c"), ends("d")], [(true, true), (true, true)]);
}

#[test]
fn each_message_tells_how_far_it_has_come_and_why_no_further() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.talk("a").conversation.why = Some(Why::NoAnswer {
        next_ms: NOON + 90_000,
    });
    stage.does(ThreadAction::Draft("first".into()));
    stage.does(ThreadAction::Send);
    stage.later(500);
    let row = message(stage.thread(), "first");
    assert_eq!(row.tick, Some(Tick::Queued));
    let first = row.id.clone();
    stage.does(ThreadAction::Details(first.clone()));
    let Some(Dialog::MessageDetails(details)) = &stage.app.pages.dialog.open else {
        panic!("no details");
    };
    assert!(matches!(details.why, Some(Why::NoAnswer { .. })));
    let next = details.next.unwrap();
    assert_eq!((next.day, next.hour, next.minute), (Day::Today, 12, 1));
    assert_eq!(details.text, "first");
    let ways: Vec<_> = details.ways.iter().map(|way| way.carrier).collect();
    assert_eq!(ways, [Carrier::Lan, Carrier::Relay, Carrier::File]);
    let next = details.ways[0].next.unwrap();
    assert_eq!((next.day, next.hour, next.minute), (Day::Today, 12, 1));
    stage.does(DialogAction::Dismiss);

    // A session comes up: the rows tell it without being read again.
    stage.talk("a").contact.reachable = Some(Carrier::Lan);
    stage.talk("a").conversation.why = Some(Why::OnItsWay);
    stage.happens(Event::Contact { contact: id("a") });
    stage.later(500);
    assert_eq!(
        message(stage.thread(), "first").tick,
        Some(Tick::Sent(Carrier::Lan))
    );
    stage.talk("a").arrive(0);
    stage.happens(Event::Delivered {
        conversation: chat_id("a"),
        contact: id("a"),
        device: DeviceId("d1".repeat(8)),
        id: first,
        queued: 0,
    });
    stage.later(500);
    assert_eq!(message(stage.thread(), "first").tick, Some(Tick::Delivered));
    let excerpt = stage.app.pages.chats.rows[0].last.as_ref().unwrap();
    assert_eq!(excerpt.tick, Some(Tick::Delivered));
}

#[test]
fn drafts_stay_with_their_conversation() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(ThreadAction::Draft("Dear".into()));
    stage.does(ThreadAction::Draft("Dear A".into()));
    assert!(
        stage.talk("a").conversation.draft.is_none(),
        "not with every key"
    );
    stage.later(2_000);
    assert_eq!(
        stage.talk("a").conversation.draft,
        Some(Draft::text("Dear A"))
    );
    stage.does(ThreadAction::Draft("Dear Ana".into()));
    stage.does(ChatsAction::OpenChat(chat_id("b")));
    assert_eq!(stage.thread().draft, "");
    assert_eq!(stage.row("a").draft.as_deref(), Some("Dear Ana"));
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert_eq!(stage.thread().draft, "Dear Ana");
    stage.does(ThreadAction::Send);
    assert_eq!(stage.thread().draft, "");
    assert_eq!(stage.talk("a").messages.len(), 1);
    assert!(stage.talk("a").conversation.draft.is_none());
    // After a restart it is the store's.
    stage.talk("b").conversation.draft = Some(Draft::text("Ben!"));
    stage.handle(unlocked());
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("b")));
    assert_eq!(stage.thread().draft, "Ben!");
}

#[test]
fn what_cannot_be_sent_is_not_lost() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(ThreadAction::Draft("  ".into()));
    assert!(!stage.thread().may_send);
    stage.does(ThreadAction::Draft("x".repeat(MAX_TEXT + 1)));
    assert!(!stage.thread().may_send && stage.thread().length_left == Some(-1));
    stage.does(ThreadAction::Draft("hello".into()));
    stage.talk("a").contact.blocked = true;
    stage.does(ThreadAction::Send);
    assert_eq!(stage.thread().draft, "hello");
    assert!(stage.thread().sending.is_empty());
    assert!(stage.app.banner.shown == Some(Banner::Refused(Refusal::Blocked)));
    stage.later(60_000);
    assert!(stage.app.banner.shown.is_none());
}

#[test]
fn a_long_text_is_folded_until_asked_for() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    let text = "жé".repeat(10_000);
    let long = stage.comes("a", &text);
    let shown = |stage: &Stage| texts(stage.thread()).last().unwrap().len();
    assert!(shown(&stage) <= 2_000);
    stage.does(ThreadAction::Unfold(long.clone()));
    assert_eq!(shown(&stage), text.len());
    stage.does(ThreadAction::CopyMessage(long));
    assert!(matches!(stage.done.last(), Some(Effect::Copy(copied)) if copied.0 == text));
}

#[test]
fn a_link_opens_after_the_real_host_was_shown() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.comes("a", "look: https://www.b\u{430}nk.example/login!");
    let row = stage.thread().rows.back().unwrap();
    let RowKind::Message(shown) = &row.kind else {
        panic!("no message");
    };
    let link = shown.body.as_ref().unwrap()[1].link.clone().unwrap();
    stage.does(ThreadAction::OpenLink(link));
    let Some(Dialog::OpenLink {
        url,
        host,
        foreign_letters,
        in_clear,
    }) = &stage.app.pages.dialog.open
    else {
        panic!("nothing is asked");
    };
    assert_eq!(
        (host.as_str(), *foreign_letters, *in_clear),
        ("www.xn--bnk-6cd.example", true, false)
    );
    let url = url.clone();
    assert!(
        !stage
            .done
            .iter()
            .any(|effect| matches!(effect, Effect::OpenUrl(_)))
    );
    stage.does(DialogAction::Confirm);
    assert!(matches!(stage.done.last(), Some(Effect::OpenUrl(opened)) if opened.0 == url));

    stage.does(ThreadAction::OpenLink("hedgerow:ABC".into()));
    assert!(stage.app.context.place == Place::Main(Pane::Adding));
    assert_eq!(stage.app.pages.adding.pasted, "hedgerow:ABC");
}

#[test]
fn a_removed_contact_takes_the_conversation_along() {
    let mut stage = Stage::talking(10);
    stage.does(Action::ShowPerson(id("a")));
    stage.does(ThreadAction::Draft("unsaid".into()));
    stage.does(PersonAction::Remove);
    assert!(matches!(
        stage.app.pages.dialog.open,
        Some(Dialog::RemoveContact { .. })
    ));
    stage.does(DialogAction::Dismiss);
    assert_eq!(stage.app.pages.chats.rows.len(), 1);
    stage.does(PersonAction::Remove);
    stage.log.clear();
    stage.does(DialogAction::Confirm);
    assert!(stage.app.context.place == Place::Main(Pane::Nothing));
    assert!(stage.app.pages.thread.open.is_none() && stage.app.pages.person.open.is_none());
    assert!(stage.app.pages.chats.rows.is_empty());
    assert!(!stage.log.contains(&"SetDraft".to_owned()));
}

/// What happens and what was asked come by different ways. A text stayed "on its way" for ever where the page that
/// has it was read before its delivery, and came after it.
#[test]
fn a_delivery_is_shown_though_the_page_with_the_message_was_read_before() {
    let mut stage = Stage::talking(10);
    let now_ms = stage.now.wall_ms;
    let mine = stage.talk("a").add("mine", true, now_ms);
    stage.handle(Update::Event(Event::Message {
        conversation: chat_id("a"),
        id: mine.clone(),
        author: None,
    }));
    let asked: Vec<_> = stage.asked.drain(..).collect();
    let mut read = Vec::new();
    for request in asked {
        read.extend(stage.node.answers(request, stage.now));
    }
    stage.talk("a").arrive(10);
    stage.handle(Update::Event(Event::Delivered {
        conversation: chat_id("a"),
        contact: id("a"),
        device: DeviceId("d1".repeat(8)),
        id: mine,
        queued: 0,
    }));
    for update in read {
        stage.handle(update);
    }
    stage.later(500);
    assert_eq!(message(stage.thread(), "mine").tick, Some(Tick::Delivered));
}

#[test]
fn in_what_is_left_of_a_chat_with_somebody_removed_nothing_can_be_written() {
    let mut stage = Stage::talking(3);
    stage.talk("a").part();
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    let last = stage.talk("a").messages[2].id.clone();
    assert!(stage.thread().face.former && stage.thread().face.name == "Ana");
    stage.does(ThreadAction::Draft("Still there?".into()));
    assert!(!stage.thread().may_send);
    stage.does(ThreadAction::Send);
    stage.does(ThreadAction::Reply(last));
    assert!(stage.thread().about.is_none());
    stage.does(PickerAction::Open {
        purpose: Purpose::Draft,
        language: "en".into(),
    });
    assert!(stage.app.pages.picker.open.is_none());
    stage.does(AttachAction::Choose);
    assert!(
        !stage
            .done
            .iter()
            .any(|done| matches!(done, Effect::ChooseFiles(_)))
    );
    assert_eq!(stage.talk("a").messages.len(), 3);
}

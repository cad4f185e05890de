//! A group: its conversation, and the page of who is in.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::groups::{group_id, member, ourselves};
use crate::stage::*;

const LEVEL: MemberLevel = MemberLevel::Member;

/// In a group of four, in which we stand so. Ana is an admin and a contact, Dora and Eli are no contacts.
fn in_group(standing: GroupStanding) -> Stage {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    let level = match standing {
        GroupStanding::Admin => MemberLevel::Admin,
        _ => LEVEL,
    };
    let people = [
        member("a", "Ana", MemberLevel::Admin, NamedBy::Contact),
        member("d", "Dora", LEVEL, NamedBy::Themselves),
        member("e", "Eli", LEVEL, NamedBy::WhoBroughtIn),
        ourselves(level),
    ];
    stage.node.found("1", "Walk on Sunday", standing, &people);
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    stage.does(ChatsAction::OpenChat(group_id("1")));
    stage
}

fn group(stage: &mut Stage) -> &mut groups::Group {
    stage.node.groups.get_mut(&group_id("1")).expect("a group")
}

/// On the page of that group.
fn on_the_page(standing: GroupStanding) -> Stage {
    let mut stage = in_group(standing);
    stage.does(GroupAction::Show(group_id("1")));
    stage
}

fn page(stage: &Stage) -> &Group {
    stage.app.pages.group.open.as_ref().expect("it is open")
}

fn row<'a>(stage: &'a Stage, name: &str) -> &'a MemberRow {
    let mut members = page(stage).members.iter();
    members.find(|one| one.name == name).expect("a member")
}

/// The calls that wait for an answer and change a group.
fn asked(stage: &Stage) -> Vec<&Call> {
    let calls = stage.asked.iter().filter_map(|request| match request {
        Request::Call(call) if !call.only_looks() => Some(call),
        _ => None,
    });
    calls.collect()
}

#[test]
fn the_page_tells_who_is_in_and_whose_word_each_name_is() {
    let stage = on_the_page(GroupStanding::Member);
    assert!(stage.app.context.place == Place::Main(Pane::Group));
    assert_eq!(page(&stage).members.len(), 4);
    assert_eq!(row(&stage, "Ana").contact, Some(id("a")));
    assert_eq!(row(&stage, "Dora").named_by, NamedBy::Themselves);
    assert_eq!(row(&stage, "Eli").named_by, NamedBy::WhoBroughtIn);
    assert!(row(&stage, "Fay").is_me);
    let offers = page(&stage).members.iter().map(|one| one.offers);
    assert!(offers.eq([MemberOffers::default(); 4]), "only admins act");
}

#[test]
fn an_admin_appoints_lowers_and_removes_after_a_question() {
    let mut stage = on_the_page(GroupStanding::Admin);
    assert!(row(&stage, "Fay").offers == MemberOffers::default());
    assert!(row(&stage, "Dora").offers.appoint && !row(&stage, "Dora").offers.lower);
    assert!(row(&stage, "Ana").offers.lower && !row(&stage, "Ana").offers.appoint);
    for (name, change, level) in [
        ("Dora", MemberChange::Appoint, MemberLevel::Admin),
        ("Ana", MemberChange::Lower, LEVEL),
        ("Eli", MemberChange::Remove, MemberLevel::None),
    ] {
        let who = row(&stage, name).id.clone();
        stage.does(GroupAction::Member(who.clone()));
        stage.act(DialogAction::Confirm);
        assert!(
            asked(&stage).is_empty(),
            "nothing is done before it is asked"
        );
        stage.does(GroupAction::Member(who.clone()));
        stage.does(DialogAction::AskChange(change));
        stage.act(DialogAction::Confirm);
        let calls = asked(&stage);
        let is_it = |call: &&&Call| match call {
            Call::SetLevel(of, one, to) => *of == group_id("1") && *one == who && *to == level,
            _ => false,
        };
        assert_eq!((calls.len(), calls.iter().filter(is_it).count()), (1, 1));
        stage.answer();
    }
    assert_eq!(row(&stage, "Dora").level, MemberLevel::Admin);
    assert_eq!(row(&stage, "Ana").level, LEVEL);
    assert!(page(&stage).members.iter().all(|one| one.name != "Eli"));
}

#[test]
fn who_removes_a_member_sees_whom_that_member_added() {
    let mut stage = in_group(GroupStanding::Admin);
    let ana = group(&mut stage).members[0].who.clone();
    // Ourselves we know.
    for added in [1, 3] {
        group(&mut stage).members[added].added_by = Some(ana.clone());
    }
    assert!(group(&mut stage).members[3].who.is_me);
    let added = group(&mut stage).members[1].who.name.0.clone();
    stage.does(GroupAction::Show(group_id("1")));
    stage.does(GroupAction::Member(ana.id));
    match &stage.app.pages.dialog.open {
        Some(Dialog::Member(asked)) => assert_eq!(asked.member.added, added),
        _ => panic!("nothing is asked"),
    }
}

#[test]
fn who_is_suspended_sees_by_whom_and_objects_with_the_passphrase() {
    let mut stage = in_group(GroupStanding::Suspended);
    stage.does(GroupAction::Show(group_id("1")));
    assert!(page(&stage).suspended_by().is_none());
    stage.does(GroupAction::Object);
    assert!(stage.app.pages.dialog.open.is_none(), "not suspended");
    let ana = group(&mut stage).members[0].who.clone();
    let us = &mut group(&mut stage).members[3];
    (us.level, us.suspended, us.suspended_by) = (MemberLevel::None, true, vec![ana]);
    stage.does(GroupAction::Show(group_id("1")));
    assert_eq!(page(&stage).suspended_by(), Some("Ana"));
    stage.does(GroupAction::Object);
    stage.act(DialogAction::Confirm);
    assert!(stage.asked.is_empty(), "there is no passphrase yet");
    for (typed, problem) in [
        ("wrong", Some(Refusal::WrongPassphrase)),
        (PASSPHRASE, None),
    ] {
        stage.does(DialogAction::Current(Passphrase::new(typed.into())));
        stage.does(DialogAction::Confirm);
        let left = match &stage.app.pages.dialog.open {
            Some(Dialog::Object(objecting)) => objecting.problem.clone(),
            _ => None,
        };
        assert_eq!(left, problem, "{typed}");
    }
    assert!(stage.app.pages.dialog.open.is_none());
    assert!(page(&stage).suspended_by().is_none());
    assert_eq!(row(&stage, "Fay").level, MemberLevel::Admin);
}

#[test]
fn any_member_starts_the_group_again_and_sees_who_cannot_be_invited() {
    let mut stage = on_the_page(GroupStanding::Left);
    assert!(!page(&stage).restarts());
    stage.does(GroupAction::Restart);
    assert!(stage.app.pages.dialog.open.is_none(), "left");
    for standing in [GroupStanding::Suspended, GroupStanding::Removed] {
        assert!(page(&on_the_page(standing)).restarts());
    }
    let mut stage = on_the_page(GroupStanding::Member);
    stage.does(GroupAction::Restart);
    let dialog = |stage: &Stage| match &stage.app.pages.dialog.open {
        Some(Dialog::Restart(asked)) => (asked.not_asked(), asked.left_out()),
        _ => panic!("nothing is asked"),
    };
    assert_eq!(dialog(&stage), ("Dora, Eli".to_owned(), 0));
    let (ana, dora) = (
        row(&stage, "Ana").id.clone(),
        row(&stage, "Dora").id.clone(),
    );
    for id in [&ana, &dora, &dora, &dora] {
        stage.does(DialogAction::LeaveOut(id.clone()));
    }
    assert_eq!(dialog(&stage), ("Eli".to_owned(), 2));
    stage.act(DialogAction::Confirm);
    let call = Call::Restart(group_id("1"), vec![ana, dora], None);
    assert_eq!(asked(&stage), [&call]);
    stage.later(1_000);
    assert_eq!(stage.thread().id, group_id("3"));
}

#[test]
fn what_is_not_offered_is_not_asked() {
    let mut stage = on_the_page(GroupStanding::Member);
    let who = row(&stage, "Dora").id.clone();
    stage.does(GroupAction::Member(who));
    stage.does(DialogAction::AskChange(MemberChange::Remove));
    let open = &stage.app.pages.dialog.open;
    assert!(matches!(open, Some(Dialog::Member(_))));
    stage.does(DialogAction::Dismiss);
    stage.does(GroupAction::Invite);
    assert!(stage.app.pages.dialog.open.is_none());
}

#[test]
fn contacts_who_are_not_in_are_invited() {
    let mut stage = on_the_page(GroupStanding::Admin);
    stage.does(GroupAction::Invite);
    let Some(Dialog::Invite(inviting)) = &stage.app.pages.dialog.open else {
        panic!("nobody is asked for");
    };
    let offered = inviting.choosing.candidates.iter();
    let offered: Vec<_> = offered.map(|one| one.face.name.as_str()).collect();
    assert_eq!(offered, ["Ben"], "Ana is in");
    stage.act(DialogAction::Confirm);
    assert!(asked(&stage).is_empty() && stage.app.pages.dialog.open.is_some());
    stage.does(DialogAction::ChooseCandidate(id("b")));
    stage.does(DialogAction::Confirm);
    assert!(stage.talk("b").messages[0].invitation.is_some());
    assert!(stage.app.banner.shown == Some(Banner::InvitedIntoGroup));
}

#[test]
fn who_leaves_keeps_what_was_written_and_may_erase_it_later() {
    let mut stage = on_the_page(GroupStanding::Member);
    stage.does(GroupAction::Erase);
    assert!(stage.app.pages.dialog.open.is_none(), "first one leaves");
    stage.does(GroupAction::Leave);
    stage.does(DialogAction::Confirm);
    stage.later(1_000);
    assert_eq!(page(&stage).standing(), GroupStanding::Left);
    assert!(stage.app.pages.thread.open.is_some());
    stage.does(GroupAction::Erase);
    stage.does(DialogAction::Confirm);
    stage.later(1_000);
    assert!(stage.app.pages.group.open.is_none() && stage.app.pages.thread.open.is_none());
    assert!(stage.app.context.place == Place::Main(Pane::Nothing));
    let mut rows = stage.app.pages.chats.rows.iter();
    assert!(rows.all(|row| row.id != group_id("1")));
}

#[test]
fn who_leaves_may_erase_at_once() {
    let mut stage = on_the_page(GroupStanding::Member);
    stage.does(GroupAction::Leave);
    stage.does(DialogAction::Erases(true));
    stage.act(DialogAction::Confirm);
    let calls = asked(&stage);
    assert!(matches!(
        calls.as_slice(),
        [Call::LeaveGroup(left), Call::EraseConversation(erased)] if left == erased
    ));
    stage.later(1_000);
    assert!(stage.app.context.place == Place::Main(Pane::Nothing));
}

#[test]
fn who_comes_and_goes_is_shown_at_once() {
    let mut stage = on_the_page(GroupStanding::Admin);
    group(&mut stage).members.remove(2);
    stage.happens(Event::Membership {
        conversation: group_id("1"),
        member: MemberId("ee".repeat(8)),
        level: MemberLevel::None,
        by: None,
    });
    assert_eq!(page(&stage).members.len(), 3);
}

#[test]
fn changes_stand_as_lines_where_they_were_learned() {
    let mut stage = in_group(GroupStanding::Member);
    let first = group(&mut stage).says(0, "welcome", NOON);
    let names = group(&mut stage).members.clone();
    let change = |who: usize, before, now, by: Option<usize>| GroupChange {
        at_ms: NOON,
        what: WhatChanged::Level {
            who: names[who].who.clone(),
            before,
            now,
        },
        by: by.map(|by| names[by].who.clone()),
    };
    let none = MemberLevel::None;
    let changes = vec![
        change(1, none, LEVEL, Some(0)),
        change(1, LEVEL, MemberLevel::Admin, Some(0)),
        change(1, MemberLevel::Admin, LEVEL, Some(0)),
        change(1, LEVEL, none, Some(0)),
        change(2, LEVEL, none, Some(2)),
        GroupChange {
            at_ms: NOON,
            what: WhatChanged::GoesOn {
                group: group_id("3"),
                name: Private("Walk again".into()),
            },
            by: None,
        },
    ];
    let message = group(&mut stage)
        .talk
        .message(&first)
        .expect("it was added");
    message.changes = changes;
    group(&mut stage).says(0, "so be it", NOON);
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    let expected = [
        "= 5-14",
        "= unread",
        "welcome",
        "= Added Dora Ana",
        "= Appointed Dora Ana",
        "= Lowered Dora Ana",
        "= Removed Dora Ana",
        "= Left Eli ",
        "= GoesOn Walk again ",
        "so be it",
    ];
    let shown: Vec<_> = texts(stage.thread());
    let shown: Vec<_> = shown.iter().filter(|text| *text != "= unread").collect();
    let expected: Vec<_> = expected
        .iter()
        .filter(|text| **text != "= unread")
        .collect();
    assert_eq!(shown, expected);
    let lines = stage.thread().rows.iter();
    let leads = lines.filter_map(|row| match &row.kind {
        RowKind::Change(change) => change.leads_to.clone(),
        _ => None,
    });
    assert!(leads.eq([group_id("3")]));
    let again = message_named(&stage, "so be it");
    assert_eq!(
        again.author.as_deref(),
        Some("Ana"),
        "a line begins a new run"
    );
}

fn message_named(stage: &Stage, text: &str) -> MessageRow {
    message(stage.thread(), text).clone()
}

#[test]
fn a_change_behind_the_newest_message_comes_by_itself() {
    let mut stage = in_group(GroupStanding::Member);
    let newest = group(&mut stage).says(0, "hello", NOON);
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    let who = group(&mut stage).members[2].who.clone();
    let member = who.id.clone();
    let message = group(&mut stage)
        .talk
        .message(&newest)
        .expect("it was added");
    message.changes = vec![GroupChange {
        at_ms: NOON,
        by: Some(who.clone()),
        what: WhatChanged::Level {
            who,
            before: LEVEL,
            now: MemberLevel::None,
        },
    }];
    stage.happens(Event::Membership {
        conversation: group_id("1"),
        member,
        level: MemberLevel::None,
        by: None,
    });
    stage.later(1_000);
    assert_eq!(
        texts(stage.thread()).last().map(String::as_str),
        Some("= Left Eli ")
    );
}

#[test]
fn nobody_writes_where_the_group_does_not_take_it() {
    for (standing, writes) in [
        (GroupStanding::Joining, false),
        (GroupStanding::Withdrawn, false),
        (GroupStanding::Member, true),
        (GroupStanding::Admin, true),
        (GroupStanding::Suspended, false),
        (GroupStanding::Removed, false),
        (GroupStanding::Left, false),
        (GroupStanding::NewerRules, false),
    ] {
        let mut stage = in_group(standing);
        assert_eq!(stage.thread().face.takes_messages(), writes, "{standing:?}");
        stage.does(ThreadAction::Draft("hello".into()));
        assert_eq!(stage.thread().may_send, writes, "{standing:?}");
    }
}

#[test]
fn the_timer_of_a_group_is_set_by_its_admins_and_there_are_no_safety_words() {
    for (standing, sets) in [(GroupStanding::Admin, true), (GroupStanding::Member, false)] {
        let stage = in_group(standing);
        let arranged = &stage.app.pages.chats.arranged.all[&group_id("1")];
        assert!(arranged.is_group && arranged.person.is_none());
        assert_eq!(arranged.disappears, sets);
        assert!(!stage.thread().asks, "a group has no safety words");
    }
}

#[test]
fn files_and_voice_notes_are_sent_where_the_group_takes_messages() {
    for (standing, takes) in [
        (GroupStanding::Member, true),
        (GroupStanding::Removed, false),
    ] {
        let mut stage = in_group(standing);
        assert_eq!(stage.app.pages.thread.may_record(), takes);
        stage.does(AttachAction::Choose);
        let mut done = stage.done.iter();
        let chooses = done.any(|one| matches!(one, Effect::ChooseFiles(_)));
        assert_eq!(chooses, takes);
    }
}

#[test]
fn texts_and_files_are_forwarded_into_a_group() {
    let mut stage = in_group(GroupStanding::Member);
    let talk = stage.talk("a");
    let text = talk.add("the key is at the office", false, NOON);
    let file = talk.add("the plan", false, NOON);
    talk.attach(&file, "plan.svg", 4_096, FileState::Here);
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.later(1_000);
    for message in [text, file] {
        stage.does(ThreadAction::Forward(message));
        let Some(Dialog::Forward(forwarding)) = &stage.app.pages.dialog.open else {
            panic!("nothing is asked");
        };
        let mut receivers = forwarding.receivers.iter();
        assert!(receivers.any(|one| one.id == group_id("1")));
        stage.does(DialogAction::Dismiss);
    }
}

#[test]
fn the_list_names_the_author_of_the_newest_message_of_a_group() {
    let mut stage = in_group(GroupStanding::Member);
    group(&mut stage).says(1, "who brings the map?", NOON);
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    let mut rows = stage.app.pages.chats.rows.iter();
    let row = rows.find(|row| row.id == group_id("1")).expect("a row");
    let last = row.last.as_ref().expect("a message");
    assert_eq!(last.author.as_deref(), Some("Dora"));
    assert!(row.person.is_none(), "a row of a group leads to no contact");
    assert_eq!(row.face.group.map(|group| group.people), Some(4));
}

#[test]
fn a_blocked_contact_does_not_silence_a_group() {
    let mut stage = in_group(GroupStanding::Member);
    stage.talk("a").contact.blocked = true;
    stage.happens(Event::Contact { contact: id("a") });
    stage.later(1_000);
    assert!(stage.thread().face.takes_messages() && !stage.thread().face.blocked);
    stage.does(Action::ShowList);
    group(&mut stage).says(0, "still here", NOON);
    stage.handle(Update::Event(Event::Missed));
    stage.later(2_000);
    assert_eq!(
        stage.app.pages.chats.unread, 1,
        "what is written there counts"
    );
}

//! What people do in a group.

use hedgerow_node::api::{
    Call, ConversationKind, Deletion, DeliveryState, Draft, Event, GroupInvitationState,
    GroupStanding, MemberLevel, Muted, NamedBy, NewMessage, Original, Private, Refusal, Reply,
    Search, WhatChanged,
};

use super::*;

#[test]
fn a_group_is_a_conversation_that_its_founder_writes_in_alone_at_first() {
    let mut world = around_the_first(1, &["Ada", "Ben"]);
    let made = group(&mut world, 0, "Riverside");
    write(&mut world, 0, &made, "nobody hears it");
    let shown = state(&mut world, 0, &made);
    assert_eq!(shown.kind, ConversationKind::Group);
    assert_eq!((shown.name.0.as_str(), shown.messages), ("Riverside", 1));
    let group = shown.group.expect("it is a group");
    assert_eq!((group.people, group.standing), (1, GroupStanding::Admin));
    world.run(60_000);
    assert_eq!(world.conversation(1, 0).messages, 0);
    world.restart(0);
    assert_eq!(texts(&world, 0, &made), ["nobody hears it"]);
    write(&mut world, 0, &made, "after a restart");
    assert_eq!(texts(&world, 0, &made).len(), 2);
}

#[test]
fn whoever_is_invited_sees_who_invites_and_how_many_are_in_and_comes_in() {
    let mut world = around_the_first(2, &["Ada", "Ben"]);
    let made = group(&mut world, 0, "Riverside");
    write(&mut world, 0, &made, "before");
    invite(&mut world, 0, &made, 1);
    world.run(10_000);
    let invited = invitation(&mut world, 1, 0).expect("it has come");
    let seen = invited.invitation.expect("it is an invitation");
    assert_eq!((seen.name.0.as_str(), seen.people), ("Riverside", 1));
    assert_eq!(
        (seen.state, &seen.group),
        (GroupInvitationState::Open, &None)
    );
    join(&mut world, 1, 0).expect("it is good");
    world.run(10_000);
    assert_eq!(standing(&mut world, 1, &made), Some(GroupStanding::Member));
    // A newcomer reads what was said.
    assert_eq!(texts(&world, 1, &made), ["before"]);
    write(&mut world, 1, &made, "hello");
    world.run(10_000);
    assert_eq!(texts(&world, 0, &made), ["before", "hello"]);
    let told = page(&world, 0, &made).messages.pop().expect("a message");
    let author = told.member.expect("somebody wrote it");
    assert_eq!(author.name.0, "Ben");
    assert_eq!(author.named_by, NamedBy::Contact);
    assert_eq!(told.author, Some(world.id(1)));
    let ours = world.messages(0, 1).pop().expect("the invitation");
    let state = ours.invitation.expect("it is one").state;
    assert_eq!(state, GroupInvitationState::Joined);
}

#[test]
fn an_invitation_that_is_declined_brings_nobody_in() {
    let mut world = around_the_first(3, &["Ada", "Ben"]);
    let made = group(&mut world, 0, "Riverside");
    invite(&mut world, 0, &made, 1);
    world.run(10_000);
    let (found, chat) = (invitation(&mut world, 1, 0), world.chat(1, 0));
    let decline = Call::DeclineGroup(chat, found.expect("it has come").id);
    assert_eq!(world.ask(1, decline), Ok(Reply::Done));
    world.run(10_000);
    assert_eq!(names(&mut world, 0, &made), ["Ada"]);
    let state = world.messages(0, 1).pop().and_then(|one| one.invitation);
    let state = state.map(|invitation| invitation.state);
    assert_eq!(state, Some(GroupInvitationState::Declined));
    // Second thoughts.
    join(&mut world, 1, 0).expect("it is still open");
    world.run(10_000);
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Ben"]);
}

#[test]
fn two_who_are_no_contacts_read_each_other_through_a_third() {
    let mut world = around_the_first(4, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    write(&mut world, 1, &made, "from Ben");
    world.run(5_000);
    write(&mut world, 2, &made, "from Cem");
    world.run(10_000);
    for node in 0..3 {
        assert_eq!(
            texts(&world, node, &made),
            ["from Ben", "from Cem"],
            "{node}"
        );
    }
    assert_eq!(names(&mut world, 2, &made), ["Ada", "Ben", "Cem"]);
    let ben = called(&mut world, 2, &made, "Ben");
    // Cem has only the word of others for who Ben is.
    assert_eq!(
        (ben.who.named_by, ben.who.contact),
        (NamedBy::Themselves, None)
    );
    let told = page(&world, 2, &made).messages.remove(0);
    assert_eq!(
        told.member.map(|member| member.name.0).as_deref(),
        Some("Ben")
    );
    assert!(told.author.is_some_and(|author| author.0 == ben.who.id.0));
}

#[test]
fn a_text_is_delivered_on_the_word_of_each_device_and_read_if_it_tells() {
    let mut world = around_the_first(5, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    for node in 0..3 {
        world.ask(node, Call::SetReceipts(true)).expect("a setting");
    }
    world.network.part(0, 2, true);
    let id = write(&mut world, 0, &made, "who has it?");
    world.run(10_000);
    let sent = page(&world, 0, &made).messages.pop().expect("a message");
    let states: Vec<_> = sent.deliveries.iter().map(|one| one.state).collect();
    assert!(states.contains(&DeliveryState::Delivered));
    let waits = |state: &DeliveryState| matches!(state, DeliveryState::Queued { .. });
    assert_eq!(states.iter().filter(|state| waits(state)).count(), 1);
    let state = state(&mut world, 0, &made);
    assert_eq!((state.queued, state.recipients.len()), (1, 2));
    world
        .ask(1, Call::Read(made.clone(), id))
        .expect("it is here");
    world.run(10_000);
    let sent = page(&world, 0, &made).messages.pop().expect("a message");
    assert!(
        sent.deliveries
            .iter()
            .any(|one| one.state == DeliveryState::Read)
    );
}

#[test]
fn replies_edits_emoji_pins_and_deletions_work_in_a_group() {
    let mut world = around_the_first(6, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    let asked = write(&mut world, 1, &made, "when?");
    let gone = write(&mut world, 1, &made, "a mistake");
    world.run(10_000);
    let answer = NewMessage {
        reply_to: Some(asked.clone()),
        ..NewMessage::text("at noon")
    };
    world
        .ask(2, Call::Send(made.clone(), answer))
        .expect("it is a member");
    let thumb = Private("👍".into());
    let react = Call::React(made.clone(), asked.clone(), thumb.clone());
    world.ask(2, react.clone()).expect("it is a member");
    world.ask(0, react).expect("it is a member");
    world
        .ask(0, Call::Pin(made.clone(), asked.clone(), true))
        .expect("a member");
    let edit = Call::Edit(made.clone(), asked.clone(), Private("when, where?".into()));
    assert_eq!(world.ask(0, edit.clone()), Err(Refusal::NotYours));
    world.ask(1, edit).expect("it is its own");
    let delete = Call::Delete(made.clone(), gone.clone(), true);
    assert_eq!(world.ask(0, delete.clone()), Err(Refusal::NotYours));
    let deleted = world.ask(1, delete);
    assert_eq!(deleted, Ok(Reply::Deletion(Deletion::Everywhere)));
    world.run(20_000);
    for node in 0..3 {
        let messages = page(&world, node, &made).messages;
        let first = &messages[0];
        assert_eq!(
            first.text.as_ref().map(|text| text.0.as_str()),
            Some("when, where?")
        );
        assert!(first.pinned, "{node}");
        assert_eq!(first.reactions.len(), 2, "{node}");
        assert!(
            messages[1].deleted.is_some() && messages[1].text.is_none(),
            "{node}"
        );
        let quoted = messages[2].reply_to.as_ref().map(|quoted| &quoted.original);
        assert!(
            matches!(quoted, Some(Original::Here { .. })),
            "{node}: {quoted:?}"
        );
    }
}

#[test]
fn unread_mute_archive_draft_and_search_work_as_in_a_chat() {
    let mut world = around_the_first(7, &["Ada", "Ben"]);
    let made = group_of_all(&mut world, "Riverside");
    let id = write(&mut world, 1, &made, "the harvest begins");
    world.run(10_000);
    assert_eq!(state(&mut world, 0, &made).unread, 1);
    assert_eq!(state(&mut world, 1, &made).unread, 0);
    world
        .ask(0, Call::Read(made.clone(), id))
        .expect("it is here");
    assert_eq!(state(&mut world, 0, &made).unread, 0);
    world
        .ask(0, Call::Mute(made.clone(), Some(Muted::Forever)))
        .expect("ours");
    world
        .ask(0, Call::Archive(made.clone(), true))
        .expect("ours");
    let draft = Draft::text("half a");
    world
        .ask(0, Call::SetDraft(made.clone(), draft))
        .expect("ours");
    world.restart(0);
    let shown = state(&mut world, 0, &made);
    assert!(shown.archived && shown.muted == Some(Muted::Forever) && shown.draft.is_some());
    world.run(60_000);
    let found = world
        .search(0, &Search::of("harvest"))
        .expect("a good query")
        .messages;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].conversation, made);
}

#[test]
fn admins_appoint_lower_and_remove_and_lines_tell_of_it() {
    let mut world = around_the_first(9, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    write(&mut world, 0, &made, "all are in");
    world.run(5_000);
    let refused = set(&mut world, 1, &made, "Cem", MemberLevel::None);
    assert_eq!(refused, Err(Refusal::NotAnAdmin));
    set(&mut world, 0, &made, "Ben", MemberLevel::Admin).expect("it is an admin");
    world.run(5_000);
    assert_eq!(standing(&mut world, 1, &made), Some(GroupStanding::Admin));
    set(&mut world, 1, &made, "Cem", MemberLevel::None).expect("it is an admin now");
    world.run(5_000);
    assert_eq!(standing(&mut world, 2, &made), Some(GroupStanding::Removed));
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Ben"]);
    let refused = world.ask(2, Call::Send(made.clone(), NewMessage::text("I am out")));
    assert_eq!(refused, Err(Refusal::NotAMember));
    // What was there stays.
    assert_eq!(texts(&world, 2, &made), ["all are in"]);
    set(&mut world, 0, &made, "Ben", MemberLevel::Member).expect("it outranks Ben");
    world.run(5_000);
    assert_eq!(standing(&mut world, 1, &made), Some(GroupStanding::Member));
    let told = page(&world, 0, &made)
        .messages
        .pop()
        .expect("a message")
        .changes;
    let told: Vec<_> = told
        .iter()
        .map(|change| match &change.what {
            WhatChanged::Level { who, before, now } => (who.name.0.as_str(), *before, *now),
            other => panic!("nothing else changed: {other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            ("Ben", MemberLevel::Member, MemberLevel::Admin),
            ("Cem", MemberLevel::Member, MemberLevel::None),
            ("Ben", MemberLevel::Admin, MemberLevel::Member),
        ]
    );
    let is_told = |event: &Event| matches!(event, Event::Membership { by: Some(_), .. });
    assert!(world.nodes[0].events.iter().any(is_told));
}

#[test]
fn whom_a_removed_admin_had_added_is_known_and_can_be_removed_too() {
    let mut world = World::with(17, &["Ada", "Ben", "Cem"]);
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        world.meet(one, other);
    }
    let made = group(&mut world, 0, "Riverside");
    bring_in(&mut world, 0, &made, 1);
    set(&mut world, 0, &made, "Ben", MemberLevel::Admin).expect("it is an admin");
    world.run(5_000);
    bring_in(&mut world, 1, &made, 2);
    world.run(5_000);
    set(&mut world, 0, &made, "Ben", MemberLevel::None).expect("it outranks Ben");
    let added_by = |member: Member| member.added_by.map(|by| by.name.0);
    let cem = called(&mut world, 0, &made, "Cem");
    assert_eq!(added_by(cem).as_deref(), Some("Ben"));
    let ada = called(&mut world, 0, &made, "Ada");
    assert_eq!(added_by(ada), None, "nobody adds the founder");
    set(&mut world, 0, &made, "Cem", MemberLevel::None).expect("it is an admin");
    assert_eq!(names(&mut world, 0, &made), ["Ada"]);
}

#[test]
fn a_removed_member_gets_nothing_that_is_written_after_the_writer_knows() {
    let mut world = around_the_first(10, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    write(&mut world, 1, &made, "before");
    world.run(5_000);
    world.network.part(0, 2, true);
    set(&mut world, 0, &made, "Cem", MemberLevel::None).expect("it is an admin");
    write(&mut world, 0, &made, "Cem must not read this");
    // Cem has not heard, and writes on.
    write(&mut world, 2, &made, "am I alone?");
    world.network.part(0, 2, false);
    world.connected(0, 2);
    world.run(30_000);
    assert_eq!(standing(&mut world, 2, &made), Some(GroupStanding::Removed));
    assert_eq!(texts(&world, 2, &made), ["before"]);
    for node in [0, 1] {
        assert_eq!(
            texts(&world, node, &made),
            ["before", "Cem must not read this"]
        );
    }
    // Whoever was removed comes back by an invitation.
    bring_in(&mut world, 0, &made, 2);
    world.run(10_000);
    write(&mut world, 2, &made, "back again");
    world.run(10_000);
    for node in 0..3 {
        let last = texts(&world, node, &made).pop();
        assert_eq!(last.as_deref(), Some("back again"), "{node}");
    }
}

#[test]
fn who_leaves_is_out_at_once_and_the_others_hear_of_it_later() {
    let mut world = around_the_first(11, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    write(&mut world, 1, &made, "bye");
    world.run(5_000);
    world.network.part(0, 1, true);
    assert_eq!(
        world.ask(1, Call::LeaveGroup(made.clone())),
        Ok(Reply::Done)
    );
    assert_eq!(standing(&mut world, 1, &made), Some(GroupStanding::Left));
    let refused = world.ask(1, Call::Send(made.clone(), NewMessage::text("more")));
    assert_eq!(refused, Err(Refusal::NotAMember));
    world.restart(1);
    assert_eq!(standing(&mut world, 1, &made), Some(GroupStanding::Left));
    write(&mut world, 0, &made, "Ben must not read this");
    world.network.part(0, 1, false);
    world.connected(0, 1);
    world.run(30_000);
    assert_eq!(names(&mut world, 0, &made), ["Ada", "Cem"]);
    assert_eq!(texts(&world, 1, &made), ["bye"]);
    let again = world.ask(1, Call::LeaveGroup(made.clone()));
    assert_eq!(again, Err(Refusal::NotAMember));
    let erase = Call::EraseConversation(made.clone());
    assert_eq!(world.ask(0, erase.clone()), Err(Refusal::StillAMember));
    assert_eq!(world.ask(1, erase), Ok(Reply::Done));
    let gone = world.ask(1, Call::Conversation(made.clone()));
    assert_eq!(gone, Err(Refusal::NoSuchConversation));
    world.run(30_000);
    write(&mut world, 2, &made, "still here");
    world.run(10_000);
    assert_eq!(
        texts(&world, 0, &made).last().map(String::as_str),
        Some("still here")
    );
}

#[test]
fn two_members_of_one_name_are_told_apart() {
    let mut world = around_the_first(12, &["Ada", "Ben", "Ben"]);
    let made = group_of_all(&mut world, "Riverside");
    let mut seen = names(&mut world, 0, &made);
    seen.retain(|name| name.starts_with("Ben"));
    assert_eq!(seen.len(), 2);
    assert_ne!(seen[0], seen[1]);
}

#[test]
fn two_contacts_in_a_group_find_each_other_there() {
    let mut world = around_the_first(13, &["Ada", "Ben", "Cem"]);
    world.meet(1, 2);
    let made = group_of_all(&mut world, "Riverside");
    world.run(10_000);
    let cem = called(&mut world, 1, &made, "Cem");
    assert_eq!(cem.who.named_by, NamedBy::Contact);
    assert_eq!(cem.who.contact, Some(world.id(2)));
    // Without the one who brought them in.
    world.network.part(0, 1, true);
    world.network.part(0, 2, true);
    write(&mut world, 1, &made, "without Ada");
    world.run(10_000);
    assert_eq!(texts(&world, 2, &made), ["without Ada"]);
}

//! Groups in the pictures.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use super::scenes::{MINUTE, people};
use crate::stage::groups::{group_id, member, ourselves};
use crate::stage::{NOON, Stage, chat_id};

const LEVEL: MemberLevel = MemberLevel::Member;

/// In a group in which we stand so, and others have come and gone.
pub fn grouped(standing: GroupStanding) -> Stage {
    let mut stage = people();
    let level = match standing {
        GroupStanding::Admin => MemberLevel::Admin,
        _ => LEVEL,
    };
    let mut lowered = member("7", "Kalina", LEVEL, NamedBy::Themselves);
    let ana = member("a", "Ana Petrova", MemberLevel::Admin, NamedBy::Contact);
    let ivo = member("8", "Иво", LEVEL, NamedBy::WhoBroughtIn);
    (lowered.suspended, lowered.suspended_by) = (true, vec![ana.who.clone()]);
    let mut stefan = member("d", "Ștefan Ionescu", LEVEL, NamedBy::Contact);
    stefan.added_by = Some(lowered.who.clone());
    let mut us = ourselves(level);
    if standing == GroupStanding::Suspended {
        (us.suspended, us.suspended_by) = (true, vec![ivo.who.clone()]);
    }
    let mut forked = ivo;
    forked.frozen = true;
    let everybody = [ana, stefan, us, lowered, forked];
    stage
        .node
        .found("1", "Walk on Sunday", standing, &everybody);
    let group = stage.node.groups.get_mut(&group_id("1")).expect("a group");
    let change = |who: usize, before, now, by: usize| GroupChange {
        at_ms: NOON,
        what: WhatChanged::Level {
            who: everybody[who].who.clone(),
            before,
            now,
        },
        by: Some(everybody[by].who.clone()),
    };
    let none = MemberLevel::None;
    let first = group.says(0, "Who comes along on Sunday?", NOON - 50 * MINUTE);
    group.says(2, "I do, and I bring the map", NOON - 48 * MINUTE);
    group.says(3, "Eight o'clock at the bridge?", NOON - 40 * MINUTE);
    let last = group.says(
        0,
        "Better at nine, the first bus is late",
        NOON - 38 * MINUTE,
    );
    let changes = vec![change(3, none, LEVEL, 0), change(4, none, LEVEL, 0)];
    group.talk.message(&first).expect("it was added").changes = changes;
    let changes = vec![
        change(1, LEVEL, MemberLevel::Admin, 0),
        change(4, LEVEL, none, 4),
    ];
    group.talk.message(&last).expect("it was added").changes = changes;
    group.talk.read = Some(last);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.later(1_000);
    stage.does(ChatsAction::OpenChat(group_id("1")));
    stage
}

/// On the page of that group.
pub fn members(standing: GroupStanding) -> Stage {
    let mut stage = grouped(standing);
    stage.does(GroupAction::Show(group_id("1")));
    stage
}

/// An invitation for a room is on screen, which two have used.
pub fn room() -> Stage {
    let mut stage = members(GroupStanding::Admin);
    stage.does(GroupAction::OpenRoom);
    for letter in ["b", "c"] {
        stage.comes_in(letter);
    }
    stage
}

/// The question whom to leave out when that group starts again; one is.
pub fn restarting() -> Stage {
    let mut stage = members(GroupStanding::Member);
    let page = stage.app.pages.group.open.as_ref().expect("it is open");
    let who = page.members[0].id.clone();
    stage.does(GroupAction::Restart);
    stage.does(DialogAction::LeaveOut(who));
    stage
}

/// The group that continues that group, on its first line.
pub fn continuing() -> Stage {
    let mut stage = grouped(GroupStanding::Member);
    let others = [
        ourselves(LEVEL),
        member("d", "Ștefan Ionescu", LEVEL, NamedBy::Contact),
    ];
    stage
        .node
        .found("3", "Walk on Sunday", GroupStanding::Member, &others);
    let group = stage.node.groups.get_mut(&group_id("3"));
    let group = group.expect("a group");
    group.talk.conversation.continues = Some(group_id("1"));
    let first = group.says(1, "Here we are again", NOON - 2 * MINUTE);
    let line = GroupChange {
        at_ms: NOON - 3 * MINUTE,
        what: WhatChanged::Continues {
            group: group_id("1"),
            name: Private("Walk on Sunday".into()),
        },
        by: None,
    };
    group.talk.message(&first).expect("it was added").changes = vec![line];
    group.talk.read = Some(first);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.later(1_000);
    stage.does(ChatsAction::OpenChat(group_id("3")));
    stage
}

/// An invitation into a group that continues another one.
pub fn asked_to_continue() -> Stage {
    let mut stage = people();
    let cem = member("c", "Cem", MemberLevel::Admin, NamedBy::Themselves);
    let invitation = GroupInvitation {
        name: Private("Walk on Sunday".into()),
        people: 3,
        group: None,
        state: GroupInvitationState::Open,
        continues: Some(ContinuedGroup {
            group: group_id("1"),
            name: Private("Walk on Sunday".into()),
            without: vec![cem.who],
        }),
        is_ours: false,
    };
    let last = stage.node.invites("a", invitation, NOON - MINUTE);
    stage.talk("a").read = Some(last);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage
}

/// What can be done with a member of that group.
pub fn asked(at: usize) -> Stage {
    let mut stage = members(GroupStanding::Admin);
    let page = stage.app.pages.group.open.as_ref().expect("it is open");
    let who = page.members[at].id.clone();
    stage.does(GroupAction::Member(who));
    stage
}

/// Invitations into groups, in each state of that.
pub fn invited() -> Stage {
    let mut stage = people();
    let states = [
        GroupInvitationState::Open,
        GroupInvitationState::Accepted,
        GroupInvitationState::Joined,
        GroupInvitationState::Declined,
    ];
    let mut last = None;
    for (number, state) in states.into_iter().enumerate() {
        for is_ours in [true, false] {
            if is_ours && state == GroupInvitationState::Joined {
                continue;
            }
            let invitation = GroupInvitation {
                name: Private(["Walk on Sunday", "Kitchen", "Разходка", "Choir"][number].into()),
                people: 2 + number as u32,
                group: Some(group_id("2")),
                state,
                continues: None,
                is_ours,
            };
            last = Some(stage.node.invites("a", invitation, NOON - MINUTE));
        }
    }
    stage.talk("a").read = last;
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage
}

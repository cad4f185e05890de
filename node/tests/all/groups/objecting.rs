//! An admin whom somebody suspends who does not outrank it, and who objects.

use hedgerow_node::api::WhatChanged;

use super::*;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

fn object(world: &mut World, node: usize, group: &ConversationId) -> Result<Reply, Refusal> {
    world.ask(node, Call::Object(group.clone()))
}

/// What the lines tell that are not of people who come in: in which way, of whom, and who brought it about.
fn lines(
    world: &World,
    node: usize,
    group: &ConversationId,
) -> Vec<(&'static str, String, String)> {
    let page = page(world, node, group);
    let behind = page.messages.into_iter().flat_map(|one| one.changes);
    let lines = page.changes.into_iter().chain(behind);
    let told = lines.filter_map(|line| {
        let (what, who) = match line.what {
            WhatChanged::Suspended { who } => ("suspended", who),
            WhatChanged::Objected { who } => ("objected", who),
            WhatChanged::Restored { who } => ("restored", who),
            WhatChanged::Level {
                who,
                now: MemberLevel::None,
                ..
            } => ("out", who),
            WhatChanged::Level { .. }
            | WhatChanged::Timer { .. }
            | WhatChanged::Continues { .. }
            | WhatChanged::GoesOn { .. } => return None,
        };
        let by = line.by.map_or_else(String::new, |by| by.name.0);
        Some((what, who.name.0, by))
    });
    told.collect()
}

fn line(what: &'static str, who: &str, by: &str) -> (&'static str, String, String) {
    (what, who.to_owned(), by.to_owned())
}

/// A group in which Ben, whom Ada has made an admin, has suspended her.
pub fn suspended(seed: u64) -> (World, ConversationId) {
    let mut world = around_the_first(seed, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    write(&mut world, 0, &made, "all are in");
    set(&mut world, 0, &made, "Ben", MemberLevel::Admin).expect("an admin");
    world.run(5_000);
    set(&mut world, 1, &made, "Ada", MemberLevel::None).expect("an admin");
    world.run(10_000);
    (world, made)
}

/// How Ada stands, as each of them sees it.
fn stands(world: &mut World, made: &ConversationId) -> Vec<(MemberLevel, bool)> {
    let nodes = 0..world.nodes.len();
    nodes
        .map(|node| {
            let ada = called(world, node, made, "Ada");
            (ada.level, ada.suspended)
        })
        .collect()
}

#[test]
fn a_suspended_admin_objects_and_is_an_admin_again_for_everybody() {
    let (mut world, made) = suspended(60);
    assert_eq!(
        standing(&mut world, 0, &made),
        Some(GroupStanding::Suspended)
    );
    assert_eq!(stands(&mut world, &made), [(MemberLevel::None, true); 3]);
    let by = called(&mut world, 0, &made, "Ada").suspended_by;
    let by: Vec<_> = by.iter().map(|one| one.name.0.as_str()).collect();
    assert_eq!(by, ["Ben"]);
    assert!(matches!(
        object(&mut world, 0, &made),
        Ok(Reply::Members(_))
    ));
    world.run(10_000);
    assert_eq!(standing(&mut world, 0, &made), Some(GroupStanding::Admin));
    assert_eq!(stands(&mut world, &made), [(MemberLevel::Admin, false); 3]);
    for node in 0..3 {
        let told = [
            line("suspended", "Ada", "Ben"),
            line("objected", "Ada", "Ada"),
        ];
        assert_eq!(lines(&world, node, &made), told, "{node}");
    }
    // She outranks Ben, and removes him for good.
    set(&mut world, 0, &made, "Ben", MemberLevel::None).expect("an admin again");
    world.run(10_000);
    assert_eq!(standing(&mut world, 1, &made), Some(GroupStanding::Removed));
    assert_eq!(object(&mut world, 1, &made), Err(Refusal::NotSuspended));
    write(&mut world, 0, &made, "and on it goes");
    world.run(10_000);
    assert_eq!(texts(&world, 2, &made), ["all are in", "and on it goes"]);
}

#[test]
fn nothing_else_that_a_suspended_admin_does_objects() {
    let (mut world, made) = suspended(61);
    let ben = called(&mut world, 0, &made, "Ben").who.id;
    let cem = world.id(2);
    for (call, refused) in [
        (
            Call::SetLevel(made.clone(), ben, MemberLevel::None),
            Refusal::NotAnAdmin,
        ),
        (Call::SetTimer(made.clone(), 60), Refusal::Suspended),
        (Call::InviteToGroup(made.clone(), cem), Refusal::NotAnAdmin),
        (
            Call::Send(made.clone(), NewMessage::text("who hears me?")),
            Refusal::Suspended,
        ),
    ] {
        assert_eq!(world.ask(0, call), Err(refused));
    }
    world.restart(0);
    world.connected(0, 1);
    world.connected(0, 2);
    world.run(3 * DAY_MS);
    assert_eq!(stands(&mut world, &made), [(MemberLevel::None, true); 3]);
}

#[test]
fn who_is_not_suspended_has_nothing_to_object_to() {
    let mut world = around_the_first(62, &["Ada", "Ben"]);
    let made = group_of_all(&mut world, "Riverside");
    for node in 0..2 {
        assert_eq!(object(&mut world, node, &made), Err(Refusal::NotSuspended));
    }
    let chat = world.chat(0, 1);
    assert_eq!(object(&mut world, 0, &chat), Err(Refusal::NotAGroup));
}

#[test]
fn a_suspended_admin_who_leaves_is_out_and_nobody_waits_for_an_objection() {
    let (mut world, made) = suspended(63);
    world.ask(0, Call::LeaveGroup(made.clone())).expect("in it");
    world.run(10_000);
    for node in 1..3 {
        assert!(!names(&mut world, node, &made).contains(&"Ada".to_owned()));
        let told = [line("suspended", "Ada", "Ben"), line("out", "Ada", "Ada")];
        assert_eq!(lines(&world, node, &made), told, "{node}");
    }
    assert_eq!(object(&mut world, 0, &made), Err(Refusal::NotSuspended));
}

#[test]
fn a_suspension_ends_when_a_more_senior_admin_has_undone_it() {
    let mut world = around_the_first(64, &["Ada", "Ben", "Cem"]);
    let made = group_of_all(&mut world, "Riverside");
    world.meet(1, 2);
    world.run(10_000);
    for name in ["Ben", "Cem"] {
        set(&mut world, 0, &made, name, MemberLevel::Admin).expect("an admin");
        world.run(5_000);
    }
    for other in [1, 2] {
        world.network.part(0, other, true);
    }
    set(&mut world, 2, &made, "Ben", MemberLevel::None).expect("an admin");
    world.run(10_000);
    assert!(called(&mut world, 1, &made, "Ben").suspended);
    // Ada removes Cem, and has not heard of it.
    set(&mut world, 0, &made, "Cem", MemberLevel::None).expect("an admin");
    for other in [1, 2] {
        world.network.part(0, other, false);
        world.connected(0, other);
    }
    world.run(30_000);
    let ben = called(&mut world, 1, &made, "Ben");
    assert!(ben.level == MemberLevel::Admin && !ben.suspended);
    let told = [
        line("suspended", "Ben", "Cem"),
        line("restored", "Ben", "Ada"),
        line("out", "Cem", "Ada"),
    ];
    assert_eq!(lines(&world, 1, &made), told);
}

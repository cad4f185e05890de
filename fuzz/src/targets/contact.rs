//! A contact with true keys that says anything: hello, facts, psk moves, reconciliation, meetings. The
//! engine goes on, and what it committed opens again.

use std::sync::LazyLock;

use crate::acquaintance::Acquaintance;
use crate::{name_space, pieces, split_choice};
use hedgerow_node::harness::World;
use hedgerow_sync::wire::{Blind, Role};

static MET: LazyLock<Acquaintance> = LazyLock::new(Acquaintance::make);

const HELLO: u64 = 1;
const KINDS: [u64; 18] = [
    1, 2, 2, 3, 4, 8, 9, 10, 16, 17, 18, 19, 20, 21, 32, 33, 34, 63,
];

/// One input.
pub fn run(input: &[u8]) {
    let Some((honest, input)) = split_choice(input, 2) else {
        return;
    };
    let mut world = World::resume(2, std::slice::from_ref(&MET.store));
    let mut line = MET
        .dial(1, &mut world)
        .expect("an engine answers its contact");
    if honest == 0 {
        line.push(HELLO, MET.hello());
    }
    let blind = Blind::new(
        MET.keys.direct_space.as_bytes(),
        line.session.hash(),
        Role::Dialler,
    );
    for piece in pieces(input).take(32) {
        let Some((choice, content)) = split_choice(piece, 2 * KINDS.len() as u8) else {
            continue;
        };
        let kind = KINDS[usize::from(choice / 2)];
        let mut content = content.to_vec();
        if choice % 2 == 1 && (16..=21).contains(&kind) {
            name_space(kind, &mut content, &blind);
        }
        line.push(kind, content);
    }
    line.exchange(&mut world);
    world.run(3_000);
    assert_eq!(world.contacts(0).len(), 1, "only people remove contacts");
    world.restart(0);
    world.run(100);
    assert_eq!(world.contacts(0).len(), 1);
}

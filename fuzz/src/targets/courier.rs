//! A courier and a hostile peer, which says anything in any order.

use crate::split_choice;
use hedgerow_node::courier::said::KINDS;
use hedgerow_node::courier::{Courier, Envelope, Hint, Peer, Release, Said, Settings, Tag, Whose};
use hedgerow_sync::id::DeviceId;
use hedgerow_transport::carrier::LinkId;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// One input.
pub fn run(input: &[u8]) {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let settings = Settings::default();
    let quota = settings.quota_bytes;
    let mut courier = Courier::new(settings);
    let envelope = Envelope {
        tag: Tag([0; 32]),
        size: 1_000,
        lifetime_s: 1_000,
        age_s: 0,
        release: Release([0; 16]).hash(),
        copies: 1,
        hint: None,
    };
    courier.add(envelope, 1_000, 0, &mut rng);
    let peer = Peer {
        device: DeviceId([1; 16]),
        hint: Hint([1; 8]),
    };
    courier.met(LinkId(1), peer, 0);
    let mut rest = input;
    let mut now_ms = 0;
    while let Some((choice, after)) = split_choice(rest, 10) {
        let Some((length, after)) = after.split_first() else {
            break;
        };
        let (content, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        now_ms += 1_000;
        let kind = KINDS.start() + u64::from(choice);
        if let Some(said) = Said::decode(kind, content) {
            assert_eq!(Said::decode(kind, &said.encode()), Some(said.clone()));
            let mut whose = |tag: &Tag| match tag.0[0] {
                7 => Whose::Ours,
                8 => Whose::Had,
                _ => Whose::Others,
            };
            let _ = courier.handle(LinkId(1), said, now_ms, &mut rng, &mut whose);
        }
        courier.take_acts();
        assert!(courier.bundles().bytes() <= quota);
    }
    courier.parted(LinkId(1), now_ms, &mut rng);
}

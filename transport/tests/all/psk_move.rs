//! The psk move (`docs/PROTOCOL.md` section 9).

use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::keys::Psk;
use hedgerow_transport::psk::{
    Proposal, PskMoveFault, answer, moved, moved_number, proposed_number,
};
use proptest::prelude::*;

use crate::support::devices::{pair_keys, rng};

fn old() -> Psk {
    Psk::from_bytes([4; 32])
}

#[test]
fn both_sides_come_to_the_same_new_psk() {
    let (proposal, propose) = Proposal::new(&old(), 7, Cryptography::Real, &mut rng(1));
    assert_eq!((proposal.number(), proposed_number(&propose)), (7, Ok(7)));
    let (pending, content) = answer(&old(), 7, &propose, Cryptography::Real, &mut rng(2)).unwrap();
    let new = proposal.finish(&content).unwrap();
    assert_eq!(new, pending);
    assert_ne!(new, old());
    assert_eq!(moved_number(&moved(7)), Ok(7));
}

#[test]
fn the_new_psk_needs_the_old_one_and_fresh_secrets() {
    let (one, propose) = Proposal::new(&old(), 7, Cryptography::Real, &mut rng(1));
    let (other, _) = Proposal::new(&old(), 7, Cryptography::Real, &mut rng(3));
    let (pending, content) = answer(
        &Psk::from_bytes([5; 32]),
        7,
        &propose,
        Cryptography::Real,
        &mut rng(2),
    )
    .unwrap();
    assert_ne!(one.finish(&content).unwrap(), pending, "another old psk");
    let (pending, content) = answer(&old(), 7, &propose, Cryptography::Real, &mut rng(2)).unwrap();
    assert_ne!(
        other.finish(&content).unwrap(),
        pending,
        "another proposal's secret"
    );
    let (again, _) = answer(&old(), 7, &propose, Cryptography::Real, &mut rng(9)).unwrap();
    assert_ne!(again, pending, "another answer's secret");
}

#[test]
fn a_step_for_another_number_is_the_peers_fault() {
    let (proposal, propose) = Proposal::new(&old(), 7, Cryptography::Real, &mut rng(1));
    assert_eq!(
        answer(&old(), 8, &propose, Cryptography::Real, &mut rng(2)).unwrap_err(),
        PskMoveFault
    );
    let (_, eighth) = Proposal::new(&old(), 8, Cryptography::Real, &mut rng(1));
    let (_, content) = answer(&old(), 8, &eighth, Cryptography::Real, &mut rng(2)).unwrap();
    assert_eq!(proposal.finish(&content), Err(PskMoveFault));
}

#[test]
fn the_rescue_key_can_stand_for_a_lost_psk() {
    let rescue = pair_keys().rescue.as_psk();
    let (proposal, propose) = Proposal::new(&rescue, 12, Cryptography::Real, &mut rng(1));
    let (pending, content) =
        answer(&rescue, 12, &propose, Cryptography::Real, &mut rng(2)).unwrap();
    assert_eq!(proposal.finish(&content), Ok(pending));
}

#[test]
fn the_same_randomness_gives_the_same_bytes() {
    let bytes = |seed| Proposal::new(&old(), 7, Cryptography::Real, &mut rng(seed)).1;
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn garbage_is_the_peers_fault(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0..1_000_usize) {
        let (proposal, propose) = Proposal::new(&old(), 7, Cryptography::Real, &mut rng(1));
        prop_assert!(answer(&old(), 7, &bytes, Cryptography::Real, &mut rng(2)).is_err());
        prop_assert!(answer(&old(), 7, &propose[..cut], Cryptography::Real, &mut rng(2)).is_err());
        prop_assert!(proposal.finish(&bytes).is_err());
        prop_assert!(proposed_number(&bytes).is_err() || !bytes.is_empty());
    }
}

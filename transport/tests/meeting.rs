//! Meetings by one invitation (`docs/PROTOCOL.md` section 10).

mod support;

use hedgerow_transport::meeting::{Meeting, answer, safety_words};

use support::*;

#[test]
fn two_who_use_one_invitation_share_keys_and_know_each_other() {
    let (joiner, inviter) = (person(1), person(2));
    let invitation = invitation(&inviter);
    let (joiner_session, inviter_session) = meeting_sessions(&invitation, &joiner, &inviter);
    let rng = &mut rng(6);
    let (meeting, meet) = Meeting::new(&invitation, &joiner.introduction, rng);
    let (joiner_seen, met) = answer(
        &invitation.secret,
        &inviter_session,
        &inviter.introduction,
        &meet,
        rng,
    )
    .unwrap();
    let inviter_seen = meeting.finish(&joiner_session, &met).unwrap();

    assert_eq!(inviter_seen.keys, joiner_seen.keys);
    assert_eq!(joiner_seen.peer, joiner.introduction);
    assert_eq!(inviter_seen.peer, inviter.introduction);
    assert_eq!(
        (joiner_seen.device, inviter_seen.device),
        (joiner.device, inviter.device)
    );
}

#[test]
fn safety_words_are_the_same_on_both_sides_and_no_others() {
    let words = safety_words(&[1; 32], &[2; 32]);
    assert_eq!(words, safety_words(&[2; 32], &[1; 32]));
    assert_ne!(words, safety_words(&[1; 32], &[3; 32]));
    assert!(words.iter().all(|word| *word < 2048));
}

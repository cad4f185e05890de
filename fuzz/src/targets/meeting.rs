//! What two who use one invitation tell each other.

use hedgerow_transport::cryptography::Cryptography;
use std::sync::LazyLock;

use crate::devices::{invitation, meeting_sessions, person, rng};
use crate::{forged, split_choice};
use hedgerow_transport::meeting::{Declined, MAX_NAME, Meeting, answer};

/// What was truly said: meet, then met.
static SAID: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let (inviter, joiner) = (person(3), person(4));
    let invited = invitation(&inviter);
    let (_, inviters) = meeting_sessions(&invited, &joiner, &inviter);
    let rng = &mut rng(1);
    let (_, meet) = Meeting::new(&invited, &joiner.introduction, Cryptography::Real, rng);
    let said = answer(
        &invited.secret,
        &inviters,
        &inviter.introduction,
        &meet,
        Cryptography::Real,
        rng,
    );
    let met = said.expect("a true item").1;
    [meet, met]
});

/// One input.
pub fn run(input: &[u8]) {
    let Some((how, input)) = split_choice(input, 5) else {
        return;
    };
    let (inviter, joiner) = (person(3), person(4));
    let invited = invitation(&inviter);
    let (joiners, inviters) = meeting_sessions(&invited, &joiner, &inviter);
    let rng = &mut rng(1);
    let met = match how {
        0 | 1 => {
            let meet = if how == 0 {
                input.to_vec()
            } else {
                forged(&SAID[0], input)
            };
            answer(
                &invited.secret,
                &inviters,
                &inviter.introduction,
                &meet,
                Cryptography::Real,
                rng,
            )
            .map(|met| met.0)
        }
        2 | 3 => {
            let (meeting, _) =
                Meeting::new(&invited, &joiner.introduction, Cryptography::Real, rng);
            let met = if how == 2 {
                input.to_vec()
            } else {
                forged(&SAID[1], input)
            };
            meeting.finish(&joiners, &met)
        }
        _ => {
            let _ = Declined::decode(input);
            return;
        }
    };
    if let Ok(met) = met {
        assert!(met.peer.name.len() <= MAX_NAME);
        assert!(met.device == joiner.device || met.device == inviter.device);
    }
}

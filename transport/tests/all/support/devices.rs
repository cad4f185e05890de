//! Two devices that know each other, and their sessions.
#![allow(dead_code, reason = "the fuzz targets and the lab use a part")]

use bytes::{Bytes, BytesMut};
use ed25519_dalek::SigningKey;
use hedgerow_transport::carrier::Address;
use hedgerow_transport::device::{DeviceKeys, DeviceList, ListedDevice};
use hedgerow_transport::handshake::{
    Arriving, Counted, Dialling, Direction, Garbage, Invited, Joining, Opened, Party, Progress,
    Whole,
};
use hedgerow_transport::invitation::{Invitation, inviter_key_hash};
use hedgerow_transport::keys::{InvitationSecret, PairKeys, Psk, Root, StaticKey, TagKey};
use hedgerow_transport::meeting::Introduction;
use hedgerow_transport::session::{Item, Session};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub struct Device {
    pub key: StaticKey,
    pub party: Party,
}

pub fn device(name: u8) -> Device {
    let key = StaticKey::random(&mut rng(u64::from(name)));
    let party = Party {
        identity: [name; 32],
        device: [name; 16],
        key: key.public(),
    };
    Device { key, party }
}

pub fn pair_keys() -> PairKeys {
    PairKeys::derive(Root::from_bytes([9; 32]))
}

pub const FIRST: Counted = Counted {
    incarnation: 0xfeed,
    counter: 1,
};

/// Dials from one device to another.
pub fn dial(
    from: &Device,
    to: &Device,
    keys: &PairKeys,
    rng: &mut ChaCha20Rng,
) -> (Dialling, Vec<u8>) {
    Dialling::new(
        &from.key,
        &from.party,
        &to.party,
        &keys.tag,
        &keys.psk,
        FIRST,
        rng,
    )
    .unwrap()
}

/// Takes in a whole first flight, as an answerer with these candidates.
pub fn arrive<'k, K>(
    flight: &[u8],
    candidates: impl IntoIterator<Item = (K, &'k TagKey, Direction)>,
) -> Result<(K, Whole), Garbage> {
    let mut input = Bytes::copy_from_slice(flight);
    let Progress::Done(head) = Arriving::new().receive(&mut input) else {
        return Err(Garbage);
    };
    let (who, tagged) = head.recognise(candidates)?;
    match tagged.receive(&mut input) {
        Progress::Done(whole) => Ok((who, whole)),
        Progress::Waiting(_) => Err(Garbage),
    }
}

/// Takes in a first flight as `to`, which knows only `from`.
pub fn open(
    flight: &[u8],
    from: &Device,
    to: &Device,
    tag_key: &TagKey,
    psks: &[&Psk],
    rng: &mut ChaCha20Rng,
) -> Result<Opened, Garbage> {
    let direction = Direction::between(&from.party.device, &to.party.device);
    let ((), whole) = arrive(flight, [((), tag_key, direction)])?;
    whole.open(&to.key, &to.party, &from.party, psks.iter().copied(), rng)
}

/// A session between two devices: the dialler's side, then the answerer's.
pub fn sessions(seed: u64) -> (Session, Session) {
    let (alice, bob, keys) = (device(1), device(2), pair_keys());
    let rng = &mut rng(seed);
    let (dialling, flight) = dial(&alice, &bob, &keys, rng);
    let opened = open(&flight, &alice, &bob, &keys.tag, &[&keys.psk], rng).unwrap();
    let (flight, answerer) = opened.answer(rng).unwrap();
    let Progress::Done(dialler) = dialling.receive(&mut flight.into()).unwrap() else {
        panic!("flight 2 is whole")
    };
    (dialler, answerer)
}

/// Seals everything queued.
pub fn seal(session: &mut Session) -> BytesMut {
    let mut out = BytesMut::new();
    session.seal(&mut out, usize::MAX);
    out
}

/// Sends everything queued from one side to the other.
pub fn carry(from: &mut Session, to: &mut Session) -> Vec<Item> {
    to.receive(&seal(from)).unwrap()
}

/// A person with one device and its introduction.
pub struct Person {
    pub identity: SigningKey,
    pub device: DeviceKeys,
    pub key: StaticKey,
    pub introduction: Introduction,
}

pub fn person(name: u8) -> Person {
    let identity = SigningKey::from_bytes(&[name; 32]);
    let key = StaticKey::random(&mut rng(u64::from(name)));
    let signing = SigningKey::from_bytes(&[name + 100; 32]);
    let of = identity.verifying_key().to_bytes();
    let listed = ListedDevice::sign(&signing, &of, key.public());
    let device = *listed.keys();
    let introduction = Introduction {
        devices: DeviceList::sign(&identity, 1, vec![listed]).unwrap(),
        name: format!("person {name}"),
        addresses: vec![Address("192.0.2.1:4711".into())],
    };
    Person {
        identity,
        device,
        key,
        introduction,
    }
}

pub fn invitation(inviter: &Person) -> Invitation {
    Invitation {
        secret: InvitationSecret::random(&mut rng(77)),
        inviter: inviter_key_hash(inviter.introduction.devices.identity(), &inviter.device),
        expires_s: 2_000_000_000,
        addresses: inviter.introduction.addresses.clone(),
        in_person: false,
    }
}

/// Starts to join.
pub fn join(invitation: &Invitation, joiner: &Person, rng: &mut ChaCha20Rng) -> (Joining, Vec<u8>) {
    let secret = &invitation.secret;
    Joining::new(
        &joiner.key,
        &invitation.inviter,
        &secret.tag_key(),
        &secret.psk(),
        rng,
    )
}

/// Takes in a joiner's first flight.
pub fn open_invited(
    flight: &[u8],
    invitation: &Invitation,
    inviter: &Person,
    rng: &mut ChaCha20Rng,
) -> Result<Invited, Garbage> {
    let secret = &invitation.secret;
    let ((), whole) = arrive(flight, [((), &secret.tag_key(), Direction::Up)])?;
    whole.open_invited(&inviter.key, &invitation.inviter, &secret.psk(), rng)
}

/// The session that an invitation opens: the joiner's side, then the inviter's.
pub fn meeting_sessions(
    invitation: &Invitation,
    joiner: &Person,
    inviter: &Person,
) -> (Session, Session) {
    let rng = &mut rng(5);
    let (joining, flight) = join(invitation, joiner, rng);
    let invited = open_invited(&flight, invitation, inviter, rng).unwrap();
    let (flight, answered) = invited.answer(rng).unwrap();
    let Progress::Done((flight, joiner)) = joining.receive(&mut flight.into(), rng).unwrap() else {
        panic!("flight 2 is whole")
    };
    let Progress::Done(inviter) = answered.receive(&mut flight.into()).unwrap() else {
        panic!("flight 3 is whole")
    };
    (joiner, inviter)
}

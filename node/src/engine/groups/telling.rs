//! Two members who are contacts, and of whom neither invited the other, tell each other their keys in a session
//! (`docs/PROTOCOL.md` section 4c). Only who knows the group's secret sees what is said, or of which group.

use bytes::Bytes;
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::membership::{Level, MemberKey, SIGNATURE_LENGTH, prove_possession};
use hedgerow_sync::store::StorageError;
use hedgerow_transport::keys::SpaceSecret;
use hedgerow_transport::session::{Role, Session};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::Open;
use crate::engine::fault::LinkError;
use crate::engine::live::Live;
use crate::engine::{Owners, Turn, items};

/// A member key and the proof that its sender holds it.
const SAID: usize = 32 + SIGNATURE_LENGTH;

/// Item 5.
#[derive(Encode, Decode)]
struct MemberKeyItem {
    /// Names the group to whoever knows its secret.
    #[n(0)]
    tag: ByteArray<16>,
    /// The sender's key and proof, masked.
    #[n(1)]
    said: ByteArray<SAID>,
}

/// What a group's secret makes of a session, for one of its two directions.
fn stream(secret: &SpaceSecret, session: &Session, said_by: Role, what: &str) -> [u8; SAID] {
    let mut hasher = blake3::Hasher::new_keyed(secret.as_bytes());
    hasher.update(what.as_bytes());
    hasher.update(session.hash());
    hasher.update(&[match said_by {
        Role::Dialler => 0,
        Role::Answerer => 1,
    }]);
    let mut stream = [0; SAID];
    hasher.finalize_xof().fill(&mut stream);
    stream
}

fn tag(secret: &SpaceSecret, session: &Session, said_by: Role) -> [u8; 16] {
    let stream = stream(secret, session, said_by, "hedgerow 1 member tag");
    *stream.first_chunk().expect("16 bytes of 96")
}

fn binder(secret: &SpaceSecret, session: &Session, said_by: Role) -> [u8; 32] {
    let stream = stream(secret, session, said_by, "hedgerow 1 member binder");
    *stream.first_chunk().expect("32 bytes of 96")
}

/// Masks what is said, or takes the mask off.
fn masked(secret: &SpaceSecret, session: &Session, said_by: Role, said: &mut [u8; SAID]) {
    let mask = stream(secret, session, said_by, "hedgerow 1 member mask");
    said.iter_mut()
        .zip(mask)
        .for_each(|(byte, mask)| *byte ^= mask);
}

fn other(role: Role) -> Role {
    match role {
        Role::Dialler => Role::Answerer,
        Role::Answerer => Role::Dialler,
    }
}

impl Open {
    /// Whether somebody is in of whom we do not know that it is a contact.
    pub(in crate::engine) fn has_strangers(&self) -> bool {
        let standings = self.group.membership().standings().into_iter();
        let mut others =
            standings.filter(|it| it.level >= Level::MEMBER && Some(it.key) != self.group.me());
        others.any(|it| !self.keys.values().any(|key| *key == it.key))
    }
}

impl Owners {
    /// Tells the other side of a session our key in every group in which it might be.
    pub(in crate::engine) fn tell_member_keys(&self, live: &mut Live) {
        for space in self.groups.0.keys() {
            self.tell_member_key(live, *space);
        }
    }

    /// The same of one group, once a session unless it is an answer.
    pub(super) fn tell_member_key(&self, live: &mut Live, space: SpaceId) {
        let known = self.conversations.get(space).zip(self.groups.get(space));
        let Some((known, open)) = known else {
            return;
        };
        let is_due = live.hello.is_some()
            && !live.rescue
            && open.my_level() >= Level::MEMBER
            && !open.keys.contains_key(&live.identity)
            && open.has_strangers();
        if is_due && live.told_keys.insert(space) {
            say(live, &known.secret, open);
        }
    }

    /// The other side tells a key in a group. What we cannot read is of a group that we are not in.
    pub(in crate::engine) fn member_key_told(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        content: &Bytes,
    ) -> Result<(), LinkError> {
        let MemberKeyItem { tag: named, said } = items::read(content)?;
        let role = other(live.session.role());
        let found = self.groups.0.iter().find_map(|(space, open)| {
            let known = self.conversations.get(*space)?;
            let is_named = tag(&known.secret, &live.session, role) == *named;
            (is_named && open.my_level() >= Level::MEMBER).then_some((*space, known, open))
        });
        let Some((space, known, open)) = found else {
            return Ok(());
        };
        let mut said: [u8; SAID] = *said;
        masked(&known.secret, &live.session, role, &mut said);
        let (key, proof) = said.split_at(32);
        let (Ok(key), Ok(proof)) = (key.try_into().map(MemberKey), proof.try_into()) else {
            return Ok(());
        };
        let binder = binder(&known.secret, &live.session, role);
        let is_in = open.group.membership().level(key) >= Level::MEMBER;
        if !is_in || !key.is_held(space, &binder, &proof) {
            return Ok(());
        }
        // It may not have been in when we told it.
        if live.answered_keys.insert(space) {
            say(live, &known.secret, open);
        }
        self.learn_key(turn, space, key, live)?;
        Ok(())
    }

    fn learn_key(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        key: MemberKey,
        live: &Live,
    ) -> Result<(), StorageError> {
        let open = self.groups.get(space);
        let is_known = open.is_some_and(|open| open.keys.get(&live.identity) == Some(&key));
        if !is_known && self.bind_key(turn, space, key, live.identity)? {
            self.group_changed(turn, space)?;
        }
        Ok(())
    }
}

fn say(live: &mut Live, secret: &SpaceSecret, open: &Open) {
    let (Some(me), Some(key)) = (open.group.me(), &open.key) else {
        return;
    };
    let role = live.session.role();
    let binder = binder(secret, &live.session, role);
    let proof = prove_possession(&key.key(), open.group.space(), &binder);
    let mut said = [0; SAID];
    said[..32].copy_from_slice(&me.0);
    said[32..].copy_from_slice(&proof);
    masked(secret, &live.session, role, &mut said);
    let item = MemberKeyItem {
        tag: tag(secret, &live.session, role).into(),
        said: said.into(),
    };
    items::say(&mut live.session, items::MEMBER_KEY, &item);
}

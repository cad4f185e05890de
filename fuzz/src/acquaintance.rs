//! A contact of an engine that is no engine: it has true keys, and says what a target wants.

use hedgerow_transport::cryptography::Cryptography;
use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use hedgerow_node::harness::{EPOCH_MS, World};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_transport::carrier::memory::MemoryNetwork;
use hedgerow_transport::carrier::{CarrierCommand, CarrierEvent, DialId, LinkId};
use hedgerow_transport::device::DeviceList;
use hedgerow_transport::handshake::{Counted, Dialling, Joining, Party, Progress};
use hedgerow_transport::invitation::Invitation;
use hedgerow_transport::keys::PairKeys;
use hedgerow_transport::meeting::{MEET, MET, Meeting};
use hedgerow_transport::session::{Lane, Session};
use minicbor::Encoder;

use crate::devices::{Person, person, rng};

/// The number of the engine on the network.
const ENGINE: usize = 0;

/// What both sides have after they met.
pub struct Acquaintance {
    /// The engine's store.
    pub store: MemoryStore,
    /// What the two devices share.
    pub keys: PairKeys,
    person: Person,
    peer: Party,
}

/// One link to the engine.
pub struct Line {
    /// What the other end proved.
    pub session: Session,
    stranger: usize,
    link: LinkId,
}

impl Acquaintance {
    /// An engine makes an invitation, and the contact uses it.
    pub fn make() -> Acquaintance {
        let rng = &mut rng(31);
        let mut world = World::with(1, &["Ada"]);
        let person = person(4);
        let invitation = Invitation::parse(&world.invite(ENGINE).0).expect("a true link");
        let secret = &invitation.secret;
        let stranger = world.stranger();
        let link = connect(&mut world, stranger, 1);
        let (joining, flight) = Joining::new(
            &person.key,
            &invitation.inviter,
            &secret.tag_key(),
            &secret.psk(),
            rng,
        );
        let mut answer = exchange(&mut world, stranger, link, flight.into());
        let Ok(Progress::Done((flight, session))) = joining.receive(&mut answer, rng) else {
            panic!("an open invitation answers")
        };
        let (meeting, meet) =
            Meeting::new(&invitation, &person.introduction, Cryptography::Real, rng);
        let mut line = Line {
            session,
            stranger,
            link,
        };
        exchange(&mut world, stranger, link, flight.into());
        line.push(MEET, meet);
        let items = line.exchange(&mut world);
        let met = items.iter().find(|item| item.0 == MET).expect("both meet");
        let met = meeting.finish(&line.session, &met.1).expect("a true item");
        Acquaintance {
            store: world.nodes[ENGINE].storage.store.clone(),
            peer: met.peer.devices.party(&met.device),
            keys: met.keys,
            person,
        }
    }

    /// A world with the engine in it, and somebody who dials it with the contact's keys.
    pub fn dial(&self, incarnation: u64, world: &mut World) -> Option<Line> {
        let rng = &mut rng(incarnation);
        let stranger = world.stranger();
        let link = connect(world, stranger, incarnation);
        let counted = Counted {
            incarnation,
            counter: 1,
        };
        let me = self.me();
        let (dialling, flight) = Dialling::new(
            &self.person.key,
            &me,
            &self.peer,
            &self.keys.tag,
            &self.keys.psk,
            counted,
            rng,
        )
        .expect("a sound key");
        let mut answer = exchange(world, stranger, link, flight.into());
        let Ok(Progress::Done(mut session)) = dialling.receive(&mut answer) else {
            return None;
        };
        session.receive(&answer).expect("hello follows the answer");
        Some(Line {
            session,
            stranger,
            link,
        })
    }

    /// What the contact would truly say first.
    pub fn hello(&self) -> Vec<u8> {
        let list: &DeviceList = &self.person.introduction.devices;
        let mut hello = Encoder::new(Vec::new());
        let write = |hello: &mut Encoder<Vec<u8>>| {
            hello
                .array(9)?
                .u8(2)?
                .u64(0)?
                .u32(list.version())?
                .bytes(&list.hash())?
                .i64(EPOCH_MS)?
                .bytes(&[0; 16])?
                .u32(0)?
                .encode(BTreeMap::<u8, u32>::new())?
                .u64(7)?;
            Ok::<_, minicbor::encode::Error<std::convert::Infallible>>(())
        };
        write(&mut hello).expect("a vector takes all bytes");
        hello.into_writer()
    }

    fn me(&self) -> Party {
        self.person.introduction.devices.party(&self.person.device)
    }
}

impl Line {
    /// Says an item with the next [`exchange`](Self::exchange).
    pub fn push(&mut self, kind: u64, content: Vec<u8>) {
        self.session
            .push(Lane::Control, kind, content.into())
            .expect("inputs are shorter than items may be");
    }

    /// Sends what was said, and gives the items that come back.
    pub fn exchange(&mut self, world: &mut World) -> Vec<(u64, Bytes)> {
        let mut sealed = BytesMut::new();
        self.session.seal(&mut sealed, usize::MAX);
        let answer = exchange(world, self.stranger, self.link, sealed.freeze());
        let items = self.session.receive(&answer).expect("an engine seals well");
        items
            .into_iter()
            .map(|item| (item.kind, item.content))
            .collect()
    }
}

fn connect(world: &mut World, stranger: usize, dial: u64) -> LinkId {
    let command = CarrierCommand::Dial {
        dial: DialId(dial),
        to: MemoryNetwork::address(ENGINE),
    };
    world.network.command(stranger, command, world.now_ms);
    world.run(5);
    let up = world
        .heard(stranger)
        .into_iter()
        .find_map(|event| match event {
            CarrierEvent::Up { link, .. } => Some(link),
            _ => None,
        });
    up.expect("an engine accepts links")
}

/// Sends bytes, and gives what comes back within a few round trips.
fn exchange(world: &mut World, stranger: usize, link: LinkId, bytes: Bytes) -> Bytes {
    let command = CarrierCommand::Send { link, bytes };
    world.network.command(stranger, command, world.now_ms);
    world.run(20);
    let mut answer = BytesMut::new();
    for event in world.heard(stranger) {
        if let CarrierEvent::Bytes { bytes, .. } = event {
            answer.extend_from_slice(&bytes);
        }
    }
    answer.freeze()
}

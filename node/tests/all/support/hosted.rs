//! A node in this process for the tests of the API and of the command line: the engine over a store in memory, with
//! contacts on networks in memory under a virtual clock. Its host is played: there is no directory, and no store to
//! open or close.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hedgerow_node::api::*;
use hedgerow_node::engine::Input;
use hedgerow_node::engine::{conversation, files, recording, starred};
use hedgerow_node::files::extent::MAX_FILE;
use hedgerow_node::harness::World;
use hedgerow_node::parcel::reading::Fault;
use hedgerow_node::parcel::steps::Step;
use hedgerow_node::parcel::{Reading, Writing};
use hedgerow_node::pictures::kind_of;
use hedgerow_sync::store::Store;
use hedgerow_transport::carrier::{Address, CarrierEvent, CarrierKind, CarrierState, RelayState};

use super::VERSION;

pub const PASSPHRASE: &str = "correct horse";

/// The people, by their number in the world. The node is Ana's.
const ANA: usize = 0;
const BEN: usize = 1;
const DORA: usize = 2;

/// How long the world goes on after a call that changes something, in virtual milliseconds.
const AFTER_MS: u64 = 1_000;

const MINUTE_MS: u64 = 60_000;

pub struct Hosted {
    state: Mutex<State>,
    pub feed: Arc<Feed>,
    /// How long the host takes over what is slow on a slow disk.
    pub slow: Duration,
    /// A contact who is out of reach, with a conversation.
    pub ben: Contact,
    /// A contact who went out of reach before anything was said.
    pub dora: Contact,
}

struct State {
    world: World,
    /// Events of the engine that have been told.
    told: usize,
    locked: bool,
    passphrase: String,
    gone: bool,
}

impl Default for Hosted {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Hosted {
    /// A node with two contacts and this many messages in the conversation with Ben, one a minute, by turns from Ana
    /// and from him.
    pub fn new(messages: u64) -> Self {
        let mut world = World::over(CarrierKind::Lan, 1);
        for name in ["Ana", "Ben", "Dora\u{202e}"] {
            world.add(name);
        }
        world.add_carrier(CarrierKind::Relay);
        // As the carrier of the product is without a relay.
        relay_carrier_is(&mut world, CarrierState::Off, Vec::new());
        world.meet(BEN, ANA);
        for position in 0..messages {
            world.run(MINUTE_MS - world.now_ms % MINUTE_MS);
            let (from, to) = match position.is_multiple_of(2) {
                true => (ANA, BEN),
                false => (BEN, ANA),
            };
            world.send(from, to, &format!("line {position}"));
            world.delivered(ANA, BEN);
        }
        part(&mut world, ANA, BEN);
        world.meet_and_part(DORA, ANA);
        part(&mut world, ANA, DORA);
        let (ben, dora) = (world.contact(ANA, BEN), world.contact(ANA, DORA));
        let told = world.nodes[ANA].events.len();
        Self {
            state: Mutex::new(State {
                world,
                told,
                locked: false,
                passphrase: PASSPHRASE.into(),
                gone: false,
            }),
            feed: Arc::new(Feed::new(7)),
            slow: Duration::ZERO,
            ben,
            dora,
        }
    }

    /// Tells this to those who listen, whatever has happened.
    pub fn tell(&self, event: Event) {
        self.feed.tell(event);
    }

    /// A message comes from Ben, who is near for a moment.
    pub fn receive(&self, text: &str) {
        let mut state = self.state.lock().unwrap();
        state.world.network.part(ANA, BEN, false);
        state.world.connected(ANA, BEN);
        state.world.send(BEN, ANA, text);
        state.world.delivered(ANA, BEN);
        part(&mut state.world, ANA, BEN);
        self.tell_news(&mut state);
    }

    /// Ben is near for a moment, in which this happens.
    pub fn near_ben(&self, happens: impl FnOnce(&mut World)) {
        let mut state = self.state.lock().unwrap();
        state.world.network.part(ANA, BEN, false);
        state.world.connected(ANA, BEN);
        state.world.run(5 * AFTER_MS);
        happens(&mut state.world);
        state.world.run(5 * AFTER_MS);
        part(&mut state.world, ANA, BEN);
        self.tell_news(&mut state);
    }

    /// A message with a file comes from Ben, who is not verified, and takes the file away again: it is too long to load
    /// by itself.
    pub fn receive_long_file(&self, name: &str) {
        self.receive_file(name, false);
    }

    /// The same, and Ben cancels the file.
    pub fn receive_cancelled_file(&self, name: &str) {
        self.receive_file(name, true);
    }

    fn receive_file(&self, name: &str, cancelled: bool) {
        let mut state = self.state.lock().unwrap();
        state.world.network.part(ANA, BEN, false);
        state.world.connected(ANA, BEN);
        let sent = state.world.send_file(BEN, ANA, name, 2 << 20);
        state.world.delivered(ANA, BEN);
        if cancelled {
            let chat = state.world.chat(BEN, ANA);
            let cancel = Call::CancelFile(chat, sent);
            state.world.ask(BEN, cancel).expect("it is Ben's");
            state.world.run(AFTER_MS);
        }
        part(&mut state.world, ANA, BEN);
        self.tell_news(&mut state);
    }

    /// Ben comes near, but a firewall is between them, until Ana's attempts to reach him have failed. Or he goes away,
    /// and the firewall too.
    pub fn firewall(&self, stands: bool) {
        let mut state = self.state.lock().unwrap();
        for device in [ANA, BEN] {
            state.world.network.shut(device, stands);
        }
        state.world.network.part(ANA, BEN, !stands);
        state.world.run(AFTER_MS);
        if stands {
            let failed = |why| matches!(why, Some(Why::NoAnswer { .. }));
            while !failed(state.world.conversation(ANA, BEN).why) {
                state.world.run(AFTER_MS);
            }
        }
    }

    /// The message at this position of the conversation with Ben.
    pub fn message(&self, position: u64) -> MessageId {
        let mut state = self.state.lock().unwrap();
        let page = state.world.page(ANA, BEN, &PageFrom::Position(position));
        page.messages[0].id.clone()
    }

    /// An invitation by somebody else each time, who is out of reach.
    pub fn link(&self) -> String {
        let mut state = self.state.lock().unwrap();
        let maker = state.world.add("Eve");
        part(&mut state.world, ANA, maker);
        state.world.invite(maker).0
    }

    /// An invitation by somebody who is near.
    pub fn link_from(&self, name: &str) -> String {
        let mut state = self.state.lock().unwrap();
        let maker = state.world.add(name);
        state.world.invite(maker).0
    }

    /// An invitation by somebody who is near, which somebody else has used.
    pub fn used_link(&self) -> String {
        let link = self.link_from("Fay");
        let mut state = self.state.lock().unwrap();
        let joiner = state.world.add("Gus");
        let joins = Call::Join(Private(link.clone()).into());
        state.world.ask(joiner, joins).expect("the link is good");
        state.world.run(AFTER_MS);
        assert_eq!(state.world.contacts(joiner).len(), 1);
        link
    }

    /// What Ben seals to be carried to Ana by hand: a message.
    pub fn parcel(&self) -> Vec<u8> {
        let mut state = self.state.lock().unwrap();
        state.world.send(BEN, ANA, "by hand");
        drop(state);
        self.seal()
    }

    /// What Ben seals now.
    pub fn seal(&self) -> Vec<u8> {
        let mut state = self.state.lock().unwrap();
        let ana = state.world.id(ANA);
        let bundles = state.world.carry_out(BEN, &ana);
        parcel(&bundles.expect("he has her prekey"))
    }

    /// Ben opens a parcel of Ana's.
    pub fn carry(&self, parcel: Vec<u8>) {
        let mut state = self.state.lock().unwrap();
        let bundles = bundles(&parcel).expect("it is whole");
        let opened = state.world.carry_in(BEN, &bundles);
        opened.expect("it is for him");
    }

    /// A relay answers, or does not.
    pub fn relay_is(&self, address: &str, relay: RelayState) {
        let mut state = self.state.lock().unwrap();
        let at = Address(address.to_owned());
        let event = CarrierEvent::Relay {
            at: at.clone(),
            state: relay,
        };
        state.world.nodes[ANA].input(Input::Carrier(CarrierKind::Relay, event));
        if relay == RelayState::Ready {
            relay_carrier_is(&mut state.world, CarrierState::On, vec![at]);
        }
        state.world.run(AFTER_MS);
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, Refusal> {
        let state = self.state.lock().unwrap();
        match (state.gone, state.locked) {
            (true, _) => Err(Refusal::Stopping),
            (false, true) => Err(Refusal::Locked),
            (false, false) => Ok(state),
        }
    }

    /// Asks the engine.
    fn ask(&self, call: Call) -> Answer {
        let mut state = self.state()?;
        let changes = !call.only_looks();
        let answer = state.world.ask(ANA, call);
        if changes {
            state.world.run(AFTER_MS);
        }
        self.tell_news(&mut state);
        answer
    }

    /// Tells what the engine has told since.
    fn tell_news(&self, state: &mut State) {
        let events = &state.world.nodes[ANA].events;
        for event in &events[state.told..] {
            self.tell(event.clone());
        }
        state.told = events.len();
    }

    fn status(&self) -> Result<NodeStatus, Refusal> {
        let open = match self.ask(Call::Status) {
            Ok(Reply::Status(status)) => Some(status),
            Err(Refusal::Locked) => None,
            other => panic!("no status: {other:?}"),
        };
        Ok(NodeStatus {
            version: VERSION.into(),
            locked: open.is_none(),
            disk_full: false,
            open,
        })
    }

    fn read_page(&self, of: &ConversationId, from: &PageFrom, limit: u32) -> Result<Page, Refusal> {
        let state = self.state()?;
        let store = &state.world.nodes[ANA].storage;
        let page = store.read(|reader| Ok(conversation::page(reader, of, from, limit)));
        page.expect("memory does not fail")
    }

    fn read_message(&self, of: &ConversationId, id: &MessageId) -> Result<Message, Refusal> {
        let state = self.state()?;
        let store = &state.world.nodes[ANA].storage;
        let message = store.read(|reader| Ok(conversation::message(reader, of, id)));
        message.expect("memory does not fail")
    }

    fn read_versions(&self, of: &ConversationId, id: &MessageId) -> Result<Vec<Version>, Refusal> {
        let state = self.state()?;
        let store = &state.world.nodes[ANA].storage;
        let versions = store.read(|reader| Ok(conversation::versions(reader, of, id)));
        versions.expect("memory does not fail")
    }

    /// Adds why one's own messages wait, as the host does.
    fn say_why(&self, of: &ConversationId, messages: &mut [Message]) -> Result<(), Refusal> {
        match self.ask(Call::Conversation(of.clone()))? {
            Reply::Conversation(chat) => conversation::explain(messages, &chat.recipients),
            other => panic!("no conversation: {other:?}"),
        }
        Ok(())
    }

    fn unlock(&self, passphrase: &Passphrase) -> Result<(), Refusal> {
        let mut state = self.state.lock().unwrap();
        if !state.locked {
            return Err(Refusal::NotLocked);
        }
        if passphrase.as_bytes() != state.passphrase.as_bytes() {
            return Err(Refusal::WrongPassphrase);
        }
        state.locked = false;
        state.world.restart(ANA);
        Ok(())
    }

    fn change_passphrase(&self, current: &Passphrase, new: &Passphrase) -> Result<(), Refusal> {
        let mut state = self.state.lock().unwrap();
        if current.as_bytes() != state.passphrase.as_bytes() {
            return Err(Refusal::WrongPassphrase);
        }
        state.passphrase = String::from_utf8(new.as_bytes().to_vec()).unwrap();
        Ok(())
    }
}

fn relay_carrier_is(world: &mut World, state: CarrierState, addresses: Vec<Address>) {
    for event in [
        CarrierEvent::State(state),
        CarrierEvent::Addresses(addresses),
    ] {
        world.nodes[ANA].input(Input::Carrier(CarrierKind::Relay, event));
    }
    world.run(AFTER_MS);
}

/// Neither reaches the other over any carrier.
fn part(world: &mut World, one: usize, other: usize) {
    world.network.part(one, other, true);
    for network in world.further.values_mut() {
        network.part(one, other, true);
    }
    world.run(AFTER_MS);
}

/// A parcel with these bundles and no files.
fn parcel(bundles: &[Vec<u8>]) -> Vec<u8> {
    let mut writing = Writing::begin();
    for bundle in bundles {
        writing.bundle(bundle);
    }
    writing.finish()
}

fn bundles(parcel: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut reading = Reading::begin(parcel)?;
    let mut bundles = Vec::new();
    while let Some(bundle) = reading.bundle()? {
        bundles.push(bundle);
    }
    Ok(bundles)
}

#[async_trait]
impl Api for Hosted {
    async fn call(&self, call: Call) -> Answer {
        match self.ask(call)? {
            Reply::Identities(of) => Ok(Reply::SafetyWords(of.safety_words())),
            reply => Ok(reply),
        }
    }

    async fn upload(&self, new: NewUpload, mut bytes: ByteStream) -> Result<Uploaded, Refusal> {
        if let Some(size) = new.size.filter(|size| *size > MAX_FILE) {
            return Err(Refusal::TooLong {
                limit_bytes: MAX_FILE,
                actual_bytes: size,
            });
        }
        let name = new.name.0.rsplit('/').next().unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::BadName);
        }
        let mut clear = Vec::new();
        while let Some(part) = bytes.next().await {
            clear.extend_from_slice(&part?);
        }
        if kind_of(&clear).may_name_its_author() && new.form == Form::Cleaned {
            return Err(Refusal::MayNameYou);
        }
        let size = clear.len() as u64;
        if new.size.is_some_and(|expected| expected != size) {
            return Err(Refusal::FileChanged);
        }
        let id = self.state()?.world.upload_bytes(ANA, &new.name.0, &clear);
        let name = new.name;
        Ok(Uploaded {
            id,
            name,
            size,
            carries: Vec::new(),
            cleaned: false,
            preview: false,
            voice: None,
        })
    }

    async fn download(
        &self,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<Download, Refusal> {
        self.state()?.world.download(ANA, &conversation, &message)
    }

    async fn carry_part(&self, series: SeriesName, _: u32) -> Result<ByteStream, Refusal> {
        let contact = ContactId(series.0);
        let bundles = self.state()?.world.carry_out(ANA, &contact)?;
        let parcel = Ok(Bytes::from(parcel(&bundles)));
        Ok(Box::pin(stream::iter([parcel])))
    }

    async fn carry_in(&self, mut pieces: ByteStream) -> Result<Imported, Refusal> {
        let mut parcel = Vec::new();
        while let Some(piece) = pieces.next().await {
            parcel.extend_from_slice(&piece?);
        }
        let bundles = bundles(&parcel).map_err(|_| Refusal::BadParcel)?;
        let mut state = self.state()?;
        let imported = state.world.carry_in(ANA, &bundles);
        state.world.run(AFTER_MS);
        self.tell_news(&mut state);
        imported
    }

    async fn host(&self, call: HostCall) -> Answer {
        Ok(match call {
            HostCall::CarryOut(contact, _) => {
                self.ask(Call::Carry(Step::Files(contact.clone())))?;
                let parcels = Parcels {
                    series: SeriesName(contact.0),
                    parts: 1,
                    files: 0,
                    bytes: 0,
                };
                parcels.into()
            }
            HostCall::Status => self.status()?.into(),
            HostCall::Page(of, from, limit) => {
                let mut page = self.read_page(&of, &from, limit)?;
                self.say_why(&of, &mut page.messages)?;
                page.into()
            }
            HostCall::Message(of, id) => {
                let mut message = self.read_message(&of, &id)?;
                self.say_why(&of, std::slice::from_mut(&mut message))?;
                message.into()
            }
            HostCall::Starred(before, limit) => {
                let state = self.state()?;
                let store = &state.world.nodes[ANA].storage;
                let page = store.read(|reader| Ok(starred::page(reader, before, limit)));
                page.expect("memory does not fail")?.into()
            }
            HostCall::Versions(of, id) => self.read_versions(&of, &id)?.into(),
            HostCall::Files(of, before, limit) => {
                let state = self.state()?;
                let store = &state.world.nodes[ANA].storage;
                let page =
                    store.read(|reader| Ok(files::page(reader, &of, before.as_ref(), limit)));
                page.expect("memory does not fail")?.into()
            }
            HostCall::Storage => {
                let state = self.state()?;
                let used = state.world.nodes[ANA].storage.read(files::used);
                let used = StorageUse {
                    conversations: used.expect("memory does not fail"),
                    free: 0,
                    store: 0,
                };
                used.into()
            }
            HostCall::Preview(of, id) => {
                let state = self.state()?;
                let store = &state.world.nodes[ANA].storage;
                let preview = store.read(|reader| Ok(files::preview(reader, &of, &id)));
                preview.expect("memory does not fail")?.into()
            }
            HostCall::Recording(of) => {
                let state = self.state()?;
                let store = &state.world.nodes[ANA].storage;
                let kept = store.read(|reader| Ok(recording::of(reader, &of)));
                kept.expect("memory does not fail")?.into()
            }
            HostCall::Find(search) => {
                let mut found = self.state()?.world.search(ANA, &search)?;
                for hit in &mut found.messages {
                    self.say_why(&hit.conversation, std::slice::from_mut(&mut hit.message))?;
                }
                found.into()
            }
            HostCall::Unlock(passphrase) => self.unlock(&passphrase)?.into(),
            HostCall::Lock => {
                tokio::time::sleep(self.slow).await;
                self.state.lock().unwrap().locked = true;
                self.tell(Event::Lock { locked: true });
                Reply::Done
            }
            HostCall::CheckPassphrase(passphrase) => {
                if passphrase.as_bytes() != self.state()?.passphrase.as_bytes() {
                    return Err(Refusal::WrongPassphrase);
                }
                Reply::Done
            }
            HostCall::Object(group, passphrase) => {
                let mut state = self.state()?;
                if passphrase.as_bytes() != state.passphrase.as_bytes() {
                    return Err(Refusal::WrongPassphrase);
                }
                state.world.ask(ANA, Call::Object(group))?
            }
            HostCall::ChangePassphrase(current, new) => {
                self.change_passphrase(&current, &new)?.into()
            }
            HostCall::Erase => {
                tokio::time::sleep(self.slow).await;
                self.state().map(drop)?.into()
            }
            HostCall::Wipe | HostCall::Handover(_) | HostCall::Stop => {
                self.state.lock().unwrap().gone = true;
                Reply::Done
            }
        })
    }

    async fn events(&self) -> Result<Events, Refusal> {
        Ok(self.feed.listen(None).map(|told| told.event).boxed())
    }
}

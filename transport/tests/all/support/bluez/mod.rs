//! A stand-in for BlueZ on a bus of its own: virtual adapters, as far as the carrier uses them.
//!
//! It copies the surprising behaviour of real BlueZ too: values overtake one another; a server has one file for
//! notifications, which all subscribed centrals hear, and one for writes, into which all centrals write and which stays
//! open when they are gone; nobody can connect to a device that is not heard. A lost answer never comes, also not to a
//! repeated request, until the two disconnect. From BlueZ 5.76 on each central has [files of its
//! own](Air::give_each_its_own).

pub mod bus;
mod losses;
#[expect(
    clippy::disallowed_types,
    reason = "what `zbus` makes of an interface is full of them"
)]
mod objects;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard};

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use socket2::{Domain, Socket, Type};
use tokio::net::UnixDatagram;
use tokio::task::AbortHandle;
use zbus::Connection;
use zbus::object_server::InterfaceRef;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use losses::Losses;
pub use losses::Question;
use objects::{Adapter, Advertising, Characteristic, Device, Gatt, Service};

/// The map type of D-Bus; `zbus` supports only this one. Never iterated over.
#[expect(clippy::disallowed_types, reason = "its order reaches nothing")]
pub type Dictionary<K, V> = std::collections::HashMap<K, V>;

/// The UUID of the service, from `docs/PROTOCOL.md`.
const SERVICE: &str = "4ed6e201-0f5c-4b57-9c1a-6d1b9a7e5c01";

/// The MTU that both ends of a connection negotiate.
const MTU: u16 = 517;

/// Length of the header of a data frame.
const HEADER_LEN: usize = 9;

/// Index of an adapter, as in `hci0`.
pub type Index = usize;

/// All adapters, and the bus they are on.
pub struct Air {
    bus: Connection,
    world: Mutex<World>,
}

#[derive(Default)]
struct World {
    adapters: Vec<State>,
    /// The last advertisement that each adapter heard from each other.
    heard: BTreeMap<(Index, Index), Vec<u8>>,
    /// Pairs of central and peripheral.
    connections: BTreeSet<(Index, Index)>,
    /// Objects to remove when the connection ends.
    exposed: BTreeMap<(Index, Index), Vec<String>>,
    /// The next connection to this adapter ends after this many bytes from its central.
    cuts: BTreeMap<Index, usize>,
    refuses: BTreeSet<Index>,
    losses: Losses,
    /// Data frames that servers have sent to subscribers.
    notified: usize,
}

#[derive(Default)]
struct State {
    powered: bool,
    /// The name that every device that connects can read.
    alias: String,
    /// Advertisements of each client, in order.
    announced: Vec<(String, Vec<u8>)>,
    listening: BTreeSet<String>,
    application: Option<Application>,
    /// Recipients of the server's notifications.
    subscribers: BTreeMap<Index, Arc<UnixDatagram>>,
    /// Each central has its own files.
    each_its_own: bool,
    /// The tasks that read the server's notification files, by owner.
    notifies: BTreeMap<Whose, AbortHandle>,
    /// The destinations of written values.
    writes: BTreeMap<Whose, Arc<UnixDatagram>>,
    /// Number of values written there.
    written: usize,
    /// Number of written values that the server did not accept.
    refused: usize,
    writers: BTreeMap<Index, AbortHandle>,
}

/// The central to which a server's file belongs; `None` for a shared file.
type Whose = Option<Index>;

impl State {
    fn whose(&self, central: Index) -> Whose {
        self.each_its_own.then_some(central)
    }
}

/// A client's registered GATT application.
#[derive(Clone)]
struct Application {
    owner: String,
    service: String,
    /// Paths and UUIDs.
    characteristics: Vec<(OwnedObjectPath, String)>,
}

pub fn adapter_path(index: Index) -> String {
    format!("/org/bluez/hci{index}")
}

/// The address of an adapter.
pub fn address(index: Index) -> String {
    format!("C0:FF:EE:00:{:02X}:{:02X}", index / 256, index % 256)
}

fn device_path(owner: Index, peer: Index) -> String {
    let peer = address(peer).replace(':', "_");
    format!("{}/dev_{peer}", adapter_path(owner))
}

/// Whether a value is a data frame.
fn is_data(value: &[u8]) -> bool {
    value.first() == Some(&3)
}

/// A pair of packet sockets, as bluetoothd hands out.
fn pair() -> (UnixDatagram, OwnedFd) {
    let (near, far) = Socket::pair(Domain::UNIX, Type::SEQPACKET, None).expect("sockets");
    near.set_nonblocking(true).expect("a socket");
    far.set_nonblocking(true).expect("a socket");
    (datagrams(near.into()), far.into())
}

fn datagrams(fd: OwnedFd) -> UnixDatagram {
    let socket = std::os::unix::net::UnixDatagram::from(fd);
    socket.set_nonblocking(true).expect("a socket");
    UnixDatagram::from_std(socket).expect("a socket")
}

impl Air {
    /// Starts without adapters, on the bus of this process.
    pub async fn start() -> Arc<Self> {
        let bus = zbus::connection::Builder::system()
            .and_then(|builder| builder.serve_at("/", zbus::fdo::ObjectManager))
            .and_then(|builder| builder.name("org.bluez"))
            .expect("a bus")
            .build()
            .await
            .expect("nobody else is BlueZ here");
        let world = Mutex::default();
        Arc::new(Self { bus, world })
    }

    /// Adds an adapter, switched on.
    pub async fn adapter(self: &Arc<Self>) -> Index {
        let index = {
            let mut world = self.world();
            world.adapters.push(State {
                powered: true,
                alias: "Bluetooth".into(),
                ..State::default()
            });
            world.adapters.len() - 1
        };
        let path = adapter_path(index);
        let air = || self.clone();
        let server = self.bus.object_server();
        let adapter = Adapter { air: air(), index };
        let advertising = Advertising { air: air(), index };
        let gatt = Gatt { air: air(), index };
        server.at(&*path, gatt).await.expect("a fresh path");
        server.at(&*path, advertising).await.expect("a fresh path");
        server.at(&*path, adapter).await.expect("a fresh path");
        index
    }

    /// Switches an adapter on or off. Off, it has no connections and announces nothing.
    pub async fn power(self: &Arc<Self>, index: Index, on: bool) {
        let connections: Vec<_> = {
            let mut world = self.world();
            let state = &mut world.adapters[index];
            state.powered = on;
            if !on {
                state.announced.clear();
                state.listening.clear();
            }
            let all = world.connections.iter().copied();
            all.filter(|(one, other)| !on && (*one == index || *other == index))
                .collect()
        };
        for (one, other) in connections {
            self.disconnect(one, other).await;
        }
        let adapter = self.told(index).await;
        let told = adapter.get().await;
        told.powered_changed(adapter.signal_emitter())
            .await
            .expect("the bus");
    }

    /// Sets the name that every device that connects can read.
    pub async fn name(&self, index: Index, alias: &str) {
        self.world().adapters[index].alias = alias.into();
        let adapter = self.told(index).await;
        let told = adapter.get().await;
        told.alias_changed(adapter.signal_emitter())
            .await
            .expect("the bus");
    }

    async fn told(&self, index: Index) -> InterfaceRef<Adapter> {
        let server = self.bus.object_server();
        let adapter = server.interface::<_, Adapter>(adapter_path(index)).await;
        adapter.expect("it is there")
    }

    /// Makes an adapter refuse services and advertisements from now on.
    pub fn refuse(&self, index: Index) {
        self.world().refuses.insert(index);
    }

    /// Cuts the next connection to an adapter before more than this many bytes from its central have passed.
    pub fn cut(&self, to: Index, after: usize) {
        self.world().cuts.insert(to, after);
    }

    /// Loses the answers of an adapter to these questions, in this order.
    pub fn lose(&self, of: Index, questions: &[Question]) {
        self.world().losses.plan(of, questions);
    }

    /// Number of answers still to lose.
    pub fn losses(&self, of: Index) -> usize {
        self.world().losses.count(of)
    }

    /// Whether the question is answered: true at once, or false once the two disconnect.
    async fn answered(&self, central: Index, peripheral: Index, question: Question) -> bool {
        let lost = self.world().losses.ask(central, peripheral, question);
        let Some(mut lost) = lost else {
            return true;
        };
        // The channel never changes; it only closes.
        let _ = lost.changed().await;
        false
    }

    /// Number of connections.
    pub fn connections(&self) -> usize {
        self.world().connections.len()
    }

    /// Gives each central of an adapter its own files.
    pub fn give_each_its_own(&self, index: Index) {
        self.world().adapters[index].each_its_own = true;
    }

    /// Number of data frames that servers have sent to subscribers.
    pub fn notified(&self) -> usize {
        self.world().notified
    }

    /// Number of values written to the server of an adapter.
    pub fn written(&self, index: Index) -> usize {
        self.world().adapters[index].written
    }

    /// Number of written values that the server of an adapter did not accept.
    pub fn refused(&self, index: Index) -> usize {
        self.world().adapters[index].refused
    }

    /// Everything that an adapter announces.
    pub fn announced(&self, index: Index) -> Vec<Vec<u8>> {
        let world = self.world();
        let announced = world.adapters[index].announced.iter();
        announced.map(|(_, data)| data.clone()).collect()
    }

    /// Whether an adapter listens.
    pub fn listens(&self, index: Index) -> bool {
        !self.world().adapters[index].listening.is_empty()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("not poisoned")
    }

    /// Delivers every advertisement to every adapter that listens.
    async fn handle(self: &Arc<Self>) {
        let news: Vec<(Index, Index)> = {
            let mut world = self.world();
            let all = 0..world.adapters.len();
            let mut news = Vec::new();
            for listener in all.clone() {
                if world.adapters[listener].listening.is_empty() {
                    continue;
                }
                for announcer in all.clone().filter(|announcer| *announcer != listener) {
                    let announced = world.adapters[announcer].announced.last();
                    if let Some(data) = announced.map(|(_, data)| data.clone()) {
                        let before = world.heard.insert((listener, announcer), data.clone());
                        if before != Some(data) {
                            news.push((listener, announcer));
                        }
                    }
                }
            }
            news
        };
        for (listener, announcer) in news {
            if !self.appear(listener, announcer).await {
                let device = self.device(listener, announcer).await;
                let told = device.get().await;
                told.service_data_changed(device.signal_emitter())
                    .await
                    .expect("the bus");
            }
        }
    }

    /// Creates the object of a device; returns whether it is new.
    async fn appear(self: &Arc<Self>, owner: Index, peer: Index) -> bool {
        let air = self.clone();
        let device = Device { air, owner, peer };
        let server = self.bus.object_server();
        server
            .at(device_path(owner, peer), device)
            .await
            .expect("the bus")
    }

    async fn device(&self, owner: Index, peer: Index) -> InterfaceRef<Device> {
        let server = self.bus.object_server();
        let device = server.interface(device_path(owner, peer)).await;
        device.expect("it has appeared")
    }

    /// Connects a central to a peripheral that announces itself or is already connected the other way.
    async fn connect(self: &Arc<Self>, central: Index, peripheral: Index) -> bool {
        let application = {
            let mut world = self.world();
            let other_way = world.connections.contains(&(peripheral, central));
            let (one, other) = (&world.adapters[central], &world.adapters[peripheral]);
            let near = one.powered && other.powered && (other_way || !other.announced.is_empty());
            if !near {
                return false;
            }
            let application = other.application.clone();
            if !world.connections.insert((central, peripheral)) {
                return true;
            }
            application
        };
        self.appear(peripheral, central).await;
        let server = self.bus.object_server();
        let service = format!("{}/service0001", device_path(central, peripheral));
        let mut exposed = Vec::new();
        if let Some(application) = application {
            let uuid = application.service.clone();
            server
                .at(&*service, Service { uuid })
                .await
                .expect("the bus");
            for (n, (at, uuid)) in application.characteristics.iter().enumerate() {
                let path = format!("{service}/char{n:04x}");
                let characteristic = Characteristic {
                    air: self.clone(),
                    central,
                    peripheral,
                    owner: application.owner.clone(),
                    at: at.clone(),
                    uuid: uuid.clone(),
                };
                server.at(&*path, characteristic).await.expect("the bus");
                exposed.push(path);
            }
        }
        self.world().exposed.insert((central, peripheral), exposed);
        self.tell_connected(central, peripheral).await;
        true
    }

    /// Ends all connections between two adapters.
    async fn disconnect(self: &Arc<Self>, one: Index, other: Index) {
        let mut gone = Vec::new();
        {
            let mut world = self.world();
            for (central, peripheral) in [(one, other), (other, one)] {
                world.losses.disconnect(central, peripheral);
                if !world.connections.remove(&(central, peripheral)) {
                    continue;
                }
                gone.extend(world.exposed.remove(&(central, peripheral)).map(|exposed| {
                    (
                        format!("{}/service0001", device_path(central, peripheral)),
                        exposed,
                    )
                }));
                let state = &mut world.adapters[peripheral];
                state.subscribers.remove(&central);
                if let Some(writer) = state.writers.remove(&central) {
                    writer.abort();
                }
                let whose = state.whose(central);
                if (whose.is_some() || state.subscribers.is_empty())
                    && let Some(notifies) = state.notifies.remove(&whose)
                {
                    notifies.abort();
                }
                if whose.is_some() {
                    state.writes.remove(&whose);
                }
            }
        }
        let server = self.bus.object_server();
        for (service, exposed) in gone {
            for path in exposed {
                server
                    .remove::<Characteristic, _>(path)
                    .await
                    .expect("the bus");
            }
            // A concurrent disconnect may have removed it first.
            let _ = server.remove::<Service, _>(service).await;
        }
        self.tell_connected(one, other).await;
    }

    async fn tell_connected(&self, one: Index, other: Index) {
        for (owner, peer) in [(one, other), (other, one)] {
            let server = self.bus.object_server();
            let Ok(device) = server
                .interface::<_, Device>(device_path(owner, peer))
                .await
            else {
                continue;
            };
            let told = device.get().await;
            let emitter = device.signal_emitter();
            told.connected_changed(emitter).await.expect("the bus");
            if self.world().losses.next(peer) == Some(Question::Services) {
                continue;
            }
            told.services_resolved_changed(emitter)
                .await
                .expect("the bus");
        }
    }

    fn are_connected(&self, one: Index, other: Index) -> bool {
        let connections = &self.world().connections;
        connections.contains(&(one, other)) || connections.contains(&(other, one))
    }

    fn are_resolved(&self, central: Index, peripheral: Index) -> bool {
        let question = Question::Services;
        let lost = || self.world().losses.ask(central, peripheral, question);
        self.are_connected(central, peripheral) && lost().is_none()
    }

    /// The options of a GATT request from a central.
    fn options(central: Index, peripheral: Index) -> BTreeMap<&'static str, Value<'static>> {
        let device = device_path(peripheral, central);
        let device = zbus::zvariant::ObjectPath::try_from(device).expect("a path");
        BTreeMap::from([
            ("device", Value::from(device)),
            ("mtu", Value::from(MTU)),
            ("link", Value::from("LE")),
        ])
    }

    async fn ask<T>(&self, of: &Characteristic, method: &str) -> Option<T>
    where
        T: serde::de::DeserializeOwned + zbus::zvariant::Type,
    {
        let options = Self::options(of.central, of.peripheral);
        let interface = Some("org.bluez.GattCharacteristic1");
        let owner = Some(of.owner.as_str());
        let reply = self
            .bus
            .call_method(owner, &of.at, interface, method, &(options,))
            .await
            .ok()?;
        reply.body().deserialize().ok()
    }

    /// Subscribes a central to the server's notifications.
    async fn subscribe(self: &Arc<Self>, of: &Characteristic) -> Option<OwnedFd> {
        let (near, far) = pair();
        let near = Arc::new(near);
        let (whose, is_first) = {
            let mut world = self.world();
            let state = &mut world.adapters[of.peripheral];
            state.subscribers.insert(of.central, near.clone());
            let whose = state.whose(of.central);
            (whose, !state.notifies.contains_key(&whose))
        };
        if is_first {
            let (server, _): (zbus::zvariant::OwnedFd, u16) = self.ask(of, "AcquireNotify").await?;
            let server = datagrams(server.into());
            let (air, peripheral) = (self.clone(), of.peripheral);
            let pump = tokio::spawn(async move {
                let mut disorder = Disorder::new(peripheral);
                while let Some(values) = disorder.next(&server).await {
                    for value in values {
                        let all: Vec<_> = {
                            let world = air.world();
                            let all = world.adapters[peripheral].subscribers.iter();
                            all.filter(|(central, _)| whose.is_none_or(|whose| whose == **central))
                                .map(|(_, subscriber)| subscriber.clone())
                                .collect()
                        };
                        for subscriber in all {
                            // A central that has gone hears nothing.
                            let _ = subscriber.send(&value).await;
                            air.world().notified += usize::from(is_data(&value));
                        }
                    }
                }
                air.world().adapters[peripheral].notifies.remove(&whose);
            });
            let notifies = &mut self.world().adapters[of.peripheral].notifies;
            notifies.insert(whose, pump.abort_handle());
        }
        Some(far)
    }

    /// Passes what a central writes into this file to the server.
    fn writer(self: &Arc<Self>, of: Characteristic) -> OwnedFd {
        let (near, far) = pair();
        let (central, peripheral) = (of.central, of.peripheral);
        let cut = self.world().cuts.remove(&peripheral);
        let air = self.clone();
        let pump = tokio::spawn(async move {
            let mut disorder = Disorder::new(central);
            let mut passed = 0;
            while let Some(values) = disorder.next(&near).await {
                for value in values {
                    if is_data(&value) {
                        passed += value.len() - HEADER_LEN;
                    }
                    if cut.is_some_and(|cut| passed > cut) {
                        let air = air.clone();
                        // This disconnect ends the present task.
                        tokio::spawn(async move { air.disconnect(central, peripheral).await });
                        return std::future::pending().await;
                    }
                    air.write(&of, &value).await;
                }
            }
        });
        let before = {
            let mut world = self.world();
            let writers = &mut world.adapters[peripheral].writers;
            writers.insert(central, pump.abort_handle())
        };
        if let Some(before) = before {
            before.abort();
        }
        far
    }

    async fn write(&self, of: &Characteristic, value: &[u8]) {
        for _ in 0..2 {
            let (whose, known) = {
                let state = &self.world().adapters[of.peripheral];
                let whose = state.whose(of.central);
                (whose, state.writes.get(&whose).cloned())
            };
            let writes = match known {
                Some(writes) => writes,
                None => {
                    let acquired = self.ask(of, "AcquireWrite").await;
                    let Some((fd, _)): Option<(zbus::zvariant::OwnedFd, u16)> = acquired else {
                        self.world().adapters[of.peripheral].refused += 1;
                        return;
                    };
                    let writes = Arc::new(datagrams(fd.into()));
                    let known = &mut self.world().adapters[of.peripheral].writes;
                    known.insert(whose, writes.clone());
                    writes
                }
            };
            let is_written = writes.send(value).await.is_ok();
            let state = &mut self.world().adapters[of.peripheral];
            if is_written {
                state.written += 1;
                return;
            }
            // The server has closed it; the next value opens it anew.
            state.writes.remove(&whose);
        }
    }

    /// Reads the GATT application that a client registers at a path.
    async fn read_application(&self, owner: String, path: OwnedObjectPath) -> Option<Application> {
        type Properties = BTreeMap<String, OwnedValue>;
        type Objects = Dictionary<OwnedObjectPath, BTreeMap<String, Properties>>;
        let interface = Some("org.freedesktop.DBus.ObjectManager");
        let reply = self
            .bus
            .call_method(
                Some(owner.as_str()),
                &path,
                interface,
                "GetManagedObjects",
                &(),
            )
            .await
            .ok()?;
        let objects: Objects = reply.body().deserialize().ok()?;
        let objects: BTreeMap<String, _> = objects
            .into_iter()
            .map(|(path, interfaces)| (path.to_string(), (path, interfaces)))
            .collect();
        let uuid = |properties: &Properties| properties.get("UUID")?.downcast_ref::<String>().ok();
        let (mut service, mut characteristics) = (None, Vec::new());
        for (path, interfaces) in objects.into_values() {
            if let Some(properties) = interfaces.get("org.bluez.GattService1") {
                service = uuid(properties);
            }
            if let Some(properties) = interfaces.get("org.bluez.GattCharacteristic1") {
                characteristics.push((path, uuid(properties)?));
            }
        }
        let service = service?;
        Some(Application {
            owner,
            service,
            characteristics,
        })
    }

    /// Reads the service data from a client's advertisement.
    async fn read_advertisement(&self, owner: &str, path: &OwnedObjectPath) -> Option<Vec<u8>> {
        let interface = Some("org.freedesktop.DBus.Properties");
        let of = ("org.bluez.LEAdvertisement1", "ServiceData");
        let reply = self
            .bus
            .call_method(Some(owner), path, interface, "Get", &of);
        let reply = reply.await.ok()?;
        let value: OwnedValue = reply.body().deserialize().ok()?;
        let data: Dictionary<String, OwnedValue> = value.try_into().ok()?;
        let data = data.into_values().next()?;
        Vec::try_from(data).ok()
    }
}

/// Reorders values within a short window.
struct Disorder {
    rng: ChaCha20Rng,
}

impl Disorder {
    fn new(seed: Index) -> Self {
        let rng = ChaCha20Rng::seed_from_u64(seed as u64);
        Self { rng }
    }

    async fn next(&mut self, from: &UnixDatagram) -> Option<Vec<Vec<u8>>> {
        let mut value = vec![0; MTU.into()];
        let length = from
            .recv(&mut value)
            .await
            .ok()
            .filter(|length| *length > 0)?;
        value.truncate(length);
        let mut values = vec![value];
        while values.len() < 6 {
            let mut value = vec![0; MTU.into()];
            let Ok(length @ 1..) = from.try_recv(&mut value) else {
                break;
            };
            value.truncate(length);
            let place = self.rng.next_u64() as usize % (values.len() + 1);
            values.insert(place, value);
        }
        Some(values)
    }
}

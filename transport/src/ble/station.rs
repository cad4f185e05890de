//! A working adapter and everything registered with BlueZ there. Dropping it unregisters everything.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bluer::adv::{Advertisement, AdvertisementHandle, Type};
use bluer::gatt::CharacteristicWriter;
use bluer::gatt::local::{
    Application, ApplicationHandle, Characteristic, CharacteristicControl,
    CharacteristicControlEvent, CharacteristicNotify, CharacteristicNotifyMethod,
    CharacteristicRead, CharacteristicWrite, CharacteristicWriteIoRequest,
    CharacteristicWriteMethod, ReqError, Service, characteristic_control,
};
use bluer::l2cap::{SeqPacket, SeqPacketListener, Socket, SocketAddr};
use bluer::{
    Adapter, AdapterEvent, AdapterProperty, Address, DiscoveryFilter, DiscoveryTransport,
    ErrorKind, InternalErrorKind, Session,
};
use futures_util::FutureExt;
use futures_util::stream::{BoxStream, StreamExt};
use tokio::time::{sleep, timeout};

use super::carrier::BleConfig;
use super::channel::{Channel, MAX_SDU};
use super::power::Duty;
use super::{CHANNEL, NOTIFY, SERVICE, WRITE, privacy};
use crate::beacon::Beacon;
use crate::carrier::CarrierState;

/// How long BlueZ may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// L2CAP connections that wait to be accepted.
const BACKLOG: u32 = 4;

/// Subscriptions of devices that are kept: many more than a controller has connections.
const MAX_LISTENERS: usize = 32;

/// How often to check that an advertisement is down.
const POLL: Duration = Duration::from_millis(20);
const POLLS: usize = 50;

/// A working adapter.
pub struct Station {
    pub adapter: Adapter,
    /// Whether the controller hides its address.
    pub hides_address: bool,
    _application: ApplicationHandle,
    writes: Pin<Box<CharacteristicControl>>,
    notifies: Pin<Box<CharacteristicControl>>,
    /// Subscriptions of devices, the newest last.
    listeners: Vec<Arc<CharacteristicWriter>>,
    listener: Option<SeqPacketListener>,
    changes: BoxStream<'static, AdapterEvent>,
    on_air: Option<(Beacon, AdvertisementHandle)>,
    listening: Option<BoxStream<'static, AdapterEvent>>,
}

/// Why there is no station, and a stream of events that may change that.
pub struct Broken {
    pub why: CarrierState,
    pub changes: Option<BoxStream<'static, AdapterEvent>>,
}

/// Events of an adapter.
pub enum Heard {
    /// A setting changed that decides whether the adapter works.
    Changed,
    /// A device is near, or advertises something new.
    Near(Address),
    /// A device has made a channel.
    Channel(Channel, Address),
    /// Scanning has stopped.
    Deaf,
    /// An event that does not matter.
    Nothing,
}

impl Station {
    /// Starts using the adapter, if it exists, is powered and may be used.
    pub async fn start(config: &BleConfig, show_address: bool) -> Result<Self, Broken> {
        let started = timeout(ANSWER, Self::start_at(config, show_address)).await;
        started.unwrap_or(Err(Broken {
            why: CarrierState::NoService,
            changes: None,
        }))
    }

    async fn start_at(config: &BleConfig, show_address: bool) -> Result<Self, Broken> {
        let broken = |why| Broken { why, changes: None };
        let Ok(session) = Session::new().await else {
            return Err(broken(CarrierState::NoService));
        };
        let adapter = match &config.adapter {
            Some(name) => session.adapter(name),
            None => session.default_adapter().await,
        };
        let adapter = adapter.map_err(|error| broken(why(&error)))?;
        let powered = adapter.is_powered().await;
        let changes = adapter
            .events()
            .await
            .map_err(|error| broken(why(&error)))?;
        // The D-Bus connection closes with the last object made from it, so the stream keeps one.
        let kept = adapter.clone();
        let keep = move |event| {
            let _ = &kept;
            event
        };
        let changes = changes.map(keep).boxed();
        let powered = powered.map_err(|error| broken(why(&error)))?;
        let hides_address = privacy::is_on(&config.configuration);
        let hides_name = adapter
            .alias()
            .await
            .is_ok_and(|alias| alias == privacy::ALIAS);
        let problem = if !powered {
            Some(CarrierState::PoweredOff)
        } else if !(show_address || hides_address && hides_name) {
            Some(CarrierState::NotPrivate)
        } else {
            None
        };
        if let Some(why) = problem {
            let changes = Some(changes);
            return Err(Broken { why, changes });
        }
        let listener = match config.l2cap {
            true => listen(&adapter).await,
            false => None,
        };
        let psm = listener.as_ref().map_or(0, |(_, psm)| *psm);
        let (writes, write_handle) = characteristic_control();
        let (notifies, notify_handle) = characteristic_control();
        let application = Application {
            services: vec![service(psm, write_handle, notify_handle)],
            ..Application::default()
        };
        let application = adapter.serve_gatt_application(application).await;
        Ok(Self {
            _application: application.map_err(|error| broken(why(&error)))?,
            adapter,
            hides_address,
            writes: Box::pin(writes),
            notifies: Box::pin(notifies),
            listeners: Vec::new(),
            listener: listener.map(|(listener, _)| listener),
            changes,
            on_air: None,
            listening: None,
        })
    }

    /// The beacon that is advertised.
    pub fn beacon(&self) -> Option<Beacon> {
        self.on_air.as_ref().map(|(beacon, _)| *beacon)
    }

    /// Advertises this beacon and nothing else; false if BlueZ refuses. The old advertisement is down before the new
    /// one is up, since the address can change only in between.
    pub async fn announce(&mut self, beacon: Option<Beacon>, duty: &Duty) -> bool {
        if let Some(handle) = self.on_air.take() {
            let instances = async || self.adapter.active_advertising_instances().await;
            let before = instances().await.unwrap_or(0);
            drop(handle);
            for _ in 0..POLLS {
                if instances().await.unwrap_or(0) < before {
                    break;
                }
                sleep(POLL).await;
            }
        }
        let Some(beacon) = beacon else {
            return true;
        };
        let advertisement = Advertisement {
            advertisement_type: Type::Peripheral,
            service_data: [(SERVICE, beacon.to_vec())].into(),
            discoverable: Some(true),
            min_interval: Some(duty.interval.0),
            max_interval: Some(duty.interval.1),
            ..Advertisement::default()
        };
        let handle = self.adapter.advertise(advertisement).await;
        self.on_air = handle.ok().map(|handle| (beacon, handle));
        self.on_air.is_some()
    }

    /// Whether BlueZ still has our registrations: it forgets them when it restarts.
    pub async fn is_remembered(&mut self) -> bool {
        match self.adapter.active_advertising_instances().await {
            Ok(instances) => instances > 0 || self.on_air.is_none(),
            Err(_) => false,
        }
    }

    /// Starts or stops scanning.
    pub async fn listen(&mut self, listens: bool) {
        if !listens {
            self.listening = None;
        } else if self.listening.is_none() {
            let filter = DiscoveryFilter {
                transport: DiscoveryTransport::Le,
                ..DiscoveryFilter::default()
            };
            // Another discovery of ours may be running, with the same filter.
            let _ = self.adapter.set_discovery_filter(filter).await;
            let heard = self.adapter.discover_devices_with_changes().await;
            self.listening = heard.ok().map(StreamExt::boxed);
        }
    }

    /// Whether it scans.
    pub fn listens(&self) -> bool {
        self.listening.is_some()
    }

    /// The beacon that a device advertises, if any.
    pub async fn beacon_of(&mut self, device: Address) -> Option<Beacon> {
        let device = self.adapter.device(device).ok()?;
        let data = device.service_data().await.ok()??;
        data.get(&SERVICE)?.as_slice().try_into().ok()
    }

    /// The next event. Cancel safe.
    pub async fn heard(&mut self) -> Heard {
        tokio::select! {
            change = self.changes.next() => match change {
                Some(AdapterEvent::PropertyChanged(
                    AdapterProperty::Powered(_) | AdapterProperty::Alias(_),
                ))
                | None => Heard::Changed,
                Some(_) => Heard::Nothing,
            },
            near = next_of(&mut self.listening) => match near {
                Some(AdapterEvent::DeviceAdded(device)) => Heard::Near(device),
                Some(_) => Heard::Nothing,
                None => {
                    self.listening = None;
                    Heard::Deaf
                }
            },
            accepted = accept(&self.listener) => match accepted {
                Some((channel, from)) => Heard::Channel(channel, from),
                None => Heard::Nothing,
            },
            Some(event) = self.notifies.next() => self.subscribed(event),
            Some(event) = self.writes.next() => match event {
                CharacteristicControlEvent::Write(request) => self.written(request),
                CharacteristicControlEvent::Notify(_) => Heard::Nothing,
            },
        }
    }

    fn subscribed(&mut self, event: CharacteristicControlEvent) -> Heard {
        if let CharacteristicControlEvent::Notify(writer) = event {
            self.forget_who_left();
            if self.listeners.len() == MAX_LISTENERS {
                self.listeners.remove(0);
            }
            self.listeners.push(Arc::new(writer));
        }
        Heard::Nothing
    }

    fn forget_who_left(&mut self) {
        self.listeners
            .retain(|listener| matches!(listener.is_closed(), Ok(false)));
    }

    /// A device begins to write: it now has a channel, if we can answer it. BlueZ up to 5.68 shares one file among all
    /// subscribers and names only the first of them, so a device without a subscription of its own name may still be
    /// subscribed, and one that only subscribes blocks nobody. A dialler subscribes first, and repeats what was lost.
    fn written(&mut self, request: CharacteristicWriteIoRequest) -> Heard {
        while let Some(Some(event)) = self.notifies.next().now_or_never() {
            self.subscribed(event);
        }
        self.forget_who_left();
        let device = request.device_address();
        let mut newest_first = self.listeners.iter().rev();
        let own = newest_first.find(|listener| listener.device_address() == device);
        let Some(writer) = own.or(self.listeners.first()).cloned() else {
            request.reject(ReqError::Failed);
            return Heard::Nothing;
        };
        match request.accept() {
            Ok(reader) => Heard::Channel(Channel::Gatt { reader, writer }, device),
            Err(_) => Heard::Nothing,
        }
    }
}

/// The next event of a stream; waits for ever if there is none.
pub async fn next_of(
    stream: &mut Option<BoxStream<'static, AdapterEvent>>,
) -> Option<AdapterEvent> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

async fn accept(listener: &Option<SeqPacketListener>) -> Option<(Channel, Address)> {
    match listener {
        Some(listener) => match listener.accept().await {
            Ok((socket, from)) => Some((Channel::l2cap(socket).ok()?, from.addr)),
            Err(_) => {
                // The system may be out of sockets.
                sleep(Duration::from_millis(500)).await;
                None
            }
        },
        None => std::future::pending().await,
    }
}

/// Listens for L2CAP channels; `None` if this system has none.
async fn listen(adapter: &Adapter) -> Option<(SeqPacketListener, u16)> {
    let at = SocketAddr::new(
        adapter.address().await.ok()?,
        adapter.address_type().await.ok()?,
        0,
    );
    let socket = Socket::<SeqPacket>::new_seq_packet().ok()?;
    socket.bind(at).ok()?;
    socket.set_recv_mtu(MAX_SDU).ok()?;
    let listener = socket.listen(BACKLOG).ok()?;
    let psm = listener.as_ref().local_addr().ok()?.psm;
    Some((listener, psm))
}

fn service(
    psm: u16,
    write: bluer::gatt::local::CharacteristicControlHandle,
    notify: bluer::gatt::local::CharacteristicControlHandle,
) -> Service {
    let write = Characteristic {
        uuid: WRITE,
        write: Some(CharacteristicWrite {
            write_without_response: true,
            method: CharacteristicWriteMethod::Io,
            ..CharacteristicWrite::default()
        }),
        control_handle: write,
        ..Characteristic::default()
    };
    let notify = Characteristic {
        uuid: NOTIFY,
        notify: Some(CharacteristicNotify {
            notify: true,
            method: CharacteristicNotifyMethod::Io,
            ..CharacteristicNotify::default()
        }),
        control_handle: notify,
        ..Characteristic::default()
    };
    let channel = Characteristic {
        uuid: CHANNEL,
        read: Some(CharacteristicRead {
            read: true,
            fun: Box::new(move |_| Box::pin(async move { Ok(psm.to_be_bytes().to_vec()) })),
            ..CharacteristicRead::default()
        }),
        ..Characteristic::default()
    };
    Service {
        uuid: SERVICE,
        primary: true,
        characteristics: vec![write, notify, channel],
        ..Service::default()
    }
}

/// Maps an error of BlueZ or D-Bus to a state of the carrier.
fn why(error: &bluer::Error) -> CarrierState {
    match &error.kind {
        ErrorKind::NotFound | ErrorKind::DoesNotExist => CarrierState::NoInterface,
        ErrorKind::NotAuthorized | ErrorKind::NotPermitted => CarrierState::NoPermission,
        ErrorKind::NotReady => CarrierState::PoweredOff,
        ErrorKind::Internal(InternalErrorKind::DBus(name)) => match name.as_str() {
            "org.freedesktop.DBus.Error.AccessDenied" => CarrierState::NoPermission,
            "org.freedesktop.DBus.Error.UnknownMethod"
            | "org.freedesktop.DBus.Error.UnknownInterface" => CarrierState::NoInterface,
            "org.freedesktop.DBus.Error.ServiceUnknown"
            | "org.freedesktop.DBus.Error.NameHasNoOwner"
            | "org.freedesktop.DBus.Error.NoReply" => CarrierState::NoService,
            _ => CarrierState::Failing,
        },
        ErrorKind::Internal(InternalErrorKind::DBusConnectionLost) => CarrierState::NoService,
        _ => CarrierState::Failing,
    }
}

//! An adapter that works, with all that BlueZ does for us there. Dropping it takes everything back.

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

/// How long the system may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Channels that wait to be accepted.
const BACKLOG: u32 = 4;

/// What devices have subscribed to that is kept for them: many more than a controller is connected to.
const MAX_LISTENERS: usize = 32;

/// How often BlueZ is asked whether an advertisement is down.
const POLL: Duration = Duration::from_millis(20);
const POLLS: usize = 50;

/// An adapter that works.
pub struct Station {
    pub adapter: Adapter,
    /// Whether the controller hides its address.
    pub hides_address: bool,
    _application: ApplicationHandle,
    writes: Pin<Box<CharacteristicControl>>,
    notifies: Pin<Box<CharacteristicControl>>,
    /// What devices have subscribed to, the newest last.
    listeners: Vec<Arc<CharacteristicWriter>>,
    listener: Option<SeqPacketListener>,
    changes: BoxStream<'static, AdapterEvent>,
    on_air: Option<(Beacon, AdvertisementHandle)>,
    listening: Option<BoxStream<'static, AdapterEvent>>,
}

/// Why there is none, and what tells that there may be.
pub struct Broken {
    pub why: CarrierState,
    pub changes: Option<BoxStream<'static, AdapterEvent>>,
}

/// What happens at an adapter.
pub enum Heard {
    /// Something has changed that decides whether it works.
    Changed,
    /// A device is near, or says something new.
    Near(Address),
    /// Somebody has made a channel.
    Channel(Channel, Address),
    /// It listens no longer.
    Deaf,
    /// Nothing that matters.
    Nothing,
}

impl Station {
    /// Takes an adapter into use, if it is there and on and may be.
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
        // The bus is left when the last that came of it is gone.
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

    /// The beacon on the air.
    pub fn beacon(&self) -> Option<Beacon> {
        self.on_air.as_ref().map(|(beacon, _)| *beacon)
    }

    /// Has this beacon on the air and nothing else; false if BlueZ does not let us. What was there before is
    /// down before the new one is up, since the address can only change in between.
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

    /// Whether BlueZ still has what we gave it: it forgets that when it is started anew.
    pub async fn is_remembered(&mut self) -> bool {
        match self.adapter.active_advertising_instances().await {
            Ok(instances) => instances > 0 || self.on_air.is_none(),
            Err(_) => false,
        }
    }

    /// Listens for advertisements, or no longer.
    pub async fn listen(&mut self, listens: bool) {
        if !listens {
            self.listening = None;
        } else if self.listening.is_none() {
            let filter = DiscoveryFilter {
                transport: DiscoveryTransport::Le,
                ..DiscoveryFilter::default()
            };
            // Another listening of ours may be going on, which has the same filter.
            let _ = self.adapter.set_discovery_filter(filter).await;
            let heard = self.adapter.discover_devices_with_changes().await;
            self.listening = heard.ok().map(StreamExt::boxed);
        }
    }

    /// Whether it listens.
    pub fn listens(&self) -> bool {
        self.listening.is_some()
    }

    /// The beacon that a device announces, if it does.
    pub async fn beacon_of(&mut self, device: Address) -> Option<Beacon> {
        let device = self.adapter.device(device).ok()?;
        let data = device.service_data().await.ok()??;
        data.get(&SERVICE)?.as_slice().try_into().ok()
    }

    /// The next thing that happens. May be dropped and called again without loss.
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

    /// A device begins to write: it has a channel now, if it can be answered. Up to 5.68 BlueZ has one file for
    /// all that listen and names the first of them alone, so whoever does not listen by that name may do so all
    /// the same, and whoever only listens is in nobody's way. A dialler subscribes first, and says again what was
    /// lost.
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

/// The next event of a stream, if there is one at all.
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
                // The system may have no socket left to give.
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

/// What an error of BlueZ or the bus means for the carrier.
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

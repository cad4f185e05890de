//! Dials a device that advertises, and answers devices that have dialled us.

use std::future::pending;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bluer::gatt::remote::Characteristic;
use bluer::l2cap::{SeqPacket, Socket, SocketAddr};
use bluer::{Adapter, AdapterEvent, Address, Device, DeviceEvent, DeviceProperty, Uuid};
use futures_util::{FutureExt, StreamExt};
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

use super::carrier::Shared;
use super::channel::{Channel, MAX_SDU};
use super::link;
use super::opening;
use super::stream::Stream;
use super::{CHANNEL, NOTIFY, SERVICE, WRITE};
use crate::carrier::gate::Prefix;
use crate::carrier::links::Origin;
use crate::carrier::{CarrierEvent, DialId, EventSink, LinkId};

/// How long one answer of a connected device may take. Calls that BlueZ itself answers, and connecting (which
/// waits until the device is heard), are bounded only by the whole attempt.
const ANSWER: Duration = Duration::from_secs(5);

/// How long service discovery may take: about fifteen answers of 0.1 s each over real radio, and several times
/// as many if the device serves more than we do.
const DISCOVERY: Duration = Duration::from_secs(7);

/// How long an L2CAP channel may take before GATT is tried.
const CONNECT: Duration = Duration::from_secs(4);

/// Pause before a second attempt: connecting right after a disconnection may fail at once.
const AGAIN: Duration = Duration::from_millis(700);

/// How often to check whether a channel is up.
const POLL: Duration = Duration::from_millis(10);

/// Why a dial attempt failed.
enum Failure {
    /// The device did not answer in time.
    Unanswered,
    /// The device is not there, serves something else, or refuses.
    Refused,
}

impl From<Elapsed> for Failure {
    fn from(_: Elapsed) -> Self {
        Failure::Unanswered
    }
}

impl From<bluer::Error> for Failure {
    fn from(_: bluer::Error) -> Self {
        Failure::Refused
    }
}

/// Dials a device, and reports the link or the failure.
pub async fn run<S: EventSink>(
    shared: Arc<Shared<S>>,
    adapter: Adapter,
    dial: DialId,
    device: Address,
) {
    let mut is_up = false;
    if let Some(id) = shared.admit(device, false) {
        let made = make(&shared, &adapter, id, device).await;
        if let Some((channel, stream)) = made {
            let origin = Origin::Dialled(dial);
            let left = pending().boxed();
            is_up = link::up(&shared, id, channel, stream, device, origin, left).await;
        }
        if !is_up {
            shared.leave(id);
            // `adapter` is the one that made the connection; the carrier may use another by now.
            shared.let_go(&adapter, device, None).await;
        }
    }
    shared.links.dial_over();
    shared.dialled.notify_one();
    if !is_up {
        // If the owner is gone, nobody waits for this event.
        let _ = shared.links.tell(CarrierEvent::DialFailed { dial }).await;
    }
}

/// Answers a device that has made a channel to us.
pub async fn answer<S: EventSink>(shared: Arc<Shared<S>>, channel: Channel, device: Address) {
    let Some(id) = shared.admit(device, true) else {
        drop(channel);
        shared.release(device).await;
        return;
    };
    let is_up = match opening::answer(&channel).await {
        Some((stream, is_of_device)) => {
            let origin = Origin::Accepted(Prefix::named(&device.0));
            let adapter = shared.state().adapter.clone();
            let left = match &channel {
                Channel::Gatt { .. } if is_of_device => has_left(adapter, device).boxed(),
                _ => pending().boxed(),
            };
            link::up(&shared, id, channel, stream, device, origin, left).await
        }
        None => false,
    };
    if !is_up {
        shared.leave(id);
        shared.release(device).await;
    }
}

/// Waits until BlueZ is no longer connected to a device. While another device still listens, BlueZ up to 5.68
/// closes none of the files of a link, so the channel does not show it.
async fn has_left(adapter: Option<Adapter>, device: Address) {
    let left = async {
        let device = adapter?.device(device).ok()?;
        let mut events = pin!(device.events().await.ok()?);
        let mut is_connected = device.is_connected().await.unwrap_or(true);
        while is_connected && let Some(event) = events.next().await {
            if let DeviceEvent::PropertyChanged(DeviceProperty::Connected(still)) = event {
                is_connected = still;
            }
        }
        Some(())
    };
    if left.await.is_none() {
        pending().await
    }
}

/// Makes an opened channel to a device, for link `id`.
///
/// An answer may be lost if the BlueZ of both sides open further ATT bearers at the same time. The dialler then
/// tries once more over a new connection. The old connection is of no use: BlueZ makes a second read wait up to
/// 30 s for the answer to the first, then gives up that bearer, but until then keeps sending over it all that
/// needs no answer. When devices that know each other reconnect, only the dialling one opens bearers.
async fn make<S: EventSink>(
    shared: &Shared<S>,
    adapter: &Adapter,
    id: LinkId,
    device: Address,
) -> Option<(Channel, Stream)> {
    let _turn = shared.dials.acquire().await.ok()?;
    let made = async {
        match reach(shared, adapter, device).await {
            Err(Failure::Unanswered)
                if shared.let_go(adapter, device, Some(id)).await && shared.is_on_air() =>
            {
                reach(shared, adapter, device).await
            }
            made => made,
        }
    };
    timeout(shared.dial, made).await.ok()?.ok()
}

async fn reach<S: EventSink>(
    shared: &Shared<S>,
    adapter: &Adapter,
    device: Address,
) -> Result<(Channel, Stream), Failure> {
    let channel = connect(shared, adapter, device).await?;
    // A device whose server another link occupies stays silent; do not retry at once.
    let stream = opening::open(&channel, shared.tag()).await;
    Ok((channel, stream.ok_or(Failure::Refused)?))
}

async fn connect<S: EventSink>(
    shared: &Shared<S>,
    adapter: &Adapter,
    address: Address,
) -> Result<Channel, Failure> {
    let device = adapter.device(address)?;
    find(adapter, &device).await.ok_or(Failure::Refused)?;
    if device.connect().await.is_err() {
        sleep(AGAIN).await;
        device.connect().await?;
    }
    let found = timeout(DISCOVERY, characteristics(&device)).await?;
    let [write, notify, psm] = found.ok_or(Failure::Refused)?;
    if shared.l2cap
        && let Ok(psm) = timeout(ANSWER, psm.read()).await?
        && let Some(psm) = psm.first_chunk().map(|psm| u16::from_be_bytes(*psm))
        && psm != 0
        && let Ok(Some(channel)) = timeout(CONNECT, l2cap(adapter, &device, psm)).await
    {
        return Ok(channel);
    }
    let reader = timeout(ANSWER, notify.notify_io()).await??;
    let writer = Arc::new(write.write_io().await?);
    Ok(Channel::Gatt { reader, writer })
}

/// Waits until BlueZ knows the device. BlueZ forgets devices that are not connected.
async fn find(adapter: &Adapter, device: &Device) -> Option<()> {
    let is_known = async || device.address_type().await.is_ok();
    if is_known().await {
        return Some(());
    }
    let mut heard = std::pin::pin!(adapter.discover_devices().await.ok()?);
    while let Some(event) = heard.next().await {
        if matches!(event, AdapterEvent::DeviceAdded(found) if found == device.address()) {
            return Some(());
        }
    }
    None
}

/// The characteristic to write, the one that notifies, and the one that holds the PSM of the L2CAP channel.
async fn characteristics(device: &Device) -> Option<[Characteristic; 3]> {
    for service in device.services().await.ok()? {
        if service.uuid().await.ok()? != SERVICE {
            continue;
        }
        let mut found: [Option<Characteristic>; 3] = Default::default();
        for characteristic in service.characteristics().await.ok()? {
            let uuid: Uuid = characteristic.uuid().await.ok()?;
            let place = [WRITE, NOTIFY, CHANNEL].iter().position(|of| *of == uuid);
            if let Some(place) = place {
                found[place] = Some(characteristic);
            }
        }
        let [write, notify, psm] = found;
        return Some([write?, notify?, psm?]);
    }
    None
}

/// Makes an L2CAP channel to a device. `None` if the device does not listen, or this machine has no L2CAP.
async fn l2cap(adapter: &Adapter, device: &Device, psm: u16) -> Option<Channel> {
    let own = (
        adapter.address().await.ok()?,
        adapter.address_type().await.ok()?,
    );
    let peer_type = device.address_type().await.ok()?;
    let socket = Socket::<SeqPacket>::new_seq_packet().ok()?;
    socket.set_recv_mtu(MAX_SDU).ok()?;
    socket.bind(SocketAddr::new(own.0, own.1, 0)).ok()?;
    let peer = SocketAddr::new(device.address(), peer_type, psm);
    let socket = socket.connect(peer).await.ok()?;
    loop {
        // The socket reports that it is connected before it is.
        match socket.send_mtu() {
            Ok(_) => return Channel::l2cap(socket).ok(),
            Err(error) if error.kind() == ErrorKind::NotConnected => sleep(POLL).await,
            Err(_) => return None,
        }
    }
}

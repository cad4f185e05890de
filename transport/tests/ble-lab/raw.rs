//! Throughput of the channels of a link without a carrier above them.

use std::pin::pin;
use std::time::{Duration, Instant};

use bluer::gatt::local::{
    Application, ApplicationHandle, Characteristic, CharacteristicControl,
    CharacteristicControlEvent, CharacteristicWrite, CharacteristicWriteMethod, Service,
    characteristic_control,
};
use bluer::gatt::{CharacteristicReader, CharacteristicWriter};
use bluer::l2cap::{SeqPacket, SeqPacketListener, Socket, SocketAddr};
use bluer::{Adapter, Device, Uuid};
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use super::events::HANG;
use super::now;

/// Bytes to transfer.
pub const BULK: usize = 500_000;

/// The carrier's sizes of an SDU and of a value.
const SDU: usize = 8_192;
const VALUE: usize = 509;

/// The service to write to.
const RAW: Uuid = Uuid::from_u128(0x4ed6_e2f1_0f5c_4b57_9c1a_6d1b_9a7e_5c01);

/// The far adapter's side, which waits for a channel.
pub enum Served {
    L2cap(SeqPacketListener),
    Gatt(ApplicationHandle, CharacteristicControl),
}

/// A channel.
pub enum Raw {
    L2cap(SeqPacket, SeqPacket),
    Gatt {
        writer: CharacteristicWriter,
        reader: CharacteristicReader,
        _served: ApplicationHandle,
    },
}

impl Served {
    /// Serves the channel. Call it before the connection: the central discovers what is served then.
    pub async fn at(far: &Adapter, l2cap: bool) -> Self {
        if l2cap {
            let socket = socket(far).await;
            return Self::L2cap(socket.listen(1).expect("a socket"));
        }
        let (control, control_handle) = characteristic_control();
        let write = CharacteristicWrite {
            write_without_response: true,
            method: CharacteristicWriteMethod::Io,
            ..CharacteristicWrite::default()
        };
        let characteristic = Characteristic {
            uuid: RAW,
            write: Some(write),
            control_handle,
            ..Characteristic::default()
        };
        let service = Service {
            uuid: RAW,
            primary: true,
            characteristics: vec![characteristic],
            ..Service::default()
        };
        let application = Application {
            services: vec![service],
            ..Application::default()
        };
        let served = far.serve_gatt_application(application).await;
        Self::Gatt(served.expect("BlueZ"), control)
    }

    /// Makes the channel over the existing connection.
    pub async fn reach(self, near: &Adapter, far: &Adapter) -> Raw {
        let device = near.device(far.address().await.expect("BlueZ"));
        let device = device.expect("BlueZ");
        let made = async {
            match self {
                Self::L2cap(listener) => reach_l2cap(near, &device, listener).await,
                Self::Gatt(served, control) => reach_gatt(&device, served, control).await,
            }
        };
        timeout(HANG, made).await.expect("it hangs")
    }
}

impl Raw {
    /// Time for a bulk transfer.
    pub async fn bulk(&self) -> Duration {
        let length = match self {
            Self::L2cap(..) => SDU,
            Self::Gatt { writer, .. } => VALUE.min(writer.mtu()),
        };
        let packet = vec![7; length];
        let begun: Instant = now();
        let send = async {
            for _ in 0..BULK.div_ceil(length) {
                match self {
                    Self::L2cap(near, _) => near.send(&packet).await.map(drop),
                    Self::Gatt { writer, .. } => writer.send(&packet).await,
                }
                .expect("a channel");
            }
        };
        let hear = async {
            let (mut heard, mut packet) = (0, vec![0; SDU]);
            while heard < BULK.div_ceil(length) * length {
                heard += match self {
                    Self::L2cap(_, far) => far.recv(&mut packet).await,
                    Self::Gatt { reader, .. } => reader.recv().await.map(|value| value.len()),
                }
                .expect("a channel");
            }
        };
        timeout(HANG, async { tokio::join!(send, hear) })
            .await
            .expect("it hangs");
        begun.elapsed()
    }
}

async fn socket(at: &Adapter) -> Socket<SeqPacket> {
    let at = SocketAddr::new(
        at.address().await.expect("BlueZ"),
        at.address_type().await.expect("BlueZ"),
        0,
    );
    let socket = Socket::<SeqPacket>::new_seq_packet().expect("a socket");
    socket.bind(at).expect("a socket");
    socket.set_recv_mtu(SDU as u16).expect("a socket");
    socket
}

async fn reach_l2cap(near: &Adapter, device: &Device, listener: SeqPacketListener) -> Raw {
    let psm = listener.as_ref().local_addr().expect("a socket").psm;
    let kind = device.address_type().await.expect("BlueZ");
    let to = SocketAddr::new(device.address(), kind, psm);
    let near_end = socket(near).await.connect(to).await.expect("a channel");
    let (far_end, _) = listener.accept().await.expect("a channel");
    while near_end.send_mtu().is_err() {
        sleep(Duration::from_millis(10)).await;
    }
    Raw::L2cap(near_end, far_end)
}

async fn reach_gatt(
    device: &Device,
    served: ApplicationHandle,
    control: CharacteristicControl,
) -> Raw {
    let mut raw = None;
    for service in device.services().await.expect("BlueZ") {
        if service.uuid().await.expect("BlueZ") == RAW {
            raw = service.characteristics().await.expect("BlueZ").pop();
        }
    }
    let writer = raw.expect("it is served").write_io().await.expect("BlueZ");
    // The other half appears with the first value.
    writer.send(&[7]).await.expect("a channel");
    let mut control = pin!(control);
    let reader = loop {
        match control.next().await.expect("BlueZ") {
            CharacteristicControlEvent::Write(request) => {
                break request.accept().expect("a socket");
            }
            CharacteristicControlEvent::Notify(_) => {}
        }
    };
    assert_eq!(reader.recv().await.expect("a channel"), [7]);
    Raw::Gatt {
        writer,
        reader,
        _served: served,
    }
}

//! A packet channel under a link: an L2CAP channel, or two characteristics of a GATT server.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bluer::gatt::{CharacteristicReader, CharacteristicWriter};
use bluer::l2cap::SeqPacket;
use bytes::Bytes;

/// The longest value of a characteristic: BlueZ silently drops 511 bytes and more.
const MAX_VALUE: usize = 509;

/// Length of the header before a value in its packet; BlueZ may cut that many bytes off the value.
const VALUE_HEADER: usize = 5;

/// The longest SDU. Much longer ones are no faster, and some kernels stop at 32 KiB.
pub const MAX_SDU: u16 = 8_192;

/// A channel of packets, which may arrive out of order.
#[derive(Debug)]
pub enum Channel {
    /// The dialler writes values; the server notifies them.
    Gatt {
        /// Receives from the peer.
        reader: CharacteristicReader,
        /// Sends to the peer; other links may share it.
        writer: Arc<CharacteristicWriter>,
    },
    /// SDUs of an L2CAP channel.
    L2cap {
        /// The channel.
        socket: SeqPacket,
        /// The longest SDU that the peer accepts.
        packet: usize,
    },
}

impl Channel {
    /// An L2CAP channel.
    ///
    /// # Errors
    /// The socket is disconnected already.
    pub fn l2cap(socket: SeqPacket) -> io::Result<Self> {
        let packet = socket.send_mtu()?.min(MAX_SDU.into());
        Ok(Self::L2cap { socket, packet })
    }

    /// The longest packet that can be sent.
    pub fn packet(&self) -> usize {
        match self {
            // If several centrals share the writer, the first of them has negotiated its length.
            Self::Gatt { reader, writer } => {
                let value = reader.mtu().saturating_sub(VALUE_HEADER);
                writer.mtu().min(value).min(MAX_VALUE)
            }
            Self::L2cap { packet, .. } => *packet,
        }
    }

    /// The next packet. Cancel safe.
    ///
    /// # Errors
    /// The channel has ended: no more packets come.
    pub async fn receive(&self) -> io::Result<Bytes> {
        let packet = match self {
            Self::Gatt { reader, writer } => tokio::select! {
                biased;
                packet = reader.recv() => packet?,
                // For a GATT server only the writer reports that the central has gone: BlueZ keeps the reader open.
                closed = writer.closed() => {
                    closed?;
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            },
            Self::L2cap { socket, .. } => {
                let mut packet = vec![0; MAX_SDU.into()];
                let length = receive(socket, &mut packet).await?;
                packet.truncate(length);
                packet
            }
        };
        match packet.is_empty() {
            true => Err(ErrorKind::UnexpectedEof.into()),
            false => Ok(packet.into()),
        }
    }

    /// Sends a packet once there is room. Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    /// The channel accepts no more packets.
    pub async fn send(&self, packet: &[u8]) -> io::Result<()> {
        match self {
            Self::Gatt { writer, .. } => writer.send(packet).await,
            Self::L2cap { socket, .. } => socket.send(packet).await.map(drop),
        }
    }
}

/// The next SDU. Checks first that the socket is still connected: the kernel reports the disconnection at most
/// once and afterwards says "would block", at which `bluer` retries for ever within one poll. A disconnection
/// loses what has arrived and was not read.
async fn receive(socket: &SeqPacket, packet: &mut [u8]) -> io::Result<usize> {
    let mut receive = pin!(socket.recv(packet));
    poll_fn(|context| match socket.peer_addr() {
        Ok(_) => receive.as_mut().poll(context),
        Err(error) => Poll::Ready(Err(error)),
    })
    .await
}

//! What carries the frames of a link: an L2CAP channel, or two characteristics of a GATT server.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bluer::gatt::{CharacteristicReader, CharacteristicWriter};
use bluer::l2cap::SeqPacket;
use bytes::Bytes;

/// The longest value of a characteristic: BlueZ refuses 511 bytes and more without a word.
const MAX_VALUE: usize = 509;

/// What the value of a packet has before it, and BlueZ may cut off.
const VALUE_HEADER: usize = 5;

/// The longest SDU. Far longer ones are no faster, and some kernels stop at 32 KiB.
pub const MAX_SDU: u16 = 8_192;

/// A channel of packets, which may overtake one another.
#[derive(Debug)]
pub enum Channel {
    /// Values written one way and notified the other.
    Gatt {
        /// What the peer sends.
        reader: CharacteristicReader,
        /// What we send; other links may share it.
        writer: Arc<CharacteristicWriter>,
    },
    /// SDUs.
    L2cap {
        /// The channel.
        socket: SeqPacket,
        /// The longest SDU that the peer takes.
        packet: usize,
    },
}

impl Channel {
    /// An L2CAP channel.
    ///
    /// # Errors
    /// It is gone already.
    pub fn l2cap(socket: SeqPacket) -> io::Result<Self> {
        let packet = socket.send_mtu()?.min(MAX_SDU.into());
        Ok(Self::L2cap { socket, packet })
    }

    /// The longest packet that can be sent.
    pub fn packet(&self) -> usize {
        match self {
            // Of a writer that others listen to as well, the first of them has agreed on the length.
            Self::Gatt { reader, writer } => {
                let value = reader.mtu().saturating_sub(VALUE_HEADER);
                writer.mtu().min(value).min(MAX_VALUE)
            }
            Self::L2cap { packet, .. } => *packet,
        }
    }

    /// The next packet. Dropped before it is there, nothing is lost.
    ///
    /// # Errors
    /// Nothing more will come.
    pub async fn receive(&self) -> io::Result<Bytes> {
        let packet = match self {
            Self::Gatt { reader, writer } => tokio::select! {
                biased;
                packet = reader.recv() => packet?,
                // Of a central that is gone a server is told here alone: BlueZ keeps the other file open.
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

    /// Sends a packet once there is room. Dropped before that, nothing was sent.
    ///
    /// # Errors
    /// Nothing more can be sent.
    pub async fn send(&self, packet: &[u8]) -> io::Result<()> {
        match self {
            Self::Gatt { writer, .. } => writer.send(packet).await,
            Self::L2cap { socket, .. } => socket.send(packet).await.map(drop),
        }
    }
}

/// The next SDU. A socket that is connected no longer is not asked for one: the kernel tells why it is so
/// once, or never, and says then that nothing is there yet; `bluer` asks again at once, within one poll, and
/// for ever. What has arrived and was not read is lost with the connection.
async fn receive(socket: &SeqPacket, packet: &mut [u8]) -> io::Result<usize> {
    let mut receive = pin!(socket.recv(packet));
    poll_fn(|context| match socket.peer_addr() {
        Ok(_) => receive.as_mut().poll(context),
        Err(error) => Poll::Ready(Err(error)),
    })
    .await
}

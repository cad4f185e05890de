//! Opens a link over a channel (`docs/PROTOCOL.md` section 13b): the dialler draws a tag, the other side
//! repeats it.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::channel::Channel;
use super::frame::{Frame, Tag, Word};
use super::stream::Stream;

/// How long the other side may take.
const OPENING: Duration = Duration::from_secs(5);

/// How long a stranger may stay silent.
const SILENCE: Duration = Duration::from_secs(10);

/// Pause after which the dialler repeats its opening: a value may be written before its reader exists.
const AGAIN: Duration = Duration::from_millis(500);

/// Opens a link over a channel that we made. `None` if the other side does not answer.
pub async fn open(channel: &Channel, tag: Tag) -> Option<Stream> {
    let open = Frame {
        tag,
        word: Word::Open,
    };
    let open = open.encode();
    let answered = async {
        loop {
            channel.send(&open).await.ok()?;
            let again = sleep_until(soon(AGAIN));
            tokio::pin!(again);
            loop {
                let packet = tokio::select! {
                    packet = channel.receive() => packet.ok()?,
                    () = &mut again => break,
                };
                // Any frame with the tag is an answer: data may overtake `Opened` itself.
                if packet.get(1..5) == Some(&tag) {
                    let mut stream = Stream::new(tag, channel.packet());
                    return stream.receive(&packet).ok().map(|()| stream);
                }
            }
        }
    };
    timeout(OPENING, answered).await.ok()?
}

/// Waits until the other side opens a link over a channel that it made, and answers. Also returns whether that
/// opening was the first packet: if not, another device may have written into the same file.
pub async fn answer(channel: &Channel) -> Option<(Stream, bool)> {
    let opened = async {
        let mut is_first = true;
        loop {
            let packet = channel.receive().await.ok()?;
            if let Ok(Frame {
                tag,
                word: Word::Open,
            }) = Frame::decode(&packet)
            {
                let opened = Frame {
                    tag,
                    word: Word::Opened,
                };
                channel.send(&opened.encode()).await.ok()?;
                return Some((Stream::new(tag, channel.packet()), is_first));
            }
            is_first = false;
        }
    };
    timeout(SILENCE, opened).await.ok()?
}

#[expect(
    clippy::disallowed_methods,
    reason = "a carrier runs on a real machine and keeps its own timers"
)]
fn soon(pause: Duration) -> Instant {
    Instant::now() + pause
}

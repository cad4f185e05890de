//! Opens the streams of links over chosen libp2p connections; `libp2p-stream` cannot choose the connection.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::task::{Context, Poll};

use either::Either;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm,
    NetworkBehaviour, NotifyHandler, Stream, StreamProtocol, SubstreamProtocol, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use crate::carrier::DialId;

/// The protocol name of a link's stream. Only the two ends of a circuit see it.
const PROTOCOL: StreamProtocol = StreamProtocol::new("/hedgerow/link/1");

/// An event of a stream.
#[derive(Debug)]
pub enum StreamEvent {
    /// The other side has opened a stream.
    Accepted {
        /// The connection.
        connection: ConnectionId,
        /// The stream.
        stream: Stream,
    },
    /// The answer to [`Streams::open`].
    Opened {
        /// The dial attempt.
        dial: DialId,
        /// The connection.
        connection: ConnectionId,
        /// The stream; `None` if it could not be opened.
        stream: Option<Stream>,
    },
}

/// Opens and accepts streams.
#[derive(Debug, Default)]
pub struct Streams {
    /// Relays, with which the device does not speak this protocol: it would show them which program this is.
    pub relays: Vec<PeerId>,
    actions: VecDeque<ToSwarm<StreamEvent, Either<DialId, Infallible>>>,
}

impl Streams {
    /// Asks for a stream over a connection that is up. If the connection ends first, no event follows.
    pub fn open(&mut self, peer_id: PeerId, connection: ConnectionId, dial: DialId) {
        self.actions.push_back(ToSwarm::NotifyHandler {
            peer_id,
            handler: NotifyHandler::One(connection),
            event: Either::Left(dial),
        });
    }

    fn handler(&self, peer: PeerId) -> Either<Handler, dummy::ConnectionHandler> {
        match self.relays.contains(&peer) {
            true => Either::Right(dummy::ConnectionHandler),
            false => Either::Left(Handler::default()),
        }
    }
}

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Either<Handler, dummy::ConnectionHandler>;
    type ToSwarm = StreamEvent;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(peer))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(peer))
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        let Either::Left(event) = event;
        let event = match event {
            (Some(dial), stream) => StreamEvent::Opened {
                dial,
                connection,
                stream,
            },
            (None, Some(stream)) => StreamEvent::Accepted { connection, stream },
            (None, None) => return,
        };
        self.actions.push_back(ToSwarm::GenerateEvent(event));
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<StreamEvent, THandlerInEvent<Self>>> {
        self.actions.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

/// The streams of one connection.
#[derive(Debug, Default)]
pub struct Handler {
    wanted: VecDeque<DialId>,
    made: VecDeque<(Option<DialId>, Option<Stream>)>,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = DialId;
    type ToBehaviour = (Option<DialId>, Option<Stream>);
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = DialId;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn on_behaviour_event(&mut self, dial: DialId) {
        self.wanted.push_back(dial);
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, DialId, Self::ToBehaviour>> {
        if let Some(made) = self.made.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(made));
        }
        if let Some(dial) = self.wanted.pop_front() {
            let protocol = SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), dial);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol, (), DialId>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: stream,
                ..
            }) => self.made.push_back((None, Some(stream))),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream,
                info: dial,
                ..
            }) => self.made.push_back((Some(dial), Some(stream))),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: dial, error }) => {
                let _: libp2p::swarm::StreamUpgradeError<Infallible> = error;
                self.made.push_back((Some(dial), None));
            }
            _ => {}
        }
    }
}

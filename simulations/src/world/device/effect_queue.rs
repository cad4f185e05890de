//! What an engine asks for, and how its device does it.

use bytes::Bytes;
use hedgerow_node::api::{Answer, ConversationId, Event, MessageId, Reply};
use hedgerow_node::engine::{BundleEvent, CallId, Effects, Input};
use hedgerow_node::files::work::FileCommand;
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, CarrierKind, DialId, Ending, LinkId,
};

use super::nearby::Announcement;
use super::{Device, Post, Running, acting, carrying};
use crate::adversary::replayer::Replayed;
use crate::plan::DeviceNumber;
use crate::world::Shared;
use crate::world::happening::{DeedKind, Happening};
use crate::world::noted::What;

/// What an engine has asked for.
#[derive(Debug)]
enum Ask {
    Send(LinkId, Bytes, u64),
    Recognised(LinkId),
    End(LinkId, Ending),
    Dial(CarrierKind, DialId, Address),
    Announce(CarrierKind, Vec<[u8; 8]>, bool),
    Answer(CallId, Box<Answer>),
    Event(Event),
    File(Box<FileCommand>),
    Bundle(BundleEvent),
}

/// Everything an engine has asked for, in order.
#[derive(Default)]
pub(super) struct EffectQueue(Vec<Ask>);

impl Effects for EffectQueue {
    fn send(&mut self, link: LinkId, bytes: Bytes) {
        self.0.push(Ask::Send(link, bytes, 0));
    }
    fn ghost(&mut self, link: LinkId, bytes: u64) {
        if let Some(Ask::Send(over, _, ghost)) = self.0.last_mut()
            && *over == link
        {
            *ghost = bytes;
        }
    }
    fn recognised(&mut self, link: LinkId) {
        self.0.push(Ask::Recognised(link));
    }
    fn end(&mut self, link: LinkId, ending: Ending) {
        self.0.push(Ask::End(link, ending));
    }
    fn command(&mut self, carrier: CarrierKind, command: CarrierCommand) {
        match command {
            CarrierCommand::Dial { dial, to } => self.0.push(Ask::Dial(carrier, dial, to)),
            CarrierCommand::Announce { beacons, look } => {
                self.0.push(Ask::Announce(carrier, beacons, look));
            }
            // Links have effects of their own; the settings of a carrier are the scenario's.
            _ => {}
        }
    }
    fn answer(&mut self, call: CallId, answer: Answer) {
        self.0.push(Ask::Answer(call, Box::new(answer)));
    }
    fn event(&mut self, event: Event) {
        self.0.push(Ask::Event(event));
    }
    fn file(&mut self, command: FileCommand) {
        self.0.push(Ask::File(Box::new(command)));
    }
    fn bundle(&mut self, event: BundleEvent) {
        self.0.push(Ask::Bundle(event));
    }
}

impl Device {
    pub(super) fn execute(
        &mut self,
        at_us: u64,
        queue: EffectQueue,
        running: &mut Running,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        for ask in queue.0 {
            if shared.trace {
                self.note(at_us, What::Step(format!("asks {ask:?}")));
            }
            match ask {
                Ask::Send(link, bytes, ghost) => {
                    self.send(at_us, link, bytes, ghost, shared, posts)
                }
                Ask::File(command) => {
                    let event = self.keep_file(at_us, *command);
                    running.waiting.extend(event.map(Input::File));
                }
                Ask::End(link, Ending::Drain) => {
                    if let Some(end) = self.links.get_mut(&link) {
                        end.draining = true;
                    }
                }
                Ask::End(link, Ending::Now) => {
                    if let Some(end) = self.links.get(&link) {
                        let radio = &shared.radios[usize::from(end.radio)];
                        posts.push(Post {
                            to: end.peer,
                            at_us: end.free_us.max(at_us) + radio.latency_us(),
                            what: Happening::Ended {
                                link: end.peer_link,
                            },
                        });
                        let kind = radio.carrier.kind();
                        self.down(at_us, link, shared);
                        // `down` speaks to a running engine; this one is at hand.
                        running
                            .waiting
                            .push_back(Input::Carrier(kind, CarrierEvent::Down { link }));
                    }
                }
                Ask::Dial(kind, id, to) => {
                    self.dial(at_us, (kind, id), &to, running, shared, posts);
                }
                Ask::Announce(kind, beacons, look) => {
                    let own = Announcement {
                        beacons: beacons.into(),
                        look,
                    };
                    if shared.cast.is_watched && !own.beacons.is_empty() {
                        let beacons = own.beacons.clone();
                        self.note(
                            at_us,
                            What::Announced {
                                carrier: kind,
                                beacons,
                            },
                        );
                    }
                    running.announced.insert(kind, own);
                    self.announces_anew = true;
                    if look {
                        for ((peer, radio), within) in &mut self.within {
                            if shared.radios[usize::from(*radio)].carrier.kind() == kind
                                && std::mem::take(&mut within.unheard)
                                && let Some(beacons) = &within.heard
                            {
                                running.handle(kind, *peer, *radio, beacons);
                            }
                        }
                    }
                }
                Ask::Answer(acting::SETTING | carrying::TAKING, _) => {}
                Ask::Answer(call, answer) if let Some(message) = carrying::sealing(call) => {
                    self.write_on(at_us, message, *answer, running, shared, posts);
                }
                Ask::Answer(call, answer) => self.note(
                    at_us,
                    match *answer {
                        Answer::Ok(Reply::Sent(id)) => What::Sent {
                            message: call.0,
                            id,
                        },
                        Answer::Ok(Reply::Done | Reply::Deletion(_)) => {
                            let (kind, message) = acting::asked(call);
                            What::Done { kind, message }
                        }
                        _ => What::NotSent {
                            message: acting::asked(call).1,
                        },
                    },
                ),
                Ask::Event(Event::Message {
                    conversation,
                    author,
                    id,
                }) if let Some(group) = shared.group_of(&conversation) => {
                    if author.is_some() {
                        self.received(at_us, group, id);
                    }
                }
                // More than the engine tells one by one, or other ones than before.
                Ask::Event(Event::Messages { conversation, .. })
                    if let Some(group) = shared.group_of(&conversation) =>
                {
                    for id in self.texts_of_others(&conversation) {
                        self.received(at_us, group, id);
                    }
                }
                Ask::Event(Event::Message {
                    author: Some(author),
                    id,
                    ..
                }) => {
                    if let Some(from) = shared.number_of(&author) {
                        self.note(at_us, What::Arrived { from, id });
                    }
                }
                Ask::Event(Event::MessageChanged { conversation, id }) => {
                    if let Some(with) = other_in(&conversation, running, shared) {
                        for kind in self.deeds(&conversation, &id) {
                            let id = id.clone();
                            self.note(at_us, What::Changed { with, id, kind });
                        }
                    }
                }
                // More messages have changed than the engine tells one by one.
                Ask::Event(Event::Messages {
                    conversation,
                    count: 0,
                }) => {
                    if let Some(with) = other_in(&conversation, running, shared) {
                        for (id, kind) in self.all_deeds(&conversation) {
                            self.note(at_us, What::Changed { with, id, kind });
                        }
                    }
                }
                Ask::Event(Event::Messages {
                    conversation,
                    count,
                }) => {
                    let Some(from) = other_in(&conversation, running, shared) else {
                        continue;
                    };
                    if !shared.has_timers {
                        self.note(at_us, What::ManyArrived { from, count });
                        continue;
                    }
                    // Rows that set the timer count, too.
                    for id in self.texts_of_others(&conversation) {
                        self.note(at_us, What::Arrived { from, id });
                    }
                }
                Ask::Event(Event::Read {
                    conversation, id, ..
                }) => {
                    if let Some(with) = other_in(&conversation, running, shared) {
                        for id in self.own_up_to(&conversation, &id) {
                            let kind = DeedKind::Read;
                            self.note(at_us, What::Changed { with, id, kind });
                        }
                    }
                }
                Ask::Event(_) => {}
                Ask::Recognised(link) => {
                    if self.is_to_replayer(link, shared) {
                        self.note(at_us, What::Replayed(Replayed::Recognised));
                    }
                }
                Ask::Bundle(event) => self.bundle(at_us, event, shared),
            }
        }
    }
}

impl Device {
    /// A text of a group has arrived.
    fn received(&mut self, at_us: u64, group: u32, id: MessageId) {
        let speakers = self.speakers.clone();
        self.note(
            at_us,
            What::Received {
                group,
                id,
                speakers,
            },
        );
    }
}

/// The other device of a direct chat.
fn other_in(chat: &ConversationId, running: &Running, shared: &Shared) -> Option<DeviceNumber> {
    if shared.group_of(chat).is_some() {
        return None;
    }
    let members = running.engine.members_of(chat);
    members.iter().find_map(|member| shared.number_of(member))
}

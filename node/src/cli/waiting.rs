//! Which messages wait for a contact, and why: `hedgerow status NAME` and `hedgerow status --message`.

use serde::Serialize;

use crate::api::{
    Api, Contact, Conversation, MAX_PAGE, Message, MessageFile, MessageId, PageFrom, Refusal,
    WayStatus, Why, visible,
};
use crate::cli::annotating::{named, short};
use crate::cli::contacts::{find, shown};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::pacing::paces;
use crate::cli::table::Row;
use crate::cli::{groups, screen, timing, words};
use crate::words::{Phrase, codes, files, tr};

/// The most waiting messages that we list.
const MOST_LISTED: u64 = 50;

/// The most columns of a text in the list.
const EXCERPT: usize = 48;

/// `hedgerow status NAME`: which messages wait for a contact, and why.
pub async fn contact(api: &dyn Api, output: Output, name: &str) -> Result<(), Failure> {
    let contact = find(api, name).await?;
    let chat = api.conversation(contact.conversation.clone()).await?;
    let waiting = Waiting {
        contact: &contact,
        queued: chat.queued,
        why: chat.why,
        messages: queued(api, &chat).await?,
        ways: api.ways(contact.id.clone()).await?,
    };
    output.data(&waiting, |waiting| waiting.words(output));
    Ok(())
}

/// The newest messages of a conversation that are not delivered, the oldest first.
async fn queued(api: &dyn Api, chat: &Conversation) -> Result<Vec<Message>, Failure> {
    let wanted = chat.queued.min(MOST_LISTED) as usize;
    let (mut found, mut from) = (Vec::new(), PageFrom::Newest);
    while found.len() < wanted {
        let page = api.page(chat.id.clone(), from, MAX_PAGE).await?;
        let Some(first) = page.messages.first() else {
            break;
        };
        let (id, is_first) = (first.id.clone(), first.position == 0);
        let waiting = |one: &Message| one.is_mine() && !one.is_delivered();
        found.extend(page.messages.into_iter().rev().filter(waiting));
        if is_first {
            break;
        }
        from = PageFrom::Before(id);
    }
    found.truncate(wanted);
    found.reverse();
    Ok(found)
}

/// The messages that wait for a contact, and how each carrier stands with it.
#[derive(Serialize)]
struct Waiting<'a> {
    contact: &'a Contact,
    queued: u64,
    why: Option<Why>,
    messages: Vec<Message>,
    ways: Vec<WayStatus>,
}

impl Waiting<'_> {
    fn words(&self, output: Output) -> Phrase {
        let name = shown(self.contact);
        let state = match (self.queued, self.why) {
            (0, _) => tr!("Nothing waits for {name}.", name = name),
            (_, Some(why)) => tr!("To {name}: {why}", name = name, why = words::why(&why)),
            (_, None) => tr!("Waits for {name}", name = name),
        };
        let mut parts = vec![state];
        if !self.messages.is_empty() {
            let head = [tr!("MESSAGE"), tr!("WRITTEN"), tr!("TEXT")];
            parts.push(output.table(&head, self.messages.iter().map(row)).into());
        }
        let unlisted = self.queued.saturating_sub(self.messages.len() as u64);
        if unlisted > 0 {
            parts.push(tr!(
                "{n} older message waits, too." | "{n} older messages wait, too." % unlisted
            ));
        }
        parts.push(ways(output, &self.ways).into());
        Phrase::joined("\n\n", parts)
    }
}

fn row(message: &Message) -> Vec<Phrase> {
    let text = match &message.text {
        Some(text) => screen::cut(&visible::name(&text.0), EXCERPT).into(),
        None => timing::in_place(message).unwrap_or_default(),
    };
    vec![
        short(&message.id).into(),
        screen::time(message.time_ms).into(),
        text,
    ]
}

/// Why a message that the user has just written does not leave now; `None` if it does.
pub async fn not_now(
    api: &dyn Api,
    contact: &Contact,
    id: &MessageId,
) -> Result<Option<Phrase>, Failure> {
    let message = api.message(contact.conversation.clone(), id.clone());
    Ok(match message.await?.why() {
        None | Some(Why::OnItsWay | Why::Connecting) => None,
        Some(Why::NotFound) => Some(tr!("Waiting: {name} is not near.", name = shown(contact))),
        Some(why) => Some(tr!("Waiting: {why}", why = words::why(&why))),
    })
}

/// `hedgerow status --message`: whether one message is delivered, or why not. `of`: the contact in whose conversation
/// it is, or the group.
pub async fn message(
    api: &dyn Api,
    output: Output,
    of: Option<&str>,
    name: &str,
) -> Result<(), Failure> {
    let contacts = match of {
        Some(of) => match find(api, of).await {
            Ok(contact) => vec![contact],
            Err(Failure::Refused(Refusal::NoSuchContact)) => Vec::new(),
            Err(failure) => return Err(failure),
        },
        None => api.contacts().await?,
    };
    let groups = match (of, contacts.is_empty()) {
        (Some(of), true) => vec![groups::of_name(api, of).await?],
        (Some(_), false) => Vec::new(),
        (None, _) => groups::all(api).await?,
    };
    for contact in contacts {
        let chat = contact.conversation.clone();
        let found = match named(api, &contact.conversation, name).await {
            Ok(id) => api.message(chat, id).await.map_err(Failure::from),
            Err(failure) => Err(failure),
        };
        match found {
            Ok(message) => {
                let is_queued = message.is_mine() && !message.is_delivered();
                let ways = match is_queued {
                    true => api.ways(contact.id.clone()).await?,
                    false => Vec::new(),
                };
                let file = match &message.file {
                    Some(file) if !output.is_json() => {
                        on_its_way(api, &contact, &message, file).await?
                    }
                    _ => None,
                };
                let located = Located {
                    message,
                    ways,
                    file,
                };
                output.data(&located, |located| located.words(output, &shown(&contact)));
                return Ok(());
            }
            Err(Failure::Refused(Refusal::NoSuchMessage)) => {}
            Err(failure) => return Err(failure),
        }
    }
    for group in groups {
        match named(api, &group.id, name).await {
            Ok(id) => return groups::holders(api, output, &group, id).await,
            Err(Failure::Refused(Refusal::NoSuchMessage)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Err(Refusal::NoSuchMessage.into())
}

/// A message, and how each carrier stands with its recipients.
#[derive(Serialize)]
struct Located {
    #[serde(flatten)]
    message: Message,
    ways: Vec<WayStatus>,
    /// What is said of its file.
    #[serde(skip)]
    file: Option<Phrase>,
}

impl Located {
    fn words(&self, output: Output, name: &str) -> Phrase {
        let mut state = state(name, &self.message);
        if let Some(file) = &self.file {
            state = state.then("\n", file.clone());
        }
        match self.ways.is_empty() {
            true => state,
            false => state.then("\n\n", ways(output, &self.ways)),
        }
    }
}

/// What is said of the file of a message that is not there yet: how much has gone, and, where it is on its way, how fast,
/// for how long, and over which carrier.
async fn on_its_way(
    api: &dyn Api,
    contact: &Contact,
    message: &Message,
    file: &MessageFile,
) -> Result<Option<Phrase>, Failure> {
    let Some(state) = files::state(file) else {
        return Ok(None);
    };
    let said = files::name(file).then(": ", state);
    if contact.reachable.is_none() {
        return Ok(Some(said));
    }
    let paces = paces(api, [message]).await;
    Ok(Some(match paces.get(&message.id) {
        Some(pace) => said.then("\n", files::pace(*pace, contact.reachable)),
        None => said,
    }))
}

fn state(name: &str, message: &Message) -> Phrase {
    match (message.is_mine(), message.is_delivered(), message.why()) {
        (false, ..) => tr!("From {name}", name = name),
        (true, true, _) if message.is_read() => tr!("Read by {name}", name = name),
        (true, true, _) => tr!("Delivered to {name}", name = name),
        (true, false, Some(why)) => tr!("To {name}: {why}", name = name, why = words::why(&why)),
        (true, false, None) => tr!("Waits for {name}", name = name),
    }
}

/// How each carrier stands with a contact.
fn ways(output: Output, ways: &[WayStatus]) -> String {
    let row = |way: &WayStatus| {
        let remedy = words::way_remedy(way.carrier, &way.state);
        let state = words::way(way.carrier, &way.state);
        Row::from(vec![codes::carrier(way.carrier), state]).with(remedy)
    };
    output.table(&[tr!("CARRIER"), tr!("STATE")], ways.iter().map(row))
}

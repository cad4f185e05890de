//! The API in process.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use futures_util::StreamExt;

use super::forwarding;
use super::room;
use super::state::{Departure, Host, HostOptions};
use super::{parcels, transfers};
use crate::api::{
    Answer, Api, ByteStream, Call, ConversationId, Delivery, Download, Events, Feed, FilesPage,
    HostCall, Imported, MAX_PAGE, Message, MessageId, NewUpload, NodeStatus, Page, PageFrom,
    Passphrase, Refusal, Reply, Search, SearchPage, SeriesName, StarredPage, StorageFault,
    StorageUse, Uploaded,
};
use crate::directory::{Contents, Directory, OwnerInfo};
use crate::engine::{conversation, files, recording, searching, starred};
use crate::files::keeper;
use crate::parcel::steps::Step;
use crate::runtime::Node;

/// What parcels ask of the engine, on their way in and out.
const TAKES_ROOM: Call = Call::Carry(Step::Take(Vec::new()));

/// A node in this process. Clones are the same node; when it has departed, they refuse with
/// [`Refusal::Stopping`].
#[derive(Clone)]
pub struct Local(pub(super) Arc<Host>);

impl Local {
    /// Takes a data directory, creating it if it is not there. The node is locked.
    ///
    /// # Errors
    /// [`Refusal::Owned`] if another process has it; what the system reports.
    pub fn own(path: &Path, options: HostOptions) -> Result<Self, Refusal> {
        let directory = Directory::own(path)?;
        let mut feed = [0; 8];
        getrandom::fill(&mut feed).map_err(|_| Refusal::Bug)?;
        Ok(Self(Host::new(
            directory,
            options,
            u64::from_ne_bytes(feed),
        )))
    }

    /// Makes an identity in a directory that holds none, and unlocks it.
    pub async fn create(&self, passphrase: Passphrase, name: String) -> Result<(), Refusal> {
        self.0.create(passphrase, name).await
    }

    /// Whether there is an identity here.
    pub fn contents(&self) -> Result<Contents, Refusal> {
        self.0.contents()
    }

    /// Tells other processes where the API of this one is, and the token for it.
    pub fn announce(&self, info: &OwnerInfo, token: &str) -> Result<(), Refusal> {
        self.0.announce(info, token)
    }

    /// What happens at the node.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.0.feed
    }

    /// Waits until the node has left its directory, also if another client asked for that.
    pub async fn departed(&self) -> Departure {
        self.0.departed().await
    }
}

#[async_trait]
impl Api for Local {
    async fn call(&self, call: Call) -> Answer {
        let asked = self.0.node().ok();
        let again = call.only_looks().then(|| call.clone());
        let mut answer = self.ask(call).await;
        if let (Err(Refusal::Storage { .. }), Some(call)) = (&answer, again)
            && self.0.recovers(asked.as_ref()).await
        {
            answer = self.ask(call).await;
        }
        self.0.notice(&answer).await;
        answer
    }

    async fn host(&self, call: HostCall) -> Answer {
        let asked = self.0.node().ok();
        let again = call.only_looks().then(|| call.clone());
        let mut answer = self.ask_host(call).await;
        if let (Err(Refusal::Storage { .. }), Some(call)) = (&answer, again)
            && self.0.recovers(asked.as_ref()).await
        {
            answer = self.ask_host(call).await;
        }
        self.0.notice(&answer).await;
        answer
    }

    async fn upload(&self, new: NewUpload, bytes: ByteStream) -> Result<Uploaded, Refusal> {
        let node = self.0.node()?;
        let uploaded = transfers::upload(&node, self.0.pictures(), new, bytes).await;
        self.0.notice(&uploaded).await;
        uploaded
    }

    async fn download(
        &self,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<Download, Refusal> {
        let node = self.0.node()?;
        transfers::download(&node, &conversation, &message).await
    }

    async fn carry_part(&self, series: SeriesName, part: u32) -> Result<ByteStream, Refusal> {
        let node = self.0.node_for(&TAKES_ROOM).await?;
        self.0.plans.part(node, &series, part).await
    }

    async fn carry_in(&self, parcel: ByteStream) -> Result<Imported, Refusal> {
        let node = self.0.node_for(&TAKES_ROOM).await?;
        let imported = parcels::take(node, parcel).await;
        self.0.notice(&imported).await;
        imported
    }

    async fn events(&self) -> Result<Events, Refusal> {
        Ok(Box::pin(self.feed().listen(None).map(|told| told.event)))
    }
}

impl Local {
    async fn ask(&self, call: Call) -> Answer {
        let node = self.0.node_for(&call).await?;
        if matches!(call, Call::Invite(_)) {
            // An invitation without an address would lead nowhere.
            node.found_on_air().await;
        }
        if let Call::Forward(from, id, to) = &call {
            let message = self.read_message(from, id).await?;
            if message.file.is_some() {
                let sent = forwarding::forward(&node, from, message, to.clone()).await?;
                return Ok(sent.into());
            }
        }
        let again = room::is_spared(&call).then(|| call.clone());
        let reply = match (node.call(call).await, again) {
            (Err(room::NO_ROOM), Some(call)) => self.0.on_reserve(&node).await?.call(call).await?,
            (answer, _) => answer?,
        };
        match reply {
            Reply::Identities(of) => {
                let words = tokio::task::spawn_blocking(|| of.safety_words()).await;
                Ok(Reply::SafetyWords(words.map_err(|_| Refusal::Bug)?))
            }
            reply => Ok(reply),
        }
    }

    async fn ask_host(&self, call: HostCall) -> Answer {
        Ok(match call {
            HostCall::Status => self.node_status().await?.into(),
            HostCall::Page(conversation, from, limit) => {
                self.read_page(&conversation, from, limit).await?.into()
            }
            HostCall::Message(conversation, id) => {
                self.read_message(&conversation, &id).await?.into()
            }
            HostCall::Starred(before, limit) => self.read_starred(before, limit).await?.into(),
            HostCall::Versions(conversation, id) => {
                let node = self.0.node()?;
                let versions =
                    node.read(|reader| Ok(conversation::versions(reader, &conversation, &id)))?;
                versions?.into()
            }
            HostCall::Files(conversation, before, limit) => {
                self.read_files(&conversation, before, limit).await?.into()
            }
            HostCall::Storage => self.storage_use().await?.into(),
            HostCall::Preview(conversation, id) => {
                let node = self.0.node()?;
                node.read(|reader| Ok(files::preview(reader, &conversation, &id)))??
                    .into()
            }
            HostCall::CarryOut(contact, part_bytes) => {
                let node = self.0.node()?;
                let parcels = self.0.plans.begin(&node, contact, part_bytes).await;
                parcels?.into()
            }
            HostCall::Recording(conversation) => {
                let node = self.0.node()?;
                node.read(|reader| Ok(recording::of(reader, &conversation)))??
                    .into()
            }
            HostCall::Find(search) => self.find(search).await?.into(),
            HostCall::Unlock(passphrase) => self.0.unlock(passphrase).await?.into(),
            HostCall::Lock => self.0.lock().await?.into(),
            HostCall::CheckPassphrase(passphrase) => {
                self.0.check_passphrase(passphrase).await?.into()
            }
            HostCall::Object(conversation, passphrase) => {
                self.0.check_passphrase(passphrase).await?;
                self.ask(Call::Object(conversation)).await?
            }
            HostCall::ChangePassphrase(current, new) => {
                self.0.change_passphrase(current, new).await?.into()
            }
            HostCall::Erase => self.0.erase().await?.into(),
            HostCall::Wipe => self.0.wipe().await?.into(),
            HostCall::Handover(to) => self.0.depart(Departure::HandedOver(to)).await?.into(),
            HostCall::Stop => self.0.depart(Departure::Stopped).await?.into(),
        })
    }

    async fn read_page(
        &self,
        of: &ConversationId,
        from: PageFrom,
        limit: u32,
    ) -> Result<Page, Refusal> {
        check_limit(limit)?;
        let node = self.0.node()?;
        let mut page = node.read(|reader| Ok(conversation::page(reader, of, &from, limit)))??;
        say_why(&node, of, &mut page.messages).await?;
        Ok(page)
    }

    async fn read_message(&self, of: &ConversationId, id: &MessageId) -> Result<Message, Refusal> {
        let node = self.0.node()?;
        let mut message = node.read(|reader| Ok(conversation::message(reader, of, id)))??;
        say_why(&node, of, std::slice::from_mut(&mut message)).await?;
        Ok(message)
    }

    async fn read_starred(&self, before: Option<u64>, limit: u32) -> Result<StarredPage, Refusal> {
        check_limit(limit)?;
        let node = self.0.node()?;
        let mut page = node.read(|reader| Ok(starred::page(reader, before, limit)))??;
        for starred in &mut page.messages {
            let message = std::slice::from_mut(&mut starred.message);
            say_why(&node, &starred.conversation, message).await?;
        }
        Ok(page)
    }

    async fn read_files(
        &self,
        of: &ConversationId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<FilesPage, Refusal> {
        check_limit(limit)?;
        let node = self.0.node()?;
        let mut page =
            node.read(|reader| Ok(files::page(reader, of, before.as_ref(), limit)))??;
        say_why(&node, of, &mut page.messages).await?;
        Ok(page)
    }

    async fn storage_use(&self) -> Result<StorageUse, Refusal> {
        let (node, directory) = (self.0.node()?, self.0.directory()?);
        // It reads a message for each file, and other calls go on meanwhile.
        let reading = tokio::task::spawn_blocking(move || {
            Ok(StorageUse {
                conversations: node.read(files::used)?,
                free: keeper::free(node.files()).map_err(|_| Refusal::Storage {
                    fault: StorageFault::Io,
                })?,
                store: directory.store_bytes()?,
            })
        });
        reading.await.map_err(|_| Refusal::Bug)?
    }

    async fn find(&self, search: Search) -> Result<SearchPage, Refusal> {
        let node = self.0.node()?;
        let now_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as i64);
        // It may read much, and other calls go on meanwhile.
        let reading = node.clone();
        let searching = tokio::task::spawn_blocking(move || {
            reading.read(|reader| Ok(searching::search(reader, &search, now_ms)))?
        });
        let mut found = searching.await.map_err(|_| Refusal::Bug)??;
        for hit in &mut found.messages {
            let message = std::slice::from_mut(&mut hit.message);
            say_why(&node, &hit.conversation, message).await?;
        }
        Ok(found)
    }

    async fn node_status(&self) -> Result<NodeStatus, Refusal> {
        let open = match self.call(Call::Status).await {
            Ok(Reply::Status(status)) => Some(status),
            Ok(_) => return Err(Refusal::Bug),
            Err(Refusal::Locked) => None,
            Err(refusal) => return Err(refusal),
        };
        Ok(NodeStatus {
            version: env!("CARGO_PKG_VERSION").into(),
            locked: open.is_none(),
            disk_full: self.0.is_full(),
            open,
        })
    }
}

/// Adds the reason why our own messages wait, where they have none yet: the store does not know it.
async fn say_why(
    node: &Node,
    of: &ConversationId,
    messages: &mut [Message],
) -> Result<(), Refusal> {
    let mut deliveries = messages.iter().flat_map(|message| &message.deliveries);
    if !deliveries.all(Delivery::is_delivered) {
        conversation::explain(messages, &node.recipients(of).await?);
    }
    Ok(())
}

/// Refuses a page of no messages or of too many.
fn check_limit(limit: u32) -> Result<(), Refusal> {
    match (1..=MAX_PAGE).contains(&limit) {
        true => Ok(()),
        false => Err(Refusal::BadRequest {
            what: format!("a page has 1 to {MAX_PAGE} messages"),
        }),
    }
}

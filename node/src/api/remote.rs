//! The API of a node in another process, over loopback.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message as Frame, http};

use super::contract::{Api, Events};
use super::server::Token;
use super::server::wire::*;
use super::types::*;

/// How long a node may take to answer: longer than the server's own limit.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);

/// The same for what may rewrite the store, which takes as long as the disk needs.
const REWRITE_TIMEOUT: Duration = Duration::from_secs(24 * 3_600);

/// A client of the node that owns a data directory.
#[derive(Debug)]
pub struct Remote {
    http: reqwest::Client,
    port: u16,
    token: Token,
    version: String,
}

impl Remote {
    /// A client of the node at `port` of 127.0.0.1, which says that it is of this version; nothing is sent
    /// yet. One of another version than ours is understood as far as that goes.
    pub fn new(port: u16, token: Token, version: String) -> Result<Self, Refusal> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(|_| Refusal::Bug)?;
        Ok(Self {
            http,
            port,
            token,
            version,
        })
    }

    /// The port of 127.0.0.1 that it talks to.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://127.0.0.1:{}/v1/{path}", self.port);
        self.http
            .request(method, url)
            .bearer_auth(self.token.reveal())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refusal> {
        self.json(self.request(Method::GET, path)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Refusal> {
        self.json(self.request(Method::POST, path).json(body)).await
    }

    async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Refusal> {
        self.json(self.request(Method::PUT, path).json(body)).await
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Refusal> {
        let body = self.answer(request).await?;
        serde_json::from_slice(&body).map_err(|_| self.other_version())
    }

    /// A request whose answer has no content.
    async fn done(&self, request: RequestBuilder) -> Result<(), Refusal> {
        self.answer(request).await.map(drop)
    }

    /// Sends a request. Gives what is answered if it was done.
    async fn answer(&self, request: RequestBuilder) -> Result<Bytes, Refusal> {
        let response = request.send().await.map_err(|_| Refusal::Unreachable)?;
        let is_done = response.status().is_success();
        let body = response.bytes().await.map_err(|_| Refusal::Unreachable)?;
        match is_done {
            true => Ok(body),
            false => Err(self.refusal(&body)),
        }
    }

    /// What is answered when something was not done.
    fn refusal(&self, body: &[u8]) -> Refusal {
        match serde_json::from_slice(body) {
            // A node of this version knows all that is asked here.
            Err(_) | Ok(Refusal::NoSuchRoute) => self.other_version(),
            Ok(refusal) => refusal,
        }
    }

    fn other_version(&self) -> Refusal {
        let version = self.version.clone();
        Refusal::OtherVersion { version }
    }
}

#[async_trait]
impl Api for Remote {
    async fn call(&self, call: Call) -> Answer {
        Ok(match call {
            Call::Me => Reply::Me(self.get("me").await?),
            Call::SetName(name) => Reply::Me(self.put("me", &Name { name }).await?),
            Call::Invite(new) => Reply::Invitation(self.post("invitations", &new).await?),
            Call::Invitations => Reply::Invitations(self.get("invitations").await?),
            Call::CancelInvitation(InvitationId(id)) => {
                let path = format!("invitations/{}", segment(&id));
                self.done(self.request(Method::DELETE, &path)).await?;
                Reply::Done
            }
            Call::Join(link) => {
                let joining: Joining = self.post("joins", &Join { link }).await?;
                Reply::Joining(joining.invitation)
            }
            Call::CancelJoin(InvitationId(id)) => {
                let path = format!("joins/{}", segment(&id));
                self.done(self.request(Method::DELETE, &path)).await?;
                Reply::Done
            }
            Call::Contacts => Reply::Contacts(self.get("contacts").await?),
            Call::Contact(id) => Reply::Contact(self.get(&contact(&id)).await?),
            Call::SafetyWords(id) => {
                let path = format!("{}/safety-words", contact(&id));
                Reply::SafetyWords(self.get(&path).await?)
            }
            Call::Ways(id) => {
                let path = format!("{}/ways", contact(&id));
                Reply::Ways(self.get(&path).await?)
            }
            Call::Verify(id, verified) => {
                let path = format!("{}/verified", contact(&id));
                Reply::Contact(self.put(&path, &Verified { verified }).await?)
            }
            Call::Rename(id, name) => {
                let path = format!("{}/name", contact(&id));
                Reply::Contact(self.put(&path, &Name { name }).await?)
            }
            Call::Block(id, blocked) => {
                let path = format!("{}/blocked", contact(&id));
                Reply::Contact(self.put(&path, &Blocked { blocked }).await?)
            }
            Call::Remove(id) => {
                self.done(self.request(Method::DELETE, &contact(&id)))
                    .await?;
                Reply::Done
            }
            Call::Send(id, text) => {
                let path = format!("{}/messages", contact(&id));
                let sent: Sent = self.post(&path, &Text { text }).await?;
                Reply::Sent(sent.id)
            }
            Call::SetDraft(id, text) => {
                let path = format!("{}/draft", contact(&id));
                self.done(self.request(Method::PUT, &path).json(&Text { text }))
                    .await?;
                Reply::Done
            }
            Call::Read(id, message) => {
                let path = format!("{}/read", contact(&id));
                let body = ReadUpTo { message };
                self.done(self.request(Method::PUT, &path).json(&body))
                    .await?;
                Reply::Done
            }
            Call::Status => match self.status().await?.open {
                Some(status) => Reply::Status(status),
                None => return Err(Refusal::Locked),
            },
            Call::SwitchCarrier(carrier, on) => {
                let path = path_of(carrier)?;
                self.done(self.request(Method::PUT, &path).json(&Switch { on }))
                    .await?;
                Reply::Done
            }
            Call::AnnounceOver(carrier, announcing) => {
                let path = format!("{}/announcing", path_of(carrier)?);
                let body = Announcing { announcing };
                self.done(self.request(Method::PUT, &path).json(&body))
                    .await?;
                Reply::Done
            }
            Call::SetRadio(radio) => {
                self.done(self.request(Method::PUT, "radio").json(&radio))
                    .await?;
                Reply::Done
            }
            Call::AddRelay(address) => {
                let request = self
                    .request(Method::POST, "relays")
                    .json(&Relay { address });
                self.done(request).await?;
                Reply::Done
            }
            Call::RemoveRelay(address) => {
                let request = self
                    .request(Method::DELETE, "relays")
                    .json(&Relay { address });
                self.done(request).await?;
                Reply::Done
            }
            Call::SetRelayPaths(paths) => {
                let request = self
                    .request(Method::PUT, "relays/paths")
                    .json(&Paths { paths });
                self.done(request).await?;
                Reply::Done
            }
            Call::CarryExport(id) => {
                let path = format!("{}/parcel", contact(&id));
                let parcel = self.answer(self.request(Method::POST, &path)).await?;
                Reply::Parcel(parcel.into())
            }
            Call::CarryImport(parcel) => {
                let request = self.request(Method::POST, "parcels").body(parcel);
                Reply::Imported(self.json(request).await?)
            }
        })
    }

    async fn page(&self, id: &ContactId, from: PageFrom, limit: u32) -> Result<Page, Refusal> {
        let path = format!("{}/messages", contact(id));
        let request = self
            .request(Method::GET, &path)
            .query(&PageQuery::of(&from, limit));
        let page: CursorPage = self.json(request).await?;
        Ok(page.page)
    }

    async fn message(&self, id: &ContactId, message: &MessageId) -> Result<Message, Refusal> {
        let path = format!("{}/messages/{}", contact(id), segment(&message.0));
        self.get(&path).await
    }

    async fn events(&self) -> Result<Events, Refusal> {
        let url = format!("ws://127.0.0.1:{}/v1/events", self.port);
        let mut request = url.into_client_request().map_err(|_| Refusal::Bug)?;
        let bearer = format!("Bearer {}", self.token.reveal());
        let mut bearer = http::HeaderValue::try_from(bearer).map_err(|_| Refusal::NotAuthorised)?;
        bearer.set_sensitive(true);
        request
            .headers_mut()
            .insert(http::header::AUTHORIZATION, bearer);
        let socket = match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => socket,
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                let body = response.into_body().unwrap_or_default();
                return Err(self.refusal(&body));
            }
            Err(_) => return Err(Refusal::Unreachable),
        };
        let events = stream::unfold(socket, |mut socket| async {
            loop {
                match socket.next().await?.ok()? {
                    Frame::Text(text) => {
                        // An event of a newer node is one more thing to look at.
                        let event = serde_json::from_str(&text).unwrap_or(Event::Missed);
                        return Some((event, socket));
                    }
                    Frame::Close(_) => return None,
                    _ => {}
                }
            }
        });
        Ok(Box::pin(events))
    }

    async fn status(&self) -> Result<NodeStatus, Refusal> {
        self.get("status").await
    }

    async fn unlock(&self, passphrase: Passphrase) -> Result<(), Refusal> {
        let body = Unlock { passphrase };
        let request = self.request(Method::POST, "unlock").json(&body);
        self.done(request.timeout(REWRITE_TIMEOUT)).await
    }

    async fn lock(&self) -> Result<(), Refusal> {
        self.done(self.request(Method::POST, "lock")).await
    }

    async fn check_passphrase(&self, passphrase: Passphrase) -> Result<(), Refusal> {
        let request = self.request(Method::POST, "passphrase/check");
        self.done(request.json(&Unlock { passphrase })).await
    }

    async fn change_passphrase(&self, current: Passphrase, new: Passphrase) -> Result<(), Refusal> {
        let body = ChangePassphrase { current, new };
        self.done(self.request(Method::PUT, "passphrase").json(&body))
            .await
    }

    async fn erase(&self) -> Result<(), Refusal> {
        let request = self.request(Method::POST, "erase");
        self.done(request.timeout(REWRITE_TIMEOUT)).await
    }

    async fn wipe(&self) -> Result<(), Refusal> {
        let confirm = Wipe::CONFIRM.to_owned();
        self.done(self.request(Method::POST, "wipe").json(&Wipe { confirm }))
            .await
    }

    async fn handover(&self, to: String) -> Result<(), Refusal> {
        self.done(
            self.request(Method::POST, "handover")
                .json(&Handover { to }),
        )
        .await
    }

    async fn stop(&self) -> Result<(), Refusal> {
        self.done(self.request(Method::POST, "stop")).await
    }
}

fn contact(id: &ContactId) -> String {
    format!("contacts/{}", segment(&id.0))
}

fn path_of(carrier: Carrier) -> Result<String, Refusal> {
    let name = serde_json::to_value(carrier).map_err(|_| Refusal::Bug)?;
    Ok(format!("carriers/{}", name.as_str().ok_or(Refusal::Bug)?))
}

/// An id as one path segment: ids are hex and `-`, anything else would change the path.
fn segment(id: &str) -> String {
    let plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if plain {
        id.to_owned()
    } else {
        "none".to_owned()
    }
}

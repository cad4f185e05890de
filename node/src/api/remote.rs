//! The API of a node in another process, over loopback.

use std::sync::mpsc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message as Frame, http};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::server::Token;
use super::server::wire::{self, Answered as _, Asker, Body as _, Places as _, Row};
use super::{
    Answer, Api, ByteStream, Call, ConversationId, Download, Event, Events, HostCall, Imported,
    MessageId, NewUpload, Refusal, SeriesName, Uploaded,
};

/// How long a node may take to answer: longer than the server's own limit.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);

/// The same for what may rewrite the store, which takes as long as the disk needs.
const REWRITE_TIMEOUT: Duration = Duration::from_secs(24 * 3_600);

/// The pauses before a listener whose connection is lost calls again. A node that has ended gives it up for good.
const LISTEN_AGAIN: [Duration; 4] = [
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_secs(1),
];

/// A client of the node that owns a data directory.
#[derive(Debug, Clone)]
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

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Sends a request whose body or answer takes as long as a disk needs.
    async fn transfer(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, Refusal> {
        let request = request.bearer_auth(self.token.reveal());
        let answer = request.timeout(REWRITE_TIMEOUT).send().await;
        let answer = answer.map_err(|_| Refusal::Unreachable)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let body = answer.bytes().await.map_err(|_| Refusal::Unreachable)?;
        Err(self.refusal(&body))
    }

    /// Sends a request whose body is read while it is sent. Gives the answer.
    async fn give<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
        bytes: ByteStream,
    ) -> Result<T, Refusal> {
        // What ends the stream early is what the caller is to hear: the node sees a request that breaks off.
        let (broke, broken) = mpsc::channel();
        let parts = bytes.map_err(move |refusal| {
            let _ = broke.send(refusal);
            std::io::Error::other("the file cannot be read on")
        });
        let request = request.body(reqwest::Body::wrap_stream(parts));
        let answer = self.transfer(request).await;
        let answer = answer.map_err(|refusal| broken.try_recv().unwrap_or(refusal))?;
        let body = answer.bytes().await.map_err(|_| Refusal::Unreachable)?;
        serde_json::from_slice(&body).map_err(|_| self.other_version())
    }

    /// What is answered when something was not done.
    fn refusal(&self, body: &[u8]) -> Refusal {
        match serde_json::from_slice(body) {
            // A node of this version knows all that is asked here.
            Err(_) | Ok(Refusal::NoSuchRoute) => self.other_version(),
            Ok(refusal) => refusal,
        }
    }

    /// Listens to what happens after a position, or from now on.
    async fn listen(&self, after: Option<&str>) -> Result<EventStream, Refusal> {
        let mut url = format!("ws://127.0.0.1:{}/v1/events", self.port);
        if let Some(after) = after {
            url += &format!("?after={after}");
        }
        let mut request = url.into_client_request().map_err(|_| Refusal::Bug)?;
        let bearer = format!("Bearer {}", self.token.reveal());
        let mut bearer = http::HeaderValue::try_from(bearer).map_err(|_| Refusal::NotAuthorised)?;
        bearer.set_sensitive(true);
        request
            .headers_mut()
            .insert(http::header::AUTHORIZATION, bearer);
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, _)) => Ok(stream),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                let body = response.into_body().unwrap_or_default();
                Err(self.refusal(&body))
            }
            Err(_) => Err(Refusal::Unreachable),
        }
    }

    /// As [`listen`](Self::listen), after the connection was lost: several times, while nobody answers.
    async fn listen_again(&self, after: Option<&str>) -> Option<EventStream> {
        for pause in LISTEN_AGAIN {
            tokio::time::sleep(pause).await;
            match self.listen(after).await {
                Err(Refusal::Unreachable) => {}
                answer => return answer.ok(),
            }
        }
        None
    }

    fn other_version(&self) -> Refusal {
        let version = self.version.clone();
        Refusal::OtherVersion { version }
    }
}

impl Asker for Remote {
    async fn ask<R: Row>(&self, places: R::Places, body: R::Body) -> Result<R::Answer, Refusal> {
        let mut path = R::PATH.to_owned();
        for (name, segment) in R::PLACES.iter().zip(places.segments()) {
            path = path.replace(&format!("{{{name}}}"), &segment);
        }
        let request = self.http.request(R::METHOD, self.url(&path));
        let mut request = body.write(request.bearer_auth(self.token.reveal()));
        if R::REWRITES {
            request = request.timeout(REWRITE_TIMEOUT);
        }
        let response = request.send().await.map_err(|_| Refusal::Unreachable)?;
        let is_done = response.status().is_success();
        let body = response.bytes().await.map_err(|_| Refusal::Unreachable)?;
        match is_done {
            true => R::Answer::read(body).ok_or_else(|| self.other_version()),
            false => Err(self.refusal(&body)),
        }
    }
}

#[async_trait]
impl Api for Remote {
    async fn call(&self, call: Call) -> Answer {
        wire::ask(self, call).await
    }

    async fn host(&self, call: HostCall) -> Answer {
        wire::ask_host(self, call).await
    }

    async fn upload(&self, new: NewUpload, bytes: ByteStream) -> Result<Uploaded, Refusal> {
        let mut query = vec![("name", new.name.0)];
        query.extend(new.media_type.map(|media_type| ("type", media_type.0)));
        query.extend(new.size.map(|size| ("size", size.to_string())));
        let request = self.http.post(self.url("/v1/files"));
        let request = request.query(&query).query(&[("form", new.form)]);
        self.give(request, bytes).await
    }

    async fn download(
        &self,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<Download, Refusal> {
        let path = format!(
            "/v1/conversations/{}/messages/{}/file",
            conversation.0, message.0
        );
        let told = self.message(conversation, message).await?;
        let file = told.file.ok_or(Refusal::NoFile)?;
        let answer = self.transfer(self.http.get(self.url(&path))).await?;
        let bytes = answer.bytes_stream();
        Ok(Download {
            name: file.name,
            media_type: file.media_type,
            size: file.size,
            bytes: Box::pin(bytes.map_err(|_| Refusal::Unreachable)),
        })
    }

    async fn carry_part(&self, series: SeriesName, part: u32) -> Result<ByteStream, Refusal> {
        let url = self.url(&format!("/v1/parcels/{}/{part}", series.0));
        let answer = self.transfer(self.http.get(url)).await?;
        Ok(Box::pin(
            answer.bytes_stream().map_err(|_| Refusal::Unreachable),
        ))
    }

    async fn carry_in(&self, parcel: ByteStream) -> Result<Imported, Refusal> {
        self.give(self.http.post(self.url("/v1/parcels")), parcel)
            .await
    }

    async fn events(&self) -> Result<Events, Refusal> {
        let stream = self.listen(None).await?;
        let listener = Listener {
            remote: self.clone(),
            stream: Some(stream),
            position: None,
        };
        Ok(Box::pin(stream::unfold(
            listener,
            |mut listener| async move {
                let event = listener.next().await?;
                Some((event, listener))
            },
        )))
    }
}

type EventStream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Listens to the events of a node, and goes on where it stopped when its connection is lost.
struct Listener {
    remote: Remote,
    /// `None` while there is no connection.
    stream: Option<EventStream>,
    /// Behind the last event, if there was one.
    position: Option<String>,
}

impl Listener {
    /// The next event; `None` if the node has ended or does not answer any more.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let Some(stream) = &mut self.stream else {
                let after = self.position.as_deref();
                self.stream = Some(self.remote.listen_again(after).await?);
                if after.is_none() {
                    // We cannot say after what, so something may have happened in between.
                    return Some(Event::Missed);
                }
                continue;
            };
            match stream.next().await {
                Some(Ok(Frame::Text(text))) => {
                    let position = serde_json::from_str(&text).ok();
                    self.position = position.map(|Placed { position }| position);
                    // An event of a newer node is one more thing to look at.
                    return Some(serde_json::from_str(&text).unwrap_or(Event::Missed));
                }
                Some(Ok(Frame::Close(_))) => return None,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => self.stream = None,
            }
        }
    }
}

/// The position of any event, also of one that we do not know.
#[derive(Deserialize)]
struct Placed {
    position: String,
}

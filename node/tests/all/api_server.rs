//! Who the local API answers, and that it answers as its document says.

mod anything;
mod callers;
mod clients;
mod document;
mod documented;
mod events;
mod wire;

use std::sync::Arc;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::support::hosted::Hosted;
use crate::support::{Served, serve};

async fn served(node: Hosted) -> (Served, Client, Arc<Hosted>) {
    let node = Arc::new(node);
    let served = serve(node.clone(), node.feed.clone()).await;
    (served, Client::new(), node)
}

fn authorised(client: &Client, served: &Served, method: Method, path: &str) -> RequestBuilder {
    client
        .request(method, served.url(path))
        .bearer_auth(served.token.reveal())
}

async fn code(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    (status, body["code"].as_str().unwrap().to_owned())
}

fn refused(status: StatusCode, code: &str) -> (StatusCode, String) {
    (status, code.to_owned())
}

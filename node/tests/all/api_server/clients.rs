//! What a client says of a node that is gone, breaks off or is of another version.

use hedgerow_node::api::server::Token;
use hedgerow_node::api::{Api, Refusal, Remote};
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::served;
use crate::support::hosted::Hosted;
use crate::support::{VERSION, serve_other};

#[tokio::test]
async fn a_client_of_a_dead_node_says_so() {
    let remote = {
        let (served, ..) = served(Hosted::default()).await;
        served.remote()
    };
    while tokio::net::TcpStream::connect(("127.0.0.1", remote.port()))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(remote.me().await, Err(Refusal::Unreachable));
    assert_eq!(remote.events().await.err(), Some(Refusal::Unreachable));
}

#[tokio::test]
async fn a_client_of_a_node_that_breaks_off_says_that_it_does_not_answer() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    let remote = Remote::new(port, Token::new(&[0; 32]), VERSION.into()).unwrap();
    let answers = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut asked = [0; 4096];
        let _ = socket.read(&mut asked).await.unwrap();
        let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"name\":";
        socket.write_all(begun).await.unwrap();
    };
    let (me, ()) = tokio::join!(remote.me(), answers);
    assert_eq!(me, Err(Refusal::Unreachable));
}

#[tokio::test]
async fn a_client_of_a_node_of_another_version_says_so_wherever_the_two_do_not_understand_each_other()
 {
    let other = Refusal::OtherVersion {
        version: VERSION.into(),
    };
    for (status, body) in [
        (StatusCode::OK, "{\"me\":{\"names\":[\"Ana\"]}}"),
        (StatusCode::OK, "<!DOCTYPE html>"),
        (StatusCode::OK, ""),
        (StatusCode::NOT_FOUND, "{\"code\":\"no_such_route\"}"),
        (StatusCode::CONFLICT, "{\"code\":\"no_such_moon\"}"),
        (StatusCode::BAD_REQUEST, "what?"),
    ] {
        let served = serve_other(status, body).await;
        let remote = served.remote();
        assert_eq!(remote.me().await.err(), Some(other.clone()), "{body}");
        if !status.is_success() {
            assert_eq!(remote.stop().await, Err(other.clone()), "{body}");
            assert_eq!(remote.events().await.err(), Some(other.clone()), "{body}");
        }
    }
    // What needs no reading is done, and the server answers what can be read.
    let served = serve_other(StatusCode::NO_CONTENT, "").await;
    assert_eq!(served.remote().handover("us".into()).await, Ok(()));
    let served = serve_other(StatusCode::LOCKED, "{\"code\":\"locked\",\"since\":1}").await;
    assert_eq!(served.remote().me().await, Err(Refusal::Locked));
}

//! Sessions between devices that know each other (`docs/PROTOCOL.md` section 7).

mod support;

use bytes::Bytes;
use hedgerow_transport::session::{Lane, Role};

use support::*;

#[test]
fn two_devices_that_know_each_other_get_one_session() {
    let (mut dialler, mut answerer) = sessions(1);
    assert_eq!(dialler.hash(), answerer.hash());
    assert_eq!(
        (dialler.role(), answerer.role()),
        (Role::Dialler, Role::Answerer)
    );
    assert_eq!(dialler.peer_key(), device(2).key.public());
    assert_eq!(answerer.peer_key(), device(1).key.public());

    dialler
        .push(Lane::Control, 1, Bytes::from_static(b"hello"))
        .unwrap();
    let items = carry(&mut dialler, &mut answerer);
    assert_eq!(items.len(), 1);
    assert_eq!(
        (items[0].lane, items[0].kind, &items[0].content[..]),
        (Lane::Control, 1, &b"hello"[..])
    );
    answerer
        .push(Lane::Text, 300, Bytes::from_static(b"text"))
        .unwrap();
    let items = carry(&mut answerer, &mut dialler);
    assert_eq!(
        (items[0].lane, items[0].kind, &items[0].content[..]),
        (Lane::Text, 300, &b"text"[..])
    );
}

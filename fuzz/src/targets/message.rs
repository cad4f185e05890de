//! Bodies of messages and edits that a contact has written, which a page of the conversation shows. Whatever they are, the page is
//! shown, and nothing on it is longer than its limit.

use std::sync::LazyLock;

use crate::pieces;
use bytes::Bytes;
use hedgerow_node::api::{ConversationId, MAX_QUOTE, MAX_TEXT, Original, PageFrom, Private};
use hedgerow_node::engine::conversation;
use hedgerow_node::harness::{EPOCH_MS, World};
use hedgerow_sync::entry::{AnnotationKind, Body, RowKind, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::space;
use hedgerow_sync::store::Store;

/// The contact's log.
const LOG: LogId = LogId {
    device: DeviceId([7; 16]),
    incarnation: Incarnation(7),
};

/// The store of somebody who knows somebody, and their conversation.
static TALKED: LazyLock<(MemoryStore, ConversationId)> = LazyLock::new(|| {
    let mut world = World::with(1, &["Ada", "Grace"]);
    world.meet(0, 1);
    world.send(0, 1, "good morning");
    world.delivered(0, 1);
    let chat = world.chat(0, 1);
    (world.nodes[0].storage.store.clone(), chat)
});

/// One input.
pub fn run(input: &[u8]) {
    let (mut store, chat) = TALKED.clone();
    let id = (0..chat.0.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&chat.0[at..at + 2], 16));
    let id: Vec<u8> = id.collect::<Result<_, _>>().expect("the id of a space");
    let space = SpaceId(id.try_into().expect("16 bytes"));
    for piece in pieces(input) {
        let [how, of, body @ ..] = piece else {
            continue;
        };
        let target = EntryId {
            log: LOG,
            seq: Seq(1 + u64::from(*of)),
        };
        let what = match how % 3 {
            0 => What::Row(RowKind(2)),
            1 => What::TEXT,
            _ => What::Annotation {
                kind: AnnotationKind::EDIT,
                target,
            },
        };
        let body = Body::Bytes(Bytes::copy_from_slice(body));
        let append =
            store.write(|txn| Ok(space::append(txn, space, LOG, EPOCH_MS, what, body).is_ok()));
        append.expect("memory does not fail");
    }
    let page = store.read(|reader| Ok(conversation::page(reader, &chat, &PageFrom::Newest, 500)));
    let page = page.expect("memory does not fail").expect("a page");
    for message in page.messages {
        assert!(message.text.is_none_or(|text| text.0.len() <= MAX_TEXT));
        if let Some(Original::Here {
            text: Some(Private(text)),
            ..
        }) = message.reply_to.map(|quoted| quoted.original)
        {
            assert!(text.chars().count() <= MAX_QUOTE);
        }
        let versions = store.read(|reader| Ok(conversation::versions(reader, &chat, &message.id)));
        let _ = versions.expect("memory does not fail");
    }
}

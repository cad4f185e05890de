//! What files tell beside what is in them: cleaned before they are sent, or refused.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hedgerow_node::api::*;
use hedgerow_node::pictures::{Kind, Metadata, kind_of};

use super::node::{Node, Through, event, node, pair};
use crate::pictures::files::{chunk, exif, jpeg, png, quarters, with_chunk, with_segment};
use crate::support::chats::Chats;

/// What a camera writes, with the place and its owner's words.
fn from_a_camera() -> Vec<u8> {
    let block = [b"Exif\0\0", &exif(1)[..]].concat();
    with_segment(&jpeg(&quarters(640, 480)), 0xe1, &block)
}

fn holds(file: &[u8], words: &[u8]) -> bool {
    file.windows(words.len()).any(|window| window == words)
}

async fn upload(node: &Node, name: &str, content: &[u8], form: Form) -> Result<Uploaded, Refusal> {
    let new = NewUpload {
        name: Private(name.to_owned()),
        media_type: None,
        size: Some(content.len() as u64),
        form,
    };
    let parts: Vec<_> = content.chunks(1_000).map(Bytes::copy_from_slice).collect();
    let parts = stream::iter(parts.into_iter().map(Ok));
    node.api.upload(new, Box::pin(parts)).await
}

async fn downloaded(node: &Node, conversation: ConversationId, id: MessageId) -> Vec<u8> {
    let mut download = node.api.download(conversation, id).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(part) = download.bytes.next().await {
        bytes.extend_from_slice(&part.unwrap());
    }
    bytes
}

pub async fn a_picture_goes_out_without_what_it_carries_and_with_a_preview(through: Through) {
    let (ana, ben, to_ana, to_ben) = pair(through).await;
    let source = from_a_camera();
    assert!(holds(&source, b"Secret"));
    let uploaded = upload(&ana, "square.jpg", &source, Form::Cleaned)
        .await
        .unwrap();
    assert!(uploaded.cleaned && uploaded.preview);
    assert_eq!(uploaded.carries, [Metadata::Place, Metadata::Exif]);
    let mut at_ben = ben.api.events().await.unwrap();
    let message = NewMessage {
        file: Some(uploaded.id),
        ..NewMessage::text("")
    };
    let to_ben = ana.api.chat_with(to_ben).await.unwrap().id;
    let id = ana.api.send(to_ben.clone(), message).await.unwrap();
    let sent = downloaded(&ana, to_ben, id.clone()).await;
    assert_eq!(sent.len() as u64, uploaded.size);
    assert_eq!(kind_of(&sent), Kind::Jpeg);
    assert!(!holds(&sent, b"Secret"));

    let came = event(&mut at_ben, |event| {
        matches!(event, Event::Message { id: came, .. } if came == id).then_some(())
    });
    came.await;
    let chat = ben.api.chat_with(to_ana).await.unwrap().id;
    let file = ben.api.message(chat.clone(), id.clone()).await.unwrap();
    let file = file.file.unwrap();
    assert!(file.preview);
    assert_eq!(file.media_type.unwrap().0, "image/jpeg");
    let preview = ben.api.preview(chat, id).await.unwrap();
    assert_eq!(kind_of(&preview), Kind::Jpeg);
    assert!(preview.len() <= 8_192 && !holds(&preview, b"Secret"));
}

pub async fn a_picture_sent_as_it_is_keeps_every_byte(through: Through) {
    let ana = node("Ana", through).await;
    let source = from_a_camera();
    let uploaded = upload(&ana, "square.jpg", &source, Form::AsItIs)
        .await
        .unwrap();
    assert!(!uploaded.cleaned && uploaded.preview);
    assert_eq!(uploaded.carries, [Metadata::Place, Metadata::Exif]);
    let notes = ana.api.notes().await.unwrap();
    let message = NewMessage {
        file: Some(uploaded.id),
        ..NewMessage::text("")
    };
    let id = ana.api.send(notes.id.clone(), message).await.unwrap();
    assert_eq!(downloaded(&ana, notes.id, id).await, source);
}

pub async fn files_are_listed_and_the_room_that_they_take(through: Through) {
    let ana = node("Ana", through).await;
    let notes = ana.api.notes().await.unwrap().id;
    let mut sent = Vec::new();
    for (name, content) in [
        ("square.jpg", from_a_camera()),
        ("one.txt", b"one".to_vec()),
        ("two.txt", vec![7; 300_000]),
    ] {
        let uploaded = upload(&ana, name, &content, Form::AsItIs).await.unwrap();
        let message = NewMessage {
            file: Some(uploaded.id),
            ..NewMessage::text("")
        };
        sent.push(ana.api.send(notes.clone(), message).await.unwrap());
        ana.api
            .send(notes.clone(), NewMessage::text("and then"))
            .await
            .unwrap();
    }
    let newest = ana.api.files(notes.clone(), None, 2).await.unwrap();
    let ids: Vec<_> = newest.messages.iter().map(|one| one.id.clone()).collect();
    assert_eq!(ids, [sent[2].clone(), sent[1].clone()]);
    let older = ana.api.files(notes.clone(), newest.older, 2).await.unwrap();
    let ids: Vec<_> = older.messages.iter().map(|one| one.id.clone()).collect();
    assert_eq!((ids, older.older), (vec![sent[0].clone()], None));

    let used = ana.api.storage().await.unwrap();
    assert!(used.free > 0 && used.store > 0);
    let [of_notes] = &used.conversations[..] else {
        panic!("{used:?}");
    };
    assert_eq!(of_notes.conversation, notes);
    // A tag of 16 bytes for each chunk.
    let others = FilesUse {
        files: 2,
        bytes: 3 + 16 + 300_000 + 2 * 16,
    };
    assert_eq!((of_notes.pictures.files, of_notes.others), (1, others));
    assert_eq!(of_notes.undelivered, FilesUse::default());
    for id in sent {
        ana.api.free_file(notes.clone(), id).await.unwrap();
    }
    assert_eq!(ana.api.storage().await.unwrap().conversations, []);
}

pub async fn what_may_name_its_author_goes_only_as_its_user_says(through: Through) {
    let ana = node("Ana", through).await;
    let document = b"%PDF-1.7 by Ana";
    // Its name proves nothing.
    let refused = upload(&ana, "harmless.txt", document, Form::Cleaned).await;
    assert_eq!(refused, Err(Refusal::MayNameYou));
    let uploaded = upload(&ana, "talk.pdf", document, Form::AsItIs)
        .await
        .unwrap();
    assert_eq!(
        (uploaded.size, uploaded.cleaned, uploaded.preview),
        (15, false, false)
    );
}

pub async fn a_picture_that_cannot_be_cleaned_is_refused_with_the_reason(through: Through) {
    let ana = node("Ana", through).await;
    let still = png(quarters(40, 30));
    let animated = with_chunk(&still, b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
    let cut = still[..still.len() / 2].to_vec();
    let header = [
        &40_000_u32.to_be_bytes()[..],
        &40_000_u32.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ];
    let bomb = [&still[..8], &chunk(b"IHDR", &header.concat()), &still[33..]].concat();
    for (picture, why) in [
        (animated, Uncleaned::Animated),
        (cut, Uncleaned::Undecodable),
        (bomb, Uncleaned::TooLarge),
    ] {
        let refused = upload(&ana, "picture.png", &picture, Form::Cleaned).await;
        assert_eq!(refused, Err(Refusal::NotCleaned { why }));
        let uploaded = upload(&ana, "picture.png", &picture, Form::AsItIs)
            .await
            .unwrap();
        assert_eq!(uploaded.size, picture.len() as u64);
    }
}

pub async fn a_forwarded_picture_is_sealed_anew_and_keeps_its_preview(through: Through) {
    let (ana, ben, to_ana, to_ben) = pair(through).await;
    let uploaded = upload(&ana, "square.jpg", &from_a_camera(), Form::Cleaned).await;
    let message = NewMessage {
        file: Some(uploaded.unwrap().id),
        ..NewMessage::text("the square")
    };
    let notes = ana.api.notes().await.unwrap().id;
    let id = ana.api.send(notes.clone(), message).await.unwrap();
    let kept = downloaded(&ana, notes.clone(), id.clone()).await;
    let mut at_ben = ben.api.events().await.unwrap();
    let to_ben = ana.api.chat_with(to_ben).await.unwrap().id;
    let forwarded = ana.api.forward(notes, id, vec![to_ben.clone()]).await;
    let [forwarded] = &forwarded.unwrap()[..] else {
        panic!("one conversation");
    };
    assert_eq!(downloaded(&ana, to_ben, forwarded.clone()).await, kept);

    let came = event(&mut at_ben, |event| {
        matches!(event, Event::Message { id: came, .. } if came == *forwarded).then_some(())
    });
    came.await;
    let chat = ben.api.chat_with(to_ana).await.unwrap().id;
    let message = ben.api.message(chat, forwarded.clone()).await.unwrap();
    assert_eq!(message.text.unwrap().0, "the square");
    let file = message.file.unwrap();
    assert_eq!((&*file.name.0, file.preview), ("square.jpg", true));

    let sealed = std::fs::read_dir(ana.directory.path().join("files")).unwrap();
    let sealed = sealed.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let [one, other] = &sealed.collect::<Vec<_>>()[..] else {
        panic!("two sealed files");
    };
    assert_eq!(one.len(), other.len());
    assert_ne!(one, other);
}

//! Voice notes, from the upload to the other end.

use bytes::Bytes;
use futures_util::stream;
use hedgerow_node::api::*;

use super::node::{Node, Through, event, node, pair, passphrase};
use crate::support::chats::Chats;
use crate::voice::recorded::{mixed, monotonous, recording};

async fn upload(node: &Node, content: &[u8]) -> Result<Uploaded, Refusal> {
    let new = NewUpload {
        name: Private("Ana at the square, 23 November.ogg".to_owned()),
        media_type: None,
        size: Some(content.len() as u64),
        form: Form::Voice,
    };
    let parts: Vec<_> = content.chunks(1_000).map(Bytes::copy_from_slice).collect();
    let parts = stream::iter(parts.into_iter().map(Ok));
    node.api.upload(new, Box::pin(parts)).await
}

pub async fn a_voice_note_goes_out_with_its_waveform_and_is_forwarded_with_it(through: Through) {
    let (ana, ben, to_ana, to_ben) = pair(through).await;
    let uploaded = upload(&ana, &recording(3_000, |_| 0.5)).await.unwrap();
    let voice = uploaded.voice.clone().expect("it is a voice note");
    assert_eq!((voice.duration_ms, voice.waveform.len()), (3_000, 64));
    assert_eq!(uploaded.name.0, "voice note.ogg", "the name tells nothing");
    let mut at_ben = ben.api.events().await.unwrap();
    let message = NewMessage {
        file: Some(uploaded.id),
        ..NewMessage::text("")
    };
    let chat = ana.api.chat_with(to_ben).await.unwrap().id;
    let id = ana.api.send(chat.clone(), message).await.unwrap();
    let at = ben.api.chat_with(to_ana).await.unwrap().id;
    let came = event(&mut at_ben, |event| {
        matches!(event, Event::Message { id: came, .. } if came == id).then_some(())
    });
    came.await;
    let file = ben.api.message(at, id.clone()).await.unwrap().file.unwrap();
    assert_eq!(file.voice, Some(voice.clone()));
    assert_eq!(file.media_type, Some(Private("audio/ogg".to_owned())));

    let notes = ana.api.notes().await.unwrap().id;
    let forwarded = ana
        .api
        .forward(chat, id, vec![notes.clone()])
        .await
        .unwrap();
    let copy = ana.api.message(notes, forwarded[0].clone()).await.unwrap();
    assert_eq!(copy.file.unwrap().voice, Some(voice));
}

pub async fn what_is_no_voice_note_is_refused_with_the_reason(through: Through) {
    let ana = node("Ana", through).await;
    let whole = recording(500, |_| 0.5);
    let cut = &whole[..whole.len() - 10];
    let long = monotonous(901_000);
    for (content, why) in [
        (&b"a text"[..], Unplayable::OtherKind),
        (&mixed(), Unplayable::OtherKind),
        (cut, Unplayable::Damaged),
        (&long, Unplayable::TooLong),
    ] {
        let refused = upload(&ana, content).await;
        assert_eq!(refused, Err(Refusal::NotAVoiceNote { why }));
    }
}

pub async fn what_is_recorded_is_kept_part_by_part_until_it_is_dropped(through: Through) {
    let (ana, _ben, _, to_ben) = pair(through).await;
    let chat = ana.api.chat_with(to_ben).await.unwrap().id;
    let keep = |from: u64, part: &[u8]| ana.api.keep_recording(chat.clone(), from, part.to_vec());
    let length = async || ana.api.conversation(chat.clone()).await.unwrap().recording;
    assert_eq!(ana.api.recording(chat.clone()).await, Err(Refusal::NoFile));
    keep(0, b"OggS one").await.unwrap();
    keep(8, b", two").await.unwrap();
    for gap in [7, 12, 14] {
        let refused = keep(gap, b"three").await.unwrap_err();
        assert!(matches!(refused, Refusal::BadRequest { .. }), "{refused:?}");
    }
    ana.api.lock().await.unwrap();
    let locked = ana.api.recording(chat.clone()).await;
    assert_eq!(locked, Err(Refusal::Locked));
    ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
    let kept = ana.api.recording(chat.clone()).await.unwrap();
    assert_eq!((&kept[..], length().await), (&b"OggS one, two"[..], 13));

    keep(0, b"OggS anew").await.unwrap();
    assert_eq!(length().await, 9, "the first byte begins another one");
    let part = vec![7; 64 << 10];
    let mut from = 9;
    while from + part.len() as u64 <= MAX_RECORDING {
        keep(from, &part).await.unwrap();
        from += part.len() as u64;
    }
    let refused = keep(from, &part).await;
    assert!(
        matches!(refused, Err(Refusal::TooLong { .. })),
        "{refused:?}"
    );
    ana.api.drop_recording(chat.clone()).await.unwrap();
    assert_eq!(length().await, 0);
}

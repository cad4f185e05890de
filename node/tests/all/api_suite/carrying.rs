//! What is carried by hand: messages, files, what confirms them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hedgerow_node::api::*;
use hedgerow_node::carry::{self, Fault};

use super::node::{Node, Through, delivered, off_the_air, pair, text};
use crate::support::chats::Chats;

/// Two who have met and are not near each other any longer.
async fn apart(through: Through) -> (Node, Node, ContactId, ContactId) {
    let (ana, ben, to_ana, to_ben) = pair(through).await;
    let mut at_ana = ana.api.events().await.unwrap();
    // Prekeys travel in sessions: once something is delivered they have too.
    ana.api
        .send_to(to_ben.clone(), text("by network"))
        .await
        .unwrap();
    delivered(&*ana.api, &to_ben, &mut at_ana).await;
    for node in [&ana, &ben] {
        off_the_air(&*node.api).await;
    }
    (ana, ben, to_ana, to_ben)
}

pub async fn a_stick_serves_all_who_find_their_files_on_it(through: Through) {
    let (ana, ben, to_ana, to_ben) = apart(through).await;
    let stick = tempfile::tempdir().unwrap();
    let stick = stick.path();
    assert!(carry::awaiting(&*ana.api).await.unwrap().is_empty());
    ana.api
        .send_to(to_ben.clone(), text("by hand"))
        .await
        .unwrap();
    let awaiting = carry::awaiting(&*ana.api).await.unwrap();
    assert_eq!(awaiting.len(), 1);
    let exported = carry::export(&*ana.api, &awaiting[0].id, stick, None, &|_, _| ()).await;
    let to_ben_file = exported.unwrap().paths.remove(0);
    let name = to_ben_file.file_name().unwrap().to_string_lossy();
    assert!(
        !name.contains("Ben") && !name.contains(&to_ben.0[..6]),
        "{name}"
    );
    carry::export(&*ben.api, &to_ana, stick, None, &|_, _| ())
        .await
        .unwrap();
    std::fs::write(stick.join("holiday.txt"), "a file of somebody").unwrap();
    let mut damaged = std::fs::read(&to_ben_file).unwrap();
    // Behind the last bundle stands that no other follows.
    let last = damaged.len() - 5;
    damaged[last] ^= 1;
    std::fs::write(stick.join("damaged"), damaged).unwrap();

    let found = carry::import_within(&*ben.api, stick, |_, _| ())
        .await
        .unwrap();
    assert_eq!(found.imported.len(), 1);
    assert_eq!(found.imported[0].messages, 1);
    assert_eq!((found.known, found.others), (0, 1), "his own is for her");
    assert_eq!(found.damaged, [stick.join("damaged")]);
    let again = carry::import_within(&*ben.api, stick, |_, _| ())
        .await
        .unwrap();
    assert_eq!((again.imported.len(), again.known), (0, 1));
    assert_eq!(again.damaged, [stick.join("damaged")]);

    // Nothing that is there is ever written over.
    let taken = carry::export(&*ana.api, &to_ben, &to_ben_file, None, &|_, _| ()).await;
    let Err(Fault::File(path, error)) = taken else {
        panic!("it was written over");
    };
    assert_eq!(
        (path, error.kind()),
        (to_ben_file, ErrorKind::AlreadyExists)
    );
}

pub async fn a_parcel_carries_what_the_network_does_not(through: Through) {
    let (ana, ben, to_ana, to_ben) = apart(through).await;
    let id = ana
        .api
        .send_to(to_ben.clone(), text("by hand"))
        .await
        .unwrap();
    let message = ana
        .api
        .message_with(to_ben.clone(), id.clone())
        .await
        .unwrap();
    assert_eq!(
        (message.is_delivered(), message.why()),
        (false, Some(Why::NoCarrier))
    );

    let parcel = ana.api.parcel_for(to_ben.clone()).await.unwrap();
    let imported = ben.api.take_parcel(parcel.clone()).await.unwrap();
    assert_eq!((&imported.contact, imported.messages), (&to_ana, 1));
    assert_eq!(
        ben.api
            .message_with(to_ana.clone(), id.clone())
            .await
            .unwrap()
            .text,
        Some(text("by hand"))
    );
    assert_eq!(
        ben.api.take_parcel(parcel.clone()).await,
        Err(Refusal::ParcelKnown)
    );
    assert_eq!(
        ana.api.take_parcel(parcel).await,
        Err(Refusal::ParcelNotForUs)
    );

    let back = ben.api.parcel_for(to_ana).await.unwrap();
    let imported = ana.api.take_parcel(back).await.unwrap();
    assert_eq!((imported.messages, imported.acknowledged), (0, 1));
    assert!(
        ana.api
            .message_with(to_ben.clone(), id.clone())
            .await
            .unwrap()
            .is_delivered()
    );
}

/// Several chunks.
const LONG: usize = 700_000;

fn content(of: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8 ^ of).collect()
}

/// Sends a file of these bytes.
async fn attach(node: &Node, to: &ContactId, content: Vec<u8>) -> MessageId {
    let new = NewUpload {
        name: Private("film.mkv".to_owned()),
        media_type: None,
        size: Some(content.len() as u64),
        form: Form::AsItIs,
    };
    let bytes = stream::iter([Ok(Bytes::from(content))]);
    let uploaded = node.api.upload(new, Box::pin(bytes)).await.unwrap();
    let message = NewMessage {
        file: Some(uploaded.id),
        ..NewMessage::text("")
    };
    let chat = node.api.chat_with(to.clone()).await.unwrap().id;
    node.api.send(chat, message).await.unwrap()
}

async fn file(node: &Node, with: &ContactId, id: &MessageId) -> MessageFile {
    let message = node.api.message_with(with.clone(), id.clone()).await;
    message.unwrap().file.unwrap()
}

/// The file of a message in the clear, if it is here.
async fn download(node: &Node, with: &ContactId, id: &MessageId) -> Option<Vec<u8>> {
    let chat = node.api.chat_with(with.clone()).await.unwrap().id;
    let mut bytes = node.api.download(chat, id.clone()).await.ok()?.bytes;
    let mut all = Vec::new();
    while let Some(part) = bytes.next().await {
        all.extend_from_slice(&part.unwrap());
    }
    Some(all)
}

async fn export(node: &Node, to: &ContactId, path: &Path, part_bytes: Option<u64>) -> Vec<PathBuf> {
    let exported = carry::export(&*node.api, to, path, part_bytes, &|_, _| ()).await;
    exported.unwrap().paths
}

async fn import(node: &Node, path: &Path) -> Result<Imported, Fault> {
    carry::import(&*node.api, path, |_, _| ()).await
}

pub async fn files_go_by_hand_and_the_way_back_confirms_them(through: Through) {
    let (ana, ben, to_ana, to_ben) = apart(through).await;
    let place = tempfile::tempdir().unwrap();
    let small = attach(&ana, &to_ben, content(1, 10)).await;
    let long = attach(&ana, &to_ben, content(2, LONG)).await;
    assert_eq!(carry::awaiting(&*ana.api).await.unwrap().len(), 1);
    let parcel = export(&ana, &to_ben, &place.path().join("for-ben"), None).await;
    let imported = import(&ben, &parcel[0]).await.unwrap();
    assert_eq!((imported.messages, imported.files), (2, 2));
    assert_eq!((imported.damaged, imported.part), (false, None));
    for (id, expected) in [(&small, content(1, 10)), (&long, content(2, LONG))] {
        assert_eq!(file(&ben, &to_ana, id).await.state, FileState::Here);
        assert!(download(&ben, &to_ana, id).await == Some(expected));
        assert_eq!(
            file(&ana, &to_ben, id).await.held[0].bytes,
            0,
            "nobody said"
        );
    }
    let again = import(&ben, &parcel[0]).await;
    assert!(matches!(again, Err(Fault::Refused(Refusal::ParcelKnown))));

    let answer = export(&ben, &to_ana, &place.path().join("for-ana"), None).await;
    let imported = import(&ana, &answer[0]).await.unwrap();
    assert_eq!((imported.acknowledged, imported.files), (2, 0));
    for (id, length) in [(&small, 10), (&long, LONG)] {
        assert_eq!(file(&ana, &to_ben, id).await.held[0].bytes, length as u64);
    }
    assert!(carry::awaiting(&*ana.api).await.unwrap().is_empty());
    let empty = export(&ana, &to_ben, &place.path().join("empty"), None).await;
    let empty = std::fs::metadata(&empty[0]).unwrap().len();
    assert!(empty < 4_096, "no file goes twice: {empty} bytes");
}

pub async fn parts_come_in_any_order_and_those_that_are_missing_are_named(through: Through) {
    let (ana, ben, to_ana, to_ben) = apart(through).await;
    let stick = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(attach(&ana, &to_ben, content(number, LONG)).await);
    }
    let parts = export(
        &ana,
        &to_ben,
        &stick.path().join("x.parcel"),
        Some(1_000_000),
    )
    .await;
    let names = parts.iter().map(|path| path.file_name().unwrap().to_str());
    let names: Vec<_> = names.map(Option::unwrap).collect();
    assert_eq!(
        names,
        ["x.1-of-3.parcel", "x.2-of-3.parcel", "x.3-of-3.parcel"]
    );
    for (at, missing, files) in [(2, vec![1, 2], 1), (0, vec![2], 1), (1, vec![], 1)] {
        let imported = import(&ben, &parts[at]).await.unwrap();
        let part = imported.part.unwrap();
        assert_eq!((part.number, part.of), (at as u32 + 1, 3));
        assert_eq!((part.missing, imported.files), (missing, files));
    }
    for (number, id) in ids.iter().enumerate() {
        let expected = content(number as u8, LONG);
        assert!(download(&ben, &to_ana, id).await == Some(expected));
    }
}

pub async fn a_parcel_that_is_cut_or_altered_brings_what_is_whole_and_the_rest_later(
    through: Through,
) {
    let (ana, ben, to_ana, to_ben) = apart(through).await;
    let place = tempfile::tempdir().unwrap();
    let first = attach(&ana, &to_ben, content(1, LONG)).await;
    let second = attach(&ana, &to_ben, content(2, LONG)).await;
    let whole = export(&ana, &to_ben, &place.path().join("whole"), None).await;
    let bytes = std::fs::read(&whole[0]).unwrap();
    // The files of the newest messages come first: of the first one half is missing.
    let cut = place.path().join("cut");
    std::fs::write(&cut, &bytes[..bytes.len() - LONG / 2]).unwrap();
    let imported = import(&ben, &cut).await.unwrap();
    assert_eq!((imported.messages, imported.files), (2, 1));
    assert!(imported.damaged);
    assert!(download(&ben, &to_ana, &second).await == Some(content(2, LONG)));
    assert_eq!(download(&ben, &to_ana, &first).await, None);

    let altered = place.path().join("altered");
    let mut flipped = bytes.clone();
    let at = bytes.len() - LONG / 2;
    flipped[at] ^= 1;
    std::fs::write(&altered, flipped).unwrap();
    let imported = import(&ben, &altered).await.unwrap();
    assert_eq!((imported.files, imported.damaged), (0, true));
    assert_eq!(download(&ben, &to_ana, &first).await, None);
    assert_eq!(
        file(&ben, &to_ana, &first).await.state,
        FileState::Loading { bytes: 0 },
        "it is still wanted"
    );

    let imported = import(&ben, &whole[0]).await.unwrap();
    assert_eq!((imported.messages, imported.files), (0, 1));
    assert!(download(&ben, &to_ana, &first).await == Some(content(1, LONG)));
    let sealed = std::fs::read_dir(ben.directory.path().join("files")).unwrap();
    assert_eq!(sealed.count(), 2, "nothing lies about");
}

pub async fn a_contact_who_puts_another_file_in_its_place_damages_that_file_alone(
    through: Through,
) {
    let (ana, ben, to_ana, to_ben) = apart(through).await;
    let place = tempfile::tempdir().unwrap();
    let good = attach(&ana, &to_ben, content(1, LONG)).await;
    let before = sealed(&ana);
    let swapped = attach(&ana, &to_ben, content(2, LONG)).await;
    for path in sealed(&ana) {
        if !before.contains(&path) {
            std::fs::write(&path, content(9, std::fs::read(&path).unwrap().len())).unwrap();
        }
    }
    let parcel = export(&ana, &to_ben, &place.path().join("for-ben"), None).await;
    let imported = import(&ben, &parcel[0]).await.unwrap();
    assert_eq!((imported.files, imported.unusable), (1, 1));
    assert!(download(&ben, &to_ana, &good).await == Some(content(1, LONG)));
    let state = file(&ben, &to_ana, &swapped).await.state;
    assert_eq!(state, FileState::Damaged);
    assert_eq!(sealed(&ben).len(), 1);
}

/// The sealed files of a node.
fn sealed(node: &Node) -> Vec<PathBuf> {
    let files = std::fs::read_dir(node.directory.path().join("files"));
    files.unwrap().map(|entry| entry.unwrap().path()).collect()
}

pub async fn what_its_user_declined_does_not_come_by_hand(through: Through) {
    let (ana, ben, to_ana, to_ben) = apart(through).await;
    let place = tempfile::tempdir().unwrap();
    let id = attach(&ana, &to_ben, content(1, LONG)).await;
    let parcel = export(&ana, &to_ben, &place.path().join("for-ben"), None).await;
    let bundles = std::fs::read(&parcel[0]).unwrap();
    // The message alone, so that Ben can decline.
    let cut = bundles.len() - LONG;
    std::fs::write(place.path().join("cut"), &bundles[..cut]).unwrap();
    import(&ben, &place.path().join("cut")).await.unwrap();
    let chat = ben.api.chat_with(to_ana.clone()).await.unwrap().id;
    ben.api.want_file(chat, id.clone(), false).await.unwrap();
    let again = import(&ben, &parcel[0]).await;
    assert!(matches!(again, Err(Fault::Refused(Refusal::ParcelKnown))));
    assert_eq!(file(&ben, &to_ana, &id).await.state, FileState::Declined);

    let answer = export(&ben, &to_ana, &place.path().join("for-ana"), None).await;
    import(&ana, &answer[0]).await.unwrap();
    assert!(file(&ana, &to_ben, &id).await.held[0].declined);
    let parcels = ana.api.carry_out(to_ben, None).await.unwrap();
    assert_eq!(parcels.files, 0, "he does not want it");
}

pub async fn an_export_that_is_over_is_refused(through: Through) {
    let (ana, _ben, _, to_ben) = apart(through).await;
    let parcels = ana.api.carry_out(to_ben.clone(), None).await.unwrap();
    for number in [0, 2] {
        let part = ana.api.carry_part(parcels.series.clone(), number).await;
        assert_eq!(part.map(drop), Err(Refusal::NoSuchParcel));
    }
    for _ in 0..16 {
        ana.api.carry_out(to_ben.clone(), None).await.unwrap();
    }
    let part = ana.api.carry_part(parcels.series, 1).await;
    assert_eq!(part.map(drop), Err(Refusal::NoSuchParcel));
}

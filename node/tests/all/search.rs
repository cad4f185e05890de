//! Search over conversations: what is found, in which order, and what is not found.

use hedgerow_node::api::{
    Call, ConversationId, Message, MessageId, NewMessage, Private, Refusal, Reply, Search,
    SearchKind, SearchPage, Voice,
};
use hedgerow_node::engine::Input;
use hedgerow_node::files::work::FileEvent;
use hedgerow_node::harness::World;
use hedgerow_node::store::schema;
use hedgerow_node::tables::Table;
use hedgerow_sync::store::{Direction, Reader, Store};

fn people(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Grace", "Ben Hall"]);
    world.meet(0, 1);
    world.meet(0, 2);
    world
}

fn found(world: &World, search: &Search) -> SearchPage {
    world.search(0, search).expect("it is done")
}

fn texts(found: &SearchPage) -> Vec<&str> {
    let text = |message: &Message| message.text.as_ref().map(|text| text.0.len());
    assert!(
        found
            .messages
            .iter()
            .all(|hit| text(&hit.message).is_some())
    );
    let texts = found.messages.iter();
    texts
        .map(|hit| hit.message.text.as_ref().unwrap().0.as_str())
        .collect()
}

/// Sends many texts, without waiting for each.
fn fill(world: &mut World, chat: &ConversationId, count: usize) {
    for number in 0..count {
        let text = format!("ordinary words {number}");
        world.nodes[0].call(Call::Send(chat.clone(), NewMessage::text(&text)));
    }
    world.run(100);
}

/// Rows in a table of Ada's store.
fn rows(world: &World, table: Table) -> usize {
    let (low, high) = ([table as u8], [table as u8 + 1]);
    let range = (
        std::ops::Bound::Included(&low[..]),
        std::ops::Bound::Excluded(&high[..]),
    );
    let mut rows = 0;
    let count = |reader: &dyn Reader| {
        reader.scan(range, Direction::Forward, &mut |_, _| {
            rows += 1;
            std::ops::ControlFlow::Continue(())
        })
    };
    world.nodes[0].storage.read(count).expect("memory");
    rows
}

/// Whether a node's store holds a part of the word "unmistakable" anywhere, also within a block of the index.
fn has_word(world: &World, node: usize) -> bool {
    let mut has = false;
    let all = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
    let look = |reader: &dyn Reader| {
        reader.scan(all, Direction::Forward, &mut |key, value| {
            let row = [key, value].concat();
            has |= row.windows(8).any(|window| window == b"mistakab");
            std::ops::ControlFlow::Continue(())
        })
    };
    world.nodes[node].storage.read(look).expect("memory");
    has
}

#[test]
fn the_newest_messages_come_first_from_all_conversations_and_names_before_them() {
    let mut world = people(1);
    world.send(0, 1, "Is the hall open?");
    world.run(5_000);
    world.send(2, 0, "The HÄLL opens at noon");
    world.run(5_000);
    world.send(1, 0, "the hallway is");
    world.run(5_000);
    let all = found(&world, &Search::of("hall"));
    assert_eq!(
        texts(&all),
        [
            "the hallway is",
            "The HÄLL opens at noon",
            "Is the hall open?"
        ]
    );
    assert_eq!(all.conversations.len(), 1);
    assert_eq!(all.conversations[0].name.0, "Ben Hall");
    let hit = &all.messages[1];
    let text = &hit.message.text.as_ref().unwrap().0;
    assert_eq!(&text[hit.ranges[0].start..hit.ranges[0].end], "HÄLL");
    assert_eq!(hit.conversation, world.chat(0, 2));
    assert!(!all.partial && all.cursor.is_none());
    assert_eq!(
        texts(&found(&world, &Search::of("opens hall noon"))),
        ["The HÄLL opens at noon"]
    );
    assert!(texts(&found(&world, &Search::of("hal opens"))).is_empty());
}

#[test]
fn a_search_is_narrowed_by_conversation_person_date_and_kind() {
    let mut world = people(2);
    world.send(0, 1, "hall one");
    world.run(5_000);
    world.send(1, 0, "hall two");
    world.run(5_000);
    world.send(2, 0, "hall three");
    world.run(5_000);
    let narrow = |change: &dyn Fn(&mut Search)| {
        let mut search = Search::of("hall");
        change(&mut search);
        search
    };
    let (grace, ben) = (world.chat(0, 1), world.id(2));
    let in_chat = narrow(&|search| search.conversation = Some(grace.clone()));
    assert_eq!(texts(&found(&world, &in_chat)), ["hall two", "hall one"]);
    let from = narrow(&|search| search.from = Some(ben.clone()));
    assert_eq!(texts(&found(&world, &from)), ["hall three"]);
    let mine = narrow(&|search| search.mine = true);
    assert_eq!(texts(&found(&world, &mine)), ["hall one"]);
    let second = found(&world, &in_chat).messages[0].message.time_ms;
    let since = narrow(&|search| search.since_ms = Some(second));
    assert_eq!(texts(&found(&world, &since)), ["hall three", "hall two"]);
    let until = narrow(&|search| search.until_ms = Some(second));
    assert_eq!(texts(&found(&world, &until)), ["hall one"]);
    let names = found(
        &world,
        &narrow(&|search| search.kind = Some(SearchKind::Names)),
    );
    assert!(names.messages.is_empty() && names.conversations.len() == 1);
    let messages = found(
        &world,
        &narrow(&|search| search.kind = Some(SearchKind::Messages)),
    );
    assert!(messages.messages.len() == 3 && messages.conversations.is_empty());

    let both = narrow(&|search| {
        search.from = Some(ben.clone());
        search.mine = true;
    });
    assert!(matches!(
        world.search(0, &both),
        Err(Refusal::BadRequest { .. })
    ));
    let nowhere = narrow(&|search| search.conversation = Some(ConversationId("c4".into())));
    assert_eq!(world.search(0, &nowhere), Err(Refusal::NoSuchConversation));
    let nothing = world.search(0, &Search::of(" … "));
    assert!(matches!(nothing, Err(Refusal::BadRequest { .. })));
    for bad in ["", "AAAA", "💥", &"A".repeat(500)] {
        let cursor = narrow(&|search| search.cursor = Some(bad.to_owned()));
        assert_eq!(world.search(0, &cursor), Err(Refusal::BadCursor), "{bad}");
    }
}

#[test]
fn many_hits_come_in_pages_before_and_after_they_are_indexed() {
    let mut world = people(3);
    let chat = world.chat(0, 1);
    fill(&mut world, &chat, 700);
    let mut before = None;
    for is_indexed in [false, true] {
        assert_eq!(rows(&world, Table::SearchVolumes), usize::from(is_indexed));
        let (mut search, mut all) = (Search::of("words ordin"), Vec::new());
        loop {
            let page = found(&world, &search);
            assert!(page.messages.len() <= 50 && !page.partial);
            all.extend(texts(&page).into_iter().map(str::to_owned));
            match page.cursor {
                Some(cursor) => search.cursor = Some(cursor),
                None => break,
            }
        }
        assert_eq!(all.len(), 700);
        assert_eq!(*before.get_or_insert_with(|| all.clone()), all);
        world.run(2_000);
    }
}

#[test]
fn indexing_that_is_cut_anywhere_goes_on_and_nothing_is_found_twice_or_missed() {
    for fail_after in 0..6 {
        let mut world = people(4);
        let chat = world.chat(0, 1);
        fill(&mut world, &chat, 1_050);
        world.nodes[0].storage.fail_after = Some(fail_after);
        world.run(1_200);
        world.nodes[0].storage.fail_after = None;
        world.restart(0);
        world.run(10_000);
        assert_eq!(rows(&world, Table::SearchVolumes), 2, "{fail_after}");
        for number in [0, 511, 512, 1_049] {
            let search = Search::of(&format!("ordinary {number}x").replace('x', ""));
            let hits = found(&world, &search);
            let exact = format!("ordinary words {number}");
            let count = texts(&hits).iter().filter(|text| **text == exact).count();
            assert_eq!(count, 1, "{fail_after} {number}");
        }
    }
}

#[test]
fn no_word_of_a_removed_conversation_stays_in_the_index() {
    let mut world = people(5);
    let (grace, ben) = (world.chat(0, 1), world.id(2));
    world.send(0, 2, "unmistakable");
    fill(&mut world, &grace, 600);
    world.run(5_000);
    assert_eq!(
        texts(&found(&world, &Search::of("unmistak"))),
        ["unmistakable"]
    );
    assert!(has_word(&world, 0));
    assert_eq!(world.ask(0, Call::Remove(ben)), Ok(Reply::Done));
    assert!(!has_word(&world, 0));
    assert!(texts(&found(&world, &Search::of("unmistak"))).is_empty());
    assert_eq!(found(&world, &Search::of("ordinary")).messages.len(), 50);
}

#[test]
fn a_contact_who_writes_monstrous_texts_is_searched_within_bounds() {
    let mut world = people(6);
    let long: String = (0..9_000).map(|number| format!("w{number} ")).collect();
    for _ in 0..3 {
        world.send(1, 0, &long);
    }
    world.send(2, 0, &"東".repeat(20_000));
    world.delivered(0, 1);
    world.run(5_000);
    assert_eq!(found(&world, &Search::of("w4000")).messages.len(), 3);
    assert!(
        found(&world, &Search::of("w8999")).messages.is_empty(),
        "beyond the words that are looked at"
    );
    assert_eq!(found(&world, &Search::of("東東東")).messages.len(), 1);
}

/// Ada sends Grace a file of this type.
fn send_as(world: &mut World, media_type: &str, voice: Option<Voice>) -> MessageId {
    let mut upload = world.sealed(0, "hall.bin", 1_000);
    upload.media_type = Some(media_type.to_owned());
    upload.voice = voice;
    let message = NewMessage {
        file: Some(upload.id.clone()),
        ..NewMessage::text("")
    };
    world.nodes[0].input(Input::File(FileEvent::Sealed(upload)));
    let chat = world.chat(0, 1);
    match world.ask(0, Call::Send(chat, message)) {
        Ok(Reply::Sent(id)) => id,
        other => panic!("not sent: {other:?}"),
    }
}

/// The messages of a kind, the oldest first.
fn of_kind(world: &World, kind: SearchKind, words: &str) -> Vec<MessageId> {
    let search = Search {
        kind: Some(kind),
        ..Search::of(words)
    };
    let found = found(world, &search);
    assert!(found.conversations.is_empty());
    let hits = found.messages.into_iter().rev();
    hits.map(|hit| hit.message.id).collect()
}

#[test]
fn pictures_files_voice_notes_and_links_are_found_without_words_and_with_them() {
    use SearchKind::{Files, Links, Pictures, Voice as VoiceNotes};
    let mut world = people(10);
    let chat = world.chat(0, 1);
    world.send(0, 1, "the hall");
    let picture = send_as(&mut world, "image/png", None);
    let file = send_as(&mut world, "application/pdf", None);
    let voice = Voice {
        duration_ms: 1_000,
        waveform: vec![7; 4],
    };
    let voice = send_as(&mut world, "audio/ogg", Some(voice));
    let link = world.send(1, 0, "the hall: https://example.org/");
    world.run(5_000);
    let plain = world.send(0, 1, "no link yet");
    let only = |id: &MessageId| vec![id.clone()];
    let edit = |world: &mut World, id: &MessageId, text: &str| {
        let edit = Call::Edit(chat.clone(), id.clone(), Private(text.to_owned()));
        assert_eq!(world.ask(0, edit), Ok(Reply::Done));
    };
    for is_indexed in [false, true] {
        if is_indexed {
            fill(&mut world, &chat, 600);
            world.run(5_000);
            assert!(rows(&world, Table::SearchVolumes) > 0, "it is indexed");
        }
        assert_eq!(of_kind(&world, Pictures, ""), only(&picture));
        assert_eq!(of_kind(&world, Files, ""), only(&file));
        assert_eq!(of_kind(&world, VoiceNotes, ""), only(&voice));
        assert_eq!(of_kind(&world, Links, ""), only(&link));
        assert_eq!(of_kind(&world, Links, "hall"), only(&link));
        assert!(of_kind(&world, Links, "noon").is_empty());
        assert_eq!(of_kind(&world, Files, "hall"), only(&file));
        assert!(
            of_kind(&world, VoiceNotes, "hall").is_empty(),
            "its name is no word"
        );
    }
    // What came before an edit and what came with it.
    edit(&mut world, &picture, "the fountain");
    edit(&mut world, &plain, "https://example.org/noon");
    assert_eq!(of_kind(&world, Pictures, "fountain"), only(&picture));
    assert_eq!(of_kind(&world, Links, ""), [link.clone(), plain.clone()]);
    fill(&mut world, &chat, 600);
    world.run(5_000);
    assert_eq!(of_kind(&world, Pictures, "fountain"), only(&picture));
    edit(&mut world, &plain, "no link any more");
    assert_eq!(of_kind(&world, Links, ""), [link]);
    for id in [&picture, &file, &voice] {
        let delete = Call::Delete(chat.clone(), id.clone(), true);
        world.ask(0, delete).expect("it is ours");
    }
    for kind in [Pictures, Files, VoiceNotes] {
        assert!(of_kind(&world, kind, "").is_empty(), "{kind:?}");
    }
}

#[test]
fn an_index_without_marks_is_made_anew() {
    let mut world = people(11);
    let chat = world.chat(0, 1);
    let link = world.send(0, 1, "https://example.org/");
    fill(&mut world, &chat, 600);
    world.run(5_000);
    let mut store = world.nodes[0].storage.store.clone();
    store.write(|txn| txn.put(&[1], &[0, 5])).expect("memory");
    schema::migrate(&mut store, schema::MIGRATIONS).expect("it is the version before");
    world.roll_back(0, store);
    let tables = [
        Table::SearchWords,
        Table::SearchVolumes,
        Table::SearchDocuments,
        Table::SearchLogs,
    ];
    assert_eq!(tables.map(|table| rows(&world, table)), [0; 4]);
    world.run(5_000);
    assert!(
        rows(&world, Table::SearchVolumes) > 0,
        "it is indexed again"
    );
    assert_eq!(of_kind(&world, SearchKind::Links, ""), [link]);
}

#[test]
fn an_edited_message_is_found_by_its_present_text_alone() {
    for is_indexed in [false, true] {
        let mut world = people(7);
        let chat = world.chat(0, 1);
        let (mine, theirs) = (world.send(0, 1, "the hall"), world.send(1, 0, "at noon"));
        if is_indexed {
            fill(&mut world, &chat, 600);
            world.run(5_000);
        }
        for (node, message, text) in [(0, mine, "the school"), (1, theirs, "at midnight")] {
            let chat = world.chat(node, 1 - node);
            let edit = Call::Edit(chat, message, Private(text.to_owned()));
            assert_eq!(world.ask(node, edit), Ok(Reply::Done));
        }
        world.run(5_000);
        for (words, hit) in [
            ("hall the", None),
            ("noon", None),
            ("scho", Some("the school")),
            ("at midnight", Some("at midnight")),
        ] {
            let search = Search {
                conversation: Some(chat.clone()),
                ..Search::of(words)
            };
            assert_eq!(
                texts(&found(&world, &search)),
                Vec::from_iter(hit),
                "{words}"
            );
        }
    }
}

#[test]
fn a_file_is_found_by_its_name_before_and_after_it_is_indexed_until_it_is_deleted() {
    let mut world = people(9);
    let id = world.send_file(0, 1, "Unmistakable_hall.pdf", 1_000);
    let chat = world.chat(0, 1);
    let marked = |world: &World| {
        let found = found(world, &Search::of("hall"));
        let hits = found.messages.iter();
        let ranges = hits.flat_map(|hit| hit.name_ranges.iter().map(|one| (one.start, one.end)));
        ranges.collect::<Vec<_>>()
    };
    assert_eq!(marked(&world), [(13, 17)]);
    assert_eq!(found(&world, &Search::of("pdf")).messages.len(), 1);
    // In Grace's store the name stands too.
    world.run(60_000);
    fill(&mut world, &chat, 1_100);
    world.run(60_000);
    assert!(rows(&world, Table::SearchVolumes) > 0, "it is indexed");
    assert_eq!(marked(&world), [(13, 17)]);
    world.ask(0, Call::Delete(chat, id, true)).unwrap();
    world.run(60_000);
    assert_eq!(marked(&world), []);
    assert!(!has_word(&world, 0) && !has_word(&world, 1));
}

#[test]
fn a_deleted_message_is_found_no_more_and_no_word_of_it_stays() {
    for for_all in [false, true] {
        let mut world = people(8);
        let chat = world.chat(0, 1);
        let message = world.send(0, 1, "unmistakable");
        let edit = Call::Edit(
            chat.clone(),
            message.clone(),
            Private("unmistakably".to_owned()),
        );
        world.delivered(0, 1);
        assert_eq!(world.ask(0, edit), Ok(Reply::Done));
        fill(&mut world, &chat, 600);
        world.run(60_000);
        assert_eq!(rows(&world, Table::SearchVolumes), 1);
        assert_eq!(
            texts(&found(&world, &Search::of("unmistak"))),
            ["unmistakably"]
        );
        world
            .ask(0, Call::Delete(chat, message, for_all))
            .expect("it is done");
        world.run(60_000);
        assert!(texts(&found(&world, &Search::of("unmistak"))).is_empty());
        assert!(!has_word(&world, 0), "{for_all}");
        assert_eq!(has_word(&world, 1), !for_all);
        let theirs = world
            .search(1, &Search::of("unmistak"))
            .expect("it is done");
        assert_eq!(theirs.messages.len(), usize::from(!for_all));
    }
}

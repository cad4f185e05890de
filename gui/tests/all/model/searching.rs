//! The search.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// Conversations with Ana and Ben.
fn talked() -> (Stage, MessageId) {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    let key = stage
        .talk("a")
        .add("who has\nthe key?", false, NOON - 60_000);
    stage.talk("a").add("the office", true, NOON - 30_000);
    stage.talk("b").add("the key is with Ana", true, NOON);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.later(1_000);
    (stage, key)
}

fn open(stage: &Stage) -> &OpenSearch {
    stage.app.pages.searching.open.as_ref().expect("a search")
}

fn found(stage: &Stage) -> Vec<String> {
    let hits = open(stage).hits.iter();
    let said = hits.map(|hit| {
        let pieces = hit.excerpt.iter().map(|piece| match piece.found {
            true => format!("[{}]", piece.text),
            false => piece.text.clone(),
        });
        format!("{}: {}", hit.name, pieces.collect::<String>())
    });
    said.collect()
}

#[test]
fn names_stand_above_messages_and_the_words_are_marked() {
    let (mut stage, _) = talked();
    stage.does(SearchingAction::OpenEverywhere);
    assert!(stage.app.context.place == Place::Main(Pane::Search));
    stage.does(SearchingAction::Words("Ana".into()));
    assert_eq!(found(&stage), ["Ana: ", "Ben: the key is with [Ana]"]);
    assert!(open(&stage).hits[1].mine);
    stage.does(SearchingAction::Words("key".into()));
    assert_eq!(
        found(&stage),
        ["Ben: the [key] is with Ana", "Ana: who has the [key]?"]
    );
}

#[test]
fn a_hit_leads_to_its_message_in_its_conversation() {
    let (mut stage, key) = talked();
    stage.does(SearchingAction::OpenEverywhere);
    stage.does(SearchingAction::Words("key".into()));
    stage.does(SearchingAction::Move { down: true });
    stage.does(SearchingAction::Move { down: true });
    assert_eq!(open(&stage).marked, 1, "there are two");
    stage.does(SearchingAction::GoMarked);
    stage.later(100);
    assert!(stage.app.context.place == Place::Main(Pane::Thread));
    assert_eq!(stage.thread().id, chat_id("a"));
    let scroll = stage.app.pages.thread.open.as_mut().unwrap().take_scroll();
    assert_eq!(scroll, Some(Scroll::Row(key.0)));
    // The search stands as it was left.
    stage.does(SearchingAction::OpenEverywhere);
    assert_eq!(open(&stage).words, "key");
    assert_eq!(found(&stage).len(), 2);
}

#[test]
fn a_hit_whose_message_went_opens_the_conversation_all_the_same() {
    let (mut stage, _) = talked();
    stage.does(SearchingAction::OpenEverywhere);
    stage.does(SearchingAction::Words("office".into()));
    stage.talk("a").messages.truncate(1);
    stage.does(SearchingAction::Go(0));
    stage.later(100);
    assert!(!stage.thread().opening && stage.thread().loaded == 1);
}

#[test]
fn the_open_conversation_alone_is_looked_in_and_stays_on_screen() {
    let (mut stage, key) = talked();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(SearchingAction::OpenHere);
    stage.does(SearchingAction::Words("key".into()));
    assert!(stage.app.context.place == Place::Main(Pane::Thread));
    assert_eq!(found(&stage), ["Ana: who has the [key]?"]);
    stage.does(SearchingAction::GoMarked);
    let scroll = stage.app.pages.thread.open.as_mut().unwrap().take_scroll();
    assert_eq!(scroll, Some(Scroll::Row(key.0)));
    // Escape leaves the search, and then the conversation.
    stage.does(Action::Back);
    assert!(stage.app.pages.searching.open.is_none());
    assert!(stage.app.context.place == Place::Main(Pane::Thread));
    stage.does(Action::Back);
    assert!(stage.app.context.place == Place::Main(Pane::Nothing));
    // Where no conversation is open, all are looked in.
    stage.does(SearchingAction::OpenHere);
    assert!(stage.app.context.place == Place::Main(Pane::Search));
    stage.does(Action::Back);
    assert!(stage.app.context.place == Place::Main(Pane::Nothing));
    assert!(stage.app.pages.searching.open.is_none());
}

#[test]
fn another_conversation_closes_the_search_in_this_one() {
    let (mut stage, _) = talked();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(SearchingAction::OpenHere);
    stage.does(ChatsAction::OpenChat(chat_id("b")));
    assert!(stage.app.pages.searching.open.is_none());
}

#[test]
fn what_was_found_for_other_words_is_dropped() {
    let (mut stage, _) = talked();
    stage.does(SearchingAction::OpenEverywhere);
    stage.act(SearchingAction::Words("office".into()));
    stage.act(SearchingAction::Words("key".into()));
    let late = stage.asked.pop_front().expect("the first");
    stage.answer();
    let now = stage.now;
    for update in stage.node.answers(late, now) {
        stage.handle(update);
    }
    assert_eq!(found(&stage).len(), 2);
    stage.does(SearchingAction::Words("  ".into()));
    assert!(found(&stage).is_empty() && !open(&stage).is_told);
    stage.does(SearchingAction::Words("nowhere".into()));
    assert!(found(&stage).is_empty() && open(&stage).is_told);
    stage.does(SearchingAction::Words("x".repeat(1_000)));
    assert_eq!(open(&stage).words.len(), 256);
}

#[test]
fn a_search_shows_a_hundred_hits_and_says_that_there_are_more() {
    let (mut stage, _) = talked();
    for number in 0..150 {
        stage.talk("a").add(&format!("key {number}"), false, NOON);
    }
    stage.does(SearchingAction::OpenEverywhere);
    stage.does(SearchingAction::Words("key".into()));
    assert_eq!(found(&stage).len(), 20, "as many as there is room for");
    assert!(!open(&stage).is_partial);
    for _ in 0..20 {
        stage.does(SearchingAction::NearEnd);
    }
    assert_eq!(found(&stage).len(), 100);
    assert!(open(&stage).is_partial);

    stage.node.is_search_partial = true;
    stage.does(SearchingAction::Words("office".into()));
    assert!(open(&stage).is_partial && found(&stage).len() == 1);
}

#[test]
fn a_lock_forgets_what_was_looked_for() {
    let (mut stage, _) = talked();
    stage.does(SearchingAction::OpenEverywhere);
    stage.does(SearchingAction::Words("key".into()));
    stage.act(SearchingAction::Words("office".into()));
    let late: Vec<_> = stage.asked.drain(..).collect();
    stage.does(DoorAction::LockScreen);
    assert!(stage.app.pages.searching.open.is_none());
    let now = stage.now;
    for update in late
        .into_iter()
        .flat_map(|late| stage.node.answers(late, now))
        .collect::<Vec<_>>()
    {
        stage.handle(update);
    }
    assert!(stage.app.pages.searching.open.is_none());
}

#[test]
fn a_search_is_narrowed_by_person_days_and_kind_and_widened_again() {
    let (mut stage, _) = talked();
    let old = NOON - 400 * 86_400_000;
    stage.talk("b").add("an old key", false, old);
    stage
        .talk("b")
        .add("key: https://example.org", false, NOON - 2 * 86_400_000);
    stage.does(SearchingAction::OpenEverywhere);
    let writers = open(&stage).writers.iter().map(|one| one.name.as_str());
    assert_eq!(writers.collect::<Vec<_>>(), ["Ana", "Ben"]);
    stage.does(SearchingAction::Words("key".into()));
    assert_eq!(found(&stage).len(), 4);

    stage.does(SearchingAction::By(WrittenBy::Me));
    assert_eq!(found(&stage), ["Ben: the [key] is with Ana"]);
    stage.does(SearchingAction::By(WrittenBy::Contact(id("a"))));
    assert_eq!(found(&stage), ["Ana: who has the [key]?"]);
    stage.does(SearchingAction::By(WrittenBy::Contact(id("b"))));
    stage.does(SearchingAction::Written(WrittenWhen::Older));
    assert_eq!(found(&stage), ["Ben: an old [key]"]);
    stage.does(SearchingAction::Written(WrittenWhen::Week));
    assert_eq!(found(&stage), ["Ben: [key]: https://example.org"]);
    stage.does(SearchingAction::Written(WrittenWhen::Today));
    assert_eq!(found(&stage), Vec::<String>::new());
    stage.does(SearchingAction::Widen);
    assert_eq!(found(&stage).len(), 4);

    // A kind is something to look for without a word.
    stage.does(SearchingAction::Words(String::new()));
    assert!(open(&stage).lacks_words() && open(&stage).hits.is_empty());
    stage.does(SearchingAction::Having(Some(SearchKind::Links)));
    assert_eq!(open(&stage).hits.len(), 1);
    stage.does(SearchingAction::By(WrittenBy::Me));
    assert!(open(&stage).hits.is_empty() && open(&stage).is_told);
}

#[test]
fn in_a_conversation_a_search_is_narrowed_by_who_is_in_it() {
    let (mut stage, _) = talked();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(SearchingAction::OpenHere);
    let writers = open(&stage).writers.iter().map(|one| one.name.as_str());
    assert_eq!(writers.collect::<Vec<_>>(), ["Ana"]);
}

//! PickerAction an emoji.

use hedgerow_gui::model::*;
use hedgerow_node::api::MAX_EMOJI;

use crate::stage::*;

fn open(stage: &mut Stage) {
    stage.does(Action::Picker(PickerAction::Open {
        purpose: Purpose::Draft,
        language: "en".into(),
    }));
}

fn does(stage: &mut Stage, picking: PickerAction) {
    stage.does(Action::Picker(picking));
}

fn picker(stage: &Stage) -> &Picker {
    stage.app.pages.picker.open.as_ref().expect("it is open")
}

fn marked(stage: &Stage) -> (String, usize, usize) {
    let (choice, row, column) = picker(stage).marked().expect("one");
    (choice.text.clone(), row, column)
}

fn inserted(stage: &mut Stage) -> Vec<String> {
    let done = std::mem::take(&mut stage.done).into_iter();
    done.filter_map(|effect| match effect {
        Effect::Insert(text) => Some(text),
        _ => None,
    })
    .collect()
}

#[test]
fn what_is_picked_goes_into_the_text_and_is_there_first_the_next_time() {
    let mut stage = Stage::talking(1);
    open(&mut stage);
    assert_eq!(picker(&stage).sections[0].group, EmojiGroup::Smileys);
    does(&mut stage, PickerAction::Search("thumbs up".into()));
    assert_eq!(picker(&stage).sections[0].choices[0].name, "thumbs up");
    does(&mut stage, PickerAction::PickMarked);
    does(&mut stage, PickerAction::Pick("❤️".into()));
    assert_eq!(inserted(&mut stage), ["👍", "❤️"]);
    does(&mut stage, PickerAction::Pick("no emoji".into()));
    assert!(inserted(&mut stage).is_empty());
    does(&mut stage, PickerAction::Close);
    assert!(stage.app.pages.picker.open.is_none());
    assert!(
        stage
            .done
            .iter()
            .any(|effect| matches!(effect, Effect::FocusDraft))
    );

    open(&mut stage);
    let recent = &picker(&stage).sections[0];
    assert_eq!(recent.group, EmojiGroup::Recent);
    let texts: Vec<_> = recent.choices.iter().map(|choice| &choice.text).collect();
    assert_eq!(texts, ["❤️", "👍"]);
    // What is picked now does not move what is under the finger.
    does(&mut stage, PickerAction::Pick("👍".into()));
    assert_eq!(picker(&stage).sections[0].choices[0].text, "❤️");
}

#[test]
fn arrows_lead_through_lines_of_any_length_and_over_groups() {
    let mut stage = Stage::talking(1);
    open(&mut stage);
    for used in ["🥾", "🔥", "☕", "🙂", "👍"] {
        does(&mut stage, PickerAction::Pick(used.into()));
    }
    open(&mut stage);
    does(&mut stage, PickerAction::Columns(4));
    // Lines: the title, four, one; the title of the smileys, and so on.
    assert_eq!(marked(&stage), ("👍".into(), 1, 0));
    let goes = |stage: &mut Stage, direction| {
        does(stage, PickerAction::Move(direction));
        marked(stage)
    };
    assert_eq!(goes(&mut stage, Direction::Left), ("👍".into(), 1, 0));
    assert_eq!(goes(&mut stage, Direction::Up), ("👍".into(), 1, 0));
    assert_eq!(goes(&mut stage, Direction::Right), ("🙂".into(), 1, 1));
    assert_eq!(goes(&mut stage, Direction::Down), ("🥾".into(), 2, 0));
    assert_eq!(goes(&mut stage, Direction::Right), ("😀".into(), 4, 0));
    assert_eq!(goes(&mut stage, Direction::Right), ("😃".into(), 4, 1));
    assert_eq!(goes(&mut stage, Direction::Up), ("🥾".into(), 2, 0));
    assert_eq!(goes(&mut stage, Direction::Up), ("👍".into(), 1, 0));
    let flags = picker(&stage).groups().last().expect("flags");
    assert_eq!(flags.0, EmojiGroup::Flags);
    does(&mut stage, PickerAction::Group(EmojiGroup::Flags));
    assert_eq!(marked(&stage).1, flags.1 + 1);
    for _ in 0..200 {
        does(&mut stage, PickerAction::Move(Direction::Down));
    }
    let last = picker(&stage).rows().len() - 1;
    assert_eq!(marked(&stage).1, last, "the last line is the end");
}

#[test]
fn every_line_has_its_columns_and_all_are_there() {
    let mut stage = Stage::talking(1);
    open(&mut stage);
    let count = |stage: &Stage| -> usize {
        let rows = picker(stage).rows().into_iter();
        rows.map(|row| match row {
            PickerRow::Title(_) => 0,
            PickerRow::Choices(choices) => choices.len(),
        })
        .sum()
    };
    let all = count(&stage);
    assert!(all > 1_500);
    for columns in [0, 1, 5, 9, 1_000_000] {
        does(&mut stage, PickerAction::Columns(columns));
        assert_eq!(count(&stage), all);
        let begins: Vec<_> = picker(&stage).groups().collect();
        let rows = picker(&stage).rows();
        for (group, row) in begins {
            assert_eq!(rows[row], PickerRow::Title(group));
        }
    }
}

#[test]
fn the_colour_of_skin_is_kept_and_so_is_the_mark() {
    let mut stage = Stage::talking(1);
    open(&mut stage);
    does(&mut stage, PickerAction::Group(EmojiGroup::People));
    let (before, ..) = marked(&stage);
    assert_eq!(before, "👋");
    does(&mut stage, PickerAction::NextTone);
    assert_eq!(marked(&stage).0, "👋🏻");
    assert_eq!(picker(&stage).tone_shown(), "✋🏻");
    assert!(stage.done.iter().any(|effect| match effect {
        Effect::SavePreferences(preferences) => preferences.skin_tone == 1,
        _ => false,
    }));
    stage.does(Action::Back);
    assert!(stage.app.pages.picker.open.is_none() && stage.app.pages.thread.open.is_some());
    open(&mut stage);
    assert_eq!(picker(&stage).tone_shown(), "✋🏻");
}

#[test]
fn the_picker_is_there_only_where_something_is_written() {
    let mut stage = Stage::talking(1);
    open(&mut stage);
    stage.does(Action::ShowPerson(id("a")));
    assert!(stage.app.pages.picker.open.is_none());
    open(&mut stage);
    assert!(stage.app.pages.picker.open.is_none());
    stage.does(Action::Back);
    open(&mut stage);
    stage.does(DoorAction::LockScreen);
    assert!(stage.app.pages.picker.open.is_none());
    let mut stage = Stage::talking(1);
    stage.does(Action::ShowPerson(id("a")));
    stage.does(PersonAction::Block(true));
    stage.does(DialogAction::Confirm);
    stage.does(Action::Back);
    open(&mut stage);
    assert!(stage.app.pages.picker.open.is_none());
}

#[test]
fn a_message_of_a_few_emoji_is_large_and_another_is_not() {
    let mut stage = Stage::talking(1);
    for (text, large) in [("❤️", true), ("🙂 👍🏽", true), ("🙂 ok", false)] {
        stage.comes("a", text);
        assert_eq!(message(stage.thread(), text).large, large, "{text}");
    }
}

#[test]
fn a_reaction_is_an_emoji_that_a_message_can_have_and_a_draft_takes_all() {
    // Two people of different colours.
    let long = "👩🏽‍❤️‍💋‍👨🏿";
    assert!(long.len() > MAX_EMOJI);
    let mut stage = Stage::talking(1);
    open(&mut stage);
    does(&mut stage, PickerAction::Pick(long.into()));
    assert_eq!(inserted(&mut stage), [long]);
    open(&mut stage);
    assert_eq!(picker(&stage).sections[0].choices[0].text, long);

    let message = stage.talk("a").messages[0].id.clone();
    let react = PickerAction::Open {
        purpose: Purpose::Reaction(message),
        language: "en".into(),
    };
    does(&mut stage, react);
    let mut offered = picker(&stage).sections.iter().flat_map(|it| &it.choices);
    assert!(offered.all(|choice| choice.text.len() <= MAX_EMOJI));
    does(&mut stage, PickerAction::Pick(long.into()));
    assert!(!stage.log.contains(&"React".to_owned()));
}

#[test]
fn what_was_picked_is_written_nowhere_and_forgotten_when_the_screen_locks() {
    let mut stage = Stage::talking(1);
    open(&mut stage);
    does(&mut stage, PickerAction::Pick("❤️".into()));
    assert!(
        !stage
            .done
            .iter()
            .any(|effect| matches!(effect, Effect::SavePreferences(_)))
    );
    stage.does(DoorAction::LockScreen);
    stage.does(DoorAction::Passphrase(passphrase(PASSPHRASE)));
    stage.does(DoorAction::GoOn);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    open(&mut stage);
    assert_eq!(picker(&stage).sections[0].group, EmojiGroup::Smileys);
}

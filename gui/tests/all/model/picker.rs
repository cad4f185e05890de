//! Picking an emoji.

use hedgerow_gui::model::*;

use crate::stage::*;

fn open(stage: &mut Stage) {
    stage.does(Action::Picker(Picking::Open {
        purpose: Purpose::Draft,
        language: "en".into(),
    }));
}

fn does(stage: &mut Stage, picking: Picking) {
    stage.does(Action::Picker(picking));
}

fn picker(stage: &Stage) -> &Picker {
    stage.app.picker.as_ref().expect("it is open")
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
    does(&mut stage, Picking::Search("thumbs up".into()));
    assert_eq!(picker(&stage).sections[0].choices[0].name, "thumbs up");
    does(&mut stage, Picking::PickMarked);
    does(&mut stage, Picking::Pick("❤️".into()));
    assert_eq!(inserted(&mut stage), ["👍", "❤️"]);
    does(&mut stage, Picking::Pick("no emoji".into()));
    assert!(inserted(&mut stage).is_empty());
    does(&mut stage, Picking::Close);
    assert!(stage.app.picker.is_none());
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
    does(&mut stage, Picking::Pick("👍".into()));
    assert_eq!(picker(&stage).sections[0].choices[0].text, "❤️");
}

#[test]
fn arrows_lead_through_lines_of_any_length_and_over_groups() {
    let mut stage = Stage::talking(1);
    for used in ["🥾", "🔥", "☕", "🙂", "👍"] {
        stage.does(Action::Prefer(Preference::EmojiUsed(used.into())));
    }
    open(&mut stage);
    does(&mut stage, Picking::Columns(4));
    // Lines: the title, four, one; the title of the smileys, and so on.
    assert_eq!(marked(&stage), ("👍".into(), 1, 0));
    let goes = |stage: &mut Stage, direction| {
        does(stage, Picking::Move(direction));
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
    does(&mut stage, Picking::Group(EmojiGroup::Flags));
    assert_eq!(marked(&stage).1, flags.1 + 1);
    for _ in 0..200 {
        does(&mut stage, Picking::Move(Direction::Down));
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
        does(&mut stage, Picking::Columns(columns));
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
    does(&mut stage, Picking::Group(EmojiGroup::People));
    let (before, ..) = marked(&stage);
    assert_eq!(before, "👋");
    does(&mut stage, Picking::NextTone);
    assert_eq!(marked(&stage).0, "👋🏻");
    assert_eq!(picker(&stage).tone_shown(), "✋🏻");
    assert!(stage.done.iter().any(|effect| match effect {
        Effect::SavePreferences(preferences) => preferences.skin_tone == 1,
        _ => false,
    }));
    stage.does(Action::Back);
    assert!(stage.app.picker.is_none() && stage.app.thread.is_some());
    open(&mut stage);
    assert_eq!(picker(&stage).tone_shown(), "✋🏻");
}

#[test]
fn the_picker_is_there_only_where_something_is_written() {
    let mut stage = Stage::talking(1);
    open(&mut stage);
    stage.does(Action::ShowPerson(id("a")));
    assert!(stage.app.picker.is_none());
    open(&mut stage);
    assert!(stage.app.picker.is_none());
    stage.does(Action::Back);
    open(&mut stage);
    stage.does(Action::LockScreen);
    assert!(stage.app.picker.is_none());
    let mut stage = Stage::talking(1);
    stage.does(Action::Block(true));
    stage.does(Action::Confirm);
    open(&mut stage);
    assert!(stage.app.picker.is_none());
}

#[test]
fn a_message_of_a_few_emoji_is_large_and_another_is_not() {
    let mut stage = Stage::talking(1);
    for (text, large) in [("❤️", true), ("🙂 👍🏽", true), ("🙂 ok", false)] {
        stage.comes("a", text);
        assert_eq!(message(stage.thread(), text).large, large, "{text}");
    }
}

//! The first start, and the unlocking.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

#[test]
fn the_first_start_asks_for_a_name_and_a_strong_passphrase_twice() {
    let mut stage = Stage::new();
    stage.handle(found(Found::Nothing));
    assert!(stage.app.place == Place::Welcome);
    stage.does(Action::Name(" Ana ".into()));
    stage.does(Action::Passphrase(passphrase("password")));
    stage.does(Action::Repeated(passphrase("password")));
    assert!(!stage.app.door.may_go_on);
    assert_eq!(stage.app.door.new.weakness, Some(Weakness::Common));
    stage.act(Action::GoOn);
    assert!(
        stage
            .asked
            .iter()
            .all(|asked| !matches!(asked, Request::Create { .. }))
    );

    stage.does(Action::Passphrase(passphrase("quiet hedge under rain")));
    assert!(!stage.app.door.may_go_on);
    stage.does(Action::Repeated(passphrase("quiet hedge under rain")));
    assert!(stage.app.door.may_go_on);
    stage.does(Action::Name("x".repeat(65)));
    assert!(stage.app.door.name_too_long && !stage.app.door.may_go_on);
    stage.does(Action::Name(" Ana ".into()));

    stage.act(Action::GoOn);
    assert!(stage.app.door.busy && !stage.app.door.may_go_on);
    let Some(Request::Create { name, .. }) = stage.asked.back() else {
        panic!("no identity is made");
    };
    assert_eq!(name.0, "Ana");
    stage.answer();
    assert!(stage.app.place == Place::Main(Pane::Nothing));
}

#[test]
fn a_wrong_passphrase_is_told_and_forgotten() {
    let mut stage = Stage::new();
    stage.handle(found(Found::Locked));
    assert!(stage.app.place == Place::Unlock);
    stage.does(Action::Passphrase(passphrase("loud hedge")));
    let cleared = stage.app.door.cleared;
    stage.does(Action::GoOn);
    let door = &stage.app.door;
    assert_eq!(
        (door.attempts, door.busy, door.may_go_on),
        (1, false, false)
    );
    assert!(door.problem == Some(Refusal::WrongPassphrase) && door.cleared > cleared);
    stage.does(Action::Passphrase(passphrase(PASSPHRASE)));
    assert!(stage.app.door.problem.is_none());
    stage.does(Action::GoOn);
    assert!(stage.app.place == Place::Main(Pane::Nothing));
}

#[test]
fn without_a_node_the_reason_is_told_and_it_is_looked_for_again_on_request() {
    let mut stage = Stage::new();
    stage.handle(Update::NotOpened(Refusal::SlotsDamaged));
    assert!(stage.app.place == Place::Failed(Refusal::SlotsDamaged));
    stage.log.clear();
    stage.does(Action::TryAgain);
    assert_eq!(stage.log, ["Open"]);
    assert!(stage.app.place == Place::Starting);
}

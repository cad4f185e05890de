//! The first start, and the unlocking.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

#[test]
fn the_first_start_asks_for_a_name_and_a_strong_passphrase_twice() {
    let mut stage = Stage::new();
    stage.handle(found(Found::Nothing));
    assert!(stage.app.context.place == Place::Welcome);
    stage.does(DoorAction::Name(" Ana ".into()));
    stage.does(DoorAction::Passphrase(passphrase("password")));
    stage.does(DoorAction::Repeated(passphrase("password")));
    assert!(!stage.app.door.may_go_on);
    assert_eq!(stage.app.door.new.weakness, Some(Weakness::Common));
    stage.act(DoorAction::GoOn);
    assert!(
        stage
            .asked
            .iter()
            .all(|asked| !matches!(asked, Request::Create { .. }))
    );

    stage.does(DoorAction::Passphrase(passphrase("quiet hedge under rain")));
    assert!(!stage.app.door.may_go_on);
    stage.does(DoorAction::Repeated(passphrase("quiet hedge under rain")));
    assert!(stage.app.door.may_go_on);
    stage.does(DoorAction::Name("x".repeat(65)));
    assert!(stage.app.door.name_too_long && !stage.app.door.may_go_on);
    stage.does(DoorAction::Name(" Ana ".into()));

    stage.act(DoorAction::GoOn);
    assert!(stage.app.door.busy && !stage.app.door.may_go_on);
    let Some(Request::Create { name, .. }) = stage.asked.back() else {
        panic!("no identity is made");
    };
    assert_eq!(name.0, "Ana");
    stage.answer();
    assert!(stage.app.context.place == Place::Main(Pane::Nothing));
}

#[test]
fn a_wrong_passphrase_is_told_and_forgotten() {
    let mut stage = Stage::new();
    stage.handle(found(Found::Locked));
    assert!(stage.app.context.place == Place::Unlock);
    stage.does(DoorAction::Passphrase(passphrase("loud hedge")));
    let cleared = stage.app.door.cleared;
    stage.does(DoorAction::GoOn);
    let door = &stage.app.door;
    assert_eq!(
        (door.attempts, door.busy, door.may_go_on),
        (1, false, false)
    );
    assert!(door.problem == Some(Refusal::WrongPassphrase) && door.cleared > cleared);
    stage.does(DoorAction::Passphrase(passphrase(PASSPHRASE)));
    assert!(stage.app.door.problem.is_none());
    stage.does(DoorAction::GoOn);
    assert!(stage.app.context.place == Place::Main(Pane::Nothing));
}

#[test]
fn without_a_node_the_reason_is_told_and_it_is_looked_for_again_on_request() {
    let mut stage = Stage::new();
    stage.handle(Update::NotOpened(Refusal::SlotsDamaged));
    assert!(stage.app.context.place == Place::Failed(Refusal::SlotsDamaged));
    stage.log.clear();
    stage.does(DoorAction::TryAgain);
    assert_eq!(stage.log, ["Open"]);
    assert!(stage.app.context.place == Place::Starting);
}

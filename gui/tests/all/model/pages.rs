//! A contact, the network, the settings, and the way around.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

#[test]
fn a_contact_is_verified_renamed_and_blocked() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(Action::ShowPerson(id("a")));
    let person = stage.app.pages.person.open.clone().unwrap();
    assert_eq!(
        (person.safety_words.len(), person.face.verified),
        (12, false)
    );
    stage.does(PersonAction::Verify(true));
    assert!(
        stage.app.pages.person.open.as_ref().unwrap().face.verified
            && stage.app.pages.chats.rows[0].face.verified
    );

    stage.does(PersonAction::Alias("x".repeat(65)));
    let person = stage.app.pages.person.open.as_ref().unwrap();
    assert!(person.alias_too_long && !person.may_save_alias);
    stage.does(PersonAction::Alias("Anna from the choir".into()));
    stage.does(PersonAction::SaveAlias);
    let person = stage.app.pages.person.open.as_ref().unwrap();
    assert_eq!(
        (person.face.name.as_str(), person.own_name.as_str()),
        ("Anna from the choir", "Ana")
    );
    assert!(!person.may_save_alias);

    stage.does(PersonAction::Block(true));
    assert!(!stage.talk("a").contact.blocked, "it asks first");
    stage.does(DialogAction::Confirm);
    assert!(stage.app.pages.person.open.as_ref().unwrap().face.blocked);
    stage.does(PersonAction::Block(false));
    assert!(!stage.app.pages.person.open.as_ref().unwrap().face.blocked);
}

#[test]
fn the_network_page_shows_carriers_people_and_what_waits() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.talk("a").add("waits", true, NOON);
    stage.talk("a").conversation.why = Some(Why::NotFound);
    stage.talk("b").contact.reachable = Some(Carrier::Lan);
    stage.talk("b").contact.last_seen_ms = Some(NOON - 60_000);
    stage.does(Action::ShowNetwork);
    let page = &stage.app.pages.network;
    assert!(page.carriers[0].on && page.carriers[0].addresses == ["192.0.2.7:4242"]);
    let people: Vec<_> = page
        .people
        .iter()
        .map(|row| (row.name.as_str(), row.queued))
        .collect();
    assert_eq!(people, [("Ben", 0), ("Ana", 1)]);
    assert!(page.people[1].why == Some(Why::NotFound) && page.queued == 1);
    stage.happens(Event::Carrier {
        carrier: Carrier::Lan,
        state: CarrierCondition::NoInterface,
    });
    let row = &stage.app.pages.network.carriers[0];
    assert!(row.on && row.condition == CarrierCondition::NoInterface);
    // Only while somebody looks.
    stage.does(Action::Back);
    stage.later(5_000);
    stage.log.clear();
    stage.happens(Event::Contact { contact: id("a") });
    stage.later(5_000);
    assert!(!stage.log.contains(&"Status".to_owned()));
}

#[test]
fn a_relay_is_used_only_after_it_was_added_and_until_it_is_removed() {
    const RELAY: &str = "/dns/relay.example.org/udp/4001/quic-v1/p2p/12D3KooWA";
    let mut stage = Stage::open(&["Ana"]);
    let offered = RelayStatus {
        address: Private("/ip4/192.0.2.9/udp/4001/quic-v1/p2p/12D3KooWB".into()),
        state: RelayCondition::Offered,
    };
    stage.node.relays.push(offered.clone());
    stage.does(Action::ShowNetwork);
    let relays = &stage.app.pages.network.relays;
    assert!(!relays.is_any_used() && !relays.may_add());
    assert!(relays.rows[0].condition == RelayCondition::Offered);

    // What is no relay is told beside what was typed, which stays.
    stage.does(RelaysAction::RelayAddress("relay.example.org".into()));
    stage.does(RelaysAction::AddRelay);
    let relays = &stage.app.pages.network.relays;
    assert_eq!(relays.problem, Some(Refusal::BadRelay));
    assert_eq!(relays.address, "relay.example.org");
    assert!(stage.app.banner.shown.is_none());
    stage.does(RelaysAction::RelayAddress(format!(" {RELAY}\n")));
    assert!(stage.app.pages.network.relays.problem.is_none());
    stage.does(RelaysAction::AddRelay);
    stage.later(2_000);
    let relays = &stage.app.pages.network.relays;
    assert!(relays.is_any_used() && relays.address.is_empty());
    assert_eq!(relays.rows[0].shown, RELAY);
    assert!(relays.rows[0].condition == RelayCondition::Connecting);

    // One that a contact names, as it is.
    stage.does(RelaysAction::UseRelay(offered.address.0.clone()));
    stage.later(2_000);
    let relays = &stage.app.pages.network.relays;
    assert!(
        relays
            .rows
            .iter()
            .all(|row| row.condition == RelayCondition::Connecting)
    );

    stage.node.relays[1].state = RelayCondition::Full;
    stage.happens(Event::Carrier {
        carrier: Carrier::Relay,
        state: CarrierCondition::Failing,
    });
    stage.later(2_000);
    assert!(stage.app.pages.network.relays.rows[1].condition == RelayCondition::Full);

    stage.does(RelaysAction::RemoveRelay(RELAY.into()));
    assert_eq!(stage.node.relays.len(), 2, "it asks first");
    stage.does(DialogAction::Confirm);
    stage.later(2_000);
    assert_eq!(stage.app.pages.network.relays.rows.len(), 1);
}

#[test]
fn bluetooth_uses_its_radio_as_it_is_told_and_shows_its_address_only_after_a_question() {
    let mut stage = Stage::open(&[]);
    stage.node.bluetooth = Some(CarrierCondition::NotPrivate);
    stage.does(Action::ShowNetwork);
    stage.later(2_000);
    let radio = |stage: &Stage| {
        let radio = stage.app.pages.network.bluetooth.radio;
        assert_eq!(radio, stage.node.radio);
        (radio.power, radio.show_address)
    };
    assert_eq!(radio(&stage), (Power::Balanced, false));
    stage.does(BluetoothAction::ChoosePower(Power::Saver));
    assert_eq!(radio(&stage), (Power::Saver, false));
    stage.log.clear();
    stage.does(BluetoothAction::ChoosePower(Power::Saver));
    assert!(stage.log.is_empty(), "it is so already");

    stage.does(BluetoothAction::ShowAddress(true));
    stage.does(DialogAction::Dismiss);
    assert_eq!(radio(&stage), (Power::Saver, false));
    stage.does(BluetoothAction::ShowAddress(true));
    stage.does(DialogAction::Confirm);
    assert_eq!(radio(&stage), (Power::Saver, true));
    stage.does(BluetoothAction::ShowAddress(false));
    assert_eq!(radio(&stage), (Power::Saver, false), "nobody has to ask");
}

#[test]
fn the_use_of_the_radio_is_looked_at_each_minute_while_somebody_looks() {
    let mut stage = Stage::open(&[]);
    stage.node.bluetooth = Some(CarrierCondition::On);
    stage.does(Action::ShowNetwork);
    stage.later(5_000);
    assert_eq!(stage.app.pages.network.bluetooth.airtime, None);
    let airtime = Airtime {
        listened_s_an_hour: 720,
        announced_s_an_hour: 5,
    };
    stage.node.airtime = Some(airtime);
    stage.later(61_000);
    assert_eq!(stage.app.pages.network.bluetooth.airtime, Some(airtime));
    stage.does(Action::Back);
    stage.log.clear();
    stage.later(120_000);
    assert!(!stage.log.contains(&"Status".to_owned()));
}

#[test]
fn relays_are_reached_as_the_user_chooses_and_a_proxy_is_named_first() {
    let mut stage = Stage::open(&[]);
    stage.does(Action::ShowNetwork);
    let chosen = |stage: &Stage| stage.app.pages.network.paths.chosen();
    let used = |stage: &Stage| stage.node.paths.clone();
    assert_eq!(chosen(&stage), PathsKind::Direct);
    stage.does(PathsAction::ChoosePaths(PathsKind::Relayed));
    assert_eq!(used(&stage), Some(RelayPaths::Relayed));
    assert_eq!(chosen(&stage), PathsKind::Relayed);

    // Until the proxy is taken, everything is as before.
    stage.does(PathsAction::ChoosePaths(PathsKind::Proxied));
    let paths = &stage.app.pages.network.paths;
    assert!(paths.chosen() == PathsKind::Proxied && !paths.may_use());
    stage.does(PathsAction::Proxy("proxy.example.org:9050".into()));
    stage.does(PathsAction::UseProxy);
    let paths = &stage.app.pages.network.paths;
    assert_eq!(paths.problem, Some(Refusal::BadProxy));
    assert_eq!(paths.proxy, "proxy.example.org:9050");
    assert!(paths.used == RelayPaths::Relayed && stage.app.banner.shown.is_none());
    assert_eq!(used(&stage), Some(RelayPaths::Relayed));

    // As the command line has it, or without.
    stage.does(PathsAction::Proxy(" socks5://127.0.0.1:9050\n".into()));
    assert!(stage.app.pages.network.paths.problem.is_none());
    stage.does(PathsAction::UseProxy);
    let proxy = Private("127.0.0.1:9050".into());
    assert_eq!(used(&stage), Some(RelayPaths::Proxied { proxy }));
    let paths = &stage.app.pages.network.paths;
    assert!(paths.chosen() == PathsKind::Proxied && !paths.may_use());
    assert_eq!(paths.proxy, "127.0.0.1:9050");
    stage.does(PathsAction::Proxy("[::1]:9050".into()));
    assert!(stage.app.pages.network.paths.may_use());

    stage.does(PathsAction::ChoosePaths(PathsKind::Direct));
    assert_eq!(used(&stage), Some(RelayPaths::Direct));
    assert_eq!(chosen(&stage), PathsKind::Direct);
    // Another client of the node has chosen.
    stage.node.paths = Some(RelayPaths::Relayed);
    stage.happens(Event::Carrier {
        carrier: Carrier::Relay,
        state: CarrierCondition::On,
    });
    stage.later(2_000);
    assert_eq!(chosen(&stage), PathsKind::Relayed);
}

#[test]
fn a_preference_is_kept_once_it_is_another_one() {
    let mut stage = Stage::open(&[]);
    stage.does(Action::Prefer(Preference::Theme(Theme::Dark)));
    stage.does(Action::Prefer(Preference::Theme(Theme::Dark)));
    stage.does(Action::Prefer(Preference::TextPercent(1_000)));
    let kept: Vec<_> = stage
        .done
        .iter()
        .filter_map(|effect| match effect {
            Effect::SavePreferences(kept) => Some((kept.theme, kept.text_percent)),
            _ => None,
        })
        .collect();
    assert_eq!(kept, [(Theme::Dark, 100), (Theme::Dark, 200)]);
}

#[test]
fn the_passphrase_changes_only_with_the_present_one() {
    let mut stage = Stage::open(&[]);
    stage.does(SettingsAction::ChangePassphrase);
    let new = "another hedge in the rain";
    stage.does(DialogAction::New(passphrase(new)));
    stage.does(DialogAction::NewRepeated(passphrase(new)));
    let may = |stage: &Stage| match &stage.app.pages.dialog.open {
        Some(Dialog::ChangePassphrase(change)) => (change.may_go_on, change.problem.clone()),
        _ => panic!("no dialog"),
    };
    assert!(!may(&stage).0);
    stage.does(DialogAction::Current(passphrase("loud hedge")));
    stage.does(DialogAction::Confirm);
    assert_eq!(may(&stage), (true, Some(Refusal::WrongPassphrase)));
    stage.does(DialogAction::Current(passphrase(PASSPHRASE)));
    stage.does(DialogAction::Confirm);
    assert!(
        stage.app.pages.dialog.open.is_none()
            && stage.app.banner.shown == Some(Banner::PassphraseChanged)
    );
}

#[test]
fn back_leads_the_way_one_came_and_ends_at_the_list() {
    let mut stage = Stage::talking(3);
    stage.does(Action::ShowPerson(id("a")));
    stage.does(Action::ShowNetwork);
    let mut places = Vec::new();
    for _ in 0..4 {
        stage.does(Action::Back);
        places.push(stage.app.context.place.clone());
    }
    let panes = [Pane::Person, Pane::Thread, Pane::Nothing, Pane::Nothing];
    assert!(places == panes.map(Place::Main));
    assert!(stage.app.pages.thread.open.is_none());
}

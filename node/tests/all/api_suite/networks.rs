//! Carriers, the radio, relays.

use hedgerow_node::api::*;
use hedgerow_transport::invitation::Invitation as Link;

use super::node::{Through, event, node, off_the_air, pair, passphrase, text};

pub async fn a_carrier_is_known_from_the_first_call_on_and_an_invitation_waits_for_its_addresses(
    through: Through,
) {
    let ana = node("Ana", through).await;
    for _ in 0..3 {
        ana.api.lock().await.unwrap();
        ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
        ana.api.switch_carrier(Carrier::Lan, true).await.unwrap();
        let new = NewInvitation::for_one(60, true);
        let link = ana.api.invite(new).await.unwrap().link.unwrap();
        let invitation = Link::parse(&link.0).unwrap();
        assert!(!invitation.addresses.is_empty());
    }
}

pub async fn a_carrier_is_switched_off_and_on(through: Through) {
    let ana = node("Ana", through).await;
    let mut events = ana.api.events().await.unwrap();
    for (on, state) in [(false, CarrierCondition::Off), (true, CarrierCondition::On)] {
        ana.api.switch_carrier(Carrier::Lan, on).await.unwrap();
        let changed = Event::Carrier {
            carrier: Carrier::Lan,
            state,
        };
        event(&mut events, |event| (event == changed).then_some(())).await;
        let status = ana.api.status().await.unwrap().open.unwrap();
        assert_eq!(status.carriers[0].state, state);
    }
}

pub async fn each_carrier_says_how_it_stands_with_a_contact(through: Through) {
    let (ana, _ben, _, to_ben) = pair(through).await;
    off_the_air(&*ana.api).await;
    let ways = ana.api.ways(to_ben).await.unwrap();
    let lan = ways.iter().find(|way| way.carrier == Carrier::Lan);
    assert_eq!(lan.unwrap().state, WayState::Off);
    assert_eq!(ways.last().unwrap().carrier, Carrier::File);
    let nobody = ContactId("00".repeat(16));
    assert_eq!(ana.api.ways(nobody).await, Err(Refusal::NoSuchContact));
}

pub async fn announcing_is_switched_off_and_on_and_stays_so_over_a_restart(through: Through) {
    let ana = node("Ana", through).await;
    let status = async || ana.api.status().await.unwrap().open.unwrap().carriers[0].clone();
    for announcing in [false, true] {
        ana.api
            .announce_over(Carrier::Lan, announcing)
            .await
            .unwrap();
        assert_eq!(status().await.announcing, announcing);
        ana.api.lock().await.unwrap();
        ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
        assert_eq!(status().await.announcing, announcing);
    }
    assert_eq!(
        ana.api.announce_over(Carrier::Relay, true).await,
        Err(Refusal::NoSuchCarrier)
    );
}

pub async fn how_the_radio_is_used_is_kept_over_a_restart(through: Through) {
    let ana = node("Ana", through).await;
    let used = async || ana.api.status().await.unwrap().open.unwrap().radio;
    assert_eq!(used().await, Radio::default());
    let radio = Radio {
        power: Power::Saver,
        show_address: true,
    };
    ana.api.set_radio(radio).await.unwrap();
    assert_eq!(used().await, radio);
    ana.api.lock().await.unwrap();
    ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
    assert_eq!(used().await, radio);
}

pub async fn relays_are_added_and_removed_and_stay_over_a_restart(through: Through) {
    let ana = node("Ana", through).await;
    let relays = async || -> Vec<String> {
        let open = ana.api.status().await.unwrap().open.unwrap();
        open.relays
            .into_iter()
            .map(|relay| relay.address.0)
            .collect()
    };
    assert!(relays().await.is_empty());
    // Nobody is there: that is not known when it is added.
    let name = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
    let place = |port: u16| Private(format!("/ip4/127.0.0.1/tcp/{port}/p2p/{name}"));
    for wrong in [
        "",
        "relay.example.org",
        "/ip4/127.0.0.1/tcp/1",
        "/memory/1/p2p/x",
    ] {
        let refused = ana.api.add_relay(text(wrong)).await;
        assert_eq!(refused, Err(Refusal::BadRelay), "{wrong}");
    }
    assert_eq!(
        ana.api.remove_relay(place(1)).await,
        Err(Refusal::NoSuchRelay)
    );
    for port in [1, 2, 1] {
        ana.api.add_relay(place(port)).await.unwrap();
    }
    ana.api.lock().await.unwrap();
    ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
    assert_eq!(relays().await, [place(1).0, place(2).0]);
    for port in 3..9 {
        ana.api.add_relay(place(port)).await.unwrap();
    }
    let refused = ana.api.add_relay(place(9)).await;
    assert_eq!(refused, Err(Refusal::TooManyRelays { limit: 8 }));
    for port in 1..9 {
        ana.api.remove_relay(place(port)).await.unwrap();
    }
    assert!(relays().await.is_empty());
}

pub async fn how_relays_are_reached_stays_over_a_restart(through: Through) {
    let ana = node("Ana", through).await;
    let paths = async || ana.api.status().await.unwrap().open.unwrap().relay_paths;
    let proxied = |proxy| RelayPaths::Proxied { proxy: text(proxy) };
    assert_eq!(paths().await, RelayPaths::Direct);
    // Names are not taken: the server that looks them up would learn that there is a proxy, and which.
    for wrong in ["", "127.0.0.1", "localhost:9050", "socks5://127.0.0.1:9050"] {
        let refused = ana.api.set_relay_paths(proxied(wrong)).await;
        assert_eq!(refused, Err(Refusal::BadProxy), "{wrong}");
    }
    assert_eq!(paths().await, RelayPaths::Direct);
    for wanted in [
        RelayPaths::Relayed,
        proxied("127.0.0.1:9050"),
        proxied("[::1]:9050"),
        RelayPaths::Direct,
    ] {
        ana.api.set_relay_paths(wanted.clone()).await.unwrap();
        ana.api.lock().await.unwrap();
        ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
        assert_eq!(paths().await, wanted);
    }
}

//! The network page: carriers, and who is reachable.

use hedgerow_node::api::{Carrier, CarrierCondition};
use hedgerow_node::words::codes;
use slint::ComponentHandle;

use super::{Act, list, words};
use crate::model::{self, Action, App, NetworkAction};
use crate::ui::{self, AppWindow, CarrierRow, NetworkView, PersonRow};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<NetworkView>();
    let say = act.clone();
    view.on_switch(move |carrier: ui::Carrier, on| {
        if let Some(carrier) = words::carrier_named(carrier) {
            say.act(NetworkAction::SwitchCarrier(carrier, on));
        }
    });
    let say = act.clone();
    view.on_announce(move |carrier: ui::Carrier, on| {
        if let Some(carrier) = words::carrier_named(carrier) {
            say.act(NetworkAction::AnnounceOver(carrier, on));
        }
    });
    let say = act.clone();
    view.on_back(move || say.act(Action::Back));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let (view, page) = (ui.global::<NetworkView>(), &app.pages.network);
    // Relays have their own part of the page.
    let near = |row: &&model::CarrierRow| row.carrier != Carrier::Relay;
    let carriers = page.carriers.iter().filter(near).map(|row| CarrierRow {
        carrier: words::carrier(Some(row.carrier)),
        on: row.on,
        state: words::say(&codes::condition(
            row.carrier,
            row.condition,
            row.announcing,
        )),
        absent: row.carrier == Carrier::Ble && row.condition == CarrierCondition::NoInterface,
        not_private: row.condition == CarrierCondition::NotPrivate,
        announcing: row.announcing,
        sessions: words::number(row.sessions.into()),
        addresses: row.addresses.join(", ").into(),
    });
    view.set_carriers(list(view.get_carriers(), carriers));
    let people = page.people.iter().map(|row| PersonRow {
        name: row.name.as_str().into(),
        reachable: words::carrier(row.reachable),
        last_seen: words::when(row.last_seen),
        queued: words::number(row.queued),
        why: words::why(row.why, row.next),
    });
    view.set_people(list(view.get_people(), people));
    view.set_sent(words::bytes(page.traffic.sent_bytes));
    view.set_received(words::bytes(page.traffic.received_bytes));
    view.set_sessions(words::number(page.traffic.sessions));
}

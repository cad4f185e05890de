//! The relays.

use hedgerow_node::api::{Carrier, RelayCondition};
use hedgerow_node::words::codes;
use slint::ComponentHandle;

use super::{Act, list, words};
use crate::model::{NetworkAction, NetworkPage, RelaysAction};
use crate::ui::{AppWindow, RelayRow, RelaysView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<RelaysView>();
    let say = act.clone();
    view.on_typed(move |address| say.act(RelaysAction::RelayAddress(address.into())));
    let say = act.clone();
    view.on_add(move || say.act(RelaysAction::AddRelay));
    let say = act.clone();
    view.on_use(move |address| say.act(RelaysAction::UseRelay(address.into())));
    let say = act.clone();
    view.on_remove(move |address| say.act(RelaysAction::RemoveRelay(address.into())));
    let say = act.clone();
    view.on_switch(move |on| say.act(NetworkAction::SwitchCarrier(Carrier::Relay, on)));
}

pub fn draw(page: &NetworkPage, ui: &AppWindow) {
    let (view, relays) = (ui.global::<RelaysView>(), &page.relays);
    let rows = relays.rows.iter().map(|row| RelayRow {
        address: row.address.as_str().into(),
        shown: row.shown.as_str().into(),
        state: words::say(&codes::relay(row.condition)),
        used: row.condition != RelayCondition::Offered,
    });
    view.set_rows(list(view.get_rows(), rows));
    view.set_is_any_used(relays.is_any_used());
    let mut carriers = page.carriers.iter();
    if let Some(carrier) = carriers.find(|row| row.carrier == Carrier::Relay) {
        view.set_on(carrier.on);
        let state = codes::condition(Carrier::Relay, carrier.condition, true);
        view.set_state(words::say(&state));
        view.set_sessions(words::number(carrier.sessions.into()));
    }
    view.set_may_add(relays.may_add());
    view.set_busy(relays.busy);
    view.set_problem(words::problem(relays.problem.as_ref()));
    // Do not disturb the field while the user writes in it.
    if view.get_address() != relays.address.as_str() {
        view.set_address(relays.address.as_str().into());
    }
}

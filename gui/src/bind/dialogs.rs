//! Dialogs over everything else.

use hedgerow_node::api::Passphrase;
use slint::{ComponentHandle, ModelRc, VecModel};

use super::{
    Act, arranging, deleting, forwarding, group, message, restarting, storage, timing, words,
};
use crate::model::{App, Date, Dialog, DialogAction, ThreadAction};
use crate::ui::{self, AppWindow, DialogKind, DialogView, PickerView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<DialogView>();
    let say = act.clone();
    view.on_confirm(move || say.act(DialogAction::Confirm));
    let say = act.clone();
    view.on_dismiss(move || say.act(DialogAction::Dismiss));
    let say = act.clone();
    view.on_copy_message(move |id| {
        say.act(ThreadAction::CopyMessage(message(id)));
        say.act(DialogAction::Dismiss);
    });
    let say = act.clone();
    view.on_copy_link(move || say.act(DialogAction::CopyLink));
    let (say, weak) = (act.clone(), ui.as_weak());
    view.on_react(move |id| {
        say.act(DialogAction::Dismiss);
        if let Some(ui) = weak.upgrade() {
            ui.global::<PickerView>().invoke_react(id);
        }
    });
    let say = act.clone();
    view.on_pin(move |id, pinned| {
        say.act(ThreadAction::Pin {
            id: message(id),
            pinned,
        });
    });
    let say = act.clone();
    view.on_to_date(move |date| {
        say.act(ThreadAction::JumpToDate(chosen(&date)));
    });
    let say = act.clone();
    view.on_looks(move |from, days| {
        say.act(DialogAction::LookAt {
            from: chosen(&from),
            days: days.clamp(0, 31) as u8,
        });
    });
    let say = act.clone();
    view.on_current(move |text| say.act(DialogAction::Current(Passphrase::new(text.into()))));
    let say = act.clone();
    view.on_new(move |text| say.act(DialogAction::New(Passphrase::new(text.into()))));
    let say = act.clone();
    view.on_repeated(move |text| say.act(DialogAction::NewRepeated(Passphrase::new(text.into()))));
}

fn chosen(date: &ui::Date) -> Date {
    Date {
        year: date.year.clamp(-9_999, 9_999) as i16,
        month: date.month.clamp(1, 12) as i8,
        day: date.day.clamp(1, 31) as i8,
    }
}

pub fn draw(app: &App, ui: &AppWindow) {
    let view = ui.global::<DialogView>();
    view.set_busy(false);
    view.set_problem(words::problem(None));
    let kind = match &app.pages.dialog.open {
        None => DialogKind::None,
        Some(Dialog::OpenLink {
            url,
            host,
            foreign_letters,
            in_clear,
        }) => {
            view.set_url(url.as_str().into());
            view.set_host(host.as_str().into());
            view.set_foreign_letters(*foreign_letters);
            view.set_in_clear(*in_clear);
            DialogKind::OpenLink
        }
        Some(Dialog::RemoveContact { name, .. }) => {
            view.set_name(name.as_str().into());
            DialogKind::RemoveContact
        }
        Some(Dialog::BlockContact { name, .. }) => {
            view.set_name(name.as_str().into());
            DialogKind::BlockContact
        }
        Some(Dialog::RemoveRelay(relay)) => {
            view.set_name(relay.shown.as_str().into());
            DialogKind::RemoveRelay
        }
        Some(Dialog::ShowAddress { .. }) => DialogKind::ShowAddress,
        Some(Dialog::Wipe { busy }) => {
            view.set_busy(*busy);
            DialogKind::Wipe
        }
        Some(Dialog::Mute { name, .. }) => {
            arranging::name(name, ui);
            DialogKind::Mute
        }
        Some(Dialog::ReadAll(asked)) => {
            arranging::asked(asked, ui);
            DialogKind::ReadAll
        }
        Some(Dialog::Forward(asked)) => {
            forwarding::draw(asked, ui);
            DialogKind::Forward
        }
        Some(Dialog::Invite(asked)) => {
            group::inviting(asked, ui);
            DialogKind::Invite
        }
        Some(Dialog::Restart(asked)) => {
            restarting::draw(asked, ui);
            DialogKind::Restart
        }
        Some(Dialog::Member(asked)) => {
            group::member(asked, None, ui);
            DialogKind::Member
        }
        Some(Dialog::ChangeMember(asked, change)) => {
            group::member(asked, Some(*change), ui);
            DialogKind::ChangeMember
        }
        Some(Dialog::Object(asked)) => {
            view.set_busy(asked.busy);
            view.set_problem(words::problem(asked.problem.as_ref()));
            DialogKind::Object
        }
        Some(Dialog::LeaveGroup(asked)) => {
            group::leaving(asked, ui);
            DialogKind::LeaveGroup
        }
        Some(Dialog::Timing(asked)) => {
            timing::draw(asked, ui);
            DialogKind::Timing
        }
        Some(Dialog::TimerChanged(changed)) => {
            timing::changed(changed.now_s, ui);
            DialogKind::TimerChanged
        }
        Some(Dialog::Export(exporting)) => {
            arranging::exporting(exporting, ui);
            DialogKind::Export
        }
        Some(Dialog::DropOld(dropping)) => {
            storage::asked(dropping, ui);
            DialogKind::DropOld
        }
        Some(Dialog::DeleteMessage(asked)) => {
            deleting::draw(asked, ui);
            DialogKind::DeleteMessage
        }
        Some(Dialog::MessageDetails(details)) => {
            let (tick, carrier) = words::tick(details.tick);
            view.set_message(details.id.0.as_str().into());
            view.set_text(details.text.as_str().into());
            view.set_name(details.name.as_str().into());
            view.set_mine(details.mine);
            view.set_pinned(details.pinned);
            view.set_without_reactions(details.without_reactions.as_str().into());
            view.set_without_pins(details.without_pins.as_str().into());
            view.set_ahead(details.ahead);
            view.set_time(words::when(Some(details.time)));
            view.set_tick(tick);
            view.set_carrier(carrier);
            view.set_why(words::why(details.why, details.next));
            let earlier = details.earlier.iter().map(|earlier| ui::EarlierRow {
                text: earlier.text.as_str().into(),
                time: words::when(Some(earlier.time)),
            });
            view.set_earlier(ModelRc::new(earlier.collect::<VecModel<_>>()));
            let ways: VecModel<_> = details.ways.iter().map(words::way).collect();
            view.set_ways(ModelRc::new(ways));
            DialogKind::Details
        }
        Some(Dialog::JumpToDate {
            at, today, written, ..
        }) => {
            view.set_date(words::date(*at));
            view.set_today(words::date(*today));
            let (from, days) = written.clone().unwrap_or((*at, Vec::new()));
            view.set_written_from(words::date(from));
            view.set_written(ModelRc::new(VecModel::from(days)));
            DialogKind::JumpToDate
        }
        Some(Dialog::Keys) => DialogKind::Keys,
        Some(Dialog::ChangePassphrase(change)) => {
            view.set_busy(change.busy);
            view.set_lack(words::lack(change.lack));
            view.set_asked(change.asked as i32);
            view.set_problem(words::problem(change.problem.as_ref()));
            view.set_strength(change.new.strength.into());
            view.set_weakness(words::weakness(change.new.weakness));
            view.set_is_typed(change.new.is_typed);
            view.set_differs(change.new.differs);
            DialogKind::ChangePassphrase
        }
    };
    view.set_kind(kind);
}

//! The page of a group, and what is asked there.

use hedgerow_node::api::{ContactId, MemberId, MemberLevel, NamedBy};
use slint::ComponentHandle;

use super::{Act, choosing, conversation, list, words};
use crate::model::{
    Action, App, DialogAction, GroupAction, Inviting, Leaving, MemberAsked, MemberChange, MemberRow,
};
use crate::ui::{self, AppWindow, GroupView, InvitingView, MemberView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<GroupView>();
    let say = act.clone();
    view.on_show(move |id| say.act(GroupAction::Show(conversation(id))));
    let say = act.clone();
    view.on_member(move |id| say.act(GroupAction::Member(MemberId(id.into()))));
    let say = act.clone();
    view.on_invite(move || say.act(GroupAction::Invite));
    let say = act.clone();
    view.on_open_room(move || say.act(GroupAction::OpenRoom));
    let say = act.clone();
    view.on_object(move || say.act(GroupAction::Object));
    let say = act.clone();
    view.on_restart(move || say.act(GroupAction::Restart));
    let say = act.clone();
    view.on_leave(move || say.act(GroupAction::Leave));
    let say = act.clone();
    view.on_erase(move || say.act(GroupAction::Erase));
    let say = act.clone();
    view.on_erases(move |erases| say.act(DialogAction::Erases(erases)));
    let say = act.clone();
    view.on_back(move || say.act(Action::Back));
    let view = ui.global::<InvitingView>();
    let say = act.clone();
    view.on_find(move |text| say.act(DialogAction::FindCandidate(text.into())));
    let say = act.clone();
    view.on_choose(move |id| say.act(DialogAction::ChooseCandidate(ContactId(id.into()))));
    let say = act.clone();
    view.on_confirm(move || say.act(DialogAction::Confirm));
    let say = act.clone();
    view.on_dismiss(move || say.act(DialogAction::Dismiss));
    let view = ui.global::<MemberView>();
    let say = act.clone();
    view.on_ask(move |change| {
        say.act(DialogAction::AskChange(match change {
            ui::MemberChange::Appoint => MemberChange::Appoint,
            ui::MemberChange::Lower => MemberChange::Lower,
            ui::MemberChange::Remove => MemberChange::Remove,
        }));
    });
    let say = act.clone();
    view.on_person(move |id| {
        say.act(DialogAction::Dismiss);
        say.act(Action::ShowPerson(ContactId(id.into())));
    });
    let say = act.clone();
    view.on_dismiss(move || say.act(DialogAction::Dismiss));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let view = ui.global::<GroupView>();
    let Some(group) = &app.pages.group.open else {
        view.set_members(list(view.get_members(), std::iter::empty()));
        return;
    };
    view.set_face(words::face(&group.face));
    view.set_suspended_by(group.suspended_by().unwrap_or_default().into());
    view.set_told(group.is_told());
    view.set_restarts(group.restarts() && group.is_told());
    view.set_members(list(view.get_members(), group.members.iter().map(row)));
}

fn row(member: &MemberRow) -> ui::MemberRow {
    let contact = member.contact.as_ref();
    ui::MemberRow {
        id: member.id.0.as_str().into(),
        name: member.name.as_str().into(),
        initials: member.initials.as_str().into(),
        hue: member.hue.into(),
        contact: contact.map_or("", |contact| &contact.0).into(),
        me: member.is_me,
        admin: member.level == MemberLevel::Admin,
        named_by: match member.named_by {
            NamedBy::Contact => ui::NamedBy::Contact,
            NamedBy::Themselves => ui::NamedBy::Themselves,
            NamedBy::WhoBroughtIn | NamedBy::Nobody => ui::NamedBy::Others,
        },
        suspended: member.suspended,
        suspended_by: member.suspended_by.as_str().into(),
        added: member.added.as_str().into(),
        frozen: member.frozen,
        appoints: member.offers.appoint,
        lowers: member.offers.lower,
        removes: member.offers.remove,
    }
}

/// A member that is shown, and what is asked of it.
pub fn member(asked: &MemberAsked, change: Option<MemberChange>, ui: &AppWindow) {
    let view = ui.global::<MemberView>();
    view.set_member(row(&asked.member));
    if let Some(change) = change {
        view.set_change(match change {
            MemberChange::Appoint => ui::MemberChange::Appoint,
            MemberChange::Lower => ui::MemberChange::Lower,
            MemberChange::Remove => ui::MemberChange::Remove,
        });
    }
}

/// Who can be invited.
pub fn inviting(inviting: &Inviting, ui: &AppWindow) {
    let view = ui.global::<InvitingView>();
    let candidates = inviting.choosing.candidates.iter();
    let shown = list(view.get_candidates(), candidates.map(choosing::candidate));
    view.set_candidates(shown);
    view.set_name(inviting.name.as_str().into());
    view.set_nobody(inviting.choosing.is_empty);
    view.set_chosen(words::number(inviting.choosing.chosen.len() as u64));
}

/// The group that is to be left.
pub fn leaving(leaving: &Leaving, ui: &AppWindow) {
    let view = ui.global::<GroupView>();
    view.set_name(leaving.name.as_str().into());
    view.set_leaves(leaving.leaves);
    view.set_with_erasing(leaving.erases);
}

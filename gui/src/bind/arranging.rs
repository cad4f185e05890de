//! How conversations are arranged: their menu, and what is asked from it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hedgerow_node::api::{ConversationId, ExportFormat};
use slint::{ComponentHandle, SharedString};

use super::{Act, conversation, words};
use crate::model::{App, Arrangement, ArrangingAction, DialogAction, Exporting, MuteFor, ReadAll};
use crate::ui::{self, AppWindow, ArrangingView};

/// How each conversation is arranged, for a menu that opens.
#[derive(Default)]
pub struct Drawn(Rc<RefCell<BTreeMap<ConversationId, Arrangement>>>);

impl Drawn {
    pub fn listen(&self, ui: &AppWindow, act: &Act) {
        let view = ui.global::<ArrangingView>();
        let known = self.0.clone();
        view.on_of(move |id| {
            let known = known.borrow();
            known.get(&conversation(id)).map(drawn).unwrap_or_default()
        });
        let say = act.clone();
        view.on_ask_mute(move |id| say.act(ArrangingAction::AskMute(conversation(id))));
        let say = act.clone();
        view.on_unmute(move |id| say.act(ArrangingAction::Unmute(conversation(id))));
        let say = act.clone();
        view.on_archive(move |id, archived| {
            say.act(ArrangingAction::Archive(conversation(id), archived))
        });
        let say = act.clone();
        view.on_mark_unread(move |id| say.act(ArrangingAction::MarkUnread(conversation(id))));
        let say = act.clone();
        view.on_mark_read(move |id| say.act(ArrangingAction::MarkRead(conversation(id))));
        let say = act.clone();
        view.on_ask_read_all(move || say.act(ArrangingAction::AskReadAll));
        let say = act.clone();
        view.on_ask_export(move |id| say.act(ArrangingAction::AskExport(conversation(id))));
        let say = act.clone();
        view.on_show_archived(move |shows| say.act(ArrangingAction::ShowArchived(shows)));
        let say = act.clone();
        view.on_open_notes(move || say.act(ArrangingAction::OpenNotes));
        let say = act.clone();
        view.on_mute(move |hours| {
            say.act(DialogAction::Mute(match hours {
                0 => MuteFor::Ever,
                hours => MuteFor::Hours(u8::try_from(hours).unwrap_or(u8::MAX)),
            }))
        });
        let say = act.clone();
        view.on_choose_format(move |format| {
            say.act(DialogAction::Format(match format {
                ui::ExportFormat::Html => ExportFormat::Html,
                ui::ExportFormat::Text => ExportFormat::Text,
                ui::ExportFormat::Json => ExportFormat::Json,
            }))
        });
        let say = act.clone();
        view.on_choose_files(move |with| say.act(DialogAction::WithFiles(with)));
        let say = act.clone();
        view.on_confirm(move || say.act(DialogAction::Confirm));
        let say = act.clone();
        view.on_dismiss(move || say.act(DialogAction::Dismiss));
    }

    pub fn draw(&self, app: &App) {
        let arranged = &app.pages.chats.arranged;
        self.0.borrow_mut().clone_from(&arranged.all);
    }
}

/// The conversation that is asked about.
pub fn name(name: &str, ui: &AppWindow) {
    ui.global::<ArrangingView>().set_name(name.into());
}

/// What is to be marked as read.
pub fn asked(asked: &ReadAll, ui: &AppWindow) {
    let view = ui.global::<ArrangingView>();
    view.set_unread(words::number(asked.messages));
    view.set_told(asked.told);
    view.set_disappear(asked.disappear);
}

/// How a conversation is to be written.
pub fn exporting(exporting: &Exporting, ui: &AppWindow) {
    name(&exporting.name, ui);
    let view = ui.global::<ArrangingView>();
    view.set_with_files(exporting.with_files);
    view.set_format(match exporting.format {
        ExportFormat::Html => ui::ExportFormat::Html,
        ExportFormat::Text => ui::ExportFormat::Text,
        ExportFormat::Json => ui::ExportFormat::Json,
    });
}

fn drawn(arrangement: &Arrangement) -> ui::Arrangement {
    let person = arrangement.person.as_ref();
    ui::Arrangement {
        person: person.map_or_else(SharedString::new, |person| person.0.as_str().into()),
        group: arrangement.is_group,
        blocked: arrangement.blocked,
        muted: arrangement.muted,
        archived: arrangement.archived,
        marked_unread: arrangement.marked_unread,
        unread: arrangement.unread,
        disappears: arrangement.disappears,
    }
}

//! The pictures and other files of a conversation.

use std::cell::RefCell;
use std::rc::Rc;

use slint::{ComponentHandle, Model, ModelRc, VecModel};

use super::{Act, conversation, files, words};
use crate::model::{Action, App, MediaAction, MediaRow};
use crate::ui::{self, AppWindow, MediaView};

/// What is on screen: a row that has not changed keeps its picture.
#[derive(Default)]
pub struct Drawn {
    rows: RefCell<Vec<MediaRow>>,
    model: Rc<VecModel<ui::MediaRow>>,
}

impl Drawn {
    pub fn listen(&self, ui: &AppWindow, act: &Act) {
        let view = ui.global::<MediaView>();
        view.set_rows(ModelRc::from(self.model.clone()));
        let say = act.clone();
        view.on_open(move |id| say.act(MediaAction::Open(conversation(id))));
        let say = act.clone();
        view.on_back(move || say.act(Action::Back));
        let say = act.clone();
        view.on_move(move |down| say.act(MediaAction::Move { down }));
        let say = act.clone();
        view.on_go(move |at| say.act(MediaAction::Go(usize::try_from(at).unwrap_or(usize::MAX))));
        let say = act.clone();
        view.on_go_marked(move || say.act(MediaAction::GoMarked));
        let say = act.clone();
        view.on_saw(move |at| say.act(MediaAction::Saw(usize::try_from(at).unwrap_or(0))));
        let say = act.clone();
        view.on_near_end(move || say.act(MediaAction::NearEnd));
        let say = act.clone();
        view.on_to_older(move || say.act(MediaAction::Older));
        let say = act.clone();
        view.on_to_newest(move || say.act(MediaAction::Newest));
    }

    pub fn draw(&self, app: &App, ui: &AppWindow) {
        let (view, media) = (ui.global::<MediaView>(), &app.pages.media);
        view.set_name(media.name.as_str().into());
        let mut shown = self.rows.borrow_mut();
        while self.model.row_count() > media.rows.len() {
            self.model.remove(self.model.row_count() - 1);
        }
        for (at, row) in media.rows.iter().enumerate() {
            match shown.get(at) {
                Some(before) if before == row => {}
                Some(_) => self.model.set_row_data(at, drawn(row)),
                None => self.model.push(drawn(row)),
            }
        }
        shown.clone_from(&media.rows);
        view.set_marked(i32::try_from(media.marked).unwrap_or(-1));
        view.set_told(media.is_told);
        view.set_cut(media.is_cut);
        view.set_newer(media.has_newer);
        view.set_begun(media.begun as i32);
    }
}

fn drawn(row: &MediaRow) -> ui::MediaRow {
    ui::MediaRow {
        file: files::card(&row.card),
        sender: row.sender.as_deref().unwrap_or_default().into(),
        time: words::when(Some(row.time)),
    }
}

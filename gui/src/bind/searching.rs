//! The search, in the open conversation or in all of them.

use slint::{ComponentHandle, SharedString, StyledText};

use super::markdown::marked;
use super::{Act, list, words};
use crate::model::{App, Hit, Piece, SearchingAction};
use crate::ui::{self, AppWindow, SearchView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<SearchView>();
    let say = act.clone();
    view.on_open_here(move || say.act(SearchingAction::OpenHere));
    let say = act.clone();
    view.on_open_everywhere(move || say.act(SearchingAction::OpenEverywhere));
    let say = act.clone();
    view.on_close(move || say.act(SearchingAction::Close));
    let say = act.clone();
    view.on_type(move |words| say.act(SearchingAction::Words(words.into())));
    let say = act.clone();
    view.on_move(move |down| say.act(SearchingAction::Move { down }));
    let say = act.clone();
    view.on_go(move |at| {
        say.act(SearchingAction::Go(
            usize::try_from(at).unwrap_or(usize::MAX),
        ))
    });
    let say = act.clone();
    view.on_go_marked(move || say.act(SearchingAction::GoMarked));
    let say = act.clone();
    view.on_near_end(move || say.act(SearchingAction::NearEnd));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let view = ui.global::<SearchView>();
    let Some(open) = &app.pages.searching.open else {
        view.set_here(false);
        view.set_words("".into());
        view.set_hits(list(view.get_hits(), std::iter::empty()));
        return;
    };
    view.set_words(open.words.as_str().into());
    view.set_hits(list(view.get_hits(), open.hits.iter().map(hit)));
    view.set_marked(i32::try_from(open.marked).unwrap_or(-1));
    view.set_told(open.is_told);
    view.set_partial(open.is_partial);
    view.set_asked(open.asked as i32);
    view.set_here(open.conversation.is_some());
}

pub fn hit(hit: &Hit) -> ui::Hit {
    let said: String = hit
        .excerpt
        .iter()
        .map(|piece| piece.text.as_str())
        .collect();
    let direction = unicode_bidi::get_base_direction_full(said.as_str());
    ui::Hit {
        face: words::face(&hit.face),
        is_name: hit.message.is_none(),
        mine: hit.mine,
        name: hit.name.as_str().into(),
        time: words::when(hit.time),
        excerpt: styled(&hit.excerpt),
        right_to_left: direction == unicode_bidi::Direction::Rtl,
        said: SharedString::from(said),
    }
}

fn styled(excerpt: &[Piece]) -> StyledText {
    StyledText::from_markdown(&marked(excerpt)).unwrap_or_default()
}

//! The search, in the open conversation or in all of them.

use hedgerow_node::api::{ContactId, SearchKind};
use slint::{ComponentHandle, SharedString, StyledText};

use super::markdown::marked;
use super::{Act, list, words};
use crate::model::{App, Hit, OpenSearch, Piece, SearchingAction, Writer, WrittenBy, WrittenWhen};
use crate::ui::{self, AppWindow, FiltersView, SearchSpan, SearchThing, SearchView};

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
    let (filters, say) = (ui.global::<FiltersView>(), act.clone());
    filters.on_by(move |contact| {
        let author = match contact.is_empty() {
            true => WrittenBy::Anyone,
            false => WrittenBy::Contact(ContactId(contact.into())),
        };
        say.act(SearchingAction::By(author))
    });
    let say = act.clone();
    filters.on_by_me(move || say.act(SearchingAction::By(WrittenBy::Me)));
    let say = act.clone();
    filters.on_choose_span(move |span| {
        say.act(SearchingAction::Written(match span {
            SearchSpan::Any => WrittenWhen::Any,
            SearchSpan::Today => WrittenWhen::Today,
            SearchSpan::Week => WrittenWhen::Week,
            SearchSpan::Month => WrittenWhen::Month,
            SearchSpan::Year => WrittenWhen::Year,
            SearchSpan::Older => WrittenWhen::Older,
        }))
    });
    let say = act.clone();
    filters.on_choose_thing(move |thing| {
        say.act(SearchingAction::Having(match thing {
            SearchThing::Everything => None,
            SearchThing::Picture => Some(SearchKind::Pictures),
            SearchThing::File => Some(SearchKind::Files),
            SearchThing::Voice => Some(SearchKind::Voice),
            SearchThing::Link => Some(SearchKind::Links),
        }))
    });
    let say = act.clone();
    filters.on_widen(move || say.act(SearchingAction::Widen));
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
    view.set_lacks_words(open.lacks_words());
    narrowed(&ui.global::<FiltersView>(), open);
    view.set_hits(list(view.get_hits(), open.hits.iter().map(hit)));
    view.set_marked(i32::try_from(open.marked).unwrap_or(-1));
    view.set_told(open.is_told);
    view.set_partial(open.is_partial);
    view.set_asked(open.asked as i32);
    view.set_here(open.conversation.is_some());
}

/// What it is narrowed to, and to what it can be.
fn narrowed(view: &FiltersView, open: &OpenSearch) {
    let filters = &open.filters;
    view.set_mine(filters.author == WrittenBy::Me);
    let writer = match &filters.author {
        WrittenBy::Contact(id) => open.writers.iter().find(|writer| writer.id == *id),
        WrittenBy::Anyone | WrittenBy::Me => None,
    };
    view.set_writer(writer.map(drawn).unwrap_or_default());
    view.set_writers(list(view.get_writers(), open.writers.iter().map(drawn)));
    view.set_span(match filters.span {
        WrittenWhen::Any => SearchSpan::Any,
        WrittenWhen::Today => SearchSpan::Today,
        WrittenWhen::Week => SearchSpan::Week,
        WrittenWhen::Month => SearchSpan::Month,
        WrittenWhen::Year => SearchSpan::Year,
        WrittenWhen::Older => SearchSpan::Older,
    });
    view.set_thing(match filters.thing {
        None | Some(SearchKind::Names | SearchKind::Messages) => SearchThing::Everything,
        Some(SearchKind::Pictures) => SearchThing::Picture,
        Some(SearchKind::Files) => SearchThing::File,
        Some(SearchKind::Voice) => SearchThing::Voice,
        Some(SearchKind::Links) => SearchThing::Link,
    });
}

fn drawn(writer: &Writer) -> ui::Writer {
    ui::Writer {
        id: writer.id.0.as_str().into(),
        name: writer.name.as_str().into(),
    }
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

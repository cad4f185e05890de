//! The files above what is being written.

use hedgerow_node::pictures::Metadata;
use slint::{ComponentHandle, SharedString};

use super::files::clock;
use super::{Act, list, words};
use crate::model::{
    App, Arrival, AttachAction, Attached, Attachment, AttachmentState, Ticket, Unfit,
};
use crate::ui::{AppWindow, AttachView, AttachedFile, Lacks, Traces};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<AttachView>();
    let say = act.clone();
    view.on_choose(move || say.act(AttachAction::Choose));
    let say = act.clone();
    view.on_paste(move || say.act(AttachAction::Paste));
    let say = act.clone();
    view.on_remove(move |id| {
        if let Ok(ticket) = id.parse() {
            say.act(AttachAction::Remove(Ticket(ticket)));
        }
    });
    let say = act.clone();
    view.on_as_it_is(move |id| {
        if let Ok(ticket) = id.parse() {
            say.act(AttachAction::AsItIs(Ticket(ticket)));
        }
    });
    let say = act.clone();
    view.on_cancel(move || say.act(AttachAction::Cancel));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let view = ui.global::<AttachView>();
    let page = &app.pages.thread;
    let strip = page.strip();
    let files = strip.map_or(&[][..], |strip| &strip.files);
    // Before they are sent the user must decide about some: these stand first, in sight.
    let is_sending = strip.is_some_and(|strip| strip.is_sending());
    let asks = |one: &&Attachment| one.needs_consent() && !is_sending;
    let (ask, others): (Vec<_>, Vec<_>) = files.iter().partition(asks);
    let shown = ask.into_iter().chain(others).map(attached);
    view.set_files(list(view.get_files(), shown));
    view.set_sending(is_sending);
    view.set_can_cancel(strip.is_some_and(|strip| strip.can_cancel()));
    let arrival = page.arrival();
    let (takes_s, over) = match arrival {
        Some(Arrival::About { seconds, over }) => (seconds, Some(over)),
        _ => (0, None),
    };
    view.set_takes_s(words::number(takes_s));
    view.set_over(words::carrier(over));
    view.set_waits(arrival == Some(Arrival::WhenNear));
    let open = page.open.as_ref();
    view.set_name(open.map_or("", |thread| &thread.face.name).into());
    view.set_hovered(open.is_some_and(|thread| thread.hovered));
    let without = open.map_or("", |thread| &thread.without_files);
    view.set_without(without.into());
}

fn attached(one: &Attachment) -> AttachedFile {
    let mut drawn = AttachedFile {
        id: slint::format!("{}", one.ticket.0),
        name: one.name.as_str().into(),
        plays: match one.what {
            Attached::File(_) => SharedString::new(),
            Attached::Recording { duration_ms, .. } => {
                clock(u64::from(duration_ms).div_ceil(1_000))
            }
        },
        size: words::bytes(one.size),
        progress: -1.0,
        needs_consent: one.needs_consent(),
        traces: match one.carries.as_deref() {
            None => Traces::Unknown,
            Some([]) => Traces::Nothing,
            Some(found) if found.contains(&Metadata::Place) => Traces::Place,
            Some(_) => Traces::Others,
        },
        as_it_is: one.as_it_is,
        ..AttachedFile::default()
    };
    match &one.state {
        AttachmentState::Waits => {}
        AttachmentState::Uploading(bytes) => {
            drawn.so_far = words::bytes(*bytes);
            drawn.progress = *bytes as f32 / one.size.max(1) as f32;
        }
        AttachmentState::Uploaded(_) => drawn.progress = 1.0,
        AttachmentState::Unfit(unfit) => {
            drawn.lacks = match unfit {
                Unfit::TooLong => Lacks::TooLong,
                Unfit::Directory => Lacks::Folder,
                Unfit::Unreadable => Lacks::Unreadable,
                Unfit::Refused(_) => Lacks::Refused,
            };
            drawn.refusal = match unfit {
                Unfit::Refused(refusal) => words::problem(Some(refusal)),
                _ => SharedString::new(),
            };
        }
    }
    drawn
}

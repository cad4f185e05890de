//! Adding a contact.

use std::cell::Cell;
use std::rc::Rc;

use hedgerow_node::words::codes;
use image::{GrayImage, Luma};
use slint::{
    ComponentHandle, Image, ModelRc, Rgb8Pixel, SharedPixelBuffer, SharedString, VecModel,
};

use super::{Act, invitation, words};
use crate::model::{Action, AddingAction, App, FoundingAction, Qr};
use crate::ui::{AddingView, AppWindow, InvitationRow};

/// The number of white modules around a QR code.
const QUIET_ZONE: usize = 4;

/// The pixels of each module, each way, in a saved picture.
const ENLARGED: u32 = 8;

pub fn listen(
    ui: &AppWindow,
    act: &Act,
    choose_picture: impl Fn() + 'static,
    save_picture: impl Fn() + 'static,
) {
    let view = ui.global::<AddingView>();
    let say = act.clone();
    view.on_invite(move |in_person, seconds| {
        say.act(AddingAction::Invite {
            in_person,
            valid_for_s: seconds.max(0) as u64,
        });
    });
    let say = act.clone();
    view.on_show(move |id| say.act(AddingAction::ShowInvitation(invitation(id))));
    let say = act.clone();
    view.on_hide(move || say.act(AddingAction::HideInvitation));
    let say = act.clone();
    view.on_cancel(move |id| say.act(AddingAction::CancelInvitation(invitation(id))));
    let say = act.clone();
    view.on_copy(move || say.act(AddingAction::CopyLink));
    let say = act.clone();
    view.on_pasted(move |text| say.act(AddingAction::Pasted(text.into())));
    let say = act.clone();
    view.on_join(move || say.act(AddingAction::Join));
    view.on_choose_picture(choose_picture);
    view.on_save_picture(save_picture);
    let say = act.clone();
    view.on_cancel_join(move |id| say.act(AddingAction::CancelJoin(invitation(id))));
    let say = act.clone();
    view.on_found(move || say.act(FoundingAction::Show));
    let say = act.clone();
    view.on_back(move || say.act(Action::Back));
}

pub fn draw(app: &App, ui: &AppWindow, pasted_set: &Cell<u32>) {
    let (view, adding) = (ui.global::<AddingView>(), &app.pages.adding);
    let invitations: VecModel<InvitationRow> = adding
        .invitations
        .iter()
        .map(|row| InvitationRow {
            id: row.id.0.as_str().into(),
            in_person: row.in_person,
            is_room: row.is_room,
            expires: words::when(Some(row.expires)),
            state: words::say(&codes::invitation(row.state)),
            open: row.open,
            ..InvitationRow::default()
        })
        .collect();
    view.set_invitations(ModelRc::from(Rc::new(invitations)));
    let joining: VecModel<InvitationRow> = adding
        .joining
        .iter()
        .map(|row| InvitationRow {
            id: row.id.0.as_str().into(),
            expires: words::when(Some(row.expires)),
            state: words::say(&codes::invitation(row.state)),
            problem: row.problem.map_or_else(SharedString::new, |problem| {
                words::say(&codes::join_problem(problem))
            }),
            open: !row.ended,
            ..InvitationRow::default()
        })
        .collect();
    view.set_joining(ModelRc::from(Rc::new(joining)));
    view.set_shows(adding.shown.is_some());
    match &adding.shown {
        Some(shown) => {
            // Make the picture only once for each link.
            if view.get_link() != shown.link.as_str() {
                view.set_link(shown.link.as_str().into());
                view.set_qr(picture(&shown.qr));
            }
            view.set_left_min(words::number(shown.left_min));
            view.set_in_person(shown.in_person);
            view.set_is_room(shown.room.is_some());
            if let Some(room) = &shown.room {
                view.set_group(room.group.as_str().into());
                view.set_joined(room.joined.as_str().into());
                view.set_count(words::number(room.count));
                view.set_limit(words::number(room.limit));
            }
        }
        None => {
            view.set_link("".into());
            view.set_qr(Image::default());
        }
    }
    view.set_busy(adding.busy);
    view.set_may_join(!adding.pasted.is_empty() && !adding.busy);
    view.set_link_fails(adding.link_fails);
    view.set_problem(words::problem(adding.problem.as_ref()));
    if pasted_set.replace(adding.pasted_set) != adding.pasted_set {
        ui.invoke_show_pasted(adding.pasted.as_str().into());
    }
}

/// One pixel for each module; the window enlarges it.
fn picture(qr: &Qr) -> Image {
    let side = side(qr);
    let mut pixels = SharedPixelBuffer::<Rgb8Pixel>::new(side as u32, side as u32);
    let (white, black) = (Rgb8Pixel::new(255, 255, 255), Rgb8Pixel::new(0, 0, 0));
    for (at, pixel) in pixels.make_mut_slice().iter_mut().enumerate() {
        let is_dark = is_dark(qr, at % side, at / side);
        *pixel = if is_dark { black } else { white };
    }
    Image::from_rgb8(pixels)
}

/// The picture to save, large enough for any program that shows pictures.
pub fn saved(qr: &Qr) -> GrayImage {
    let side = side(qr) as u32 * ENLARGED;
    GrayImage::from_fn(side, side, |x, y| {
        let (x, y) = ((x / ENLARGED) as usize, (y / ENLARGED) as usize);
        Luma([if is_dark(qr, x, y) { 0 } else { 255 }])
    })
}

fn side(qr: &Qr) -> usize {
    qr.side + 2 * QUIET_ZONE
}

fn is_dark(qr: &Qr, x: usize, y: usize) -> bool {
    let inside = QUIET_ZONE..QUIET_ZONE + qr.side;
    let is_inside = inside.contains(&x) && inside.contains(&y);
    is_inside && qr.modules[(y - QUIET_ZONE) * qr.side + x - QUIET_ZONE]
}

//! Notices about the whole program, as the window shows them.

use hedgerow_node::words::codes;
use slint::ComponentHandle;

use super::{Act, words};
use crate::model::{Action, App, Banner, Silent};
use crate::ui::{AppWindow, BannerKind, BannerView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let say = act.clone();
    ui.global::<BannerView>()
        .on_dismiss(move || say.act(Action::DismissBanner));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let view = ui.global::<BannerView>();
    let kind = match &app.banner.shown {
        None => BannerKind::None,
        Some(Banner::Storage(fault)) => {
            view.set_sentence(words::say(&codes::storage(*fault)));
            BannerKind::Problem
        }
        Some(Banner::Refused(refusal)) => {
            view.set_sentence(words::problem(Some(refusal)));
            BannerKind::Problem
        }
        Some(Banner::Told(phrase)) => {
            view.set_sentence(words::say(phrase));
            BannerKind::Told
        }
        Some(Banner::Client { version }) => {
            view.set_name(version.as_str().into());
            BannerKind::Client
        }
        Some(Banner::TookOver) => BannerKind::TookOver,
        Some(Banner::HandedOver(program)) => {
            view.set_name(program.as_str().into());
            BannerKind::HandedOver
        }
        Some(Banner::OwnerGone) => BannerKind::OwnerGone,
        Some(Banner::Met { name, .. }) => {
            view.set_name(name.as_str().into());
            BannerKind::Met
        }
        Some(Banner::Copied) => BannerKind::Copied,
        Some(Banner::FileSaved(path)) => {
            view.set_name(path.0.as_str().into());
            BannerKind::FileSaved
        }
        Some(Banner::FileNotSaved) => BannerKind::FileNotSaved,
        Some(Banner::NotPasted) => BannerKind::NotPasted,
        Some(Banner::NotPlayed) => BannerKind::NotPlayed,
        Some(Banner::Silent(why)) => match why {
            Silent::NoServer => BannerKind::NoSoundServer,
            Silent::NoMicrophone => BannerKind::NoMicrophone,
            Silent::NoLoudspeaker => BannerKind::NoLoudspeaker,
            Silent::Forbidden => BannerKind::SoundForbidden,
            Silent::Muted(name) => {
                view.set_name(name.0.as_str().into());
                BannerKind::Muted
            }
            Silent::Refused(answer) => {
                view.set_name(answer.0.as_str().into());
                BannerKind::SoundRefused
            }
        },
        Some(Banner::PictureSaved(true)) => BannerKind::Saved,
        Some(Banner::PictureSaved(false)) => BannerKind::NotSaved,
        Some(Banner::Exporting(files)) => {
            view.set_name(words::digits(&files.to_string()));
            BannerKind::Exporting
        }
        Some(Banner::Exported) => BannerKind::Exported,
        Some(Banner::OldFilesFreed(bytes)) => {
            view.set_name(words::bytes(*bytes));
            BannerKind::OldFilesFreed
        }
        Some(Banner::InvitedIntoGroup) => BannerKind::InvitedIntoGroup,
        Some(Banner::Forwarded) => BannerKind::Forwarded,
        Some(Banner::PassphraseChanged) => BannerKind::PassphraseChanged,
        Some(Banner::Erased) => BannerKind::Erased,
    };
    view.set_lasts(matches!(app.banner.shown, Some(Banner::Storage(_))));
    view.set_kind(kind);
}

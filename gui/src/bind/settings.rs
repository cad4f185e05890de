//! The pages of the settings.

use std::rc::Rc;

use hedgerow_node::words::Language;
use slint::{ComponentHandle, ModelRc, VecModel};

use super::words::bytes;
use super::{About, Act};
use crate::model::{
    Action, App, DoorAction, Mode, Pane, Place, Preference, SettingsAction, SettingsPage, Theme,
};
use crate::ui::{self, AppWindow, DoorView, Scheme, SettingsView};

pub fn listen(ui: &AppWindow, act: &Act, about: &About) {
    let view = ui.global::<SettingsView>();
    view.set_version(about.version.as_str().into());
    view.set_directory(about.directory.as_str().into());
    ui.global::<DoorView>()
        .set_directory(about.directory.as_str().into());
    let languages: VecModel<ui::Language> = Language::ALL
        .iter()
        .map(|language| ui::Language {
            code: language.code().into(),
            name: language.name().into(),
        })
        .collect();
    view.set_languages(ModelRc::from(Rc::new(languages)));
    let say = act.clone();
    view.on_go(move |page| say.act(Action::ShowSettings(page_named(page))));
    let say = act.clone();
    view.on_back(move || say.act(Action::Back));
    let say = act.clone();
    view.on_name(move |text| say.act(SettingsAction::OwnName(text.into())));
    let say = act.clone();
    view.on_save_name(move || say.act(SettingsAction::SaveOwnName));
    let prefer = |act: &Act| {
        let say = act.clone();
        move |preference| say.act(Action::Prefer(preference))
    };
    let say = prefer(act);
    view.on_choose_scheme(move |scheme| {
        say(Preference::Theme(match scheme {
            Scheme::System => Theme::System,
            Scheme::Light => Theme::Light,
            Scheme::Dark => Theme::Dark,
            Scheme::HighContrast => Theme::HighContrast,
        }));
    });
    let say = prefer(act);
    view.on_choose_text(move |percent| {
        say(Preference::TextPercent(percent.clamp(0, 1_000) as u16))
    });
    let say = prefer(act);
    view.on_choose_language(move |code| {
        say(Preference::Language(
            Some(String::from(code)).filter(|code| !code.is_empty()),
        ));
    });
    let say = prefer(act);
    view.on_choose_notifications(move |on| say(Preference::Notifications(on)));
    let say = prefer(act);
    view.on_choose_previews(move |on| say(Preference::Previews(on)));
    let say = prefer(act);
    view.on_choose_sound(move |on| say(Preference::Sound(on)));
    let say = prefer(act);
    view.on_choose_lock(move |minutes| {
        say(Preference::LockAfterMin(
            u16::try_from(minutes).ok().filter(|minutes| *minutes > 0),
        ));
    });
    let say = prefer(act);
    view.on_choose_enter(move |on| say(Preference::EnterSends(on)));
    let say = prefer(act);
    view.on_choose_stays_on(move |on| say(Preference::StaysOn(on)));
    let say = prefer(act);
    view.on_choose_still(move |on| say(Preference::Still(on)));
    let say = act.clone();
    view.on_close(move || say.act(Action::LeaveSettings));
    let say = act.clone();
    view.on_show_keys(move || say.act(Action::ShowKeys));
    let say = act.clone();
    view.on_choose_receipts(move |on| say.act(SettingsAction::Receipts(on)));
    let say = act.clone();
    view.on_change_passphrase(move || say.act(SettingsAction::ChangePassphrase));
    let say = act.clone();
    view.on_lock_node(move || say.act(DoorAction::LockNode));
    let say = act.clone();
    view.on_take_over(move || say.act(DoorAction::TakeOver));
    let say = act.clone();
    view.on_erase(move || say.act(SettingsAction::Erase));
    let say = act.clone();
    view.on_wipe(move || say.act(DoorAction::Wipe));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let (view, settings) = (ui.global::<SettingsView>(), &app.context.preferences);
    if let Place::Main(Pane::Settings(page)) = app.context.place {
        view.set_page(page_shown(page));
    }
    if let Some(me) = &app.context.me {
        view.set_own_name(me.name.0.as_str().into());
        view.set_id(me.id.0.as_str().into());
        view.set_receipts(me.receipts);
    }
    view.set_storage(
        app.pages
            .settings
            .storage_bytes
            .map(bytes)
            .unwrap_or_default(),
    );
    view.set_erasing(app.pages.settings.erasing);
    view.set_client(matches!(app.context.mode, Some(Mode::Client { .. })));
    let scheme = match settings.theme {
        Theme::System => Scheme::System,
        Theme::Light => Scheme::Light,
        Theme::Dark => Scheme::Dark,
        Theme::HighContrast => Scheme::HighContrast,
    };
    view.set_scheme(scheme);
    ui.global::<ui::Theme>().set_scheme(scheme);
    view.set_text_percent(settings.text_percent.into());
    ui.global::<ui::Theme>()
        .set_scale(f32::from(settings.text_percent) / 100.0);
    let language = settings.language.as_deref().unwrap_or_default();
    if view.get_language() != language {
        view.set_language(language.into());
    }
    view.set_notifications(settings.notifications);
    view.set_previews(settings.previews);
    view.set_sound(settings.sound);
    view.set_lock_after_min(settings.lock_after_min.unwrap_or(0).into());
    view.set_enter_sends(settings.enter_sends);
    view.set_tray(app.context.presence.tray);
    view.set_stays_on(settings.stays_on);
    let system = app.context.presence.still;
    view.set_still(settings.still || system);
    view.set_system_still(system);
    ui.global::<ui::Theme>().set_still(settings.still || system);
    view.set_may_save_name(app.may_save_own_name());
}

fn page_named(page: ui::SettingsPage) -> SettingsPage {
    match page {
        ui::SettingsPage::Overview => SettingsPage::Overview,
        ui::SettingsPage::Profile => SettingsPage::Profile,
        ui::SettingsPage::Security => SettingsPage::Security,
        ui::SettingsPage::Storage => SettingsPage::Storage,
        ui::SettingsPage::Notifications => SettingsPage::Notifications,
        ui::SettingsPage::Writing => SettingsPage::Writing,
        ui::SettingsPage::Appearance => SettingsPage::Appearance,
        ui::SettingsPage::Language => SettingsPage::Language,
        ui::SettingsPage::HowItWorks => SettingsPage::HowItWorks,
        ui::SettingsPage::Threats => SettingsPage::Threats,
        ui::SettingsPage::About => SettingsPage::About,
        ui::SettingsPage::Licences => SettingsPage::Licences,
    }
}

fn page_shown(page: SettingsPage) -> ui::SettingsPage {
    match page {
        SettingsPage::Overview => ui::SettingsPage::Overview,
        SettingsPage::Profile => ui::SettingsPage::Profile,
        SettingsPage::Security => ui::SettingsPage::Security,
        SettingsPage::Storage => ui::SettingsPage::Storage,
        SettingsPage::Notifications => ui::SettingsPage::Notifications,
        SettingsPage::Writing => ui::SettingsPage::Writing,
        SettingsPage::Appearance => ui::SettingsPage::Appearance,
        SettingsPage::Language => ui::SettingsPage::Language,
        SettingsPage::HowItWorks => ui::SettingsPage::HowItWorks,
        SettingsPage::Threats => ui::SettingsPage::Threats,
        SettingsPage::About => ui::SettingsPage::About,
        SettingsPage::Licences => ui::SettingsPage::Licences,
    }
}

//! What a person does: each action goes where it belongs.

use hedgerow_node::api::{Call, HostCall, Private};

use super::action::Action;
use super::app::App;
use super::dialog::Dialog;
use super::effect::{Effect, Request};
use super::fetching::Target;
use super::place::{Pane, Place, SettingsPage};
use super::preferences::Preference;
use super::update::Mode;

impl App {
    pub(super) fn act_inside(&mut self, action: Action) {
        match action {
            Action::Tick | Action::Touched => {}
            Action::Focused(focused) => self.focus(focused),
            Action::OpenNotified(contact) => self.open_notified(contact),
            Action::Close => self.close(),
            Action::ComeForward => self.come_forward(),
            Action::Tray(is_there) => self.hear_tray(is_there),
            Action::Quit => self.quit(),

            Action::Back => self.back(),
            Action::ShowAdding => {
                self.ask(Call::Invitations);
                self.draw_adding();
                self.go_to(Pane::Adding);
            }
            Action::ShowNetwork => {
                self.go_to(Pane::Network);
                self.network_changed();
            }
            Action::ShowSettings(page) => {
                if page == SettingsPage::Storage {
                    self.ask_storage();
                }
                self.go_to(Pane::Settings(page));
            }
            Action::ShowPerson(id) => self.show_person(id),

            Action::LockScreen => self.lock_screen(),
            Action::LockNode => self.lock_node(),
            Action::TakeOver => self.take_over(),
            Action::Wipe => self.ask_user(Dialog::Wipe { busy: false }),

            Action::Confirm => self.confirm(),
            Action::Dismiss => self.dismiss(),
            Action::Current(text) => self.type_change(|change, _| change.current = text),
            Action::New(text) => self.type_change(|change, name| change.new.type_first(text, name)),
            Action::NewRepeated(text) => self.type_change(|change, _| change.new.type_second(text)),
            Action::DismissBanner => self.dismiss_banner(),

            Action::Filter(text) => self.filter(text),
            Action::OpenChat(id) => self.open_chat(&id),
            Action::Step { down } => self.step(down),

            Action::Draft(text) => self.type_draft(text),
            Action::Send => self.send(),
            Action::Picker(picking) => self.pick(picking),
            Action::NearTop => self.near(true),
            Action::NearBottom => self.near(false),
            Action::Seen(id) => self.see(id),
            Action::JumpToNewest => self.jump(Target::Newest),
            Action::JumpToUnread => self.jump_to_unread(),
            Action::AskDate => self.ask_date(),
            Action::JumpToDate(date) => {
                self.dismiss();
                self.jump(Target::Date(date));
            }
            Action::ScrollTo(fraction) => self.scroll_to(fraction),
            Action::JumpTo(id) => self.jump_to(id),
            Action::Unfold(id) => self.unfold(&id),
            Action::OpenLink(link) => self.open_link(link),
            Action::CopyMessage(id) => self.copy_message(&id),
            Action::Details(id) => self.show_details(&id),
            Action::React { id, emoji } => self.react(id, emoji),
            Action::Pin { id, pinned } => {
                self.dismiss();
                self.pin(id, pinned);
            }

            Action::Invite {
                in_person,
                valid_for_s,
            } => self.invite(in_person, valid_for_s),
            Action::ShowInvitation(id) => self.show_invitation(Some(id)),
            Action::HideInvitation => self.show_invitation(None),
            Action::CancelInvitation(id) => self.cancel_invitation(id),
            Action::CopyLink => self.copy_link(),
            Action::Pasted(text) => self.paste(text),
            Action::Scan(on) => self.scan(on),
            Action::Camera(sight) => self.see_by_camera(sight),
            Action::Join => self.join(),
            Action::CancelJoin(id) => self.cancel_join(id),
            Action::LinkOpened(link) => self.take_link(link),

            Action::Alias(text) => self.type_alias(text),
            Action::SaveAlias => self.save_alias(),
            Action::DecideName { keep } => self.decide_name(keep),
            Action::Verify(verified) => self.verify(verified),
            Action::Block(blocked) => self.block(blocked),
            Action::Remove => self.remove(),

            Action::SwitchCarrier(carrier, on) => {
                self.ask(Call::SwitchCarrier(carrier, on));
            }
            Action::AnnounceOver(carrier, announcing) => {
                self.ask(Call::AnnounceOver(carrier, announcing));
            }
            Action::ChoosePower(power) => self.choose_power(power),
            Action::ShowAddress(show) => self.show_address(show),
            Action::RelayAddress(address) => self.type_relay(address),
            Action::AddRelay => self.add_relay(),
            Action::UseRelay(address) => self.use_relay(address),
            Action::RemoveRelay(address) => self.remove_relay(address),
            Action::ChoosePaths(kind) => self.choose_paths(kind),
            Action::Proxy(proxy) => self.type_proxy(proxy),
            Action::UseProxy => self.use_proxy(),

            Action::Prefer(preference) => self.prefer(preference),
            Action::OwnName(text) => {
                self.own_name = text;
                self.changed.node = true;
            }
            Action::SaveOwnName => {
                let name = self.own_name.trim().to_owned();
                self.ask(Call::SetName(Private(name)));
            }
            Action::ChangePassphrase => self.ask_for_passphrase(),
            Action::Erase => {
                if !self.erasing {
                    self.erasing = true;
                    self.changed.node = true;
                    self.ask(HostCall::Erase);
                }
            }

            Action::Name(_)
            | Action::Passphrase(_)
            | Action::Repeated(_)
            | Action::GoOn
            | Action::TryAgain => {}
        }
    }

    /// Before everything is open: the door, and what can be done without it.
    pub(super) fn act_outside(&mut self, action: Action) {
        match action {
            Action::Focused(focused) => self.focus(focused),
            Action::Close => self.close(),
            Action::ComeForward => self.come_forward(),
            Action::Tray(is_there) => self.hear_tray(is_there),
            Action::Quit => self.quit(),
            Action::Name(name) => self.type_name(name),
            Action::Passphrase(text) => self.type_passphrase(text),
            Action::Repeated(text) => self.type_repeated(text),
            Action::GoOn => self.go_on(),
            Action::TryAgain => {
                if matches!(self.place, Place::Failed(_) | Place::Wiped) {
                    self.go_to_place(Place::Starting);
                    self.ask(Request::Open);
                }
            }
            Action::LockNode => self.lock_node(),
            Action::TakeOver => self.take_over(),
            Action::Wipe => {
                let is_something =
                    !matches!(self.place, Place::Starting | Place::Welcome | Place::Wiped);
                if is_something {
                    self.ask_user(Dialog::Wipe { busy: false });
                }
            }
            Action::Confirm => self.confirm(),
            Action::Dismiss => self.dismiss(),
            Action::DismissBanner => self.dismiss_banner(),
            Action::Prefer(preference) => self.prefer(preference),
            Action::LinkOpened(link) => self.link = Some(link),
            Action::OpenNotified(contact) => self.open_notified(contact),
            _ => {}
        }
    }

    pub(super) fn confirm(&mut self) {
        self.changed.dialog = true;
        match self.dialog.take() {
            None | Some(Dialog::MessageDetails(_) | Dialog::JumpToDate { .. }) => {}
            Some(Dialog::OpenLink { url, .. }) => self.out.push(Effect::OpenUrl(Private(url))),
            Some(Dialog::RemoveContact { id, .. }) => {
                // What was typed is not to outlive the contact.
                if self
                    .thread
                    .as_ref()
                    .is_some_and(|thread| thread.contact == id)
                {
                    self.drop_thread();
                }
                self.ask(Call::Remove(id));
            }
            Some(Dialog::BlockContact { id, .. }) => self.ask(Call::Block(id, true)),
            Some(Dialog::RemoveRelay(relay)) => {
                self.ask(Call::RemoveRelay(Private(relay.address)));
            }
            Some(Dialog::ShowAddress) => self.allow_address(true),
            Some(Dialog::Wipe { busy }) => {
                self.dialog = Some(Dialog::Wipe { busy: true });
                if !busy {
                    self.ask(HostCall::Wipe);
                }
            }
            Some(Dialog::ChangePassphrase(mut change)) => {
                if change.may_go_on {
                    self.ask(HostCall::ChangePassphrase(
                        change.current.clone(),
                        change.new.chosen(),
                    ));
                    change.busy = true;
                    change.may_go_on = false;
                }
                self.dialog = Some(Dialog::ChangePassphrase(change));
            }
        }
    }

    pub(super) fn dismiss(&mut self) {
        // What is being done cannot be taken back.
        let is_busy = matches!(self.dialog, Some(Dialog::Wipe { busy: true }));
        if !is_busy {
            self.changed.dialog |= self.dialog.take().is_some();
        }
    }

    pub(super) fn focus(&mut self, focused: bool) {
        self.focused = focused;
        if focused && self.is_inside() {
            self.out.push(Effect::ClearNotifications);
            self.see_what_is_in_view();
        }
    }

    pub(super) fn take_over(&mut self) {
        if matches!(self.mode, Some(Mode::Client { .. })) && !self.taking_over {
            self.keep_draft();
            self.taking_over = true;
            self.ask(Request::TakeOver);
        }
    }

    pub(super) fn prefer(&mut self, preference: Preference) {
        if self.settings.set(preference) {
            self.changed.settings = true;
            self.out
                .push(Effect::SavePreferences(self.settings.clone()));
        }
    }
}

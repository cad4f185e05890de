//! What the node tells by itself, and everything at once.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::{Call, ContactId, Event, visible};

use super::app::{App, Asked};
use super::dialog::Banner;
use super::effect::Request;
use super::place::{Pane, Place};
use super::update::{Chat, Departed, Found, Mode, Overview};

/// While much changes, everything is looked at this often.
const LOOK_EVERY_MS: u64 = 500;

impl App {
    pub(super) fn hear_opened(&mut self, mode: Mode, found: Found) {
        self.forget();
        self.go_to_place(Place::Starting);
        let took_over = std::mem::take(&mut self.taking_over);
        let lost = std::mem::take(&mut self.lost);
        let was_client = matches!(self.banner, Some(Banner::Client { .. }));
        match &mode {
            Mode::Client { version } => self.tell(Banner::Client {
                version: version.clone(),
            }),
            Mode::Own if took_over => self.tell(Banner::TookOver),
            Mode::Own if lost => self.tell(Banner::OwnerGone),
            Mode::Own if was_client => self.dismiss_banner(),
            Mode::Own => {}
        }
        self.mode = Some(mode);
        self.changed.node = true;
        match found {
            Found::Open if !self.screen_locked => self.enter(),
            found => self.stand_before(found),
        }
    }

    pub(super) fn hear_departed(&mut self, departed: Departed) {
        if self.place == Place::Wiped {
            return;
        }
        // There is nobody to keep it.
        let thread = self.thread.as_ref();
        let typed = thread
            .filter(|thread| thread.draft_due_ms().is_some())
            .map(|thread| (thread.contact.clone(), thread.draft.clone()));
        let unsent = std::mem::take(&mut self.unsent).into_values();
        self.rescued.extend(typed.into_iter().chain(unsent));
        self.reopen = thread
            .map(|thread| thread.contact.clone())
            .or(self.reopen.take());
        self.drop_thread();
        self.forget();
        self.lost = departed == Departed::Lost;
        self.mode = None;
        self.changed.node = true;
        self.go_to_place(Place::Starting);
        if let Departed::HandedOver(to) = departed {
            let to = visible::label(&to).unwrap_or_default();
            self.tell(Banner::HandedOver(to));
        }
    }

    pub(super) fn hear_event(&mut self, event: Event) {
        if !self.is_inside() {
            return match event {
                Event::Lock { locked } => self.hear_lock(locked),
                Event::Message {
                    contact,
                    mine: false,
                    ..
                }
                | Event::Messages { contact, .. } => self.notify_without_names(contact),
                _ => {}
            };
        }
        match event {
            Event::Message { contact, .. } | Event::Messages { contact, .. } => {
                if self.is_open(&contact) {
                    self.look();
                }
                self.look_at(&contact);
            }
            Event::MessageChanged { contact, id } => {
                if self.is_open(&contact) {
                    self.message_changed(id);
                }
            }
            Event::Delivered { contact, id, .. } => {
                self.hear_delivered(&contact, &id);
                self.look_at(&contact);
            }
            Event::Contact { contact } => {
                self.look_at(&contact);
                self.network_changed();
            }
            Event::Removed { contact } => self.forget_contact(&contact),
            Event::Met {
                contact,
                invitation,
            }
            | Event::Joined {
                contact,
                invitation,
            } => self.hear_met(&contact, &invitation),
            Event::JoinFailed { invitation, why } => self.hear_join_failed(invitation, why),
            Event::Invitation { .. } => self.ask(Call::Invitations),
            Event::Carrier { carrier, state } => self.hear_carrier(carrier, state),
            Event::Lock { locked } => self.hear_lock(locked),
            Event::Missed => {
                self.look_at_everything();
                self.ask(Call::Invitations);
                self.reload();
                self.network_changed();
            }
        }
    }

    pub(super) fn is_open(&self, contact: &ContactId) -> bool {
        let open = self.thread.as_ref().map(|thread| &thread.contact);
        open == Some(contact)
    }

    pub(super) fn hear_overview(&mut self, overview: Overview) {
        self.overview.outstanding = false;
        if !self.is_inside() {
            return;
        }
        self.store_works();
        self.hear_status(&overview.status);
        let mut newest: BTreeMap<_, _> = overview.newest.into_iter().collect();
        let there: BTreeSet<_> = overview
            .status
            .contacts
            .iter()
            .map(|contact| contact.id.clone())
            .collect();
        self.chats.known.retain(|id, _| there.contains(id));
        for contact in overview.status.contacts {
            let newest = newest.remove(&contact.id);
            let unread_before = self.unread_of(&contact.id);
            let (id, unread) = (contact.id.clone(), contact.unread);
            self.know(Chat {
                contact,
                newest: newest.clone(),
            });
            if unread_before.is_some_and(|before| unread > before) {
                self.notify(&id, newest);
            }
        }
        let is_gone = |id: &ContactId| !there.contains(id);
        if self
            .thread
            .as_ref()
            .is_some_and(|thread| is_gone(&thread.contact))
        {
            self.drop_thread();
        }
        if self
            .person
            .as_ref()
            .is_some_and(|person| is_gone(&person.id))
        {
            self.person = None;
            self.changed.person = true;
            self.leave_empty_panes();
        }
        self.draw_everything_known();
        self.come_back();
        self.greet();
    }

    /// Opens again what was open before everything was hidden.
    pub(super) fn come_back(&mut self) {
        for (contact, text) in std::mem::take(&mut self.rescued) {
            self.put_back(&contact, text);
        }
        if let Some(contact) = self.reopen.take()
            && self.place == Place::Main(Pane::Nothing)
        {
            self.open_chat(&contact);
        }
    }

    pub(super) fn draw_everything_known(&mut self) {
        self.show_thread_contact();
        self.draw_person();
        self.draw_network();
        self.draw_chats();
    }

    /// Looks at everything again.
    pub(super) fn look_at_everything(&mut self) {
        self.overview.again = true;
        self.look_at_overview();
    }

    pub(super) fn look_at_overview(&mut self) {
        let now_ms = self.now.monotonic_ms;
        if self.overview_due_ms().is_some_and(|due| due <= now_ms) {
            self.overview = Asked {
                outstanding: true,
                again: false,
                last_ms: Some(now_ms),
            };
            self.ask(Request::Overview);
        }
    }

    pub(super) fn overview_due_ms(&self) -> Option<u64> {
        let overview = &self.overview;
        (overview.again && !overview.outstanding && self.is_inside())
            .then(|| overview.last_ms.map_or(0, |last| last + LOOK_EVERY_MS))
    }

    pub(super) fn ask_storage(&mut self) {
        self.ask(Request::StorageUsed);
    }
}

//! Notifications, through the desktop's service. Where there is none, nothing is shown.

use notify_rust::{Hint, NotificationHandle};
use std::sync::mpsc;

use crate::model::Notification;

/// Notifications that wait to be shown; more are dropped, as the count in the title tells of all.
const MAX_WAITING: usize = 16;

/// Shows notifications, from a thread of its own: the service may take its time.
pub struct Notices(mpsc::SyncSender<Order>);

enum Order {
    Show { title: String, body: String },
    Clear,
}

impl Notices {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start() -> std::io::Result<Self> {
        let (orders, ordered) = mpsc::sync_channel(MAX_WAITING);
        std::thread::Builder::new()
            .name("notices".into())
            .spawn(move || {
                let mut shown: Option<NotificationHandle> = None;
                for order in ordered {
                    if let Some(before) = shown.take() {
                        before.close();
                    }
                    if let Order::Show { title, body } = order {
                        // Without the service there is nothing to be done about it.
                        shown = notify_rust::Notification::new()
                            .appname("Hedgerow")
                            .icon("org.hedgerow.Hedgerow")
                            .summary(&title)
                            .body(&body)
                            .hint(Hint::Category("im.received".into()))
                            .hint(Hint::DesktopEntry("org.hedgerow.Hedgerow".into()))
                            .show()
                            .ok();
                    }
                }
            })?;
        Ok(Self(orders))
    }

    /// Shows one in place of the one before. `said` words what the view-model leaves out.
    pub fn show(&self, notification: &Notification, said: impl Fn(u64) -> String) {
        let title = match &notification.name {
            Some(name) => name.0.clone(),
            None => "Hedgerow".to_owned(),
        };
        let body = match &notification.text {
            Some(text) => escape(&text.0),
            None => said(notification.unread),
        };
        // A full queue has said that there is something.
        let _ = self.0.try_send(Order::Show { title, body });
    }

    /// Takes back what is shown.
    pub fn clear(&self) {
        // A thread that has ended shows nothing.
        let _ = self.0.try_send(Order::Clear);
    }
}

/// The service takes a little markup: what a contact wrote is none.
fn escape(text: &str) -> String {
    html_escape::encode_text(text).into_owned()
}

//! Notifications, through the desktop's service. Without such a service there are none.

use std::io;

use hedgerow_node::api::ConversationId;
use notify_rust::{Hint, NotificationHandle, NotificationResponse};
use tokio::runtime;
use tokio::sync::mpsc;

use crate::model::Notification;

/// The most notifications that wait to be shown. We drop more, because the title counts all messages.
const MAX_WAITING: usize = 16;

/// The service's name for a click on the notification itself.
const CLICK: &str = "default";

/// Shows notifications from a thread of its own, because the service may take long.
pub struct Notices(mpsc::Sender<Order>);

/// The words of a notification beside those of the view-model.
pub struct Said {
    /// The words in place of a text that is not shown.
    pub instead: String,
    /// The label of a click.
    pub click: String,
}

/// What the service is to show.
fn shown(notification: &Notification, said: Said, sound: bool) -> Shown {
    let title = match &notification.name {
        Some(name) => name.0.clone(),
        None => "Hedgerow".to_owned(),
    };
    let body = match &notification.text {
        Some(text) => escape(&text.0),
        None => said.instead,
    };
    Shown {
        conversation: notification.conversation.clone(),
        title,
        body,
        click: said.click,
        sound,
    }
}

enum Order {
    Show(Box<Shown>),
    /// In place of what is on screen, if anything is.
    Change(Box<Shown>),
    Clear,
}

struct Shown {
    conversation: ConversationId,
    title: String,
    body: String,
    click: String,
    sound: bool,
}

/// The sound of a message, by its name in the sound naming specification.
const SOUND: &str = "message-new-instant";

impl Notices {
    /// Starts the thread, which calls `clicked` with the conversation of a clicked notification.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(clicked: impl Fn(ConversationId) + Send + 'static) -> io::Result<Self> {
        let (orders, ordered) = mpsc::channel(MAX_WAITING);
        let runtime = runtime::Builder::new_current_thread().build()?;
        std::thread::Builder::new()
            .name("notices".into())
            .spawn(move || runtime.block_on(execute(ordered, clicked)))?;
        Ok(Self(orders))
    }

    /// Shows a notification in place of the one before.
    pub fn show(&self, notification: &Notification, said: Said) {
        let shown = shown(notification, said, notification.sound);
        // If the queue is full, the user has notifications enough.
        let _ = self.0.try_send(Order::Show(Box::new(shown)));
    }

    /// Has the notification on screen say this, without a sound. One that the user has closed does not come again.
    pub fn change(&self, notification: &Notification, said: Said) {
        let shown = shown(notification, said, false);
        if self.0.try_send(Order::Change(Box::new(shown))).is_err() {
            // What it says now is true no more.
            self.clear();
        }
    }

    /// Withdraws the notification on screen.
    pub fn clear(&self) {
        // A thread that has ended shows nothing.
        let _ = self.0.try_send(Order::Clear);
    }
}

/// Executes orders until the application ends.
async fn execute(mut orders: mpsc::Receiver<Order>, clicked: impl Fn(ConversationId)) {
    let mut shown: Option<(NotificationHandle, ConversationId)> = None;
    loop {
        let order = match &shown {
            None => orders.recv().await,
            Some((handle, conversation)) => tokio::select! {
                order = orders.recv() => order,
                () = handle.wait_for_action_async(|response| {
                    if matches!(response, NotificationResponse::Default) {
                        clicked(conversation.clone());
                    }
                }) => {
                    shown = None;
                    continue;
                }
            },
        };
        let Some(order) = order else { return };
        let before = shown.take().map(|(before, _)| before);
        let (wanted, instead_of) = match order {
            // One that the user has closed is not there to change.
            Order::Change(wanted) => (before.is_some().then_some(wanted), before),
            Order::Show(wanted) => (Some(wanted), close(before).await),
            Order::Clear => (None, close(before).await),
        };
        if let Some(wanted) = wanted {
            shown = ask(*wanted, instead_of.map(|before| before.id())).await;
        }
    }
}

/// Closes a notification. Nothing is left of it.
async fn close(shown: Option<NotificationHandle>) -> Option<NotificationHandle> {
    if let Some(shown) = shown {
        shown.close_async().await;
    }
    None
}

/// Asks the service to show a notification, in place of the one with this number. Without the service we can do nothing.
async fn ask(
    wanted: Shown,
    instead_of: Option<u32>,
) -> Option<(NotificationHandle, ConversationId)> {
    let sound = match wanted.sound {
        true => Hint::SoundName(SOUND.into()),
        false => Hint::SuppressSound(true),
    };
    let mut notification = notify_rust::Notification::new();
    notification
        .appname("Hedgerow")
        .icon("org.hedgerow.Hedgerow")
        .summary(&wanted.title)
        .body(&wanted.body)
        .action(CLICK, &wanted.click)
        .hint(Hint::Category("im.received".into()))
        .hint(sound)
        .hint(Hint::DesktopEntry("org.hedgerow.Hedgerow".into()));
    if let Some(number) = instead_of {
        notification.id(number);
    }
    let handle = notification.show_async().await.ok()?;
    Some((handle, wanted.conversation))
}

/// Escapes what a contact wrote, because the service understands a little markup.
fn escape(text: &str) -> String {
    html_escape::encode_text(text).into_owned()
}

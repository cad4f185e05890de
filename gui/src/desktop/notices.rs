//! Notifications, through the desktop's service. Where there is none, nothing is shown.

use std::io;

use hedgerow_node::api::ConversationId;
use notify_rust::{Hint, NotificationHandle, NotificationResponse};
use tokio::runtime;
use tokio::sync::mpsc;

use crate::model::Notification;

/// Notifications that wait to be shown; more are dropped, as the count in the title tells of all.
const MAX_WAITING: usize = 16;

/// What the service calls a click on the notification itself.
const CLICK: &str = "default";

/// Shows notifications, from a thread of its own: the service may take its time.
pub struct Notices(mpsc::Sender<Order>);

/// What stands in a notification besides what the view-model says.
pub struct Said {
    /// In place of a text that is not shown.
    pub instead: String,
    /// What a click does.
    pub click: String,
}

enum Order {
    Show(Box<Shown>),
    Clear,
}

struct Shown {
    conversation: ConversationId,
    title: String,
    body: String,
    click: String,
    sound: bool,
}

/// What the desktop plays for a message, by its name in the sound naming specification.
const SOUND: &str = "message-new-instant";

impl Notices {
    /// Starts the thread. `clicked` hears there whose notification was clicked.
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

    /// Shows one in place of the one before.
    pub fn show(&self, notification: &Notification, said: Said) {
        let title = match &notification.name {
            Some(name) => name.0.clone(),
            None => "Hedgerow".to_owned(),
        };
        let body = match &notification.text {
            Some(text) => escape(&text.0),
            None => said.instead,
        };
        // A full queue has said that there is something.
        let _ = self.0.try_send(Order::Show(Box::new(Shown {
            conversation: notification.conversation.clone(),
            title,
            body,
            click: said.click,
            sound: notification.sound,
        })));
    }

    /// Takes back what is shown.
    pub fn clear(&self) {
        // A thread that has ended shows nothing.
        let _ = self.0.try_send(Order::Clear);
    }
}

/// Until the application ends.
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
        if let Some((before, _)) = shown.take() {
            before.close_async().await;
        }
        if let Order::Show(wanted) = order {
            // Without the service there is nothing to be done about it.
            let sound = match wanted.sound {
                true => Hint::SoundName(SOUND.into()),
                false => Hint::SuppressSound(true),
            };
            let handle = notify_rust::Notification::new()
                .appname("Hedgerow")
                .icon("org.hedgerow.Hedgerow")
                .summary(&wanted.title)
                .body(&wanted.body)
                .action(CLICK, &wanted.click)
                .hint(Hint::Category("im.received".into()))
                .hint(sound)
                .hint(Hint::DesktopEntry("org.hedgerow.Hedgerow".into()))
                .show_async()
                .await;
            shown = handle.ok().map(|handle| (handle, wanted.conversation));
        }
    }
}

/// The service takes a little markup: what a contact wrote is none.
fn escape(text: &str) -> String {
    html_escape::encode_text(text).into_owned()
}

//! What a person does.

use hedgerow_node::api::{ContactId, ConversationId};

use super::adding::AddingAction;
use super::arranging::ArrangingAction;
use super::attaching::AttachAction;
use super::bluetooth::BluetoothAction;
use super::carrying::CarryAction;
use super::chats::ChatsAction;
use super::dialog::DialogAction;
use super::door::DoorAction;
use super::files::FileAction;
use super::founding::FoundingAction;
use super::group::GroupAction;
use super::media::MediaAction;
use super::network::NetworkAction;
use super::paths::PathsAction;
use super::person::PersonAction;
use super::picker::PickerAction;
use super::place::SettingsPage;
use super::playing::PlayingAction;
use super::preferences::Preference;
use super::presence::WindowAction;
use super::recording::RecordingAction;
use super::relays::RelaysAction;
use super::scanning::ScanningAction;
use super::searching::SearchingAction;
use super::settings::SettingsAction;
use super::starred::StarredAction;
use super::storage::StorageAction;
use super::thread::ThreadAction;
use super::viewer::ViewerAction;

/// Something that a person did or the desktop reports. The actions of a page are in the file of the page.
#[derive(Clone)]
pub enum Action {
    /// The time that [`App::wake_at`](super::App::wake_at) gave has come.
    Tick,
    /// The user used a key or the pointer, so the screen does not lock yet.
    Touched,
    /// The notification about this conversation was clicked.
    OpenNotified(ConversationId),
    /// One step back.
    Back,
    /// Add a contact.
    ShowAdding,
    /// The network page.
    ShowNetwork,
    /// A page of the settings.
    ShowSettings(SettingsPage),
    /// Leave the settings, from any of their pages.
    LeaveSettings,
    /// The list of conversations.
    ShowList,
    /// The list of keyboard shortcuts.
    ShowKeys,
    /// The page of a contact.
    ShowPerson(ContactId),
    /// The user changes a preference.
    Prefer(Preference),
    /// The banner was read.
    DismissBanner,
    /// The window on the desktop.
    Window(WindowAction),
    /// The first start, and both locks.
    Door(DoorAction),
    /// The dialog.
    Dialog(DialogAction),
    /// The list.
    Chats(ChatsAction),
    /// The conversation.
    Thread(ThreadAction),
    /// The picker of emoji.
    Picker(PickerAction),
    /// Adding a contact.
    Adding(AddingAction),
    /// Making a group.
    Founding(FoundingAction),
    /// The page of a group.
    Group(GroupAction),
    /// The page of a contact.
    Person(PersonAction),
    /// The network page.
    Network(NetworkAction),
    /// Messages carried by hand.
    Carry(CarryAction),
    /// The settings.
    Settings(SettingsAction),
    /// The page about storage.
    Storage(StorageAction),
    /// The search.
    Searching(SearchingAction),
    /// The starred messages.
    Starred(StarredAction),
    /// The files of a conversation.
    Media(MediaAction),
    /// The viewer of pictures.
    Viewer(ViewerAction),
    /// The voice note that plays.
    Playing(PlayingAction),
    /// The voice note that is recorded.
    Recording(RecordingAction),
}

impl Action {
    /// Whether it can come although the user touched nothing.
    pub(super) fn happens_by_itself(&self) -> bool {
        matches!(
            self,
            Self::Tick
                | Self::Window(
                    WindowAction::Focused(_) | WindowAction::Tray(_) | WindowAction::Still(_)
                )
                | Self::Door(DoorAction::LinkOpened(_))
                | Self::Prefer(Preference::Window { .. })
                | Self::Thread(
                    ThreadAction::Seen(_)
                        | ThreadAction::Hidden(_)
                        | ThreadAction::LeftEnd
                        | ThreadAction::NearTop
                        | ThreadAction::NearBottom
                )
                | Self::Media(MediaAction::Saw(_) | MediaAction::NearEnd)
                | Self::Playing(PlayingAction::Report(..))
                | Self::Adding(AddingAction::Scanning(ScanningAction::Camera(_)))
        )
    }
}

/// Makes the actions of each page actions of the application.
macro_rules! of_page {
    ($($page:ident($action:ty) in $whole:ident;)*) => {
        $(impl From<$action> for Action {
            fn from(action: $action) -> Self {
                $whole::$page(action).into()
            }
        })*
    };
}

of_page! {
    Window(WindowAction) in Action;
    Door(DoorAction) in Action;
    Dialog(DialogAction) in Action;
    Chats(ChatsAction) in Action;
    Arranging(ArrangingAction) in ChatsAction;
    Thread(ThreadAction) in Action;
    File(FileAction) in ThreadAction;
    Attach(AttachAction) in ThreadAction;
    Picker(PickerAction) in Action;
    Adding(AddingAction) in Action;
    Scanning(ScanningAction) in AddingAction;
    Founding(FoundingAction) in Action;
    Group(GroupAction) in Action;
    Person(PersonAction) in Action;
    Network(NetworkAction) in Action;
    Bluetooth(BluetoothAction) in NetworkAction;
    Relays(RelaysAction) in NetworkAction;
    Paths(PathsAction) in NetworkAction;
    Settings(SettingsAction) in Action;
    Storage(StorageAction) in Action;
    Searching(SearchingAction) in Action;
    Starred(StarredAction) in Action;
    Media(MediaAction) in Action;
    Viewer(ViewerAction) in Action;
    Carry(CarryAction) in Action;
    Playing(PlayingAction) in Action;
    Recording(RecordingAction) in Action;
}

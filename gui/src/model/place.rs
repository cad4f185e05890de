//! Where in the application the user is.

use hedgerow_node::api::Refusal;

/// What fills the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Nothing is known yet.
    Starting,
    /// First start.
    Welcome,
    /// The node is locked.
    Unlock,
    /// The screen is locked; the node is on the air.
    ScreenLocked,
    /// Everything is destroyed.
    Wiped,
    /// The application, with this pane beside the list.
    Main(Pane),
    /// There is no node.
    Failed(Refusal),
}

/// The pane beside the list or, in a narrow window, instead of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Pane {
    /// Only the list.
    Nothing,
    Thread,
    /// The search in all conversations.
    Search,
    /// The starred messages.
    Starred,
    /// The files of a conversation.
    Media,
    Person,
    Adding,
    /// Making a group.
    Founding,
    Group,
    Network,
    Settings(SettingsPage),
}

/// A page of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SettingsPage {
    /// The list of pages.
    Overview,
    Profile,
    Security,
    Storage,
    Notifications,
    Writing,
    Appearance,
    Language,
    HowItWorks,
    Threats,
    About,
    Licences,
}

/// The most steps back that we remember.
const MAX_STEPS: usize = 16;

/// The steps back.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<Pane>);

impl Steps {
    /// Remembers the pane that the user leaves.
    pub fn leave(&mut self, pane: Pane) {
        if self.0.len() == MAX_STEPS {
            self.0.remove(0);
        }
        self.0.push(pane);
    }

    /// Forgets all steps.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes the pane from which the last step led; the list if there is none.
    pub fn back(&mut self) -> Pane {
        self.0.pop().unwrap_or(Pane::Nothing)
    }

    /// Forgets steps to panes that no longer exist.
    pub fn retain(&mut self, keep: impl FnMut(&Pane) -> bool) {
        self.0.retain(keep);
    }
}

/// The parts that have changed since the binding last looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is the field of `App` or `Context` of that name"
)]
pub struct Changed {
    pub place: bool,
    pub chats: bool,
    /// Anything of the thread except its rows.
    pub thread: bool,
    /// The rows of the thread.
    pub rows: bool,
    pub picker: bool,
    pub searching: bool,
    pub starred: bool,
    pub storage: bool,
    pub media: bool,
    pub viewer: bool,
    pub playing: bool,
    pub adding: bool,
    pub founding: bool,
    pub group: bool,
    pub person: bool,
    pub network: bool,
    pub settings: bool,
    pub door: bool,
    pub dialog: bool,
    pub banner: bool,
    /// `me`, `mode`, `storage_bytes`.
    pub node: bool,
}

impl Changed {
    /// Everything.
    pub const ALL: Self = Self {
        place: true,
        chats: true,
        thread: true,
        rows: true,
        picker: true,
        searching: true,
        starred: true,
        storage: true,
        media: true,
        viewer: true,
        playing: true,
        adding: true,
        founding: true,
        group: true,
        person: true,
        network: true,
        settings: true,
        door: true,
        dialog: true,
        banner: true,
        node: true,
    };

    /// What has changed in either.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            place: self.place || other.place,
            chats: self.chats || other.chats,
            thread: self.thread || other.thread,
            rows: self.rows || other.rows,
            picker: self.picker || other.picker,
            searching: self.searching || other.searching,
            starred: self.starred || other.starred,
            storage: self.storage || other.storage,
            media: self.media || other.media,
            viewer: self.viewer || other.viewer,
            playing: self.playing || other.playing,
            adding: self.adding || other.adding,
            founding: self.founding || other.founding,
            group: self.group || other.group,
            person: self.person || other.person,
            network: self.network || other.network,
            settings: self.settings || other.settings,
            door: self.door || other.door,
            dialog: self.dialog || other.dialog,
            banner: self.banner || other.banner,
            node: self.node || other.node,
        }
    }

    /// Whether anything has changed.
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

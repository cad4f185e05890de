//! What the files of each conversation take on this device, and freeing those that are old.

use std::mem::take;

use hedgerow_node::api::{ConversationId, FilesUse, HostCall, Refusal, StorageUse};

use super::banner::Banner;
use super::context::Context;
use super::dialog::Dialog;
use super::effect::Request;
use super::face::Face;
use super::outcome::Outcome;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What a person does on the page about storage.
#[derive(Clone)]
pub enum StorageAction {
    /// Ask whether to free the old files of this conversation.
    AskDrop(ConversationId),
}

/// How old files are that are freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Thirty days.
    Month,
    /// Ninety days.
    Season,
    /// A year.
    Year,
}

impl Age {
    /// In days.
    pub fn days(self) -> u16 {
        match self {
            Self::Month => 30,
            Self::Season => 90,
            Self::Year => 365,
        }
    }

    /// What was sent before this moment is as old, Unix milliseconds.
    fn before_ms(self, context: &Context) -> i64 {
        context.now.wall_ms - i64::from(self.days()) * DAY_MS
    }
}

/// Files that are old enough to be freed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OldFiles {
    /// Those that can be freed, or are.
    pub free: FilesUse,
    /// Those of ours that have not reached everybody, and so stay.
    pub kept: FilesUse,
}

/// Free the old files of a conversation?
#[derive(Clone, PartialEq, Eq)]
pub struct Dropping {
    /// Its name.
    pub name: String,
    /// How old.
    pub age: Age,
    /// What there is, once the node has said so.
    pub found: Option<OldFiles>,
    conversation: ConversationId,
    /// The last request was about files from before this moment, Unix milliseconds.
    before_ms: i64,
}

impl Dropping {
    fn new(conversation: ConversationId, name: String, context: &Context) -> Self {
        Self {
            name,
            age: Age::Season,
            found: None,
            before_ms: Age::Season.before_ms(context),
            conversation,
        }
    }

    /// Another age is chosen.
    pub(super) fn choose(&mut self, age: Age, context: &Context) -> Outcome {
        self.age = age;
        self.found = None;
        self.before_ms = age.before_ms(context);
        self.count()
    }

    /// Asks how much that is.
    fn count(&self) -> Outcome {
        Outcome::ask(Request::CountOld {
            conversation: self.conversation.clone(),
            before_ms: self.before_ms,
        })
    }

    /// The node has counted.
    pub(super) fn counted(&mut self, of: &ConversationId, before_ms: i64, found: OldFiles) -> bool {
        let is_it = self.conversation == *of && self.before_ms == before_ms;
        if is_it {
            self.found = Some(found);
        }
        is_it
    }

    /// There is something to free.
    pub fn may_go_on(&self) -> bool {
        self.found.is_some_and(|found| found.free.files > 0)
    }

    /// The user has agreed.
    pub(super) fn agreed(self) -> Option<Outcome> {
        self.may_go_on().then(|| Outcome::DropOld {
            of: self.found.map_or(0, |found| found.free.files),
            conversation: self.conversation,
            before_ms: self.before_ms,
        })
    }
}

/// What the files of a conversation take.
#[derive(Clone, PartialEq, Eq)]
pub struct StorageRow {
    /// Which.
    pub id: ConversationId,
    /// What it is called.
    pub name: String,
    /// What their senders call pictures.
    pub pictures: FilesUse,
    /// All others.
    pub others: FilesUse,
    /// Those of ours among them that have not reached everybody.
    pub undelivered: FilesUse,
    /// How many of its old files are freed by now, and of how many, while they are being freed.
    pub dropping: Option<(u64, u64)>,
}

/// The page.
#[derive(Default)]
pub struct Storage {
    /// The bytes that files may still take, once known.
    pub free: Option<u64>,
    /// What each conversation takes, the largest first.
    pub rows: Vec<StorageRow>,
    used: Option<StorageUse>,
    /// The conversation whose old files are being freed: how many are, and of how many.
    dropping: Option<(ConversationId, u64, u64)>,
    changed: bool,
}

impl Storage {
    /// Asks what takes room.
    pub(super) fn look() -> Outcome {
        Outcome::ask(HostCall::Storage)
    }

    pub(super) fn act(&mut self, action: StorageAction, context: &Context) -> Vec<Outcome> {
        let StorageAction::AskDrop(id) = action;
        // One after the other.
        let row = self.rows.iter().find(|row| row.id == id);
        let Some(row) = row.filter(|_| self.dropping.is_none()) else {
            return Vec::new();
        };
        let dropping = Dropping::new(id, row.name.clone(), context);
        let count = dropping.count();
        vec![Outcome::Show(Dialog::DropOld(dropping)), count]
    }

    /// Begins to free old files.
    pub(super) fn drop_old(
        &mut self,
        conversation: ConversationId,
        before_ms: i64,
        of: u64,
        context: &Context,
    ) -> Vec<Outcome> {
        if self.dropping.is_some() {
            return Vec::new();
        }
        self.dropping = Some((conversation.clone(), 0, of));
        self.draw(context);
        vec![Outcome::ask(Request::DropOld {
            conversation,
            before_ms,
        })]
    }

    /// So many are freed by now.
    pub(super) fn goes_on(&mut self, of: &ConversationId, freed: u64, context: &Context) {
        if let Some((conversation, done, _)) = &mut self.dropping
            && conversation == of
        {
            *done = freed;
            self.draw(context);
        }
    }

    /// The old files are freed, or could not all be.
    pub(super) fn dropped(
        &mut self,
        of: &ConversationId,
        answer: Result<OldFiles, Refusal>,
        context: &Context,
    ) -> Vec<Outcome> {
        self.dropping
            .take_if(|(conversation, ..)| conversation == of);
        self.draw(context);
        let told = match answer {
            Ok(freed) => Outcome::Tell(Banner::OldFilesFreed(freed.free.bytes)),
            Err(refusal) => Outcome::Refused(refusal),
        };
        vec![told, Self::look()]
    }

    /// The node tells what takes room.
    pub(super) fn know(&mut self, used: StorageUse, context: &Context) {
        self.used = Some(used);
        self.draw(context);
    }

    /// Forgets what a locked screen must not hold.
    pub(super) fn forget(&mut self) {
        *self = Self {
            changed: true,
            ..Self::default()
        };
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }

    fn draw(&mut self, context: &Context) {
        self.changed = true;
        let Some(used) = &self.used else { return };
        self.free = Some(used.free);
        let rows = used.conversations.iter().filter_map(|used| {
            let known = context.conversations.get(&used.conversation)?;
            let dropping = self.dropping.as_ref();
            let dropping = dropping.filter(|(id, ..)| *id == used.conversation);
            Some(StorageRow {
                id: used.conversation.clone(),
                name: Face::of_conversation(&known.conversation, context).name,
                pictures: used.pictures,
                others: used.others,
                undelivered: used.undelivered,
                dropping: dropping.map(|(_, done, of)| (*done, *of)),
            })
        });
        self.rows = rows.collect();
    }
}

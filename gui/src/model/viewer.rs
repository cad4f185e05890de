//! The viewer: one picture of a conversation as large as the window, and the way to the ones before and after it.

use std::mem::take;

use hedgerow_node::api::{
    Call, ConversationId, FileState, FilesPage, Message, MessageFile, MessageId, Refusal,
};

use super::answering::Authors;
use super::calendar::When;
use super::context::Context;
use super::effect::Request;
use super::files::{FileCard, ThreadFiles};
use super::outcome::Outcome;
use super::pictures::Pictures;
use super::previews::Picture;

/// As many messages with files are asked for at a time.
const PAGE: u32 = 50;

/// The next page is asked for when this few pictures are left before the shown one, or after it.
const NEAR: usize = 3;

/// The most messages with files between the known pictures and the newest, of which pages are gathered.
const MAX_GAP: usize = 2_000;

/// What a person does in the viewer.
#[derive(Clone)]
pub enum ViewerAction {
    /// Leave it.
    Close,
    /// To the next picture of the conversation, or to the one before.
    Step {
        /// To the one that was sent after this.
        later: bool,
    },
    /// Ask for the picture, or do not load it any further.
    Load(bool),
    /// Save it among the downloads.
    Save,
    /// To its message.
    GoToMessage,
}

/// The picture itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whole {
    /// It is not on this device.
    NotHere,
    /// It is being decoded.
    Awaited,
    /// It is here.
    Here(Picture),
    /// It cannot be decoded.
    Unfit,
}

/// The open viewer.
pub struct Viewer {
    /// Who sent the picture; `None` is ourselves.
    pub sender: Option<String>,
    /// When.
    pub time: When,
    /// Its file.
    pub card: FileCard,
    /// The picture itself.
    pub whole: Whole,
    /// There is one before it.
    pub has_earlier: bool,
    /// There is one after it.
    pub has_later: bool,
    pictures: Pictures,
    files: ThreadFiles,
    /// Pictures before the first one are not all known.
    has_older: bool,
    asks_older: bool,
    later: Later,
    /// The message has changed since the node told it.
    is_stale: bool,
}

/// The search for pictures after the last known one. The node tells messages with files from the newest back.
#[derive(Default)]
struct Later {
    /// All are known.
    done: bool,
    /// The page that is asked for begins before this message.
    asked: Option<Option<MessageId>>,
    /// The pages before it, the newest first: they do not reach what is known yet.
    gathered: Vec<Message>,
    /// Where the next page begins, if there was one.
    next: Option<MessageId>,
}

/// The viewer, if it is open.
#[derive(Default)]
pub struct ViewerPage {
    /// It.
    pub open: Option<Viewer>,
    /// The picture that is being decoded: one at a time, however fast somebody steps.
    decoding: Option<(ConversationId, MessageId)>,
    changed: bool,
}

impl ViewerPage {
    /// Opens the viewer.
    pub(super) fn show(&mut self, pictures: Pictures, context: &Context) {
        let message = pictures.shown();
        let files = ThreadFiles::default();
        let Some(card) = card(message, &pictures.conversation, &files, context) else {
            return;
        };
        let mut viewer = Viewer {
            sender: None,
            time: context.calendar.when(message.time_ms),
            card,
            whole: Whole::NotHere,
            has_earlier: false,
            has_later: false,
            pictures,
            files,
            has_older: true,
            asks_older: false,
            later: Later::default(),
            is_stale: false,
        };
        viewer.turn(context);
        self.open = Some(viewer);
        self.changed = true;
    }

    pub(super) fn act(&mut self, action: ViewerAction, context: &Context) -> Vec<Outcome> {
        let Some(viewer) = &mut self.open else {
            return Vec::new();
        };
        self.changed = true;
        let conversation = viewer.pictures.conversation.clone();
        let id = viewer.message().id.clone();
        match action {
            ViewerAction::Close => self.close(),
            ViewerAction::Step { later } => {
                if viewer.pictures.step(later) {
                    viewer.turn(context);
                }
            }
            ViewerAction::Load(wanted) => {
                return vec![Outcome::ask(Call::WantFile(conversation, id, wanted))];
            }
            ViewerAction::Save => {
                if viewer.files.saves(&id) {
                    viewer.draw(context);
                    return vec![Outcome::ask(Request::SaveFile { conversation, id })];
                }
            }
            ViewerAction::GoToMessage => {
                self.close();
                return vec![Outcome::OpenChat(conversation), Outcome::JumpTo(id)];
            }
        }
        Vec::new()
    }

    /// Leaves the viewer.
    pub(super) fn close(&mut self) {
        self.changed |= self.open.take().is_some();
    }

    /// Asks for what is to be shown and is not known yet.
    pub(super) fn settle(&mut self) -> Vec<Outcome> {
        let Some(viewer) = &mut self.open else {
            return Vec::new();
        };
        let conversation = viewer.pictures.conversation.clone();
        let mut requests = Vec::new();
        if take(&mut viewer.is_stale) {
            requests.push(Request::File {
                conversation: conversation.clone(),
                id: viewer.message().id.clone(),
            });
        }
        if viewer.whole == Whole::Awaited && self.decoding.is_none() {
            let id = viewer.message().id.clone();
            self.decoding = Some((conversation.clone(), id.clone()));
            requests.push(Request::Picture {
                conversation: conversation.clone(),
                id,
            });
        }
        let has_small = viewer.message().file.as_ref().is_some_and(|it| it.preview);
        let here = has_small.then(|| viewer.message().id.clone());
        for id in viewer.files.previews.want(here.iter()).ask {
            requests.push(Request::Preview {
                conversation: conversation.clone(),
                id,
            });
        }
        if viewer.has_older && !viewer.asks_older && viewer.pictures.before() < NEAR {
            viewer.asks_older = true;
            requests.push(Request::Files {
                conversation: conversation.clone(),
                before: Some(viewer.pictures.oldest().clone()),
                limit: PAGE,
            });
        }
        let later = &mut viewer.later;
        if !later.done && later.asked.is_none() && viewer.pictures.after() < NEAR {
            let before = later.next.clone();
            later.asked = Some(before.clone());
            requests.push(Request::Files {
                conversation,
                before,
                limit: PAGE,
            });
        }
        requests.into_iter().map(Outcome::ask).collect()
    }

    /// The node tells the messages with files before this one, or the newest.
    pub(super) fn know_files(
        &mut self,
        of: &ConversationId,
        before: Option<&MessageId>,
        answer: &Result<FilesPage, Refusal>,
        context: &Context,
    ) {
        let Some(viewer) = self.at(of) else { return };
        let later = &mut viewer.later;
        if later
            .asked
            .take_if(|asked| asked.as_ref() == before)
            .is_some()
        {
            match answer {
                Ok(page) => later.gather(page, &mut viewer.pictures),
                Err(_) => later.done = true,
            }
            viewer.draw(context);
            self.changed = true;
            return;
        }
        if !viewer.asks_older || Some(viewer.pictures.oldest()) != before {
            return;
        }
        viewer.asks_older = false;
        viewer.has_older = answer.as_ref().is_ok_and(|page| page.older.is_some());
        if let Ok(page) = answer {
            viewer.pictures.add_older(page.messages.clone());
            viewer.draw(context);
            self.changed = true;
        }
    }

    /// Something else is told of a message.
    pub(super) fn message_changed(&mut self, of: &ConversationId, id: &MessageId) {
        if let Some(viewer) = self.at(of).filter(|viewer| viewer.message().id == *id) {
            viewer.is_stale = true;
        }
    }

    /// Messages have come.
    pub(super) fn look(&mut self, of: &ConversationId) {
        if let Some(viewer) = self.at(of) {
            viewer.later.done = false;
        }
    }

    /// Anything may have changed.
    pub(super) fn reload(&mut self) {
        if let Some(viewer) = &mut self.open {
            viewer.is_stale = true;
            viewer.later.done = false;
        }
    }

    /// A message with a file, as it is now.
    pub(super) fn know(&mut self, of: &ConversationId, message: &Message, context: &Context) {
        if message.file.is_none() {
            return self.message_gone(of, &message.id, context);
        }
        if let Some(viewer) = self.at(of)
            && viewer.pictures.update(message)
        {
            viewer.refresh(context);
            self.changed = true;
        }
    }

    /// A message has gone: the viewer goes on to a picture beside it.
    pub(super) fn message_gone(&mut self, of: &ConversationId, id: &MessageId, context: &Context) {
        let is_there = self.at(of).is_some();
        let Some(mut viewer) = self.open.take_if(|_| is_there) else {
            return;
        };
        let was_shown = viewer.message().id == *id;
        viewer.later.gathered.retain(|one| one.id != *id);
        self.changed = true;
        if let Some(pictures) = viewer.pictures.without(id) {
            viewer.pictures = pictures;
            match was_shown {
                true => viewer.turn(context),
                false => viewer.draw(context),
            }
            self.open = Some(viewer);
        }
    }

    /// A conversation is gone.
    pub(super) fn drop_chat(&mut self, id: &ConversationId) {
        if self.at(id).is_some() {
            self.close();
        }
    }

    /// A small picture is decoded, or cannot be.
    pub(super) fn know_preview(
        &mut self,
        of: &ConversationId,
        id: &MessageId,
        picture: Option<&Picture>,
        context: &Context,
    ) {
        if let Some(viewer) = self.at(of)
            && viewer.files.previews.told(id, picture)
        {
            viewer.draw(context);
            self.changed = true;
        }
    }

    /// A picture is decoded, or cannot be.
    pub(super) fn know_whole(
        &mut self,
        of: &ConversationId,
        id: &MessageId,
        picture: Option<Picture>,
    ) {
        self.decoding
            .take_if(|(conversation, message)| conversation == of && message == id);
        if let Some(viewer) = self.at(of).filter(|viewer| viewer.message().id == *id) {
            viewer.whole = picture.map_or(Whole::Unfit, Whole::Here);
            self.changed = true;
        }
    }

    /// The picture is saved, or could not be.
    pub(super) fn file_saved(&mut self, of: &ConversationId, id: &MessageId, context: &Context) {
        if let Some(viewer) = self.at(of) {
            viewer.files.saved(id);
            viewer.draw(context);
            self.changed = true;
        }
    }

    /// The node is gone, and what it was asked for.
    pub(super) fn forget(&mut self) {
        self.close();
        self.decoding = None;
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }

    fn at(&mut self, of: &ConversationId) -> Option<&mut Viewer> {
        let open = self.open.as_mut();
        open.filter(|viewer| viewer.pictures.conversation == *of)
    }
}

impl Later {
    /// Takes in a page, and all pages when they reach what is known.
    fn gather(&mut self, page: &FilesPage, pictures: &mut Pictures) {
        let known = pictures.newest().position;
        let later = page.messages.iter().take_while(|one| one.position > known);
        let before = self.gathered.len();
        self.gathered.extend(later.cloned());
        let reaches = self.gathered.len() - before < page.messages.len();
        self.next = page.older.clone().filter(|_| !reaches);
        if self.next.is_none() {
            pictures.add_newer(take(&mut self.gathered));
            self.done = true;
        } else if self.gathered.len() > MAX_GAP {
            *self = Self {
                done: true,
                ..Self::default()
            };
        }
    }
}

impl Viewer {
    /// The message of the picture.
    pub fn message(&self) -> &Message {
        self.pictures.shown()
    }

    /// Shows the same picture, whose message may say something else now. What is decoded stays.
    fn refresh(&mut self, context: &Context) {
        let before = self.whole.clone();
        self.turn(context);
        if self.whole == Whole::Awaited && before != Whole::NotHere {
            self.whole = before;
        }
    }

    /// Shows another picture.
    fn turn(&mut self, context: &Context) {
        let is_here = |file: &MessageFile| file.state == FileState::Here;
        self.whole = match self.message().file.as_ref().is_some_and(is_here) {
            true => Whole::Awaited,
            false => Whole::NotHere,
        };
        self.draw(context);
    }

    fn draw(&mut self, context: &Context) {
        let message = self.pictures.shown();
        let author = message.author.as_ref();
        self.sender = author.map(|author| context.contacts.name_of(author));
        self.time = context.calendar.when(message.time_ms);
        if let Some(card) = card(message, &self.pictures.conversation, &self.files, context) {
            self.card = card;
        }
        self.has_earlier = self.pictures.before() > 0;
        self.has_later = self.pictures.after() > 0;
    }
}

fn card(
    message: &Message,
    of: &ConversationId,
    files: &ThreadFiles,
    context: &Context,
) -> Option<FileCard> {
    let known = context.conversations.get(of)?;
    let authors = Authors::of(&known.conversation, context);
    FileCard::of(message, &authors, None, files)
}

//! What the application promises, without a window.

mod adding;
mod aloud;
mod answering;
mod anything;
mod arranging;
mod conversation;
mod deleting;
mod door;
mod files;
mod forwarding;
mod list;
mod locking;
mod media;
mod names;
mod ownership;
mod pages;
mod picker;
mod previews;
mod saying;
mod scanning;
mod searching;
mod starred;
mod storage;
mod timing;
mod viewer;

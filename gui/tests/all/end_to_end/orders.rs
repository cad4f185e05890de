//! What a test says to a window, and hears from it: a line of JSON each.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where a window keeps its data, and where the clipboard of its desktop is.
pub const DATA: &str = "HEDGEROW_TEST_DATA";
pub const CLIPBOARD: &str = "HEDGEROW_TEST_CLIPBOARD";

/// Answers begin with it: the test harness writes on the same stream.
pub const ANSWER: &str = "= ";

/// How long what must come about may take: turns a hang into a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a person does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Order {
    /// Click on what has this label, once it is there and can be used.
    Click(String),
    /// Type, where the cursor is.
    Type(String),
    /// Paste, where the cursor is.
    Paste,
    /// Wait for something with this label and this state.
    See { label: String, state: String },
    /// Tell everything that is shown.
    Look,
    /// Close the window.
    Close,
}

/// What comes of it.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    Done,
    Shown(Vec<Shown>),
    /// It did not come about. What is shown instead.
    Never(Vec<Shown>),
}

/// Something on screen, as a screen reader tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub role: String,
    pub label: String,
    pub state: String,
}

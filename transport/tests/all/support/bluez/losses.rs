//! Answers that are lost.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::watch;

use super::Index;

/// What a central asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// To be connected.
    Connect,
    /// What a device serves.
    Services,
    /// A value.
    Read,
    /// To be notified.
    Subscribe,
}

/// What is to be lost, and what was.
#[derive(Default)]
pub struct Losses {
    /// Of a peripheral, in this order.
    planned: BTreeMap<Index, VecDeque<Question>>,
    /// Whoever asks the same again waits too.
    lost: Vec<Lost>,
}

struct Lost {
    central: Index,
    peripheral: Index,
    question: Question,
    /// Closes for all who wait.
    open: watch::Sender<()>,
}

impl Losses {
    /// Loses the answers of a peripheral to these questions as they are asked, one after the other.
    pub fn plan(&mut self, of: Index, questions: &[Question]) {
        self.planned.insert(of, questions.to_vec().into());
    }

    /// How many of them are still to be lost.
    pub fn count(&self, of: Index) -> usize {
        self.planned.get(&of).map_or(0, VecDeque::len)
    }

    /// What the peripheral will not answer next.
    pub fn next(&self, of: Index) -> Option<Question> {
        self.planned.get(&of)?.front().copied()
    }

    /// If there is no answer: what closes when they are disconnected.
    pub fn ask(
        &mut self,
        central: Index,
        peripheral: Index,
        question: Question,
    ) -> Option<watch::Receiver<()>> {
        let asked = (central, peripheral, question);
        let mut lost = self.lost.iter();
        if let Some(same) =
            lost.find(|lost| (lost.central, lost.peripheral, lost.question) == asked)
        {
            return Some(same.open.subscribe());
        }
        if self.next(peripheral) != Some(question) {
            return None;
        }
        self.planned.get_mut(&peripheral)?.pop_front();
        let (open, closes) = watch::channel(());
        self.lost.push(Lost {
            central,
            peripheral,
            question,
            open,
        });
        Some(closes)
    }

    /// Whoever waits is told that two adapters are not connected any more.
    pub fn disconnect(&mut self, central: Index, peripheral: Index) {
        self.lost
            .retain(|lost| (lost.central, lost.peripheral) != (central, peripheral));
    }
}

//! Lost answers of peripherals.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::watch;

use super::Index;

/// A request of a central.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// To connect.
    Connect,
    /// To discover the services.
    Services,
    /// To read a value.
    Read,
    /// To subscribe.
    Subscribe,
}

/// Answers to lose, and requests whose answers were lost.
#[derive(Default)]
pub struct Losses {
    /// For each peripheral, in this order.
    planned: BTreeMap<Index, VecDeque<Question>>,
    /// A repeated request waits too.
    lost: Vec<Lost>,
}

struct Lost {
    central: Index,
    peripheral: Index,
    question: Question,
    /// Closes when the two disconnect.
    open: watch::Sender<()>,
}

impl Losses {
    /// Loses the answers of a peripheral to these questions, in this order.
    pub fn plan(&mut self, of: Index, questions: &[Question]) {
        self.planned.insert(of, questions.to_vec().into());
    }

    /// Number of answers still to lose.
    pub fn count(&self, of: Index) -> usize {
        self.planned.get(&of).map_or(0, VecDeque::len)
    }

    /// The next request that the peripheral will not answer.
    pub fn next(&self, of: Index) -> Option<Question> {
        self.planned.get(&of)?.front().copied()
    }

    /// `None` if there is an answer; otherwise a receiver that closes when the two disconnect.
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

    /// Wakes all who wait for an answer between these two adapters.
    pub fn disconnect(&mut self, central: Index, peripheral: Index) {
        self.lost
            .retain(|lost| (lost.central, lost.peripheral) != (central, peripheral));
    }
}

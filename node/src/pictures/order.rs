//! What the parent asks of the child: the child's arguments, since it has nothing else before it is in its sandbox.

use std::time::Duration;

#[cfg(feature = "simulation")]
use super::Trial;
use super::{Layers, Limits};

/// A box that pixels are to fit into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns of pixels.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
}

/// One task for one child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Encode the picture anew and make a preview.
    Prepare,
    /// Make a preview alone.
    Look,
    /// Give the pixels, scaled down to fit.
    Show(Size),
    /// Make a voice note of a file.
    Voice,
    /// Give the samples of a voice note.
    Play,
    /// Say what the sandbox holds. There is no source.
    Probe,
    /// Try what the sandbox forbids.
    #[cfg(feature = "simulation")]
    Try(Trial, Layers),
}

/// A task with its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub task: Task,
    /// What it may cost.
    pub limits: Limits,
}

impl Order {
    /// The arguments of the child, after the one that makes it a child.
    pub fn arguments(&self) -> Vec<String> {
        let Limits {
            source_bytes,
            pixels,
            sound,
            memory_bytes,
            answer_bytes,
            time,
        } = self.limits;
        let [sound_ms, time_ms] = [sound, time].map(|span| span.as_millis() as u64);
        let bounds = [
            source_bytes,
            pixels,
            sound_ms,
            memory_bytes,
            answer_bytes,
            time_ms,
        ];
        let mut arguments: Vec<String> = bounds.iter().map(u64::to_string).collect();
        match self.task {
            Task::Prepare => arguments.push("prepare".to_owned()),
            Task::Look => arguments.push("look".to_owned()),
            Task::Show(Size { width, height }) => {
                arguments.extend(["show".to_owned(), width.to_string(), height.to_string()]);
            }
            Task::Voice => arguments.push("voice".to_owned()),
            Task::Play => arguments.push("play".to_owned()),
            Task::Probe => arguments.push("probe".to_owned()),
            #[cfg(feature = "simulation")]
            Task::Try(trial, layers) => {
                let layers = layers.bits().to_string();
                arguments.extend(["try".to_owned(), trial.name().to_owned(), layers]);
            }
        }
        arguments
    }

    /// Reads the arguments; `None` if they are no order.
    pub fn parse<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Option<Order> {
        let mut arguments = arguments.into_iter();
        let mut bound = || arguments.next()?.parse::<u64>().ok();
        let limits = Limits {
            source_bytes: bound()?,
            pixels: bound()?,
            sound: Duration::from_millis(bound()?),
            memory_bytes: bound()?,
            answer_bytes: bound()?,
            time: Duration::from_millis(bound()?),
        };
        let task = match arguments.next()? {
            "prepare" => Task::Prepare,
            "look" => Task::Look,
            "show" => Task::Show(Size {
                width: arguments.next()?.parse().ok()?,
                height: arguments.next()?.parse().ok()?,
            }),
            "voice" => Task::Voice,
            "play" => Task::Play,
            "probe" => Task::Probe,
            #[cfg(feature = "simulation")]
            "try" => Task::Try(
                Trial::named(arguments.next()?)?,
                Layers::from_bits(arguments.next()?.parse().ok()?),
            ),
            _ => return None,
        };
        arguments.next().is_none().then_some(Order { task, limits })
    }

    /// What the sandbox is made of: everything, except in tests of what holds without one part.
    pub(super) fn layers(&self) -> Layers {
        match self.task {
            #[cfg(feature = "simulation")]
            Task::Try(_, layers) => layers,
            _ => Layers::ALL,
        }
    }
}

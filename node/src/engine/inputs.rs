//! The queue of inputs, and how it is cut into batches.

use std::collections::VecDeque;

use hedgerow_transport::carrier::CarrierEvent;

use super::input::Input;
use crate::api::Call;
use crate::files::work::FileEvent;
use crate::parcel::steps::Step;

/// The most inputs of one transaction (`docs/PROTOCOL.md` section 1).
pub const MAX_BATCH_INPUTS: usize = 1_024;

/// The most bytes in the inputs of one transaction.
pub const MAX_BATCH_INPUT_BYTES: usize = 4 << 20;

/// Inputs that the engine has not taken yet. Its owner puts inputs in as they come; each `pump` takes one batch. How
/// the inputs fall into batches never changes the state to which they lead.
#[derive(Debug, Default)]
pub struct Inputs(VecDeque<Input>);

impl Inputs {
    /// Adds an input.
    pub fn push(&mut self, input: Input) {
        self.0.push_back(input);
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all that wait are calls that change nothing.
    pub fn only_look(&self) -> bool {
        let looks = |input: &Input| matches!(input, Input::Call(_, call) if call.only_looks());
        self.0.iter().all(looks)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes the next batch: the oldest inputs within both limits, at least one if there is any.
    pub(super) fn batch(&mut self) -> Vec<Input> {
        let mut bytes = 0;
        let mut count = 0;
        for input in self.0.iter().take(MAX_BATCH_INPUTS) {
            bytes += size(input);
            if count > 0 && bytes > MAX_BATCH_INPUT_BYTES {
                break;
            }
            count += 1;
        }
        self.0.drain(..count).collect()
    }
}

/// The bytes in an input; 0 for inputs without a length of their own.
fn size(input: &Input) -> usize {
    match input {
        Input::Carrier(_, CarrierEvent::Bytes { bytes, .. }) => bytes.len(),
        Input::Call(_, Call::Send(_, message)) => message.text.0.len(),
        Input::Call(_, Call::Carry(Step::Take(bundle))) => bundle.len(),
        Input::File(FileEvent::Read(_, _, bytes)) => bytes.len(),
        Input::File(_) | Input::Call(..) | Input::Carrier(..) | Input::Stop => 0,
        #[cfg(feature = "simulation")]
        Input::Load { .. } => 0,
    }
}

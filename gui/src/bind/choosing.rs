//! Contacts to choose from.

use crate::model::Candidate;
use crate::ui;

/// A contact as the interface shows it.
pub fn candidate(candidate: &Candidate) -> ui::Candidate {
    ui::Candidate {
        id: candidate.id.0.as_str().into(),
        name: candidate.face.name.as_str().into(),
        initials: candidate.face.initials.as_str().into(),
        hue: candidate.face.hue.into(),
        chosen: candidate.chosen,
    }
}

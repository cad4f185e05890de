//! One's own name, and names as people type them.

use crate::api::{Api, Contact, Me, Private, Refusal, typed, visible};
use crate::cli::args::OnOff;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::screen;
use crate::words::{Phrase, tr};

/// `hedgerow me`.
pub async fn me(
    api: &dyn Api,
    output: Output,
    new: Option<String>,
    receipts: Option<OnOff>,
) -> Result<(), Failure> {
    let name = new.as_deref().map(own_name).transpose()?;
    if let Some(receipts) = receipts {
        api.set_receipts(receipts == OnOff::On).await?;
    }
    let me = match name {
        Some(name) => api.set_name(Private(name)).await?,
        None => api.me().await?,
    };
    output.data(&me, |me| {
        let here = me.devices.first().map(|device| {
            let id = screen::short_id(&device.0);
            tr!("This device: {id}", id = id)
        });
        let receipts = match me.receipts {
            true => tr!("Contacts are told what you have read."),
            false => tr!("Contacts are not told what you have read."),
        };
        let lines = std::iter::once(shown(me).into()).chain(here);
        Phrase::joined("\n", lines.chain([receipts]))
    });
    Ok(())
}

/// Name and identity.
pub fn shown(me: &Me) -> String {
    format!("{} ({})", visible::name(&me.name.0), me.id.0)
}

/// Checks a name that the user gives themselves.
pub fn own_name(typed: &str) -> Result<String, Failure> {
    typed::own_name(typed).map_err(|refusal| match refusal {
        Refusal::Empty => {
            let words = tr!("The name must not be empty.");
            Failure::found(Exit::Refused, "empty", words)
        }
        refusal => unusable(typed, refusal),
    })
}

/// Checks a name for a contact. No other contact may have it, because commands could then name neither. An empty one
/// takes the name back.
pub fn name_for(contact: &Contact, all: &[Contact], typed: &str) -> Result<String, Failure> {
    let name = typed::name(typed).map_err(|refusal| unusable(typed, refusal))?;
    let is_taken = |other: &&Contact| {
        other.id != contact.id && other.name.0.to_lowercase() == name.to_lowercase()
    };
    match all.iter().find(is_taken) {
        Some(other) => {
            let words = tr!(
                "Another contact is called {name}. Choose another name, or rename that one first.",
                name = visible::name(&other.name.0)
            );
            Err(Failure::found(Exit::Refused, "name_taken", words))
        }
        None => Ok(name),
    }
}

/// Says the limit in characters, which the user can count: letters of some scripts take several bytes.
fn unusable(typed: &str, refusal: Refusal) -> Failure {
    match typed::characters_too_many(typed) {
        0 => refusal.into(),
        characters => {
            let words = tr!("The name is {n} character too long."
                | "The name is {n} characters too long." % characters);
            Failure::found(Exit::Refused, "too_long", words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ContactId, ConversationId};

    #[test]
    fn a_name_that_another_contact_has_is_refused_with_what_to_do() {
        let contact = |id: &str, name| {
            Contact::just_met(ContactId(id.repeat(32)), ConversationId(id.into()), name)
        };
        let all = [contact("a", "Ana"), contact("b", "Ben")];
        let failure = name_for(&all[0], &all, " ben ").unwrap_err();
        assert!(failure.json().contains("name_taken"));
        assert!(
            failure
                .words()
                .to_string()
                .contains("rename that one first")
        );
        for free in ["Ana", "Ben B.", "Ana Ana", ""] {
            assert_eq!(name_for(&all[0], &all, free).unwrap(), free);
        }
    }

    #[test]
    fn the_limit_of_a_name_is_told_in_characters() {
        let words = |name: &str| own_name(name).unwrap_err().words().to_string();
        assert_eq!(words(&"я".repeat(33)), "The name is 1 character too long.");
        assert_eq!(words(&"a".repeat(70)), "The name is 6 characters too long.");
        assert!(words("Ana\nBen").contains("line breaks"));
        assert_eq!(words(" "), "The name must not be empty.");
    }
}

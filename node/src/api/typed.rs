//! What a person types here, checked before it is used. What a peer sends is not refused for how it looks, but made
//! [`visible`].

use super::{MAX_NAME, Refusal, visible};

/// A name without white space around it: within its limit, and with nothing in it that is not seen as it is. An empty
/// one takes a name back.
///
/// # Errors
/// [`Refusal::TooLong`], [`Refusal::BadName`].
pub fn name(text: &str) -> Result<String, Refusal> {
    let name = text.trim();
    if !visible::is_plain(name) {
        return Err(Refusal::BadName);
    }
    if name.len() > MAX_NAME {
        return Err(Refusal::TooLong {
            limit_bytes: MAX_NAME as u64,
            actual_bytes: name.len() as u64,
        });
    }
    Ok(name.to_owned())
}

/// The same for a name that people go by, which has at least one character.
///
/// # Errors
/// As [`name`], or [`Refusal::Empty`].
pub fn own_name(text: &str) -> Result<String, Refusal> {
    match name(text)? {
        name if name.is_empty() => Err(Refusal::Empty),
        name => Ok(name),
    }
}

/// How many of its last characters a name has to lose to be short enough: letters take one to four bytes, by script.
pub fn characters_too_many(name: &str) -> u64 {
    let ends = name.trim().char_indices().map(|(at, c)| at + c.len_utf8());
    ends.filter(|end| *end > MAX_NAME).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_what_is_not_seen_as_it_is_is_refused_when_typed() {
        for hostile in [
            "Ana\nBen",
            "Ana\u{1b}[2J",
            "Ana\u{202e}neB",
            "\u{200f}Ana",
            "Ana\u{2066}",
        ] {
            assert_eq!(name(hostile), Err(Refusal::BadName), "{hostile:?}");
        }
        for honest in [
            "Ana",
            "Мария-Луиза",
            "שרה",
            "نگار\u{200c}ها",
            "👩\u{200d}👧 Ana",
            " Ana ",
        ] {
            assert_eq!(name(honest).as_deref(), Ok(honest.trim()));
        }
        assert_eq!(
            (name(" "), own_name(" ")),
            (Ok(String::new()), Err(Refusal::Empty))
        );
    }

    #[test]
    fn a_name_that_is_too_long_is_so_by_a_number_of_characters() {
        assert_eq!(characters_too_many(&"a".repeat(64)), 0);
        assert_eq!(characters_too_many(&"a".repeat(66)), 2);
        assert_eq!(characters_too_many(&"ж".repeat(33)), 1);
        assert_eq!(
            characters_too_many(&format!("{}\u{10ffff}", "a".repeat(63))),
            1
        );
        assert!(matches!(
            name(&"ж".repeat(33)),
            Err(Refusal::TooLong { .. })
        ));
    }
}

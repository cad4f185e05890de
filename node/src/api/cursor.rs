//! Page cursors: opaque to clients, stable while messages come and go around it.

use data_encoding::BASE64URL_NOPAD;

use super::{MessageId, Page, PageFrom, Refusal};

/// The longest cursor that is looked at, in characters.
const MAX_CURSOR: usize = 160;

/// Where the page before this one ends, if there is one.
pub(super) fn older(page: &Page) -> Option<String> {
    let first = page.messages.first()?;
    (first.position > 0).then(|| encode('<', &first.id))
}

/// Where the page after this one begins, if there is one.
pub(super) fn newer(page: &Page) -> Option<String> {
    let last = page.messages.last()?;
    (last.position + 1 < page.total).then(|| encode('>', &last.id))
}

/// The cursor of a place next to a message; `None` for places that are not.
pub(super) fn of(from: &PageFrom) -> Option<String> {
    match from {
        PageFrom::Before(id) => Some(encode('<', id)),
        PageFrom::After(id) => Some(encode('>', id)),
        _ => None,
    }
}

/// Reads a cursor that was given out.
pub(super) fn parse(cursor: &str) -> Result<PageFrom, Refusal> {
    if cursor.len() > MAX_CURSOR {
        return Err(Refusal::BadCursor);
    }
    let bytes = BASE64URL_NOPAD
        .decode(cursor.as_bytes())
        .map_err(|_| Refusal::BadCursor)?;
    let text = String::from_utf8(bytes).map_err(|_| Refusal::BadCursor)?;
    let from: fn(MessageId) -> PageFrom = match text.get(..1) {
        Some("<") => PageFrom::Before,
        Some(">") => PageFrom::After,
        _ => return Err(Refusal::BadCursor),
    };
    let id = &text[1..];
    let plausible = |c: char| c.is_ascii_hexdigit() || c == '-';
    if id.is_empty() || !id.chars().all(plausible) {
        return Err(Refusal::BadCursor);
    }
    Ok(from(MessageId(id.to_owned())))
}

fn encode(side: char, id: &MessageId) -> String {
    BASE64URL_NOPAD.encode(format!("{side}{}", id.0).as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_message(id in "[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{1,16}", before: bool) {
            let id = MessageId(id);
            let from = if before { PageFrom::Before(id) } else { PageFrom::After(id) };
            prop_assert_eq!(parse(&of(&from).unwrap()), Ok(from));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = parse(&text);
        }
    }

    #[test]
    fn cursors_that_were_not_given_out_are_refused() {
        for bad in ["", "PA", "Pg", "12", "💥", &"A".repeat(200)] {
            assert_eq!(parse(bad), Err(Refusal::BadCursor), "{bad}");
        }
    }
}

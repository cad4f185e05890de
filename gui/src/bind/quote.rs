//! The message that another one answers.

use crate::model::{Quote, QuotedOriginal};
use crate::ui::{Original, Quoted};

pub fn quoted(quote: &Quote) -> Quoted {
    let mut quoted = Quoted {
        id: quote.id.0.as_str().into(),
        ..Quoted::default()
    };
    match &quote.original {
        QuotedOriginal::Here { author, text } => {
            quoted.original = Original::Here;
            quoted.mine = author.is_none();
            if let Some(author) = author {
                quoted.name = author.name.as_str().into();
                quoted.hue = author.hue.into();
            }
            quoted.known = text.is_some();
            quoted.text = text.as_deref().unwrap_or_default().into();
        }
        QuotedOriginal::Gone => quoted.original = Original::Gone,
        QuotedOriginal::NotHere => quoted.original = Original::Elsewhere,
    }
    quoted
}

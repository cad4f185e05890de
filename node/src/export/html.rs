//! A conversation as one HTML file that opens offline: no script, nothing that is loaded, dark or light as its reader's
//! system is, and fit to be printed.

use std::path::Path;

use maud::{PreEscaped, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Sheet;
use super::folder::Places;
use crate::api::{Message, visible};

/// What stands behind the messages.
pub(super) const END: &str = "</main></body></html>\n";

const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#fff;--mine:#e3efe3;--theirs:#f0f0f0;--ink:#1c1c1c;--quiet:#595959}\
@media(prefers-color-scheme:dark){:root{--ground:#161816;--mine:#233a28;--theirs:#2a2c2a;--ink:#eee;--quiet:#a9aca9}}\
body{margin:0 auto;max-width:44rem;padding:1rem;background:var(--ground);color:var(--ink);\
font:1rem/1.45 system-ui,sans-serif}\
h1{font-size:1.4rem;margin:0}.warning,header,footer{color:var(--quiet);font-size:.85rem}\
article{margin:.6rem 0;padding:.5rem .8rem;border-radius:.7rem;width:fit-content;max-width:85%;\
background:var(--theirs);break-inside:avoid}\
article.mine{margin-inline-start:auto;background:var(--mine)}\
blockquote{margin:.15rem 0;padding-inline-start:.5rem;border-inline-start:2px solid var(--quiet);color:var(--quiet)}\
a{color:inherit}p{margin:.15rem 0;white-space:pre-wrap;overflow-wrap:anywhere}\
@media print{:root{--ground:#fff;--mine:#fff;--theirs:#fff;--ink:#000;--quiet:#444}\
article{border:1px solid #999}}";

/// What stands before the messages.
pub(super) fn beginning(sheet: &Sheet) -> String {
    let direction = match sheet.language().is_right_to_left() {
        true => "rtl",
        false => "ltr",
    };
    let title = sheet.title();
    let head = html! {
        meta charset="utf-8";
        // A reader's program loads and executes nothing, whatever a text says.
        meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
        meta name="viewport" content="width=device-width, initial-scale=1";
        title { (title) }
        style { (PreEscaped(STYLE)) }
    };
    let top = html! {
        h1 dir="auto" { (title) }
        p.warning { (sheet.warning()) }
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\" dir=\"{direction}\"><head>{}</head><body>{}<main>\n",
        sheet.language().code(),
        head.into_string(),
        top.into_string()
    )
}

/// An article for each message.
pub(super) fn messages(sheet: &Sheet, messages: &[Message], places: Option<&Places>) -> String {
    let written = messages.iter().map(|one| message(sheet, one, places));
    written.collect()
}

fn message(sheet: &Sheet, message: &Message, places: Option<&Places>) -> String {
    let class = if message.is_mine() { "mine" } else { "theirs" };
    let text = message.text.as_ref();
    let text = text.map_or_else(String::new, |text| visible::paragraph(&text.0));
    let file = sheet.file(message, places);
    let place = places.and_then(|places| places.of(message)).map(link);
    let said = sheet
        .state(message)
        .into_iter()
        .chain(sheet.beneath(message));
    let said: Vec<String> = said.collect();
    let article = html! {
        article class=(class) id=(message.id.0) {
            header {
                bdi { (sheet.author(message)) }
                " · "
                time datetime=(sheet.exact_time(message.time_ms)) { (sheet.time(message.time_ms)) }
            }
            @if let Some(quote) = sheet.quote(message) {
                blockquote dir="auto" { (quote) }
            }
            @if let Some(file) = file {
                p dir="auto" {
                    "📎 "
                    @match &place {
                        Some(place) => a href=(place) { (file) },
                        None => (file),
                    }
                }
            }
            p dir="auto" { (text) }
            @if !said.is_empty() {
                footer {
                    @for (at, one) in said.iter().enumerate() {
                        @if at > 0 { ", " }
                        bdi { (one) }
                    }
                }
            }
        }
    };
    article.into_string() + "\n"
}

/// A file in a folder beside the page. Whatever its name is, the link leads nowhere else.
fn link(place: &Path) -> String {
    let names = place.iter().map(|name| {
        let name = name.to_string_lossy();
        utf8_percent_encode(&name, NON_ALPHANUMERIC).to_string()
    });
    let names: Vec<String> = names.collect();
    format!("./{}", names.join("/"))
}

//! Links in texts, and what happens when the user opens one.

use hedgerow_node::api::visible;
use linkify::{LinkFinder, LinkKind};
use url::Url;

/// The most links of one text that can be opened. Further ones are plain text.
const MAX_LINKS: usize = 32;

/// The longest link that can be opened, in bytes.
const MAX_LINK: usize = 2_048;

/// The longest link shown whole, in letters. Of a longer one the beginning and the end are shown, with these lengths.
const MAX_SHOWN: usize = 56;
const SHOWN: (usize, usize) = (36, 16);

/// The beginning of an invitation link.
const INVITATION: &str = "hedgerow:";

/// A piece of a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    /// Its text on screen.
    pub text: String,
    /// The link that it opens, if any.
    pub link: Option<String>,
}

/// What happens when the user opens a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opens {
    /// A page of the web, after a warning.
    Page {
        /// The address, normalised, so that we open exactly what we show.
        url: String,
        /// The host, in the letters that name servers see.
        host: String,
        /// Whether the host holds letters that look like others.
        foreign_letters: bool,
        /// Whether the page comes unencrypted, so that anybody on the way can read along.
        in_clear: bool,
    },
    /// An invitation.
    Invitation,
    /// Nothing that we open.
    Nothing,
}

/// A text in pieces, made safe to show.
pub(crate) fn spans(text: &str) -> Vec<Span> {
    let text = visible::paragraph(text);
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let mut spans: Vec<Span> = Vec::new();
    let mut links = 0;
    for span in finder.spans(&text) {
        let openable = span.kind().is_some()
            && links < MAX_LINKS
            && !matches!(opens(span.as_str()), Opens::Nothing);
        if openable {
            links += 1;
            spans.push(linked(span.as_str()));
        } else {
            invitations(span.as_str(), &mut spans);
        }
    }
    spans
}

/// Appends a text in which only invitations are links.
fn invitations(text: &str, spans: &mut Vec<Span>) {
    let mut rest = text;
    while let Some(start) = rest.find(INVITATION) {
        let link = &rest[start..];
        let end = link.find(char::is_whitespace).unwrap_or(link.len());
        if end == INVITATION.len() || end > MAX_LINK {
            let (before, after) = rest.split_at(start + end);
            push_text(spans, before);
            rest = after;
            continue;
        }
        push_text(spans, &rest[..start]);
        spans.push(linked(&link[..end]));
        rest = &link[end..];
    }
    push_text(spans, rest);
}

/// A link as shown. The host is always whole, and the end stays visible, so that people recognise it.
fn linked(link: &str) -> Span {
    let count = link.chars().count();
    let host = link.find("://").map_or(0, |at| at + 3);
    let path = link[host..].find('/').filter(|_| host > 0);
    let whole = path.map_or(0, |at| link[..host + at].chars().count());
    let start = whole.max(SHOWN.0);
    let text = if count > MAX_SHOWN.max(start + SHOWN.1) {
        let start: String = link.chars().take(start).collect();
        let end: String = link.chars().skip(count - SHOWN.1).collect();
        format!("{start}…{end}")
    } else {
        link.to_owned()
    };
    Span {
        text,
        link: Some(link.to_owned()),
    }
}

/// The text to copy if these bytes of the text on screen are marked. A shortened link is copied whole if any of its
/// letters is marked.
pub fn copied(spans: &[Span], from: usize, to: usize) -> String {
    let mut copied = String::new();
    let mut start = 0;
    for span in spans {
        let end = start + span.text.len();
        let (a, b) = (from.clamp(start, end) - start, to.clamp(start, end) - start);
        start = end;
        if a >= b {
            continue;
        }
        match &span.link {
            Some(link) if *link != span.text => copied.push_str(link),
            _ => {
                let (a, b) = (
                    span.text.floor_char_boundary(a),
                    span.text.floor_char_boundary(b),
                );
                copied.push_str(&span.text[a..b]);
            }
        }
    }
    copied
}

fn push_text(spans: &mut Vec<Span>, text: &str) {
    if text.is_empty() {
        return;
    }
    match spans.last_mut() {
        Some(last) if last.link.is_none() => last.text.push_str(text),
        _ => spans.push(Span {
            text: text.to_owned(),
            link: None,
        }),
    }
}

/// What happens when the user opens a link.
pub(crate) fn opens(link: &str) -> Opens {
    if link.len() > MAX_LINK {
        return Opens::Nothing;
    }
    if link.starts_with(INVITATION) {
        return Opens::Invitation;
    }
    let Ok(url) = Url::parse(link) else {
        return Opens::Nothing;
    };
    let in_clear = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Opens::Nothing,
    };
    match url.host_str() {
        Some(host) => Opens::Page {
            host: host.to_owned(),
            foreign_letters: host.split('.').any(|label| label.starts_with("xn--")),
            in_clear,
            url: url.into(),
        },
        None => Opens::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, bool)> {
        spans(text)
            .into_iter()
            .map(|span| (span.text, span.link.is_some()))
            .collect()
    }

    #[test]
    fn a_long_link_is_shown_without_its_middle_and_copied_whole() {
        let link = format!("https://example.org/{}/minutes.html", "a".repeat(80));
        let pieces = spans(&format!("See {link} now"));
        let shown: String = pieces.iter().map(|span| span.text.as_str()).collect();
        assert_eq!(
            shown,
            "See https://example.org/aaaaaaaaaaaaaaaa…aaa/minutes.html now"
        );
        assert_eq!(pieces[1].link.as_ref(), Some(&link));
        assert_eq!(copied(&pieces, 2, 10), format!("e {link}"));
        assert_eq!(copied(&pieces, shown.len() - 3, shown.len()), "now");
        let host = format!("https://{}example", "good.".repeat(30));
        let shown = &spans(&format!("{host}/{}", "b".repeat(99)))[0].text;
        assert!(shown.starts_with(&host) && shown.contains('…'), "{shown}");
    }

    #[test]
    fn links_are_found_without_the_punctuation_around_them() {
        let pieces = shown("See (https://example.org/a_(b)), or not.");
        let expected = [
            ("See (", false),
            ("https://example.org/a_(b)", true),
            ("), or not.", false),
        ];
        assert_eq!(pieces, expected.map(|(text, link)| (text.to_owned(), link)));
        assert_eq!(
            shown("example.org and a@b.org"),
            [("example.org and a@b.org".to_owned(), false)]
        );
        assert!(shown("").is_empty());
    }

    #[test]
    fn only_pages_and_invitations_can_be_opened() {
        for link in [
            "file:///etc/passwd",
            "javascript://x/%0aalert(1)",
            "ssh://host",
            "vnc://h",
        ] {
            assert!(shown(link).iter().all(|(_, link)| !link), "{link}");
        }
        let pieces = shown("Join: hedgerow:ABC-def_9 soon");
        let expected = [
            ("Join: ", false),
            ("hedgerow:ABC-def_9", true),
            (" soon", false),
        ];
        assert_eq!(pieces, expected.map(|(text, link)| (text.to_owned(), link)));
        assert_eq!(
            shown("hedgerow: is a messenger"),
            [("hedgerow: is a messenger".to_owned(), false)]
        );
    }

    #[test]
    fn the_host_that_is_asked_is_the_host_that_is_told() {
        let host = |link| match opens(link) {
            Opens::Page {
                host,
                foreign_letters,
                ..
            } => (host, foreign_letters),
            _ => panic!("{link} does not open"),
        };
        assert_eq!(
            host("https://bank.example@evil.example/"),
            ("evil.example".into(), false)
        );
        assert_eq!(
            host("https://EXAMPLE.org:444/x"),
            ("example.org".into(), false)
        );
        // A Cyrillic letter.
        assert_eq!(
            host("https://\u{430}pple.com/"),
            ("xn--pple-43d.com".into(), true)
        );
        assert_eq!(
            host("https://b\u{fc}cher.example/"),
            ("xn--bcher-kva.example".into(), true)
        );
    }

    #[test]
    fn a_text_full_of_links_costs_no_more_than_its_bound() {
        let text = "https://example.org/ ".repeat(1_000);
        let links = spans(&text)
            .iter()
            .filter(|span| span.link.is_some())
            .count();
        assert_eq!(links, MAX_LINKS);
        let whole: String = spans(&text).into_iter().map(|span| span.text).collect();
        assert_eq!(whole, text);
    }
}

//! How relays are reached, and whether anybody but relays is.

use hedgerow_node::api::{Call, Private, Refusal, RelayPaths};

use super::outcome::{Outcome, concerns_everything};

/// The longest proxy that is looked at, in bytes.
const MAX_PROXY: usize = 128;

/// How the command line begins a proxy. A person who copies one from there may leave this on.
const SCHEME: &str = "socks5://";

/// One of the ways, whatever the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the node's, which says what each means")]
pub enum PathsKind {
    Direct,
    Relayed,
    Proxied,
}

/// What a person chooses about the way to relays.
#[derive(Clone)]
pub enum PathsAction {
    /// Reach contacts over relays in this way.
    ChoosePaths(PathsKind),
    /// The proxy, being typed or pasted.
    Proxy(String),
    /// Reach relays through it.
    UseProxy,
}

/// The way that is used, and another one being chosen.
pub struct Paths {
    /// As it is.
    pub used: RelayPaths,
    /// A proxy is chosen, and has to be named.
    pub naming: bool,
    /// The proxy that is typed or pasted, or the one that is used.
    pub proxy: String,
    /// Why the last choice was not taken.
    pub problem: Option<Refusal>,
    /// What the node was asked and has not answered yet.
    asked: Option<RelayPaths>,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            used: RelayPaths::Direct,
            naming: false,
            proxy: String::new(),
            problem: None,
            asked: None,
        }
    }
}

impl PathsKind {
    /// Which one it is.
    pub fn of(paths: &RelayPaths) -> Self {
        match paths {
            RelayPaths::Direct => Self::Direct,
            RelayPaths::Relayed => Self::Relayed,
            RelayPaths::Proxied { .. } => Self::Proxied,
        }
    }
}

impl Paths {
    /// The user's choice, taken or not yet.
    pub fn chosen(&self) -> PathsKind {
        match self.naming {
            true => PathsKind::Proxied,
            false => PathsKind::of(self.asked.as_ref().unwrap_or(&self.used)),
        }
    }

    /// The proxy can be given to the node.
    pub fn may_use(&self) -> bool {
        let named = self.named();
        let is_used = matches!(&self.used, RelayPaths::Proxied { proxy } if proxy.0 == named);
        !named.is_empty() && !is_used && self.asked.is_none()
    }

    pub(super) fn know(&mut self, used: &RelayPaths) {
        if self.used != *used {
            self.used = used.clone();
            if let RelayPaths::Proxied { proxy } = used {
                self.proxy.clone_from(&proxy.0);
                self.naming = false;
            }
        }
    }

    fn named(&self) -> &str {
        let proxy = self.proxy.trim();
        proxy.strip_prefix(SCHEME).unwrap_or(proxy)
    }

    pub(super) fn act(&mut self, action: PathsAction) -> Option<Outcome> {
        match action {
            PathsAction::ChoosePaths(kind) => {
                self.problem = None;
                self.naming = kind == PathsKind::Proxied && PathsKind::of(&self.used) != kind;
                match kind {
                    PathsKind::Direct => self.set(RelayPaths::Direct),
                    PathsKind::Relayed => self.set(RelayPaths::Relayed),
                    PathsKind::Proxied => None,
                }
            }
            PathsAction::Proxy(mut proxy) => {
                proxy.truncate(proxy.floor_char_boundary(MAX_PROXY));
                self.proxy = proxy;
                self.problem = None;
                None
            }
            PathsAction::UseProxy if self.may_use() => {
                let proxy = Private(self.named().to_owned());
                self.set(RelayPaths::Proxied { proxy })
            }
            PathsAction::UseProxy => None,
        }
    }

    fn set(&mut self, wanted: RelayPaths) -> Option<Outcome> {
        let is_new = *self.asked.as_ref().unwrap_or(&self.used) != wanted;
        is_new.then(|| {
            self.asked = Some(wanted.clone());
            Outcome::ask(Call::SetRelayPaths(wanted))
        })
    }

    /// The node has taken a way, or not.
    pub(super) fn taken(
        &mut self,
        wanted: &RelayPaths,
        answer: Result<(), Refusal>,
    ) -> Option<Outcome> {
        self.asked.take_if(|asked| asked == wanted);
        match answer {
            Ok(()) => {
                self.know(wanted);
                Some(Outcome::NetworkChanged)
            }
            Err(refusal) if concerns_everything(&refusal) => Some(Outcome::Refused(refusal)),
            Err(refusal) => {
                self.problem = Some(refusal);
                None
            }
        }
    }
}

//! The paths to relays, and whether the device talks to anybody else directly.

use hedgerow_node::api::{Call, Private, Refusal, RelayPaths};

use super::outcome::{Outcome, concerns_everything};

/// The longest proxy that we look at, in bytes.
const MAX_PROXY: usize = 128;

/// How the command line begins a proxy. A person who copies one from there may leave this on.
const SCHEME: &str = "socks5://";

/// One of the choices of paths, without the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the node's, which says what each means")]
pub enum PathsKind {
    Direct,
    Relayed,
    Proxied,
}

/// What a person chooses about the paths to relays.
#[derive(Clone)]
pub enum PathsAction {
    /// Choose these paths.
    ChoosePaths(PathsKind),
    /// The user has typed or pasted this proxy.
    Proxy(String),
    /// Reach relays through the typed proxy.
    UseProxy,
}

/// The paths in use, and the choice of others.
pub struct Paths {
    /// The paths in use.
    pub used: RelayPaths,
    /// Whether the user has chosen a proxy and must still name it.
    pub naming: bool,
    /// The typed or pasted proxy, or the one in use.
    pub proxy: String,
    /// Why the node refused the last choice.
    pub problem: Option<Refusal>,
    /// The choice that the node has not answered yet.
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
    /// The choice of these paths.
    pub fn of(paths: &RelayPaths) -> Self {
        match paths {
            RelayPaths::Direct => Self::Direct,
            RelayPaths::Relayed => Self::Relayed,
            RelayPaths::Proxied { .. } => Self::Proxied,
        }
    }
}

impl Paths {
    /// The user's choice, whether or not the node has taken it.
    pub fn chosen(&self) -> PathsKind {
        match self.naming {
            true => PathsKind::Proxied,
            false => PathsKind::of(self.asked.as_ref().unwrap_or(&self.used)),
        }
    }

    /// Whether the proxy can be sent to the node.
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

    /// Handles the answer to a choice of paths.
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

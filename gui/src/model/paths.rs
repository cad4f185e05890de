//! How relays are reached, and whether anybody but relays is.

use hedgerow_node::api::{Call, Private, Refusal, RelayPaths};

use super::app::App;

/// The longest proxy that is looked at, in bytes.
const MAX_PROXY: usize = 128;

/// How the command line begins a proxy; whoever copies one from there need not take it off.
const SCHEME: &str = "socks5://";

/// One of the ways, whatever the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the node's, which says what each means")]
pub enum PathsKind {
    Direct,
    Relayed,
    Proxied,
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
}

impl App {
    /// Takes one of the ways, or lets the user name the proxy of it.
    pub(super) fn choose_paths(&mut self, kind: PathsKind) {
        let paths = &mut self.network.paths;
        paths.problem = None;
        paths.naming = kind == PathsKind::Proxied && PathsKind::of(&paths.used) != kind;
        self.changed.network = true;
        match kind {
            PathsKind::Direct => self.set_paths(RelayPaths::Direct),
            PathsKind::Relayed => self.set_paths(RelayPaths::Relayed),
            PathsKind::Proxied => {}
        }
    }

    /// The proxy is this now.
    pub(super) fn type_proxy(&mut self, mut proxy: String) {
        proxy.truncate(proxy.floor_char_boundary(MAX_PROXY));
        let paths = &mut self.network.paths;
        paths.proxy = proxy;
        paths.problem = None;
        self.changed.network = true;
    }

    /// Takes the proxy that is typed or pasted.
    pub(super) fn use_proxy(&mut self) {
        let paths = &self.network.paths;
        if paths.may_use() {
            let proxy = Private(paths.named().to_owned());
            self.set_paths(RelayPaths::Proxied { proxy });
        }
    }

    fn set_paths(&mut self, wanted: RelayPaths) {
        let paths = &mut self.network.paths;
        if *paths.asked.as_ref().unwrap_or(&paths.used) != wanted {
            paths.asked = Some(wanted.clone());
            self.ask(Call::SetRelayPaths(wanted));
        }
    }

    /// The node has taken a way, or not.
    pub(super) fn hear_paths_set(&mut self, wanted: RelayPaths, answer: Result<(), Refusal>) {
        let paths = &mut self.network.paths;
        if paths.asked.as_ref() == Some(&wanted) {
            paths.asked = None;
        }
        self.changed.network = true;
        match answer {
            Ok(()) => {
                paths.know(&wanted);
                self.network_changed();
            }
            Err(refusal) => {
                if !self.refused_by_state(&refusal) {
                    self.network.paths.problem = Some(refusal);
                }
            }
        }
    }
}

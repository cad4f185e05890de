//! The port used on each network. The carrier gets it again at the next start, so that the addresses that contacts
//! remember stay true (`docs/PROTOCOL.md` section 13).

use std::collections::BTreeMap;

use hedgerow_sync::store::{Reader, StorageError, Txn};

use crate::tables::{self, Table};

/// The most networks remembered; one more makes it forget all others.
const MAX_NETWORKS: usize = 256;

/// The ports used last, by the hash of their network's prefix.
///
/// # Errors
/// The store failed.
pub fn load(reader: &dyn Reader) -> Result<BTreeMap<[u8; 16], u16>, StorageError> {
    let mut ports = BTreeMap::new();
    tables::visit(reader, &Table::Ports.key(&[]), &mut |network, port| {
        if let (Ok(network), Ok(port)) = (network.try_into(), port.try_into()) {
            ports.insert(network, u16::from_be_bytes(port));
        }
    })?;
    Ok(ports)
}

/// Remembers a port.
pub(super) fn remember(
    txn: &mut dyn Txn,
    network: &[u8; 16],
    port: u16,
) -> Result<(), StorageError> {
    let known = load(txn)?;
    if known.get(network) == Some(&port) {
        return Ok(());
    }
    if known.len() >= MAX_NETWORKS && !known.contains_key(network) {
        tables::remove_all(txn, &Table::Ports.key(&[]))?;
    }
    txn.put(&Table::Ports.key(&[network]), &port.to_be_bytes())
}

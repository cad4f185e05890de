//! A node with many contacts.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::pair::{create, introduce, refused, settle};
use crate::api::Api;

/// The directories of one identity and of all its contacts.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// The identity with all the contacts.
    pub hub: PathBuf,
    /// The contacts.
    pub contacts: Vec<PathBuf>,
}

impl Crowd {
    /// Creates them below `place`; each contact exchanges a message with the hub.
    ///
    /// # Errors
    /// A node refused a call.
    pub async fn meet(place: &Path, count: usize) -> Result<Self> {
        let hub_dir = place.join("hub");
        let hub = create(&hub_dir, "hub").await?;
        let mut contacts = Vec::with_capacity(count);
        for number in 0..count {
            let dir = place.join(format!("contact-{number}"));
            let contact = create(&dir, &format!("contact {number}")).await?;
            let (theirs, ours) = introduce(&hub, &contact).await?;
            settle(&hub, &theirs, &contact, &ours).await?;
            contact.stop().await.map_err(refused)?;
            contacts.push(dir);
        }
        hub.stop().await.map_err(refused)?;
        Ok(Self {
            hub: hub_dir,
            contacts,
        })
    }
}

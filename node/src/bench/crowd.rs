//! A node with many contacts.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::pair::{create, introduce, refused, settle};
use crate::api::Api;

/// One identity, and the directories of all its contacts.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// The one that knows all.
    pub hub: PathBuf,
    /// The others.
    pub contacts: Vec<PathBuf>,
}

impl Crowd {
    /// Makes them below `place`; each has talked with the hub once.
    ///
    /// # Errors
    /// A node has refused.
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

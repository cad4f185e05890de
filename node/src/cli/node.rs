//! The node itself: shows its status, locks and unlocks it, changes the passphrase, wipes and stops it.

use std::path::Path;

use serde::Serialize;

use crate::api::{Api, NodeStatus, Passphrase, Status};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::{ask, bluetooth, carriers, contacts, me, relays};
use crate::words::{Phrase, tr};

/// `hedgerow status`.
pub async fn status(api: &dyn Api, output: Output, running: bool) -> Result<(), Failure> {
    let status = api.status().await?;
    output.data(&status, |status| match &status.open {
        Some(open) => overview(output, open),
        None => tr!("Locked. Unlock with `hedgerow unlock`."),
    });
    if status.disk_full {
        output.say(tr!(
            "The disk is full: you can delete, but nothing is sent or received. Free some space."
        ));
    }
    if !running {
        output.say(tr!(
            "No node is running: nothing is sent or received. `hedgerow run` starts one."
        ));
    }
    if let NodeStatus {
        open: Some(open), ..
    } = &status
        && !output.is_json()
    {
        contacts::table(open.contacts.clone(), open.conversations.clone(), output);
    }
    Ok(())
}

fn overview(output: Output, status: &Status) -> Phrase {
    let (me, carriers) = (me::shown(&status.me), carriers::shown(output, status));
    let mut said = Phrase::from(format!("{me}\n\n{carriers}\n"));
    if let Some(used) = bluetooth::used(status) {
        said = said.then("\n", used).then("\n", "");
    }
    match status.relays.is_empty() {
        true => said,
        false => said
            .then("\n", relays::shown(output, status))
            .then("\n", ""),
    }
}

/// `hedgerow lock`.
pub async fn lock(api: &dyn Api, output: Output) -> Result<(), Failure> {
    api.lock().await?;
    output.data(&Locked { locked: true }, |_| {
        tr!("Locked: keys dropped, store closed, off the air.")
    });
    Ok(())
}

/// `hedgerow unlock`.
pub async fn unlock(api: &dyn Api, output: Output, passphrase: Passphrase) -> Result<(), Failure> {
    api.unlock(passphrase).await?;
    output.data(&Locked { locked: false }, |_| tr!("Unlocked."));
    Ok(())
}

#[derive(Serialize)]
struct Locked {
    locked: bool,
}

/// `hedgerow passphrase`.
pub async fn passphrase(
    api: &dyn Api,
    output: Output,
    current: Passphrase,
    new: Passphrase,
) -> Result<(), Failure> {
    api.change_passphrase(current, new).await?;
    #[derive(Serialize)]
    struct Changed {
        changed: bool,
    }
    output.data(&Changed { changed: true }, |_| {
        tr!("The passphrase is changed.")
    });
    Ok(())
}

/// `hedgerow erase`.
pub async fn erase(api: &dyn Api, output: Output) -> Result<(), Failure> {
    api.erase().await?;
    #[derive(Serialize)]
    struct Erased {
        erased: bool,
    }
    output.data(&Erased { erased: true }, |_| {
        tr!("Storage re-encrypted. Deleted messages can no longer be recovered.")
    });
    Ok(())
}

/// Asks for the second deliberate step before a wipe.
pub fn confirm_wipe(output: Output, directory: &Path) -> Result<(), Failure> {
    let wanted = output.said(&tr!("what is typed to destroy everything" => "destroy everything"));
    let directory = directory.display();
    let loss = tr!(
        "All keys, contacts and messages in {directory} will be gone, and nobody can bring them back.",
        directory = directory
    );
    let go_on = tr!("Type `{wanted}` to go on", wanted = wanted.as_str());
    let typed = ask::line(output, loss.then("\n", go_on).then(": ", ""))?;
    if typed != wanted {
        let words = tr!("Nothing was destroyed.");
        return Err(Failure::found(Exit::Refused, "not_confirmed", words));
    }
    Ok(())
}

/// `hedgerow wipe`, once it is confirmed.
pub async fn wipe(api: &dyn Api, output: Output) -> Result<(), Failure> {
    api.wipe().await?;
    #[derive(Serialize)]
    struct Wiped {
        wiped: bool,
    }
    output.data(&Wiped { wiped: true }, |_| {
        tr!("Everything is destroyed. Flash memory may keep old copies, which the passphrase protects.")
    });
    Ok(())
}

/// `hedgerow stop`.
pub async fn stop(api: &dyn Api, output: Output) -> Result<(), Failure> {
    api.stop().await?;
    #[derive(Serialize)]
    struct Stopped {
        stopped: bool,
    }
    output.data(&Stopped { stopped: true }, |_| tr!("The node has stopped."));
    Ok(())
}

/// `hedgerow api`.
pub fn api(output: Output, port: u16, token_file: &Path) {
    #[derive(Serialize)]
    struct Where<'a> {
        url: String,
        token_file: &'a Path,
    }
    let data = Where {
        url: format!("http://127.0.0.1:{port}/v1"),
        token_file,
    };
    output.data(&data, |data| data.url.clone());
    output.say(tr!(
        "Send `Authorization: Bearer` with what {file} holds.",
        file = token_file.display()
    ));
}

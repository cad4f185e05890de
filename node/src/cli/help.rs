//! `hedgerow --help`: the commands in groups. The groups are written here; the line about each command comes from
//! `args`.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory;
use clap::builder::styling::Styles;

use super::args::Arguments;
use super::failure::Failure;

/// The groups of commands.
const GROUPS: &[(&str, &[&str])] = &[
    ("Start", &["demo", "init", "run", "stop", "status", "me"]),
    (
        "People",
        &[
            "invite",
            "join",
            "invitations",
            "contacts",
            "verify",
            "rename",
            "block",
            "remove",
        ],
    ),
    ("Groups", &["group"]),
    (
        "Messages",
        &[
            "send", "attach", "read", "save", "load", "cancel", "free", "storage", "search",
            "edit", "versions", "forward", "draft", "react", "pin", "delete", "timer", "resend",
            "carry",
        ],
    ),
    (
        "Conversations",
        &[
            "list", "mute", "archive", "unread", "star", "starred", "export",
        ],
    ),
    (
        "Network",
        &[
            "carrier",
            "bluetooth",
            "relays",
            #[cfg(feature = "relay")]
            "relay",
        ],
    ),
    ("Safety", &["lock", "unlock", "passphrase", "erase", "wipe"]),
    ("Programs", &["api", "completions", "man", "bench", "help"]),
];

const AFTER: &str = "\
A first conversation, on two machines of one network:
  ana$ hedgerow init --name Ana      make an identity, once
  ana$ hedgerow run &                the node: it stays, and delivers
  ana$ hedgerow unlock               asks for the passphrase
  ana$ hedgerow invite               prints a link and a QR code for Ben
  ben$ hedgerow join hedgerow:...    on Ben's machine, after the same first steps
  ana$ hedgerow verify Ben           compare twelve words, by phone or in person
  ana$ hedgerow send Ben 'Good morning'
  ben$ hedgerow read Ana --follow

Data is printed to stdout, everything said about it to stderr. With --json each line of stdout is one JSON object, \
and an error is one on stderr. Help and logs are in English; no level logs texts, names, keys or addresses.

Environment:
  HEDGEROW_DIR       as --data-dir; else `hedgerow` in the XDG data directory
  HEDGEROW_LANGUAGE  as --language; else LC_ALL, LC_MESSAGES, LANG
  HEDGEROW_LOG       as --log; a filter as `hedgerow_node=debug` will do, too

Exit status:
  0  done
  1  refused: the reason is on stderr
  2  the command line is wrong
  3  locked, or the passphrase is wrong
  4  no identity here, or the node that owns it does not answer or is of another
     version
  5  the disk or the store fails
  70 a bug in Hedgerow
  130 interrupted";

/// The command line with its help.
pub fn command() -> clap::Command {
    // `help` becomes a command of its own only when clap builds the command line.
    let mut built = Arguments::command();
    built.build();
    let styles = Styles::styled();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let mut groups = String::new();
    let listed = GROUPS.iter().flat_map(|(_, names)| names.iter());
    let width = listed.map(|name| name.len()).max().unwrap_or_default();
    for (group, names) in GROUPS {
        let _ = writeln!(groups, "{header}{group}:{header:#}");
        for name in *names {
            let about = built.find_subcommand(name).and_then(|one| one.get_about());
            let about = about.map(ToString::to_string).unwrap_or_default();
            let space = " ".repeat(width - name.len());
            let _ = writeln!(groups, "  {literal}{name}{literal:#}{space}  {about}");
        }
        groups.push('\n');
    }
    Arguments::command()
        .after_help(AFTER)
        .help_template(format!(
            "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}{header}Global options:{header:#}\n{{options}}{{after-help}}"
        ))
}

/// `hedgerow man`: a page for each command that help shows.
pub fn man(directory: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::path(directory, &error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    // Manual pages have their own list of commands, and no escape sequences.
    let command = Arguments::command().after_help(AFTER);
    clap_mangen::generate_to(command, directory).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_stands_in_one_group_of_the_help() {
        let mut built = Arguments::command();
        built.build();
        let shown = built.get_subcommands().filter(|one| !one.is_hide_set());
        let mut shown: Vec<&str> = shown.map(|one| one.get_name()).collect();
        let listed = GROUPS.iter().flat_map(|(_, names)| names.iter());
        let mut listed: Vec<&str> = listed.copied().collect();
        shown.sort_unstable();
        listed.sort_unstable();
        assert_eq!(shown, listed);
    }
}

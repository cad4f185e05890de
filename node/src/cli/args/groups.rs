//! Private groups.

use clap::Subcommand;

/// Private groups.
#[derive(Debug, Subcommand)]
pub enum Groups {
    /// Make a group, invite people, join, leave
    #[command(
        after_help = "Examples:\n  hedgerow group new Riverside         a group with you as its admin\n  \
        hedgerow group invite Riverside Ben  goes with your chat with Ben, over any way\n  \
        hedgerow group join Ana              accepts Ana's newest invitation\n  \
        hedgerow group members Riverside\n  \
        hedgerow send Riverside 'Hello all'  as to a contact\n\n\
        Everybody passes on what everybody writes, so members who are no contacts of each \
        other read each other through others."
    )]
    Group {
        #[command(subcommand)]
        action: Option<GroupAction>,
    },
}

/// What to do with groups.
#[derive(Debug, Subcommand)]
pub enum GroupAction {
    /// Make a group
    New {
        /// What it is called
        name: String,
    },
    /// List groups
    List,
    /// Invite a contact; only admins can
    Invite {
        /// The group
        group: String,
        /// The contact
        contact: String,
    },
    /// Accept the newest invitation of a contact
    Join {
        /// The contact who invites
        contact: String,
        /// The group, if there are several
        group: Option<String>,
    },
    /// Decline the newest invitation of a contact
    Decline {
        /// The contact who invites
        contact: String,
        /// The group, if there are several
        group: Option<String>,
    },
    /// List who is in
    Members {
        /// The group
        group: String,
    },
    /// Make a member an admin
    Appoint {
        /// The group
        group: String,
        /// The member: its name, or the beginning of its id
        member: String,
    },
    /// Make an admin a member again
    Lower {
        /// The group
        group: String,
        /// The member: its name, or the beginning of its id
        member: String,
    },
    /// Remove a member
    Remove {
        /// The group
        group: String,
        /// The member: its name, or the beginning of its id
        member: String,
    },
    /// Object to what suspends you as an admin; asks for the passphrase
    Object {
        /// The group
        group: String,
    },
    /// Start again without some people: make a group that continues this one, and invite the others
    #[command(
        after_help = "Example:\n  hedgerow group restart Riverside --without Cem\n\n\
        Any member can do this, also one who is suspended or was removed. Those of the others who are your contacts get an \
        invitation that says what it continues. Whoever accepts keeps the old group, archived, with all that was written \
        there; whoever does not accept loses nothing. Those who are left out hear nothing of it."
    )]
    Restart {
        /// The group
        group: String,
        /// A member to leave out: its name, or the beginning of its id
        #[arg(long, value_name = "MEMBER", num_args = 1..)]
        without: Vec<String>,
        /// What the new group is called, if not as the old one
        #[arg(long)]
        name: Option<String>,
    },
    /// Leave a group, at once; members hear of it when you meet one
    Leave {
        /// The group
        group: String,
        /// Erase what was written there, too; else it stays to be read
        #[arg(long)]
        erase: bool,
    },
}

//! `hedgerow group`.

use serde::Serialize;

use crate::api::{
    Api, Conversation, ConversationId, ConversationKind, GroupChange, GroupInvitation,
    GroupInvitationState, GroupStanding, GroupState, Holding, HoldingState, MAX_PAGE, Member,
    MemberId, MemberLevel, MemberName, Message, MessageId, NamedBy, PageFrom, Private, Refusal,
    WhatChanged, Why, visible,
};
use crate::cli::args::{Common, GroupAction};
use crate::cli::chats::find;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::table::Row;
use crate::cli::{ask, screen, words};
use crate::words::{Phrase, timers, tr};

/// `hedgerow group`.
pub async fn group(
    api: &dyn Api,
    common: &Common,
    output: Output,
    action: Option<GroupAction>,
) -> Result<(), Failure> {
    match action.unwrap_or(GroupAction::List) {
        GroupAction::New { name } => {
            let made = api.new_group(Private(name)).await?;
            show(output, &made);
            Ok(())
        }
        GroupAction::List => list(api, output).await,
        GroupAction::Invite { group, contact } => invite(api, output, &group, &contact).await,
        GroupAction::Join { contact, group } => {
            let (chat, message, name) = invitation(api, &contact, group.as_deref()).await?;
            let joined = api.join_group(chat, message).await?;
            show(output, &joined);
            output.say(tr!(
                "You are in as soon as {name} hears of it.",
                name = name
            ));
            Ok(())
        }
        GroupAction::Decline { contact, group } => {
            let (chat, message, name) = invitation(api, &contact, group.as_deref()).await?;
            api.decline_group(chat, message).await?;
            output.say(tr!("The invitation of {name} was declined.", name = name));
            Ok(())
        }
        GroupAction::Members { group } => {
            let group = of_name(api, &group).await?;
            members(output, &api.members(group.id).await?);
            Ok(())
        }
        GroupAction::Appoint { group, member } => {
            set(api, output, &group, &member, MemberLevel::Admin).await
        }
        GroupAction::Lower { group, member } => {
            set(api, output, &group, &member, MemberLevel::Member).await
        }
        GroupAction::Remove { group, member } => {
            set(api, output, &group, &member, MemberLevel::None).await
        }
        GroupAction::Object { group } => {
            let group = of_name(api, &group).await?;
            let all = api.members(group.id.clone()).await?;
            if !all.iter().any(|one| one.who.is_me && one.suspended) {
                return Err(Refusal::NotSuspended.into());
            }
            let passphrase = ask::passphrase(common, output, tr!("Passphrase"))?;
            members(output, &api.object(group.id, passphrase).await?);
            Ok(())
        }
        GroupAction::Restart {
            group,
            without,
            name,
        } => restart(api, output, &group, &without, name).await,
        GroupAction::Leave { group, erase } => {
            let group = of_name(api, &group).await?;
            let standing = group.group.map(|state| state.standing);
            if !(erase && standing == Some(GroupStanding::Left)) {
                api.leave_group(group.id.clone()).await?;
            }
            if erase {
                api.erase_conversation(group.id).await?;
            }
            let name = visible::name(&group.name.0);
            output.say(tr!("You left {name}.", name = name));
            Ok(())
        }
    }
}

fn show(output: Output, group: &Conversation) {
    output.data(group, |group| visible::name(&group.name.0));
}

/// All groups, the newest first.
pub async fn all(api: &dyn Api) -> Result<Vec<Conversation>, Failure> {
    let mut groups = api.conversations().await?;
    groups.retain(|one| one.kind == ConversationKind::Group);
    groups.sort_by_key(|group| std::cmp::Reverse(group.active_ms));
    Ok(groups)
}

async fn list(api: &dyn Api, output: Output) -> Result<(), Failure> {
    let groups = all(api).await?;
    output.list(
        &groups,
        &[tr!("NAME"), tr!("PEOPLE"), tr!("UNREAD"), tr!("ID")],
        |group| {
            let cells = vec![
                visible::name(&group.name.0).into(),
                u64::from(group.group.map_or(0, |state| state.people)).into(),
                group.unread.into(),
                screen::short_id(&group.id.0).into(),
            ];
            Row::from(cells).with(group.group.and_then(standing))
        },
        tr!("No groups yet. `hedgerow group new` makes one."),
    );
    Ok(())
}

/// How we stand in a group, if that is worth a line.
pub fn standing(group: GroupState) -> Option<Phrase> {
    match group.standing {
        GroupStanding::Member | GroupStanding::Admin => None,
        GroupStanding::Joining => Some(tr!("Waiting to be added.")),
        GroupStanding::Suspended => Some(tr!("You are suspended from this group.")),
        GroupStanding::Removed => Some(tr!("You were removed from this group.")),
        GroupStanding::Left => Some(tr!("You left this group.")),
        GroupStanding::Withdrawn => Some(tr!(
            "This invitation holds no longer. Ask another admin of the group for one."
        )),
        GroupStanding::NewerRules => Some(tr!("This group needs a newer version of Hedgerow.")),
    }
}

async fn invite(api: &dyn Api, output: Output, group: &str, contact: &str) -> Result<(), Failure> {
    let group = of_name(api, group).await?;
    let chat = find(api, contact).await?;
    let contact = chat.contact.ok_or(Refusal::NoSuchContact)?;
    #[derive(Serialize)]
    struct Invited {
        id: MessageId,
    }
    let id = api.invite_to_group(group.id, contact.id).await?;
    output.data(&Invited { id }, |_| {
        tr!("{name} was invited.", name = chat.name.as_str())
    });
    Ok(())
}

/// The newest open invitation of a contact, into the group of this name if one is given; and the name of the contact.
async fn invitation(
    api: &dyn Api,
    contact: &str,
    group: Option<&str>,
) -> Result<(ConversationId, MessageId, String), Failure> {
    let chat = find(api, contact).await?;
    let mut from = PageFrom::Newest;
    loop {
        let page = api.page(chat.conversation.clone(), from, MAX_PAGE).await?;
        let is_meant = |message: &&Message| {
            message.invitation.as_ref().is_some_and(|invitation| {
                let is_named = |name: &str| name.to_lowercase() == invitation.name.0.to_lowercase();
                !invitation.is_ours
                    && invitation.state == GroupInvitationState::Open
                    && group.is_none_or(is_named)
            })
        };
        if let Some(found) = page.messages.iter().rev().find(is_meant) {
            return Ok((chat.conversation, found.id.clone(), chat.name));
        }
        match page.messages.first() {
            Some(first) => from = PageFrom::Before(first.id.clone()),
            None => {
                return Err(Failure::found(
                    Exit::Refused,
                    "no_open_invitation",
                    tr!(
                        "There is no open invitation into a group from {name}.",
                        name = chat.name
                    ),
                ));
            }
        }
    }
}

/// Who of a group has one message, or why not.
pub async fn holders(
    api: &dyn Api,
    output: Output,
    group: &Conversation,
    id: MessageId,
) -> Result<(), Failure> {
    let message = api.message(group.id.clone(), id.clone()).await?;
    let holders = match message.is_mine() {
        true => api.holders(group.id.clone(), id).await?,
        false => Vec::new(),
    };
    #[derive(Serialize)]
    struct Held {
        #[serde(flatten)]
        message: Message,
        holders: Vec<Holding>,
    }
    output.data(&Held { message, holders }, |held| {
        if let Some(author) = &held.message.member
            && !held.message.is_mine()
        {
            return tr!("From {name}", name = visible::name(&author.name.0));
        }
        let has = held.holders.iter().filter(|one| one.state.is_held());
        let has = has.count() as u64;
        let all = held.holders.len() as u64;
        let head = tr!("{has} of {all} have it.", has = has, all = all);
        let lines = held.holders.iter().map(holding);
        Phrase::joined("\n", std::iter::once(head).chain(lines))
    });
    Ok(())
}

/// Whether a member has a message, in a line.
fn holding(one: &Holding) -> Phrase {
    let name = visible::name(&one.who.name.0);
    match one.state {
        HoldingState::Read => tr!("Read by {name}", name = name),
        HoldingState::Delivered => tr!("Delivered to {name}", name = name),
        HoldingState::Unknown {
            why: Some(Why::NotFound),
            seen_ms: Some(seen_ms),
        } => tr!(
            "To {name}: not near since {time}",
            name = name,
            time = screen::time(seen_ms)
        ),
        HoldingState::Unknown { why: Some(why), .. } => {
            tr!("To {name}: {why}", name = name, why = words::why(&why))
        }
        HoldingState::Unknown { why: None, .. } => {
            tr!("To {name}: others of the group pass it on", name = name)
        }
    }
}

/// The group that a name means.
pub async fn of_name(api: &dyn Api, name: &str) -> Result<Conversation, Failure> {
    let found = find(api, name).await;
    let chat = found.map_err(|failure| match failure {
        Failure::Refused(Refusal::NoSuchContact) => {
            let words = tr!("There is no such group. `hedgerow group` lists them.");
            Failure::found(Exit::Refused, "no_such_group", words)
        }
        other => other,
    })?;
    let conversation = api.conversation(chat.conversation).await?;
    match conversation.kind {
        ConversationKind::Group => Ok(conversation),
        _ => Err(Refusal::NotAGroup.into()),
    }
}

async fn set(
    api: &dyn Api,
    output: Output,
    group: &str,
    member: &str,
    level: MemberLevel,
) -> Result<(), Failure> {
    let group = of_name(api, group).await?;
    let all = api.members(group.id.clone()).await?;
    let meant = meant(&all, member)?;
    let left = api.set_level(group.id, meant.id.clone(), level).await?;
    members(output, &left);
    let added: Vec<MemberName> = left
        .iter()
        .filter(|one| one.came_by(&meant.id))
        .map(|one| one.who.clone())
        .collect();
    if level == MemberLevel::None && !added.is_empty() {
        output.say(tr!(
            "Still in, added by {name}: {names}.",
            name = visible::name(&meant.name.0),
            names = names(&added)
        ));
    }
    Ok(())
}

/// The member whose name this is, or the beginning of its id.
fn meant<'a>(all: &'a [Member], member: &str) -> Result<&'a MemberName, Refusal> {
    let lower = member.to_lowercase();
    let by_name = all
        .iter()
        .find(|one| one.who.name.0.to_lowercase() == lower);
    let is_id = |one: &&Member| lower.len() >= 4 && one.who.id.0.starts_with(&lower);
    let meant = by_name.or_else(|| all.iter().find(is_id));
    Ok(&meant.ok_or(Refusal::NoSuchMember)?.who)
}

async fn restart(
    api: &dyn Api,
    output: Output,
    group: &str,
    without: &[String],
    name: Option<String>,
) -> Result<(), Failure> {
    let group = of_name(api, group).await?;
    let all = api.members(group.id.clone()).await?;
    let without: Result<Vec<MemberId>, Refusal> = without
        .iter()
        .map(|member| Ok(meant(&all, member)?.id.clone()))
        .collect();
    let made = api.restart(group.id, without?, name.map(Private)).await?;
    output.data(&made, |made| visible::name(&made.group.name.0));
    if !made.asked.is_empty() {
        output.say(tr!("Invited: {names}.", names = names(&made.asked)));
    }
    if !made.not_asked.is_empty() {
        output.say(tr!(
            "Could not be invited: {names}. An admin of the new group who has them as contacts can invite them.",
            names = names(&made.not_asked)
        ));
    }
    output.say(tr!("The old group is archived."));
    Ok(())
}

fn members(output: Output, members: &[Member]) {
    output.list(
        members,
        &[tr!("NAME"), tr!("ROLE"), tr!("ID")],
        |member| {
            let role = match member.level {
                _ if member.suspended => tr!("a member" => "suspended"),
                MemberLevel::Admin => tr!("a member" => "admin"),
                MemberLevel::Member | MemberLevel::None => tr!("a member" => "member"),
            };
            let cells = vec![
                visible::name(&member.who.name.0).into(),
                role,
                screen::short_id(&member.who.id.0).into(),
            ];
            let named = match member.who.named_by {
                _ if member.who.is_me => None,
                NamedBy::Contact => None,
                NamedBy::Themselves => Some(tr!("Calls itself so. Nothing proves who it is.")),
                NamedBy::WhoBroughtIn | NamedBy::Nobody => {
                    Some(tr!("Called so by others. Nothing proves who it is."))
                }
            };
            let frozen = member.frozen.then(|| {
                tr!("Said different things to different people. Nothing more of that is shown.")
            });
            Row::from(cells)
                .with(named)
                .with(frozen)
                .with(suspension(member))
        },
        tr!("Nobody is in this group."),
    );
}

/// Who has suspended a member, and what ends that.
fn suspension(member: &Member) -> Option<Phrase> {
    if !member.suspended {
        return None;
    }
    let by = names(&member.suspended_by);
    Some(match member.who.is_me {
        true => tr!(
            "Suspended by {names}. `hedgerow group object` makes you an admin again.",
            names = by
        ),
        false => tr!(
            "Suspended by {names}, until this admin objects.",
            names = by
        ),
    })
}

fn names(members: &[MemberName]) -> String {
    let names = members.iter().map(|one| visible::name(&one.name.0));
    names.collect::<Vec<_>>().join(", ")
}

/// A change in a group, as a line.
pub fn change(change: &GroupChange) -> Phrase {
    let by = change.by_another().map(|by| visible::name(&by.name.0));
    let (who, before, now) = match &change.what {
        WhatChanged::Level { who, before, now } => (visible::name(&who.name.0), *before, *now),
        WhatChanged::Timer { seconds } => return timers::change(by, *seconds),
        WhatChanged::Continues { name, .. } => {
            return tr!(
                "This group continues the earlier group {name}.",
                name = visible::name(&name.0)
            );
        }
        WhatChanged::GoesOn { name, .. } => {
            return tr!(
                "It goes on in the new group {name}.",
                name = visible::name(&name.0)
            );
        }
        WhatChanged::Suspended { who } => {
            let by = by.unwrap_or_default();
            return tr!(
                "{by} suspended {who}.",
                by = by,
                who = visible::name(&who.name.0)
            );
        }
        WhatChanged::Objected { who } => {
            let who = visible::name(&who.name.0);
            return tr!("{who} objected and is an admin again.", who = who);
        }
        WhatChanged::Restored { who } => {
            let (who, by) = (visible::name(&who.name.0), by.unwrap_or_default());
            return tr!(
                "{who} is an admin again: {by} undid the suspension.",
                who = who,
                by = by
            );
        }
    };
    match (now, by) {
        (MemberLevel::None, None) => tr!("{who} left.", who = who),
        (MemberLevel::None, Some(by)) => tr!("{by} removed {who}.", by = by, who = who),
        (MemberLevel::Admin, Some(by)) => tr!("{by} made {who} an admin.", by = by, who = who),
        (MemberLevel::Member, Some(by)) => match before {
            MemberLevel::Admin => tr!("{who} is no admin any more.", who = who),
            _ => tr!("{by} added {who}.", by = by, who = who),
        },
        (_, None) => tr!("{who} is in the group.", who = who),
    }
}

/// What stands in place of the text of an invitation.
pub fn in_place(message: &Message) -> Option<Phrase> {
    let GroupInvitation {
        name,
        is_ours,
        state,
        continues,
        ..
    } = message.invitation.as_ref()?;
    let name = visible::name(&name.0);
    Some(match (is_ours, state, continues) {
        (_, GroupInvitationState::Withdrawn, _) => tr!(
            "(an invitation into the group {name} that holds no longer)",
            name = name
        ),
        (true, ..) => tr!("(an invitation into the group {name})", name = name),
        (false, _, None) => tr!(
            "(invites you into the group {name}: `hedgerow group join`)",
            name = name
        ),
        (false, _, Some(old)) if old.without.is_empty() => tr!(
            "(invites you into the group {name}, which continues {old}: `hedgerow group join`)",
            name = name,
            old = visible::name(&old.name.0)
        ),
        (false, _, Some(old)) => tr!(
            "(invites you into the group {name}, which continues {old} without {names}: `hedgerow group join`)",
            name = name,
            old = visible::name(&old.name.0),
            names = names(&old.without)
        ),
    })
}

//! Everything that people can do in groups, at random, while everything breaks that can: in the end all who are in a group agree on
//! who is in and on what was said, nothing is there twice, nothing is lost, and nobody is in who was put out.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::{ContactId, MemberId};
use hedgerow_transport::carrier::memory::Conditions;
use hedgerow_transport::cryptography::Cryptography;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::*;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The wall clocks are wrong by up to so much, either way.
const MOST_WRONG_MS: u64 = 10 * MINUTE_MS;

/// The longest that all need to agree once everybody can reach everybody.
const SETTLED_MS: u64 = 6 * HOUR_MS;

/// The most messages of a group that a page shows.
const MOST_SHOWN: usize = 500;

/// People who all know one another, and their groups.
struct Day {
    world: World,
    rng: ChaCha20Rng,
    most_groups: usize,
    /// What each calls its chat with each other.
    chats: Vec<Vec<ConversationId>>,
    /// What each is called by its contacts.
    ids: Vec<ContactId>,
    groups: Vec<ConversationId>,
    said: Vec<Said>,
    /// Who has left a group or was put out, or may have been: what it wrote beside that may be shown no more.
    left: BTreeSet<(usize, ConversationId)>,
    texts: usize,
}

/// A message that an engine has confirmed.
struct Said {
    group: ConversationId,
    id: MessageId,
    author: usize,
    /// Its author has deleted it, or has tried to.
    is_deleted: bool,
}

/// What a device shows of a message, in terms that all share.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    id: MessageId,
    text: Option<String>,
    edits: u64,
    reactions: Vec<String>,
    is_pinned: bool,
}

impl Day {
    fn new(seed: u64, people: usize, most_groups: usize) -> Day {
        let mut world = World::acquainted(seed, people, Cryptography::Sized);
        let ids = (0..people).map(|node| world.id(node)).collect();
        let chats = (0..people).map(|node| {
            let others = (0..people).map(|other| match other == node {
                true => ConversationId(String::new()),
                false => world.chat(node, other),
            });
            others.collect()
        });
        let chats = chats.collect();
        world.network.conditions = Conditions {
            cut_within: 4_096,
            ..Conditions::rough()
        };
        Day {
            world,
            rng: ChaCha20Rng::seed_from_u64(seed),
            most_groups,
            chats,
            ids,
            groups: Vec::new(),
            said: Vec::new(),
            left: BTreeSet::new(),
            texts: 0,
        }
    }

    fn below(&mut self, end: usize) -> usize {
        (self.rng.next_u64() % end as u64) as usize
    }

    fn somebody(&mut self) -> usize {
        self.below(self.world.nodes.len())
    }

    /// What an engine answers; `None` if it refuses, or was killed meanwhile.
    fn ask(&mut self, node: usize, call: Call) -> Option<Reply> {
        let call = self.world.nodes[node].call(call);
        self.world.run(10);
        self.world.nodes[node].answers.remove(&call)?.ok()
    }

    fn standing(&mut self, node: usize, group: &ConversationId) -> Option<GroupStanding> {
        match self.ask(node, Call::Conversation(group.clone()))? {
            Reply::Conversation(chat) => chat.group.map(|group| group.standing),
            _ => None,
        }
    }

    fn members(&mut self, node: usize, group: &ConversationId) -> Vec<Member> {
        match self.ask(node, Call::Members(group.clone())) {
            Some(Reply::Members(members)) => members,
            _ => Vec::new(),
        }
    }

    /// A group, and somebody who is in it by its own word.
    fn member(&mut self, is_admin: bool) -> Option<(usize, ConversationId)> {
        if self.groups.is_empty() {
            return None;
        }
        let number = self.below(self.groups.len());
        let group = self.groups[number].clone();
        let mut inside = Vec::new();
        for node in 0..self.world.nodes.len() {
            match self.standing(node, &group) {
                Some(GroupStanding::Admin) => inside.push(node),
                Some(GroupStanding::Member) if !is_admin => inside.push(node),
                _ => {}
            }
        }
        match inside.len() {
            0 => None,
            count => Some((inside[self.below(count)], group)),
        }
    }

    fn found(&mut self) {
        if self.groups.len() >= self.most_groups {
            return;
        }
        let (node, number) = (self.somebody(), self.groups.len());
        let name = Private(format!("group {number}"));
        if let Some(Reply::Conversation(made)) = self.ask(node, Call::NewGroup(name)) {
            self.groups.push(made.id);
        }
    }

    fn invite(&mut self) {
        let Some((node, group)) = self.member(true) else {
            return;
        };
        let other = self.somebody();
        if other != node {
            let contact = self.ids[other].clone();
            self.ask(node, Call::InviteToGroup(group, contact));
        }
    }

    /// Answers all invitations, seldom with no.
    fn answer(&mut self) {
        let node = self.somebody();
        for from in (0..self.world.nodes.len()).filter(|from| *from != node) {
            let chat = self.chats[node][from].clone();
            let open: Vec<MessageId> = (page(&self.world, node, &chat).messages.into_iter())
                .filter(|one| {
                    one.invitation
                        .as_ref()
                        .is_some_and(|one| !one.is_ours && one.state == GroupInvitationState::Open)
                })
                .map(|one| one.id)
                .collect();
            for id in open {
                let call = match self.below(8) {
                    0 => Call::DeclineGroup(chat.clone(), id),
                    _ => Call::JoinGroup(chat.clone(), id),
                };
                self.ask(node, call);
            }
        }
    }

    fn leave(&mut self) {
        let Some((node, group)) = self.member(false) else {
            return;
        };
        // A group of few is soon one of nobody.
        if self.inside(&group).len() > 2 {
            self.left.insert((node, group.clone()));
            self.ask(node, Call::LeaveGroup(group));
        }
    }

    /// An admin appoints, lowers or puts out somebody.
    fn set_level(&mut self) {
        let Some((node, group)) = self.member(true) else {
            return;
        };
        let mut members = self.members(node, &group);
        members.retain(|one| !one.who.is_me);
        if members.is_empty() {
            return;
        }
        let who = members.swap_remove(self.below(members.len())).who.id;
        let level = match self.below(4) {
            0 => MemberLevel::None,
            1 => MemberLevel::Member,
            _ => MemberLevel::Admin,
        };
        if level == MemberLevel::None {
            for other in 0..self.world.nodes.len() {
                let own = self.members(other, &group);
                if own.iter().any(|one| one.who.is_me && one.who.id == who) {
                    self.left.insert((other, group.clone()));
                }
            }
        }
        self.ask(node, Call::SetLevel(group, who, level));
    }

    fn text(&mut self) -> String {
        self.texts += 1;
        let length = self.below(300);
        format!("text {} {}", self.texts, "z".repeat(length))
    }

    fn write(&mut self) {
        let Some((node, group)) = self.member(false) else {
            return;
        };
        let mut of_group = self.said.iter().filter(|one| one.group == group);
        let last = of_group.next_back().filter(|one| !one.is_deleted);
        let reply_to = last.map(|one| one.id.clone());
        let reply_to = reply_to.filter(|_| self.rng.next_u64().is_multiple_of(4));
        let message = NewMessage {
            reply_to,
            ..NewMessage::text(self.text())
        };
        if let Some(Reply::Sent(id)) = self.ask(node, Call::Send(group.clone(), message)) {
            self.said.push(Said {
                group,
                id,
                author: node,
                is_deleted: false,
            });
        }
    }

    /// Something with one of the last messages: its author edits or deletes it, another puts an emoji on it or pins it.
    fn touch(&mut self) {
        let count = self.said.len();
        if count == 0 {
            return;
        }
        let number = count - 1 - self.below(count.min(30));
        let said = &self.said[number];
        let (group, id, author) = (said.group.clone(), said.id.clone(), said.author);
        let other = self.somebody();
        match self.below(8) {
            0 => {
                self.said[number].is_deleted = true;
                self.ask(author, Call::Delete(group, id, true));
            }
            1 | 2 => {
                let text = Private(self.text());
                self.ask(author, Call::Edit(group, id, text));
            }
            3 => {
                self.ask(other, Call::Pin(group, id, true));
            }
            _ => {
                let emoji = ["👍", "🌿", ""][self.below(3)];
                self.ask(other, Call::React(group, id, Private(emoji.into())));
            }
        }
    }

    fn fault(&mut self) {
        let (node, count) = (self.somebody(), self.world.nodes.len());
        match self.below(6) {
            0 | 1 => {
                // Somebody is somewhere else: a few are near, by whom all goes that it says.
                for other in (0..count).filter(|other| *other != node) {
                    let is_far = self.below(count) > 2;
                    self.world.network.part(node, other, is_far);
                }
            }
            2 => self.world.restart(node),
            3 => self.world.nodes[node].storage.fail_after = Some(self.rng.next_u64() % 4),
            4 => {
                let wrong = self.rng.next_u64() % (2 * MOST_WRONG_MS);
                self.world.nodes[node].clock_error_ms = wrong as i64 - MOST_WRONG_MS as i64;
            }
            _ => {
                let within = self.below(10_000);
                self.world.network.cut_next_after(within);
            }
        }
    }

    fn live(&mut self, steps: usize, for_ms: u64) {
        let pause_ms = for_ms / steps as u64;
        for step in 0..steps {
            match self.below(30) {
                _ if step < 2 => self.found(),
                0 => self.found(),
                1..8 => self.invite(),
                8..13 => self.answer(),
                13 if self.below(5) == 0 => self.leave(),
                14 => self.set_level(),
                15..22 => self.write(),
                22..26 => self.touch(),
                _ => self.fault(),
            }
            let pause_ms = self.rng.next_u64() % (2 * pause_ms);
            self.world.run(pause_ms);
        }
    }

    /// Everything is mended, and everybody reaches everybody, until all agree.
    fn settle(&mut self) {
        self.world.network.conditions = Conditions::default();
        let count = self.world.nodes.len();
        for node in 0..count {
            self.world.nodes[node].storage.fail_after = None;
            for other in 0..node {
                self.world.network.part(node, other, false);
            }
        }
        let end = self.world.now_ms + SETTLED_MS;
        self.world.run(HOUR_MS);
        loop {
            self.world.run(10 * MINUTE_MS);
            match self.disagreement() {
                None => return,
                Some(what) => assert!(self.world.now_ms < end, "{what}"),
            }
        }
    }

    /// Who is in a group by its own word.
    fn inside(&mut self, group: &ConversationId) -> Vec<usize> {
        let nodes = 0..self.world.nodes.len();
        let mut inside = Vec::new();
        for node in nodes {
            let standing = self.standing(node, group);
            if let Some(GroupStanding::Member | GroupStanding::Admin) = standing {
                inside.push(node);
            }
        }
        inside
    }

    /// The first thing on which two who are in a group do not agree, in words.
    fn disagreement(&mut self) -> Option<String> {
        for group in self.groups.clone() {
            let mut first = None;
            for node in self.inside(&group) {
                let levels: BTreeMap<MemberId, String> = self
                    .members(node, &group)
                    .into_iter()
                    .filter(|one| one.level != MemberLevel::None)
                    .map(|one| (one.who.id, format!("{:?}", one.level)))
                    .collect();
                let shown = self.shown(node, &group);
                match &first {
                    None => first = Some((node, levels, shown)),
                    Some((other, their_levels, _)) if *their_levels != levels => {
                        return Some(format!("{other} and {node}: others are in"));
                    }
                    Some((other, _, theirs)) if *theirs != shown => {
                        return Some(format!("{other} shows {theirs:?}, {node} {shown:?}"));
                    }
                    Some(_) => {}
                }
            }
        }
        None
    }

    /// What is not deleted of a group.
    fn shown(&self, node: usize, group: &ConversationId) -> Vec<Shown> {
        let messages = page(&self.world, node, group).messages;
        assert!(messages.len() < MOST_SHOWN, "more than a page");
        let ids: BTreeSet<&MessageId> = messages.iter().map(|one| &one.id).collect();
        assert_eq!(ids.len(), messages.len(), "one is there twice");
        let messages = messages.into_iter().filter(|one| one.deleted.is_none());
        messages
            .map(|one| {
                let mut reactions: Vec<String> =
                    one.reactions.into_iter().map(|one| one.emoji.0).collect();
                reactions.sort();
                Shown {
                    text: one.text.map(|text| text.0),
                    edits: one.edited.map_or(0, |edited| u64::from(edited.times)),
                    reactions,
                    is_pinned: one.pinned,
                    id: one.id,
                }
            })
            .collect()
    }

    /// Nothing is lost, and nobody is in who was put out or left.
    fn check(&mut self) {
        for group in self.groups.clone() {
            let inside = self.inside(&group);
            let Some(witness) = inside.first().copied() else {
                continue;
            };
            let ids: BTreeSet<MessageId> = self
                .shown(witness, &group)
                .into_iter()
                .map(|one| one.id)
                .collect();
            let said = self.said.iter().filter(|said| said.group == group);
            for said in said.filter(|said| !said.is_deleted && inside.contains(&said.author)) {
                let has_left = self.left.contains(&(said.author, group.clone()));
                assert!(has_left || ids.contains(&said.id), "a text is lost");
            }
            let listed = self.members(witness, &group);
            for node in (0..self.world.nodes.len()).filter(|node| !inside.contains(node)) {
                let own = self.members(node, &group).into_iter();
                let own = own.filter(|one| one.who.is_me).map(|one| one.who.id);
                let standing = self.standing(node, &group);
                if let Some(GroupStanding::Removed | GroupStanding::Left) = standing {
                    for id in own {
                        let is_in = listed
                            .iter()
                            .any(|one| one.who.id == id && one.level != MemberLevel::None);
                        assert!(!is_in, "{node} was put out and is in");
                    }
                }
            }
        }
    }
}

fn run(seed: u64, [people, groups]: [usize; 2], steps: usize, for_ms: u64) {
    let mut day = Day::new(seed, people, groups);
    day.live(steps, for_ms);
    day.settle();
    let in_groups: usize = day
        .groups
        .clone()
        .iter()
        .map(|group| day.inside(group).len())
        .sum();
    assert!(
        day.said.len() > steps / 10 && in_groups > 2 * day.groups.len(),
        "{} were said by {in_groups}",
        day.said.len()
    );
    day.check();
}

#[test]
fn whatever_people_do_in_groups_and_whatever_breaks_all_who_are_in_agree_in_the_end() {
    for seed in 1..=2 {
        run(seed, [7, 3], 250, 2 * HOUR_MS);
    }
}

/// `cargo test --release -p hedgerow-node --test all groups::day -- --ignored`
#[test]
#[ignore = "long: a day of sixty people in twelve groups"]
fn a_day_of_sixty_people_in_twelve_groups_leaves_all_who_are_in_agreed() {
    run(1, [60, 12], 4_000, 24 * HOUR_MS);
}

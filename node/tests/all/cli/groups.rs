//! What `hedgerow group` and the other commands answer about a group, word for word.

use hedgerow_node::api::{Call, ConversationId, Message, NewMessage, PageFrom, Private, Reply};
use hedgerow_node::engine::conversation;
use hedgerow_node::harness::World;
use hedgerow_sync::store::Store;
use snapbox::{assert_data_eq, file};

use super::terminal::Scene;

/// By their numbers in the world.
const ANA: usize = 0;
const BEN: usize = 1;

/// Ben's only group.
fn group(world: &mut World) -> ConversationId {
    match world.ask(BEN, Call::Conversations) {
        Ok(Reply::Conversations(all)) => {
            let mut groups = all.into_iter().filter(|one| one.group.is_some());
            groups.next().expect("Ben is in one").id
        }
        other => panic!("no conversations: {other:?}"),
    }
}

/// Ben accepts the newest invitation that Ana sent.
fn join(world: &mut World) {
    let chat = world.chat(BEN, ANA);
    let mut invitations = world.messages(BEN, ANA).into_iter();
    let invited = invitations.rfind(|one| one.invitation.is_some());
    let join = Call::JoinGroup(chat, invited.expect("an invitation").id);
    world.ask(BEN, join).expect("it is good");
}

/// Ben answers the newest message of the group, and puts an emoji on it.
fn answer(world: &mut World, newest: &Message) {
    let group = group(world);
    let answer = NewMessage {
        reply_to: Some(newest.id.clone()),
        ..NewMessage::text("At six")
    };
    world
        .ask(BEN, Call::Send(group.clone(), answer))
        .expect("a member");
    let thumb = Call::React(group, newest.id.clone(), Private("👍".into()));
    world.ask(BEN, thumb).expect("a member");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_of_groups_is_this_word_for_word() {
    let mut scene = Scene::new(2, ("LANG", "C")).await;
    std::fs::write(scene.file("talk.txt"), "What I said on the square.").unwrap();
    scene
        .type_lines(&[
            "group",
            "group list",
            "--json group list",
            "group new ''",
            "group new Riverside",
            "group members Riverbank",
            "--json group members Riverbank",
            "group list",
            "read Riverside",
            "group members Riverside",
            "group members Nobody",
            "group members Ben",
            "group members me",
            "group invite Riverside Nobody",
            "group invite Riverside Ben",
            "--json group invite Riverside Ben",
            "read Ben --last 1",
            "group join Ben",
            "group decline Ben",
            "group lower Riverside Nobody",
            "timer Riverside 1h",
            "invite --into Riverbank",
            "invite --into Riverside --in-person",
            "invite --into Ben",
            "invite --into Riverside",
            "invitations",
            "invitations cancel 1",
        ])
        .await;
    scene.note("Ben comes near and accepts.");
    scene.node.near_ben(join);
    scene
        .type_lines(&[
            "group list",
            "group members Riverside",
            "--json group members Riverside",
            "group invite Riverside Ben",
            "read Riverside",
            "send Riverside 'When do we meet?'",
            "read Riverside",
            "status --message ggggg",
            "status --message ggggg Riverside",
        ])
        .await;
    scene.note("Ben comes near and answers.");
    scene.node.near_ben(|world| {
        let group = group(world);
        let store = &world.nodes[BEN].storage.store;
        let page =
            store.read(|reader| Ok(conversation::page(reader, &group, &PageFrom::Newest, 1)));
        let page = page.expect("memory does not fail").expect("it is there");
        answer(world, &page.messages[0]);
    });
    scene
        .type_lines(&[
            "read Riverside",
            "--json status --message ggggg Riverside",
            "status --message ggggg Riverside",
            "status --message hhhhh Riverside",
            "attach Riverside DIR/talk.txt --caption Talk",
            "read Riverside --last 1",
            "save Riverside iiiii DIR/saved.txt",
            "cancel Riverside iiiii",
            "storage",
            "group restart Riverside --without Nobody",
            "--json group restart Riverside --without Ben --name Hillside",
            "read Hillside",
            "read Riverside --last 1",
            "group restart Riverside --name Lakeside",
            "group leave Hillside --erase",
            "group leave Lakeside --erase",
            "group appoint Riverside Ben",
            "group lower Riverside ben",
            "group remove Riverside Ben",
            "group remove Riverside Ben",
            "read Riverside --last 1",
            "group leave Ben",
            "group leave Riverside",
            "group leave Riverside",
            "send Riverside 'Is anybody here?'",
            "group list",
            "group leave Riverside --erase",
            "remove Riverside --yes",
            "group list",
        ])
        .await;
    assert_data_eq!(scene.shown(), file!["groups.txt"].raw());
}

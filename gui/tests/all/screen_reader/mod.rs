//! A first conversation between two people who see nothing: all they know of their windows is what AT-SPI tells
//! a screen reader, and all they do is press keys and what AT-SPI can press. Real processes, windows and keys on an
//! X server without a screen.

mod catalogue;
mod keyboard;
mod listener;
pub mod seat;

use hedgerow_gui::application;
use hedgerow_gui::arguments::Arguments;
use hedgerow_node::directory::Hashing;
use hedgerow_node::host::HostOptions;
use hedgerow_node::pictures::Decoder;
use hedgerow_node::runtime::{NodeOptions, OnAir};
use slint::winit_030::winit::event_loop::EventLoop;
use slint::winit_030::winit::platform::x11::EventLoopBuilderExtX11;

use crate::desktop::on_a_bus;

use self::catalogue::Catalogue;
use self::listener::{Element, Listener};
use self::seat::Seat;

const PASSPHRASE: &str = "violet harbour mends nine clocks";

#[test]
fn a_first_conversation_is_held_with_a_screen_reader_alone_in_english() {
    with_a_bus("screen_reader::in_english");
}

#[test]
fn a_first_conversation_is_held_with_a_screen_reader_alone_in_bulgarian() {
    with_a_bus("screen_reader::in_bulgarian");
}

#[test]
fn a_first_conversation_is_held_with_a_screen_reader_alone_in_arabic() {
    with_a_bus("screen_reader::in_arabic");
}

fn with_a_bus(test: &'static str) {
    if seat::is_there() {
        on_a_bus(test);
    } else {
        println!("skipped: there is no Xvfb here, which {test} needs");
    }
}

#[test]
#[ignore = "the first test above runs it, with a bus"]
fn in_english() {
    converse("en");
}

#[test]
#[ignore = "the second test above runs it, with a bus"]
fn in_bulgarian() {
    converse("bg");
}

#[test]
#[ignore = "the third test above runs it, with a bus"]
fn in_arabic() {
    converse("ar");
}

/// First start.
fn begins(person: &mut Listener, name: &str, says: &Catalogue) {
    person.comes_to(
        "entry",
        &says.text("Welcome", "Your name, as contacts will see it"),
    );
    // What is wrong is said, where it is wrong.
    person.keys("\n\n\n");
    person.hears(&says.text("Welcome", "Enter a name."));
    person.comes_to(
        "entry",
        &says.text("Welcome", "Your name, as contacts will see it"),
    );
    person.keys(&format!("{name}\n"));
    person.comes_to("password text", &says.text("Welcome", "Passphrase"));
    person.keys(&format!("{PASSPHRASE}\n"));
    person.comes_to("password text", &says.text("Welcome", "Repeat passphrase"));
    person.keys(&format!("{PASSPHRASE}\n"));
    person.comes_to("button", &says.text("Chats", "Add a contact"));
}

/// The other side joins by the link that this one made and copied.
fn meets(ana: &mut Listener, ben: &mut Listener, says: &Catalogue) {
    let page = says.text("Adding", "Add a contact");
    ana.turns();
    ana.keys("\n");
    ana.comes_to("label", &page);
    ana.presses("radio button", &says.text("Invite", "By link"));
    ana.presses("button", &says.text("Invite", "Make an invitation"));
    ana.comes_to("button", &says.text("Shown", "Copy link"));
    ana.keys("\n");
    ana.hears(&says.text("BannerView", "Copied."));

    ben.turns();
    ben.keys("\n");
    ben.comes_to("label", &page);
    ben.goes_to("entry", &says.text("Join", "The link that you were given"));
    ben.with_control('v');
    ben.keys("\n");
    for (one, other) in [(ana, "Ben"), (ben, "Ana")] {
        one.hears(&says.filled("BannerView", "{} is a contact now.", other));
        one.turns();
        one.comes_to("entry", &says.filled("Composer", "Message to {}", other));
    }
}

/// Whether a message says this, and who wrote it: ours, or of somebody with this name.
fn is_said(element: &Element, by: Option<&str>, text: &str, says: &Catalogue) -> bool {
    let begins = match by {
        None => says.text("Bubble", "You, {}").replace("{}", ""),
        Some(name) => {
            let begins = says.text("Bubble", "{0}, {1}").replace("{0}", name);
            begins.replace("{1}", "")
        }
    };
    element.name.starts_with(&begins) && element.name.ends_with(&format!(": {text}"))
}

fn converse(language: &str) {
    let says = Catalogue::of(language);
    let seat = Seat::open(language);
    let mut ana = seat.starts("Ana");
    begins(&mut ana, "Ana", &says);
    let mut ben = seat.starts("Ben");
    begins(&mut ben, "Ben", &says);
    meets(&mut ana, &mut ben, &says);

    // A text that leaves while the other one listens.
    let delivered = says.text("Words", "Delivered");
    ana.turns();
    ana.keys("Good morning");
    ben.turns();
    ana.presses("button", &says.text("Composer", "Send"));
    ben.hears("Ana: Good morning");
    ben.finds("list item", |one| {
        is_said(one, Some("Ana"), "Good morning", &says)
    });
    let sent = ana.finds("list item", |one| {
        is_said(one, None, "Good morning", &says) && one.description == delivered
    });
    assert!(sent.acts, "its details are a press away");

    // The answer has an emoji, which is picked by its name, and read as what it is.
    ben.presses("button", &says.text("Composer", "Pick an emoji"));
    let search = says.text("Picker", "Find an emoji");
    ben.comes_to("entry", &search);
    ben.keys("\n");
    ben.keys("\u{1b}");
    ben.comes_to("entry", &says.filled("Composer", "Message to {}", "Ana"));
    ben.keys(" On my way\n");
    ben.hears(&delivered);
    ana.turns();
    let answer = ana.finds("list item", |one| {
        is_said(one, Some("Ben"), "😀 On my way", &says)
    });
    assert!(answer.acts, "its details are a press away");

    // The lock, and the way back.
    ana.with_control('l');
    ana.hears(&says.text("Unlock", "The screen is locked"));
    ana.comes_to("password text", &says.text("Unlock", "Passphrase"));
    let shown = ana.elements();
    let left = shown
        .iter()
        .find(|one| one.name.contains("Good morning") || one.name == "Ben");
    assert!(left.is_none(), "a locked screen tells {left:?}");
    ana.keys("violet harbour\n");
    ana.hears(&says.node("The passphrase is wrong. Try again."));
    ana.keys(&format!("{PASSPHRASE}\n"));
    ana.comes_to("entry", &says.filled("Composer", "Message to {}", "Ben"));
    ana.finds("list item", |one| {
        is_said(one, Some("Ben"), "😀 On my way", &says)
    });
}

#[test]
#[ignore = "a window of the test above, in a process of its own"]
fn window_of_one_person() {
    let Some(data) = std::env::var_os(seat::DATA) else {
        return;
    };
    // Tests have no main thread.
    let mut events = EventLoop::with_user_event();
    events.with_any_thread(true);
    let backend = slint::BackendSelector::new()
        .backend_name("winit".into())
        .renderer_name("software".into())
        .with_winit_event_loop_builder(events);
    let arguments = Arguments {
        data_dir: Some(data.into()),
        link: None,
        command: None,
    };
    let host = HostOptions {
        pictures: Decoder::of_this_program(),
        node: NodeOptions {
            on_air: OnAir::Loopback,
            record_to: None,
        },
        hashing: Hashing::hazmat_fast_for_tests(),
    };
    application::run(arguments, host, || application::on_desktop(backend)).expect("it runs");
}

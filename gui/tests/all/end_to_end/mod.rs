//! Two people at one desktop, each with an application of their own: real processes, real stores, the real LAN
//! carrier on loopback. They do what people do, and what is asserted is what stands on their screens.

mod orders;
mod person;
mod window;

use self::person::Desk;

#[test]
fn two_people_meet_verify_and_talk_though_one_of_them_is_killed() {
    let desk = Desk::new();
    let (mut ana, mut ben) = (desk.person("Ana"), desk.person("Ben"));
    for person in [&mut ana, &mut ben] {
        person.begins();
    }

    ana.clicks("Add a contact");
    ana.clicks("By link");
    ana.clicks("Make an invitation");
    ana.clicks("Copy link");
    ana.sees("Copied.", "");
    ben.clicks("Add a contact");
    ben.clicks("The link that you were given");
    ben.pastes();
    ben.clicks("Join");

    // The safety words, read to each other.
    ana.clicks("Ben");
    ana.clicks("About Ben");
    ben.clicks("Ana");
    ben.clicks("About Ana");
    let words = ana.safety_words();
    assert_eq!(words.len(), 12);
    assert_eq!(words, ben.safety_words());
    for person in [&mut ana, &mut ben] {
        person.clicks("They are the same: mark as verified");
        person.sees("Verified", "");
        person.clicks("Back");
    }

    ana.writes("Ben", "Good morning");
    ben.sees("Ana, *: Good morning", "");
    ben.writes("Ana", "I am on my way.");
    ana.sees("Ben, *: I am on my way.", "");
    for (person, text) in [(&mut ana, "Good morning"), (&mut ben, "I am on my way.")] {
        person.sees(&format!("You, *: {text}"), "Delivered");
    }

    ben.is_killed();
    ana.writes("Ben", "Bring the cable");
    ana.writes("Ben", "and the tape");
    ana.sees("You, *: and the tape", "*");
    ben.starts_again();
    ben.clicks("Ana");
    ben.sees("Ana, *: and the tape", "");
    ana.sees("You, *: and the tape", "Delivered");
    ben.writes("Ana", "I have both");
    ana.sees("Ben, *: I have both", "");
    ben.sees("You, *: I have both", "Delivered");

    // Nothing is lost, and nothing is there twice.
    let said = [
        ("Ana", "Good morning"),
        ("Ben", "I am on my way."),
        ("Ana", "Bring the cable"),
        ("Ana", "and the tape"),
        ("Ben", "I have both"),
    ];
    assert_eq!(ana.conversation(), said.map(owned));
    assert_eq!(ben.conversation(), said.map(owned));
    ben.clicks("About Ana");
    ben.sees("Verified", "");
    for person in [ana, ben] {
        person.closes();
    }
}

fn owned((who, text): (&str, &str)) -> (String, String) {
    (who.to_owned(), text.to_owned())
}

#[test]
fn from_the_first_start_to_the_first_delivered_text_each_side_presses_twelve_times_at_most() {
    let desk = Desk::new();
    let (mut ana, mut ben) = (desk.person("Ana"), desk.person("Ben"));
    for person in [&mut ana, &mut ben] {
        person.begins_by_keys();
        // The button has the keyboard.
        person.types("\n");
    }
    ana.clicks("By link");
    ana.clicks("Make an invitation");
    // So has this one.
    ana.sees("Copy link", "");
    ana.types("\n");
    ana.sees("Copied.", "");
    ben.clicks("The link that you were given");
    ben.pastes();
    ben.types("\n");
    // Both are where one writes.
    for (person, other, text) in [
        (&mut ana, "Ben", "Good morning"),
        (&mut ben, "Ana", "I am on my way."),
    ] {
        person.sees(&format!("Message to {other}"), "");
        person.types(&format!("{text}\n"));
        person.sees(&format!("You, *: {text}"), "Delivered");
    }
    println!("Ana presses {} times, Ben {}", ana.presses, ben.presses);
    assert!(ana.presses <= 12 && ben.presses <= 12);
    for person in [ana, ben] {
        person.closes();
    }
}

#[test]
#[ignore = "the window of the other tests, in a process of its own"]
fn window_of_one_person() {
    window::open();
}

//! The search for what does not fit finds it: a small window is broken in each way.

use super::{begin, faults, parts};
use parts::Scales;

slint::slint! {
    component Button inherits Rectangle {
        in property <string> text;
        accessible-role: button;
        accessible-label: text;
        Text {
            width: 100%;
            height: 100%;
            text: root.text;
            font-size: 15px;
            wrap: word-wrap;
        }
        TouchArea { }
    }
    export component Two inherits Window {
        in property <length> first-width: 150px;
        in property <length> first-height: 44px;
        in property <length> second-left: 160px;
        in property <string> words: "Unbreakable";
        width: 320px;
        height: 200px;
        Button { x: 0; y: 0; width: root.first-width; height: root.first-height; text: root.words; }
        Button { x: root.second-left; y: 0; width: 150px; height: 44px; text: "Cancel"; }
    }
}

/// What is found in the window after this was done to it.
fn found(breaks: impl Fn(&Two)) -> Vec<String> {
    let window = Two::new().expect("a window");
    breaks(&window);
    let parts = parts::of(&window, &mut Scales::default());
    assert_eq!(parts.len(), 6, "a text, a control and a target of each");
    faults(&parts, true)
}

fn is_found(breaks: impl Fn(&Two), fault: &str) {
    let found = found(breaks);
    assert!(found.iter().any(|one| one.contains(fault)), "{found:?}");
}

#[test]
fn what_does_not_fit_is_found() {
    begin();
    assert_eq!(found(|_| ()), [""; 0]);
    is_found(|two| two.set_first_width(60.0), "has a word of");
    let words = slint::SharedString::from("Words that break, and need four lines");
    let longer = |two: &Two| {
        two.set_words(words.clone());
        two.set_first_width(100.0);
    };
    is_found(longer, "in height");
    is_found(|two| two.set_second_left(140.0), "lies over");
    is_found(|two| two.set_second_left(180.0), "leaves what is seen");
    is_found(|two| two.set_first_height(30.0), "too small for a finger");
}

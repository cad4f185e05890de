//! The keyboard and the windows of an X server.

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MapState, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// What one hand at a time is on.
pub struct Keyboard {
    x: RustConnection,
    root: Window,
    /// For each key from the first on, its letters without and with Shift.
    letters: Vec<[u32; 2]>,
    first: u8,
}

/// The names of keys that write nothing, as X calls them.
const RETURN: u32 = 0xff0d;
const TAB: u32 = 0xff09;
const ESCAPE: u32 = 0xff1b;
const SHIFT: u32 = 0xffe1;
const CONTROL: u32 = 0xffe3;

impl Keyboard {
    pub fn of(display: &str) -> Self {
        let (x, screen) = x11rb::connect(Some(display)).expect("the server is there");
        let setup = x.setup();
        let root = setup.roots[screen].root;
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let mapping = x
            .get_keyboard_mapping(first, last - first + 1)
            .expect("the server is there")
            .reply()
            .expect("a keyboard");
        let each = usize::from(mapping.keysyms_per_keycode);
        let letters = mapping
            .keysyms
            .chunks(each)
            .map(|key| [key[0], key[1]])
            .collect();
        Self {
            x,
            root,
            letters,
            first,
        }
    }

    /// The window of this process, once it is on the screen.
    pub fn window_of(&self, process: u32) -> Option<Window> {
        let atom = self
            .x
            .intern_atom(false, b"_NET_WM_PID")
            .ok()?
            .reply()
            .ok()?;
        let tree = self.x.query_tree(self.root).ok()?.reply().ok()?;
        tree.children.into_iter().find(|window| {
            let process_of =
                self.x
                    .get_property(false, *window, atom.atom, AtomEnum::CARDINAL, 0, 1);
            let process_of = process_of.ok().and_then(|asked| asked.reply().ok());
            let is_it = process_of.and_then(|reply| reply.value32()?.next()) == Some(process);
            let shown = self.x.get_window_attributes(*window);
            let shown = shown.ok().and_then(|asked| asked.reply().ok());
            is_it && shown.is_some_and(|it| it.map_state == MapState::VIEWABLE)
        })
    }

    /// Gives the keyboard to a window.
    pub fn turns_to(&self, window: Window) {
        self.x
            .set_input_focus(InputFocus::POINTER_ROOT, window, x11rb::CURRENT_TIME)
            .expect("the server is there")
            .check()
            .expect("it is shown");
    }

    /// Types a text: `\n` is the key Return, `\t` the key Tab, `\u{1b}` the key Escape.
    pub fn types(&self, text: &str) {
        for letter in text.chars() {
            self.presses(&[], letter);
        }
        self.waits();
    }

    /// Presses a key while Control is down.
    pub fn with_control(&self, letter: char) {
        self.presses(&[CONTROL], letter);
        self.waits();
    }

    fn presses(&self, with: &[u32], letter: char) {
        let symbol = match letter {
            '\n' => RETURN,
            '\t' => TAB,
            '\u{1b}' => ESCAPE,
            letter => u32::from(letter),
        };
        let (key, shifted) = self.key(symbol);
        let mut held: Vec<u8> = with.iter().map(|symbol| self.key(*symbol).0).collect();
        if shifted {
            held.push(self.key(SHIFT).0);
        }
        for key in held.iter().chain([&key]) {
            self.moves(*key, KEY_PRESS_EVENT);
        }
        for key in [&key].into_iter().chain(held.iter().rev()) {
            self.moves(*key, KEY_RELEASE_EVENT);
        }
    }

    /// The key that has this symbol, and whether with Shift.
    fn key(&self, symbol: u32) -> (u8, bool) {
        let at = self.letters.iter().position(|key| key.contains(&symbol));
        let at = at.unwrap_or_else(|| panic!("no key writes {symbol:#x}"));
        let key = self.first + u8::try_from(at).expect("a key");
        (key, self.letters[at][0] != symbol)
    }

    /// Until the server has taken everything in.
    fn waits(&self) {
        let asked = self.x.get_input_focus().expect("the server is there");
        asked.reply().expect("the server is there");
    }

    fn moves(&self, key: u8, how: u8) {
        self.x
            .xtest_fake_input(how, key, x11rb::CURRENT_TIME, x11rb::NONE, 0, 0, 0)
            .expect("the server is there");
    }
}

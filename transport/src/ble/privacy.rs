//! Whether the controller hides the identity of the device: its address, and the name that BlueZ shows to every
//! device that connects. D-Bus does not say whether the address is hidden, and the kernel's management socket
//! needs privileges; every program can read BlueZ's configuration.

use std::path::Path;

use configparser::ini::Ini;

/// Where BlueZ keeps its configuration.
pub const CONFIGURATION: &str = "/etc/bluetooth/main.conf";

/// The only alias of an adapter that reveals nothing: the same on every device. BlueZ's default is the host
/// name.
pub const ALIAS: &str = "Bluetooth";

/// Whether this configuration makes the controller use resolvable private addresses. False if it cannot be read
/// or does not say: BlueZ's default is off.
#[must_use]
pub fn is_on(configuration: &Path) -> bool {
    std::fs::read_to_string(configuration).is_ok_and(|text| says_on(&text))
}

/// Reads `Privacy` in the section `General`: the last value counts. The limited modes show the public address
/// while the device is discoverable, which it always is when it advertises.
fn says_on(text: &str) -> bool {
    let mut configuration = Ini::new_cs();
    // BlueZ has no inline comments either.
    configuration.set_inline_comment_symbols(Some(&[]));
    let privacy = match configuration.read(text.to_owned()) {
        Ok(_) => configuration.get("General", "Privacy"),
        Err(_) => None,
    };
    matches!(privacy.as_deref(), Some("device" | "network" | "on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_privacy_of_the_section_general_counts() {
        for (text, on) in [
            ("[General]\nPrivacy = device\n", true),
            ("[General]\r\n Privacy=network\r\n", true),
            ("[General]\n#Privacy = device\n", false),
            ("[General]\nPrivacy = off\n", false),
            ("[General]\nPrivacy = limited-device\n", false),
            ("[LE]\nPrivacy = device\n", false),
            ("Privacy = device\n", false),
            ("[General]\nPrivacy = device\nPrivacy = off\n", false),
            ("[General]\nPrivacy = device # now\n", false),
            ("[General]\nPrivacy\n", false),
            ("", false),
        ] {
            assert_eq!(says_on(text), on, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_counts_as_off() {
        assert!(!is_on(Path::new("/nonexistent/main.conf")));
    }
}

//! Whether the controller hides who it is: its address, and the name that BlueZ tells everybody who
//! connects. Of the address BlueZ does not say so over D-Bus, and the kernel only to whoever may open its
//! management socket; what its configuration says can be read by everybody.

use std::path::Path;

use configparser::ini::Ini;

/// Where BlueZ keeps its configuration.
pub const CONFIGURATION: &str = "/etc/bluetooth/main.conf";

/// The only alias of an adapter that tells nothing: the same on every device. BlueZ's own choice is the
/// name of the machine.
pub const ALIAS: &str = "Bluetooth";

/// Whether this configuration has the controller use addresses that only its bonded devices can resolve.
/// False if it cannot be read or says nothing: BlueZ's default is off.
#[must_use]
pub fn is_on(configuration: &Path) -> bool {
    std::fs::read_to_string(configuration).is_ok_and(|text| says_on(&text))
}

/// `Privacy` in the section `General`: the last value counts. The limited kinds show the public address
/// while the device can be discovered, which is always when it announces.
fn says_on(text: &str) -> bool {
    let mut configuration = Ini::new_cs();
    // Nor has BlueZ comments behind values.
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

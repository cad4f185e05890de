//! Names that look alike (Unicode Technical Standard #39, confusable detection).

use unicode_security::confusable_detection::skeleton;

/// What a name looks like, as it is written and in small letters. Two names look alike if they share one of both:
/// `Ana` and a Cyrillic `Аnа`, `Ana ✓` and `ana`, `Ina` and `lna`.
pub fn looks(name: &str) -> [String; 2] {
    [look(name), look(&name.to_lowercase())]
}

/// Whether two names look alike.
pub fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (looks(one), looks(other));
    one.iter().zip(&other).any(|(one, other)| one == other)
}

/// Signs and marks around and in a name make no other name of it, unless it has nothing else.
fn look(name: &str) -> String {
    let letters: String = skeleton(name).filter(|c| c.is_alphanumeric()).collect();
    match letters.is_empty() {
        true => skeleton(name).collect(),
        false => letters,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_reader_takes_for_one_are_alike() {
        for other in [
            "Ana",
            "ana",
            "ANA",
            "Аna",
            "Аnа",
            "A\u{200b}na",
            "Ana\u{202e}",
            "Ana ✓",
            " Ana",
            "Ana.",
            "𝐀na",
            "Ána",
        ] {
            assert!(alike("Ana", other), "{other}");
        }
        assert!(alike("Ina", "lna") && alike("you", "yоu ✓") && alike("\u{200b}", ""));
        for other in ["Anna", "Ana B.", "An", "Ada", "Hana", "", "✓"] {
            assert!(!alike("Ana", other), "{other}");
        }
        assert!(!alike("🦔", "🐦") && !alike("Ян", "Ана"));
    }
}

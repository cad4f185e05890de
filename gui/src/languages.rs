//! The languages of the interface.

/// What each is called by those who speak it. The first is the one that the interface is written in.
pub const LANGUAGES: [(&str, &str); 6] = [
    ("en", "English"),
    ("bg", "Български"),
    ("da", "Dansk"),
    ("lv", "Latviešu"),
    ("ro", "Română"),
    ("sv", "Svenska"),
];

/// Speaks this language from now on, or the system's, and tells which. One that is not there is English.
pub fn select(language: Option<&str>) -> &'static str {
    let system = sys_locale::get_locale().unwrap_or_default();
    let wanted = language.unwrap_or(&system);
    let is_wanted = |code: &str| {
        wanted
            .strip_prefix(code)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.']))
    };
    let mut known = LANGUAGES[1..].iter().map(|(code, _)| *code);
    let code = known.find(|code| is_wanted(code)).unwrap_or("");
    // It knows all of these, and fails only where there is no window yet.
    let _ = slint::select_bundled_translation(code);
    if code.is_empty() {
        LANGUAGES[0].0
    } else {
        code
    }
}

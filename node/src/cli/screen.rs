//! Times as people read and write them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Unix milliseconds as local date and time, to the minute.
pub fn time(unix_ms: i64) -> String {
    written(unix_ms, "%Y-%m-%d %H:%M")
}

/// The same for what is due within the hour: a time of day, to the second.
pub fn soon(unix_ms: i64) -> String {
    written(unix_ms, "%H:%M:%S")
}

fn written(unix_ms: i64, form: &str) -> String {
    match Timestamp::from_millisecond(unix_ms) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime(form).to_string(),
        Err(_) => "an impossible time".into(),
    }
}

/// A date, or date and time, of the local time zone as Unix milliseconds.
pub fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    let time = text.parse::<jiff::civil::DateTime>().ok()?;
    let time = time.to_zoned(TimeZone::system()).ok()?;
    Some(time.timestamp().as_millisecond())
}

/// A span like `30m`, `24h` or `7d` in seconds.
pub fn parse_span(text: &str) -> Option<u64> {
    let span: jiff::Span = text.trim().parse().ok()?;
    let day = jiff::SpanRelativeTo::days_are_24_hours();
    let seconds = span.total((jiff::Unit::Second, day)).ok()?;
    (seconds >= 1.0).then_some(seconds as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(parse_span("30m"), Some(1_800));
        assert_eq!(parse_span("24h"), Some(86_400));
        assert_eq!(parse_span("7d"), Some(604_800));
        assert_eq!(parse_span("1h 30m"), Some(5_400));
        for bad in ["", "0s", "-1h", "soon", "5"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_read_with_and_without_a_time() {
        assert_eq!(parse_time("1970-01-02T00:00:00Z"), Some(86_400_000));
        let day = parse_time("2026-05-01").unwrap();
        assert_eq!(parse_time("2026-05-01 14:30").unwrap() - day, 52_200_000);
        assert_eq!(parse_time("yesterday-ish"), None);
    }
}

//! Numbers as the speakers of a language write them, by the data of the CLDR.

use std::borrow::Cow;

use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_decimal::options::GroupingStrategy;

use super::Language;

impl Language {
    /// A number, without marks for thousands.
    pub fn number(self, number: u64) -> String {
        self.decimal(&Decimal::from(number))
    }

    /// A number of digits and at most one point, with the digits and the mark of this language; any other text as it is.
    pub fn fraction(self, number: &str) -> String {
        match number.parse() {
            Ok(number) => self.decimal(&number),
            Err(_) => number.to_owned(),
        }
    }

    /// A text with the digits of this language.
    pub fn digits(self, text: &str) -> Cow<'_, str> {
        let zero = self.number(0).chars().next().unwrap_or('0');
        if zero == '0' {
            return text.into();
        }
        let digit = |letter: char| {
            let number = letter.to_digit(10)?;
            char::from_u32(u32::from(zero) + number)
        };
        let letters = text.chars();
        letters
            .map(|letter| digit(letter).unwrap_or(letter))
            .collect()
    }

    fn decimal(self, number: &Decimal) -> String {
        let locale = self.locale();
        let formatter = DecimalFormatter::try_new((&locale).into(), GroupingStrategy::Never.into());
        let formatter = formatter.expect("the digits of all languages are compiled in");
        formatter.format(number).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_of_their_language() {
        assert_eq!(Language::English.number(65_536), "65536");
        assert_eq!(Language::Arabic.number(65_536), "65536");
        assert_eq!(Language::Persian.number(65_536), "۶۵۵۳۶");
        assert_eq!(Language::Persian.digits("99+ (3)"), "۹۹+ (۳)");
        assert_eq!(Language::Bulgarian.digits("99+ (3)"), "99+ (3)");
    }

    #[test]
    fn fractions_have_the_mark_of_their_language() {
        assert_eq!(Language::English.fraction("12.5"), "12.5");
        assert_eq!(Language::Swedish.fraction("12.5"), "12,5");
        assert_eq!(Language::Persian.fraction("12.5"), "۱۲٫۵");
        assert_eq!(Language::Swedish.fraction("many"), "many");
    }
}

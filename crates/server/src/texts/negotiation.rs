//! Which locale a person gets.

use unic_langid::CharacterDirection;

use super::{Direction, Locale, Texts, source};

/// How many bytes of `Accept-Language` are read; browsers send fewer than 100.
const HEADER_BYTES: usize = 1024;

/// How many languages of `Accept-Language` are weighed.
const LANGUAGES: usize = 32;

impl Locale {
    /// The locale of a language tag (BCP 47), by its language alone: `pt-BR` is `pt`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|locale| locale.code().eq_ignore_ascii_case(language))
    }

    /// The locale for a person: the language that the address asks for if there is one and we have
    /// it, or else the best of `Accept-Language` (RFC 9110 §12.5.4), or else English.
    #[must_use]
    pub fn negotiate(lang: Option<&str>, accept_language: Option<&str>) -> Self {
        lang.and_then(Self::of_tag)
            .or_else(|| accept_language.and_then(Self::accepted))
            .unwrap_or_default()
    }

    /// Which way its texts run.
    #[must_use]
    pub fn direction(self) -> Direction {
        match source::identifier(self).character_direction() {
            CharacterDirection::RTL => Direction::RightToLeft,
            CharacterDirection::LTR | CharacterDirection::TTB => Direction::LeftToRight,
        }
    }

    /// What those who speak the language call it.
    #[must_use]
    pub fn endonym(self) -> String {
        Texts::of(self).language_name()
    }

    /// The first of the languages with the highest quality that we have.
    fn accepted(header: &str) -> Option<Self> {
        let read = header.get(..header.floor_char_boundary(HEADER_BYTES))?;
        let mut best = None;
        for range in read.split(',').take(LANGUAGES) {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let quality = parts.find_map(|part| part.trim().strip_prefix("q="));
            let Some(quality) = quality.map_or(Some(1000), quality_of) else { continue };
            let known = if tag == "*" { Some(Self::default()) } else { Self::of_tag(tag) };
            if let Some(locale) = known
                && quality > best.map_or(0, |(quality, _)| quality)
            {
                best = Some((quality, locale));
            }
        }
        best.map(|(_, locale)| locale)
    }
}

/// A quality in thousandths: `0.8` is 800.
fn quality_of(text: &str) -> Option<u16> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

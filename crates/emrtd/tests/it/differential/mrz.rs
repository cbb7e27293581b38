//! The machine readable zone, against the `mrz` crate.
//!
//! Where the two disagree Doc 9303 decides; each difference is a test.

use emrtd::mrz::{Fields, Format, Mrz, check_digit};
use mrz::{MrzData, MrzDate, Sex, Td1Fields, Td2Fields, Td3Fields};
use proptest::prelude::*;

use crate::shared::NOW;

fn theirs(zone: &str) -> Option<MrzData> {
    match zone.len() {
        90 => mrz::parse_td1(&zone[..30], &zone[30..60], &zone[60..]).ok(),
        72 => mrz::parse_td2(&zone[..36], &zone[36..]).ok(),
        88 => mrz::parse_td3(&zone[..44], &zone[44..]).ok(),
        _ => None,
    }
}

fn ours(zone: &str) -> Option<Mrz> {
    Mrz::parse(zone.as_bytes(), NOW).ok()
}

/// The holder of a document, in what both writers take.
#[derive(Clone, Debug)]
struct Holder {
    format: Format,
    number: String,
    surname: String,
    given_names: String,
    state: String,
    nationality: String,
    birth: (u32, u32, u32),
    expiry: (u32, u32, u32),
    sex: char,
    optional: String,
}

fn date(years: std::ops::Range<u32>) -> impl Strategy<Value = (u32, u32, u32)> {
    (years, 1..=12_u32, 1..=28_u32)
}

fn holder() -> impl Strategy<Value = Holder> {
    let format = prop_oneof![Just(Format::Td1), Just(Format::Td2), Just(Format::Td3)];
    let names = ("[A-Z]{1,12}( [A-Z]{1,8})?", "([A-Z]{1,10}( [A-Z]{1,10}){0,2})?");
    let sex = prop_oneof![Just('M'), Just('F'), Just('X')];
    let people = (names, "[A-Z]{3}", "[A-Z]{3}", date(1950..2020), date(2027..2036), sex);
    (format, "[A-Z0-9]{1,9}", people, "[A-Z0-9]{0,7}").prop_map(
        |(format, number, (names, state, nationality, birth, expiry, sex), optional)| Holder {
            format,
            number,
            surname: names.0,
            given_names: names.1,
            state,
            nationality,
            birth,
            expiry,
            sex,
            optional,
        },
    )
}

impl Holder {
    fn ours(&self) -> String {
        let short =
            |(year, month, day): (u32, u32, u32)| format!("{:02}{month:02}{day:02}", year % 100);
        let document_code = if self.format == Format::Td3 { "P" } else { "I" };
        Fields {
            format: self.format,
            document_code,
            issuing_state: &self.state,
            surname: &self.surname,
            given_names: &self.given_names,
            document_number: &self.number,
            nationality: &self.nationality,
            birth_date: &short(self.birth),
            sex: self.sex,
            expiry_date: &short(self.expiry),
            optional_data: &self.optional,
        }
        .write()
        .unwrap()
    }

    /// Whether the names need not be cut, for which there are many ways
    /// (9303-4 §4.2.3).
    fn fits(&self) -> bool {
        let width = match self.format {
            Format::Td1 => 30,
            Format::Td2 => 31,
            Format::Td3 => 39,
        };
        self.surname.len() + 2 + self.given_names.len() <= width
    }

    fn theirs(&self) -> String {
        let date = |(year, month, day): (u32, u32, u32)| {
            MrzDate::Calendar(mrz::Date::new(year as i32, month, day))
        };
        let optional = Some(self.optional.clone()).filter(|text| !text.is_empty());
        let sex = match self.sex {
            'M' => Sex::Male,
            'F' => Sex::Female,
            _ => Sex::Unspecified,
        };
        macro_rules! fields {
            ($kind:ident, $code:expr, $optional:ident $(, $more:ident)?) => {
                $kind {
                    document_code: $code.to_owned(),
                    issuing_country: self.state.clone(),
                    document_number: self.number.clone(),
                    surname: self.surname.clone(),
                    given_names: self.given_names.clone(),
                    nationality: self.nationality.clone(),
                    date_of_birth: date(self.birth),
                    sex,
                    date_of_expiry: date(self.expiry),
                    $optional: optional,
                    $($more: None,)?
                }
            };
        }
        let lines = match self.format {
            Format::Td1 => {
                mrz::format_td1(&fields!(Td1Fields, "I", optional_data_1, optional_data_2))
            }
            Format::Td2 => mrz::format_td2(&fields!(Td2Fields, "I", optional_data)),
            Format::Td3 => mrz::format_td3(&fields!(Td3Fields, "P", personal_number)),
        };
        lines.lines().collect()
    }
}

proptest! {
    #[test]
    fn check_digits(field in "[A-Z0-9<]{0,60}") {
        let theirs = mrz::check_digit(&field).unwrap();
        prop_assert_eq!(u32::from(check_digit(field.as_bytes()) - b'0'), theirs);
    }

    #[test]
    fn zones_are_written_and_read_the_same(holder in holder()) {
        let zone = holder.ours();
        if holder.fits() {
            prop_assert_eq!(&zone, &holder.theirs());
        }
        let (ours, theirs) = (ours(&zone).unwrap(), theirs(&zone).unwrap());
        prop_assert!(theirs.valid());
        prop_assert_eq!(ours.document_number(), theirs.full_document_number());
        // See `one_filler_does_not_part_identifiers`.
        if !holder.given_names.is_empty() && holder.fits() {
            prop_assert_eq!(ours.surname(), theirs.surname);
            prop_assert_eq!(ours.given_names(), theirs.given_names);
        }
        prop_assert_eq!(ours.issuing_state(), theirs.issuing_country);
        prop_assert_eq!(ours.nationality(), theirs.nationality);
        prop_assert_eq!(ours.optional_data(), theirs.optional_data_1.unwrap_or_default());
        prop_assert_eq!(ours.sex() == 'X', theirs.sex == Sex::Unspecified);
        let date = theirs.date_of_birth.calendar().unwrap();
        let birth = ours.birth_date();
        prop_assert_eq!(birth.month().map(u32::from), Some(date.month));
        prop_assert_eq!(birth.day().map(u32::from), Some(date.day));
    }

    /// A zone with one other character is refused here whenever a check digit
    /// does not hold there. What they do not read at all may be read here: see
    /// `cards_of_unknown_kinds`.
    #[test]
    fn a_wrong_character_is_found_by_both(
        holder in holder(),
        position in any::<prop::sample::Index>(),
        character in "[A-Z0-9<]",
    ) {
        let mut zone = holder.ours();
        let position = position.index(zone.len());
        zone.replace_range(position..=position, &character);
        if theirs(&zone).is_some_and(|theirs| !theirs.valid()) {
            prop_assert!(ours(&zone).is_none(), "{}", zone);
        }
    }
}

/// 9303-3 §4.6: two fillers part the primary from the secondary identifier, one
/// parts the words of either. A holder without given names has no two fillers
/// but those at the end, and the crate then takes the second word for a given
/// name.
#[test]
fn one_filler_does_not_part_identifiers() {
    let zone = "P<UTOVAN<DYK<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\
                L898902C36UTO7408122F3404159<<<<<<<<<<<<<<<0";
    let zone = with_digits(zone);
    let ours = ours(&zone).unwrap();
    assert_eq!((ours.surname(), ours.given_names()), ("VAN DYK", ""));
    let theirs = theirs(&zone).unwrap();
    assert_eq!((&theirs.surname[..], &theirs.given_names[..]), ("VAN", "DYK"));
}

/// 9303-5 §4.2.2.1 gives cards the letters A, C and I. States print others, and
/// such cards are read here; a visa is none (9303-7).
#[test]
fn cards_of_unknown_kinds() {
    for (code, read_here) in [("D<", true), ("V<", false)] {
        let zone = format!(
            "{code}UTOD231458907<<<<<<<<<<<<<<<7408122F3404159UTO<<<<<<<<<<<0\
             ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
        );
        let zone = with_digits(&zone);
        assert_eq!(ours(&zone).is_some(), read_here, "{code}");
        assert!(theirs(&zone).is_none(), "{code}");
    }
}

/// The zone with its last check digit made right, which covers all others.
fn with_digits(zone: &str) -> String {
    let composite = match zone.len() {
        88 => [&zone[44..54], &zone[57..64], &zone[65..87]].concat(),
        _ => [&zone[5..30], &zone[30..37], &zone[38..45], &zone[48..59]].concat(),
    };
    let position = if zone.len() == 88 { 87 } else { 59 };
    let mut zone = zone.to_owned();
    let digit = char::from(check_digit(composite.as_bytes())).to_string();
    zone.replace_range(position..=position, &digit);
    zone
}

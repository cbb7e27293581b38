use emrtd::calendar::Date;
use emrtd::mrz::{Error, Field, Fields, Format, Mrz, check_digit};
use proptest::prelude::*;

use crate::shared::NOW;

/// 9303-4 appendix B.
const PASSPORT: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n\
                        L898902C36UTO7408122F1204159ZE184226B<<<<<10";
/// 9303-5 appendix A.
const CARD: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n\
                    7408122F1204159UTO<<<<<<<<<<<6\n\
                    ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
/// 9303-5 §4.2.2.2 note j: a document number of twelve characters.
const LONG_NUMBER: &str = "I<UTOD23145890<7349<<<<<<<<<<<\n\
                           3407127M9507122UTO<<<<<<<<<<<2\n\
                           STEVENSON<<PETER<JOHN<<<<<<<<<";

#[test]
fn check_digits_of_the_standard() {
    assert_eq!(check_digit(b"520727"), b'3');
    assert_eq!(check_digit(b"AB2134<<<"), b'5');
    assert_eq!(check_digit(b"HA672242<658022549601086<<<<<<<<<<<<<<0"), b'8');
    assert_eq!(check_digit(b"D231458907<<<<<<<<<<<<<<<34071279507122<<<<<<<<<<"), b'2');
    assert_eq!(check_digit(b"HA672242<658022549601086<<<<<<<"), b'8');
}

#[test]
fn passport_of_the_standard() {
    let mrz = Mrz::parse(PASSPORT.as_bytes(), NOW).unwrap();
    assert_eq!(mrz.format(), Format::Td3);
    assert_eq!(mrz.document_code(), "P");
    assert_eq!(mrz.issuing_state(), "UTO");
    assert_eq!(mrz.surname(), "ERIKSSON");
    assert_eq!(mrz.given_names(), "ANNA MARIA");
    assert_eq!(mrz.document_number(), "L898902C3");
    assert_eq!(mrz.nationality(), "UTO");
    assert_eq!(mrz.birth_date().to_string(), "1974-08-12");
    assert_eq!(mrz.sex(), 'F');
    assert_eq!(mrz.expiry_date().to_string(), "2012-04-15");
    assert_eq!(mrz.optional_data(), "ZE184226B");
}

#[test]
fn card_of_the_standard() {
    let mrz = Mrz::parse(CARD.as_bytes(), NOW).unwrap();
    assert_eq!(mrz.format(), Format::Td1);
    assert_eq!(mrz.document_code(), "I");
    assert_eq!(mrz.document_number(), "D23145890");
    assert_eq!(mrz.given_names(), "ANNA MARIA");
    assert_eq!(mrz.optional_data(), "");
}

#[test]
fn long_document_number_continues_in_the_optional_data() {
    let mrz = Mrz::parse(LONG_NUMBER.as_bytes(), NOW).unwrap();
    assert_eq!(mrz.document_number(), "D23145890734");
    assert_eq!(mrz.optional_data(), "");
}

#[test]
fn every_wrong_check_digit_is_named() {
    let cases = [
        (PASSPORT, 54, Field::DocumentNumber),
        (PASSPORT, 64, Field::BirthDate),
        (PASSPORT, 72, Field::ExpiryDate),
        (PASSPORT, 87, Field::OptionalData),
        (PASSPORT, 88, Field::Composite),
        (CARD, 14, Field::DocumentNumber),
        (CARD, 37, Field::BirthDate),
        (CARD, 45, Field::ExpiryDate),
        (CARD, 60, Field::Composite),
        (LONG_NUMBER, 18, Field::DocumentNumber),
    ];
    for (text, position, field) in cases {
        let mut bytes = text.as_bytes().to_vec();
        let digit = bytes.get_mut(position).unwrap();
        assert!(digit.is_ascii_digit(), "{field:?}");
        *digit = if *digit == b'9' { b'0' } else { *digit + 1 };
        let error = Mrz::parse(&bytes, NOW).unwrap_err();
        assert_eq!(error, Error::CheckDigit(field));
    }
}

fn fields() -> Fields<'static> {
    Fields {
        format: Format::Td3,
        document_code: "P",
        issuing_state: "D",
        surname: "Mustermann",
        given_names: "Erika",
        document_number: "C11T002JM",
        nationality: "D",
        birth_date: "960812",
        sex: 'F',
        expiry_date: "310131",
        optional_data: "",
    }
}

fn parse(fields: Fields<'_>) -> Result<Mrz, Error> {
    Mrz::parse(fields.write()?.as_bytes(), NOW)
}

#[test]
fn centuries_follow_the_reference_date() {
    let birth = |birth_date| parse(Fields { birth_date, ..fields() }).unwrap().birth_date();
    // NOW is 2026-06-01: born today, or a hundred years ago tomorrow.
    assert_eq!(birth("260601").to_string(), "2026-06-01");
    assert_eq!(birth("260602").to_string(), "1926-06-02");
    assert_eq!(birth("000229").to_string(), "2000-02-29");
    let expiry = |expiry_date| parse(Fields { expiry_date, ..fields() }).unwrap().expiry_date();
    assert_eq!(expiry("760101").to_string(), "2076-01-01");
    assert_eq!(expiry("770101").to_string(), "1977-01-01");
}

#[test]
fn unknown_parts_of_a_birth_date_are_bounded() {
    let birth = |birth_date| parse(Fields { birth_date, ..fields() }).unwrap().birth_date();
    let date = |y, m, d| Date::new(y, m, d).unwrap();
    for unknown in ["80<<<<", "800000"] {
        let date_of_birth = birth(unknown);
        assert_eq!(date_of_birth.to_string(), "1980-00-00");
        assert_eq!(date_of_birth.earliest(), date(1980, 1, 1));
        assert_eq!(date_of_birth.latest(), date(1980, 12, 31));
        assert_eq!(date_of_birth.exact(), None);
    }
    assert_eq!(birth("8002<<").latest(), date(1980, 2, 29));
    // This year so far: never in the future.
    assert_eq!(birth("26<<<<").latest(), date(2026, 6, 1));
    let nothing = birth("<<<<<<");
    assert_eq!(nothing.year(), None);
    assert_eq!(nothing.to_string(), "0000-00-00");
    assert_eq!(nothing.earliest(), date(1896, 1, 1));
    assert_eq!(nothing.latest(), date(2026, 6, 1));
}

#[test]
fn dates_that_do_not_exist_are_refused() {
    for birth_date in ["990229", "001301", "000431", "0<0101", "AB0101"] {
        let error = parse(Fields { birth_date, ..fields() }).unwrap_err();
        assert_eq!(error, Error::Invalid(Field::BirthDate), "{birth_date}");
    }
    let error = parse(Fields { expiry_date: "300230", ..fields() }).unwrap_err();
    assert_eq!(error, Error::Invalid(Field::ExpiryDate));
}

#[test]
fn visas_and_other_codes_are_no_passports() {
    for document_code in ["V", "I", "9P"] {
        let error = parse(Fields { document_code, ..fields() }).unwrap_err();
        assert_eq!(error, Error::Invalid(Field::DocumentCode));
    }
    let visa = Fields { document_code: "V", format: Format::Td2, ..fields() };
    assert_eq!(parse(visa).unwrap_err(), Error::Invalid(Field::DocumentCode));
}

#[test]
fn every_format_round_trips() {
    for format in [Format::Td1, Format::Td2, Format::Td3] {
        let document_code = if format == Format::Td3 { "P" } else { "ID" };
        let mrz =
            parse(Fields { format, document_code, sex: 'X', optional_data: "A1", ..fields() })
                .unwrap();
        assert_eq!((mrz.surname(), mrz.given_names()), ("MUSTERMANN", "ERIKA"));
        assert_eq!((mrz.issuing_state(), mrz.sex()), ("D", 'X'));
        assert_eq!(mrz.optional_data(), "A1");
        assert_eq!(format!("{mrz:?}"), format!("Mrz({format}, redacted)"));
    }
}

#[test]
fn a_name_without_given_names_is_a_surname() {
    let mrz = parse(Fields { surname: "ARKFREITH", given_names: "", ..fields() }).unwrap();
    assert_eq!((mrz.surname(), mrz.given_names()), ("ARKFREITH", ""));
}

#[test]
fn text_of_other_lengths_or_alphabets_is_refused() {
    assert_eq!(Mrz::parse(b"", NOW).unwrap_err(), Error::Length(0));
    assert_eq!(Mrz::parse(&[b'<'; 89], NOW).unwrap_err(), Error::Length(89));
    assert!(matches!(Mrz::parse(&[b'<'; 100_000], NOW), Err(Error::Length(_))));
    let lower = PASSPORT.to_lowercase();
    assert_eq!(Mrz::parse(lower.as_bytes(), NOW).unwrap_err(), Error::Character(0));
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = Mrz::parse(&bytes, NOW);
    }

    #[test]
    fn plausible_text_never_panics(text in "[A-Z0-9<]{72}|[A-Z0-9<]{88}|[A-Z0-9<]{90}") {
        let _ = Mrz::parse(text.as_bytes(), NOW);
    }

    #[test]
    fn what_is_written_is_read(
        number in "[A-Z0-9]{1,14}",
        surname in "[A-Z]{1,20}",
        given_names in "[A-Z]{0,8}",
        year in 0..100_u8,
        month in 1..13_u8,
        day in 1..29_u8,
    ) {
        let birth_date = format!("{year:02}{month:02}{day:02}");
        let mrz = parse(Fields {
            format: Format::Td1,
            document_code: "ID",
            surname: &surname,
            given_names: &given_names,
            document_number: &number,
            birth_date: &birth_date,
            ..fields()
        }).unwrap();
        prop_assert_eq!(mrz.document_number(), number);
        prop_assert_eq!(mrz.surname(), surname);
        let date = mrz.birth_date();
        prop_assert_eq!(date.earliest(), date.latest());
        prop_assert!(date.latest() <= NOW.date());
    }
}

/// 9303-4 §4.2.3.2: a letter at the end tells that the name was cut.
#[test]
fn names_that_are_too_long_end_with_a_letter() {
    let line = |format: Format, surname: &str, given_names: &str| {
        let fields = Fields {
            format,
            document_code: if format == Format::Td3 { "P" } else { "I" },
            issuing_state: "UTO",
            surname,
            given_names,
            document_number: "L898902C3",
            nationality: "UTO",
            birth_date: "740812",
            sex: 'F',
            expiry_date: "340415",
            optional_data: "",
        };
        let zone = fields.write().unwrap();
        let mrz = Mrz::parse(zone.as_bytes(), NOW).unwrap();
        assert!(!mrz.surname().is_empty());
        match format {
            Format::Td1 => zone[60..].to_owned(),
            Format::Td2 => zone[5..36].to_owned(),
            Format::Td3 => zone[5..44].to_owned(),
        }
    };
    let long = "NILAVADHANANANDA";
    assert_eq!(
        line(Format::Td3, long, "CHAYAPA DEJTHAMRONG KRASUANG"),
        "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"
    );
    assert_eq!(
        line(Format::Td3, long, "ARNPOL PETCH CHARONGUANG"),
        "NILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU"
    );
    // A filler would stand at the end: the longest component gives up a letter.
    assert_eq!(
        line(Format::Td3, long, "CHAYAPA DEJTHAMRONGS KRASUANG"),
        "NILAVADHANANAND<<CHAYAPA<DEJTHAMRONGS<K"
    );
    assert_eq!(
        line(Format::Td3, "BENNELONG WOOLOOMOOLOO WARRANDYTE WARNAMBOOL", "DINGO POTOROO"),
        "BENNELONG<WOOLOOMOOLOO<WARRANDYTE<WA<<D"
    );
    assert_eq!(
        line(Format::Td1, "A B C D E F G H I J K L M N O P", ""),
        "A<B<C<D<E<F<G<H<I<J<K<L<M<N<OP"
    );
    assert_eq!(line(Format::Td2, &"A".repeat(31), ""), "A".repeat(31));
    assert_eq!(line(Format::Td2, &"A".repeat(40), "B"), format!("{}<<B", "A".repeat(28)));
}

use zeroize::Zeroizing;

use super::{Error, Field, Format, Mrz, PartialDate, check_digit};
use crate::UnixSeconds;

impl Mrz {
    /// Reads a zone; line breaks between lines are ignored.
    ///
    /// `at` resolves the centuries: a birth is the latest year not in the
    /// future, an expiry the latest year within 50 years.
    ///
    /// # Errors
    /// Names the field or check digit that is wrong.
    pub fn parse(text: &[u8], at: UnixSeconds) -> Result<Self, Error> {
        let mut zone = Zeroizing::new(Vec::with_capacity(90));
        for byte in text {
            match byte {
                b'\r' | b'\n' => {}
                // The longest zone has 90 characters; one more shows the excess.
                _ if zone.len() > 90 => return Err(Error::Length(text.len())),
                _ => zone.push(*byte),
            }
        }
        let format = match zone.len() {
            90 => Format::Td1,
            72 => Format::Td2,
            88 => Format::Td3,
            other => return Err(Error::Length(other)),
        };
        let allowed = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'<');
        if let Some(position) = zone.iter().position(|byte| !allowed(byte)) {
            return Err(Error::Character(position));
        }
        let layout = Layout::of(format, &zone).ok_or(Error::Length(zone.len()))?;
        layout.verify(format)?.build(format, &zone, at)
    }
}

/// The zone cut into its fields; check digits are still unverified.
struct Layout<'a> {
    document_code: &'a [u8],
    issuing_state: &'a [u8],
    name: &'a [u8],
    number: &'a [u8],
    number_check: u8,
    nationality: &'a [u8],
    birth: &'a [u8],
    birth_check: u8,
    sex: u8,
    expiry: &'a [u8],
    expiry_check: u8,
    /// The optional data that follows a document number that is too long.
    optional: &'a [u8],
    optional_check: Option<u8>,
    second_optional: &'a [u8],
    composite: Vec<u8>,
    composite_check: u8,
}

impl<'a> Layout<'a> {
    fn of(format: Format, zone: &'a [u8]) -> Option<Self> {
        let (_, width) = format.lines();
        let line = |index: usize| zone.get(index * width..(index + 1) * width);
        let (first, second) = (line(0)?, line(1)?);
        let document_code = first.get(..2)?;
        let issuing_state = first.get(2..5)?;
        match format {
            Format::Td1 => Some(Self {
                document_code,
                issuing_state,
                name: line(2)?,
                number: first.get(5..14)?,
                number_check: *first.get(14)?,
                nationality: second.get(15..18)?,
                birth: second.get(..6)?,
                birth_check: *second.get(6)?,
                sex: *second.get(7)?,
                expiry: second.get(8..14)?,
                expiry_check: *second.get(14)?,
                optional: first.get(15..30)?,
                optional_check: None,
                second_optional: second.get(18..29)?,
                composite: [
                    first.get(5..30)?,
                    second.get(..7)?,
                    second.get(8..15)?,
                    second.get(18..29)?,
                ]
                .concat(),
                composite_check: *second.get(29)?,
            }),
            Format::Td2 | Format::Td3 => {
                let last = width - 1;
                let optional_end = if format == Format::Td3 { 42 } else { 35 };
                Some(Self {
                    document_code,
                    issuing_state,
                    name: first.get(5..)?,
                    number: second.get(..9)?,
                    number_check: *second.get(9)?,
                    nationality: second.get(10..13)?,
                    birth: second.get(13..19)?,
                    birth_check: *second.get(19)?,
                    sex: *second.get(20)?,
                    expiry: second.get(21..27)?,
                    expiry_check: *second.get(27)?,
                    optional: second.get(28..optional_end)?,
                    optional_check: match format {
                        Format::Td3 => Some(*second.get(42)?),
                        _ => None,
                    },
                    second_optional: &[],
                    composite: [second.get(..10)?, second.get(13..20)?, second.get(21..last)?]
                        .concat(),
                    composite_check: *second.get(last)?,
                })
            }
        }
    }

    fn verify(self, format: Format) -> Result<Verified<'a>, Error> {
        let (number, optional) = self.document_number(format)?;
        require(self.birth, self.birth_check, Field::BirthDate)?;
        require(self.expiry, self.expiry_check, Field::ExpiryDate)?;
        if let Some(check) = self.optional_check {
            // 9303-4 §4.2.2.2: the digit may be a filler when nothing is there.
            let unused = check == b'<' && self.optional.iter().all(|byte| *byte == b'<');
            if !unused {
                require(self.optional, check, Field::OptionalData)?;
            }
        }
        require(&self.composite, self.composite_check, Field::Composite)?;
        Ok(Verified { number, optional, layout: self })
    }

    /// The document number, and the optional data after it.
    fn document_number(&self, format: Format) -> Result<(Zeroizing<Vec<u8>>, &'a [u8]), Error> {
        let wrong = Error::CheckDigit(Field::DocumentNumber);
        if format == Format::Td3 || self.number_check != b'<' {
            require(self.number, self.number_check, Field::DocumentNumber)?;
            return Ok((Zeroizing::new(self.number.to_vec()), self.optional));
        }
        // 9303-5 §4.2.2.2 note j: a number longer than nine characters goes on
        // in the optional data, and its last character is the check digit.
        let end =
            self.optional.iter().position(|byte| *byte == b'<').unwrap_or(self.optional.len());
        let (overflow, rest) = self.optional.split_at(end);
        let (check, more) = overflow.split_last().ok_or(wrong)?;
        let number = Zeroizing::new([self.number, more].concat());
        require(&number, *check, Field::DocumentNumber)?;
        Ok((number, rest))
    }
}

struct Verified<'a> {
    layout: Layout<'a>,
    number: Zeroizing<Vec<u8>>,
    optional: &'a [u8],
}

impl Verified<'_> {
    fn build(self, format: Format, zone: &[u8], at: UnixSeconds) -> Result<Mrz, Error> {
        let layout = &self.layout;
        let sex = match layout.sex {
            b'M' => 'M',
            b'F' => 'F',
            // 9303-4 says `<`; some states print the X of the visual zone.
            b'<' | b'X' => 'X',
            _ => return Err(Error::Invalid(Field::Sex)),
        };
        let (surname, given_names) = names(layout.name)?;
        let mut optional = text(self.optional);
        let second = text(layout.second_optional);
        if !optional.is_empty() && !second.is_empty() {
            optional.push('<');
        }
        optional.push_str(&second);
        Ok(Mrz {
            format,
            text: text_with_fillers(zone),
            document_code: document_code(layout.document_code, format)?,
            issuing_state: state(layout.issuing_state, Field::IssuingState)?.to_string(),
            surname,
            given_names,
            document_number: non_empty(text(&self.number), Field::DocumentNumber)?,
            nationality: state(layout.nationality, Field::Nationality)?,
            birth_date: PartialDate::birth(layout.birth, at)?,
            sex,
            expiry_date: PartialDate::expiry(layout.expiry, at)?,
            optional_data: optional,
        })
    }
}

fn require(field: &[u8], digit: u8, name: Field) -> Result<(), Error> {
    // A filler stands for 0 nowhere but in unused optional data.
    if check_digit(field) == digit { Ok(()) } else { Err(Error::CheckDigit(name)) }
}

/// TD3 is a passport, `P` (9303-4 §4.2.2.1). Cards carry A, C or I by the
/// standard and other letters in the field, but never V, which is a visa.
fn document_code(field: &[u8], format: Format) -> Result<String, Error> {
    let invalid = Error::Invalid(Field::DocumentCode);
    let first = *field.first().ok_or(invalid)?;
    let right = match format {
        Format::Td3 => first == b'P',
        Format::Td1 | Format::Td2 => first.is_ascii_uppercase() && first != b'V',
    };
    if right { Ok(text(field).to_string()) } else { Err(invalid) }
}

/// One to three letters, then fillers.
fn state(field: &[u8], name: Field) -> Result<Zeroizing<String>, Error> {
    let code = text(field);
    if !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(code)
    } else {
        Err(Error::Invalid(name))
    }
}

fn names(field: &[u8]) -> Result<(Zeroizing<String>, Zeroizing<String>), Error> {
    let split = field.windows(2).position(|pair| pair == b"<<");
    let (primary, secondary) = match split {
        Some(at) => field.split_at(at),
        None => (field, &[][..]),
    };
    let surname = non_empty(words(primary), Field::Name)?;
    Ok((surname, words(secondary)))
}

fn words(field: &[u8]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(field.len()));
    for word in field.split(|byte| *byte == b'<').filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.iter().map(|byte| char::from(*byte)));
    }
    out
}

/// The field without the fillers at its end.
fn text(field: &[u8]) -> Zeroizing<String> {
    let end = field.iter().rposition(|byte| *byte != b'<');
    let used = end.and_then(|end| field.get(..=end)).unwrap_or(&[]);
    text_with_fillers(used)
}

fn text_with_fillers(field: &[u8]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(field.len() + 16));
    out.extend(field.iter().map(|byte| char::from(*byte)));
    out
}

fn non_empty(value: Zeroizing<String>, field: Field) -> Result<Zeroizing<String>, Error> {
    if value.is_empty() { Err(Error::Invalid(field)) } else { Ok(value) }
}

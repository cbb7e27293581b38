use super::{Error, Field, Format, check_digit};

/// The fields of a zone to write, with right check digits.
///
/// ```
/// use emrtd::mrz::{Fields, Format};
/// let zone = Fields {
///     format: Format::Td3,
///     document_code: "P",
///     issuing_state: "UTO",
///     surname: "ERIKSSON",
///     given_names: "ANNA MARIA",
///     document_number: "L898902C3",
///     nationality: "UTO",
///     birth_date: "740812",
///     sex: 'F',
///     expiry_date: "120415",
///     optional_data: "ZE184226B",
/// }
/// .write()
/// .unwrap();
/// assert_eq!(&zone[44..], "L898902C36UTO7408122F1204159ZE184226B<<<<<10");
/// ```
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    /// The size of the document.
    pub format: Format,
    /// One or two letters.
    pub document_code: &'a str,
    /// Up to three letters.
    pub issuing_state: &'a str,
    /// Letters; spaces and hyphens become fillers, apostrophes go.
    pub surname: &'a str,
    /// As the surname; may be empty. What does not fit is cut.
    pub given_names: &'a str,
    /// Letters and digits; more than nine go into the optional data (not TD3).
    pub document_number: &'a str,
    /// Up to three letters.
    pub nationality: &'a str,
    /// `YYMMDD`, with fillers for what is unknown.
    pub birth_date: &'a str,
    /// `'M'`, `'F'` or `'X'`.
    pub sex: char,
    /// `YYMMDD`
    pub expiry_date: &'a str,
    /// Letters, digits and fillers.
    pub optional_data: &'a str,
}

impl Fields<'_> {
    /// The zone without line breaks.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`], or [`Error::Invalid`] for a character the zone
    /// cannot hold.
    pub fn write(&self) -> Result<String, Error> {
        let (_, width) = self.format.lines();
        let head = fill(self.document_code, 2, Field::DocumentCode)?
            + &fill(self.issuing_state, 3, Field::IssuingState)?;
        let nationality = fill(self.nationality, 3, Field::Nationality)?;
        let birth = checked(&exactly(self.birth_date, 6, Field::BirthDate)?);
        let expiry = checked(&exactly(self.expiry_date, 6, Field::ExpiryDate)?);
        let sex = match self.sex {
            'M' => 'M',
            'F' => 'F',
            'X' => '<',
            _ => return Err(Error::Invalid(Field::Sex)),
        };
        let (number, overflow) = self.number()?;
        let optional = overflow + self.optional_data;
        match self.format {
            Format::Td1 => {
                let first = number + &fill(&optional, 15, Field::OptionalData)?;
                let unused = "<".repeat(11);
                let composite = format!("{first}{birth}{expiry}{unused}");
                let digit = char::from(check_digit(composite.as_bytes()));
                let name = self.name(30)?;
                Ok(format!("{head}{first}{birth}{sex}{expiry}{nationality}{unused}{digit}{name}"))
            }
            Format::Td2 | Format::Td3 => {
                let data = match self.format {
                    Format::Td3 => checked(&fill(&optional, 14, Field::OptionalData)?),
                    _ => fill(&optional, 7, Field::OptionalData)?,
                };
                let composite = format!("{number}{birth}{expiry}{data}");
                let digit = char::from(check_digit(composite.as_bytes()));
                let name = self.name(width - 5)?;
                Ok(format!("{head}{name}{number}{nationality}{birth}{sex}{expiry}{data}{digit}"))
            }
        }
    }

    /// The number field with its check digit, and what overflows it.
    fn number(&self) -> Result<(String, String), Error> {
        let number = self.document_number;
        if number.len() <= 9 {
            let field = fill(number, 9, Field::DocumentNumber)?;
            return Ok((checked(&field), String::new()));
        }
        let (Some(start), Some(rest)) = (number.get(..9), number.get(9..)) else {
            return Err(Error::Invalid(Field::DocumentNumber));
        };
        if self.format == Format::Td3 {
            return Err(Error::DoesNotFit(Field::DocumentNumber));
        }
        let number = fill(number, number.len(), Field::DocumentNumber)?;
        let digit = char::from(check_digit(number.as_bytes()));
        // A filler parts the number from any optional data behind it.
        Ok((format!("{start}<"), format!("{rest}{digit}<")))
    }

    fn name(&self, width: usize) -> Result<String, Error> {
        let surname = transliterate(self.surname);
        let given = transliterate(self.given_names);
        let full = join(&surname, &given);
        // What is no name is told before it is cut.
        let full = fill(&full, full.len().max(width), Field::Name)?;
        if full.len() <= width {
            return Ok(full);
        }
        let primary = match given.as_str() {
            "" => surname.as_str(),
            // Room for `<<` and at least one letter of the secondary identifier.
            _ => surname.get(..surname.len().min(width - 3)).unwrap_or_default(),
        };
        fill(&cut(join(primary.trim_end_matches('<'), &given), width), width, Field::Name)
    }
}

fn join(primary: &str, secondary: &str) -> String {
    if secondary.is_empty() { primary.to_owned() } else { format!("{primary}<<{secondary}") }
}

/// Cuts a name that is too long, so that a letter at its end tells so
/// (9303-4 §4.2.3): where a filler would stand there, the longest component
/// gives up letters for the initial of the next.
fn cut(mut name: String, width: usize) -> String {
    while name.len() > width && name.as_bytes().get(width - 1) == Some(&b'<') {
        let kept = name.get(..width - 1).unwrap_or_default();
        let mut longest = (0, width - 1);
        let mut start = 0;
        for component in kept.split('<') {
            // The first of several, so that the order of names does not matter.
            if component.len() > longest.0.max(1) {
                longest = (component.len(), start + component.len() - 1);
            }
            start += component.len() + 1;
        }
        name.remove(longest.1);
    }
    name.truncate(width);
    name
}

fn transliterate(name: &str) -> String {
    name.to_ascii_uppercase().replace([' ', '-'], "<").replace('\'', "")
}

fn fill(value: &str, width: usize, field: Field) -> Result<String, Error> {
    // Trailing fillers are the padding itself and never overflow.
    let value = value.trim_end_matches('<');
    let allowed = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'<');
    if !value.bytes().all(allowed) {
        return Err(Error::Invalid(field));
    }
    if value.len() > width {
        return Err(Error::DoesNotFit(field));
    }
    Ok(format!("{value:<<width$}"))
}

fn exactly(value: &str, width: usize, field: Field) -> Result<String, Error> {
    if value.len() == width { fill(value, width, field) } else { Err(Error::Invalid(field)) }
}

fn checked(field: &str) -> String {
    format!("{field}{}", char::from(check_digit(field.as_bytes())))
}

use std::borrow::Cow;

use super::{Error, ErrorKind, MAX_DEPTH, Oid, Rules, Tag};
use crate::UnixSeconds;
use crate::calendar::Date;

/// Reads a series of elements from a slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
    rules: Rules,
    depth: u8,
}

impl<'a> Reader<'a> {
    /// Reads `input`; offsets in errors count from its first byte.
    pub fn new(input: &'a [u8], rules: Rules) -> Self {
        Self::at(input, 0, rules)
    }

    /// As [`new`](Self::new), for a slice that starts at `offset` of its file.
    pub fn at(input: &'a [u8], offset: usize, rules: Rules) -> Self {
        Self { rest: input, offset, rules, depth: 0 }
    }

    /// Offset of the next unread byte.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The unread bytes.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next tag, without consuming the element.
    pub fn peek(&self) -> Option<Tag> {
        read_tag(self.rest, self.offset).ok().map(|(tag, _)| tag)
    }

    /// Reads one element of any tag.
    ///
    /// # Errors
    /// When the next bytes are not a whole element under the rules.
    pub fn read(&mut self) -> Result<Element<'a>, Error> {
        let header = read_header(self.rest, self.offset, self.rules)?;
        let content_len = match header.content_len {
            Some(len) => len,
            None => {
                let body = self.rest.get(header.len..).unwrap_or(&[]);
                indefinite_len(body, self.offset + header.len, self.rules, self.depth + 1)?
            }
        };
        let trailer = if header.content_len.is_none() { 2 } else { 0 };
        let content_end = header.len.saturating_add(content_len);
        let end = content_end.saturating_add(trailer);
        let (Some(content), Some(raw)) =
            (self.rest.get(header.len..content_end), self.rest.get(..end))
        else {
            return Err(Error { kind: ErrorKind::Truncated, offset: self.offset });
        };
        let element = Element {
            tag: header.tag,
            raw,
            content,
            offset: self.offset,
            content_offset: self.offset + header.len,
            rules: self.rules,
            depth: self.depth,
        };
        self.rest = self.rest.get(end..).unwrap_or(&[]);
        self.offset += end;
        Ok(element)
    }

    /// Reads one element that must carry `tag`.
    ///
    /// # Errors
    /// When the next element is another one, missing or malformed.
    pub fn expect(&mut self, tag: Tag) -> Result<Element<'a>, Error> {
        if self.is_empty() {
            return Err(Error { kind: ErrorKind::Missing(tag), offset: self.offset });
        }
        let (found, _) = read_tag(self.rest, self.offset)?;
        if found != tag {
            return Err(Error {
                kind: ErrorKind::UnexpectedTag { expected: tag, found },
                offset: self.offset,
            });
        }
        self.read()
    }

    /// Reads the next element if it carries `tag`.
    ///
    /// # Errors
    /// When it does and is malformed.
    pub fn optional(&mut self, tag: Tag) -> Result<Option<Element<'a>>, Error> {
        if self.peek() == Some(tag) { self.read().map(Some) } else { Ok(None) }
    }

    /// Demands that nothing is left.
    ///
    /// # Errors
    /// [`ErrorKind::TrailingData`] otherwise.
    pub fn finish(&self) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        Err(Error { kind: ErrorKind::TrailingData, offset: self.offset })
    }
}

/// One tag-length-value element, borrowed from the input.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    tag: Tag,
    raw: &'a [u8],
    content: &'a [u8],
    offset: usize,
    content_offset: usize,
    rules: Rules,
    depth: u8,
}

impl<'a> Element<'a> {
    /// The tag.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// The whole element as it was written, header included.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The content octets.
    pub fn content(&self) -> &'a [u8] {
        self.content
    }

    /// Offset of the first header byte in the file.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Offset of the first content byte in the file.
    pub fn content_offset(&self) -> usize {
        self.content_offset
    }

    /// A reader over the content.
    ///
    /// # Errors
    /// [`ErrorKind::TooDeep`] beyond [`MAX_DEPTH`].
    pub fn children(&self) -> Result<Reader<'a>, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(Error { kind: ErrorKind::TooDeep, offset: self.offset });
        }
        Ok(Reader {
            rest: self.content,
            offset: self.content_offset,
            rules: self.rules,
            depth: self.depth + 1,
        })
    }

    /// The value as an object identifier.
    ///
    /// # Errors
    /// When the content is not one.
    pub fn oid(&self) -> Result<Oid, Error> {
        Oid::parse(self.content, self.content_offset)
    }

    /// The value as a small unsigned integer.
    ///
    /// # Errors
    /// When negative, empty, or above `u32::MAX`.
    pub fn small_unsigned(&self) -> Result<u32, Error> {
        let negative = self.content.first().is_none_or(|first| first & 0x80 != 0);
        if negative || self.content.len() > 5 {
            return Err(self.invalid("not a small unsigned integer"));
        }
        let value =
            self.content.iter().fold(0_u64, |value, octet| (value << 8) | u64::from(*octet));
        u32::try_from(value).map_err(|_| self.invalid("not a small unsigned integer"))
    }

    /// The value as the octets of an integer, without leading zeros.
    ///
    /// The sign is ignored: certificates with a negative serial number exist,
    /// and serial numbers are only ever compared.
    ///
    /// # Errors
    /// When empty.
    pub fn integer_octets(&self) -> Result<&'a [u8], Error> {
        if self.content.is_empty() {
            return Err(self.invalid("an integer is empty"));
        }
        let zeros = self.content.iter().take_while(|octet| **octet == 0).count();
        Ok(self.content.get(zeros..).unwrap_or(&[]))
    }

    /// The value as a boolean; any octet but `00` is true.
    ///
    /// # Errors
    /// When not one octet.
    pub fn boolean(&self) -> Result<bool, Error> {
        match self.content {
            [octet] => Ok(*octet != 0),
            _ => Err(self.invalid("not a boolean")),
        }
    }

    /// The value of a bit string of whole octets.
    ///
    /// # Errors
    /// When empty or with unused bits.
    pub fn bit_string_octets(&self) -> Result<&'a [u8], Error> {
        match self.content {
            [0, octets @ ..] => Ok(octets),
            _ => Err(self.invalid("not a bit string of whole octets")),
        }
    }

    /// The value of an octet string; the segments of a BER one are joined.
    ///
    /// # Errors
    /// When this is no octet string or a segment is malformed.
    pub fn octets(&self) -> Result<Cow<'a, [u8]>, Error> {
        match self.tag {
            Tag::OCTET_STRING => Ok(Cow::Borrowed(self.content)),
            Tag::OCTET_STRING_CONSTRUCTED if self.rules == Rules::Ber => {
                let mut joined = Vec::with_capacity(self.content.len());
                let mut segments = self.children()?;
                while !segments.is_empty() {
                    joined.extend_from_slice(&segments.read()?.octets()?);
                }
                Ok(Cow::Owned(joined))
            }
            found => Err(Error {
                kind: ErrorKind::UnexpectedTag { expected: Tag::OCTET_STRING, found },
                offset: self.offset,
            }),
        }
    }

    /// The value of a `UTCTime` or `GeneralizedTime` in UTC (RFC 5280 §4.1.2.5).
    ///
    /// # Errors
    /// When it is not a moment that exists, to the second or the minute.
    pub fn time(&self) -> Result<UnixSeconds, Error> {
        parse_time(self.tag, self.content).ok_or_else(|| self.invalid("not a UTC time"))
    }

    /// An error about this element's value.
    pub fn invalid(&self, what: &'static str) -> Error {
        Error::value(what, self.offset)
    }
}

struct Header {
    tag: Tag,
    len: usize,
    content_len: Option<usize>,
}

fn read_tag(input: &[u8], offset: usize) -> Result<(Tag, usize), Error> {
    let truncated = Error { kind: ErrorKind::Truncated, offset };
    let first = *input.first().ok_or(truncated)?;
    let mut value = u32::from(first);
    if first & 0x1F != 0x1F {
        return Ok((Tag(value), 1));
    }
    for index in 1..4 {
        let octet = *input.get(index).ok_or(truncated)?;
        value = (value << 8) | u32::from(octet);
        if octet & 0x80 == 0 {
            return Ok((Tag(value), index + 1));
        }
    }
    Err(Error { kind: ErrorKind::TagTooLong, offset })
}

fn read_header(input: &[u8], offset: usize, rules: Rules) -> Result<Header, Error> {
    let fail = |kind| Error { kind, offset };
    let (tag, tag_len) = read_tag(input, offset)?;
    let first = *input.get(tag_len).ok_or(fail(ErrorKind::Truncated))?;
    let count = usize::from(first & 0x7F);
    if first & 0x80 == 0 {
        return Ok(Header { tag, len: tag_len + 1, content_len: Some(count) });
    }
    if count == 0 {
        if rules == Rules::Der || !tag.is_constructed() {
            return Err(fail(ErrorKind::IndefiniteLength));
        }
        return Ok(Header { tag, len: tag_len + 1, content_len: None });
    }
    if count > 4 {
        return Err(fail(ErrorKind::LengthTooLong));
    }
    let octets = input.get(tag_len + 1..tag_len + 1 + count).ok_or(fail(ErrorKind::Truncated))?;
    let length = octets.iter().fold(0_usize, |length, octet| (length << 8) | usize::from(*octet));
    let minimal = length >= 0x80 && octets.first() != Some(&0);
    if rules == Rules::Der && !minimal {
        return Err(fail(ErrorKind::LengthNotMinimal));
    }
    Ok(Header { tag, len: tag_len + 1 + count, content_len: Some(length) })
}

/// Length of the content of an indefinite element, up to its end marker.
fn indefinite_len(body: &[u8], offset: usize, rules: Rules, depth: u8) -> Result<usize, Error> {
    if depth > MAX_DEPTH {
        return Err(Error { kind: ErrorKind::TooDeep, offset });
    }
    let mut position = 0;
    loop {
        let rest = body.get(position..).unwrap_or(&[]);
        if rest.starts_with(&[0, 0]) {
            return Ok(position);
        }
        let header = read_header(rest, offset + position, rules)?;
        let inner = rest.get(header.len..).unwrap_or(&[]);
        let len = match header.content_len {
            Some(len) if len <= inner.len() => len,
            Some(_) => {
                return Err(Error { kind: ErrorKind::Truncated, offset: offset + position });
            }
            None => indefinite_len(inner, offset + position + header.len, rules, depth + 1)? + 2,
        };
        position += header.len + len;
    }
}

fn parse_time(tag: Tag, content: &[u8]) -> Option<UnixSeconds> {
    let digits = content.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let pair = |index: usize| -> Option<u8> {
        let tens = digits.get(index)? - b'0';
        let units = digits.get(index + 1)? - b'0';
        Some(tens * 10 + units)
    };
    let (year, start) = match tag {
        Tag::UTC_TIME => {
            let short = u16::from(pair(0)?);
            (short + if short < 50 { 2000 } else { 1900 }, 2)
        }
        Tag::GENERALIZED_TIME => (u16::from(pair(0)?) * 100 + u16::from(pair(2)?), 4),
        _ => return None,
    };
    let date = Date::new(year, pair(start)?, pair(start + 2)?)?;
    let (hour, minute) = (pair(start + 4)?, pair(start + 6)?);
    let second = match digits.len() - start {
        10 => pair(start + 8)?,
        8 => 0,
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Some(UnixSeconds(date.midnight().0 + seconds))
}

//! A DER writer, for what OpenSSL's builders cannot make: CMS over ICAO
//! content types, CRLs, and certificates signed with RSA-PSS.

use super::{Oid, Tag};
use crate::UnixSeconds;

/// An element of any tag around `content`.
pub fn tagged(tag: Tag, content: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> =
        tag.0.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
    if content.len() < 0x80 {
        out.push(content.len() as u8);
    } else {
        let octets: Vec<u8> =
            content.len().to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
        out.push(0x80 | octets.len() as u8);
        out.extend_from_slice(&octets);
    }
    out.extend_from_slice(content);
    out
}

/// `SEQUENCE` of elements already encoded.
pub fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    tagged(Tag::SEQUENCE, &elements.concat())
}

/// `SET OF` elements already encoded, in the order DER demands (X.690 §11.6).
pub fn set_of(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut sorted = elements.to_vec();
    sorted.sort();
    tagged(Tag::SET, &sorted.concat())
}

/// `[number] EXPLICIT` around an element.
pub fn explicit(number: u8, element: &[u8]) -> Vec<u8> {
    tagged(Tag::context(number), element)
}

/// A non-negative `INTEGER` from big-endian octets.
pub fn integer(octets: &[u8]) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let mut content = octets.get(zeros..).unwrap_or(&[]).to_vec();
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        content.insert(0, 0);
    }
    tagged(Tag::INTEGER, &content)
}

/// `OBJECT IDENTIFIER`
pub fn oid(oid: &Oid) -> Vec<u8> {
    tagged(Tag::OID, oid.octets())
}

/// `OCTET STRING`
pub fn octet_string(octets: &[u8]) -> Vec<u8> {
    tagged(Tag::OCTET_STRING, octets)
}

/// `BIT STRING` with `unused` bits at its end.
pub fn bit_string(octets: &[u8], unused: u8) -> Vec<u8> {
    let mut content = vec![unused];
    content.extend_from_slice(octets);
    tagged(Tag::BIT_STRING, &content)
}

/// `BOOLEAN`
pub fn boolean(value: bool) -> Vec<u8> {
    tagged(Tag::BOOLEAN, &[if value { 0xFF } else { 0 }])
}

/// `NULL`
pub fn null() -> Vec<u8> {
    vec![0x05, 0x00]
}

/// `UTCTime` until 2049, `GeneralizedTime` from 2050 (RFC 5280 §4.1.2.5).
pub fn time(at: UnixSeconds) -> Vec<u8> {
    let date = at.date();
    let second = at.0.rem_euclid(86_400);
    let clock = format!(
        "{:02}{:02}{:02}{:02}{:02}Z",
        date.month(),
        date.day(),
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    if (1950..2050).contains(&date.year()) {
        let text = format!("{:02}{clock}", date.year() % 100);
        tagged(Tag::UTC_TIME, text.as_bytes())
    } else {
        let text = format!("{:04}{clock}", date.year());
        tagged(Tag::GENERALIZED_TIME, text.as_bytes())
    }
}

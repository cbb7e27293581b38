//! Reading chips, against the worked examples of 9303-11 and recorded chips.

mod agreement;
mod announcements;
mod apdu;
mod bac;
mod chip;
mod intermediate;
mod mapping;
mod pace;
mod reader;
mod replay;
mod secure_messaging;
mod symmetric;
mod trace;

/// Octets from hexadecimal, white space ignored.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| character.to_digit(16).unwrap())
        .collect();
    assert_eq!(digits.len() % 2, 0);
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// A random source that gives these bytes in turn, and no others.
pub(crate) fn fixed(text: &str) -> impl FnMut(&mut [u8]) + use<> {
    let mut bytes = hex(text).into_iter();
    move |buffer: &mut [u8]| buffer.fill_with(|| bytes.next().unwrap())
}

/// The check digit of a field: modulus 10, weights 7, 3, 1 (9303-3 §4.9).
///
/// Fillers and characters outside the zone's alphabet count as 0.
///
/// ```
/// assert_eq!(emrtd::mrz::check_digit(b"520727"), b'3');
/// assert_eq!(emrtd::mrz::check_digit(b"AB2134<<<"), b'5');
/// ```
pub fn check_digit(field: &[u8]) -> u8 {
    let sum: u32 = field
        .iter()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(character, weight)| (value(*character) * weight) % 10)
        .fold(0, |sum, term| (sum + term) % 10);
    b'0' + sum as u8
}

fn value(character: u8) -> u32 {
    match character {
        b'0'..=b'9' => u32::from(character - b'0'),
        b'A'..=b'Z' => u32::from(character - b'A') + 10,
        _ => 0,
    }
}

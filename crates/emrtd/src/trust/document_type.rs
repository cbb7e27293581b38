/// Whether a type that a certificate or list names covers documents of `code`.
/// A single letter stands for all types that start with it (9303-3 §4.2.2.1);
/// fillers do not count.
pub(crate) fn type_covers(listed: &str, code: &str) -> bool {
    let (listed, code) = (listed.trim_end_matches('<'), code.trim_end_matches('<'));
    listed == code || (listed.len() == 1 && code.starts_with(listed))
}

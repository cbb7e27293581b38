//! Which words a person agreed to.

/// Names the texts of the consent screen, in all languages. It is recorded with each consent, and
/// changes when a text does.
pub(super) const CONSENT_VERSION: &str = "2026-11-23";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use domain::claim::Claim;
    use domain::key::hex;

    use super::*;
    use crate::texts::{Locale, Texts};

    /// The version, and the SHA-256 of the texts that it names.
    const RECORDED: (&str, &str) =
        ("2026-11-23", "34c9a516af2d55d1b57843fd47235c9f72d0c8c863a830804a4d53af143a187c");

    fn texts(locale: Locale) -> Vec<String> {
        let (t, name) = (Texts::of(locale), "NAME");
        let claims = Claim::known_keys().map(|key| Claim::parse(key).unwrap());
        let claims = claims.chain([Claim::AgeOver(18)]).map(|claim| t.claim(claim, name));
        [
            t.consent_heading(name),
            t.verified_domain("DOMAIN"),
            t.unverified_domain(name),
            t.returns_to("DOMAIN"),
            t.how_heading(),
            t.how_phone(),
            t.how_check(),
            t.how_choose(),
            t.how_time(),
            t.fields_heading(name),
            t.field_required(),
            t.field_optional(),
            t.field_reason("REASON"),
            t.field_by_server(),
            t.data_heading(),
            t.data_kept(),
            t.selfie_text(),
            t.data_sent(name),
            t.data_theirs(name),
            t.data_recorded(),
            t.terms_of(name),
            t.privacy_of(name),
            t.about_data(),
            t.consent_agree(),
            t.consent_decline(),
            t.consent_decline_note(name),
        ]
        .into_iter()
        .chain(claims)
        .collect()
    }

    #[test]
    fn the_version_changes_with_the_texts() {
        let mut hash = openssl::sha::Sha256::new();
        for text in Locale::ALL.into_iter().flat_map(texts) {
            hash.update(text.as_bytes());
            hash.update(&[0]);
        }
        let found = hex(&hash.finish());
        assert_eq!(
            (CONSENT_VERSION, found.as_str()),
            RECORDED,
            "The texts of the consent screen changed. If what people agree to changed with them, set \
             CONSENT_VERSION to today's date; then set RECORDED to the version and the hash found."
        );
    }
}

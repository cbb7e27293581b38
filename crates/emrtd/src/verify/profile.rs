//! Where document signer certificates leave the profile of 9303-12 §7.1.1
//! without harm: reported, not refused.

use super::Tolerated;
use crate::tlv::{self, Oid, Reader, Rules, Tag};
use crate::trust::Certificate;

/// The rules `signer` breaks. What is not enforced here is enforced where it
/// matters: the key usage must allow signatures, and the CSCA must have signed.
pub(super) fn deviations(signer: &Certificate) -> Vec<Tolerated> {
    let mut found = Vec::new();
    if signer.key_usage().is_none() {
        found.push(Tolerated::SignerKeyUsageMissing);
    }
    if signer.authority_key_id().is_none() {
        found.push(Tolerated::SignerAuthorityKeyIdMissing);
    }
    // `signer` was read as a certificate before, so this cannot fail.
    if let Ok(fields) = Fields::read(signer.der()) {
        if fields.loose_key_usage {
            found.push(Tolerated::SignerKeyUsageNotCritical);
        }
        if fields.early_generalized_time {
            found.push(Tolerated::SignerValidityEncoding);
        }
    }
    found
}

/// What the certificate parser does not keep.
#[derive(Default)]
struct Fields {
    loose_key_usage: bool,
    early_generalized_time: bool,
}

impl Fields {
    // TBSCertificate ::= SEQUENCE { [0] version, serialNumber, signature,
    //   issuer, validity, subject, subjectPublicKeyInfo, …, [3] extensions }
    fn read(der: &[u8]) -> Result<Self, tlv::Error> {
        let mut certificate = Reader::new(der, Rules::Der).expect(Tag::SEQUENCE)?.children()?;
        let mut fields = certificate.expect(Tag::SEQUENCE)?.children()?;
        fields.optional(Tag::context(0))?;
        fields.expect(Tag::INTEGER)?;
        fields.expect(Tag::SEQUENCE)?;
        fields.expect(Tag::SEQUENCE)?;
        let mut validity = fields.expect(Tag::SEQUENCE)?.children()?;
        let mut found = Self::default();
        while !validity.is_empty() {
            let time = validity.read()?;
            // RFC 5280 §4.1.2.5: UTCTime until 2049.
            found.early_generalized_time |=
                time.tag() == Tag::GENERALIZED_TIME && time.time()?.date().year() < 2050;
        }
        while !fields.is_empty() {
            let field = fields.read()?;
            if field.tag() == Tag::context(3) {
                let mut extensions = field.children()?.expect(Tag::SEQUENCE)?.children()?;
                while !extensions.is_empty() {
                    let mut extension = extensions.expect(Tag::SEQUENCE)?.children()?;
                    if extension.expect(Tag::OID)?.oid()? == KEY_USAGE {
                        found.loose_key_usage = extension.peek() != Some(Tag::BOOLEAN);
                    }
                }
            }
        }
        Ok(found)
    }
}

/// 2.5.29.15
const KEY_USAGE: Oid = Oid::from_octets(&[0x55, 0x1D, 0x0F]);

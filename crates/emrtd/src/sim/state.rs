use super::cms::{self, Flaw, Signature};
use super::key::{SigningKey, digest_identifier};
use super::x509::{self, Role, Template};
use super::{DocumentProfile, Error, Holder, KeyKind, SimulatedDocument};
use crate::UnixSeconds;
use crate::crypto::{Curve, DigestAlgorithm};
use crate::lds::DataGroup;
use crate::lds::dg1::Dg1;
use crate::lds::dg2::Dg2;
use crate::lds::sod::{LDS_SECURITY_OBJECT, TEMPLATE};
use crate::tlv::{self, Oid};
use crate::trust::MASTER_LIST;

/// What a simulated state is like.
#[derive(Clone, Debug)]
pub struct StateProfile {
    /// Three letters for the MRZ.
    pub issuing_state: String,
    /// Two letters for its CSCA.
    pub country: String,
    /// Two letters for its document signer, normally the same.
    pub signer_country: String,
    /// Key of the CSCA.
    pub csca: KeyKind,
    /// Key of the document signer and the master list signer.
    pub signer: KeyKind,
    /// Digest of everything.
    pub hash: DigestAlgorithm,
    /// Whether RSA keys sign with PSS.
    pub pss: bool,
    /// Whether the CSCA is a CA. One that is not must be refused.
    pub csca_is_ca: bool,
}

impl StateProfile {
    /// Utopia, the state of the examples of Doc 9303, with P-256.
    pub fn utopia() -> Self {
        Self::of("UTO", "UT")
    }

    /// Another state with the keys of [`utopia`](Self::utopia).
    pub fn of(issuing_state: &str, country: &str) -> Self {
        Self {
            issuing_state: issuing_state.to_owned(),
            country: country.to_owned(),
            signer_country: country.to_owned(),
            csca: KeyKind::Ec(Curve::P256, true),
            signer: KeyKind::Ec(Curve::P256, true),
            hash: DigestAlgorithm::Sha256,
            pss: false,
            csca_is_ca: true,
        }
    }
}

/// A state with a CSCA, a document signer and a master list signer.
pub struct IssuingState {
    profile: StateProfile,
    at: UnixSeconds,
    csca: Authority,
    signer: Authority,
    list_signer: Authority,
}

struct Authority {
    key: SigningKey,
    spki: Vec<u8>,
    serial: Vec<u8>,
    certificate: Vec<u8>,
}

impl IssuingState {
    /// Makes keys and certificates for a state that issues around `at`.
    ///
    /// # Errors
    /// When OpenSSL does not make such keys.
    pub fn new(profile: StateProfile, at: UnixSeconds) -> Result<Self, Error> {
        let key = SigningKey::generate(profile.csca, profile.hash, profile.pss)?;
        let role = if profile.csca_is_ca { Role::Csca } else { Role::NotQuiteCsca };
        let name = x509::name(&profile.country, CSCA_NAME);
        let csca = Authority::certify(key, &name, role, at.plus_days(-365), 15, None)?;
        let certify = |common_name: &str, role| {
            let key = SigningKey::generate(profile.signer, profile.hash, profile.pss)?;
            let subject = x509::name(&profile.signer_country, common_name);
            let issuer = Some((&csca, name.as_slice()));
            Authority::certify(key, &subject, role, at.plus_days(-30), 11, issuer)
        };
        Ok(Self {
            signer: certify("Document Signer", Role::DocumentSigner)?,
            list_signer: certify("Master List Signer", Role::MasterListSigner)?,
            csca,
            profile,
            at,
        })
    }

    /// The profile it was made from.
    pub fn profile(&self) -> &StateProfile {
        &self.profile
    }

    /// The self-signed CSCA certificate, DER.
    pub fn csca(&self) -> &[u8] {
        &self.csca.certificate
    }

    /// The document signer certificate, DER.
    pub fn document_signer(&self) -> &[u8] {
        &self.signer.certificate
    }

    /// The serial number of the document signer, to revoke it.
    pub fn document_signer_serial(&self) -> &[u8] {
        &self.signer.serial
    }

    /// A CRL of the CSCA.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn crl(
        &self,
        serials: &[&[u8]],
        this_update: UnixSeconds,
        next_update: Option<UnixSeconds>,
    ) -> Result<Vec<u8>, Error> {
        self.crl_in_name_of(&self.profile.country, serials, this_update, next_update)
    }

    /// As [`crl`](Self::crl), claiming to be the CSCA of another country,
    /// which must not be believed.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn crl_in_name_of(
        &self,
        country: &str,
        serials: &[&[u8]],
        this_update: UnixSeconds,
        next_update: Option<UnixSeconds>,
    ) -> Result<Vec<u8>, Error> {
        let issuer = x509::name(country, CSCA_NAME);
        x509::crl(&issuer, &self.csca.spki, serials, this_update, next_update, &self.csca.key)
    }

    /// A master list of the given certificates (DER), signed for this state.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn master_list(&self, certificates: &[&[u8]]) -> Result<Vec<u8>, Error> {
        let listed: Vec<Vec<u8>> = certificates.iter().map(|der| der.to_vec()).collect();
        let content = tlv::sequence(&[&tlv::integer(&[0]), &tlv::set_of(&listed)]);
        cms::signed_data(
            &MASTER_LIST,
            &content,
            &Signature {
                certificate: &self.list_signer.certificate,
                embed: &[&self.list_signer.certificate, &self.csca.certificate],
                key: &self.list_signer.key,
                signed_at: Some(self.at),
                flaw: Flaw::None,
            },
        )
    }

    /// A link certificate: the key of `successor`, signed by this CSCA
    /// (9303-12 §7.1.1). Both have the same name.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn link_certificate(&self, successor: &IssuingState) -> Result<Vec<u8>, Error> {
        x509::certificate(
            &Template {
                serial: &[0x4C, 0x4E, 0x4B],
                issuer: x509::name(&self.profile.country, CSCA_NAME),
                subject: x509::name(&successor.profile.country, CSCA_NAME),
                not_before: successor.at.plus_days(-365),
                not_after: successor.at.plus_days(365 * 10),
                spki: successor.csca.spki.clone(),
                authority_spki: &self.csca.spki,
                role: Role::Csca,
            },
            &self.csca.key,
        )
    }

    /// Signs content of any type as its document signer does, for files such
    /// as EF.CardSecurity.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn sign(&self, content_type: &Oid, content: &[u8]) -> Result<Vec<u8>, Error> {
        self.sign_with(content_type, content, Flaw::None)
    }

    /// Issues a document.
    ///
    /// # Errors
    /// When the holder does not fit the zone, or OpenSSL fails.
    pub fn issue(
        &self,
        holder: &Holder,
        profile: &DocumentProfile,
    ) -> Result<SimulatedDocument, Error> {
        let issuing_state = profile.issuing_state.as_ref().unwrap_or(&self.profile.issuing_state);
        let zone = holder.zone(issuing_state, profile.format)?;
        let mut document = SimulatedDocument::default();
        document.set(DataGroup::DG1, Dg1::write(&zone));
        let (width, height) = profile.portrait_size;
        document.set(DataGroup::DG2, Dg2::write(&profile.portrait, width, height));
        for (group, file) in &profile.more_groups {
            document.set(*group, file.clone());
        }
        let object = self.security_object(&document)?;
        let signed = self.sign_with(&LDS_SECURITY_OBJECT, &object, profile.flaw)?;
        document.sod = tlv::tagged(TEMPLATE, &signed);
        Ok(document)
    }

    fn sign_with(&self, content_type: &Oid, content: &[u8], flaw: Flaw) -> Result<Vec<u8>, Error> {
        let authority = match flaw {
            Flaw::SignedByMasterListSigner => &self.list_signer,
            Flaw::SignedByCsca => &self.csca,
            _ => &self.signer,
        };
        cms::signed_data(
            content_type,
            content,
            &Signature {
                certificate: &authority.certificate,
                embed: &[&authority.certificate],
                key: &authority.key,
                signed_at: None,
                flaw,
            },
        )
    }

    fn security_object(&self, document: &SimulatedDocument) -> Result<Vec<u8>, Error> {
        let digest = self.profile.hash;
        let mut entries = Vec::new();
        for (group, file) in document.groups() {
            let hash = openssl::hash::hash(digest.message_digest(), file)?;
            entries.extend(tlv::sequence(&[
                &tlv::integer(&[group.number()]),
                &tlv::octet_string(&hash),
            ]));
        }
        Ok(tlv::sequence(&[
            &tlv::integer(&[0]),
            &digest_identifier(digest),
            &tlv::tagged(tlv::Tag::SEQUENCE, &entries),
        ]))
    }
}

impl Authority {
    /// Certifies `key`, self-signed without an issuer.
    fn certify(
        key: SigningKey,
        subject: &[u8],
        role: Role,
        not_before: UnixSeconds,
        years: i64,
        issuer: Option<(&Authority, &[u8])>,
    ) -> Result<Self, Error> {
        let spki = key.spki()?;
        let hash = openssl::sha::sha256(&spki);
        let mut serial = hash.get(..8).unwrap_or(&hash).to_vec();
        if let Some(first) = serial.first_mut() {
            *first = (*first & 0x7F) | 1;
        }
        let (issuer_name, authority_spki, signing_key) = match issuer {
            Some((authority, name)) => (name, &authority.spki, &authority.key),
            None => (subject, &spki, &key),
        };
        let certificate = x509::certificate(
            &Template {
                serial: &serial,
                issuer: issuer_name.to_vec(),
                subject: subject.to_vec(),
                not_before,
                not_after: not_before.plus_days(365 * years),
                spki: spki.clone(),
                authority_spki,
                role,
            },
            signing_key,
        )?;
        Ok(Self { key, spki, serial, certificate })
    }
}

const CSCA_NAME: &str = "Country Signing CA";

use super::cms::{self, Signature, Style};
use super::key::{Signing, SigningKey, digest_identifier};
use super::x509::{self, CrlTemplate, Role, Template};
use super::{
    CertificateFlaw, CrlFlaw, DocumentProfile, Error, Flaw, Holder, KeyKind, PrivateKey,
    SimulatedDocument, object,
};
use crate::UnixSeconds;
use crate::crypto::{Curve, DigestAlgorithm};
use crate::lds::DataGroup;
use crate::lds::dg1::Dg1;
use crate::lds::dg2::Dg2;
use crate::lds::sod::LDS_SECURITY_OBJECT;
use crate::tlv::{self, Oid, Tag};
use crate::trust::{DEVIATION_LIST, MASTER_LIST};

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
    /// Digest of what the CSCA signs, when another one.
    pub csca_hash: Option<DigestAlgorithm>,
    /// Whether RSA keys sign with PSS.
    pub pss: bool,
    /// Whether the RSA key of the CSCA does, when otherwise.
    pub csca_pss: Option<bool>,
    /// Whether curves sign in the plain format of TR-03111.
    pub plain_ecdsa: bool,
    /// Whether the CSCA is a CA. One that is not must be refused.
    pub csca_is_ca: bool,
    /// How the CSCA certificate breaks the rules.
    pub csca_flaw: CertificateFlaw,
    /// How the document signer certificate breaks the rules.
    pub signer_flaw: CertificateFlaw,
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
            csca_hash: None,
            pss: false,
            csca_pss: None,
            plain_ecdsa: false,
            csca_is_ca: true,
            csca_flaw: CertificateFlaw::None,
            signer_flaw: CertificateFlaw::None,
        }
    }
}

impl StateProfile {
    /// How the signers below the CSCA sign.
    fn signing(&self) -> Signing {
        Signing { digest: self.hash, pss: self.pss, plain: self.plain_ecdsa }
    }
}

/// The private keys of a state.
#[derive(Clone, Debug)]
pub struct StateKeys {
    /// Of the CSCA.
    pub csca: PrivateKey,
    /// Of the document signer.
    pub signer: PrivateKey,
    /// Of the master list signer.
    pub list_signer: PrivateKey,
}

impl StateKeys {
    /// Makes keys of the kinds a profile wants.
    ///
    /// # Errors
    /// When OpenSSL does not make such keys.
    pub fn generate(profile: &StateProfile) -> Result<Self, Error> {
        Ok(Self {
            csca: PrivateKey::generate(profile.csca)?,
            signer: PrivateKey::generate(profile.signer)?,
            list_signer: PrivateKey::generate(profile.signer)?,
        })
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
        let keys = StateKeys::generate(&profile)?;
        Self::with_keys(profile, at, keys)
    }

    /// As [`new`](Self::new) with keys that are there already. The kinds of
    /// keys in the profile are not looked at.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn with_keys(
        profile: StateProfile,
        at: UnixSeconds,
        keys: StateKeys,
    ) -> Result<Self, Error> {
        let own = profile.signing();
        let of_csca = Signing {
            digest: profile.csca_hash.unwrap_or(own.digest),
            pss: profile.csca_pss.unwrap_or(own.pss),
            ..own
        };
        let name = x509::name(&profile.country, CSCA_NAME);
        let flaw = if profile.csca_is_ca {
            profile.csca_flaw
        } else {
            CertificateFlaw::WrongBasicConstraints
        };
        let csca = Authority::certify(
            SigningKey::new(keys.csca, of_csca),
            &Request { country: &profile.country, common_name: CSCA_NAME, role: Role::Csca, flaw },
            Period { not_before: at.plus_days(-365), years: 15, at },
            None,
        )?;
        let certify = |key, common_name, role, flaw| {
            Authority::certify(
                SigningKey::new(key, own),
                &Request { country: &profile.signer_country, common_name, role, flaw },
                Period { not_before: at.plus_days(-30), years: 11, at },
                Some((&csca, &name)),
            )
        };
        let signer =
            certify(keys.signer, "Document Signer", Role::DocumentSigner, profile.signer_flaw)?;
        let list_signer = certify(
            keys.list_signer,
            "Master List Signer",
            Role::MasterListSigner,
            CertificateFlaw::None,
        )?;
        Ok(Self { signer, list_signer, csca, profile, at })
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
        let issuer = &x509::name(country, CSCA_NAME);
        self.write_crl(issuer, serials, this_update, next_update, CrlFlaw::None)
    }

    /// As [`crl`](Self::crl), current for a month, and broken.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn broken_crl(&self, serials: &[&[u8]], flaw: CrlFlaw) -> Result<Vec<u8>, Error> {
        let issuer = &x509::name(&self.profile.country, CSCA_NAME);
        let next_update = Some(self.at.plus_days(30));
        self.write_crl(issuer, serials, self.at.plus_days(-1), next_update, flaw)
    }

    fn write_crl(
        &self,
        issuer: &[u8],
        serials: &[&[u8]],
        this_update: UnixSeconds,
        next_update: Option<UnixSeconds>,
        flaw: CrlFlaw,
    ) -> Result<Vec<u8>, Error> {
        let authority_spki = &self.csca.spki;
        let template =
            CrlTemplate { issuer, authority_spki, serials, this_update, next_update, flaw };
        x509::crl(&template, &self.csca.key)
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
                style: Style::default(),
                flaw: Flaw::None,
            },
        )
    }

    /// A deviation list that says what is wrong with all documents of this
    /// state's signer (9303-12 §10). `kinds` are the arcs of 9303-3 §7.3.5 below
    /// the type of the list: `[1, 4]` is a compromised key for active
    /// authentication.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn deviation_list(&self, kinds: &[&[u8]]) -> Result<Vec<u8>, Error> {
        let list_signer = Authority::certify(
            SigningKey::new(PrivateKey::generate(self.profile.signer)?, self.profile.signing()),
            &Request {
                country: &self.profile.signer_country,
                common_name: "Deviation List Signer",
                role: Role::DeviationListSigner,
                flaw: CertificateFlaw::None,
            },
            Period { not_before: self.at.plus_days(-30), years: 11, at: self.at },
            Some((&self.csca, &x509::name(&self.profile.country, CSCA_NAME))),
        )?;
        let descriptions: Vec<Vec<u8>> = kinds
            .iter()
            .map(|arcs| {
                let kind = Oid::from_octets(&[DEVIATION_LIST.octets(), arcs].concat());
                tlv::sequence(&[&tlv::oid_element(&kind)])
            })
            .collect();
        let signer_hash = openssl::sha::sha256(&self.signer.certificate);
        let documents = tlv::sequence(&[&tlv::tagged(Tag::context_primitive(3), &signer_hash)]);
        let entry = tlv::sequence(&[&documents, &tlv::set_of(&descriptions)]);
        let content = tlv::sequence(&[
            &tlv::integer(&[0]),
            &digest_identifier(DigestAlgorithm::Sha256),
            &tlv::set_of(&[entry]),
        ]);
        cms::signed_data(
            &DEVIATION_LIST,
            &content,
            &Signature {
                certificate: &list_signer.certificate,
                embed: &[&list_signer.certificate],
                key: &list_signer.key,
                signed_at: Some(self.at),
                style: Style::default(),
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
                flaw: CertificateFlaw::None,
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
        self.sign_with(content_type, content, Style::default(), Flaw::None)
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
        let hash = profile.group_hash.unwrap_or(self.profile.hash);
        let security_object = object::security_object(&document, hash, profile)?;
        let style = Style {
            digest: profile.message_hash,
            key_algorithm: profile.key_algorithm,
            by_key_id: profile.by_key_id,
            indefinite: profile.indefinite,
        };
        let signed = self.sign_with(&LDS_SECURITY_OBJECT, &security_object, style, profile.flaw)?;
        document.sod = object::file(&signed, profile.flaw);
        Ok(document)
    }

    fn sign_with(
        &self,
        content_type: &Oid,
        content: &[u8],
        style: Style,
        flaw: Flaw,
    ) -> Result<Vec<u8>, Error> {
        let authority = match flaw {
            Flaw::SignedByMasterListSigner => &self.list_signer,
            Flaw::SignedByCsca => &self.csca,
            _ => &self.signer,
        };
        let own: &[u8] = &authority.certificate;
        let embed: &[&[u8]] = match flaw {
            Flaw::WrongSignerIdAmongTwo => &[own, &self.list_signer.certificate],
            _ => &[own],
        };
        cms::signed_data(
            content_type,
            content,
            &Signature {
                certificate: own,
                embed,
                key: &authority.key,
                signed_at: None,
                style,
                flaw,
            },
        )
    }
}

/// What an authority asks to be certified.
struct Request<'a> {
    country: &'a str,
    common_name: &'a str,
    role: Role,
    flaw: CertificateFlaw,
}

struct Period {
    not_before: UnixSeconds,
    years: i64,
    at: UnixSeconds,
}

impl Authority {
    /// Certifies `key`, self-signed without an issuer.
    fn certify(
        key: SigningKey,
        request: &Request<'_>,
        period: Period,
        issuer: Option<(&Authority, &Vec<u8>)>,
    ) -> Result<Self, Error> {
        let flaw = request.flaw;
        let spki = key.spki()?;
        let hash = openssl::sha::sha256(&spki);
        let mut serial = hash.get(..8).unwrap_or(&hash).to_vec();
        if let Some(first) = serial.first_mut() {
            *first = (*first & 0x7F) | 1;
        }
        let country =
            if flaw == CertificateFlaw::SubjectWithoutCountry { "" } else { request.country };
        let subject = x509::name(country, request.common_name);
        let (issuer_name, authority_spki, signing_key) = match issuer {
            Some((authority, name)) => (name, &authority.spki, &authority.key),
            None => (&subject, &spki, &key),
        };
        let issuer_name = match flaw {
            CertificateFlaw::IssuerWithoutCountry => x509::name("", CSCA_NAME),
            CertificateFlaw::OtherIssuer | CertificateFlaw::OtherIssuerAlone => {
                x509::name(request.country, "Another CA")
            }
            _ => issuer_name.clone(),
        };
        let (not_before, not_after) = match flaw {
            CertificateFlaw::Expired => (period.not_before, period.at.plus_days(-1)),
            CertificateFlaw::NotYetValid => (period.at.plus_days(1), period.at.plus_days(365)),
            _ => (period.not_before, period.not_before.plus_days(365 * period.years)),
        };
        let certificate = x509::certificate(
            &Template {
                serial: &serial,
                issuer: issuer_name,
                subject,
                not_before,
                not_after,
                spki: spki.clone(),
                authority_spki,
                role: request.role,
                flaw,
            },
            signing_key,
        )?;
        Ok(Self { key, spki, serial, certificate })
    }
}

const CSCA_NAME: &str = "Country Signing CA";

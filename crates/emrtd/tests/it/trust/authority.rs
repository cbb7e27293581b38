//! A CSCA that writes certificates, CRLs and lists with any contents, for what
//! an honest state never issues.

use emrtd::UnixSeconds;
use emrtd::tlv::{self, Oid, Tag};
use emrtd::trust::Certificate;
use openssl::ec::{Asn1Flag, EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;

use crate::shared::NOW;

pub(crate) struct Authority {
    key: PKey<Private>,
    pub(crate) name: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
    /// A key identifier that is not its own.
    claimed: Option<Vec<u8>>,
}

/// What a certificate or CRL says beyond the ordinary.
pub(crate) type Extension = (u8, bool, Vec<u8>);

impl Authority {
    /// A self-signed CSCA.
    pub(crate) fn csca(country: &str, common_name: &str, serial: u8) -> Self {
        let key = new_key();
        let name = name(country, common_name);
        let certificate = certify(serial, &name, &key, &name, &key, &ca_extensions());
        Self { key, name, certificate, claimed: None }
    }

    /// A self-signed CSCA that gives itself the key identifier of another one,
    /// in its certificate and in its lists.
    pub(crate) fn claiming_key_of(
        other: &Self,
        country: &str,
        common_name: &str,
        serial: u8,
    ) -> Self {
        let key = new_key();
        let name = name(country, common_name);
        let claimed = key_id(&other.key);
        let extensions = extensions(&claimed, &claimed, &ca_extensions());
        let certificate = certify_with(serial, &name, &key, &name, &key, &extensions);
        Self { key, name, certificate, claimed: Some(claimed) }
    }

    fn key_id(&self) -> Vec<u8> {
        self.claimed.clone().unwrap_or_else(|| key_id(&self.key))
    }

    pub(crate) fn parsed(&self) -> Certificate {
        Certificate::from_der(&self.certificate).unwrap()
    }

    /// The key of `successor` under the name of `successor`, signed by this one.
    pub(crate) fn link(&self, successor: &Self, serial: u8) -> Certificate {
        let der = certify(
            serial,
            &successor.name,
            &successor.key,
            &self.name,
            &self.key,
            &ca_extensions(),
        );
        Certificate::from_der(&der).unwrap()
    }

    /// This one, with the link that `before` made to it as its certificate.
    pub(crate) fn linked_by(self, before: &Self, serial: u8) -> Self {
        Self { certificate: before.link(&self, serial).der().to_vec(), ..self }
    }

    /// A certificate of this CSCA for a key of its own.
    pub(crate) fn issue(&self, common_name: &str, serial: u8, extensions: &[Extension]) -> Self {
        let key = new_key();
        let name = name("UT", common_name);
        let certificate = certify(serial, &name, &key, &self.name, &self.key, extensions);
        Self { key, name, certificate, claimed: None }
    }

    /// A document signer with a digital-signature key usage.
    pub(crate) fn signer(&self, serial: u8) -> Self {
        self.issue("Signer", serial, &[(15, true, tlv::bit_string(&[0x80], 7))])
    }

    /// A CRL with these serials and extensions, `days` from now.
    pub(crate) fn crl(&self, serials: &[u8], days: i64, extensions: &[Extension]) -> Vec<u8> {
        let entries: Vec<u8> = serials
            .iter()
            .flat_map(|serial| tlv::sequence(&[&tlv::integer(&[*serial]), &tlv::time(NOW)]))
            .collect();
        self.crl_of(&entries, days, extensions)
    }

    /// A CRL of encoded entries.
    pub(crate) fn crl_of(&self, entries: &[u8], days: i64, extensions: &[Extension]) -> Vec<u8> {
        let mut all = vec![(35, false, authority_key_id(&self.key_id()))];
        all.extend_from_slice(extensions);
        let at = NOW.plus_days(days);
        let revoked =
            if entries.is_empty() { Vec::new() } else { tlv::tagged(Tag::SEQUENCE, entries) };
        let tbs = tlv::sequence(&[
            &tlv::integer(&[1]),
            &ecdsa(),
            &self.name,
            &tlv::time(at),
            &tlv::time(at.plus_days(30)),
            &revoked,
            &tlv::explicit(0, &encode(&all)),
        ]);
        signed(&tbs, &self.key)
    }

    /// CMS `SignedData` of this authority over `content`, as lists are signed.
    pub(crate) fn sign(&self, content_type: &Oid, content: &[u8], at: UnixSeconds) -> Vec<u8> {
        let attribute = |number: u8, value: &[u8]| {
            let mut oid = vec![0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09];
            oid.push(number);
            tlv::sequence(&[
                &tlv::oid_element(&Oid::from_octets(&oid)),
                &tlv::set_of(&[value.to_vec()]),
            ])
        };
        let digest = openssl::sha::sha256(content);
        let attributes = tlv::set_of(&[
            attribute(3, &tlv::oid_element(content_type)),
            attribute(4, &tlv::octet_string(&digest)),
            attribute(5, &tlv::time(at)),
        ]);
        let mut implicit = attributes.clone();
        implicit[0] = 0xA0;
        let id = tlv::tagged(Tag::context_primitive(0), &key_id(&self.key));
        let info = tlv::sequence(&[
            &tlv::integer(&[3]),
            &id,
            &sha256(),
            &implicit,
            &ecdsa(),
            &tlv::octet_string(&sign(&attributes, &self.key)),
        ]);
        let data = tlv::sequence(&[
            &tlv::integer(&[3]),
            &tlv::set_of(&[sha256()]),
            &tlv::sequence(&[
                &tlv::oid_element(content_type),
                &tlv::explicit(0, &tlv::octet_string(content)),
            ]),
            &tlv::tagged(Tag::context(0), &self.certificate),
            &tlv::set_of(&[info]),
        ]);
        let signed_data = Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02]);
        tlv::sequence(&[&tlv::oid_element(&signed_data), &tlv::explicit(0, &data)])
    }
}

/// `extKeyUsage` of one purpose.
pub(crate) fn purpose(oid: &Oid) -> Extension {
    (37, true, tlv::sequence(&[&tlv::oid_element(oid)]))
}

fn ca_extensions() -> Vec<Extension> {
    let constraints = tlv::sequence(&[&tlv::boolean(true), &tlv::integer(&[0])]);
    vec![(15, true, tlv::bit_string(&[0x06], 1)), (19, true, constraints)]
}

fn certify(
    serial: u8,
    subject: &[u8],
    key: &PKey<Private>,
    issuer: &[u8],
    issuer_key: &PKey<Private>,
    more: &[Extension],
) -> Vec<u8> {
    let extensions = extensions(&key_id(key), &key_id(issuer_key), more);
    certify_with(serial, subject, key, issuer, issuer_key, &extensions)
}

fn extensions(subject_key: &[u8], authority_key: &[u8], more: &[Extension]) -> Vec<Extension> {
    let mut all = vec![
        (14, false, tlv::octet_string(subject_key)),
        (35, false, authority_key_id(authority_key)),
    ];
    all.extend_from_slice(more);
    all
}

fn certify_with(
    serial: u8,
    subject: &[u8],
    key: &PKey<Private>,
    issuer: &[u8],
    issuer_key: &PKey<Private>,
    extensions: &[Extension],
) -> Vec<u8> {
    let validity = [NOW.plus_days(-30), NOW.plus_days(3650)].map(tlv::time);
    let tbs = tlv::sequence(&[
        &tlv::explicit(0, &tlv::integer(&[2])),
        &tlv::integer(&[serial]),
        &ecdsa(),
        issuer,
        &tlv::sequence(&[&validity[0], &validity[1]]),
        subject,
        &key.public_key_to_der().unwrap(),
        &tlv::explicit(3, &encode(extensions)),
    ]);
    signed(&tbs, issuer_key)
}

fn encode(extensions: &[Extension]) -> Vec<u8> {
    let encoded: Vec<u8> = extensions
        .iter()
        .flat_map(|(number, critical, value)| {
            let flag = if *critical { tlv::boolean(true) } else { Vec::new() };
            let oid = tlv::oid_element(&Oid::from_octets(&[0x55, 0x1D, *number]));
            tlv::sequence(&[&oid, &flag, &tlv::octet_string(value)])
        })
        .collect();
    tlv::tagged(Tag::SEQUENCE, &encoded)
}

fn signed(tbs: &[u8], key: &PKey<Private>) -> Vec<u8> {
    tlv::sequence(&[tbs, &ecdsa(), &tlv::bit_string(&sign(tbs, key), 0)])
}

fn sign(message: &[u8], key: &PKey<Private>) -> Vec<u8> {
    Signer::new(MessageDigest::sha256(), key).unwrap().sign_oneshot_to_vec(message).unwrap()
}

fn new_key() -> PKey<Private> {
    let mut group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    group.set_asn1_flag(Asn1Flag::NAMED_CURVE);
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn key_id(key: &PKey<Private>) -> Vec<u8> {
    openssl::sha::sha256(&key.public_key_to_der().unwrap())[..20].to_vec()
}

fn authority_key_id(id: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::tagged(Tag::context_primitive(0), id)])
}

fn name(country: &str, common_name: &str) -> Vec<u8> {
    let attribute = |number: u8, value: &str| {
        let oid = tlv::oid_element(&Oid::from_octets(&[0x55, 0x04, number]));
        let value = tlv::tagged(Tag(0x13), value.as_bytes());
        tlv::set_of(&[tlv::sequence(&[&oid, &value])])
    };
    tlv::sequence(&[&attribute(6, country), &attribute(3, common_name)])
}

fn ecdsa() -> Vec<u8> {
    let oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]);
    tlv::sequence(&[&tlv::oid_element(&oid)])
}

fn sha256() -> Vec<u8> {
    let oid = Oid::from_octets(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]);
    tlv::sequence(&[&tlv::oid_element(&oid)])
}

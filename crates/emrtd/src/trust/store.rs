use std::collections::{BTreeSet, HashMap};

use super::{Certificate, Crl, CscaRefused, Leniency};

/// Where a CSCA certificate came from, and whether anyone vouched for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// A name for the source, such as the file or list.
    pub source: String,
    /// It came in a master list verified up to a root the operator named, or
    /// the operator vouched for it otherwise.
    pub verified: bool,
}

/// A CSCA certificate of the store.
#[derive(Clone, Debug)]
pub struct TrustedCsca {
    certificate: Certificate,
    provenance: Provenance,
    leniencies: BTreeSet<Leniency>,
}

impl TrustedCsca {
    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Where it came from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The rules of 9303-12 it breaks and that were let pass.
    pub fn leniencies(&self) -> &BTreeSet<Leniency> {
        &self.leniencies
    }
}

/// A certificate the store did not take.
#[derive(Clone, Debug)]
pub struct RefusedCsca {
    /// The certificate.
    pub certificate: Certificate,
    /// Why.
    pub reason: CscaRefused,
}

/// A CRL no CSCA of the store signed.
#[derive(Clone, Debug)]
pub struct UnusedCrl {
    /// The CRL.
    pub crl: Crl,
    /// A CSCA of that name is in the store, so the signature is wrong; else
    /// the issuer is unknown.
    pub issuer_known: bool,
}

/// The immutable set of CSCA certificates and verified CRLs that documents
/// are checked against.
#[derive(Debug, Default)]
pub struct TrustStore {
    cscas: Vec<TrustedCsca>,
    by_subject: HashMap<String, Vec<usize>>,
    by_key_id: HashMap<Vec<u8>, Vec<usize>>,
    /// Each with the index of the CSCA whose key signed it.
    crls: Vec<(Crl, usize)>,
    refused: Vec<RefusedCsca>,
    unused_crls: Vec<UnusedCrl>,
}

/// Collects what a [`TrustStore`] is made of.
#[derive(Debug, Default)]
pub struct TrustStoreBuilder {
    cscas: Vec<(Certificate, Provenance)>,
    crls: Vec<Crl>,
}

impl TrustStoreBuilder {
    /// Adds a CSCA certificate, self-signed or link. It is checked when the
    /// store is built; one that fails is in [`TrustStore::refused`].
    #[must_use]
    pub fn add_csca(mut self, certificate: Certificate, provenance: Provenance) -> Self {
        self.cscas.push((certificate, provenance));
        self
    }

    /// Adds a CRL. It is used only if a CSCA of the store signed it.
    #[must_use]
    pub fn add_crl(mut self, crl: Crl) -> Self {
        self.crls.push(crl);
        self
    }

    /// Checks everything and builds the index.
    pub fn build(self) -> TrustStore {
        let mut store = TrustStore::default();
        let mut known: HashMap<[u8; 32], usize> = HashMap::new();
        for (certificate, provenance) in self.cscas {
            if let Some(csca) =
                known.get(&certificate.fingerprint()).and_then(|index| store.cscas.get_mut(*index))
            {
                // Two lists with the same certificate: the better voucher wins.
                if provenance.verified && !csca.provenance.verified {
                    csca.provenance = provenance;
                }
                continue;
            }
            match certificate.check_csca() {
                Ok(leniencies) => {
                    known.insert(certificate.fingerprint(), store.cscas.len());
                    store.cscas.push(TrustedCsca { certificate, provenance, leniencies });
                }
                Err(reason) => store.refused.push(RefusedCsca { certificate, reason }),
            }
        }
        store.index();
        store.follow_links();
        for crl in self.crls {
            store.place_crl(crl);
        }
        store
    }
}

impl TrustStore {
    /// Starts an empty one.
    pub fn builder() -> TrustStoreBuilder {
        TrustStoreBuilder::default()
    }

    /// Whether there is no CSCA to check anything against.
    pub fn is_empty(&self) -> bool {
        self.cscas.is_empty()
    }

    /// The CSCA certificates.
    pub fn cscas(&self) -> &[TrustedCsca] {
        &self.cscas
    }

    /// The CRLs whose signature verifies under a CSCA of the store.
    pub fn crls(&self) -> impl Iterator<Item = &Crl> {
        self.crls.iter().map(|(crl, _)| crl)
    }

    /// Certificates that were not taken.
    pub fn refused(&self) -> &[RefusedCsca] {
        &self.refused
    }

    /// CRLs that were not taken.
    pub fn unused_crls(&self) -> &[UnusedCrl] {
        &self.unused_crls
    }

    /// The CSCA certificates that could have issued `certificate`: by issuer
    /// name, or by authority key identifier. Vouched ones come first, then
    /// self-signed ones, then the newest.
    pub fn issuer_candidates(&self, certificate: &Certificate) -> Vec<&TrustedCsca> {
        let by_name = self.by_subject.get(certificate.issuer().canonical());
        let by_key = certificate.authority_key_id().and_then(|id| self.by_key_id.get(id));
        self.collect(by_name.into_iter().chain(by_key))
    }

    /// The CRLs that speak for certificates of `csca`: those signed with the
    /// same key, and those of the same issuer name signed with a later key,
    /// which cover what earlier keys signed (RFC 5280 §5.1).
    pub fn crls_for(&self, issuer_name: &super::Name, csca: &Certificate) -> Vec<&Crl> {
        self.crls
            .iter()
            .filter(|(crl, signer)| {
                let same_key = self
                    .cscas
                    .get(*signer)
                    .is_some_and(|signer| signer.certificate.has_same_key(csca));
                let same_name = crl.issuer() == issuer_name || crl.issuer() == csca.subject();
                same_key || (same_name && crl.country() == csca.country())
            })
            .map(|(crl, _)| crl)
            .collect()
    }

    fn collect<'a>(&'a self, groups: impl Iterator<Item = &'a Vec<usize>>) -> Vec<&'a TrustedCsca> {
        let indices: BTreeSet<usize> = groups.flatten().copied().collect();
        let mut found: Vec<&TrustedCsca> =
            indices.into_iter().filter_map(|index| self.cscas.get(index)).collect();
        found.sort_by_key(|csca| {
            (
                !csca.provenance.verified,
                !csca.certificate.is_self_issued(),
                std::cmp::Reverse(csca.certificate.not_before()),
            )
        });
        found
    }

    fn index(&mut self) {
        for (index, csca) in self.cscas.iter().enumerate() {
            let certificate = &csca.certificate;
            let subject = certificate.subject().canonical().to_owned();
            self.by_subject.entry(subject).or_default().push(index);
            if let Some(id) = certificate.subject_key_id() {
                self.by_key_id.entry(id.to_vec()).or_default().push(index);
            }
        }
    }

    /// A link certificate signed by a vouched CSCA of the same country is
    /// itself vouched for (9303-12 §7.1.1), and so on along the chain.
    fn follow_links(&mut self) {
        loop {
            let linked: Vec<usize> =
                (0..self.cscas.len()).filter(|index| self.is_linked_to_verified(*index)).collect();
            if linked.is_empty() {
                return;
            }
            for index in linked {
                if let Some(csca) = self.cscas.get_mut(index) {
                    csca.provenance.verified = true;
                }
            }
        }
    }

    fn is_linked_to_verified(&self, index: usize) -> bool {
        let Some(csca) = self.cscas.get(index).filter(|csca| !csca.provenance.verified) else {
            return false;
        };
        let certificate = &csca.certificate;
        self.issuer_candidates(certificate).iter().any(|issuer| {
            issuer.provenance.verified
                && issuer.certificate.country() == certificate.country()
                && certificate.verify_signed_by(&issuer.certificate).is_ok()
        })
    }

    fn place_crl(&mut self, crl: Crl) {
        let by_name = self.by_subject.get(crl.issuer().canonical());
        let by_key = crl.authority_key_id().and_then(|id| self.by_key_id.get(id));
        let candidates: BTreeSet<usize> =
            by_name.into_iter().chain(by_key).flatten().copied().collect();
        let signer = candidates.iter().copied().find(|index| {
            self.cscas.get(*index).is_some_and(|csca| {
                // A CSCA found by its key must not speak for another country.
                crl.names_issuer(&csca.certificate)
                    && crl.country() == csca.certificate.country()
                    && crl.verify_signed_by(&csca.certificate).is_ok()
            })
        });
        match signer {
            Some(index) => self.crls.push((crl, index)),
            None => self.unused_crls.push(UnusedCrl { crl, issuer_known: !candidates.is_empty() }),
        }
    }
}

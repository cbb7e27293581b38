use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use super::chain_cache::ChainCache;
use super::signed_list::Vouchers;
use super::{
    Certificate, Crl, CscaRefused, DeviationList, KnownDeviation, Leniency, ListSignature, Name,
};
use crate::UnixSeconds;

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

/// A deviation list that no CSCA of the store vouches for.
#[derive(Clone, Debug)]
pub struct UnusedDeviationList {
    /// The list.
    pub list: DeviationList,
    /// What its signature is worth.
    pub signature: ListSignature,
}

/// The immutable set of CSCA certificates and verified CRLs that documents
/// are checked against.
///
/// What was proven under it is remembered in it (see
/// [`issuer_of`](Self::issuer_of)), so whoever changes the set begins anew.
#[derive(Debug, Default)]
pub struct TrustStore {
    cscas: Vec<TrustedCsca>,
    by_subject: HashMap<String, Vec<usize>>,
    by_key_id: HashMap<Vec<u8>, Vec<usize>>,
    /// Each with the index of the CSCA whose key signed it.
    crls: Vec<(Crl, usize)>,
    /// CSCA certificates that a CRL lists, with the index of that CRL.
    revoked: BTreeMap<usize, usize>,
    refused: Vec<RefusedCsca>,
    unused_crls: Vec<UnusedCrl>,
    deviation_lists: Vec<(DeviationList, String)>,
    unused_deviation_lists: Vec<UnusedDeviationList>,
    /// The CSCA that signed each CSCA, once it was looked for.
    issuers: Vec<OnceLock<Option<usize>>>,
    chains: ChainCache,
}

/// Collects what a [`TrustStore`] is made of.
#[derive(Debug, Default)]
pub struct TrustStoreBuilder {
    cscas: Vec<(Certificate, Provenance)>,
    crls: Vec<Crl>,
    deviation_lists: Vec<DeviationList>,
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

    /// Adds a deviation list. It is used only if a verified CSCA of the store
    /// vouches for its signer.
    #[must_use]
    pub fn add_deviation_list(mut self, list: DeviationList) -> Self {
        self.deviation_lists.push(list);
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
        for crl in self.crls {
            store.place_crl(crl);
        }
        // Before the links are followed, so that a revoked CSCA vouches for no
        // successor, and after, since whoever is vouched for may be revoked.
        store.find_revoked();
        store.follow_links();
        store.find_revoked();
        for list in self.deviation_lists {
            store.place_deviation_list(list);
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

    /// The deviation lists that are used, each with the country it speaks for.
    pub fn deviation_lists(&self) -> impl Iterator<Item = (&DeviationList, &str)> {
        self.deviation_lists.iter().map(|(list, country)| (list, country.as_str()))
    }

    /// Deviation lists that were not taken.
    pub fn unused_deviation_lists(&self) -> &[UnusedDeviationList] {
        &self.unused_deviation_lists
    }

    /// The CRL that revokes a CSCA certificate of the store. A self-signed one
    /// that is revoked takes with it every certificate of its key.
    pub fn revocation_of(&self, csca: &TrustedCsca) -> Option<&Crl> {
        let index = self.index_of(csca)?;
        self.revoked.get(&index).and_then(|crl| self.crls.get(*crl)).map(|(crl, _)| crl)
    }

    /// The CSCA certificates that may vouch for others: verified, not revoked.
    pub fn vouching(&self) -> Vec<Certificate> {
        self.cscas
            .iter()
            .enumerate()
            .filter(|(index, csca)| csca.provenance.verified && !self.revoked.contains_key(index))
            .map(|(_, csca)| csca.certificate.clone())
            .collect()
    }

    /// Whether a CRL lists a certificate, of the store or not: itself, or for a
    /// CA the self-signed certificate of its key.
    pub fn has_revoked(&self, certificate: &Certificate) -> bool {
        let is_revoked_key =
            self.revoked.keys().filter_map(|index| self.cscas.get(*index)).any(|csca| {
                let revoked = &csca.certificate;
                revoked == certificate
                    || (revoked.is_self_signed() && revoked.has_same_key(certificate))
            });
        is_revoked_key
            || self.candidates(certificate).into_iter().any(|index| {
                self.cscas.get(index).is_some_and(|issuer| {
                    self.crls.iter().any(|(crl, signer)| {
                        crl.lists(certificate.serial())
                            && self.speaks_for(crl, *signer, certificate.issuer(), issuer)
                    }) && certificate.verify_signed_by(&issuer.certificate).is_ok()
                })
            })
    }

    /// The CSCA certificates that could have issued `certificate`: by issuer
    /// name, or by authority key identifier. Vouched ones come first, then
    /// self-signed ones, then the newest.
    pub fn issuer_candidates(&self, certificate: &Certificate) -> Vec<&TrustedCsca> {
        self.candidates(certificate).into_iter().filter_map(|index| self.cscas.get(index)).collect()
    }

    /// The CSCA whose key signed `certificate`, revoked ones left out.
    ///
    /// The signature is verified the first time and remembered by the digest of
    /// the whole certificate. Whether either certificate is valid or revoked at
    /// some moment is not part of the answer.
    pub fn issuer_of(&self, certificate: &Certificate) -> Option<&TrustedCsca> {
        let fingerprint = certificate.fingerprint();
        if let Some(known) = self.chains.get(&fingerprint) {
            return self.cscas.get(known);
        }
        let found = self.candidates(certificate).into_iter().find(|index| {
            !self.revoked.contains_key(index)
                && self
                    .cscas
                    .get(*index)
                    .is_some_and(|csca| certificate.verify_signed_by(&csca.certificate).is_ok())
        })?;
        self.chains.insert(fingerprint, found);
        self.cscas.get(found)
    }

    /// How many certificates [`issuer_of`](Self::issuer_of) remembers.
    pub fn remembered(&self) -> usize {
        self.chains.len()
    }

    /// The CSCA and what it is linked to, up to a self-signed one; at most five
    /// (9303-12 §7.1.1.5). Signatures are verified once per store.
    pub fn climb<'a>(&'a self, csca: &'a TrustedCsca) -> Vec<&'a TrustedCsca> {
        let mut chain = vec![csca];
        let mut current = self.index_of(csca);
        while let Some(issuer) = current.and_then(|index| self.issuer_of_csca(index)) {
            let Some(next) = self.cscas.get(issuer).filter(|next| {
                chain.len() < MAX_LINKS
                    && chain.iter().all(|known| known.certificate != next.certificate)
            }) else {
                break;
            };
            chain.push(next);
            current = Some(issuer);
        }
        chain
    }

    /// The CRLs that speak for what `csca` issued under the name `issuer`:
    /// those signed with the same key, those of the same name and country, and
    /// those of a later key and name that links lead to from this one
    /// (RFC 5280 §5.1, 9303-12 D.1.2.3).
    ///
    /// A CSCA that nobody vouched for does not speak for one that somebody did.
    pub fn crls_for(&self, issuer: &Name, csca: &TrustedCsca) -> Vec<&Crl> {
        self.crls
            .iter()
            .filter(|(crl, signer)| self.speaks_for(crl, *signer, issuer, csca))
            .map(|(crl, _)| crl)
            .collect()
    }

    /// Those of [`crls_for`](Self::crls_for) whose silence counts. The list of a
    /// revoked key may name more that is revoked, but clears nothing and makes
    /// nothing look fresh: whoever holds the key could have written it.
    pub fn clearing_crls_for(&self, issuer: &Name, csca: &TrustedCsca) -> Vec<&Crl> {
        self.crls
            .iter()
            .filter(|(crl, signer)| {
                self.speaks_for(crl, *signer, issuer, csca) && !self.is_revoked_key(*signer)
            })
            .map(|(crl, _)| crl)
            .collect()
    }

    /// The CRLs of the store that another one replaces at `at`, by fingerprint.
    ///
    /// A list replaces one of the same issuer that the same key signed, if it is
    /// later in time, not from the future and not lower in number. It does not
    /// if its key is revoked, if nobody vouches for its signer and somebody does
    /// for that of the older one, or if it is silent on a CSCA that the older
    /// one revokes: then both count.
    pub fn superseded_crls(&self, at: UnixSeconds) -> BTreeSet<[u8; 32]> {
        let replaced =
            |older: &(Crl, usize)| self.crls.iter().any(|newer| self.replaces(newer, older, at));
        self.crls.iter().filter(|crl| replaced(crl)).map(|(crl, _)| crl.fingerprint()).collect()
    }

    /// What states say is wrong with documents of `signer`.
    pub fn deviations_of(&self, signer: &Certificate) -> Vec<KnownDeviation> {
        let country = signer.country().or(signer.issuer().country());
        self.deviation_lists
            .iter()
            .filter(|(_, speaks_for)| country == Some(speaks_for))
            .flat_map(|(list, _)| list.known_of(signer))
            .collect()
    }

    fn candidates(&self, certificate: &Certificate) -> Vec<usize> {
        let by_name = self.by_subject.get(certificate.issuer().canonical());
        let by_key = certificate.authority_key_id().and_then(|id| self.by_key_id.get(id));
        let indices: BTreeSet<usize> =
            by_name.into_iter().chain(by_key).flatten().copied().collect();
        let mut found: Vec<usize> = indices.into_iter().collect();
        found.sort_by_key(|index| {
            self.cscas.get(*index).map(|csca| {
                (
                    !csca.provenance.verified,
                    !csca.certificate.is_self_issued(),
                    std::cmp::Reverse(csca.certificate.not_before()),
                )
            })
        });
        found
    }

    fn index_of(&self, csca: &TrustedCsca) -> Option<usize> {
        let same_name = self.by_subject.get(csca.certificate.subject().canonical())?;
        same_name.iter().copied().find(|index| {
            self.cscas.get(*index).is_some_and(|found| found.certificate == csca.certificate)
        })
    }

    fn issuer_of_csca(&self, index: usize) -> Option<usize> {
        let memo = self.issuers.get(index)?;
        *memo.get_or_init(|| {
            let certificate = &self.cscas.get(index)?.certificate;
            if certificate.is_self_signed() {
                return None;
            }
            self.candidates(certificate).into_iter().find(|candidate| {
                self.cscas.get(*candidate).is_some_and(|issuer| {
                    let issuer = &issuer.certificate;
                    issuer.country() == certificate.country()
                        && !issuer.has_same_key(certificate)
                        && certificate.verify_signed_by(issuer).is_ok()
                })
            })
        })
    }

    fn speaks_for(&self, crl: &Crl, signer: usize, issuer: &Name, csca: &TrustedCsca) -> bool {
        let Some(signing) = self.cscas.get(signer) else {
            return false;
        };
        if signing.certificate.has_same_key(&csca.certificate) {
            return true;
        }
        let is_peer = signing.provenance.verified || !csca.provenance.verified;
        if !is_peer || crl.country() != csca.certificate.country() {
            return false;
        }
        let same_name = crl.issuer() == issuer || crl.issuer() == csca.certificate.subject();
        same_name || self.is_linked(signer, csca)
    }

    fn replaces(
        &self,
        (newer, by_newer): &(Crl, usize),
        (older, by_older): &(Crl, usize),
        at: UnixSeconds,
    ) -> bool {
        let (Some(signer), Some(before)) = (self.cscas.get(*by_newer), self.cscas.get(*by_older))
        else {
            return false;
        };
        newer.this_update() <= at
            && newer.follows(older)
            && signer.certificate.has_same_key(&before.certificate)
            && (signer.provenance.verified || !before.provenance.verified)
            && !self.is_revoked_key(*by_newer)
            && self.cscas.iter().all(|csca| {
                let serial = csca.certificate.serial();
                !older.lists(serial)
                    || newer.lists(serial)
                    || csca.certificate.country() != older.country()
            })
    }

    /// Whether a certificate of the key is revoked, among those of its country
    /// that are vouched for as well as the one at `index`.
    fn is_revoked_key(&self, index: usize) -> bool {
        let Some(csca) = self.cscas.get(index) else {
            return false;
        };
        let is_peer = |other: &TrustedCsca| {
            other.certificate.country() == csca.certificate.country()
                && (other.provenance.verified || !csca.provenance.verified)
        };
        self.with_same_key(index).iter().any(|same| {
            self.revoked.contains_key(same) && self.cscas.get(*same).is_some_and(is_peer)
        })
    }

    /// Whether links lead from the key of `older` to that of the CSCA at `newer`.
    fn is_linked(&self, newer: usize, older: &TrustedCsca) -> bool {
        let mut reached = self.with_same_key(newer);
        for _ in 0..MAX_LINKS {
            let issuers: BTreeSet<usize> =
                reached.iter().filter_map(|index| self.issuer_of_csca(*index)).collect();
            let is_older = |index: &usize| {
                let found = self.cscas.get(*index);
                found.is_some_and(|csca| csca.certificate.has_same_key(&older.certificate))
            };
            if issuers.iter().any(is_older) {
                return true;
            }
            reached = issuers.into_iter().flat_map(|index| self.with_same_key(index)).collect();
        }
        false
    }

    fn with_same_key(&self, index: usize) -> BTreeSet<usize> {
        let Some(csca) = self.cscas.get(index) else {
            return BTreeSet::new();
        };
        let same = |other: &TrustedCsca| other.certificate.has_same_key(&csca.certificate);
        self.cscas.iter().enumerate().filter(|(_, other)| same(other)).map(|(at, _)| at).collect()
    }

    fn index(&mut self) {
        self.issuers = self.cscas.iter().map(|_| OnceLock::new()).collect();
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
    /// itself vouched for (9303-12 §7.1.1), and so on along the chain; and so
    /// is the certificate that a state signed with a key that a link leads to.
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
        !self.revoked.contains_key(&index)
            && self.candidates(certificate).into_iter().any(|candidate| {
                !self.revoked.contains_key(&candidate)
                    && self.cscas.get(candidate).is_some_and(|issuer| {
                        issuer.provenance.verified
                            && issuer.certificate.country() == certificate.country()
                            && certificate.verify_signed_by(&issuer.certificate).is_ok()
                    })
            })
    }

    /// Marks the CSCA certificates that a CRL lists (9303-12 §7.1.4: they are
    /// on the same CRL as document signers).
    fn find_revoked(&mut self) {
        let mut revoked = BTreeMap::new();
        for (index, csca) in self.cscas.iter().enumerate() {
            let certificate = &csca.certificate;
            let lists = |(crl, signer): &(Crl, usize)| {
                crl.lists(certificate.serial())
                    && self.speaks_for(crl, *signer, certificate.issuer(), csca)
            };
            let Some(crl) = self.crls.iter().position(lists) else {
                continue;
            };
            revoked.insert(index, crl);
            if certificate.is_self_signed() {
                let same_key = self.with_same_key(index);
                revoked.extend(same_key.into_iter().map(|index| (index, crl)));
            }
        }
        self.revoked = revoked;
    }

    fn place_crl(&mut self, crl: Crl) {
        let by_name = self.by_subject.get(crl.issuer().canonical());
        let by_key = crl.authority_key_id().and_then(|id| self.by_key_id.get(id));
        let candidates: BTreeSet<usize> =
            by_name.into_iter().chain(by_key).flatten().copied().collect();
        let signed = |index: &usize| {
            self.cscas.get(*index).is_some_and(|csca| {
                // A CSCA found by its key must not speak for another country.
                crl.names_issuer(&csca.certificate)
                    && crl.country() == csca.certificate.country()
                    && csca.certificate.may_sign_crls()
                    && crl.verify_signed_by(&csca.certificate).is_ok()
            })
        };
        // The same key may be there twice; the vouched certificate decides.
        let mut signers: Vec<usize> = candidates.iter().copied().filter(signed).collect();
        signers.sort_by_key(|index| {
            self.cscas.get(*index).is_none_or(|csca| !csca.provenance.verified)
        });
        match signers.first() {
            Some(index) => self.crls.push((crl, *index)),
            None => self.unused_crls.push(UnusedCrl { crl, issuer_known: !candidates.is_empty() }),
        }
    }

    fn place_deviation_list(&mut self, list: DeviationList) {
        let roots = self.vouching();
        let signature = list.verify(Vouchers { roots: &roots, revocations: Some(self) });
        match &signature {
            ListSignature::Verified { root, .. } => {
                let country = root.country.clone().unwrap_or_default();
                self.deviation_lists.push((list, country));
            }
            _ => self.unused_deviation_lists.push(UnusedDeviationList { list, signature }),
        }
    }
}

/// How many links are followed; a state changes its key every three to five
/// years.
const MAX_LINKS: usize = 5;

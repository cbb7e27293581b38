use crate::crypto::symmetric::Cipher;
use crate::crypto::{Curve, DigestAlgorithm};
use crate::lds::DataGroup;
use crate::lds::security_info::{
    ChipAuthenticationProtocol, KeyAgreement, PaceMapping, PaceProtocol,
};
use crate::mrz::Format;
use crate::sim::{DocumentProfile, Holder};

/// What a simulated chip is to be like. Start from a preset and change fields.
#[derive(Clone, Debug)]
pub struct ChipDescription {
    /// Whose document it is.
    pub holder: Holder,
    /// Size, portrait, further data groups, flaws of EF.SOD. DG14 and DG15 are
    /// added by what follows.
    pub document: DocumentProfile,
    /// Which of DG11, DG12 and DG16 to write, with details made up for them.
    pub details: Vec<DataGroup>,
    /// Whether BAC opens the chip.
    pub bac: bool,
    /// How PACE opens the chip, in the order of EF.CardAccess.
    pub pace: Vec<PaceOffer>,
    /// The card access number, if one is printed: six digits.
    pub can: Option<String>,
    /// How the chip signs challenges.
    pub active_authentication: Option<ActiveAuthentication>,
    /// How the chip runs chip authentication, in the order of DG14.
    pub chip_authentication: Vec<ChipAuthentication>,
    /// What it does in its own way.
    pub quirks: Quirks,
}

/// One `PACEInfo` (9303-11 §9.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceOffer {
    /// The protocol.
    pub protocol: PaceProtocol,
    /// Number of the standardized domain parameters (9303-11 §9.5.1).
    pub domain: u32,
}

/// How a chip signs in active authentication (9303-11 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActiveAuthentication {
    /// ISO/IEC 9796-2 scheme 1.
    Rsa {
        /// Modulus length in bits.
        bits: u32,
        /// How the digest is named.
        trailer: Trailer,
        /// Whether the lesser of s and n − s is sent.
        lesser: bool,
    },
    /// Plain ECDSA; DG14 names the digest.
    Ec {
        /// The curve.
        curve: Curve,
        /// The digest.
        digest: DigestAlgorithm,
    },
}

/// The end of an ISO/IEC 9796-2 message representative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trailer {
    /// `BC`: SHA-1, by convention.
    Implicit,
    /// `xxCC`: the digest by its number in ISO/IEC 10118-3.
    Explicit(DigestAlgorithm),
}

/// One `ChipAuthenticationInfo` and its key (9303-11 §9.2.5, §9.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChipAuthentication {
    /// The protocol.
    pub protocol: ChipAuthenticationProtocol,
    /// 1, or 2 of TR-03110.
    pub version: u32,
    /// Number of the standardized domain parameters the key is in.
    pub domain: u32,
    /// Number of the key. Entries of one domain and number share a key.
    pub key_id: Option<u32>,
}

/// What a chip does in its own way, all of it seen in real ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Most bytes READ BINARY gives at once; to ask for more is `6700`.
    pub max_block: Option<u32>,
    /// READ BINARY takes no short file identifiers.
    pub no_short_ids: bool,
    /// Errors come outside secure messaging, which ends the session.
    pub unprotected_errors: bool,
    /// Responses longer than this come in pieces, by `61xx` and GET RESPONSE.
    pub response_piece: Option<u8>,
    /// An `Le` that is not the length of the response gets `6Cxx`.
    pub exact_lengths: bool,
    /// Wrong card access numbers are counted: `63Cx` instead of `6300`.
    pub counts_tries: bool,
    /// Extended lengths, with commands and responses up to so many bytes,
    /// announced in EF.ATR/INFO.
    pub extended_length: Option<u16>,
}

impl ChipDescription {
    /// A passport of today: PACE with generic mapping and BAC, active
    /// authentication with ECDSA, chip authentication.
    pub fn passport() -> Self {
        Self {
            holder: Holder::example(),
            document: DocumentProfile::passport(),
            details: [11, 12].into_iter().filter_map(DataGroup::new).collect(),
            bac: true,
            pace: vec![pace(PaceMapping::Generic, Cipher::Aes128, BRAINPOOL_P256)],
            can: None,
            active_authentication: Some(ActiveAuthentication::Ec {
                curve: Curve::BrainpoolP256r1,
                digest: DigestAlgorithm::Sha256,
            }),
            chip_authentication: vec![chip_authentication(Cipher::Aes128, BRAINPOOL_P256)],
            quirks: Quirks { extended_length: Some(4096), ..Quirks::default() },
        }
    }

    /// An identity card of today: PACE alone, with chip authentication mapping
    /// too, by the zone or a card access number; chip authentication.
    pub fn card() -> Self {
        Self {
            document: DocumentProfile::card(),
            details: Vec::new(),
            bac: false,
            pace: vec![
                pace(PaceMapping::Generic, Cipher::Aes128, P256),
                pace(PaceMapping::ChipAuthentication, Cipher::Aes128, P256),
            ],
            can: Some("500540".to_owned()),
            active_authentication: None,
            chip_authentication: vec![chip_authentication(Cipher::Aes256, P256)],
            ..Self::passport()
        }
    }

    /// A passport of the first years: BAC, active authentication with RSA and
    /// SHA-1, short lengths.
    pub fn old() -> Self {
        let trailer = Trailer::Implicit;
        let rsa = ActiveAuthentication::Rsa { bits: 1024, trailer, lesser: false };
        Self { active_authentication: Some(rsa), ..Self::passive() }
    }

    /// A passport that can be copied: BAC, and passive authentication only.
    pub fn passive() -> Self {
        Self {
            details: Vec::new(),
            pace: Vec::new(),
            active_authentication: None,
            chip_authentication: Vec::new(),
            quirks: Quirks::default(),
            ..Self::passport()
        }
    }

    /// The same in another size.
    #[must_use]
    pub fn with_format(mut self, format: Format) -> Self {
        self.document.format = format;
        self
    }
}

fn pace(mapping: PaceMapping, cipher: Cipher, domain: u32) -> PaceOffer {
    PaceOffer { protocol: PaceProtocol { agreement: KeyAgreement::Ecdh, mapping, cipher }, domain }
}

fn chip_authentication(cipher: Cipher, domain: u32) -> ChipAuthentication {
    let protocol = ChipAuthenticationProtocol { agreement: KeyAgreement::Ecdh, cipher };
    ChipAuthentication { protocol, version: 1, domain, key_id: None }
}

const P256: u32 = 12;
const BRAINPOOL_P256: u32 = 13;

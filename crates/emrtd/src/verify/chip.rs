//! Chip authentication as the server runs it (9303-11 §6.2, TR-03110-3 §B.2):
//! does the chip hold the private key of DG14?
//!
//! Whoever holds the terminal's ephemeral private key can compute everything
//! that the chip can. So the server makes that key and keeps it, and the phone
//! only relays:
//!
//! 1. [`TerminalKey::generate`] gives the [`commands`](TerminalKey::commands)
//!    of the key agreement. The phone sends them in the session it has, and
//!    relays the chip's answers.
//! 2. [`TerminalKey::agree`] derives the new session and protects one command
//!    with it. The phone passes its [bytes](ChipChallenge::command) on
//!    unchanged, and relays the chip's protected answer.
//! 3. [`ChipChallenge::verify`] checks the MAC of that answer. Only a chip with
//!    the private key, or the server itself, can have made it.
//!
//! From step 1 on the phone's own session is over, so this comes last.
//!
//! The [`ChipProof`] is bound to the document and to the connection that the key
//! was made for, and cannot be made elsewhere:
//!
//! ```compile_fail,E0451
//! use emrtd::verify::{ChipAlgorithm, ChipProof};
//! fn forge(algorithm: ChipAlgorithm) -> ChipProof {
//!     ChipProof { document: [0; 32], challenge: [0; 8], algorithm }
//! }
//! ```
//!
//! nor moved to another connection:
//!
//! ```compile_fail,E0616
//! fn replay(proof: &mut emrtd::verify::ChipProof, challenge: [u8; 8]) {
//!     proof.challenge = challenge;
//! }
//! ```
//!
//! A challenge is spent by one answer, so that MACs cannot be guessed:
//!
//! ```compile_fail,E0382
//! use emrtd::verify::ChipChallenge;
//! fn guess(challenge: ChipChallenge) -> bool {
//!     challenge.verify(&[0; 14]).is_ok() || challenge.verify(&[1; 14]).is_ok()
//! }
//! ```

mod key;

use std::fmt;

use zeroize::Zeroizing;

use self::key::ChipKey;
use super::{PassivelyAuthenticated, SignedFiles};
use crate::crypto::agreement::{AgreementError, KeyPair, Random};
use crate::crypto::kdf::{self, KeyUse};
use crate::crypto::symmetric::{Cipher, LibraryFailure};
use crate::lds::dg14;
use crate::lds::security_info::{ChipAuthenticationProtocol, KeyAgreement};
use crate::read::SecureMessaging;
use crate::read::apdu::{ApduError, CommandApdu, ResponseApdu, StatusWord};
use crate::read::secure_messaging::SecureMessagingError;
use crate::tlv::{self, Reader, Rules, Tag};

/// Proof that a chip holding the private key of the document's DG14 answered a
/// command of a session that only it and the server could know. Only
/// [`ChipChallenge::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipProof {
    document: [u8; 32],
    challenge: [u8; 8],
    algorithm: ChipAlgorithm,
}

impl ChipProof {
    /// Whether it is about this document, and made for the connection of this
    /// challenge.
    pub fn is_for<T>(&self, document: &PassivelyAuthenticated<T>, challenge: [u8; 8]) -> bool {
        self.document == document.digest() && self.challenge == challenge
    }

    /// [`PassivelyAuthenticated::digest`] of the document.
    pub fn document(&self) -> [u8; 32] {
        self.document
    }

    /// How it was made.
    pub fn algorithm(&self) -> ChipAlgorithm {
        self.algorithm
    }
}

/// How a chip was authenticated. Displays as `chip authentication v1, ECDH, AES-128`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChipAlgorithm {
    /// Key agreement and cipher.
    pub protocol: ChipAuthenticationProtocol,
    /// 1 or 2.
    pub version: u32,
}

impl fmt::Display for ChipAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agreement = match self.protocol.agreement {
            KeyAgreement::Dh => "DH",
            KeyAgreement::Ecdh => "ECDH",
        };
        write!(f, "chip authentication v{}, {agreement}, {}", self.version, self.protocol.cipher)
    }
}

/// Why there is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChipFailure {
    /// DG14 is not among the proven files. Whether the state signed one tells
    /// [`PassivelyAuthenticated::require`].
    #[error("DG14 is not among the files")]
    NoKey,
    /// The document's DG14 cannot be read.
    #[error(transparent)]
    Dg14(#[from] dg14::Error),
    /// DG14 has no key for chip authentication in version 1 or 2.
    #[error("DG14: the chip offers no chip authentication")]
    NotOffered,
    /// The chip's key is malformed, or in a group that is not supported.
    #[error("DG14: not a usable chip authentication key at byte {0}")]
    Key(usize),
    /// The key agreement failed on our side.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    /// Another number of answers than of commands was relayed.
    #[error("{found} answers were relayed to {expected} commands")]
    Answers {
        /// How many commands there were.
        expected: usize,
        /// How many answers came.
        found: usize,
    },
    /// A relayed answer is no response APDU.
    #[error("the chip's answer: {0}")]
    Apdu(#[from] ApduError),
    /// The chip refused the key agreement.
    #[error("the chip refused chip authentication with {0}")]
    Refused(StatusWord),
    /// The chip's nonce and token of version 2 are malformed or missing.
    #[error("the chip's authentication data: {0}")]
    AuthenticationData(tlv::Error),
    /// The chip's token of version 2 is wrong: it has not the private key.
    #[error("the chip's authentication token is wrong")]
    WrongToken,
    /// The protected answer is not of this session: the chip has not the
    /// private key, or someone changed its answer.
    #[error(transparent)]
    SecureMessaging(#[from] SecureMessagingError),
}

impl From<LibraryFailure> for ChipFailure {
    fn from(failure: LibraryFailure) -> Self {
        Self::Agreement(failure.into())
    }
}

/// The server's ephemeral key for one chip. Cleared on drop.
#[derive(Debug)]
pub struct TerminalKey {
    document: [u8; 32],
    challenge: [u8; 8],
    chip: ChipKey,
    pair: KeyPair,
}

impl TerminalKey {
    /// Chooses a protocol of the document's DG14 and makes a key for it.
    ///
    /// Version 1 goes before version 2, which chips run only after terminal
    /// authentication; then the strongest cipher is taken. A DG14 with a key
    /// and no `ChipAuthenticationInfo` means version 1 with 3DES (TR-03110-3
    /// §A.1.1).
    ///
    /// `challenge` is the verifier's for this connection, as for active
    /// authentication. The chip never sees it: it tells the proofs of one
    /// connection from those of others. `random` must be a cryptographic
    /// generator.
    ///
    /// # Errors
    /// When DG14 is missing, broken, or without a usable key.
    pub fn generate<T: SignedFiles>(
        document: &PassivelyAuthenticated<T>,
        challenge: [u8; 8],
        random: &mut Random<'_>,
    ) -> Result<Self, ChipFailure> {
        let chip = ChipKey::choose(document.get())?;
        let pair = chip.domain.generate(random)?;
        Ok(Self { document: document.digest(), challenge, chip, pair })
    }

    /// What will be proven.
    pub fn algorithm(&self) -> ChipAlgorithm {
        ChipAlgorithm { protocol: self.chip.protocol, version: self.chip.version }
    }

    /// The commands of the key agreement, unprotected: MSE:Set KAT for 3DES in
    /// version 1 (9303-11 §6.2.4.1), otherwise MSE:Set AT and GENERAL
    /// AUTHENTICATE (§6.2.4.2).
    ///
    /// Whoever relays them puts them under its session with the chip, and
    /// splits them where the chip takes no extended lengths.
    pub fn commands(&self) -> Vec<CommandApdu> {
        let public = self.pair.public();
        let key = match self.chip.key_id {
            Some(id) => tlv::tagged(PRIVATE_KEY, &unsigned(id)),
            None => Vec::new(),
        };
        if self.uses_key_agreement_template() {
            let data = [tlv::tagged(EPHEMERAL_KEY, public), key].concat();
            return vec![CommandApdu::new(0, MANAGE_SECURITY, 0x41, 0xA6).with_data(&data)];
        }
        let oid = self.chip.protocol.oid();
        let template = [tlv::tagged(MECHANISM, oid.octets()), key].concat();
        let authenticate = tlv::tagged(DYNAMIC_DATA, &tlv::tagged(EPHEMERAL_VALUE, public));
        vec![
            CommandApdu::new(0, MANAGE_SECURITY, 0x41, 0xA4).with_data(&template),
            CommandApdu::new(0, GENERAL_AUTHENTICATE, 0, 0).with_data(&authenticate).expecting(256),
        ]
    }

    /// Takes the chip's answers, one per command, out of the relay's session,
    /// and derives the new one.
    ///
    /// Nothing about the answers is trusted: in version 1 they carry nothing,
    /// in version 2 the chip's nonce and token, and the token is checked here.
    ///
    /// # Errors
    /// When the chip refused, after which no more answers need to be relayed,
    /// or its token of version 2 is wrong.
    pub fn agree(self, answers: &[&[u8]]) -> Result<ChipChallenge, ChipFailure> {
        let expected = if self.uses_key_agreement_template() { 1 } else { 2 };
        let mut data = Zeroizing::default();
        for answer in answers.iter().take(expected) {
            let response = ResponseApdu::parse(answer)?;
            if response.status != StatusWord::OK {
                return Err(ChipFailure::Refused(response.status));
            }
            data = response.data;
        }
        if answers.len() != expected {
            return Err(ChipFailure::Answers { expected, found: answers.len() });
        }
        let mut secret = self.chip.domain.agree(&self.pair, &self.chip.public)?;
        if self.chip.version >= 2 {
            let (nonce, token) =
                authentication_data(&data).map_err(ChipFailure::AuthenticationData)?;
            secret = Zeroizing::new([&secret[..], nonce].concat());
            self.check_token(&secret, token)?;
        }
        let session = SecureMessaging::from_secret(&secret, self.chip.protocol.cipher)?;
        let proof = ChipProof {
            document: self.document,
            challenge: self.challenge,
            algorithm: self.algorithm(),
        };
        ChipChallenge::new(proof, session)
    }

    /// T = MAC(K_MAC, the terminal's public key) (TR-03110-3 §B.2, §A.2.4).
    fn check_token(&self, secret: &[u8], token: &[u8]) -> Result<(), ChipFailure> {
        let protocol = self.chip.protocol;
        let public_value = match protocol.agreement {
            KeyAgreement::Dh => Tag(0x84),
            KeyAgreement::Ecdh => Tag(0x86),
        };
        let public_key =
            [tlv::oid_element(&protocol.oid()), tlv::tagged(public_value, self.pair.public())];
        let key = kdf::derive(secret, KeyUse::Mac, protocol.cipher)?;
        if !key.verify_mac(&tlv::tagged(PUBLIC_KEY, &public_key.concat()), token)? {
            return Err(ChipFailure::WrongToken);
        }
        Ok(())
    }

    fn uses_key_agreement_template(&self) -> bool {
        self.chip.version == 1 && self.chip.protocol.cipher == Cipher::TripleDes
    }
}

/// One command of the new session, waiting for the chip's answer.
#[derive(Debug)]
pub struct ChipChallenge {
    /// Handed out when the chip has answered.
    proof: ChipProof,
    session: SecureMessaging,
    command: Vec<u8>,
}

impl ChipChallenge {
    fn new(proof: ChipProof, mut session: SecureMessaging) -> Result<Self, ChipFailure> {
        // The file that led here is there to be selected, and selecting it
        // gives nothing away.
        let select = CommandApdu::new(0, SELECT, 0x02, 0x0C).with_data(&DG14_FILE);
        let command = session.protect(&select)?.encode()?;
        Ok(Self { proof, session, command })
    }

    /// The protected SELECT of DG14, to be passed to the chip as it is.
    pub fn command(&self) -> &[u8] {
        &self.command
    }

    /// Checks the chip's protected answer, status bytes included.
    ///
    /// The status itself does not matter: a refusal with a right MAC comes from
    /// the chip as well.
    ///
    /// # Errors
    /// When the answer is not protected, or not by this session.
    pub fn verify(mut self, response: &[u8]) -> Result<ChipProof, ChipFailure> {
        self.session.unprotect(&ResponseApdu::parse(response)?)?;
        Ok(self.proof)
    }
}

/// Reads `7C { 81 nonce, 82 token }`.
fn authentication_data(data: &[u8]) -> Result<(&[u8], &[u8]), tlv::Error> {
    let mut reader = Reader::new(data, Rules::Ber);
    let mut fields = reader.expect(DYNAMIC_DATA)?.children()?;
    reader.finish()?;
    let nonce = fields.expect(NONCE)?;
    let token = fields.expect(TOKEN)?;
    fields.finish()?;
    // The nonce has 8 bytes (TR-03110-3 §B.2); one of none would not be fresh.
    if nonce.content().len() < 8 {
        return Err(nonce.invalid("the nonce is too short"));
    }
    Ok((nonce.content(), token.content()))
}

/// In as few octets as it needs (9303-11 §9.4.1), and in one for zero.
fn unsigned(number: u32) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let zeros = (number.leading_zeros() / 8).min(3) as usize;
    octets.get(zeros..).unwrap_or(&octets).to_vec()
}

const MANAGE_SECURITY: u8 = 0x22;
const GENERAL_AUTHENTICATE: u8 = 0x86;
const SELECT: u8 = 0xA4;
const DG14_FILE: [u8; 2] = [0x01, 0x0E];
const MECHANISM: Tag = Tag(0x80);
const PRIVATE_KEY: Tag = Tag(0x84);
const EPHEMERAL_KEY: Tag = Tag(0x91);
const DYNAMIC_DATA: Tag = Tag(0x7C);
const EPHEMERAL_VALUE: Tag = Tag(0x80);
const NONCE: Tag = Tag(0x81);
const TOKEN: Tag = Tag(0x82);
const PUBLIC_KEY: Tag = Tag(0x7F49);

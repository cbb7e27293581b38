//! PACE (9303-11 §4.4).

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::EcGroup;

use super::{Access, Answer, CONDITIONS, Chip, FAILURE, Protocol, Refusal, dynamic, ok};
use crate::crypto::DigestAlgorithm;
use crate::crypto::agreement::{Domain, KeyPair};
use crate::crypto::kdf::{self, KeyUse};
use crate::crypto::symmetric::{Cipher, Key, LibraryFailure, pad};
use crate::lds::security_info::{KeyAgreement, PaceMapping, PaceProtocol};
use crate::read::SecureMessaging;
use crate::read::apdu::{ResponseApdu, StatusWord};
use crate::sim::personalisation::PaceOffer;
use crate::tlv::{self, Oid, Reader, Rules, Tag};

/// PACE under way.
pub(super) struct Run {
    offer: PaceOffer,
    domain: Domain,
    password: Password,
    step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Password {
    Mrz,
    Can,
}

/// What the chip holds between two commands.
enum Step {
    EncryptNonce,
    MapNonce {
        nonce: Vec<u8>,
    },
    Agree {
        mapped: Domain,
        mapping: Option<Vec<u8>>,
    },
    Authenticate {
        session: SecureMessaging,
        own: Vec<u8>,
        other: Vec<u8>,
        mapping: Option<Vec<u8>>,
    },
}

impl Chip {
    /// MSE:Set AT (9303-11 §4.4.4.1). In the master file only, where 9303-11
    /// §4.2 has it.
    pub(super) fn start_pace(&mut self, data: &[u8]) -> Answer {
        if self.volatile.in_application {
            return Err(CONDITIONS);
        }
        let mut reader = Reader::new(data, Rules::Ber);
        let mechanism = reader.expect(Tag(0x80))?;
        let oid = Oid::parse(mechanism.content(), mechanism.content_offset())?;
        let password = match reader.expect(Tag(0x83))?.content() {
            [1] => Password::Mrz,
            [2] if self.personalisation.can.is_some() => Password::Can,
            _ => return Err(Refusal(StatusWord::REFERENCE_NOT_FOUND)),
        };
        let parameters = reader.optional(Tag(0x84))?;
        let parameters = parameters.map(|element| u32::from(octet(element.content())));
        reader.finish()?;
        let offered = self.personalisation.pace.iter();
        let mut offered = offered.filter(|offer| offer.protocol.oid() == oid).peekable();
        offered.peek().ok_or(Refusal(StatusWord::INCORRECT_DATA))?;
        let mut fitting = offered.filter(|offer| parameters.is_none_or(|id| id == offer.domain));
        let (Some(offer), None) = (fitting.next().copied(), fitting.next()) else {
            return Err(Refusal(StatusWord::REFERENCE_NOT_FOUND));
        };
        let domain = Domain::standardized(offer.domain)?;
        let run = Run { offer, domain, password, step: Step::EncryptNonce };
        self.volatile.protocol = Protocol::Pace(Box::new(run));
        if password == Password::Can && self.wrong_cans > 0 {
            return Ok(ResponseApdu { status: self.tries_left(), ..ok(&[]) });
        }
        Ok(ok(&[]))
    }

    /// GENERAL AUTHENTICATE (9303-11 §4.4.4.2).
    pub(super) fn continue_pace(&mut self, mut run: Run, data: &[u8]) -> Answer {
        let mut reader = Reader::new(data, Rules::Ber);
        let mut objects = reader.expect(super::DYNAMIC_DATA)?.children()?;
        reader.finish()?;
        let tag = match &run.step {
            Step::EncryptNonce => None,
            Step::MapNonce { .. } => Some(Tag(0x81)),
            Step::Agree { .. } => Some(Tag(0x83)),
            Step::Authenticate { .. } => Some(Tag(0x85)),
        };
        let received = tag.map(|tag| objects.expect(tag)).transpose()?;
        let received = received.map(|element| element.content()).unwrap_or_default();
        objects.finish()?;
        let (next, answer) = match run.step {
            Step::EncryptNonce => self.encrypt_nonce(&run.offer, run.password)?,
            Step::MapNonce { nonce } => {
                self.map_nonce(&run.offer, &run.domain, &nonce, received)?
            }
            Step::Agree { mapped, mapping } => {
                self.agree(&run.offer, &mapped, mapping, received)?
            }
            Step::Authenticate { session, own, other, mapping } => {
                let keys = [own.as_slice(), other.as_slice()];
                let answer = self.authenticate(&run.offer, run.password, &session, keys, received);
                let mut answer = answer?;
                if let Some(mapping) = mapping {
                    let data = self.mapping_data(&run.offer, session.encryption_key(), &mapping)?;
                    answer.extend(tlv::tagged(Tag(0x8A), &data));
                }
                self.volatile.next_session = Some(session);
                self.volatile.access = Access::Pace;
                return Ok(dynamic(&answer));
            }
        };
        run.step = next;
        self.volatile.protocol = Protocol::Pace(Box::new(run));
        Ok(dynamic(&answer))
    }

    fn encrypt_nonce(
        &mut self,
        offer: &PaceOffer,
        password: Password,
    ) -> Result<(Step, Vec<u8>), Refusal> {
        let cipher = offer.protocol.cipher;
        let len = match cipher {
            Cipher::TripleDes | Cipher::Aes128 => 16,
            Cipher::Aes192 | Cipher::Aes256 => 32,
        };
        let mut nonce = vec![0; len];
        self.draw(&mut nonce)?;
        let key = kdf::derive(&self.password(password)?, KeyUse::Password, cipher)?;
        let encrypted = key.cbc_encrypt(&vec![0; cipher.block_len()], &nonce)?;
        Ok((Step::MapNonce { nonce }, tlv::tagged(Tag(0x80), &encrypted)))
    }

    fn map_nonce(
        &mut self,
        offer: &PaceOffer,
        domain: &Domain,
        nonce: &[u8],
        received: &[u8],
    ) -> Result<(Step, Vec<u8>), Refusal> {
        let PaceProtocol { mapping, cipher, .. } = offer.protocol;
        if mapping == PaceMapping::Integrated {
            let random = kdf::pseudo_random(nonce, received, cipher, domain.field_bits());
            let random = random.ok_or(Refusal(StatusWord::INCORRECT_DATA))?;
            let mapped = domain.map_integrated(&random)?;
            return Ok((Step::Agree { mapped, mapping: None }, tlv::tagged(Tag(0x82), &[])));
        }
        let other = domain.public_key(received)?;
        let (private, pair) = self.key_pair(domain)?;
        let mapped = domain.map_generic(&pair, &other, nonce)?;
        let is_cam = mapping == PaceMapping::ChipAuthentication;
        let step = Step::Agree { mapped, mapping: is_cam.then_some(private) };
        Ok((step, tlv::tagged(Tag(0x82), pair.public())))
    }

    fn agree(
        &mut self,
        offer: &PaceOffer,
        mapped: &Domain,
        mapping: Option<Vec<u8>>,
        received: &[u8],
    ) -> Result<(Step, Vec<u8>), Refusal> {
        let terminal = mapped.public_key(received)?;
        let (_, pair) = self.key_pair(mapped)?;
        let secret = mapped.agree(&pair, &terminal)?;
        let session = SecureMessaging::from_secret(&secret, offer.protocol.cipher)?;
        let (own, other) = (pair.public().to_vec(), received.to_vec());
        let answer = tlv::tagged(Tag(0x84), &own);
        Ok((Step::Authenticate { session, own, other, mapping }, answer))
    }

    fn authenticate(
        &mut self,
        offer: &PaceOffer,
        password: Password,
        session: &SecureMessaging,
        [own, other]: [&[u8]; 2],
        token: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        let key = session.mac_key();
        if !key.verify_mac(&token_input(offer.protocol, own), token)? {
            if password == Password::Can && self.personalisation.quirks.counts_tries {
                self.wrong_cans = self.wrong_cans.saturating_add(1);
                return Err(Refusal(self.tries_left()));
            }
            return Err(Refusal(StatusWord::AUTHENTICATION_FAILED));
        }
        if password == Password::Can {
            self.wrong_cans = 0;
        }
        Ok(tlv::tagged(Tag(0x86), &key.mac(&token_input(offer.protocol, other))?))
    }

    /// `SK⁻¹ · SK_map mod n`, encrypted (9303-11 §4.4.3.5.1).
    fn mapping_data(
        &self,
        offer: &PaceOffer,
        key: &Key,
        mapping: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        let mut keys = self.personalisation.chip_keys.iter();
        let own = keys.find(|key| key.domain == offer.domain).ok_or(FAILURE)?;
        let curve = Domain::standardized(offer.domain)?.curve().ok_or(FAILURE)?;
        let group = EcGroup::from_curve_name(curve.nid())?;
        let mut context = BigNumContext::new()?;
        let (mut order, mut inverse, mut data) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
        group.order(&mut order, &mut context)?;
        inverse.mod_inverse(&*BigNum::from_slice(&own.private)?, &order, &mut context)?;
        data.mod_mul(&inverse, &*BigNum::from_slice(mapping)?, &order, &mut context)?;
        let scalar = data.to_vec_padded(order.num_bytes())?;
        let block_len = key.cipher().block_len();
        let iv = key.encrypt_block(&vec![0xFF; block_len])?;
        Ok(key.cbc_encrypt(&iv, &pad(&scalar, block_len))?)
    }

    /// The encoding of a password in 9303-11 table 14.
    fn password(&self, password: Password) -> Result<Vec<u8>, Refusal> {
        match (password, &self.personalisation.can) {
            (Password::Can, Some(can)) => Ok(can.as_bytes().to_vec()),
            _ => {
                let information = self.personalisation.mrz_information.as_bytes();
                Ok(DigestAlgorithm::Sha1.digest(information).ok_or(LibraryFailure)?)
            }
        }
    }

    /// A key pair, and the private key.
    fn key_pair(&mut self, domain: &Domain) -> Result<(Vec<u8>, KeyPair), Refusal> {
        let (random, mut drawn) = (&mut self.random, Vec::new());
        // Orders of curves are as long as their fields.
        let bits = domain.curve().map(|_| domain.field_bits());
        let pair = domain.generate(&mut |buffer| {
            if !random(buffer) {
                // No private key is zero, so that this fails.
                buffer.fill(0);
            }
            let unused = bits.map_or(0, |bits| (buffer.len() * 8).saturating_sub(bits));
            if let Some(first) = buffer.first_mut() {
                *first &= 0xFF_u8.checked_shr(unused as u32).unwrap_or(0);
            }
            drawn = buffer.to_vec();
        })?;
        Ok((drawn, pair))
    }

    fn tries_left(&self) -> StatusWord {
        StatusWord(0x63C0 | 3_u16.saturating_sub(self.wrong_cans))
    }
}

/// The public key data object of 9303-11 §9.4.
fn token_input(protocol: PaceProtocol, public_key: &[u8]) -> Vec<u8> {
    let tag = match protocol.agreement {
        KeyAgreement::Ecdh => Tag(0x86),
        KeyAgreement::Dh => Tag(0x84),
    };
    let zeros = match protocol.agreement {
        KeyAgreement::Ecdh => 0,
        KeyAgreement::Dh => public_key.iter().take_while(|octet| **octet == 0).count(),
    };
    let value = tlv::tagged(tag, public_key.get(zeros..).unwrap_or(&[]));
    tlv::tagged(Tag(0x7F49), &[tlv::oid_element(&protocol.oid()), value].concat())
}

/// One octet, or what no domain parameters have as their number.
fn octet(content: &[u8]) -> u8 {
    match content {
        [octet] => *octet,
        _ => 0xFF,
    }
}

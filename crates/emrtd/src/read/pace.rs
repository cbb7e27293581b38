//! Password authenticated connection establishment (9303-11 §4.4, TR-03110-3
//! §B.1).

use std::fmt;

use zeroize::Zeroizing;

use super::SecureMessaging;
use super::access::{AccessError, AccessStep, Established, Progress, accepted};
use super::apdu::{CommandApdu, MAX_EXPECTED, ResponseApdu, StatusWord};
use super::parameters;
use super::password::Password;
use crate::crypto::agreement::{AgreementError, Domain, KeyPair, PublicValue, Random};
use crate::crypto::kdf::{self, KeyUse};
use crate::crypto::symmetric::{Cipher, Key, unpad};
use crate::lds::security_info::{KeyAgreement, PaceInfo, PaceMapping, PaceProtocol, SecurityInfos};
use crate::tlv::{self, Reader, Rules, Tag};

/// Longest nonce a chip may send, in bytes; the standard's are 16 and 32.
const MAX_NONCE_LEN: usize = 64;

/// The protocol under way.
pub struct Pace {
    protocol: PaceProtocol,
    cipher: Cipher,
    domain: Domain,
    password: Key,
    state: State,
}

enum State {
    Template,
    Nonce,
    MapIntegrated { nonce: Zeroizing<Vec<u8>>, own: Vec<u8> },
    MapGeneric { nonce: Zeroizing<Vec<u8>>, pair: KeyPair },
    Agree { mapped: Domain, pair: KeyPair, chip_mapping_key: Option<PublicValue> },
    Authenticate { session: SecureMessaging, token: [u8; 8], chip_mapping_key: Option<PublicValue> },
    Over,
}

impl Pace {
    /// Whether this crate speaks what `info` announces: version 2 with
    /// standardized domain parameters of the right kind.
    ///
    /// # Errors
    /// [`AccessError::Unsupported`] or [`AccessError::ProprietaryParameters`].
    pub fn supports(info: &PaceInfo, announced: &SecurityInfos) -> Result<(), AccessError> {
        parameters::domain(info, announced).map(drop)
    }

    /// Starts `info` of the protocols `announced` in EF.CardAccess, whose
    /// domain parameters may be spelled out there if they are standardized
    /// ones. `name_parameters` puts their number into MSE:Set AT, as it must be
    /// when the chip announces several.
    ///
    /// # Errors
    /// As [`supports`](Self::supports), or when OpenSSL fails.
    pub fn start(
        info: &PaceInfo,
        announced: &SecurityInfos,
        password: &Password,
        name_parameters: bool,
    ) -> Result<(Self, CommandApdu), AccessError> {
        let cipher = info.protocol.cipher;
        let domain = parameters::domain(info, announced)?;
        let key = kdf::derive(&password.encoding()?, KeyUse::Password, cipher)?;
        let mut data = tlv::tagged(Tag(0x80), info.protocol.oid().octets());
        data.extend(tlv::tagged(Tag(0x83), &[password.reference()]));
        if let Some(id) = info.parameter_id.filter(|_| name_parameters) {
            let octets = id.to_be_bytes();
            let number = Some(without_leading_zeros(&octets)).filter(|number| !number.is_empty());
            data.extend(tlv::tagged(Tag(0x84), number.unwrap_or(&[0])));
        }
        let command = CommandApdu::new(0, 0x22, 0xC1, 0xA4).with_data(&data);
        let pace =
            Self { protocol: info.protocol, cipher, domain, password: key, state: State::Template };
        Ok((pace, command))
    }

    /// Takes the response to the last command. `random` gives the private key
    /// or nonce for the mapping, then the ephemeral private key.
    ///
    /// # Errors
    /// After an error the protocol is over.
    pub fn respond(
        &mut self,
        response: &ResponseApdu,
        random: &mut Random<'_>,
    ) -> Result<Progress, AccessError> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Template => self.query_nonce(response),
            State::Nonce => self.map_nonce(response, random),
            State::MapIntegrated { nonce, own } => {
                self.mapped_integrated(response, random, &nonce, &own)
            }
            State::MapGeneric { nonce, pair } => {
                self.mapped_generic(response, random, &nonce, &pair)
            }
            State::Agree { mapped, pair, chip_mapping_key } => {
                self.agree(response, &mapped, &pair, chip_mapping_key)
            }
            State::Authenticate { session, token, chip_mapping_key } => {
                self.establish(response, session, token, chip_mapping_key)
            }
            State::Over => Err(AccessError::NotProven(AccessStep::MutualAuthentication)),
        }
    }

    fn query_nonce(&mut self, response: &ResponseApdu) -> Result<Progress, AccessError> {
        // 63Cx counts the tries left and is no refusal (TR-03110-3 §B.11.1).
        let ready = response.status == StatusWord::OK || response.status.is_failed_authentication();
        if !ready {
            accepted(AccessStep::SetAuthenticationTemplate, response)?;
        }
        self.state = State::Nonce;
        Ok(Progress::Command(general_authenticate(&[], false)))
    }

    fn map_nonce(
        &mut self,
        response: &ResponseApdu,
        random: &mut Random<'_>,
    ) -> Result<Progress, AccessError> {
        let step = AccessStep::EncryptedNonce;
        let encrypted = answer(step, response, Tag(0x80))?;
        let whole = encrypted.len().is_multiple_of(self.cipher.block_len());
        if encrypted.is_empty() || encrypted.len() > MAX_NONCE_LEN || !whole {
            return Err(invalid(step, "not an encrypted nonce"));
        }
        let nonce = self.password.cbc_decrypt(&vec![0; self.cipher.block_len()], &encrypted)?;
        let data = match self.protocol.mapping {
            PaceMapping::Integrated => {
                let mut own = vec![0; self.cipher.key_len()];
                random(&mut own);
                let data = tlv::tagged(Tag(0x81), &own);
                self.state = State::MapIntegrated { nonce, own };
                data
            }
            PaceMapping::Generic | PaceMapping::ChipAuthentication => {
                let pair = self.domain.generate(random).map_err(at(AccessStep::MapNonce))?;
                let data = tlv::tagged(Tag(0x81), pair.public());
                self.state = State::MapGeneric { nonce, pair };
                data
            }
        };
        Ok(Progress::Command(general_authenticate(&data, false)))
    }

    fn mapped_generic(
        &mut self,
        response: &ResponseApdu,
        random: &mut Random<'_>,
        nonce: &[u8],
        pair: &KeyPair,
    ) -> Result<Progress, AccessError> {
        let step = AccessStep::MapNonce;
        let octets = answer(step, response, Tag(0x82))?;
        let chip = self.domain.public_key(&octets).map_err(at(step))?;
        if same_key(&octets, pair) {
            return Err(AccessError::PublicKey(step));
        }
        let mapped = self.domain.map_generic(pair, &chip, nonce).map_err(at(step))?;
        let is_cam = self.protocol.mapping == PaceMapping::ChipAuthentication;
        self.send_key(mapped, random, is_cam.then_some(chip))
    }

    fn mapped_integrated(
        &mut self,
        response: &ResponseApdu,
        random: &mut Random<'_>,
        nonce: &[u8],
        own: &[u8],
    ) -> Result<Progress, AccessError> {
        let step = AccessStep::MapNonce;
        accepted(step, response)?;
        let mut objects = dynamic_authentication_data(step, response)?;
        // The chip has nothing to say here: `82` is empty or left out.
        let content = objects.optional(Tag(0x82)).map_err(form(step))?;
        objects.finish().map_err(form(step))?;
        if content.is_some_and(|element| !element.content().is_empty()) {
            return Err(invalid(step, "mapping data in the integrated mapping"));
        }
        let bits = self.domain.field_bits();
        let pseudo_random = kdf::pseudo_random(nonce, own, self.cipher, bits)
            .ok_or_else(|| invalid(AccessStep::EncryptedNonce, "not a nonce of the cipher"))?;
        let mapped = self.domain.map_integrated(&pseudo_random).map_err(at(step))?;
        self.send_key(mapped, random, None)
    }

    fn send_key(
        &mut self,
        mapped: Domain,
        random: &mut Random<'_>,
        chip_mapping_key: Option<PublicValue>,
    ) -> Result<Progress, AccessError> {
        let pair = mapped.generate(random).map_err(at(AccessStep::KeyAgreement))?;
        let data = tlv::tagged(Tag(0x83), pair.public());
        self.state = State::Agree { mapped, pair, chip_mapping_key };
        Ok(Progress::Command(general_authenticate(&data, false)))
    }

    fn agree(
        &mut self,
        response: &ResponseApdu,
        mapped: &Domain,
        pair: &KeyPair,
        chip_mapping_key: Option<PublicValue>,
    ) -> Result<Progress, AccessError> {
        let step = AccessStep::KeyAgreement;
        let octets = answer(step, response, Tag(0x84))?;
        let chip = mapped.public_key(&octets).map_err(at(step))?;
        // A chip that returns the terminal's own key would also return its token.
        if same_key(&octets, pair) {
            return Err(AccessError::PublicKey(step));
        }
        let secret = mapped.agree(pair, &chip).map_err(at(step))?;
        let session = SecureMessaging::from_secret(&secret, self.cipher)?;
        let own_token = session.mac_key().mac(&authentication_input(self.protocol, &octets))?;
        let token = session.mac_key().mac(&authentication_input(self.protocol, pair.public()))?;
        self.state = State::Authenticate { session, token, chip_mapping_key };
        let data = tlv::tagged(Tag(0x85), &own_token);
        Ok(Progress::Command(general_authenticate(&data, true)))
    }

    fn establish(
        &mut self,
        response: &ResponseApdu,
        session: SecureMessaging,
        token: [u8; 8],
        chip_mapping_key: Option<PublicValue>,
    ) -> Result<Progress, AccessError> {
        let step = AccessStep::MutualAuthentication;
        accepted(step, response)?;
        let mut objects = dynamic_authentication_data(step, response)?;
        let received = objects.expect(Tag(0x86)).map_err(form(step))?;
        // References to terminal certificates, which we do not have.
        for tag in [0x87, 0x88] {
            objects.optional(Tag(tag)).map_err(form(step))?;
        }
        let encrypted = match &chip_mapping_key {
            Some(_) => Some(objects.expect(Tag(0x8A)).map_err(form(step))?),
            None => None,
        };
        objects.finish().map_err(form(step))?;
        let content = received.content();
        if content.len() != token.len() || !openssl::memcmp::eq(content, &token) {
            return Err(AccessError::NotProven(step));
        }
        let chip_authentication = match (chip_mapping_key, encrypted) {
            (Some(mapping_key), Some(encrypted)) => {
                let scalar = decrypt_chip_authentication(&session, encrypted.content())?
                    .ok_or_else(|| invalid(step, "not chip authentication data"))?;
                let domain = domain_again(&self.domain)?;
                Some(ChipAuthenticationData { domain, mapping_key, scalar })
            }
            _ => None,
        };
        Ok(Progress::Established(Established { session, chip_authentication }))
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pace({:?}, {:?}, redacted)", self.protocol, self.domain)
    }
}

/// What the chip sent in PACE with chip authentication mapping.
///
/// It convinces whoever held the terminal's keys of this one run, and nobody
/// else (9303-11 §4.4.3.5).
pub struct ChipAuthenticationData {
    domain: Domain,
    mapping_key: PublicValue,
    scalar: Zeroizing<Vec<u8>>,
}

impl ChipAuthenticationData {
    /// Whether the chip holds the private key of `public_key`, an uncompressed
    /// point from EF.CardSecurity, whose signature must be verified apart.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn proves(&self, public_key: &[u8]) -> Result<bool, AgreementError> {
        match self.domain.public_key(public_key) {
            Ok(key) => self.domain.is_multiple(&self.mapping_key, &self.scalar, &key),
            Err(AgreementError::NotInGroup) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for ChipAuthenticationData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChipAuthenticationData(redacted)")
    }
}

fn domain_again(domain: &Domain) -> Result<Domain, AccessError> {
    let curve = domain.curve().ok_or(AccessError::Unsupported)?;
    Domain::ec(curve).map_err(at(AccessStep::MutualAuthentication))
}

/// The input of a token: the public key data object of §9.4.
fn authentication_input(protocol: PaceProtocol, public_key: &[u8]) -> Vec<u8> {
    let mut content = tlv::oid_element(&protocol.oid());
    match protocol.agreement {
        KeyAgreement::Ecdh => content.extend(tlv::tagged(Tag(0x86), public_key)),
        KeyAgreement::Dh => {
            content.extend(tlv::tagged(Tag(0x84), without_leading_zeros(public_key)));
        }
    }
    tlv::tagged(Tag(0x7F49), &content)
}

fn same_key(octets: &[u8], pair: &KeyPair) -> bool {
    without_leading_zeros(octets) == without_leading_zeros(pair.public())
}

fn without_leading_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or(&[])
}

/// `None` when it does not decrypt to a padded scalar (9303-11 §4.4.3.5).
fn decrypt_chip_authentication(
    session: &SecureMessaging,
    encrypted: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, AccessError> {
    let block_len = session.cipher().block_len();
    if encrypted.is_empty() || !encrypted.len().is_multiple_of(block_len) {
        return Ok(None);
    }
    let iv = session.encryption_key().encrypt_block(&vec![0xFF; block_len])?;
    let padded = session.encryption_key().cbc_decrypt(&iv, encrypted)?;
    Ok(unpad(&padded, block_len).map(|scalar| Zeroizing::new(scalar.to_vec())))
}

fn general_authenticate(content: &[u8], last: bool) -> CommandApdu {
    let cla = if last { 0x00 } else { 0x10 };
    let data = tlv::tagged(DYNAMIC_AUTHENTICATION_DATA, content);
    // A key too long for short lengths is answered by one as long.
    let expected = if data.len() > 255 { MAX_EXPECTED } else { 256 };
    CommandApdu::new(cla, 0x86, 0, 0).with_data(&data).expecting(expected)
}

/// The one data object of an intermediate answer.
fn answer(step: AccessStep, response: &ResponseApdu, tag: Tag) -> Result<Vec<u8>, AccessError> {
    accepted(step, response)?;
    let mut objects = dynamic_authentication_data(step, response)?;
    let content = objects.expect(tag).map_err(form(step))?.content().to_vec();
    objects.finish().map_err(form(step))?;
    Ok(content)
}

fn dynamic_authentication_data(
    step: AccessStep,
    response: &ResponseApdu,
) -> Result<Reader<'_>, AccessError> {
    let mut reader = Reader::new(&response.data, Rules::Ber);
    let template = reader.expect(DYNAMIC_AUTHENTICATION_DATA).map_err(form(step))?;
    reader.finish().map_err(form(step))?;
    template.children().map_err(form(step))
}

fn form(step: AccessStep) -> impl Fn(tlv::Error) -> AccessError {
    move |error| AccessError::malformed(step, error)
}

fn at(step: AccessStep) -> impl Fn(AgreementError) -> AccessError {
    move |error| AccessError::agreement(step, error)
}

fn invalid(step: AccessStep, what: &'static str) -> AccessError {
    AccessError::malformed(step, tlv::Error::value(what, 0))
}

const DYNAMIC_AUTHENTICATION_DATA: Tag = Tag(0x7C);

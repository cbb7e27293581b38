//! Chip authentication (9303-11 §6.2, TR-03110-3 §B.2).

use super::{Access, Answer, CONDITIONS, Chip, Protocol, Refusal, dynamic, ok};
use crate::crypto::agreement::Domain;
use crate::crypto::kdf::{self, KeyUse};
use crate::crypto::symmetric::Cipher;
use crate::lds::security_info::{ChipAuthenticationProtocol, KeyAgreement};
use crate::read::SecureMessaging;
use crate::read::apdu::StatusWord;
use crate::sim::personalisation::{ChipAuthentication, ChipKey};
use crate::tlv::{self, Element, Oid, Reader, Rules, Tag};

/// What the terminal chose.
pub(super) struct Choice {
    offer: ChipAuthentication,
    key: ChipKey,
}

impl Chip {
    /// MSE:Set AT (9303-11 §6.2.4.2).
    pub(super) fn choose_chip_authentication(&mut self, data: &[u8]) -> Answer {
        self.demand_application()?;
        let mut reader = Reader::new(data, Rules::Ber);
        let mechanism = reader.expect(Tag(0x80))?;
        let oid = Oid::parse(mechanism.content(), mechanism.content_offset())?;
        let key_id = read_key_id(reader.optional(PRIVATE_KEY)?)?;
        reader.finish()?;
        let choice = self.choose(key_id, |offer| offer.protocol.oid() == oid)?;
        self.volatile.protocol = Protocol::ChipAuthentication(choice);
        Ok(ok(&[]))
    }

    /// GENERAL AUTHENTICATE (9303-11 §6.2.4.2).
    pub(super) fn agree_generally(&mut self, choice: &Choice, data: &[u8]) -> Answer {
        let mut reader = Reader::new(data, Rules::Ber);
        let mut objects = reader.expect(super::DYNAMIC_DATA)?.children()?;
        reader.finish()?;
        let public = objects.expect(Tag(0x80))?.content();
        objects.finish()?;
        let answer = self.agree_chip_key(choice, public)?;
        Ok(dynamic(&answer))
    }

    /// MSE:Set KAT: version 1 with 3DES in one command (9303-11 §6.2.4.1).
    pub(super) fn agree_by_template(&mut self, data: &[u8]) -> Answer {
        self.demand_application()?;
        let mut reader = Reader::new(data, Rules::Ber);
        let public = reader.expect(Tag(0x91))?.content();
        let key_id = read_key_id(reader.optional(PRIVATE_KEY)?)?;
        reader.finish()?;
        let choice = self.choose(key_id, |offer| {
            offer.version == 1 && offer.protocol.cipher == Cipher::TripleDes
        })?;
        self.agree_chip_key(&choice, public)?;
        Ok(ok(&[]))
    }

    /// Derives the session that begins after this answer; nonce and token in
    /// version 2.
    fn agree_chip_key(&mut self, choice: &Choice, public: &[u8]) -> Result<Vec<u8>, Refusal> {
        let protocol = choice.offer.protocol;
        let domain = Domain::standardized(choice.key.domain)?;
        let pair = domain.key_pair(&choice.key.private)?;
        let mut secret = domain.agree(&pair, &domain.public_key(public)?)?;
        let mut answer = Vec::new();
        if choice.offer.version >= 2 {
            let mut nonce = [0; 8];
            self.draw(&mut nonce)?;
            secret.extend_from_slice(&nonce);
            let key = kdf::derive(&secret, KeyUse::Mac, protocol.cipher)?;
            let token = key.mac(&token_input(protocol, public))?;
            answer = [tlv::tagged(Tag(0x81), &nonce), tlv::tagged(Tag(0x82), &token)].concat();
        }
        let session = SecureMessaging::from_secret(&secret, protocol.cipher)?;
        self.volatile.next_session = Some(session);
        Ok(answer)
    }

    /// The one offer that `fits`, with its key. Its number may be left out
    /// where there is no other.
    fn choose(
        &self,
        key_id: Option<u32>,
        fits: impl Fn(&ChipAuthentication) -> bool,
    ) -> Result<Choice, Refusal> {
        let offers = self.personalisation.chip_authentication.iter();
        let mut fitting = offers.filter(|offer| fits(offer)).peekable();
        fitting.peek().ok_or(Refusal(StatusWord::INCORRECT_DATA))?;
        let mut fitting = fitting.filter(|offer| key_id.is_none() || offer.key_id == key_id);
        let (Some(offer), None) = (fitting.next().copied(), fitting.next()) else {
            return Err(Refusal(StatusWord::REFERENCE_NOT_FOUND));
        };
        let is_its = |key: &&ChipKey| key.domain == offer.domain && key.key_id == offer.key_id;
        let key = self.personalisation.chip_keys.iter().find(is_its).cloned();
        Ok(Choice { offer, key: key.ok_or(Refusal(StatusWord::REFERENCE_NOT_FOUND))? })
    }

    fn demand_application(&self) -> Result<(), Refusal> {
        if self.volatile.access == Access::None {
            return Err(Refusal(StatusWord::SECURITY_STATUS));
        }
        if self.volatile.in_application { Ok(()) } else { Err(CONDITIONS) }
    }
}

/// The terminal's public key as a data object (9303-11 §9.4).
fn token_input(protocol: ChipAuthenticationProtocol, public: &[u8]) -> Vec<u8> {
    let (tag, zeros) = match protocol.agreement {
        KeyAgreement::Ecdh => (Tag(0x86), 0),
        KeyAgreement::Dh => (Tag(0x84), public.iter().take_while(|octet| **octet == 0).count()),
    };
    let value = tlv::tagged(tag, public.get(zeros..).unwrap_or(&[]));
    tlv::tagged(Tag(0x7F49), &[tlv::oid_element(&protocol.oid()), value].concat())
}

fn read_key_id(element: Option<Element<'_>>) -> Result<Option<u32>, Refusal> {
    let Some(element) = element else { return Ok(None) };
    if element.content().len() > 4 {
        return Err(Refusal(StatusWord::REFERENCE_NOT_FOUND));
    }
    Ok(Some(element.content().iter().fold(0, |id, octet| id << 8 | u32::from(*octet))))
}

const PRIVATE_KEY: Tag = Tag(0x84);

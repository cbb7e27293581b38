//! A chip, as far as the reader's tests need one.

use std::collections::BTreeMap;

use emrtd::crypto::agreement::{Domain, KeyPair, PublicValue};
use emrtd::crypto::kdf::{self, KeyUse};
use emrtd::crypto::symmetric::{Cipher, Key, pad};
use emrtd::crypto::{Curve, DigestAlgorithm};
use emrtd::lds::security_info::{KeyAgreement, PaceMapping, PaceProtocol};
use emrtd::read::SecureMessaging;
use emrtd::read::apdu::{CommandApdu, ResponseApdu, StatusWord};
use emrtd::tlv::{self, Reader, Rules, Tag};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::EcGroup;

/// Document number, birth and expiry of every chip here, as BAC takes them.
pub(super) const MRZ_INFORMATION: &str = "L898902C<369080619406236";
pub(super) const CAN: &str = "500540";

/// What the chip does wrong, or in its own way.
#[derive(Clone, Copy, Default)]
pub(super) struct Quirks {
    /// Largest block; more is `6700`.
    pub(super) max_block: Option<u32>,
    /// That `6700` comes outside secure messaging.
    pub(super) unprotected_errors: bool,
    /// READ BINARY by short identifier is not supported.
    pub(super) no_short_ids: bool,
    /// PACE fails at this GENERAL AUTHENTICATE.
    pub(super) pace_fails_at: Option<usize>,
    /// The chip authentication data are of another private key.
    pub(super) cloned: bool,
    /// A block longer than this is `6Cxx`.
    pub(super) right_length: Option<u8>,
    /// Blocks are cut to this without a word.
    pub(super) short_answers: Option<usize>,
    /// The status of a file that is not there, instead of `6A82`.
    pub(super) missing: Option<u16>,
    /// EF.ATR/INFO by selection alone.
    pub(super) atr_info_selected: bool,
    /// A longer command is `6700`.
    pub(super) max_command: Option<usize>,
    /// Without extended lengths, what is beyond 256 bytes comes by `61xx`.
    pub(super) get_response: bool,
}

pub(super) struct Chip {
    /// By file identifier: in the master file, and in the application.
    pub(super) master: BTreeMap<u16, Vec<u8>>,
    pub(super) application: BTreeMap<u16, Vec<u8>>,
    pub(super) pace: Option<(PaceProtocol, u32)>,
    pub(super) quirks: Quirks,
    /// EF.ATR/INFO
    pub(super) atr_info: Option<Vec<u8>>,
    pub(super) commands: usize,
    /// What the links of a command chain brought so far.
    chain: Vec<u8>,
    /// What GET RESPONSE gives.
    waiting: Vec<u8>,
    chunk_len: usize,
    session: Option<SecureMessaging>,
    next_session: Option<SecureMessaging>,
    in_application: bool,
    selected: Option<u16>,
    state: Access,
}

enum Access {
    None,
    Challenge,
    Nonce(Vec<u8>),
    Mapping(Vec<u8>),
    Mapped(Domain),
    Token(SecureMessaging, Vec<u8>, Vec<u8>),
}

pub(super) const CHALLENGE: [u8; 8] = [0x46, 8, 0xF9, 0x19, 0x88, 0x70, 0x22, 0x12];
/// The chip's key for chip authentication mapping, and the one of the mapping.
pub(super) const STATIC_KEY: [u8; 4] = [7, 7, 7, 7];
const MAPPING_KEY: [u8; 4] = [1, 2, 3, 4];

impl Chip {
    pub(super) fn new(application: BTreeMap<u16, Vec<u8>>) -> Self {
        Self {
            master: BTreeMap::new(),
            application,
            pace: None,
            quirks: Quirks::default(),
            atr_info: None,
            commands: 0,
            chain: Vec::new(),
            waiting: Vec::new(),
            chunk_len: 256,
            session: None,
            next_session: None,
            in_application: false,
            selected: None,
            state: Access::None,
        }
    }

    /// The same, announcing PACE in EF.CardAccess.
    pub(super) fn with_pace(mut self, protocol: PaceProtocol, id: u32) -> Self {
        self.pace = Some((protocol, id));
        self.master.insert(0x011C, tlv::set_of(&[pace_info(protocol, id)]));
        self
    }

    /// The tag leaves the field and comes back.
    pub(super) fn reset(&mut self) {
        self.session = None;
        self.in_application = false;
        self.selected = None;
        self.state = Access::None;
    }

    pub(super) fn transmit(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.commands += 1;
        let command = CommandApdu::parse(bytes).unwrap();
        if self.quirks.max_command.is_some_and(|max| bytes.len() > max) {
            return vec![0x67, 0x00];
        }
        if !self.quirks.get_response || command.is_extended() {
            return self.exchange(&command);
        }
        if command.ins != 0xC0 {
            let mut response = self.exchange(&command);
            if response.len() <= 258 {
                return response;
            }
            response.truncate(response.len() - 2);
            self.waiting = response;
        }
        let chunk: Vec<u8> = self.waiting.drain(..self.waiting.len().min(self.chunk_len)).collect();
        let left = self.waiting.len().min(255) as u8;
        let status = if left == 0 { [0x90, 0x00] } else { [0x61, left] };
        [&chunk[..], &status].concat()
    }

    fn exchange(&mut self, command: &CommandApdu) -> Vec<u8> {
        if command.cla & 0x0C == 0 {
            self.session = None;
            let response = self.process(command);
            self.session = self.next_session.take();
            return response.encode();
        }
        let Some(mut session) = self.session.take() else { return vec![0x69, 0x87] };
        let Ok(plain) = session.unprotect_command(command) else { return vec![0x69, 0x88] };
        self.session = Some(session);
        let response = self.process(&plain);
        if self.quirks.unprotected_errors && response.status != StatusWord::OK {
            self.reset();
            return response.encode();
        }
        let session = self.session.as_mut().unwrap();
        session.protect_response(&response, plain.ins).unwrap().encode()
    }

    fn process(&mut self, command: &CommandApdu) -> ResponseApdu {
        let [_, ins, p1, p2] = command.header();
        match (ins, p1, p2) {
            (0xA4, 0x00, _) => {
                self.in_application = false;
                status(0x9000)
            }
            (0xA4, 0x04, _) => {
                self.in_application = true;
                status(0x9000)
            }
            (0xA4, 0x02, _) => {
                let id = u16::from_be_bytes(command.data.as_slice().try_into().unwrap());
                self.select(id)
            }
            (0xB0, 0x81, 0) if !self.in_application && self.atr_info.is_some() => {
                if self.quirks.atr_info_selected {
                    return status(0x6A82);
                }
                ok(self.atr_info.as_deref().unwrap())
            }
            (0xB0, p1, p2) if p1 & 0x80 != 0 => {
                if self.quirks.no_short_ids {
                    return status(0x6A86);
                }
                let selected = self.select(0x0100 | u16::from(p1 & 0x1F));
                if selected.status != StatusWord::OK {
                    return selected;
                }
                self.read(usize::from(p2), command.expected, false)
            }
            (0xB0, p1, p2) => {
                self.read(usize::from(u16::from_be_bytes([p1, p2])), command.expected, false)
            }
            (0xB1, 0, 0) => {
                let offset = Reader::new(&command.data, Rules::Der).expect(Tag(0x54)).unwrap();
                let offset =
                    offset.content().iter().fold(0, |n, octet| n << 8 | usize::from(*octet));
                self.read(offset, command.expected, true)
            }
            (0x84, ..) => {
                self.state = Access::Challenge;
                ok(&CHALLENGE)
            }
            (0x82, ..) => self.external_authenticate(&command.data),
            (0x22, 0xC1, 0xA4) => self.start_pace(&command.data),
            (0x86, ..) => {
                let data = [std::mem::take(&mut self.chain), command.data.to_vec()].concat();
                // PACE sets the chaining bit in whole commands too.
                if command.data.len() >= 255 && Reader::new(&data, Rules::Der).read().is_err() {
                    self.chain = data;
                    return status(0x9000);
                }
                self.general_authenticate(&data)
            }
            _ => status(0x6D00),
        }
    }

    fn select(&mut self, id: u16) -> ResponseApdu {
        if id == 0x2F01
            && let Some(file) = self.atr_info.clone()
        {
            self.master.insert(id, file);
        }
        let open = !self.in_application && matches!(id, 0x011C | 0x2F01);
        if !open && self.session.is_none() {
            return status(0x6982);
        }
        let files = if self.in_application { &self.application } else { &self.master };
        if !files.contains_key(&id) {
            return status(self.quirks.missing.unwrap_or(0x6A82));
        }
        self.selected = Some(id);
        status(0x9000)
    }

    fn read(&mut self, offset: usize, expected: u32, odd: bool) -> ResponseApdu {
        let files = if self.in_application { &self.application } else { &self.master };
        let Some(file) = self.selected.and_then(|id| files.get(&id)) else { return status(0x6986) };
        if self.quirks.max_block.is_some_and(|max| expected > max) {
            return status(0x6700);
        }
        if let Some(most) = self.quirks.right_length.filter(|most| expected > u32::from(*most)) {
            return status(0x6C00 | u16::from(most));
        }
        let expected = if odd { expected as usize - 4 } else { expected as usize };
        let expected = expected.min(self.quirks.short_answers.unwrap_or(usize::MAX));
        let Some(rest) = file.get(offset..).filter(|rest| !rest.is_empty()) else {
            return status(0x6B00);
        };
        let data = &rest[..expected.min(rest.len())];
        if odd { ok(&tlv::tagged(Tag(0x53), data)) } else { ok(data) }
    }

    fn external_authenticate(&mut self, data: &[u8]) -> ResponseApdu {
        let seed = &DigestAlgorithm::Sha1.digest(MRZ_INFORMATION.as_bytes()).unwrap()[..16];
        let enc = kdf::derive(seed, KeyUse::Encryption, Cipher::TripleDes).unwrap();
        let mac = kdf::derive(seed, KeyUse::Mac, Cipher::TripleDes).unwrap();
        let Access::Challenge = std::mem::replace(&mut self.state, Access::None) else {
            return status(0x6985);
        };
        if !mac.verify_mac(&data[..32], &data[32..]).unwrap() {
            return status(0x6300);
        }
        let plain = enc.cbc_decrypt(&[0; 8], &data[..32]).unwrap();
        let key = [9; 16];
        let mut answer =
            enc.cbc_encrypt(&[0; 8], &[&CHALLENGE[..], &plain[..8], &key].concat()).unwrap();
        answer.extend(mac.mac(&answer).unwrap());
        let secret: Vec<u8> = plain[16..].iter().zip(key).map(|(a, b)| a ^ b).collect();
        self.next_session = SecureMessaging::from_keys(
            kdf::derive(&secret, KeyUse::Encryption, Cipher::TripleDes).unwrap(),
            kdf::derive(&secret, KeyUse::Mac, Cipher::TripleDes).unwrap(),
            &[&CHALLENGE[4..], &plain[4..8]].concat(),
        );
        ok(&answer)
    }

    fn start_pace(&mut self, data: &[u8]) -> ResponseApdu {
        let Some((protocol, _)) = self.pace else { return status(0x6A80) };
        let mut reader = Reader::new(data, Rules::Der);
        let oid = reader.expect(Tag(0x80)).unwrap().content().to_vec();
        let password = reader.expect(Tag(0x83)).unwrap().content().to_vec();
        if oid != protocol.oid().octets() {
            return status(0x6A80);
        }
        let secret = match password[..] {
            [1] => DigestAlgorithm::Sha1.digest(MRZ_INFORMATION.as_bytes()).unwrap(),
            _ => CAN.as_bytes().to_vec(),
        };
        self.state = Access::Nonce(secret);
        status(0x9000)
    }

    fn general_authenticate(&mut self, data: &[u8]) -> ResponseApdu {
        let (protocol, id) = self.pace.unwrap();
        let cipher = protocol.cipher;
        let domain = Domain::standardized(id).unwrap();
        let template = Reader::new(data, Rules::Der).expect(Tag(0x7C)).unwrap();
        let mut objects = template.children().unwrap();
        let step = match &self.state {
            Access::Nonce(_) => 0,
            Access::Mapping(_) => 1,
            Access::Mapped(_) => 2,
            _ => 3,
        };
        if self.quirks.pace_fails_at == Some(step) {
            return status(0x6F00);
        }
        match std::mem::replace(&mut self.state, Access::None) {
            Access::Nonce(secret) => {
                let len = if cipher.key_len() > 16 { 32 } else { 16 };
                let nonce: Vec<u8> = (1..=len as u8).collect();
                let key = kdf::derive(&secret, KeyUse::Password, cipher).unwrap();
                let encrypted = key.cbc_encrypt(&vec![0; cipher.block_len()], &nonce).unwrap();
                self.state = Access::Mapping(nonce);
                dynamic(&tlv::tagged(Tag(0x80), &encrypted))
            }
            Access::Mapping(nonce) => {
                let received = objects.expect(Tag(0x81)).unwrap().content();
                if protocol.mapping == PaceMapping::Integrated {
                    let random =
                        kdf::pseudo_random(&nonce, received, cipher, domain.field_bits()).unwrap();
                    self.state = Access::Mapped(domain.map_integrated(&random).unwrap());
                    return dynamic(&tlv::tagged(Tag(0x82), &[]));
                }
                let pair = domain.key_pair(&MAPPING_KEY).unwrap();
                let other = domain.public_key(received).unwrap();
                self.state = Access::Mapped(domain.map_generic(&pair, &other, &nonce).unwrap());
                dynamic(&tlv::tagged(Tag(0x82), pair.public()))
            }
            Access::Mapped(mapped) => {
                let received = objects.expect(Tag(0x83)).unwrap().content().to_vec();
                let pair: KeyPair = mapped.key_pair(&[0x55; 16]).unwrap();
                let other: PublicValue = mapped.public_key(&received).unwrap();
                let secret = mapped.agree(&pair, &other).unwrap();
                let session = SecureMessaging::from_secret(&secret, cipher).unwrap();
                self.state = Access::Token(session, pair.public().to_vec(), received);
                dynamic(&tlv::tagged(Tag(0x84), pair.public()))
            }
            Access::Token(session, own, other) => {
                let token = objects.expect(Tag(0x85)).unwrap().content().to_vec();
                let input = |key: &[u8]| {
                    let tag = if protocol.agreement == KeyAgreement::Ecdh { 0x86 } else { 0x84 };
                    let oid = tlv::oid_element(&protocol.oid());
                    tlv::tagged(Tag(0x7F49), &[oid, tlv::tagged(Tag(tag), key)].concat())
                };
                if !session.mac_key().verify_mac(&input(&own), &token).unwrap() {
                    return status(0x6300);
                }
                let mut answer =
                    tlv::tagged(Tag(0x86), &session.mac_key().mac(&input(&other)).unwrap());
                if protocol.mapping == PaceMapping::ChipAuthentication {
                    let data = self.chip_authentication_data(session.encryption_key(), &domain);
                    answer.extend(tlv::tagged(Tag(0x8A), &data));
                }
                self.next_session = Some(session);
                dynamic(&answer)
            }
            _ => status(0x6985),
        }
    }

    /// `SK⁻¹ · SKmap mod n`, encrypted (9303-11 §4.4.3.5.1)
    fn chip_authentication_data(&self, key: &Key, domain: &Domain) -> Vec<u8> {
        let curve: Curve = domain.curve().unwrap();
        let group = EcGroup::from_curve_name(curve.nid()).unwrap();
        let mut context = BigNumContext::new().unwrap();
        let (mut order, mut inverse, mut data) =
            (BigNum::new().unwrap(), BigNum::new().unwrap(), BigNum::new().unwrap());
        group.order(&mut order, &mut context).unwrap();
        let mut own = STATIC_KEY;
        if self.quirks.cloned {
            own[0] ^= 1;
        }
        let own = BigNum::from_slice(&own).unwrap();
        inverse.mod_inverse(&own, &order, &mut context).unwrap();
        let mapping = BigNum::from_slice(&MAPPING_KEY).unwrap();
        data.mod_mul(&inverse, &mapping, &order, &mut context).unwrap();
        let scalar = data.to_vec_padded(order.num_bytes()).unwrap();
        let iv = key.encrypt_block(&[0xFF; 16]).unwrap();
        key.cbc_encrypt(&iv, &pad(&scalar, 16)).unwrap()
    }
}

/// `PACEInfo`, encoded.
pub(super) fn pace_info(protocol: PaceProtocol, id: u32) -> Vec<u8> {
    tlv::sequence(&[
        &tlv::oid_element(&protocol.oid()),
        &tlv::integer(&[2]),
        &tlv::integer(&id.to_be_bytes()),
    ])
}

fn dynamic(content: &[u8]) -> ResponseApdu {
    ok(&tlv::tagged(Tag(0x7C), content))
}

fn ok(data: &[u8]) -> ResponseApdu {
    ResponseApdu { data: data.to_vec().into(), status: StatusWord::OK }
}

fn status(word: u16) -> ResponseApdu {
    ResponseApdu { data: Vec::new().into(), status: StatusWord(word) }
}

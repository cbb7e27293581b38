//! Secure messaging (9303-11 §9.8).

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::apdu::{CommandApdu, MAX_DATA_LEN, MAX_EXPECTED, ResponseApdu, StatusWord};
use crate::crypto::kdf::{self, KeyUse};
use crate::crypto::symmetric::{Cipher, Key, LibraryFailure, MAC_LEN, pad, unpad};
use crate::tlv::{self, Reader, Rules, Tag};

/// Most bytes that protection adds to a response: `85`/`87` with its length
/// and padding, `99`, `8E`, and the status word outside.
pub const MAX_OVERHEAD: usize = 1 + 3 + 1 + 16 + 4 + 10 + 2;

/// Why a protected message is none. Apart from the last two, the chip, or
/// whoever stands between, is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecureMessagingError {
    /// A status word without protection: the chip has ended the session.
    #[error("the chip answered {0} outside secure messaging")]
    Unprotected(StatusWord),
    /// The data objects are malformed, repeated, unknown or out of order.
    #[error("a protected response is malformed: {0}")]
    Malformed(tlv::Error),
    /// There is no `8E`.
    #[error("a protected response has no MAC")]
    NoMac,
    /// The MAC is wrong: the message was changed, replayed, or made by another.
    #[error("the MAC of a protected response is wrong")]
    WrongMac,
    /// There is no `99`.
    #[error("a protected response has no protected status")]
    NoStatus,
    /// The status outside differs from the protected one.
    #[error("the protected status differs from the status outside")]
    StatusMismatch,
    /// The cryptogram is no whole blocks, or its padding is wrong.
    #[error("the cryptogram of a protected response cannot be decrypted")]
    Cryptogram,
    /// No number is left for another message under the same keys.
    #[error("the send sequence counter has run out")]
    CounterExhausted,
    /// A command has too much data, or a class byte of another kind.
    #[error("a command cannot be protected")]
    Command,
    /// See [`LibraryFailure`].
    #[error(transparent)]
    Library(#[from] LibraryFailure),
}

/// A session: two keys and a counter.
///
/// After an error the session is over; the chip has dropped its keys too.
/// Zeroized on drop; `Debug` shows the cipher alone.
pub struct SecureMessaging {
    encryption: Key,
    mac: Key,
    counter: Counter,
}

impl SecureMessaging {
    /// A session from a shared secret, with the counter at zero, as PACE and
    /// chip authentication start it (9303-11 §9.7.4, §9.8.7.3).
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn from_secret(secret: &[u8], cipher: Cipher) -> Result<Self, LibraryFailure> {
        let encryption = kdf::derive(secret, KeyUse::Encryption, cipher)?;
        let mac = kdf::derive(secret, KeyUse::Mac, cipher)?;
        Ok(Self { encryption, mac, counter: Counter(0) })
    }

    /// A session from keys of one cipher and a counter of one block; `None`
    /// when they do not fit.
    pub fn from_keys(encryption: Key, mac: Key, counter: &[u8]) -> Option<Self> {
        let cipher = encryption.cipher();
        if mac.cipher() != cipher || counter.len() != cipher.block_len() {
            return None;
        }
        let counter = counter.iter().fold(0, |value, octet| (value << 8) | u128::from(*octet));
        Some(Self { encryption, mac, counter: Counter(counter) })
    }

    /// The cipher.
    pub fn cipher(&self) -> Cipher {
        self.encryption.cipher()
    }

    /// The key that encrypts, for the data of PACE-CAM and for tests.
    pub fn encryption_key(&self) -> &Key {
        &self.encryption
    }

    /// The key that authenticates, for the tokens of PACE and for tests.
    pub fn mac_key(&self) -> &Key {
        &self.mac
    }

    /// The send sequence counter of the last message, in one block.
    pub fn counter(&self) -> Vec<u8> {
        self.counter.block(self.cipher())
    }

    /// Protects a command (9303-11 figure 5).
    ///
    /// # Errors
    /// When the command cannot be protected or OpenSSL fails.
    pub fn protect(&mut self, command: &CommandApdu) -> Result<CommandApdu, SecureMessagingError> {
        if command.cla & !CHAINING != 0 || command.data.len() > MAX_DATA_LEN - MAX_OVERHEAD {
            return Err(SecureMessagingError::Command);
        }
        self.counter.increment(self.cipher())?;
        let mut protected = command.clone();
        protected.cla |= SECURE;
        let mut objects = Vec::new();
        if !command.data.is_empty() {
            objects.extend(self.encrypt(&command.data, is_odd(command.ins))?);
        }
        if command.expected > 0 {
            objects.extend(tlv::tagged(EXPECTED, &encode_expected(command)));
        }
        let header = pad(&protected.header(), self.cipher().block_len());
        let mac = self.authenticate(&[&header[..], &objects].concat())?;
        objects.extend(tlv::tagged(MAC, &mac));
        protected.data = Zeroizing::new(objects);
        let extended = protected.data.len() > 255 || command.expected > 256;
        protected.expected = if extended { MAX_EXPECTED } else { 256 };
        Ok(protected)
    }

    /// Checks and decrypts the chip's response to the last protected command
    /// (9303-11 figure 6). Nothing is decrypted before the MAC is right.
    ///
    /// # Errors
    /// Anything but a response of this session, to that command, is refused.
    pub fn unprotect(
        &mut self,
        response: &ResponseApdu,
    ) -> Result<ResponseApdu, SecureMessagingError> {
        if response.data.is_empty() {
            return Err(SecureMessagingError::Unprotected(response.status));
        }
        self.counter.increment(self.cipher())?;
        let objects = Objects::parse(&response.data)?;
        let mac = objects.mac.ok_or(SecureMessagingError::NoMac)?;
        if !self.verify(objects.authenticated, mac)? {
            return Err(SecureMessagingError::WrongMac);
        }
        let status = objects.status.ok_or(SecureMessagingError::NoStatus)?;
        if status != response.status {
            return Err(SecureMessagingError::StatusMismatch);
        }
        let data = match objects.cryptogram {
            Some(cryptogram) => self.decrypt(cryptogram)?,
            None => Zeroizing::default(),
        };
        Ok(ResponseApdu { data, status })
    }

    fn encrypt(&self, data: &[u8], odd: bool) -> Result<Vec<u8>, SecureMessagingError> {
        let padded = Zeroizing::new(pad(data, self.cipher().block_len()));
        let cryptogram = self.encryption.cbc_encrypt(&self.initialization_vector()?, &padded)?;
        // Odd instructions carry BER-TLV, which needs no padding indicator.
        if odd {
            return Ok(tlv::tagged(CRYPTOGRAM_TLV, &cryptogram));
        }
        Ok(tlv::tagged(CRYPTOGRAM, &[&[PADDED], &cryptogram[..]].concat()))
    }

    fn decrypt(&self, cryptogram: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecureMessagingError> {
        let block_len = self.cipher().block_len();
        if cryptogram.is_empty() || !cryptogram.len().is_multiple_of(block_len) {
            return Err(SecureMessagingError::Cryptogram);
        }
        let padded = self.encryption.cbc_decrypt(&self.initialization_vector()?, cryptogram)?;
        let data = unpad(&padded, block_len).ok_or(SecureMessagingError::Cryptogram)?;
        Ok(Zeroizing::new(data.to_vec()))
    }

    fn initialization_vector(&self) -> Result<Vec<u8>, LibraryFailure> {
        match self.cipher() {
            Cipher::TripleDes => Ok(vec![0; Cipher::TripleDes.block_len()]),
            _ => self.encryption.encrypt_block(&self.counter()),
        }
    }

    fn authenticate(&self, message: &[u8]) -> Result<[u8; MAC_LEN], LibraryFailure> {
        self.mac.mac(&self.mac_input(message))
    }

    fn verify(&self, message: &[u8], mac: &[u8]) -> Result<bool, LibraryFailure> {
        self.mac.verify_mac(&self.mac_input(message), mac)
    }

    fn mac_input(&self, message: &[u8]) -> Vec<u8> {
        let input = [&self.counter()[..], message].concat();
        match self.cipher() {
            // The retail MAC pads by itself.
            Cipher::TripleDes => input,
            cipher => pad(&input, cipher.block_len()),
        }
    }
}

/// The chip's side, for simulated chips.
#[cfg(feature = "sim")]
impl SecureMessaging {
    /// Checks and decrypts a protected command.
    ///
    /// # Errors
    /// As [`unprotect`](Self::unprotect).
    pub fn unprotect_command(
        &mut self,
        command: &CommandApdu,
    ) -> Result<CommandApdu, SecureMessagingError> {
        self.counter.increment(self.cipher())?;
        let objects = Objects::parse(&command.data)?;
        let mac = objects.mac.ok_or(SecureMessagingError::NoMac)?;
        let header = pad(&command.header(), self.cipher().block_len());
        if !self.verify(&[&header, objects.authenticated].concat(), mac)? {
            return Err(SecureMessagingError::WrongMac);
        }
        let mut plain = command.clone();
        plain.cla &= !SECURE;
        plain.expected = objects.expected;
        plain.data = match objects.cryptogram {
            Some(cryptogram) => self.decrypt(cryptogram)?,
            None => Zeroizing::default(),
        };
        Ok(plain)
    }

    /// Protects the response to a command of instruction `ins`.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn protect_response(
        &mut self,
        response: &ResponseApdu,
        ins: u8,
    ) -> Result<ResponseApdu, SecureMessagingError> {
        self.counter.increment(self.cipher())?;
        let mut objects = Vec::new();
        if !response.data.is_empty() {
            objects.extend(self.encrypt(&response.data, is_odd(ins))?);
        }
        objects.extend(tlv::tagged(STATUS, &response.status.0.to_be_bytes()));
        let mac = self.authenticate(&objects)?;
        objects.extend(tlv::tagged(MAC, &mac));
        Ok(ResponseApdu { data: Zeroizing::new(objects), status: response.status })
    }
}

impl fmt::Debug for SecureMessaging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecureMessaging({}, redacted)", self.cipher())
    }
}

/// The send sequence counter (9303-11 §9.8.2).
struct Counter(u128);

impl Counter {
    /// BAC starts anywhere in 64 bits, and a chip counts modulo that.
    fn increment(&mut self, cipher: Cipher) -> Result<(), SecureMessagingError> {
        self.0 = match cipher {
            Cipher::TripleDes => u128::from((self.0 as u64).wrapping_add(1)),
            _ => self.0.checked_add(1).ok_or(SecureMessagingError::CounterExhausted)?,
        };
        Ok(())
    }

    fn block(&self, cipher: Cipher) -> Vec<u8> {
        let octets = self.0.to_be_bytes();
        octets.get(octets.len() - cipher.block_len()..).unwrap_or(&octets).to_vec()
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The data objects of a protected message.
#[derive(Default)]
struct Objects<'a> {
    /// Every byte before `8E`.
    authenticated: &'a [u8],
    cryptogram: Option<&'a [u8]>,
    expected: u32,
    status: Option<StatusWord>,
    mac: Option<&'a [u8]>,
}

impl<'a> Objects<'a> {
    fn parse(data: &'a [u8]) -> Result<Self, SecureMessagingError> {
        Self::read(data).map_err(SecureMessagingError::Malformed)
    }

    fn read(data: &'a [u8]) -> Result<Self, tlv::Error> {
        let mut reader = Reader::new(data, Rules::Ber);
        let mut objects = Self::default();
        if let Some(element) = reader.optional(CRYPTOGRAM)? {
            let cryptogram = element.content().strip_prefix(&[PADDED]);
            objects.cryptogram =
                Some(cryptogram.ok_or_else(|| element.invalid("no padding indicator"))?);
        } else if let Some(element) = reader.optional(CRYPTOGRAM_TLV)? {
            objects.cryptogram = Some(element.content());
        }
        if let Some(element) = reader.optional(EXPECTED)? {
            objects.expected = match element.content() {
                [0] => 256,
                [0, 0] => MAX_EXPECTED,
                [le] => u32::from(*le),
                [a, b] => u32::from(u16::from_be_bytes([*a, *b])),
                _ => return Err(element.invalid("not an expected length")),
            };
        }
        if let Some(element) = reader.optional(STATUS)? {
            let status = element.content().try_into();
            let status = status.map_err(|_| element.invalid("not a status word"))?;
            objects.status = Some(StatusWord(u16::from_be_bytes(status)));
        }
        objects.authenticated = data.get(..reader.offset()).unwrap_or(&[]);
        if let Some(element) = reader.optional(MAC)? {
            objects.mac = Some(element.content());
        }
        reader.finish()?;
        Ok(objects)
    }
}

fn encode_expected(command: &CommandApdu) -> Vec<u8> {
    match command.expected {
        expected @ ..=255 => vec![expected as u8],
        256 => vec![0],
        // 65536 is written as 0000.
        expected => (expected as u16).to_be_bytes().to_vec(),
    }
}

fn is_odd(ins: u8) -> bool {
    ins & 1 == 1
}

/// Secure messaging with an authenticated header.
const SECURE: u8 = 0x0C;
const CHAINING: u8 = 0x10;
const PADDED: u8 = 0x01;
const CRYPTOGRAM: Tag = Tag(0x87);
const CRYPTOGRAM_TLV: Tag = Tag(0x85);
const EXPECTED: Tag = Tag(0x97);
const STATUS: Tag = Tag(0x99);
const MAC: Tag = Tag(0x8E);

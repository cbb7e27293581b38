//! Basic access control (9303-11 §4.3).

use zeroize::Zeroizing;

use super::SecureMessaging;
use super::access::{AccessError, AccessStep, Established, Progress, accepted};
use super::apdu::{CommandApdu, ResponseApdu, StatusWord};
use super::password::MrzKey;
use crate::crypto::agreement::Random;
use crate::crypto::kdf::{self, KeyUse};
use crate::crypto::symmetric::{Cipher, Key, MAC_LEN};
use crate::tlv;

const BLOCK: usize = 8;

/// The protocol under way, on a chip whose application is selected.
#[derive(Debug)]
pub struct Bac {
    encryption: Key,
    mac: Key,
    state: State,
}

enum State {
    Challenge,
    Authentication { own: Zeroizing<[u8; 8]>, chip: [u8; 8], key: Zeroizing<[u8; 16]> },
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Challenge => "Challenge",
            Self::Authentication { .. } => "Authentication(redacted)",
        })
    }
}

impl Bac {
    /// Starts with the document basic access keys (9303-11 §9.7.2).
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn start(key: &MrzKey) -> Result<(Self, CommandApdu), AccessError> {
        let digest = key.digest()?;
        let seed = digest.get(..16).unwrap_or(&digest);
        let encryption = kdf::derive(seed, KeyUse::Encryption, Cipher::TripleDes)?;
        let mac = kdf::derive(seed, KeyUse::Mac, Cipher::TripleDes)?;
        let challenge = CommandApdu::new(0, 0x84, 0, 0).expecting(BLOCK as u32);
        Ok((Self { encryption, mac, state: State::Challenge }, challenge))
    }

    /// Takes the response to the last command. `random` gives the terminal's
    /// nonce, then its key.
    ///
    /// # Errors
    /// After an error the protocol is over.
    pub fn respond(
        &mut self,
        response: &ResponseApdu,
        random: &mut Random<'_>,
    ) -> Result<Progress, AccessError> {
        match &self.state {
            State::Challenge => self.authenticate(response, random),
            State::Authentication { own, chip, key } => self.establish(response, own, *chip, key),
        }
    }

    fn authenticate(
        &mut self,
        response: &ResponseApdu,
        random: &mut Random<'_>,
    ) -> Result<Progress, AccessError> {
        let step = AccessStep::GetChallenge;
        accepted(step, response)?;
        let chip: [u8; 8] = response.data.as_slice().try_into().map_err(|_| not_of_length(step))?;
        let mut own = Zeroizing::new([0; 8]);
        let mut key = Zeroizing::new([0; 16]);
        random(&mut *own);
        random(&mut *key);
        let plain = Zeroizing::new([&own[..], &chip, &key[..]].concat());
        let mut data = self.encryption.cbc_encrypt(&[0; BLOCK], &plain)?;
        data.extend(self.mac.mac(&data)?);
        self.state = State::Authentication { own, chip, key };
        let command = CommandApdu::new(0, 0x82, 0, 0).with_data(&data);
        Ok(Progress::Command(command.expecting(data.len() as u32)))
    }

    fn establish(
        &self,
        response: &ResponseApdu,
        own: &[u8; 8],
        chip: [u8; 8],
        key: &[u8; 16],
    ) -> Result<Progress, AccessError> {
        let step = AccessStep::ExternalAuthenticate;
        // Chips say in many ways that the MAC of the command was wrong.
        if let StatusWord::SECURITY_STATUS
        | StatusWord::SECURE_MESSAGING_INCORRECT
        | StatusWord::INCORRECT_DATA = response.status
        {
            return Err(AccessError::WrongPassword(response.status));
        }
        accepted(step, response)?;
        let (cryptogram, mac) =
            response.data.split_last_chunk::<MAC_LEN>().ok_or_else(|| not_of_length(step))?;
        if cryptogram.len() != 32 {
            return Err(not_of_length(step));
        }
        if !self.mac.verify_mac(cryptogram, mac)? {
            return Err(AccessError::NotProven(step));
        }
        let plain = self.encryption.cbc_decrypt(&[0; BLOCK], cryptogram)?;
        let expected = Zeroizing::new([&chip[..], own].concat());
        let (nonces, chip_key) = plain.split_at_checked(16).ok_or_else(|| not_of_length(step))?;
        if !openssl::memcmp::eq(nonces, &expected) {
            return Err(AccessError::NotProven(step));
        }
        let secret: Zeroizing<Vec<u8>> =
            Zeroizing::new(key.iter().zip(chip_key).map(|(a, b)| a ^ b).collect());
        let encryption = kdf::derive(&secret, KeyUse::Encryption, Cipher::TripleDes)?;
        let mac = kdf::derive(&secret, KeyUse::Mac, Cipher::TripleDes)?;
        let [.., a, b, c, d] = chip;
        let [.., e, f, g, h] = *own;
        let session = SecureMessaging::from_keys(encryption, mac, &[a, b, c, d, e, f, g, h])
            .ok_or(crate::crypto::symmetric::LibraryFailure)?;
        Ok(Progress::Established(Established { session, chip_authentication: None }))
    }
}

fn not_of_length(step: AccessStep) -> AccessError {
    AccessError::malformed(step, tlv::Error::value("not of the length the standard demands", 0))
}

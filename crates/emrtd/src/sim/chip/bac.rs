//! Basic access control (9303-11 §4.3, §9.7.2).

use super::{Access, Answer, CONDITIONS, Chip, Protocol, Refusal, ok};
use crate::crypto::DigestAlgorithm;
use crate::crypto::kdf::{self, KeyUse};
use crate::crypto::symmetric::{Cipher, LibraryFailure};
use crate::read::SecureMessaging;
use crate::read::apdu::StatusWord;

impl Chip {
    pub(super) fn challenge(&mut self, expected: u32) -> Answer {
        if !self.personalisation.bac || !self.volatile.in_application {
            return Err(CONDITIONS);
        }
        if expected != 8 && expected != 256 {
            return Err(Refusal(StatusWord::WRONG_LENGTH));
        }
        let mut challenge = [0; 8];
        self.draw(&mut challenge)?;
        self.volatile.protocol = Protocol::Challenge(challenge);
        Ok(ok(&challenge))
    }

    pub(super) fn mutual_authenticate(&mut self, protocol: Protocol, data: &[u8]) -> Answer {
        let Protocol::Challenge(challenge) = protocol else { return Err(CONDITIONS) };
        let (cryptogram, mac) =
            data.split_last_chunk::<8>().ok_or(Refusal(StatusWord::WRONG_LENGTH))?;
        if cryptogram.len() != 32 {
            return Err(Refusal(StatusWord::WRONG_LENGTH));
        }
        let information = self.personalisation.mrz_information.as_bytes();
        let digest = DigestAlgorithm::Sha1.digest(information).ok_or(LibraryFailure)?;
        let seed = digest.get(..16).unwrap_or(&digest);
        let encryption_key = kdf::derive(seed, KeyUse::Encryption, Cipher::TripleDes)?;
        let mac_key = kdf::derive(seed, KeyUse::Mac, Cipher::TripleDes)?;
        if !mac_key.verify_mac(cryptogram, mac)? {
            return Err(Refusal(StatusWord::AUTHENTICATION_FAILED));
        }
        let plain = encryption_key.cbc_decrypt(&[0; 8], cryptogram)?;
        let (terminal_nonce, rest) = plain.split_at(8);
        let (repeated, terminal_key) = rest.split_at(8);
        if repeated != challenge {
            return Err(Refusal(StatusWord::AUTHENTICATION_FAILED));
        }
        let mut key = [0; 16];
        self.draw(&mut key)?;
        let plain = [&challenge[..], terminal_nonce, &key].concat();
        let mut answer = encryption_key.cbc_encrypt(&[0; 8], &plain)?;
        answer.extend(mac_key.mac(&answer)?);
        let secret: Vec<u8> = terminal_key.iter().zip(key).map(|(a, b)| a ^ b).collect();
        let [.., a, b, c, d] = challenge;
        let counter = [&[a, b, c, d], terminal_nonce.get(4..).unwrap_or(&[])].concat();
        self.volatile.next_session = SecureMessaging::from_keys(
            kdf::derive(&secret, KeyUse::Encryption, Cipher::TripleDes)?,
            kdf::derive(&secret, KeyUse::Mac, Cipher::TripleDes)?,
            &counter,
        );
        self.volatile.access = Access::Bac;
        Ok(ok(&answer))
    }
}

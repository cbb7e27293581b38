//! Readers in front of chips that say anything.

use emrtd::crypto::DigestAlgorithm;
use emrtd::crypto::kdf::{self, KeyUse};
use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::security_info::{KeyAgreement, PaceInfo, PaceMapping, PaceProtocol, SecurityInfos};
use emrtd::read::apdu::{CommandApdu, ResponseApdu, StatusWord};
use emrtd::read::pace::Pace;
use emrtd::read::{MrzKey, Password, Progress, ReadPolicy, Reader, SecureMessaging, Step};

const NUMBER: &str = "L898902C3";
const BIRTH: &str = "740812";
const EXPIRY: &str = "340415";
/// The same with check digits, as the chip takes it.
const MRZ_INFORMATION: &[u8] = b"L898902C3674081223404159";

/// More commands than this make no progress.
const MAX_COMMANDS: usize = 200_000;

pub(crate) fn reader(extended: bool) -> Option<Reader> {
    let password = Password::Mrz(MrzKey::new(NUMBER, BIRTH, EXPIRY).ok()?);
    let policy = ReadPolicy { extended, max_file_len: 1 << 16, ..ReadPolicy::default() };
    Some(Reader::new(password, policy))
}

pub(crate) fn counting() -> impl FnMut(&mut [u8]) {
    let mut seed = 0_u8;
    move |buffer: &mut [u8]| {
        buffer.fill_with(|| {
            seed = seed.wrapping_mul(5).wrapping_add(17);
            seed
        });
    }
}

/// Responses, each after its length in one byte; `FF` is 255 and more follows.
struct Responses<'a>(&'a [u8]);

impl Responses<'_> {
    /// The next; at the end there is none.
    fn next(&mut self) -> Option<Vec<u8>> {
        let mut response = Vec::new();
        loop {
            let (len, rest) = self.0.split_first()?;
            let take = usize::from(*len).min(rest.len());
            let (part, rest) = rest.split_at(take);
            response.extend_from_slice(part);
            self.0 = rest;
            if *len < 255 || rest.is_empty() {
                return Some(response);
            }
        }
    }
}

/// A chip whose every response is given.
pub(super) fn responses(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let Some(mut reader) = reader(first & 1 == 1) else { return };
    let mut random = counting();
    let mut responses = Responses(rest);
    let mut step = reader.start();
    while let Ok(Step::Send(_)) = step {
        let Some(response) = responses.next() else { return };
        step = reader.receive(&response, &mut random);
    }
    // Nobody knows the password, so there is no session and no end.
    assert!(step.is_err(), "a reading without a session");
    assert!(reader.outcome().is_none());
    if let Some(progress) = reader.progress() {
        assert!(progress.total.is_none_or(|total| progress.read <= total));
    }
}

/// A chip that knows the password and runs BAC, and then says anything, under
/// keys that are right. The first byte tells whether to go on after an error.
pub(super) fn files_of_a_chip(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let Some(mut reader) = reader(first & 1 == 1) else { return };
    let mut responses = Responses(rest);
    let mut random = counting();
    let mut commands = 0;
    for _ in 0..=(first >> 1) % 4 {
        let mut session = None;
        let mut step = reader.start();
        while let Ok(Step::Send(bytes)) = step {
            commands += 1;
            assert!(commands < MAX_COMMANDS, "no progress");
            let mut answer = |_: &CommandApdu| responses.next();
            let Some(response) = respond(&bytes, &mut session, &mut answer) else { return };
            step = reader.receive(&response, &mut random);
        }
        if let Some(outcome) = reader.outcome() {
            assert!(outcome.files.iter().all(|(_, bytes)| bytes.len() <= 1 << 16));
            return;
        }
    }
}

/// What a plain or opened command is answered with; `None` ends the run.
pub(crate) type Answer<'a> = dyn FnMut(&CommandApdu) -> Option<Vec<u8>> + 'a;

/// A chip that runs BAC and asks `answer` for everything else.
pub(crate) fn respond(
    bytes: &[u8],
    session: &mut Option<SecureMessaging>,
    answer: &mut Answer<'_>,
) -> Option<Vec<u8>> {
    let command = CommandApdu::parse(bytes).ok()?;
    match (command.cla & 0x0C, command.ins) {
        (0, 0xA4) if command.p1 == 0x02 => Some(vec![0x6A, 0x82]),
        (0, 0xA4) => Some(vec![0x90, 0x00]),
        (0, 0xB0) => Some(vec![0x6A, 0x82]),
        (0, 0x84) => Some([&CHALLENGE[..], &[0x90, 0x00]].concat()),
        (0, 0x82) => {
            let (opened, response) = external_authenticate(&command.data)?;
            *session = Some(opened);
            Some([&response[..], &[0x90, 0x00]].concat())
        }
        (0, _) => answer(&command),
        _ => {
            let chip = session.as_mut()?;
            let plain = chip.unprotect_command(&command).ok()?;
            let mut given = answer(&plain)?;
            // An empty one breaks out of the session.
            let (Some(second), Some(first)) = (given.pop(), given.pop()) else {
                *session = None;
                return Some(vec![0x69, 0x82]);
            };
            let status = StatusWord(u16::from_be_bytes([first, second]));
            let response = ResponseApdu { data: given.into(), status };
            Some(chip.protect_response(&response, plain.ins).ok()?.encode())
        }
    }
}

const CHALLENGE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// The chip's side of BAC (9303-11 §4.3).
fn external_authenticate(data: &[u8]) -> Option<(SecureMessaging, Vec<u8>)> {
    let seed = DigestAlgorithm::Sha1.digest(MRZ_INFORMATION)?;
    let encryption = kdf::derive(seed.get(..16)?, KeyUse::Encryption, Cipher::TripleDes).ok()?;
    let mac = kdf::derive(seed.get(..16)?, KeyUse::Mac, Cipher::TripleDes).ok()?;
    let plain = encryption.cbc_decrypt(&[0; 8], data.get(..32)?).ok()?;
    let (terminal, key) = (plain.get(..8)?, plain.get(16..)?);
    let chip_key = [7; 16];
    let mut answer =
        encryption.cbc_encrypt(&[0; 8], &[&CHALLENGE, terminal, &chip_key].concat()).ok()?;
    answer.extend(mac.mac(&answer).ok()?);
    let secret: Vec<u8> = key.iter().zip(chip_key).map(|(a, b)| a ^ b).collect();
    let counter = [CHALLENGE.get(4..)?, terminal.get(4..)?].concat();
    let session = SecureMessaging::from_keys(
        kdf::derive(&secret, KeyUse::Encryption, Cipher::TripleDes).ok()?,
        kdf::derive(&secret, KeyUse::Mac, Cipher::TripleDes).ok()?,
        &counter,
    )?;
    Some((session, answer))
}

/// PACE alone: the first byte chooses the protocol, the rest are responses.
pub(super) fn pace(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let (agreement, mapping, id) = match first % 5 {
        0 => (KeyAgreement::Ecdh, PaceMapping::Generic, 12),
        1 => (KeyAgreement::Ecdh, PaceMapping::Integrated, 13),
        2 => (KeyAgreement::Ecdh, PaceMapping::ChipAuthentication, 12),
        3 => (KeyAgreement::Dh, PaceMapping::Generic, 0),
        _ => (KeyAgreement::Dh, PaceMapping::Integrated, 0),
    };
    let protocol = PaceProtocol { agreement, mapping, cipher: Cipher::Aes128 };
    let info = PaceInfo { protocol, version: 2, parameter_id: Some(id) };
    let Ok(key) = MrzKey::new(NUMBER, BIRTH, EXPIRY) else { return };
    let announced = SecurityInfos::default();
    let started = Pace::start(&info, &announced, &Password::Mrz(key), true);
    let Ok((mut pace, _)) = started else { return };
    let mut random = counting();
    let mut responses = Responses(rest);
    while let Some(response) = responses.next() {
        let Ok(response) = ResponseApdu::parse(&response) else { return };
        match pace.respond(&response, &mut random) {
            Ok(Progress::Command(command)) => assert!(command.encode().is_ok()),
            Ok(Progress::Established(_)) => panic!("a session without the password"),
            Err(_) => return,
        }
    }
}

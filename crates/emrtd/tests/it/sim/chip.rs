//! The simulated chip, read by this crate's reader and proven by its verifier.

mod commands;
mod dishonest;
mod honest;
mod matrix;

use std::sync::LazyLock;

use emrtd::lds::ElementaryFile;
use emrtd::read::apdu::{CommandApdu, ResponseApdu};
use emrtd::read::{
    Can, ChannelError, Outcome, Password, ReadError, ReadPolicy, Reader, Received, Step,
};
use emrtd::sim::{Chip, ChipDescription, ChipRandom, IssuingState, Personalisation, StateProfile};
use emrtd::trust::TrustStore;
use emrtd::verify::{
    ActiveFailure, ActiveProof, ChipFailure, ChipProof, DocumentFiles, PassiveFailure,
    PassivelyAuthenticated, TerminalKey, active, passive,
};

use crate::shared::NOW;
use crate::trust::{certificate, vouched};

/// More commands than any reading here takes.
const MOST_COMMANDS: usize = 5000;

static UTOPIA: LazyLock<IssuingState> =
    LazyLock::new(|| IssuingState::new(StateProfile::utopia(), NOW).unwrap());

fn issue(description: &ChipDescription) -> Personalisation {
    Personalisation::issue(&UTOPIA, description, NOW).unwrap()
}

fn chip(personalisation: &Personalisation) -> Chip {
    Chip::new(personalisation.clone(), chip_random(1))
}

fn chip_random(seed: u32) -> ChipRandom {
    let mut random = random(seed);
    Box::new(move |buffer| {
        random(buffer);
        true
    })
}

fn random(mut seed: u32) -> impl FnMut(&mut [u8]) + Send {
    move |buffer| {
        for octet in buffer {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
            *octet = (seed >> 16) as u8;
        }
    }
}

fn mrz(personalisation: &Personalisation) -> Password {
    Password::Mrz(personalisation.mrz_key().unwrap())
}

fn can(personalisation: &Personalisation) -> Password {
    Password::Can(Can::new(personalisation.can().unwrap()).unwrap())
}

/// Reads to the end, or to a lost tag: `false`.
fn run(chip: &mut Chip, reader: &mut Reader) -> Result<bool, ReadError> {
    let mut random = random(7);
    let mut step = reader.start()?;
    for _ in 0..MOST_COMMANDS {
        let Step::Send(bytes) = step else { return Ok(true) };
        let response = chip.transmit(&bytes);
        if response.is_empty() {
            return Ok(false);
        }
        step = reader.receive(&response, &mut random)?;
    }
    panic!("the reader does not end");
}

fn read(chip: &mut Chip, password: Password, policy: ReadPolicy) -> Result<Outcome, ReadError> {
    let mut reader = Reader::new(password, policy);
    assert!(run(chip, &mut reader)?, "the tag is lost");
    Ok(reader.outcome().unwrap())
}

/// Every file is as the state wrote it, byte for byte.
fn assert_whole(outcome: &Outcome, personalisation: &Personalisation, name: &str) {
    for (file, bytes) in personalisation.files() {
        // Read with PACE-CAM alone.
        if file == ElementaryFile::CardSecurity && outcome.file(file).is_none() {
            continue;
        }
        assert!(outcome.file(file) == Some(bytes), "{name}: {file}");
    }
}

fn prove(outcome: &Outcome) -> Result<PassivelyAuthenticated<DocumentFiles>, PassiveFailure> {
    let trust = TrustStore::builder().add_csca(certificate(UTOPIA.csca()), vouched()).build();
    let sod = outcome.file(ElementaryFile::Sod).unwrap().to_vec();
    let mut files = DocumentFiles::new(sod);
    for (file, bytes) in &outcome.files {
        if let ElementaryFile::Dg(group) = file {
            files = files.with(*group, bytes.to_vec());
        }
    }
    passive(files, &trust, NOW)
}

/// One command through the reader's session.
fn exchange(
    chip: &mut Chip,
    reader: &mut Reader,
    command: &CommandApdu,
) -> Result<ResponseApdu, ChannelError> {
    let mut bytes = reader.channel().send(command)?;
    loop {
        match reader.channel().receive(&chip.transmit(&bytes))? {
            Received::Send(next) => bytes = next,
            Received::Response(response) => return Ok(response),
        }
    }
}

const CHALLENGE: [u8; 8] = [0xF1, 0x73, 0x58, 0x99, 0x74, 0xBF, 0x40, 0xC6];

/// Active authentication after the reading.
fn authenticate_actively(
    chip: &mut Chip,
    reader: &mut Reader,
    document: &PassivelyAuthenticated<DocumentFiles>,
) -> Result<ActiveProof, ActiveFailure> {
    let command = CommandApdu::new(0, 0x88, 0, 0).with_data(&CHALLENGE).expecting(256);
    let response = exchange(chip, reader, &command).unwrap();
    active(document, CHALLENGE, &response.data)
}

/// Chip authentication, run by a server over the reader's session.
fn authenticate_chip(
    chip: &mut Chip,
    reader: &mut Reader,
    document: &PassivelyAuthenticated<DocumentFiles>,
) -> Result<ChipProof, ChipFailure> {
    let terminal = TerminalKey::generate(document, CHALLENGE, &mut random(11))?;
    let answers: Vec<Vec<u8>> = terminal
        .commands()
        .iter()
        .map(|command| exchange(chip, reader, command).unwrap().encode())
        .collect();
    let answers: Vec<&[u8]> = answers.iter().map(Vec::as_slice).collect();
    let challenge = terminal.agree(&answers)?;
    // A relay without a session of its own still follows 61xx and 6Cxx.
    reader.channel().set_session(None);
    let command = CommandApdu::parse(challenge.command()).unwrap();
    let response = exchange(chip, reader, &command).unwrap();
    challenge.verify(&response.encode())
}

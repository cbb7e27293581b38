//! The simulated chip, read by this crate's reader and proven by its verifier.

mod honest;

use std::sync::LazyLock;

use emrtd::lds::ElementaryFile;
use emrtd::read::{Can, Outcome, Password, ReadError, ReadPolicy, Reader, Step};
use emrtd::sim::{Chip, ChipDescription, ChipRandom, IssuingState, Personalisation, StateProfile};
use emrtd::trust::TrustStore;
use emrtd::verify::{DocumentFiles, PassiveFailure, PassivelyAuthenticated, passive};

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
            files = files.with(*group, bytes.clone());
        }
    }
    passive(files, &trust, NOW)
}

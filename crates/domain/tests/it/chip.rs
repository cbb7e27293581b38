//! What a proof of a chip is worth elsewhere than where it was made.

use domain::attempt::VerdictCode;
use domain::chip::{Answer, ChipEvidence};
use domain::verdict::Proven;
use emrtd::UnixSeconds;
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::read::apdu::{CommandApdu, ResponseApdu};
use emrtd::read::{Password, ReadPolicy, Reader, Received, Step};
use emrtd::sim::{Chip, ChipDescription, IssuingState, Personalisation, StateProfile};
use emrtd::trust::{Certificate, Provenance, TrustStore};
use emrtd::verify::{
    self, ChipProof, Document, DocumentFiles, PassivelyAuthenticated, TerminalKey,
};

use crate::proof::{NOW, no_face};

const AT: UnixSeconds = UnixSeconds(NOW.as_seconds());
const CHALLENGE: [u8; 8] = *b"this one";

/// Fills with what is no secret, and the same in each run.
fn random(mut seed: u32) -> impl FnMut(&mut [u8]) + Send {
    move |buffer| {
        for octet in buffer {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            *octet = (seed >> 16) as u8;
        }
    }
}

/// A chip on a reader, and the proof of its files.
struct Genuine {
    chip: Chip,
    reader: Reader,
    document: PassivelyAuthenticated<Document>,
}

impl Genuine {
    fn new() -> Self {
        let state = IssuingState::new(StateProfile::utopia(), AT).unwrap();
        let description =
            ChipDescription { active_authentication: None, ..ChipDescription::passport() };
        let personalisation = Personalisation::issue(&state, &description, AT).unwrap();
        let password = Password::Mrz(personalisation.mrz_key().unwrap());
        let (mut of_reader, mut of_chip) = (random(1), random(2));
        let fill = move |buffer: &mut [u8]| {
            of_chip(buffer);
            true
        };
        let mut chip = Chip::new(personalisation, Box::new(fill));
        let mut reader = Reader::new(password, ReadPolicy::default());
        let mut step = reader.start().unwrap();
        while let Step::Send(command) = step {
            let response = chip.transmit(&command);
            step = reader.receive(&response, &mut of_reader).unwrap();
        }
        let outcome = reader.outcome().unwrap();
        let file = |file| outcome.file(file).unwrap().to_vec();
        let mut files = DocumentFiles::new(file(ElementaryFile::Sod));
        for group in [DataGroup::DG1, DataGroup::DG2, DataGroup::DG14] {
            files = files.with(group, file(ElementaryFile::Dg(group)));
        }
        let provenance = Provenance { source: "test".to_owned(), verified: true };
        let csca = Certificate::from_der(state.csca()).unwrap();
        let trust = TrustStore::builder().add_csca(csca, provenance).build();
        let document = verify::passive(files, &trust, AT).unwrap().into_document(AT).unwrap();
        Self { chip, reader, document }
    }

    /// Chip authentication for the connection of `challenge`.
    fn prove(&mut self, challenge: [u8; 8]) -> ChipProof {
        let key = TerminalKey::generate(&self.document, challenge, &mut random(3)).unwrap();
        let commands = key.commands();
        let answers: Vec<Vec<u8>> =
            commands.iter().map(|command| self.exchange(command).encode()).collect();
        let answers: Vec<&[u8]> = answers.iter().map(Vec::as_slice).collect();
        let challenge = key.agree(&answers).unwrap();
        let answer = self.chip.transmit(challenge.command());
        challenge.verify(&answer).unwrap()
    }

    fn exchange(&mut self, command: &CommandApdu) -> ResponseApdu {
        let mut bytes = self.reader.channel().send(command).unwrap();
        loop {
            match self.reader.channel().receive(&self.chip.transmit(&bytes)).unwrap() {
                Received::Send(next) => bytes = next,
                Received::Response(response) => return response,
            }
        }
    }
}

#[test]
fn a_chip_proof_counts_on_the_connection_it_was_made_for() {
    for (made_for, expected) in [
        (CHALLENGE, Ok(())),
        (*b"another!", Err(VerdictCode::PassportChipAuthenticationFailed)),
        ([0; 8], Err(VerdictCode::PassportChipAuthenticationFailed)),
    ] {
        let mut genuine = Genuine::new();
        let chip = Answer::Right(genuine.prove(made_for));
        let evidence = ChipEvidence { challenge: CHALLENGE, active: Answer::Absent, chip };
        let judged = Proven::judge(genuine.document, &evidence, None, no_face(), NOW);
        assert_eq!(judged.map(drop), expected);
    }
}

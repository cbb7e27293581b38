//! Simulated chips, held to a reader by a test.

use domain::time::Timestamp;
use emrtd::UnixSeconds;
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::read::apdu::{CommandApdu, ResponseApdu};
use emrtd::read::{Outcome, Password, ReadPolicy, Reader, Received, Step};
use emrtd::sim::{Chip, ChipDescription, IssuingState, Personalisation, StateProfile};
use emrtd::trust::{Certificate, Crl, DeviationList};
use protocol::{DataKind, SecretBytes};
use server::clock::Clock;
use store::{TrustItem, TrustKind};

use crate::TestServer;

/// A simulated state that issues chips.
pub struct Utopia {
    state: IssuingState,
    at: Timestamp,
}

impl Utopia {
    /// Founds the state.
    pub fn founded(at: Timestamp) -> Self {
        let state = IssuingState::new(StateProfile::utopia(), seconds(at)).unwrap();
        Self { state, at }
    }

    /// Founds the state and imports its CSCA certificate.
    pub async fn trusted_by(server: &TestServer) -> Self {
        let utopia = Self::founded(server.clock.now());
        let fingerprint = Certificate::from_der(utopia.csca()).unwrap().fingerprint();
        import(server, TrustKind::Csca, fingerprint, utopia.csca(), utopia.at).await;
        utopia
    }

    /// The certificate of the state (DER).
    pub fn csca(&self) -> &[u8] {
        self.state.csca()
    }

    /// Issues a chip.
    pub fn issue(&self, description: &ChipDescription) -> Personalisation {
        Personalisation::issue(&self.state, description, seconds(self.at)).unwrap()
    }

    /// Imports a deviation list of the state, about all its documents; see
    /// [`IssuingState::deviation_list`].
    pub async fn publish_deviations(&self, server: &TestServer, kinds: &[&[u8]]) {
        let list = self.state.deviation_list(kinds).unwrap();
        DeviationList::parse(&list).unwrap();
        let fingerprint = openssl::sha::sha256(&list);
        import(server, TrustKind::DeviationList, fingerprint, &list, self.at).await;
    }

    /// Imports an empty CRL of the state, due to be replaced so many days after its founding.
    pub async fn publish_crl(&self, server: &TestServer, days: i64) {
        const DAY: i64 = 86_400;
        let now = seconds(self.at);
        let next = UnixSeconds(now.0 + days * DAY);
        let crl = self.state.crl(&[], UnixSeconds(now.0 - 30 * DAY), Some(next)).unwrap();
        let fingerprint = openssl::sha::sha256(&crl);
        Crl::from_der(&crl).unwrap();
        import(server, TrustKind::Crl, fingerprint, &crl, self.at).await;
    }
}

/// A chip on a reader: opened with the printed zone, and read.
pub struct ChipOnReader {
    chip: Chip,
    reader: Reader,
    outcome: Outcome,
}

impl ChipOnReader {
    /// Reads a chip.
    pub fn read(personalisation: &Personalisation) -> Self {
        let mut chip_random = random(1);
        let mut chip = Chip::new(
            personalisation.clone(),
            Box::new(move |buffer| {
                chip_random(buffer);
                true
            }),
        );
        let password = Password::Mrz(personalisation.mrz_key().unwrap());
        let mut reader = Reader::new(password, ReadPolicy::default());
        open(&mut chip, &mut reader);
        let outcome = reader.outcome().unwrap();
        Self { chip, reader, outcome }
    }

    /// The tag is taken away and put back: a new session.
    pub fn reopen(&mut self) {
        self.chip.reset();
        open(&mut self.chip, &mut self.reader);
    }

    /// The files that a phone uploads.
    pub fn files(&self) -> impl Iterator<Item = (DataKind, &[u8])> {
        let group = |number| ElementaryFile::Dg(DataGroup::new(number).unwrap());
        [
            (DataKind::Dg1, group(1)),
            (DataKind::Dg2, group(2)),
            (DataKind::Sod, ElementaryFile::Sod),
            (DataKind::Dg14, group(14)),
            (DataKind::Dg15, group(15)),
        ]
        .into_iter()
        .filter_map(|(kind, file)| Some((kind, self.outcome.file(file)?)))
    }

    /// Active authentication; the data of the chip's answer.
    pub fn sign(&mut self, challenge: &[u8; 8]) -> Vec<u8> {
        let command = CommandApdu::new(0, 0x88, 0, 0).with_data(challenge).expecting(256);
        self.exchange(&command).data.to_vec()
    }

    /// Carries the server's commands to the chip, as an honest phone does.
    pub fn relay(&mut self, commands: &[SecretBytes], protected: bool) -> Vec<SecretBytes> {
        if protected {
            // A relay without a session of its own still follows 61xx and 6Cxx.
            self.reader.channel().set_session(None);
        }
        let carry = |command: &SecretBytes| {
            let command = CommandApdu::parse(command.as_slice()).unwrap();
            self.exchange(&command).encode().into()
        };
        commands.iter().map(carry).collect()
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

fn open(chip: &mut Chip, reader: &mut Reader) {
    let mut random = random(7);
    let mut step = reader.start().unwrap();
    while let Step::Send(command) = step {
        step = reader.receive(&chip.transmit(&command), &mut random).unwrap();
    }
}

/// The same bytes in every run of a test.
fn random(mut seed: u32) -> impl FnMut(&mut [u8]) + Send {
    move |buffer| {
        for octet in buffer {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
            *octet = (seed >> 16) as u8;
        }
    }
}

fn seconds(at: Timestamp) -> UnixSeconds {
    UnixSeconds(at.as_seconds())
}

async fn import(
    server: &TestServer,
    kind: TrustKind,
    fingerprint: [u8; 32],
    der: &[u8],
    imported_at: Timestamp,
) {
    let (der, source) = (der.to_vec(), "test".to_owned());
    let item = TrustItem { fingerprint, kind, der, source, verified: true, imported_at };
    server.store().import_trust(vec![item]).await.unwrap();
}

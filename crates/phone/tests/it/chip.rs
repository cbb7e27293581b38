//! Whole chips, read by the session that readers and phones use.

use emrtd::UnixSeconds;
use emrtd::crypto::DigestAlgorithm;
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::read::{Access, Can, Outcome, Password, ReadPolicy};
use emrtd::sim::{
    ActiveAuthentication, Chip, ChipDescription, Conduct, Dishonesty, IssuingState,
    Personalisation, Quirks, StateProfile, Trailer,
};
use emrtd::trust::{Certificate, Provenance, TrustStore};
use emrtd::verify::{DocumentFiles, PassivelyAuthenticated, TerminalKey, active, passive};
use phone::{
    ChipError, ChipProgress, ChipSession, PhoneDocument, RelayRefusal, Transceiver,
    TransceiverError,
};
use protocol::SecretBytes;

const NOW: UnixSeconds = UnixSeconds(1_780_000_000);
const CHALLENGE: [u8; 8] = *b"CHALLENG";

/// A chip that leaves the field before the commands of these numbers, counted
/// over all of its life.
struct Field {
    chip: Chip,
    lost_before: Vec<usize>,
    present: bool,
    comes_back: bool,
    commands: usize,
    extended: bool,
}

impl Field {
    fn new(personalisation: Personalisation) -> Self {
        Self {
            chip: Chip::new(personalisation, Box::new(pseudo_random(7))),
            lost_before: Vec::new(),
            present: true,
            comes_back: true,
            commands: 0,
            extended: true,
        }
    }
}

impl Transceiver for Field {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransceiverError> {
        self.commands += 1;
        self.present &= !self.lost_before.contains(&self.commands);
        if !self.present {
            return Err(TransceiverError::TagLost);
        }
        let is_long = command.len() > 261;
        assert!(self.extended || !is_long, "extended lengths on a reader without");
        match self.chip.transmit(command) {
            silence if silence.is_empty() => Err(TransceiverError::TagLost),
            response => Ok(response),
        }
    }

    fn reconnect(&mut self) -> Result<(), TransceiverError> {
        if !self.comes_back {
            return Err(TransceiverError::TagLost);
        }
        self.present = true;
        self.chip.reset();
        Ok(())
    }

    fn takes_extended(&self) -> bool {
        self.extended
    }
}

/// Fills with what is no secret, and the same in each run.
fn pseudo_random(mut seed: u32) -> impl FnMut(&mut [u8]) -> bool + Send {
    move |buffer: &mut [u8]| {
        for octet in buffer {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            *octet = (seed >> 16) as u8;
        }
        true
    }
}

fn random() -> phone::ChipRandom {
    let mut fill = pseudo_random(1);
    Box::new(move |buffer| {
        fill(buffer);
    })
}

fn policy() -> ReadPolicy {
    ReadPolicy { extended: true, max_block: 2048, ..ReadPolicy::default() }
}

struct World {
    state: IssuingState,
}

impl World {
    fn new() -> Self {
        Self { state: IssuingState::new(StateProfile::utopia(), NOW).unwrap() }
    }

    fn issue(&self, description: &ChipDescription) -> Personalisation {
        Personalisation::issue(&self.state, description, NOW).unwrap()
    }

    /// Passive authentication of what was read.
    fn prove(&self, outcome: &Outcome) -> PassivelyAuthenticated<DocumentFiles> {
        let provenance = Provenance { source: "test".into(), verified: true };
        let csca = Certificate::from_der(self.state.csca()).unwrap();
        let trust = TrustStore::builder().add_csca(csca, provenance).build();
        let sod = outcome.file(ElementaryFile::Sod).unwrap().to_vec();
        let files =
            outcome.files.iter().fold(DocumentFiles::new(sod), |files, (file, bytes)| match file {
                ElementaryFile::Dg(group) => files.with(*group, bytes.to_vec()),
                _ => files,
            });
        passive(files, &trust, NOW).unwrap()
    }
}

fn session(field: Field) -> ChipSession<Field> {
    let key = field.chip.personalisation().mrz_key().unwrap();
    ChipSession::new(field, Password::Mrz(key), policy(), random())
}

/// Chip authentication: the server's part here, the phone's part in the session.
fn authenticate(
    chip: &mut ChipSession<Field>,
    document: &PassivelyAuthenticated<DocumentFiles>,
) -> Result<(), String> {
    let key = TerminalKey::generate(document, CHALLENGE, &mut *random())
        .map_err(|error| error.to_string())?;
    let commands: Vec<SecretBytes> =
        key.commands().iter().map(|command| command.encode().unwrap().into()).collect();
    let answers = chip.relay(&commands, false).map_err(|error| error.to_string())?;
    let answers: Vec<&[u8]> = answers.iter().map(SecretBytes::as_slice).collect();
    let challenge = key.agree(&answers).map_err(|error| error.to_string())?;
    let answers =
        chip.relay(&[challenge.command().into()], true).map_err(|error| error.to_string())?;
    challenge.verify(answers[0].as_slice()).map(drop).map_err(|error| error.to_string())
}

#[test]
fn a_chip_is_read_signs_and_authenticates_in_one_touch() {
    let world = World::new();
    let personalisation = world.issue(&ChipDescription::passport());
    let mut chip = session(Field::new(personalisation.clone()));
    let (mut seen, mut percents) = (Vec::new(), Vec::new());
    let outcome = chip
        .read(&mut |progress| match progress {
            ChipProgress::File(file) => {
                seen.push(file.file);
                percents.push(file.percent);
            }
            ChipProgress::TagLost { .. } => panic!("nothing was lost"),
        })
        .unwrap();
    assert!(matches!(outcome.access, Access::Pace { .. }));
    assert!(seen.contains(&ElementaryFile::Dg(DataGroup::DG2)));
    assert!(percents.first().is_some_and(|percent| *percent < 10), "{percents:?}");
    assert!(percents.last().is_some_and(|percent| (90..=100).contains(percent)), "{percents:?}");
    assert!(percents.is_sorted(), "{percents:?}");
    let document = PhoneDocument::try_from(&outcome).unwrap();
    let on_chip = |file| personalisation.file(file).unwrap();
    assert_eq!(document.dg2.as_slice(), on_chip(ElementaryFile::Dg(DataGroup::DG2)));
    assert_eq!(document.sod.as_slice(), on_chip(ElementaryFile::Sod));
    assert!(document.dg14.is_some() && document.dg15.is_some());

    let proven = world.prove(&outcome);
    let signature = chip.sign(&CHALLENGE).unwrap().unwrap();
    assert!(active(&proven, CHALLENGE, &signature).unwrap().is_for(&proven, CHALLENGE));
    authenticate(&mut chip, &proven).unwrap();

    // The session is the server's now; whoever asks for more opens the chip again.
    let again = chip.sign(b"CHALLEN2").unwrap().unwrap();
    assert!(active(&proven, *b"CHALLEN2", &again).is_ok());
    assert!(active(&proven, CHALLENGE, &again).is_err());
    authenticate(&mut chip, &proven).unwrap();
}

#[test]
fn a_tag_lost_at_any_command_is_read_to_the_end() {
    let world = World::new();
    let personalisation = world.issue(&ChipDescription::passport());
    let whole = session(Field::new(personalisation.clone())).read(&mut |_| {}).unwrap();
    for lost_before in 1.. {
        let mut field = Field::new(personalisation.clone());
        field.lost_before = vec![lost_before];
        let mut chip = session(field);
        let mut losses = 0;
        let outcome = chip
            .read(&mut |progress| {
                losses += usize::from(matches!(progress, ChipProgress::TagLost { .. }));
            })
            .unwrap();
        assert!(outcome.files == whole.files, "lost before command {lost_before}");
        if losses == 0 {
            assert!(lost_before > 20, "nothing was ever lost");
            return;
        }
    }
}

#[test]
fn a_tag_lost_while_it_proves_itself_is_opened_again() {
    let world = World::new();
    let personalisation = world.issue(&ChipDescription::passport());
    let mut honest = session(Field::new(personalisation.clone()));
    let outcome = honest.read(&mut |_| {}).unwrap();
    let proven = world.prove(&outcome);
    let read = honest.exchanged();
    for lost_before in read + 1..read + 6 {
        let mut field = Field::new(personalisation.clone());
        field.lost_before = vec![lost_before];
        let mut chip = session(field);
        chip.read(&mut |_| {}).unwrap();
        let signature = chip.sign(&CHALLENGE).unwrap().unwrap();
        assert!(active(&proven, CHALLENGE, &signature).is_ok());
        // Only the server can begin chip authentication again.
        let first = authenticate(&mut chip, &proven);
        if lost_before == read + 2 {
            assert_eq!(first, Err("the chip was lost".to_owned()));
        }
        if first.is_err() {
            authenticate(&mut chip, &proven).unwrap();
        }
    }
}

#[test]
fn a_tag_that_does_not_come_back_is_given_up() {
    let world = World::new();
    let personalisation = world.issue(&ChipDescription::passive());
    let mut field = Field::new(personalisation.clone());
    field.lost_before = vec![20];
    field.comes_back = false;
    let lost = Err(ChipError::Transceiver(TransceiverError::TagLost));
    assert_eq!(session(field).read(&mut |_| {}).map(drop), lost);

    // One that comes back only to be lost again.
    let mut field = Field::new(personalisation);
    field.lost_before = (1..1000).collect();
    let mut losses = 0;
    let result = session(field).read(&mut |_| losses += 1).map(drop);
    assert_eq!((result, losses), (lost, ChipSession::<Field>::MAX_LOSSES));
}

#[test]
fn a_copy_passes_passively_and_proves_nothing() {
    let world = World::new();
    let copy = world.issue(&ChipDescription::passport()).with(Dishonesty::Copy).unwrap();
    let mut chip = session(Field::new(copy));
    let outcome = chip.read(&mut |_| {}).unwrap();
    let proven = world.prove(&outcome);
    let signature = chip.sign(&CHALLENGE).unwrap().unwrap();
    assert!(active(&proven, CHALLENGE, &signature).is_err());
    assert!(authenticate(&mut chip, &proven).is_err());
}

#[test]
fn long_signatures_come_whole_whatever_lengths_the_chip_takes() {
    let world = World::new();
    let rsa = |bits| {
        let trailer = Trailer::Explicit(DigestAlgorithm::Sha256);
        Some(ActiveAuthentication::Rsa { bits, trailer, lesser: false })
    };
    let short = Quirks::default();
    let pieces = Quirks { response_piece: Some(100), ..short };
    let extended = Quirks { extended_length: Some(4096), ..short };
    for (bits, quirks, reader_extended) in [
        (1280, short, false),
        (2048, pieces, false),
        (2048, extended, true),
        (3072, extended, true),
    ] {
        let description = ChipDescription {
            active_authentication: rsa(bits),
            quirks,
            ..ChipDescription::passport()
        };
        let mut field = Field::new(world.issue(&description));
        field.extended = reader_extended;
        let mut chip = session(field);
        let outcome = chip.read(&mut |_| {}).unwrap();
        let signature = chip.sign(&CHALLENGE).unwrap().unwrap();
        assert_eq!(signature.len(), bits as usize / 8);
        let proven = world.prove(&outcome);
        assert!(active(&proven, CHALLENGE, &signature).is_ok(), "RSA-{bits}");
        authenticate(&mut chip, &proven).unwrap();
    }
}

#[test]
fn a_chip_with_ways_of_its_own_is_authenticated() {
    let world = World::new();
    let plain = Quirks::default();
    for quirks in [
        Quirks { exact_lengths: true, ..plain },
        Quirks { response_piece: Some(5), ..plain },
        Quirks { unprotected_errors: true, max_block: Some(50), no_short_ids: true, ..plain },
    ] {
        let description = ChipDescription { quirks, ..ChipDescription::passport() };
        let mut chip = session(Field::new(world.issue(&description)));
        let outcome = chip.read(&mut |_| {}).unwrap();
        let proven = world.prove(&outcome);
        let signature = chip.sign(&CHALLENGE).unwrap().unwrap();
        assert!(active(&proven, CHALLENGE, &signature).is_ok(), "{quirks:?}");
        assert_eq!(authenticate(&mut chip, &proven), Ok(()), "{quirks:?}");
    }
}

#[test]
fn a_wrong_password_is_told_from_a_wrong_chip() {
    let world = World::new();
    let field = Field::new(world.issue(&ChipDescription::card()));
    let wrong = Password::Can(Can::new("000000").unwrap());
    let mut chip = ChipSession::new(field, wrong, policy(), random());
    let Err(ChipError::Read(error)) = chip.read(&mut |_| {}) else { panic!("it opened") };
    assert_eq!(error.fault(), emrtd::read::Fault::Password);

    let lying = Dishonesty::Conduct(Conduct::WrongMac { after: 12 });
    let lying = world.issue(&ChipDescription::passport()).with(lying).unwrap();
    let Err(ChipError::Read(error)) = session(Field::new(lying)).read(&mut |_| {}) else {
        panic!("it was read")
    };
    assert_eq!(error.fault(), emrtd::read::Fault::Chip);
}

#[test]
fn a_document_without_a_key_signs_nothing() {
    let world = World::new();
    let mut chip = session(Field::new(world.issue(&ChipDescription::passive())));
    assert_eq!(chip.sign(&CHALLENGE), Err(ChipError::Unfinished), "it was not read");
    chip.read(&mut |_| {}).unwrap();
    assert_eq!(chip.sign(&CHALLENGE), Ok(None));
}

#[test]
fn what_is_not_chip_authentication_does_not_reach_the_chip() {
    let world = World::new();
    let mut chip = session(Field::new(world.issue(&ChipDescription::passport())));
    chip.read(&mut |_| {}).unwrap();
    let exchanged = chip.exchanged();
    let set_at = vec![0x00, 0x22, 0x41, 0xA4];
    let select = vec![0x0C, 0xA4, 0x02, 0x0C];
    use RelayRefusal::{Count, Malformed, NotChipAuthentication, Order};
    for (commands, protected, refusal) in [
        (vec![vec![0]], false, Malformed),
        (vec![], false, Count(0)),
        (vec![vec![0x00, 0xB0, 0x81, 0x00, 0x00]], false, NotChipAuthentication),
        (vec![set_at.clone(), vec![0x00, 0xA4, 0x02, 0x0C]], false, NotChipAuthentication),
        (vec![set_at; 3], false, Count(3)),
        (vec![vec![0x00, 0xB0, 0x81, 0x00, 0x00]], true, NotChipAuthentication),
        // Right, and nothing has been agreed on.
        (vec![select], true, Order),
    ] {
        let commands: Vec<SecretBytes> = commands.into_iter().map(SecretBytes::from).collect();
        assert_eq!(chip.relay(&commands, protected), Err(ChipError::Relayed(refusal)));
        assert_eq!(chip.exchanged(), exchanged, "nothing was sent");
    }
    // A refusal is an answer, and the last one.
    let unknown: SecretBytes = vec![0x00, 0x22, 0x41, 0xA4].into();
    let answers = chip.relay(&[unknown.clone(), unknown], false).unwrap();
    assert_eq!(answers.len(), 1);
}

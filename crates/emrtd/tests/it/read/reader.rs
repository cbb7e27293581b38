use std::collections::BTreeMap;

use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::security_info::{KeyAgreement, PaceMapping, PaceProtocol};
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::read::apdu::StatusWord;
use emrtd::read::{
    Access, AccessError, AccessStep, Can, Downgrade, Fault, MappingProof, MrzKey, Outcome,
    Password, ReadError, ReadErrorKind, ReadPolicy, Reader, Step,
};
use emrtd::tlv::{self, Tag};

use super::chip::{CAN, Chip, Quirks};

pub(super) fn password() -> Password {
    Password::Mrz(MrzKey::new("L898902C", "690806", "940623").unwrap())
}

pub(super) fn file(tag: u32, len: usize) -> Vec<u8> {
    let content: Vec<u8> = (0..len).map(|index| (index * 7 + index / 256) as u8).collect();
    tlv::tagged(Tag(tag), &content)
}

/// EF.COM, EF.SOD, DG1, and a DG2 that passes 32767 bytes.
pub(super) fn files() -> BTreeMap<u16, Vec<u8>> {
    BTreeMap::from([
        (0x011E, file(0x60, 22)),
        (0x011D, file(0x77, 2000)),
        (0x0101, file(0x61, 91)),
        (0x0102, file(0x75, 40_000)),
    ])
}

pub(super) fn protocol(
    agreement: KeyAgreement,
    mapping: PaceMapping,
    cipher: Cipher,
) -> PaceProtocol {
    PaceProtocol { agreement, mapping, cipher }
}

pub(super) fn random() -> impl FnMut(&mut [u8]) {
    let mut seed = 1_u32;
    move |buffer: &mut [u8]| {
        for octet in buffer {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
            *octet = (seed >> 16) as u8;
        }
    }
}

/// Reads until the end, an error, or a number of commands.
pub(super) fn run(chip: &mut Chip, reader: &mut Reader, most: usize) -> Result<bool, ReadError> {
    let mut random = random();
    let mut step = reader.start()?;
    for _ in 0..most {
        let Step::Send(bytes) = step else { return Ok(true) };
        step = reader.receive(&chip.transmit(&bytes), &mut random)?;
    }
    Ok(false)
}

pub(super) fn read(
    chip: &mut Chip,
    password: Password,
    policy: ReadPolicy,
) -> Result<Outcome, ReadError> {
    let mut reader = Reader::new(password, policy);
    assert!(run(chip, &mut reader, 5000)?, "the reader does not end");
    Ok(reader.outcome().unwrap())
}

pub(super) fn assert_whole(outcome: &Outcome, chip: &Chip) {
    let ids = [
        (ElementaryFile::Com, 0x011E),
        (ElementaryFile::Sod, 0x011D),
        (ElementaryFile::Dg(DataGroup::DG1), 0x0101),
        (ElementaryFile::Dg(DataGroup::DG2), 0x0102),
    ];
    for (name, id) in ids {
        assert!(outcome.file(name) == Some(&*chip.application[&id]), "{name}");
    }
}

#[test]
fn reads_every_file_by_bac() {
    let mut chip = Chip::new(files());
    let outcome = read(&mut chip, password(), ReadPolicy::default()).unwrap();
    assert_whole(&outcome, &chip);
    assert_eq!(outcome.access, Access::Bac { downgrade: None });
    let refused: Vec<_> = outcome.refused.iter().map(|(file, _)| file.to_string()).collect();
    assert_eq!(refused, ["DG14", "DG15", "DG11", "DG12", "DG16"]);
    assert!(outcome.refused.iter().all(|(_, status)| *status == StatusWord::NOT_FOUND));
}

#[test]
fn reads_by_every_kind_of_pace() {
    use Cipher::{Aes128, Aes192, Aes256, TripleDes};
    use KeyAgreement::{Dh, Ecdh};
    use PaceMapping::{Generic, Integrated};
    for cipher in [TripleDes, Aes128, Aes192, Aes256] {
        for (agreement, id) in [(Ecdh, 8), (Ecdh, 13), (Ecdh, 18), (Dh, 0), (Dh, 2)] {
            for mapping in [Generic, Integrated] {
                let protocol = protocol(agreement, mapping, cipher);
                let mut small = files();
                small.insert(0x0102, file(0x75, 300));
                let mut chip = Chip::new(small).with_pace(protocol, id);
                let can = Password::Can(Can::new(CAN).unwrap());
                let outcome = read(&mut chip, can, ReadPolicy::default()).unwrap();
                assert_whole(&outcome, &chip);
                let chip_authentication = MappingProof::NotRun;
                let access = Access::Pace { protocol, chip_authentication, downgrade: None };
                assert_eq!(outcome.access, access);
            }
        }
    }
}

pub(super) fn generic() -> PaceProtocol {
    protocol(KeyAgreement::Ecdh, PaceMapping::Generic, Cipher::Aes128)
}

#[test]
fn a_failed_pace_is_a_reported_downgrade() {
    let steps = [
        AccessStep::EncryptedNonce,
        AccessStep::MapNonce,
        AccessStep::KeyAgreement,
        AccessStep::MutualAuthentication,
    ];
    for (index, step) in steps.into_iter().enumerate() {
        let mut chip = Chip::new(files()).with_pace(generic(), 13);
        chip.quirks.pace_fails_at = Some(index);
        let error = AccessError::Refused { step, status: StatusWord(0x6F00) };
        let strict = ReadPolicy { allow_bac: false, ..ReadPolicy::default() };
        let refused = read(&mut chip, password(), strict).unwrap_err();
        assert_eq!(refused.kind, ReadErrorKind::Access(error));
        chip.reset();
        let outcome = read(&mut chip, password(), ReadPolicy::default()).unwrap();
        let downgrade = Some(Downgrade::PaceFailed(error));
        assert_eq!(outcome.access, Access::Bac { downgrade });
    }
}

#[test]
fn a_wrong_password_is_named_as_such() {
    let wrong = || Password::Mrz(MrzKey::new("L898902C", "690807", "940623").unwrap());
    for mut chip in [Chip::new(files()), Chip::new(files()).with_pace(generic(), 13)] {
        let error = read(&mut chip, wrong(), ReadPolicy::default()).unwrap_err();
        assert_eq!(error.fault(), Fault::Password, "{error}");
    }
    let mut chip = Chip::new(files());
    let can = Password::Can(Can::new(CAN).unwrap());
    let error = read(&mut chip, can, ReadPolicy::default()).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::Access(AccessError::NeedsMrz));
    let strict = ReadPolicy { allow_bac: false, ..ReadPolicy::default() };
    let error = read(&mut chip, password(), strict).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::BacNotAllowed);
}

#[test]
fn never_reads_fingerprints_or_irises() {
    let mut application = files();
    application.insert(0x0103, file(0x63, 50));
    application.insert(0x0104, file(0x76, 50));
    let all = (1..=16).filter_map(DataGroup::new).collect();
    let policy = ReadPolicy { data_groups: all, ..ReadPolicy::default() };
    let outcome = read(&mut Chip::new(application), password(), policy).unwrap();
    for group in [DataGroup::DG3, DataGroup::DG4] {
        assert!(outcome.file(ElementaryFile::Dg(group)).is_none());
        assert!(outcome.refused.iter().all(|(file, _)| *file != ElementaryFile::Dg(group)));
    }
}

#[test]
fn adapts_to_chips_of_their_own_ways() {
    let quirks = [
        Quirks { max_block: Some(160), ..Quirks::default() },
        Quirks { max_block: Some(40), ..Quirks::default() },
        Quirks { no_short_ids: true, ..Quirks::default() },
        Quirks { max_block: Some(160), unprotected_errors: true, ..Quirks::default() },
        Quirks { right_length: Some(120), ..Quirks::default() },
        Quirks { short_answers: Some(100), ..Quirks::default() },
    ];
    for (index, quirks) in quirks.into_iter().enumerate() {
        let mut chip = Chip::new(files()).with_pace(generic(), 13);
        chip.quirks = quirks;
        let outcome = read(&mut chip, password(), ReadPolicy::default())
            .unwrap_or_else(|error| panic!("quirk {index}: {error}"));
        assert_whole(&outcome, &chip);
    }
}

/// Whatever a chip says of a file it has not, and also when it ends the session
/// over it.
#[test]
fn missing_files_are_refusals_and_no_failure() {
    let cam = protocol(KeyAgreement::Ecdh, PaceMapping::ChipAuthentication, Cipher::Aes128);
    let all: Vec<DataGroup> = (1..=16).filter_map(DataGroup::new).collect();
    for missing in [0x6A82, 0x6986, 0x6982, 0x6A88, 0x6F00] {
        for unprotected_errors in [false, true] {
            let mut chip = Chip::new(files()).with_pace(cam, 13);
            let missing = Some(missing);
            chip.quirks = Quirks { missing, unprotected_errors, ..Quirks::default() };
            let policy = ReadPolicy { data_groups: all.clone(), ..ReadPolicy::default() };
            let outcome = read(&mut chip, password(), policy).unwrap();
            assert_whole(&outcome, &chip);
            // EF.CardSecurity, and all groups but 1 and 2, and 3 and 4.
            assert_eq!(outcome.refused.len(), 1 + 12);
            assert!(outcome.refused.iter().all(|(_, status)| Some(status.0) == missing));
            let Access::Pace { chip_authentication, .. } = outcome.access else { panic!() };
            assert_eq!(chip_authentication, MappingProof::NoKey);
        }
    }
}

#[test]
fn uses_extended_lengths_where_the_chip_announces_them() {
    let policy = || ReadPolicy { extended: true, max_block: 4096, ..ReadPolicy::default() };
    let commands = |atr_info: Option<Vec<u8>>| {
        let mut chip = Chip::new(files()).with_pace(generic(), 13);
        chip.atr_info = atr_info;
        let outcome = read(&mut chip, password(), policy()).unwrap();
        assert_whole(&outcome, &chip);
        chip.commands
    };
    let lengths = [tlv::integer(&[0x10, 0]), tlv::integer(&[0x08, 0])].concat();
    let announced = [file(0x47, 3), tlv::tagged(Tag(0x7F66), &lengths)].concat();
    // Without the file, it is asked for by both ways.
    let short = commands(None);
    assert!(commands(Some(announced)) < short / 3);
    for nonsense in [&[][..], &[0x7F, 0x66, 0], &[0x7F, 0x66, 3, 2, 1, 5], &[0xFF; 40]] {
        assert_eq!(commands(Some(nonsense.to_vec())) + 1, short);
    }
}

/// 9303-10 §3.6.4: a terminal stays within the lengths the chip states.
#[test]
fn keeps_within_the_lengths_of_the_chip() {
    let announce = |command: u16, response: u16| {
        let [c, r] = [command, response].map(|len| tlv::integer(&len.to_be_bytes()));
        Some(tlv::tagged(Tag(0x7F66), &[c, r].concat()))
    };
    let dh = protocol(KeyAgreement::Dh, PaceMapping::Generic, Cipher::Aes256);
    for (command, response, atr_info_selected) in
        [(300, 700, false), (270, 2048, true), (600, 600, true)]
    {
        let mut chip = Chip::new(files()).with_pace(dh, 2);
        chip.atr_info = announce(command, response);
        let max_command = Some(usize::from(command));
        chip.quirks = Quirks { max_command, atr_info_selected, ..Quirks::default() };
        let policy = ReadPolicy { extended: true, max_block: 4096, ..ReadPolicy::default() };
        let mut reader = Reader::new(password(), policy);
        let mut random = random();
        let mut step = reader.start().unwrap();
        let mut longest = 0;
        while let Step::Send(bytes) = step {
            let answer = chip.transmit(&bytes);
            longest = longest.max(answer.len());
            step = reader.receive(&answer, &mut random).unwrap();
        }
        assert_whole(&reader.outcome().unwrap(), &chip);
        assert!(longest > 512 && longest <= usize::from(response), "{longest} of {response}");
    }
}

/// The keys of 2048-bit groups fit into no short APDU, in either direction.
#[test]
fn long_keys_go_in_chains_and_come_in_parts() {
    for mapping in [PaceMapping::Generic, PaceMapping::Integrated] {
        let mut chip =
            Chip::new(files()).with_pace(protocol(KeyAgreement::Dh, mapping, Cipher::Aes128), 1);
        chip.quirks.get_response = true;
        let outcome = read(&mut chip, password(), ReadPolicy::default()).unwrap();
        assert_whole(&outcome, &chip);
    }
}

/// Somebody between reader and chip changes one bit of one response.
#[test]
fn a_changed_response_never_changes_a_file() {
    let mut small = files();
    small.insert(0x0102, file(0x75, 600));
    let mut errors = 0;
    for with_pace in [false, true] {
        for index in 0..45 {
            let mut chip = Chip::new(small.clone());
            if with_pace {
                chip = chip.with_pace(generic(), 13);
            }
            let mut reader = Reader::new(password(), ReadPolicy::default());
            let mut random = random();
            let mut step = reader.start();
            let mut count = 0;
            while let Ok(Step::Send(bytes)) = &step {
                let mut response = chip.transmit(bytes);
                if count == index {
                    let position = (index * 31) % response.len();
                    response[position] ^= 1 << (index % 8);
                }
                count += 1;
                step = reader.receive(&response, &mut random);
            }
            match step {
                Ok(_) => {
                    // Only what nobody protects can change and not be refused:
                    // the commands before access.
                    assert!(index < 12 || index >= count, "response {index} of {count}");
                    assert_whole(&reader.outcome().unwrap(), &chip);
                }
                Err(_) => errors += 1,
            }
        }
    }
    assert!(errors > 40, "{errors}");
}

#[test]
fn a_lost_tag_resumes_where_it_stopped() {
    for with_pace in [false, true] {
        let mut small = files();
        small.insert(0x0102, file(0x75, 3000));
        let chip = || match with_pace {
            true => Chip::new(small.clone()).with_pace(generic(), 13),
            false => Chip::new(small.clone()),
        };
        let mut whole = chip();
        read(&mut whole, password(), ReadPolicy::default()).unwrap();
        for stop in 0..whole.commands {
            let mut chip = chip();
            let mut reader = Reader::new(password(), ReadPolicy::default());
            assert!(!run(&mut chip, &mut reader, stop).unwrap());
            let before = reader.progress();
            chip.reset();
            assert!(run(&mut chip, &mut reader, 5000).unwrap());
            assert_whole(&reader.outcome().unwrap(), &chip);
            // Access takes a dozen commands; nothing of a file is read twice.
            assert!(chip.commands < whole.commands + 20, "{stop}: {before:?}");
        }
    }
}

#[test]
fn another_chip_does_not_continue_the_file() {
    let mut reader = Reader::new(password(), ReadPolicy::default());
    run(&mut Chip::new(files()), &mut reader, 60).unwrap();
    let progress = reader.progress().unwrap();
    assert_eq!(progress.file, ElementaryFile::Dg(DataGroup::DG2));
    assert!(progress.read > 0 && progress.total == Some(40_004));
    let mut other = files();
    other.insert(0x0102, file(0x75, 39_000));
    let error = run(&mut Chip::new(other), &mut reader, 5000).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::Changed);
    assert_eq!((error.file, error.offset), (Some(progress.file), progress.read));
}

/// The tag is lost between two files, and another document comes back: of the
/// same holder and number, so that the same password opens it.
#[test]
fn another_chip_does_not_continue_the_reading() {
    let mut first = files();
    first.insert(0x0102, file(0x75, 100));
    let mut whole = Chip::new(first.clone());
    read(&mut whole, password(), ReadPolicy::default()).unwrap();
    let mut other = first.clone();
    *other.get_mut(&0x011D).unwrap().last_mut().unwrap() ^= 1;
    let mut seen = 0;
    for stop in 0..whole.commands {
        let mut reader = Reader::new(password(), ReadPolicy::default());
        run(&mut Chip::new(first.clone()), &mut reader, stop).unwrap();
        let sod_is_read = reader
            .progress()
            .is_none_or(|now| !matches!(now.file, ElementaryFile::Com | ElementaryFile::Sod));
        match run(&mut Chip::new(other.clone()), &mut reader, 5000) {
            Ok(_) => assert!(!sod_is_read || stop < 20, "{stop}"),
            Err(error) => {
                assert_eq!(error.kind, ReadErrorKind::Changed);
                seen += 1;
                // The right chip still goes on where it stopped.
                assert!(run(&mut Chip::new(first.clone()), &mut reader, 5000).unwrap());
                assert_whole(&reader.outcome().unwrap(), &whole);
            }
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn lengths_that_lie_are_refused() {
    let dg2 = |bytes: &[u8]| {
        let mut application = files();
        application.insert(0x0102, bytes.to_vec());
        let error = read(&mut Chip::new(application), password(), ReadPolicy::default());
        error.map(|outcome| outcome.file(ElementaryFile::Dg(DataGroup::DG2)).map(<[u8]>::len))
    };
    let kind = |bytes: &[u8]| dg2(bytes).unwrap_err().kind;
    let huge = [&[0x75, 0x84, 0xFF, 0xFF, 0xFF, 0xFF][..], &[0; 100]].concat();
    assert!(matches!(kind(&huge), ReadErrorKind::TooLarge { len: 0x1_0000_0005, .. }));
    let mut short = file(0x75, 300);
    short.pop();
    assert_eq!(kind(&short), ReadErrorKind::EndsEarly);
    let mut long = file(0x75, 300);
    long.push(0);
    assert_eq!(dg2(&long), Ok(Some(304)), "what follows the file is not read");
    assert_eq!(dg2(&[0x75, 0]), Ok(Some(2)));
    for header in [
        &[0x75, 0x80, 0, 0, 0, 0][..],
        &[0x75, 0x85, 0, 0, 0, 0, 1],
        &[0x61, 4, 1, 1, 1, 1],
        &[0x75],
    ] {
        assert!(matches!(kind(header), ReadErrorKind::Header(_)), "{header:02X?}");
    }
    let error = dg2(&short).unwrap_err();
    assert_eq!(error.fault(), Fault::Chip);
    assert_eq!(error.to_string(), "DG2, byte 303: the file ends before the length in its header");
}

#[test]
fn a_document_without_a_mandatory_file_is_refused() {
    for id in [0x011D, 0x0101] {
        let mut application = files();
        application.remove(&id);
        let error =
            read(&mut Chip::new(application), password(), ReadPolicy::default()).unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::Missing(StatusWord::NOT_FOUND));
    }
}

#[test]
fn a_chip_that_answers_anything_makes_no_panic_and_no_endless_loop() {
    let answers: [&[u8]; 6] =
        [&[], &[0x90, 0x00], &[0x61, 0x00], &[0x6C, 0x01], &[0x69, 0x88], &[1, 2, 3, 0x90, 0x00]];
    for stop in 0..40 {
        for answer in answers {
            let mut chip = Chip::new(files()).with_pace(generic(), 13);
            let mut reader = Reader::new(password(), ReadPolicy::default());
            let mut random = random();
            let mut step = reader.start().unwrap();
            let mut ended = false;
            for index in 0..2000 {
                let Step::Send(bytes) = step else { panic!("done with nothing read") };
                let response = if index < stop { chip.transmit(&bytes) } else { answer.to_vec() };
                match reader.receive(&response, &mut random) {
                    Ok(next) => step = next,
                    Err(_) => {
                        ended = true;
                        break;
                    }
                }
            }
            assert!(ended, "{stop} {answer:02X?}");
        }
    }
    let mut reader = Reader::new(password(), ReadPolicy::default());
    assert_eq!(reader.receive(&[0x90, 0], &mut random()).unwrap_err().fault(), Fault::Caller);
}

//! Chips that lie are found out, in a bounded number of commands.

use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::security_info::{KeyAgreement, PaceMapping, PaceProtocol};
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::read::apdu::StatusWord;
use emrtd::read::secure_messaging::SecureMessagingError;
use emrtd::read::{
    Access, AccessError, AccessStep, ChannelError, Downgrade, Fault, MappingProof, ReadErrorKind,
    ReadPolicy, Reader, Step,
};
use emrtd::sim::{
    ActiveAuthentication, Chip, ChipDescription, Conduct, Dishonesty, HeaderLie, Holder, PaceOffer,
    Personalisation, Trailer,
};
use emrtd::tlv;
use emrtd::verify::{ActiveFailure, ChipFailure, PassiveFailure};

use super::{
    assert_whole, authenticate_actively, authenticate_chip, chip, issue, mrz, prove, random, read,
    run,
};

const DG1: ElementaryFile = ElementaryFile::Dg(DataGroup::DG1);
const DG2: ElementaryFile = ElementaryFile::Dg(DataGroup::DG2);

fn short_passport() -> ChipDescription {
    let mut description = ChipDescription::passport();
    description.document.portrait.truncate(600);
    description
}

#[test]
fn a_copy_passes_passively_and_fails_every_proof_of_the_chip() {
    let rsa = ActiveAuthentication::Rsa { bits: 1024, trailer: Trailer::Implicit, lesser: false };
    for active in [short_passport().active_authentication, Some(rsa)] {
        for version in [1, 2] {
            let mut description =
                ChipDescription { active_authentication: active, ..short_passport() };
            description.chip_authentication[0].version = version;
            let original = issue(&description);
            let copy = original.clone().with(Dishonesty::Copy).unwrap();
            let mut chip = chip(&copy);
            let mut reader = Reader::new(mrz(&original), ReadPolicy::default());
            assert!(run(&mut chip, &mut reader).unwrap());
            let outcome = reader.outcome().unwrap();
            assert_whole(&outcome, &original, "copy");
            let document = prove(&outcome).unwrap();
            let failure = authenticate_actively(&mut chip, &mut reader, &document).unwrap_err();
            assert!(
                matches!(failure, ActiveFailure::Signature | ActiveFailure::Representative),
                "{failure}"
            );
            let failure = authenticate_chip(&mut chip, &mut reader, &document).unwrap_err();
            let unprotected =
                SecureMessagingError::Unprotected(StatusWord::SECURE_MESSAGING_INCORRECT);
            let expected = match version {
                1 => ChipFailure::SecureMessaging(unprotected),
                _ => ChipFailure::WrongToken,
            };
            assert_eq!(failure, expected);
        }
    }
}

#[test]
fn a_copy_fails_chip_authentication_mapping() {
    let original = issue(&ChipDescription::card());
    let copy = original.clone().with(Dishonesty::Copy).unwrap();
    for (personalisation, expected) in
        [(&original, MappingProof::Unvouched), (&copy, MappingProof::Failed)]
    {
        let policy = ReadPolicy::default();
        let outcome = read(&mut chip(personalisation), mrz(personalisation), policy).unwrap();
        let Access::Pace { chip_authentication, .. } = outcome.access else { panic!("BAC") };
        assert_eq!(chip_authentication, expected);
    }
}

#[test]
fn files_of_another_holder_fail_passively() {
    let original = issue(&short_passport());
    let mut other = short_passport();
    other.holder = Holder { surname: "MUSTERMANN".to_owned(), ..Holder::example() };
    other.document.portrait.truncate(500);
    let other = issue(&other);
    for file in [DG1, DG2] {
        let bytes = other.file(file).unwrap().to_vec();
        let swapped = original.clone().with(Dishonesty::Replaced(file, bytes.clone())).unwrap();
        let outcome = read(&mut chip(&swapped), mrz(&original), ReadPolicy::default()).unwrap();
        assert!(outcome.file(file) == Some(&bytes));
        let ElementaryFile::Dg(group) = file else { panic!() };
        assert_hash_mismatch(&prove(&outcome).unwrap_err(), group);
    }
}

fn assert_hash_mismatch(failure: &PassiveFailure, group: DataGroup) {
    assert!(failure.to_string().contains(&group.to_string()), "{failure}");
    assert!(format!("{failure:?}").contains("Hash"), "{failure:?}");
}

#[test]
fn lengths_that_lie() {
    let original = issue(&short_passport());
    let lie = |file, lie| {
        let lying = original.clone().with(Dishonesty::Header(file, lie)).unwrap();
        read(&mut chip(&lying), mrz(&original), ReadPolicy::default())
    };
    for (file, group) in [(DG1, DataGroup::DG1), (DG2, DataGroup::DG2)] {
        let error = lie(file, HeaderLie::FourGigabytes).unwrap_err();
        assert_eq!((error.file, error.fault()), (Some(file), Fault::Chip));
        assert!(matches!(error.kind, ReadErrorKind::TooLarge { .. }), "{error}");
        let error = lie(file, HeaderLie::OneMore).unwrap_err();
        assert_eq!((error.file, error.kind), (Some(file), ReadErrorKind::EndsEarly));
        for shorter in [HeaderLie::Zero, HeaderLie::OneLess] {
            // The bytes that are there can be read; they are not what was signed.
            let outcome = lie(file, shorter).unwrap();
            assert!(outcome.file(file).unwrap().len() < original.file(file).unwrap().len());
            assert_hash_mismatch(&prove(&outcome).unwrap_err(), group);
        }
    }
}

/// Reads until an error: which, and after how many commands.
fn fail(personalisation: &Personalisation) -> (ReadErrorKind, u32) {
    let mut chip = chip(personalisation);
    let mut random = random(7);
    let mut reader = Reader::new(mrz(personalisation), ReadPolicy::default());
    let mut step = reader.start();
    for commands in 0..1000 {
        match step {
            Ok(Step::Send(bytes)) => step = reader.receive(&chip.transmit(&bytes), &mut random),
            Ok(Step::Done) => panic!("read to the end"),
            Err(error) => return (error.kind, commands),
        }
    }
    panic!("the reader does not end");
}

fn conduct(conduct: Conduct) -> (ReadErrorKind, u32) {
    let honest = issue(&short_passport());
    fail(&honest.with(Dishonesty::Conduct(conduct)).unwrap())
}

#[test]
fn wrong_and_replayed_protection_is_refused_at_once() {
    let wrong_mac =
        ReadErrorKind::Channel(ChannelError::SecureMessaging(SecureMessagingError::WrongMac));
    for after in 0..30 {
        let (kind, commands) = conduct(Conduct::WrongMac { after });
        assert_eq!(kind, wrong_mac);
        // Up to 20 commands lead to the first protected response.
        assert!(commands <= after.max(20) + 1, "{after}: {commands}");
        let (kind, commands) = conduct(Conduct::Replay { after });
        assert_eq!(kind, wrong_mac);
        assert!(commands <= after.max(20) + 2, "{after}: {commands}");
    }
}

#[test]
fn responses_that_are_too_long_or_have_no_end_are_refused() {
    for after in 0..30 {
        let (kind, commands) = conduct(Conduct::EndlessResponse { after });
        assert_eq!(kind, ReadErrorKind::Channel(ChannelError::EndlessResponse));
        assert!(commands <= after + 310, "{after}: {commands}");
        let (kind, commands) = conduct(Conduct::TooMuch { after });
        assert_eq!(kind, ReadErrorKind::TooMuch);
        assert!(commands <= after.max(30) + 6, "{after}: {commands}");
    }
}

#[test]
fn a_hidden_or_altered_announcement_of_pace_is_reported() {
    let honest = issue(&short_passport());
    let downgrade = |dishonesty| {
        let lying = honest.clone().with(dishonesty).unwrap();
        let outcome = read(&mut chip(&lying), mrz(&honest), ReadPolicy::default()).unwrap();
        prove(&outcome).unwrap();
        match outcome.access {
            Access::Bac { downgrade } => downgrade,
            Access::Pace { .. } => panic!("PACE"),
        }
    };
    let hidden = downgrade(Dishonesty::Removed(ElementaryFile::CardAccess));
    assert_eq!(hidden, Some(Downgrade::PaceHidden));

    let agreement = KeyAgreement::Ecdh;
    let (mapping, cipher) = (PaceMapping::Generic, Cipher::TripleDes);
    let weaker = PaceOffer { protocol: PaceProtocol { agreement, mapping, cipher }, domain: 8 };
    let weaker = issue(&ChipDescription { pace: vec![weaker], ..short_passport() });
    let file = ElementaryFile::CardAccess;
    let altered = weaker.file(file).unwrap().to_vec();
    let failed = AccessError::Refused {
        step: AccessStep::SetAuthenticationTemplate,
        status: StatusWord::INCORRECT_DATA,
    };
    let altered = downgrade(Dishonesty::Replaced(file, altered));
    assert_eq!(altered, Some(Downgrade::PaceFailed(failed)));

    let emptied = downgrade(Dishonesty::Replaced(file, tlv::set_of(&[])));
    assert_eq!(emptied, Some(Downgrade::PaceHidden));
}

/// Reads a chip that falls silent, and goes on after it was reset.
fn resume(personalisation: &Personalisation, conduct: Conduct) -> bool {
    let silent = personalisation.clone().with(Dishonesty::Conduct(conduct)).unwrap();
    let mut chip: Chip = chip(&silent);
    let mut reader = Reader::new(mrz(personalisation), ReadPolicy::default());
    let is_whole = run(&mut chip, &mut reader).unwrap();
    if !is_whole {
        chip.reset();
        assert!(run(&mut chip, &mut reader).unwrap(), "{conduct:?}");
    }
    let name = format!("{conduct:?}");
    assert_whole(&reader.outcome().unwrap(), personalisation, &name);
    !is_whole
}

#[test]
fn a_tag_lost_after_any_command_is_read_on() {
    for description in [short_passport(), ChipDescription::card(), ChipDescription::old()] {
        let personalisation = issue(&description);
        let mut stops = 0;
        while resume(&personalisation, Conduct::SilentAfterCommands(stops)) {
            stops += 1;
        }
        assert!(stops > 30, "{stops}");
    }
}

#[test]
fn a_tag_lost_after_any_byte_is_read_on() {
    let mut description = ChipDescription::passive();
    description.document.portrait.truncate(400);
    let personalisation = issue(&description);
    let mut stops = 0;
    while resume(&personalisation, Conduct::SilentAfterBytes(stops)) {
        stops += 3;
    }
    assert!(stops > 2000, "{stops}");
}

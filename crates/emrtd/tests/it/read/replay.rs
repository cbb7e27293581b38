//! Recorded sessions: every command must be made again byte for byte, and every
//! response understood, as far as the recording goes.

use std::collections::BTreeMap;
use std::io::Write as _;

use emrtd::crypto::DigestAlgorithm;
use emrtd::crypto::kdf::{self, KeyUse};
use emrtd::crypto::symmetric::{Cipher, Key};
use emrtd::lds::ElementaryFile;
use emrtd::lds::security_info::{PaceMapping, SecurityInfos};
use emrtd::read::apdu::{CommandApdu, ResponseApdu, StatusWord};
use emrtd::read::bac::Bac;
use emrtd::read::pace::Pace;
use emrtd::read::{
    AccessError, AccessStep, Can, CardSecurity, CardSecurityError, MrzKey, Password, Progress,
    ReadErrorKind, ReadPolicy, Reader, SecureMessaging, Step,
};

use super::chip::MRZ_INFORMATION;
use super::trace::{Trace, committed, parse};
use super::{bac, fixed, hex, pace};
use crate::shared;

type Replay = fn(&Trace);

/// Every recording there is, and what becomes of it.
const RECORDINGS: [(&str, Replay); 17] = [
    ("gmrtd_activeauth_active_auth_TestDoActiveAuth", active_authentication),
    ("gmrtd_activeauth_active_auth_TestWithChallenge", active_authentication),
    ("gmrtd_bac_bac_TestDoBAC", bac::replays),
    ("gmrtd_chipauth_chip_auth_TestChipAuthAT", |trace| chip_authentication(trace, &AUSTRIA)),
    ("gmrtd_chipauth_chip_auth_TestChipAuthDE", |trace| chip_authentication(trace, &GERMANY)),
    ("gmrtd_iso7816_nfc_session_TestLastApduWithSM", |trace| worked_example(trace, 1)),
    ("gmrtd_iso7816_nfc_session_TestNfcSessionSecureMessagingAES", aes_256),
    ("gmrtd_iso7816_nfc_session_TestNfcSessionSecureMessagingTDES", |trace| {
        worked_example(trace, 3);
    }),
    ("gmrtd_iso7816_nfc_session_TestReadFileErrorEmptyResponse", |trace| {
        assert_eq!(read_file(trace), Err(ReadErrorKind::EndsEarly));
    }),
    ("gmrtd_iso7816_nfc_session_TestReadFileErrorLastFrame", |trace| {
        assert_eq!(read_file(trace), Err(ReadErrorKind::Refused(StatusWord(0x6985))));
    }),
    ("gmrtd_iso7816_nfc_session_TestReadFileErrorMoreData", |trace| {
        assert_eq!(read_file(trace), Err(ReadErrorKind::TooMuch));
    }),
    ("gmrtd_iso7816_nfc_session_TestReadFileSuccess", |trace| {
        assert_eq!(read_file(trace), Ok(()));
    }),
    ("gmrtd_pace_pace_TestDoPace_CAM_ECDH_DE", card_security_of_a_real_chip),
    ("gmrtd_pace_pace_TestDoPace_GM_ECDH", pace::replays_generic_mapping),
    ("gmrtd_pace_pace_TestDoPace_IM", start_of_integrated_mapping),
    ("gmrtd_vs_vicc-nPA_PACE-GM-ECDH-AES128_CAN_full", identity_card),
    ("own_vs_JMRTDapplet_jcardsim_BAC_SM_full", whole_session_by_bac),
];

/// A recording that is added and not replayed fails here.
#[test]
fn every_recording_is_replayed() {
    let Some(folder) = shared::folder("apdu-traces") else { return };
    let mut replays: BTreeMap<&str, Replay> = RECORDINGS.into_iter().collect();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let replay = replays.remove(name).unwrap_or_else(|| panic!("{name} is not replayed"));
        let _ = writeln!(std::io::stderr(), "{name}");
        replay(&parse(&std::fs::read(&path).unwrap()));
    }
    assert!(replays.is_empty(), "{:?} are gone", replays.keys());
}

/// Those that are in this repository.
#[test]
fn committed_recordings_are_replayed() {
    let mut count = 0;
    for (name, replay) in RECORDINGS {
        if let Some(trace) = committed(name) {
            replay(&trace);
            count += 1;
        }
    }
    assert_eq!(count, 6);
}

fn session(cipher: Cipher, encryption: &str, mac: &str, counter: &str) -> SecureMessaging {
    let encryption = Key::new(cipher, &hex(encryption)).unwrap();
    let mac = Key::new(cipher, &hex(mac)).unwrap();
    SecureMessaging::from_keys(encryption, mac, &hex(counter)).unwrap()
}

/// What the recorded commands were before protection, and the responses after.
/// The commands are opened with the keys of `chip`, then made again by
/// `terminal`, which holds the same.
fn replay(
    mut terminal: SecureMessaging,
    mut chip: SecureMessaging,
    trace: &[(Vec<u8>, Vec<u8>)],
) -> Vec<(CommandApdu, ResponseApdu)> {
    let mut plain = Vec::new();
    for (sent, response) in trace {
        let command = chip.unprotect_command(&CommandApdu::parse(sent).unwrap()).unwrap();
        assert_eq!(terminal.protect(&command).unwrap().encode().unwrap(), *sent);
        let protected = ResponseApdu::parse(response).unwrap();
        let response = terminal.unprotect(&protected).unwrap();
        let again = chip.protect_response(&response, command.ins).unwrap();
        assert_eq!(again, protected);
        plain.push((command, response));
    }
    plain
}

fn replay_with(
    cipher: Cipher,
    [encryption, mac, counter]: [&str; 3],
    trace: &[(Vec<u8>, Vec<u8>)],
) -> Vec<(CommandApdu, ResponseApdu)> {
    let session = || session(cipher, encryption, mac, counter);
    replay(session(), session(), trace)
}

/// Keys and counter before, keys after.
type Keys = ([&'static str; 3], [&'static str; 2]);

const AUSTRIA: Keys = (
    [
        "524170DE3419B7AF2F23E45AD6EF9595",
        "97893F5FDC29A5C13A924FE7D8ED44FD",
        "000000000000000000000000000000F0",
    ],
    ["C8E27260EFD3F318D18C080CBF11C7E6", "A942190365204A21409EB28B52BF9160"],
);

const GERMANY: Keys = (
    [
        "CC86415F2ED7E8FD663B754265695AE1",
        "581E84B8EE06C4D3EEE30461498D7FB3",
        "000000000000000000000000000000BA",
    ],
    ["AF0EEDB52E87B945FC5503B1C6875C1C", "CEB85BEDCECFF1DD1E25DFB672C4A5BF"],
);

/// Real AT and DE chips: MSE:Set AT and GENERAL AUTHENTICATE under the old keys,
/// SELECT under those of chip authentication.
fn chip_authentication(trace: &Trace, (old, [encryption, mac]): &Keys) {
    let before = replay_with(Cipher::Aes128, *old, &trace[..2]);
    assert_eq!(before[0].0.header(), [0, 0x22, 0x41, 0xA4]);
    assert_eq!(before[1].0.header(), [0, 0x86, 0, 0]);
    let zero = "00".repeat(16);
    let after = replay_with(Cipher::Aes128, [encryption, mac, &zero], &trace[2..]);
    assert_eq!(after[0].0.data[..], [0x01, 0x0E]);
    assert!(before.iter().chain(&after).all(|(_, answer)| answer.status == StatusWord::OK));
}

/// A real chip signs the terminal's challenge.
fn active_authentication(trace: &Trace) {
    let keys = [
        "b99d546108eaa251570876b6d3456dce",
        "e3857ca24946251c151c540e13f2cd51",
        "00000000000000cc",
    ];
    let plain = replay_with(Cipher::TripleDes, keys, trace);
    assert_eq!(plain[0].0.data[..], hex("96302b0f3d7e7864"));
    assert_eq!(plain[0].1.data.len(), 224);
}

/// 9303-11 appendix D.4
fn worked_example(trace: &Trace, commands: usize) {
    let keys = [
        "979EC13B1CBFE9DCD01AB0FED307EAE5",
        "F1CB1F1FB5ADF208806B89DC579DC1F8",
        "887022120C06C226",
    ];
    assert_eq!(replay_with(Cipher::TripleDes, keys, trace).len(), commands);
}

/// A real chip with AES-256 reads EF.COM.
fn aes_256(trace: &Trace) {
    let keys = [
        "74B94F408BBB2CD92571FD5B6370A94CCE7A2FA42AE3EB4DA47B97CE6EAA24C6",
        "9E28D5D9FF1D979BE752E8926BF0E1D35A440FC0AEFC4AA3BC5610055AC8B113",
        "00000000000000000000000000000020",
    ];
    let plain = replay_with(Cipher::Aes256, keys, trace);
    let file: Vec<u8> = plain.iter().flat_map(|(_, answer)| answer.data.to_vec()).collect();
    assert_eq!(file, hex("60185F0104303130385F36063034303030305C06617563766D6E"));
}

/// The file of these recordings has a tag that no file of a passport has, and
/// is read in plain: the reader takes it for EF.CardAccess. All but the tag,
/// the name and the length of the first read are as recorded.
fn read_file(trace: &Trace) -> Result<(), ReadErrorKind> {
    let [(_, selected), (_, header), (body, rest)] = trace.as_slice() else { panic!() };
    assert_eq!(*body, hex("00B000040D"));
    let mut header = header.clone();
    header[0] = 0x31;
    let exchanges = [
        ("00A4000C", hex("9000")),
        ("00B09C0008", hex("6A82")),
        ("00A4020C02011C", selected.clone()),
        ("00B0000008", header),
        ("00B000040D", rest.clone()),
    ];
    let password = Password::Mrz(MrzKey::new("L898902C", "690806", "940623").unwrap());
    let mut reader = Reader::new(password, ReadPolicy::default());
    let mut step = reader.start();
    for (sent, response) in exchanges {
        let Ok(Step::Send(bytes)) = step else { panic!("{step:?} instead of {sent}") };
        assert_eq!(bytes, hex(sent));
        step = reader.receive(&response, &mut fixed(""));
    }
    let step = step.map_err(|error| {
        assert_eq!((error.file, error.offset), (Some(ElementaryFile::CardAccess), 4));
        error.kind
    })?;
    // The whole file was read; what comes next is the application.
    assert!(matches!(step, Step::Send(bytes) if bytes == hex("00A4040C07A0000002471001")));
    Ok(())
}

/// A real German passport: EF.CardSecurity after PACE-CAM.
///
/// The password was not recorded, so PACE itself cannot be followed.
fn card_security_of_a_real_chip(trace: &Trace) {
    let zero = "00".repeat(16);
    let keys =
        ["a8e85e938514ec67ae33cda3d43d3c48", "27f1adeb705a049a305b0c619b14b9b3", zero.as_str()];
    let plain = replay_with(Cipher::Aes128, keys, &trace[5..]);
    let file: Vec<u8> =
        plain.iter().flat_map(|(_, response)| response.data.iter().copied()).collect();
    let card_security = CardSecurity::verify(&file, None).unwrap();
    let infos = card_security.security_infos();
    let mapping = |info: &emrtd::lds::security_info::PaceInfo| info.protocol.mapping;
    let pace = infos.pace().find(|info| mapping(info) == PaceMapping::ChipAuthentication).unwrap();
    let key = infos.chip_public_keys().find(|key| key.key_id == pace.parameter_id);
    assert!(key.is_some(), "the key of the mapping has the number of its parameters");
    assert_eq!(card_security.signer().country(), Some("DE"));
}

/// The mapping itself was not recorded, only its start and two bytes of a nonce.
fn start_of_integrated_mapping(trace: &Trace) {
    let card_access = hex("31143012060A04007F0007020204040202010202010D");
    let infos = SecurityInfos::parse(&card_access, 0).unwrap();
    let info = infos.pace().next().unwrap();
    assert_eq!(info.protocol.mapping, PaceMapping::Integrated);
    let password = Password::Can(Can::new("123456").unwrap());
    let (mut pace, command) = Pace::start(info, &infos, &password, true).unwrap();
    assert_eq!(command.encode().unwrap(), trace[0].0);
    let response = ResponseApdu::parse(&trace[0].1).unwrap();
    let Progress::Command(command) = pace.respond(&response, &mut fixed("")).unwrap() else {
        panic!()
    };
    assert_eq!(command.encode().unwrap(), trace[1].0);
    let response = ResponseApdu::parse(&trace[1].1).unwrap();
    let error = pace.respond(&response, &mut fixed("")).unwrap_err();
    let (step, status) = (AccessStep::EncryptedNonce, StatusWord(0x8010));
    assert_eq!(error, AccessError::Refused { step, status });
    assert_eq!(trace.len(), 2);
}

/// JMRTD's applet in jCardSim: BAC and every file.
fn whole_session_by_bac(trace: &Trace) {
    // The last EXTERNAL AUTHENTICATE is the one with the right key.
    let start = trace.iter().rposition(|(sent, _)| sent[1] == 0x82).unwrap() - 1;
    let cryptogram = &trace[start + 1].0[5..37];
    let seed = &DigestAlgorithm::Sha1.digest(MRZ_INFORMATION.as_bytes()).unwrap()[..16];
    let key = kdf::derive(seed, KeyUse::Encryption, Cipher::TripleDes).unwrap();
    let plain = key.cbc_decrypt(&[0; 8], cryptogram).unwrap();
    let random: String =
        [&plain[..8], &plain[16..]].concat().iter().map(|octet| format!("{octet:02x}")).collect();

    let establish = || {
        let mut random = fixed(&random);
        let key = MrzKey::new("L898902C", "690806", "940623").unwrap();
        let (mut bac, mut command) = Bac::start(&key).unwrap();
        for (sent, response) in &trace[start..] {
            assert_eq!(command.encode().unwrap(), *sent);
            match bac.respond(&ResponseApdu::parse(response).unwrap(), &mut random).unwrap() {
                Progress::Command(next) => command = next,
                Progress::Established(established) => return established.session,
            }
        }
        panic!("no session");
    };
    // The last answer is an error outside secure messaging.
    let (last, files) = trace[start + 2..].split_last().unwrap();
    let plain = replay(establish(), establish(), files);
    let mut com = plain.iter().skip_while(|(command, _)| command.data[..] != [0x01, 0x1E]);
    let (_, file) = com.nth(1).unwrap();
    assert_eq!(file.data[..2], [0x60, 22], "{}", ElementaryFile::Com);
    assert_eq!(last.1, hex("6982"));
    let bytes: usize = plain.iter().map(|(_, response)| response.data.len()).sum();
    // EF.COM, DG1, DG14 and DG15 whole, 400 bytes of EF.SOD and of DG2.
    assert_eq!(bytes, 24 + 93 + 334 + 164 + 400 + 400);
}

/// A simulated German identity card: EF.CardAccess, the start of PACE by CAN,
/// and EF.CardSecurity, which it gives in plain.
fn identity_card(trace: &Trace) {
    let data = |index: usize| &trace[index].1[..trace[index].1.len() - 2];
    let file = [data(2), data(3)].concat();
    let infos = SecurityInfos::parse(&file, 0).unwrap();
    let info = infos.pace().find(|info| Pace::supports(info, &infos).is_ok()).unwrap();
    let password = Password::Can(Can::new("500540").unwrap());
    let (mut pace, command) = Pace::start(info, &infos, &password, true).unwrap();
    assert_eq!(command.encode().unwrap(), trace[4].0);
    let response = ResponseApdu::parse(&trace[4].1).unwrap();
    let Progress::Command(command) = pace.respond(&response, &mut fixed("")).unwrap() else {
        panic!()
    };
    assert_eq!(command.encode().unwrap(), trace[5].0);
    // The card answered without a nonce.
    let response = ResponseApdu::parse(&trace[5].1).unwrap();
    let error = pace.respond(&response, &mut fixed("")).unwrap_err();
    assert!(matches!(error, AccessError::Malformed { step: AccessStep::EncryptedNonce, .. }));

    let selected = trace.iter().position(|(sent, _)| sent.ends_with(&[2, 0x01, 0x1D])).unwrap();
    let file: Vec<u8> = (selected + 1..trace.len()).flat_map(data).copied().collect();
    // The simulator's file was edited after it was signed: its digest is that
    // of another content.
    let error = CardSecurity::verify(&file, None).unwrap_err();
    assert_eq!(error, CardSecurityError::Attributes);
}

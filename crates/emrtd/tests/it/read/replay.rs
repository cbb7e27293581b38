//! Recorded sessions: every command must be made again byte for byte, and every
//! response understood.

use emrtd::crypto::DigestAlgorithm;
use emrtd::crypto::cms::SignedData;
use emrtd::crypto::kdf::{self, KeyUse};
use emrtd::crypto::symmetric::{Cipher, Key};
use emrtd::lds::ElementaryFile;
use emrtd::lds::security_info::{PaceMapping, SecurityInfos};
use emrtd::read::apdu::{CommandApdu, ResponseApdu, StatusWord};
use emrtd::read::bac::Bac;
use emrtd::read::pace::Pace;
use emrtd::read::{Can, MrzKey, Password, Progress, SecureMessaging};

use super::chip::MRZ_INFORMATION;
use super::trace::{Trace, committed, parse};
use super::{fixed, hex};
use crate::shared;

fn recorded(name: &str) -> Option<Trace> {
    shared::shared(&format!("apdu-traces/{name}.txt")).map(|bytes| parse(&bytes))
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

/// Real AT and DE chips: MSE:Set AT and GENERAL AUTHENTICATE under the old keys,
/// SELECT under those of chip authentication.
#[test]
fn sessions_around_chip_authentication() {
    let cases = [
        (
            "AT",
            [
                "524170DE3419B7AF2F23E45AD6EF9595",
                "97893F5FDC29A5C13A924FE7D8ED44FD",
                "000000000000000000000000000000F0",
            ],
            ["C8E27260EFD3F318D18C080CBF11C7E6", "A942190365204A21409EB28B52BF9160"],
        ),
        (
            "DE",
            [
                "CC86415F2ED7E8FD663B754265695AE1",
                "581E84B8EE06C4D3EEE30461498D7FB3",
                "000000000000000000000000000000BA",
            ],
            ["AF0EEDB52E87B945FC5503B1C6875C1C", "CEB85BEDCECFF1DD1E25DFB672C4A5BF"],
        ),
    ];
    for (state, old, [encryption, mac]) in cases {
        let name = format!("gmrtd_chipauth_chip_auth_TestChipAuth{state}");
        let trace = committed(&name);
        let before = replay_with(Cipher::Aes128, old, &trace[..2]);
        assert_eq!(before[0].0.header(), [0, 0x22, 0x41, 0xA4]);
        assert_eq!(before[1].0.header(), [0, 0x86, 0, 0]);
        let zero = "00".repeat(16);
        let after = replay_with(Cipher::Aes128, [encryption, mac, &zero], &trace[2..]);
        assert_eq!(after[0].0.data[..], [0x01, 0x0E]);
        assert!(before.iter().chain(&after).all(|(_, answer)| answer.status == StatusWord::OK));
    }
}

/// A real chip signs the terminal's challenge.
#[test]
fn session_of_an_active_authentication() {
    let trace = committed("gmrtd_activeauth_active_auth_TestDoActiveAuth");
    let keys = [
        "b99d546108eaa251570876b6d3456dce",
        "e3857ca24946251c151c540e13f2cd51",
        "00000000000000cc",
    ];
    let plain = replay_with(Cipher::TripleDes, keys, &trace);
    assert_eq!(plain[0].0.data[..], hex("96302b0f3d7e7864"));
    assert_eq!(plain[0].1.data.len(), 224);
}

#[test]
fn sessions_of_the_worked_example() {
    let keys = [
        "979EC13B1CBFE9DCD01AB0FED307EAE5",
        "F1CB1F1FB5ADF208806B89DC579DC1F8",
        "887022120C06C226",
    ];
    for (name, commands) in [
        ("gmrtd_iso7816_nfc_session_TestNfcSessionSecureMessagingTDES", 3),
        ("gmrtd_iso7816_nfc_session_TestLastApduWithSM", 1),
    ] {
        let Some(trace) = recorded(name) else { return };
        assert_eq!(replay_with(Cipher::TripleDes, keys, &trace).len(), commands);
    }
}

/// A real German passport: EF.CardSecurity after PACE-CAM.
///
/// The password was not recorded, so PACE itself cannot be followed.
#[test]
fn card_security_of_a_real_chip() {
    let trace = committed("gmrtd_pace_pace_TestDoPace_CAM_ECDH_DE");
    let zero = "00".repeat(16);
    let keys =
        ["a8e85e938514ec67ae33cda3d43d3c48", "27f1adeb705a049a305b0c619b14b9b3", zero.as_str()];
    let plain = replay_with(Cipher::Aes128, keys, &trace[5..]);
    let file: Vec<u8> =
        plain.iter().flat_map(|(_, response)| response.data.iter().copied()).collect();
    let signed = SignedData::parse(&file, 0).unwrap();
    let infos = SecurityInfos::parse(&signed.content, signed.content_offset).unwrap();
    let mapping = |info: &emrtd::lds::security_info::PaceInfo| info.protocol.mapping;
    assert!(infos.pace().any(|info| mapping(info) == PaceMapping::ChipAuthentication));
    assert!(infos.chip_public_keys().count() > 0);
}

/// JMRTD's applet in jCardSim: BAC and every file.
#[test]
fn whole_session_by_bac() {
    let Some(trace) = recorded("own_vs_JMRTDapplet_jcardsim_BAC_SM_full") else { return };
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

/// A simulated German identity card: EF.CardAccess, and the start of PACE by CAN.
#[test]
fn announcements_of_an_identity_card() {
    let Some(trace) = recorded("gmrtd_vs_vicc-nPA_PACE-GM-ECDH-AES128_CAN_full") else { return };
    let part = |index: usize| &trace[index].1[..trace[index].1.len() - 2];
    let file = [part(2), part(3)].concat();
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
    assert!(pace.respond(&response, &mut fixed("")).is_err());
}

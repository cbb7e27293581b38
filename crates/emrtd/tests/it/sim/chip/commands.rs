//! Single commands: what a chip refuses, and how.

use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::security_info::{KeyAgreement, PaceMapping, PaceProtocol};
use emrtd::read::apdu::{CommandApdu, ResponseApdu};
use emrtd::read::{Can, MrzKey, Password, ReadErrorKind, ReadPolicy, Reader};
use emrtd::sim::{Chip, ChipDescription, PaceOffer, Personalisation, Quirks};
use emrtd::tlv::{self, Tag};
use proptest::prelude::*;

use super::{chip, exchange, issue, mrz, read, run};
use crate::read::hex;

fn answer(chip: &mut Chip, command: &str) -> (Vec<u8>, u16) {
    let response = ResponseApdu::parse(&chip.transmit(&hex(command))).unwrap();
    (response.data.to_vec(), response.status.0)
}

fn status(chip: &mut Chip, command: &str) -> u16 {
    answer(chip, command).1
}

const SELECT_MASTER: &str = "00A4000C";
const SELECT_APPLICATION: &str = "00A4040C 07 A0000002471001";
const GET_CHALLENGE: &str = "00840000 08";

#[test]
fn files_are_closed_before_access() {
    let mut chip = chip(&issue(&ChipDescription::card()));
    assert_eq!(status(&mut chip, "00A4020C 02 011C"), 0x9000, "EF.CardAccess is open");
    assert_eq!(status(&mut chip, "00B0000004"), 0x9000);
    assert_eq!(status(&mut chip, "00B09C0004"), 0x9000);
    assert_eq!(status(&mut chip, "00B0810000"), 0x9000, "EF.ATR/INFO");
    assert_eq!(status(&mut chip, "00A4020C 02 011D"), 0x6982, "EF.CardSecurity");
    assert_eq!(status(&mut chip, "00A4020C 02 0101"), 0x6A82, "no file of the master file");
    assert_eq!(status(&mut chip, SELECT_APPLICATION), 0x9000);
    assert_eq!(status(&mut chip, "00B0000004"), 0x6986, "nothing is selected");
    for file in ["0101", "011D", "011E", "0107"] {
        assert_eq!(status(&mut chip, &format!("00A4020C 02 {file}")), 0x6982);
        assert_eq!(status(&mut chip, &format!("00B0 8{} 00 04", &file[3..])), 0x6982);
    }
    assert_eq!(status(&mut chip, "00880000 08 0102030405060708 00"), 0x6982);
    assert_eq!(status(&mut chip, "002241A4 0C 800A04007F00070202030202"), 0x6982);
    assert_eq!(status(&mut chip, "002241A6 04 91020102"), 0x6982);
    assert_eq!(status(&mut chip, "00A4040C 07 A0000002471002"), 0x6A82, "another application");
    assert_eq!(status(&mut chip, SELECT_MASTER), 0x9000);
    assert_eq!(status(&mut chip, "00A4000C 02 3F00"), 0x9000);
    assert_eq!(answer(&mut chip, "00A40400 07 A0000002471001 00").0[0], 0x6F);
    assert_eq!(answer(&mut chip, "00A40404 07 A0000002471001 00").0[0], 0x62);
}

#[test]
fn unknown_commands_are_refused() {
    let mut chip = chip(&issue(&ChipDescription::old()));
    for (command, expected) in [
        ("", 0x6700),
        ("00", 0x6700),
        ("00A404", 0x6700),
        ("00A4040C 08 A0000002471001", 0x6700),
        ("00A4040C 000007 A0000002471001", 0x6700),
        ("80A4040C 07 A0000002471001", 0x6E00),
        ("01A4040C 07 A0000002471001", 0x6881),
        ("0CA4040C 07 A0000002471001", 0x6987),
        ("00010000", 0x6D00),
        ("00A4070C", 0x6A86),
        ("0084000108", 0x6A86),
        ("00C0000010", 0x6985),
        ("00820000 28 00", 0x6700),
        ("00860000 02 7C00 00", 0x6985),
    ] {
        assert_eq!(status(&mut chip, command), expected, "{command}");
    }
}

#[test]
fn bac_is_refused_without_application_challenge_or_password() {
    let mut chip = chip(&issue(&ChipDescription::old()));
    assert_eq!(status(&mut chip, GET_CHALLENGE), 0x6985);
    assert_eq!(status(&mut chip, SELECT_APPLICATION), 0x9000);
    let authenticate = format!("00820000 28 {} 28", "AB".repeat(40));
    assert_eq!(status(&mut chip, &authenticate), 0x6985);
    assert_eq!(status(&mut chip, GET_CHALLENGE), 0x9000);
    assert_eq!(status(&mut chip, &authenticate), 0x6300);
    assert_eq!(status(&mut chip, &authenticate), 0x6985, "a challenge serves once");
    let first = answer(&mut chip, GET_CHALLENGE).0;
    assert_ne!(first, answer(&mut chip, GET_CHALLENGE).0);
    assert_eq!(status(&mut chip, SELECT_APPLICATION), 0x9000);
    assert_eq!(status(&mut chip, &authenticate), 0x6985, "another command came between");

    let mut without = super::chip(&issue(&ChipDescription::card()));
    assert_eq!(status(&mut without, SELECT_APPLICATION), 0x9000);
    assert_eq!(status(&mut without, GET_CHALLENGE), 0x6985, "a chip without BAC");
}

/// MSE:Set AT for PACE by the zone; `parameters` may name the group.
fn start_pace(chip: &mut Chip, offer: PaceOffer, password: u8, parameters: Option<u8>) -> u16 {
    let mut data = tlv::tagged(Tag(0x80), offer.protocol.oid().octets());
    data.extend(tlv::tagged(Tag(0x83), &[password]));
    data.extend(parameters.map(|id| tlv::tagged(Tag(0x84), &[id])).unwrap_or_default());
    let command = CommandApdu::new(0, 0x22, 0xC1, 0xA4).with_data(&data);
    ResponseApdu::parse(&chip.transmit(&command.encode().unwrap())).unwrap().status.0
}

#[test]
fn pace_is_refused_out_of_order_and_with_wrong_parameters() {
    let cipher = Cipher::Aes128;
    let protocol =
        PaceProtocol { agreement: KeyAgreement::Ecdh, mapping: PaceMapping::Generic, cipher };
    let offer = |domain| PaceOffer { protocol, domain };
    let pace = vec![offer(12), offer(13)];
    let mut chip =
        chip(&issue(&ChipDescription { pace, can: None, ..ChipDescription::passport() }));
    assert_eq!(start_pace(&mut chip, offer(12), 1, None), 0x6A88, "which of the two groups");
    assert_eq!(start_pace(&mut chip, offer(12), 1, Some(14)), 0x6A88);
    assert_eq!(start_pace(&mut chip, offer(12), 2, Some(12)), 0x6A88, "no card access number");
    assert_eq!(start_pace(&mut chip, offer(12), 3, Some(12)), 0x6A88, "no PIN");
    let unknown = PaceProtocol { cipher: Cipher::Aes256, ..protocol };
    assert_eq!(
        start_pace(&mut chip, PaceOffer { protocol: unknown, domain: 12 }, 1, Some(12)),
        0x6A80
    );
    let point = format!("04{}", "11".repeat(64));
    let map = format!("10860000 45 7C43 8141 {point} 00");
    assert_eq!(start_pace(&mut chip, offer(12), 1, Some(12)), 0x9000);
    assert_eq!(status(&mut chip, &map), 0x6A80, "a point before the nonce");
    assert_eq!(status(&mut chip, "10860000 02 7C00 00"), 0x6985, "it is over");
    assert_eq!(start_pace(&mut chip, offer(12), 1, Some(12)), 0x9000);
    assert_eq!(status(&mut chip, "10860000 02 7C00 00"), 0x9000);
    assert_eq!(status(&mut chip, &map), 0x6A80, "a point off the curve");
    assert_eq!(status(&mut chip, SELECT_APPLICATION), 0x9000);
    assert_eq!(start_pace(&mut chip, offer(12), 1, Some(12)), 0x6985, "not in the application");
}

#[test]
fn wrong_passwords_open_nothing() {
    let wrong_zone = || Password::Mrz(MrzKey::new("X", "000101", "000101").unwrap());
    let wrong_can = || Password::Can(Can::new("500541").unwrap());
    let policy = ReadPolicy { allow_bac: false, ..ReadPolicy::default() };
    let refused = |chip: &mut Chip, password| match read(chip, password, policy.clone()) {
        Err(error) => match error.kind {
            ReadErrorKind::Access(emrtd::read::AccessError::WrongPassword(status)) => status.0,
            kind => panic!("{kind}"),
        },
        Ok(_) => panic!("opened"),
    };
    let mut description = ChipDescription::card();
    let personalisation = issue(&description);
    let mut one = chip(&personalisation);
    assert_eq!(refused(&mut one, wrong_zone()), 0x6300);
    assert_eq!(refused(&mut one, wrong_can()), 0x6300);

    description.quirks = Quirks { counts_tries: true, ..Quirks::default() };
    let mut one = chip(&issue(&description));
    for expected in [0x63C2, 0x63C1, 0x63C0, 0x63C0] {
        assert_eq!(refused(&mut one, wrong_can()), expected);
        one.reset();
    }
    // Neither password can be blocked (9303-11 §4.4): the right one still opens.
    let right = Password::Can(Can::new("500540").unwrap());
    assert!(read(&mut one, right, policy.clone()).is_ok());
    one.reset();
    assert_eq!(refused(&mut one, wrong_can()), 0x63C2, "counted anew");
}

/// A chip with its session, after all was read.
fn opened(personalisation: &Personalisation) -> (Chip, Reader) {
    let mut chip = chip(personalisation);
    let mut reader = Reader::new(mrz(personalisation), ReadPolicy::default());
    assert!(run(&mut chip, &mut reader).unwrap());
    (chip, reader)
}

#[test]
fn a_fault_ends_the_session() {
    for description in [ChipDescription::old(), ChipDescription::passport()] {
        let personalisation = issue(&description);
        let read = CommandApdu::new(0, 0xB0, 0x81, 0).expecting(8);
        // Protected commands that are altered, without MAC, and repeated.
        for (altered, expected) in [(true, 0x6988), (false, 0x6987)] {
            let (mut chip, mut reader) = opened(&personalisation);
            let mut command = reader.channel().send(&read).unwrap();
            if altered {
                let position = command.len() - 2;
                command[position] ^= 1;
            } else {
                let start = command.len() - 11;
                command.drain(start..start + 10);
                command[4] -= 10;
            }
            assert_eq!(chip.transmit(&command), u16::to_be_bytes(expected));
            // The right one does not help any more.
            let command = reader.channel().send(&read).unwrap();
            assert_eq!(chip.transmit(&command), [0x69, 0x87]);
            assert_eq!(status(&mut chip, "00B0810008"), 0x6982);
        }
        let (mut chip, mut reader) = opened(&personalisation);
        let command = reader.channel().send(&read).unwrap();
        assert_eq!(chip.transmit(&command).last_chunk(), Some(&[0x90, 0x00]));
        assert_eq!(chip.transmit(&command), [0x69, 0x88], "a replayed command");

        let (mut chip, mut reader) = opened(&personalisation);
        assert_eq!(status(&mut chip, "00B0810008"), 0x6982, "a command in plain");
        assert!(exchange(&mut chip, &mut reader, &read).is_err(), "has ended the session");

        let (mut chip, mut reader) = opened(&personalisation);
        chip.reset();
        assert!(exchange(&mut chip, &mut reader, &read).is_err());
    }
}

#[test]
fn protected_refusals_keep_the_session() {
    let personalisation = issue(&ChipDescription::passport());
    let (mut chip, mut reader) = opened(&personalisation);
    let mut refused = |command: CommandApdu, expected| {
        let response = exchange(&mut chip, &mut reader, &command).unwrap();
        assert_eq!((response.status.0, response.data.len()), (expected, 0));
    };
    refused(CommandApdu::new(0, 0xA4, 0x02, 0x0C).with_data(&[0x01, 0x03]), 0x6A82);
    refused(CommandApdu::new(0, 0xB0, 0x81, 0).expecting(240), 0x6700);
    refused(CommandApdu::new(0, 0xA4, 0x02, 0x0C).with_data(&[0x01, 0x01]), 0x9000);
    refused(CommandApdu::new(0, 0xB0, 0x7F, 0xFF).expecting(8), 0x6B00);
    refused(CommandApdu::new(0, 0xB1, 0, 0).with_data(&[0x54, 0]).expecting(2), 0x6700);
    refused(CommandApdu::new(0, 0xB1, 0, 0).with_data(&[0x55, 0]).expecting(9), 0x6A80);
    refused(CommandApdu::new(0, 0x88, 0, 0).with_data(&[1; 7]).expecting(256), 0x6700);
    refused(CommandApdu::new(0, 0x22, 0x41, 0xA6).with_data(&[0x91, 1, 4]), 0x6A80);
    let unknown = [0x80, 1, 4];
    refused(CommandApdu::new(0, 0x22, 0x41, 0xA4).with_data(&unknown), 0x6A80);
    let response =
        exchange(&mut chip, &mut reader, &CommandApdu::new(0, 0xB0, 0x81, 0).expecting(200));
    let response = response.unwrap();
    assert_eq!(response.status.0, 0x6282, "the file ends");
    assert_eq!(response.data.len(), 5 + 88);
}

#[test]
fn answers_to_reset_are_of_their_form() {
    for description in [ChipDescription::passport(), ChipDescription::old()] {
        let chip = chip(&issue(&description));
        let [0x3B, t0, 0x80, 0x01, historical @ .., _] = chip.atr() else { panic!() };
        assert_eq!(usize::from(t0 & 0x0F), historical.len());
        assert_eq!(chip.atr()[1..].iter().fold(0, |check, octet| check ^ octet), 0);
        let extended = description.quirks.extended_length.is_some();
        assert_eq!(historical.last().unwrap() & 0x40 != 0, extended);
    }
}

#[test]
fn malformed_personalisations_are_refused_without_panic() {
    let mut description = ChipDescription::passport();
    description.document.portrait.truncate(50);
    let encoded = issue(&description).encode();
    for len in 0..encoded.len() {
        assert!(Personalisation::decode(&encoded[..len]).is_err(), "{len}");
    }
    let mut accepted = 0;
    for position in 0..encoded.len() {
        let mut changed = encoded.clone();
        changed[position] ^= 0x41;
        if let Ok(personalisation) = Personalisation::decode(&changed) {
            accepted += 1;
            let mut chip = chip(&personalisation);
            for command in ["00B09C0000", SELECT_APPLICATION, GET_CHALLENGE] {
                assert!(chip.transmit(&hex(command)).len() >= 2);
            }
            assert!(personalisation.mrz_key().is_some() || position < 200);
        }
    }
    assert!(accepted > 0, "keys and files are any bytes");
    assert_eq!(format!("{:?}", issue(&description)).matches("ERIKSSON").count(), 0);
}

#[test]
fn descriptions_that_contradict_themselves_are_refused() {
    let refused = |description: ChipDescription| {
        Personalisation::issue(&super::UTOPIA, &description, crate::shared::NOW).unwrap_err()
    };
    let mut description = ChipDescription::passport();
    description.pace[0].domain = 0;
    refused(description);
    let mut description = ChipDescription::passport();
    description.pace[0].domain = 7;
    refused(description);
    let mut description = ChipDescription::passport();
    description.chip_authentication[0].domain = 1;
    refused(description);
    let can = Some("12".to_owned());
    refused(ChipDescription { can, ..ChipDescription::card() });
    let mut description = ChipDescription::passport();
    description.holder.document_number = "way too long for a passport".to_owned();
    refused(description);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever a reader sends, in any order, a chip answers with a status.
    #[test]
    fn any_commands_are_answered(commands in prop::collection::vec(
        (
            prop::sample::select(vec![0x00, 0x10, 0x0C, 0x1C, 0x80, 0xFF]),
            prop::sample::select(vec![0xA4, 0xB0, 0xB1, 0x84, 0x82, 0x88, 0x22, 0x86, 0xC0, 0x00]),
            prop::sample::select(vec![0x0000, 0x020C, 0x040C, 0xC1A4, 0x41A4, 0x41A6, 0x8100]),
            prop::collection::vec(any::<u8>(), 0..60),
        ),
        1..40,
    )) {
        use std::sync::LazyLock;
        static PASSPORT: LazyLock<Personalisation> =
            LazyLock::new(|| issue(&ChipDescription::passport()));
        let mut chip = chip(&PASSPORT);
        for (cla, ins, parameters, rest) in commands {
            let [p1, p2] = u16::to_be_bytes(parameters);
            let command = [&[cla, ins, p1, p2], rest.as_slice()].concat();
            prop_assert!(chip.transmit(&command).len() >= 2);
        }
    }
}

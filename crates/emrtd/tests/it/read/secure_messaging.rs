use emrtd::crypto::symmetric::{Cipher, Key};
use emrtd::read::apdu::{CommandApdu, ResponseApdu, StatusWord};
use emrtd::read::secure_messaging::SecureMessagingError;
use emrtd::read::{Channel, ChannelError, SecureMessaging};
use proptest::prelude::*;

use super::hex;

fn session(cipher: Cipher, encryption: &str, mac: &str, counter: &str) -> SecureMessaging {
    let encryption = Key::new(cipher, &hex(encryption)).unwrap();
    let mac = Key::new(cipher, &hex(mac)).unwrap();
    SecureMessaging::from_keys(encryption, mac, &hex(counter)).unwrap()
}

/// The session of 9303-11 appendix D.3.
pub(super) fn example() -> SecureMessaging {
    session(
        Cipher::TripleDes,
        "979EC13B1CBFE9DCD01AB0FED307EAE5",
        "F1CB1F1FB5ADF208806B89DC579DC1F8",
        "887022120C06C226",
    )
}

fn select(file: [u8; 2]) -> CommandApdu {
    CommandApdu::new(0, 0xA4, 2, 0x0C).with_data(&file)
}

fn read_binary(offset: u16, expected: u32) -> CommandApdu {
    let [p1, p2] = offset.to_be_bytes();
    CommandApdu::new(0, 0xB0, p1, p2).expecting(expected)
}

/// 9303-11 appendix D.4, step by step
#[test]
fn follows_the_worked_example() {
    let mut session = example();
    let steps = [
        (
            select([0x01, 0x1E]),
            "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
            "990290008E08FA855A5D4C50A8ED9000",
            "",
            "887022120C06C228",
        ),
        (
            read_binary(0, 4),
            "0CB000000D9701048E08ED6705417E96BA5500",
            "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
            "60145F01",
            "887022120C06C22A",
        ),
        (
            read_binary(4, 18),
            "0CB000040D9701128E082EA28A70F3C7B53500",
            "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
            "04303130365F36063034303030305C026175",
            "887022120C06C22C",
        ),
    ];
    for (command, protected, response, data, counter) in steps {
        assert_eq!(session.protect(&command).unwrap().encode().unwrap(), hex(protected));
        let response = ResponseApdu::parse(&hex(response)).unwrap();
        let plain = session.unprotect(&response).unwrap();
        assert_eq!((&plain.data[..], plain.status), (&hex(data)[..], StatusWord::OK));
        assert_eq!(session.counter(), hex(counter));
    }
}

fn refused(response: &str) -> SecureMessagingError {
    let mut session = example();
    session.protect(&read_binary(0, 4)).unwrap();
    session.unprotect(&ResponseApdu::parse(&hex(response)).unwrap()).unwrap_err()
}

/// Each is the right answer but for one thing. The MAC is not made again where
/// the form must be refused before it is looked at.
#[test]
fn refuses_malformed_responses() {
    assert_eq!(refused("6988"), SecureMessagingError::Unprotected(StatusWord(0x6988)));
    assert_eq!(refused("9000"), SecureMessagingError::Unprotected(StatusWord::OK));
    assert_eq!(refused("990290009000"), SecureMessagingError::NoMac);
    let malformed = [
        "60145F019000",
        "87090299F0EC34F9922651990290008E08AD55CC17140B2DED9000",
        "990290008709019FF0EC34F99226518E08AD55CC17140B2DED9000",
        "99039000008E08AD55CC17140B2DED9000",
        "990290008E08AD55CC17140B2DED009000",
        "990290008E08AD55CC17140B2DED8E08AD55CC17140B2DED9000",
        "8784FFFFFFFF019000",
        "87809000",
    ];
    for response in malformed {
        assert!(matches!(refused(response), SecureMessagingError::Malformed(_)), "{response}");
    }
    assert_eq!(refused("990290008E08AD55CC17140B2DEC9000"), SecureMessagingError::WrongMac);
    assert_eq!(refused("990290008E009000"), SecureMessagingError::WrongMac);
}

/// Whatever the chip's side may sign, the terminal's side checks the rest.
#[test]
fn refuses_authentic_nonsense() {
    for cipher in Cipher::ALL {
        let pair = || {
            let terminal = SecureMessaging::from_secret(b"secret", cipher).unwrap();
            let chip = SecureMessaging::from_secret(b"secret", cipher).unwrap();
            (terminal, chip)
        };
        let answer = |objects: &[u8], status: u16| {
            let (mut terminal, mut chip) = pair();
            let command = terminal.protect(&read_binary(0, 4)).unwrap();
            chip.unprotect_command(&command).unwrap();
            // One message on, as the response is numbered.
            chip.protect_response(&ResponseApdu::parse(&hex("9000")).unwrap(), 0xB0).unwrap();
            let input = [&chip.counter()[..], objects].concat();
            let input = match cipher {
                Cipher::TripleDes => input,
                _ => emrtd::crypto::symmetric::pad(&input, 16),
            };
            let mac = chip.mac_key().mac(&input).unwrap();
            let bytes = [objects, &[0x8E, 8], &mac, &status.to_be_bytes()].concat();
            terminal.unprotect(&ResponseApdu::parse(&bytes).unwrap())
        };
        assert!(answer(&hex("99029000"), 0x9000).is_ok());
        assert_eq!(answer(&[], 0x9000).unwrap_err(), SecureMessagingError::NoStatus);
        assert_eq!(
            answer(&hex("99029000"), 0x6282).unwrap_err(),
            SecureMessagingError::StatusMismatch
        );
        for cryptogram in ["870101", "8703010203"] {
            let objects = [hex(cryptogram), hex("99029000")].concat();
            assert_eq!(answer(&objects, 0x9000).unwrap_err(), SecureMessagingError::Cryptogram);
        }
        let blocks = [vec![0x87, 0x11, 0x01], vec![0xEE; 16], hex("99029000")].concat();
        assert_eq!(answer(&blocks, 0x9000).unwrap_err(), SecureMessagingError::Cryptogram);
    }
}

#[test]
fn a_replayed_response_is_refused_and_ends_the_session() {
    let mut channel = Channel::new(false);
    channel.set_session(Some(example()));
    let answer = hex("990290008E08FA855A5D4C50A8ED9000");
    channel.send(&select([0x01, 0x1E])).unwrap();
    channel.receive(&answer).unwrap();
    channel.send(&select([0x01, 0x1E])).unwrap();
    let error = channel.receive(&answer).unwrap_err();
    assert_eq!(error, ChannelError::SecureMessaging(SecureMessagingError::WrongMac));
    assert!(channel.session().is_none());
}

#[test]
fn keys_that_do_not_fit_make_no_session() {
    let des = || Key::new(Cipher::TripleDes, &[1; 16]).unwrap();
    let aes = || Key::new(Cipher::Aes128, &[1; 16]).unwrap();
    assert!(SecureMessaging::from_keys(des(), aes(), &[0; 8]).is_none());
    assert!(SecureMessaging::from_keys(aes(), aes(), &[0; 8]).is_none());
    assert!(SecureMessaging::from_keys(des(), des(), &[0; 16]).is_none());
}

proptest! {
    #[test]
    fn both_sides_understand_each_other(
        data in proptest::collection::vec(any::<u8>(), 0..600),
        answer in proptest::collection::vec(any::<u8>(), 0..600),
        ins in prop_oneof![Just(0xB0_u8), Just(0xB1)],
        expected in 0..=65_536_u32,
        cipher in 0..4_usize,
        flip in any::<prop::sample::Index>(),
    ) {
        let cipher = Cipher::ALL[cipher];
        let mut terminal = SecureMessaging::from_secret(b"secret", cipher).unwrap();
        let mut chip = SecureMessaging::from_secret(b"secret", cipher).unwrap();
        let command = CommandApdu::new(0, ins, 0, 0).with_data(&data).expecting(expected);
        let protected = terminal.protect(&command).unwrap();
        prop_assert_eq!(chip.unprotect_command(&protected).unwrap(), command.clone());
        let response = ResponseApdu { data: answer.into(), status: StatusWord::OK };
        let protected = chip.protect_response(&response, ins).unwrap();

        let mut bytes = protected.encode();
        let index = flip.index(bytes.len());
        bytes[index] ^= 1;
        let mut other = SecureMessaging::from_secret(b"secret", cipher).unwrap();
        other.protect(&command).unwrap();
        prop_assert!(other.unprotect(&ResponseApdu::parse(&bytes).unwrap()).is_err());

        prop_assert_eq!(terminal.unprotect(&protected).unwrap(), response);
    }
}

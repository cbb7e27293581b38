use emrtd::read::apdu::{ApduError, CommandApdu, MAX_EXPECTED, ResponseApdu, StatusWord};
use emrtd::read::{Channel, ChannelError, Received};
use proptest::prelude::*;

use super::hex;

/// ISO/IEC 7816-4 §5.1: the cases of a command, short and extended
#[test]
fn encodes_every_case() {
    let base = CommandApdu::new(0, 0xB0, 1, 2);
    let long = vec![7; 256];
    let cases = [
        (base.clone(), hex("00B00102")),
        (base.clone().expecting(5), hex("00B0010205")),
        (base.clone().expecting(256), hex("00B0010200")),
        (base.clone().with_data(&[9, 8]), hex("00B00102020908")),
        (base.clone().with_data(&[9, 8]).expecting(256), hex("00B0010202090800")),
        (base.clone().expecting(257), hex("00B00102000101")),
        (base.clone().expecting(MAX_EXPECTED), hex("00B00102000000")),
        (base.clone().with_data(&long), [hex("00B00102000100"), long.clone()].concat()),
        (
            base.with_data(&long).expecting(MAX_EXPECTED),
            [hex("00B00102000100"), long, hex("0000")].concat(),
        ),
    ];
    for (command, bytes) in cases {
        assert_eq!(command.encode().unwrap(), bytes);
        assert_eq!(CommandApdu::parse(&bytes).unwrap(), command);
    }
}

#[test]
fn refuses_what_is_no_apdu() {
    let too_long = CommandApdu::new(0, 0, 0, 0).with_data(&[0; 65_536]);
    assert_eq!(too_long.encode().unwrap_err(), ApduError::CommandTooLong(65_536));
    for bytes in
        ["", "00", "00B000", "00B0000002AA", "00B0000001AABBCC", "00B000000000", "00B00000000002AA"]
    {
        let bytes = hex(bytes);
        assert!(
            matches!(CommandApdu::parse(&bytes), Err(ApduError::CommandLength(len)) if len == bytes.len()),
            "{bytes:02X?}"
        );
    }
    assert_eq!(ResponseApdu::parse(&[]).unwrap_err(), ApduError::NoStatus(0));
    assert_eq!(ResponseApdu::parse(&[0x90]).unwrap_err(), ApduError::NoStatus(1));
    let long = vec![0; 65_539];
    assert_eq!(ResponseApdu::parse(&long).unwrap_err(), ApduError::ResponseTooLong(65_539));
}

#[test]
fn debug_shows_no_data() {
    let command = CommandApdu::new(0, 0xA4, 4, 0x0C).with_data(b"SECRET");
    assert_eq!(format!("{command:?}"), "CommandApdu(00A4040C, 6 bytes, Ne 0)");
    let response = ResponseApdu::parse(b"SECRET\x90\x00").unwrap();
    assert_eq!(format!("{response:?}"), "ResponseApdu(6 bytes, 9000)");
}

fn response(received: Received) -> ResponseApdu {
    match received {
        Received::Response(response) => response,
        Received::Send(bytes) => panic!("{bytes:02X?}"),
    }
}

fn send(received: Received) -> Vec<u8> {
    match received {
        Received::Send(bytes) => bytes,
        Received::Response(response) => panic!("{response:?}"),
    }
}

#[test]
fn follows_61xx_and_corrects_6cxx() {
    let mut channel = Channel::new(false);
    let command = CommandApdu::new(0, 0xB0, 0, 0).expecting(256);
    assert_eq!(channel.send(&command).unwrap(), hex("00B0000000"));
    assert_eq!(send(channel.receive(&hex("6C03")).unwrap()), hex("00B0000003"));
    assert_eq!(send(channel.receive(&hex("AA6102")).unwrap()), hex("00C0000002"));
    assert_eq!(send(channel.receive(&hex("BB6101")).unwrap()), hex("00C0000001"));
    let whole = response(channel.receive(&hex("CC9000")).unwrap());
    assert_eq!((&whole.data[..], whole.status), (&hex("AABBCC")[..], StatusWord::OK));
    assert_eq!(channel.receive(&hex("9000")).unwrap_err(), ChannelError::NotSent);
}

#[test]
fn a_second_6cxx_is_an_answer() {
    let mut channel = Channel::new(false);
    channel.send(&CommandApdu::new(0, 0xB0, 0, 0).expecting(256)).unwrap();
    send(channel.receive(&hex("6C03")).unwrap());
    assert_eq!(response(channel.receive(&hex("6C04")).unwrap()).status, StatusWord(0x6C04));
}

#[test]
fn endless_61xx_ends() {
    for (body, rounds) in [(vec![], 2), (vec![1], 400), (vec![1; 256], 400)] {
        let mut channel = Channel::new(true);
        channel.send(&CommandApdu::new(0, 0xB0, 0, 0).expecting(256)).unwrap();
        let answer = [&body[..], &[0x61, 0x00]].concat();
        let error = (0..rounds).find_map(|_| channel.receive(&answer).err());
        assert_eq!(error, Some(ChannelError::EndlessResponse), "{} bytes", body.len());
    }
}

#[test]
fn chains_long_commands_without_extended_lengths() {
    let command = CommandApdu::new(0x10, 0x86, 0, 0).with_data(&[5; 300]).expecting(256);
    let mut channel = Channel::new(false);
    let first = CommandApdu::parse(&channel.send(&command).unwrap()).unwrap();
    assert_eq!((first.cla, first.data.len(), first.expected), (0x10, 255, 0));
    let last = CommandApdu::parse(&send(channel.receive(&hex("9000")).unwrap())).unwrap();
    assert_eq!((last.cla, last.data.len(), last.expected), (0x10, 45, 256));
    assert_eq!(response(channel.receive(&hex("AA9000")).unwrap()).data[..], [0xAA]);

    channel.send(&command).unwrap();
    let error = channel.receive(&hex("6884")).unwrap_err();
    assert_eq!(error, ChannelError::Chain(StatusWord(0x6884)));

    let mut extended = Channel::new(true);
    assert_eq!(CommandApdu::parse(&extended.send(&command).unwrap()).unwrap(), command);
}

proptest! {
    #[test]
    fn commands_survive_the_wire(
        header in any::<[u8; 4]>(),
        data in proptest::collection::vec(any::<u8>(), 0..700),
        expected in 0..=MAX_EXPECTED,
    ) {
        let [cla, ins, p1, p2] = header;
        let command = CommandApdu::new(cla, ins, p1, p2).with_data(&data).expecting(expected);
        prop_assert_eq!(CommandApdu::parse(&command.encode().unwrap()).unwrap(), command);
    }

    #[test]
    fn no_response_panics(responses in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..20), 0..20)) {
        let mut channel = Channel::new(false);
        channel.send(&CommandApdu::new(0, 0xB0, 0, 0).expecting(256)).unwrap();
        for response in responses {
            if !matches!(channel.receive(&response), Ok(Received::Send(_))) {
                break;
            }
        }
    }
}

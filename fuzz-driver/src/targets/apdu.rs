use emrtd::crypto::symmetric::{Cipher, pad};
use emrtd::read::apdu::{CommandApdu, ResponseApdu};
use emrtd::read::{Channel, Received, SecureMessaging};

/// Both directions of APDUs: what is read is written the same, as far as its
/// lengths go, and a channel ends.
pub(super) fn apdu(data: &[u8]) {
    if let Ok(command) = CommandApdu::parse(data) {
        let encoded = command.encode();
        assert!(encoded.is_ok_and(|bytes| CommandApdu::parse(&bytes).as_ref() == Ok(&command)));
        let mut channel = Channel::new(data.len().is_multiple_of(2));
        if channel.send(&command).is_ok() {
            let links = command.data.len() / 200 + 2;
            let sent =
                (0..).find(|_| !matches!(channel.receive(&[0x90, 0]), Ok(Received::Send(_))));
            assert!(sent.is_some_and(|sent| sent <= links));
        }
    }
    if let Ok(response) = ResponseApdu::parse(data) {
        assert_eq!(response.encode(), data);
    }
}

/// Data objects that the chip authenticated, whatever they are. The first byte
/// is the cipher.
pub(super) fn secure_messaging(data: &[u8]) {
    let Some((first, objects)) = data.split_first() else { return };
    let cipher = Cipher::ALL[usize::from(*first) % 4];
    let session = || SecureMessaging::from_secret(b"fuzz", cipher);
    let (Ok(mut terminal), Ok(mut chip)) = (session(), session()) else { return };
    let command = CommandApdu::new(0, 0xB0, 0, 0).expecting(256);
    let Ok(protected) = terminal.protect(&command) else { return };
    let opened = chip.unprotect_command(&protected);
    assert!(opened.is_ok_and(|opened| opened == command));

    let authentic = chip.protect_response(&ResponseApdu::of(&[], 0x9000), 0xB0);
    // The counter is now that of the response.
    let input = [&chip.counter()[..], objects].concat();
    let input = if cipher == Cipher::TripleDes { input } else { pad(&input, 16) };
    let Ok(mac) = chip.mac_key().mac(&input) else { return };
    let bytes = [objects, &[0x8E, 0x08], &mac].concat();
    for status in [0x9000, 0x6282, 0x6982] {
        let Ok(mut other) = session() else { return };
        if other.protect(&command).is_err() {
            return;
        }
        if let Ok(plain) = other.unprotect(&ResponseApdu::of(&bytes, status)) {
            assert_eq!(plain.status.0, status);
            assert!(plain.data.len() < bytes.len());
        }
    }
    assert!(authentic.is_ok_and(|response| terminal.unprotect(&response).is_ok()));
}

/// A response from its parts.
trait Of {
    fn of(data: &[u8], status: u16) -> Self;
}

impl Of for ResponseApdu {
    fn of(data: &[u8], status: u16) -> Self {
        let status = emrtd::read::apdu::StatusWord(status);
        Self { data: data.to_vec().into(), status }
    }
}

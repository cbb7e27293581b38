use emrtd::mrz::Mrz;
use emrtd::read::apdu::{ResponseApdu, StatusWord};
use emrtd::read::bac::Bac;
use emrtd::read::{AccessError, AccessStep, Can, MrzKey, Progress};

use super::trace::Trace;
use super::{fixed, hex};
use crate::shared::NOW;

const RANDOM: &str = "781723860C06C226 0B795240CB7049B01C19B33E32804F0B";

fn key() -> MrzKey {
    MrzKey::new("L898902C", "690806", "940623").unwrap()
}

/// 9303-11 appendix D.2: the four zones of the example give two keys. Two of its
/// composite check digits are misprinted, and are right here.
#[test]
fn takes_the_key_from_a_zone() {
    let zones = [
        ("I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<D23145890<UTO3407127M95071227349<<<8", false),
        ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<L898902C<3UTO6908061F9406236<<<<<<<2", true),
        (
            "I<UTOD23145890<7349<<<<<<<<<<<3407127M9507122UTO<<<<<<<<<<<2\
             STEVENSON<<PETER<JOHN<<<<<<<<<",
            false,
        ),
        (
            "I<UTOL898902C<3<<<<<<<<<<<<<<<6908061F9406236UTO<<<<<<<<<<<2\
             ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
            true,
        ),
    ];
    let long = MrzKey::new("D23145890734", "340712", "950712").unwrap();
    for (zone, short) in zones {
        let from_zone = MrzKey::from_mrz(&Mrz::parse(zone.as_bytes(), NOW).unwrap()).unwrap();
        assert!(from_zone == if short { key() } else { long.clone() }, "{zone}");
    }
}

#[test]
fn refuses_what_is_no_password() {
    assert!(MrzKey::new("", "690806", "940623").is_err());
    assert!(MrzKey::new("l898902c", "690806", "940623").is_err());
    assert!(MrzKey::new("L898902C", "69080", "940623").is_err());
    assert!(MrzKey::new("L898902C", "690806", "9406233").is_err());
    assert!(Can::new("12345").is_err());
    assert!(Can::new("123 456").is_err());
    assert_eq!(
        format!("{:?} {:?}", key(), Can::new("123456").unwrap()),
        "MrzKey(redacted) Can(redacted)"
    );
}

/// 9303-11 appendix D.3, step by step
#[test]
fn follows_the_worked_example() {
    let (mut bac, command) = Bac::start(&key()).unwrap();
    assert_eq!(command.encode().unwrap(), hex("0084000008"));
    let mut random = fixed(RANDOM);
    let challenge = ResponseApdu::parse(&hex("4608F919887022129000")).unwrap();
    let Progress::Command(command) = bac.respond(&challenge, &mut random).unwrap() else {
        panic!()
    };
    assert_eq!(
        command.encode().unwrap(),
        hex("008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2
             5F1448EEA8AD90A728")
    );
    let response = ResponseApdu::parse(&hex(
        "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000",
    ))
    .unwrap();
    let Progress::Established(established) = bac.respond(&response, &mut random).unwrap() else {
        panic!()
    };
    let session = established.session;
    assert_eq!(session.encryption_key().octets(), hex("979EC13B1CBFE9DCD01AB0FED307EAE5"));
    assert_eq!(session.mac_key().octets(), hex("F1CB1F1FB5ADF208806B89DC579DC1F8"));
    assert_eq!(session.counter(), hex("887022120C06C226"));
}

/// A recording of the worked example.
pub(super) fn replays(trace: &Trace) {
    let mut random = fixed(RANDOM);
    let (mut bac, mut command) = Bac::start(&key()).unwrap();
    for (index, (sent, response)) in trace.iter().enumerate() {
        assert_eq!(command.encode().unwrap(), *sent);
        match bac.respond(&ResponseApdu::parse(response).unwrap(), &mut random).unwrap() {
            Progress::Command(next) => command = next,
            Progress::Established(_) => assert_eq!(index, trace.len() - 1),
        }
    }
}

#[test]
fn refuses_a_chip_that_proves_nothing() {
    let good = "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449";
    let answer = |text: &str| {
        let mut random = fixed(RANDOM);
        let (mut bac, _) = Bac::start(&key()).unwrap();
        let challenge = ResponseApdu::parse(&hex("4608F919887022129000")).unwrap();
        bac.respond(&challenge, &mut random).unwrap();
        bac.respond(&ResponseApdu::parse(&hex(text)).unwrap(), &mut random).unwrap_err()
    };
    let step = AccessStep::ExternalAuthenticate;
    // A wrong MAC, and the terminal's own message sent back to it.
    let wrong = good.replace("2F2D235D074D7449", "2F2D235D074D7448");
    assert_eq!(answer(&format!("{wrong}9000")), AccessError::NotProven(step));
    let reflected =
        "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7";
    assert_eq!(answer(&format!("{reflected}9000")), AccessError::NotProven(step));
    for short in ["9000", "AA9000", &format!("{}9000", &good[..78])] {
        assert!(matches!(answer(short), AccessError::Malformed { .. }), "{short}");
    }
    assert_eq!(answer("6300"), AccessError::WrongPassword(StatusWord(0x6300)));
    assert_eq!(answer("6982"), AccessError::WrongPassword(StatusWord(0x6982)));
    let status = StatusWord(0x6F00);
    assert_eq!(answer("6F00"), AccessError::Refused { step, status });

    let (mut bac, _) = Bac::start(&key()).unwrap();
    let short = ResponseApdu::parse(&hex("4608F9198870229000")).unwrap();
    assert!(bac.respond(&short, &mut fixed("")).is_err());
}

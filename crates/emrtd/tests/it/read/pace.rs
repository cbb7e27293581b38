use emrtd::crypto::agreement::Domain;
use emrtd::crypto::kdf::pseudo_random;
use emrtd::crypto::symmetric::{Cipher, Key};
use emrtd::lds::security_info::{KeyAgreement, PaceInfo, PaceMapping, PaceProtocol, SecurityInfos};
use emrtd::read::SecureMessaging;
use emrtd::read::apdu::{ResponseApdu, StatusWord};
use emrtd::read::pace::Pace;
use emrtd::read::{AccessError, AccessStep, Established, MrzKey, Password, Progress};
use openssl::bn::{BigNum, BigNumContext};

use super::trace::{Trace, example};
use super::{fixed, hex};

fn info(agreement: KeyAgreement, mapping: PaceMapping, id: u32) -> PaceInfo {
    let protocol = PaceProtocol { agreement, mapping, cipher: Cipher::Aes128 };
    PaceInfo { protocol, version: 2, parameter_id: Some(id) }
}

fn replay(
    info: &PaceInfo,
    password: &Password,
    random: &str,
    trace: &Trace,
    name_parameters: bool,
) -> Result<Established, AccessError> {
    let mut random = fixed(random);
    let (mut pace, mut command) =
        Pace::start(info, &SecurityInfos::default(), password, name_parameters)?;
    for (sent, response) in trace {
        assert_eq!(command.encode().unwrap(), *sent);
        match pace.respond(&ResponseApdu::parse(response).unwrap(), &mut random)? {
            Progress::Command(next) => command = next,
            Progress::Established(established) => return Ok(established),
        }
    }
    panic!("the recording ends before the session is there");
}

fn example_g() -> Password {
    Password::Mrz(MrzKey::new("T22000129", "640812", "101031").unwrap())
}

const RANDOM_G1: &str = "
    7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99
    A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595";

/// 9303-11 appendix G.1
#[test]
fn generic_mapping_on_a_curve() {
    let info = info(KeyAgreement::Ecdh, PaceMapping::Generic, 13);
    let trace = example("pace-gm-ecdh");
    let established = replay(&info, &example_g(), RANDOM_G1, &trace, false).unwrap();
    let session = established.session;
    assert_eq!(session.encryption_key().octets(), hex("F5F0E35C0D7161EE6724EE513A0D9A7F"));
    assert_eq!(session.mac_key().octets(), hex("FE251C7858B356B24514B3BD5F4297D1"));
    assert_eq!(session.counter(), [0; 16]);
    assert!(established.chip_authentication.is_none());
}

/// A recording of the same, which names the domain parameters.
pub(super) fn replays_generic_mapping(trace: &Trace) {
    let info = info(KeyAgreement::Ecdh, PaceMapping::Generic, 13);
    let established = replay(&info, &example_g(), RANDOM_G1, trace, true).unwrap();
    let key = established.session.encryption_key().octets().to_vec();
    assert_eq!(key, hex("F5F0E35C0D7161EE6724EE513A0D9A7F"));
}

/// 9303-11 appendix G.2
#[test]
fn generic_mapping_in_a_prime_field() {
    let info = info(KeyAgreement::Dh, PaceMapping::Generic, 0);
    let random =
        "5265030F751F4AD18B08AC565FC7AC952E41618D 89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA";
    let established = replay(&info, &example_g(), random, &example("pace-gm-dh"), false).unwrap();
    let session = established.session;
    assert_eq!(session.encryption_key().octets(), hex("2F7F46ADCC9E7E521B45D192FAFA9126"));
    assert_eq!(session.mac_key().octets(), hex("805A1D27D45A5116F73C54469462B7D8"));
}

/// 9303-11 appendix I.1
#[test]
fn chip_authentication_mapping() {
    let info = info(KeyAgreement::Ecdh, PaceMapping::ChipAuthentication, 13);
    let password = Password::Mrz(MrzKey::new("C11T002JM", "960812", "231031").unwrap());
    let random = "
        5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC
        76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120";
    let established = replay(&info, &password, random, &example("pace-cam-ecdh"), false).unwrap();
    let session = established.session;
    assert_eq!(session.encryption_key().octets(), hex("0A9DA4DB03BDDE39FC5202BC44B2E89E"));
    assert_eq!(session.mac_key().octets(), hex("4B1C06491ED5140CA2B537D344C6C0B1"));
    let proof = established.chip_authentication.unwrap();
    let key = hex("0418727094 94399E74 70A6431B E25E83EE E24FEA56 8C2ED28D B48E05DB 3A610DC8
                     84D256A4 0E35EFCB 59BF6753 D3A489D2 8C7A4D97 3C2DA138 A6E7A4A0 8F68E16F");
    assert!(proof.proves(&key).unwrap());
    let other = Domain::standardized(13).unwrap().generator().unwrap();
    assert!(!proof.proves(&other).unwrap(), "another chip's key");
    assert!(!proof.proves(&key[1..]).unwrap());
    assert!(!proof.proves(&[]).unwrap());
}

/// 9303-11 appendix H.1
#[test]
fn integrated_mapping_on_a_curve() {
    let key = Key::new(Cipher::Aes128, &hex("591468CDA83D65219CCCB8560233600F")).unwrap();
    let nonce = key.cbc_decrypt(&[0; 16], &hex("143DC40C08C8E891FBED7DEDB92B64AD")).unwrap();
    assert_eq!(*nonce, hex("2923BE84E16CD6AE529049F1F1BBE9EB"));
    let own = hex("5DD4CBFC96F5453B130D890A1CDBAE32");
    let domain = Domain::standardized(13).unwrap();
    let random = pseudo_random(&nonce, &own, Cipher::Aes128, domain.field_bits()).unwrap();
    assert_eq!(
        *random,
        hex("E4447E2DFB3586BAC05DDB00156B57FBB2179A3949294C9725418980 0C517BAA
             8DA0FF397ED8C445D3E421E4FEB57322")
    );
    let mapped = domain.map_integrated(&random).unwrap();
    assert_eq!(
        mapped.generator().unwrap(),
        hex("048E82D31559ED0FDE92A4D0498ADD3C23BABA94FB77691E31E90AEA77FB17D427
             4C1AE14BD0C3DBAC0C871B7F3608169364437CA30AC243A089D3F266C1E60FAD")
    );
    let terminal = mapped
        .key_pair(&hex("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"))
        .unwrap();
    assert_eq!(
        terminal.public(),
        hex("0489CBA23FFE96AA18D824627C3E934E54A9FD0B87A95D1471DC1C0ABFDCD640D4
             6755DE9B7B778280B6BEBD57439ADFEB0E21FD4ED6DF42578C13418A59B34C37")
    );
    let chip = mapped
        .public_key(&hex("0467F78E5F7F7686082B293E8D087E056916D0F74BC01A5F8957D0DE45691E51E8
                          932B69A962B52A0985AD2C0A271EE6A13A8ADDDCD1A3A994B9DED257F4D22753"))
        .unwrap();
    assert_eq!(
        *mapped.agree(&terminal, &chip).unwrap(),
        hex("4F150FDE1D4F0E38E95017B891BAE17133A0DF45B0D3E18B60BA7BEAFDC2C713")
    );
    let secret = mapped.agree(&terminal, &chip).unwrap();
    let session = SecureMessaging::from_secret(&secret, Cipher::Aes128).unwrap();
    assert_eq!(session.encryption_key().octets(), hex("0D3FEB33251A6370893D62AE8DAAF51B"));
    assert_eq!(session.mac_key().octets(), hex("B01E89E3D9E8719E586B50B4A7506E0B"));
    let input = [&hex("7F494F060A04007F000702020404028641")[..], terminal.public()].concat();
    assert_eq!(session.mac_key().mac(&input).unwrap(), *hex("75D4D96E8D5B0308"));
}

/// 9303-11 appendix H.2
#[test]
fn integrated_mapping_in_a_prime_field() {
    let nonce = hex("FA5B7E3E49753A0DB9178B7B9BD898C8");
    let own = hex("B3A6DB3C870C3E99245E0D1C06B747DE");
    let domain = Domain::standardized(0).unwrap();
    let random = pseudo_random(&nonce, &own, Cipher::Aes128, domain.field_bits()).unwrap();
    assert_eq!(random[..16], hex("EAB98D13E09052952AA729907C3C9461"));
    assert_eq!(random[128..], hex("0FC187258995944C0F926E249373F485"));
    let mapped = domain.map_integrated(&random).unwrap();
    assert_eq!(
        mapped.generator().unwrap(),
        hex("1D7D767F11E333BCD6DBAEF40E799E7A926B96973550656FF3C830726D118D61
             C276CDCC61D475CF03A98E0C0E79CAEBA5BE25578BD4551D0B10903236F0B0F9
             76852FA78EEA14EA0ACA87D1E91F688FE0DFF897BBE35A472621D343564B262F
             34223AE8FC59B664BFEDFA2BFE7516CA5510A6BBB633D517EC25D4E0BBAA16C2")
    );
    // The example's private key is longer than the order of the group.
    let order = BigNum::from_slice(&hex("F518AA8781A8DF278ABA4E7D64B7CB9D49462353")).unwrap();
    let long =
        BigNum::from_slice(&hex("4BD0E54740F9A028E6A515BFDAF967848C4F5F5FFF65AA0915947FFD1A0DF2FA
             6981271BC905F3551457B7E03AC3B8066DE4AA406C1171FB43DD939C4BA16175
             103BA3DEE16419AA248118F90CC36A3D6F4C373652E0C3CCE7F0F1D0C5425B36
             00F0F0D6A67F004C8BBA33F2B4733C7252445C1DFC4F1107203F71D2EFB28161"))
        .unwrap();
    let mut private = BigNum::new().unwrap();
    private.nnmod(&long, &order, &mut BigNumContext::new().unwrap()).unwrap();
    let terminal = mapped.key_pair(&private.to_vec()).unwrap();
    assert_eq!(
        terminal.public(),
        hex("0F0CC62945A8029251FB7EF3C094E12EC68E4EF07F27CB9D9CD04C5C4250FAE0
             E4F8A951557E929AEB48E5C6DD47F2F5CD7C351A9BD2CD722C07EDE166770F08
             FFCB370262CF308DD7B07F2E0DA9CAAA1492344C852906919538C98A4BA4187E
             76CE9D87832386D319CE2E043C3343AEAE6EDBA1A9894DC5094D22F7FE1351D5")
    );
    let chip = hex("928D9A0F9DBA450F13FC859C6F290D1D36E42431138A4378500BEB4E0401854C
             FF111F71CB6DC1D0335807A11388CC8EAA87B07907AAD9FBA6B169AF6D8C26AF
             8DDDC39ADC3AD2E3FF882B84D23E9768E95A80E4746FB07A9767679FE92133B4
             D379935C771BD7FBED6C7BB4B1708B275EA75679524CDC9C6A91370CC662A2F3");
    let secret = mapped.agree(&terminal, &mapped.public_key(&chip).unwrap()).unwrap();
    assert_eq!(
        *secret,
        hex("419410D6C0A17A4C07C54872CE1CBCEB0A2705C1A434C8A89A4CFE41F1D78124
             CA7EC52BDE7615E5345E48AB1ABB6E7D1D59A57F3174084D3CA4570397C1F622
             28BDFDB2DA191EA2239E2C060DBE3BBC23C2FCD0AF12E0F9E0B99FCF91FF1959
             011D5798B2FCBC1F14FCC24E441F4C8F9B08D977E9498560E63E7FFAB3134EA7")
    );
    let session = SecureMessaging::from_secret(&secret, Cipher::Aes128).unwrap();
    assert_eq!(session.encryption_key().octets(), hex("01AFC10CF87BE36D8179E87370171F07"));
    assert_eq!(session.mac_key().octets(), hex("23F0FBD05FD6C7B8B88F4C8309669061"));
    let input = |key: &[u8]| [&hex("7F49818F060A04007F00070202040302848180")[..], key].concat();
    assert_eq!(session.mac_key().mac(&input(terminal.public())).unwrap(), *hex("C2F04230187E1525"));
    assert_eq!(session.mac_key().mac(&input(&chip)).unwrap(), *hex("55D61977CBF5307E"));
    assert!(pseudo_random(&nonce, &own[1..], Cipher::Aes128, 1024).is_none());
    assert!(pseudo_random(&nonce, &[0; 24], Cipher::Aes192, 1024).is_none());
}

#[test]
fn refuses_a_chip_that_proves_nothing() {
    let info = info(KeyAgreement::Ecdh, PaceMapping::Generic, 13);
    let good = example("pace-gm-ecdh");
    let with = |index: usize, response: &[u8]| {
        let mut trace = good.clone();
        trace[index].1 = response.to_vec();
        replay(&info, &example_g(), RANDOM_G1, &trace, false).unwrap_err()
    };
    // The terminal's own public keys and token, sent back.
    let reflect = |index: usize, tag: u8| {
        let data = &good[index].0[5..good[index].0.len() - 1];
        let mut response = data.to_vec();
        response[2] = tag;
        response.extend([0x90, 0x00]);
        with(index, &response)
    };
    assert_eq!(reflect(2, 0x82), AccessError::PublicKey(AccessStep::MapNonce));
    assert_eq!(reflect(3, 0x84), AccessError::PublicKey(AccessStep::KeyAgreement));
    let last = AccessStep::MutualAuthentication;
    assert_eq!(reflect(4, 0x86), AccessError::NotProven(last));
    let token = hex("7C0A86083ABB9674BCE93C099000");
    assert_eq!(with(4, &token), AccessError::NotProven(last));

    // A point off the curve, at the agreement.
    let mut off = good[3].1.clone();
    off[10] ^= 1;
    assert_eq!(with(3, &off), AccessError::PublicKey(AccessStep::KeyAgreement));

    assert_eq!(with(4, &hex("6300")), AccessError::WrongPassword(StatusWord(0x6300)));
    let status = StatusWord(0x6A80);
    let step = AccessStep::SetAuthenticationTemplate;
    assert_eq!(with(0, &hex("6A80")), AccessError::Refused { step, status });
    let malformed =
        ["9000", "7C009000", "7C0280009000", "7C0380010A9000", "7D009000", "7C84FFFFFFFF9000"];
    for response in malformed {
        let error = with(1, &hex(response));
        assert!(matches!(error, AccessError::Malformed { .. }), "{response}: {error:?}");
    }
}

#[test]
fn a_wrong_password_ends_before_the_session() {
    let info = info(KeyAgreement::Ecdh, PaceMapping::Generic, 13);
    let password = Password::Mrz(MrzKey::new("T22000129", "640813", "101031").unwrap());
    let trace = example("pace-gm-ecdh");
    let mut random = fixed(RANDOM_G1);
    let (mut pace, _) = Pace::start(&info, &SecurityInfos::default(), &password, false).unwrap();
    let mut result = Ok(());
    for (_, response) in &trace {
        match pace.respond(&ResponseApdu::parse(response).unwrap(), &mut random) {
            Ok(Progress::Command(_)) => {}
            Ok(Progress::Established(_)) => panic!("a session with the wrong password"),
            Err(error) => result = Err(error),
        }
    }
    assert!(result.is_err());
}

fn supports(info: &PaceInfo) -> bool {
    Pace::supports(info, &SecurityInfos::default()).is_ok()
}

#[test]
fn supports_standardized_parameters_only() {
    use KeyAgreement::{Dh, Ecdh};
    use PaceMapping::{Generic, Integrated};
    for id in [0, 1, 2] {
        assert!(supports(&info(Dh, Generic, id)));
        assert!(supports(&info(Dh, Integrated, id)));
        assert!(!supports(&info(Ecdh, Generic, id)), "a field is no curve");
    }
    for id in 8..=18 {
        assert!(supports(&info(Ecdh, Generic, id)));
        assert_eq!(supports(&info(Ecdh, Integrated, id)), id != 10, "P-224");
        assert!(!supports(&info(Dh, Generic, id)));
    }
    assert!(!supports(&info(Ecdh, Generic, 31)));
    let mut old = info(Ecdh, Generic, 13);
    old.version = 1;
    assert!(!supports(&old));
}

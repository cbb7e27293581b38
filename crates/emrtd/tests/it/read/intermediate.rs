//! The intermediate values of the worked examples of PACE: from the password to
//! the tokens, on both sides (9303-11 appendices G.1, G.2 and I.1).
//!
//! `pace.rs` follows the same examples as APDUs, and appendix H.

use emrtd::crypto::DigestAlgorithm;
use emrtd::crypto::agreement::Domain;
use emrtd::crypto::kdf::{self, KeyUse};
use emrtd::crypto::symmetric::{Cipher, Key, pad};
use emrtd::read::SecureMessaging;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::EcGroup;

use super::hex;

/// The values of one example, as printed; points without their first octet.
struct Example {
    domain: u32,
    mrz_information: &'static str,
    encoded_password: &'static str,
    password_key: &'static str,
    encrypted_nonce: &'static str,
    nonce: &'static str,
    /// Private and public: of the terminal, then of the chip.
    mapping: [[&'static str; 2]; 2],
    shared: &'static str,
    generator: &'static str,
    ephemeral: [[&'static str; 2]; 2],
    secret: &'static str,
    keys: [&'static str; 2],
    token_input: [&'static str; 2],
    tokens: [&'static str; 2],
}

fn follow(example: &Example) {
    let password = DigestAlgorithm::Sha1.digest(example.mrz_information.as_bytes()).unwrap();
    assert_eq!(password, hex(example.encoded_password));
    let key = kdf::derive(&password, KeyUse::Password, Cipher::Aes128).unwrap();
    assert_eq!(key.octets(), hex(example.password_key));
    let nonce = key.cbc_decrypt(&[0; 16], &hex(example.encrypted_nonce)).unwrap();
    assert_eq!(*nonce, hex(example.nonce));

    let domain = Domain::standardized(example.domain).unwrap();
    // Points go over the wire as uncompressed ones, field elements as they are.
    let octets = |text: &str| match domain.curve() {
        Some(_) => [&[0x04][..], &hex(text)].concat(),
        None => hex(text),
    };
    let pairs = |domain: &Domain, values: &[[&str; 2]; 2]| {
        values.map(|[private, public]| {
            let pair = domain.key_pair(&reduced(domain, &hex(private))).unwrap();
            let printed = octets(public);
            let zeros = printed.iter().take_while(|octet| **octet == 0).count();
            assert_eq!(pair.public(), &printed[zeros..]);
            pair
        })
    };
    let [terminal, chip] = pairs(&domain, &example.mapping);
    let public = |domain: &Domain, text: &str| domain.public_key(&octets(text)).unwrap();
    let from_chip = public(&domain, example.mapping[1][1]);
    let from_terminal = public(&domain, example.mapping[0][1]);
    let shared = hex(example.shared);
    let len = domain.field_len();
    assert_eq!(domain.agree(&terminal, &from_chip).unwrap()[..], shared[..len]);
    assert_eq!(domain.agree(&chip, &from_terminal).unwrap()[..], shared[..len]);
    let mapped = domain.map_generic(&terminal, &from_chip, &nonce).unwrap();
    assert_eq!(mapped.generator().unwrap(), octets(example.generator));
    let of_chip = domain.map_generic(&chip, &from_terminal, &nonce).unwrap();
    assert_eq!(of_chip.generator().unwrap(), octets(example.generator));

    let [terminal, chip] = pairs(&mapped, &example.ephemeral);
    let secret = mapped.agree(&terminal, &public(&mapped, example.ephemeral[1][1])).unwrap();
    assert_eq!(*secret, hex(example.secret));
    let of_chip = of_chip.agree(&chip, &public(&mapped, example.ephemeral[0][1])).unwrap();
    assert_eq!(secret, of_chip);
    let session = SecureMessaging::from_secret(&secret, Cipher::Aes128).unwrap();
    let keys = [session.encryption_key(), session.mac_key()].map(Key::octets);
    assert_eq!(keys, example.keys.map(hex).each_ref().map(Vec::as_slice));
    for (input, token) in example.token_input.iter().zip(example.tokens) {
        assert_eq!(session.mac_key().mac(&hex(input)).unwrap()[..], hex(token));
    }
}

/// One private key of appendix I.1 is beyond the order of its curve.
fn reduced(domain: &Domain, private: &[u8]) -> Vec<u8> {
    let Some(curve) = domain.curve() else { return private.to_vec() };
    let mut context = BigNumContext::new().unwrap();
    let (mut order, mut key) = (BigNum::new().unwrap(), BigNum::new().unwrap());
    let group = EcGroup::from_curve_name(curve.nid()).unwrap();
    group.order(&mut order, &mut context).unwrap();
    key.nnmod(&BigNum::from_slice(private).unwrap(), &order, &mut context).unwrap();
    key.to_vec()
}

/// 9303-11 appendix G.1
#[test]
fn ecdh_generic_mapping() {
    follow(&Example {
        domain: 13,
        mrz_information: "T22000129364081251010318",
        encoded_password: "7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD",
        password_key: "89DED1B26624EC1E634C1989302849DD",
        encrypted_nonce: "95A3A016522EE98D01E76CB6B98B42C3",
        nonce: "3F00C4D39D153F2B2A214A078D899B22",
        mapping: [
            [
                "7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99",
                "7ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E
         544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D",
            ],
            [
                "498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560",
                "824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57
         30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54",
            ],
        ],
        shared: "60332EF2450B5D247EF6D3868397D398852ED6E8CAF6FFEEF6BF85CA57057FD5
         0840CA7415BAF3E43BD414D35AA4608B93A2CAF3A4E3EA4E82C9C13D03EB7181",
        generator: "8CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E2
         8C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522",
        ephemeral: [
            [
                "A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
                "2DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C
         3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462",
            ],
            [
                "107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A",
                "9E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB
         7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094",
            ],
        ],
        secret: "28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925",
        keys: ["F5F0E35C0D7161EE6724EE513A0D9A7F", "FE251C7858B356B24514B3BD5F4297D1"],
        token_input: [
            "7F494F060A04007F000702020402028641049E880F842905B8B3181F7AF7CAA9
         F0EFB743847F44A306D2D28C1D9EC65DF6DB7764B22277A2EDDC3C265A9F018F
         9CB852E111B768B326904B59A0193776F094",
            "7F494F060A04007F000702020402028641042DB7A64C0355044EC9DF190514C6
         25CBA2CEA48754887122F3A5EF0D5EDD301C3556F3B3B186DF10B857B58F6A7E
         B80F20BA5DC7BE1D43D9BF850149FBB36462",
        ],
        tokens: ["C2B0BD78D94BA866", "3ABB9674BCE93C08"],
    });
}

/// 9303-11 appendix G.2
#[test]
fn dh_generic_mapping() {
    follow(&Example {
        domain: 0,
        mrz_information: "T22000129364081251010318",
        encoded_password: "7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD",
        password_key: "89DED1B26624EC1E634C1989302849DD",
        encrypted_nonce: "854D8DF5827FA6852D1A4FA701CDDDCA",
        nonce: "FA5B7E3E49753A0DB9178B7B9BD898C8",
        mapping: [
            [
                "5265030F751F4AD18B08AC565FC7AC952E41618D",
                "23FB3749EA030D2A25B278D2A562047ADE3F01B74F17A15402CB7352CA7D2B3E
         B71C343DB13D1DEBCE9A3666DBCFC920B49174A602CB47965CAA73DC702489A4
         4D41DB914DE9613DC5E98C94160551C0DF86274B9359BC0490D01B03AD54022D
         CB4F57FAD6322497D7A1E28D46710F461AFE710FBBBC5F8BA166F4311975EC6C",
            ],
            [
                "66DDAFEAC1609CB5B963BB0CB3FF8B3E047F336C",
                "78879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E6
         23EA5738B26381E4DA19E004706FACE7B235C2DBF2F38748312F3C98C2DD4882
         A41947B324AA1259AC22579DB93F7085655AF30889DBB845D9E6783FE42C9F24
         49400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B44126EE6",
            ],
        ],
        shared: "5BABEBEF5B74E5BA94B5C063FDA15F1F1CDE94873EE0A5D3A2FCAB49F258D07F
         544F13CB66658C3AFEE9E727389BE3F6CBBBD32128A8C21DD6EEA3CF7091CDDF
         B08B8D007D40318DCCA4FFBF51208790FB4BD111E5A968ED6B6F08B26CA87C41
         0B3CE0C310CE104EABD16629AA48620C1279270CB0750C0D37C57FFFE302AE7F",
        generator: "7C9CBFE98F9FBDDA8D143506FA7D9306F4CB17E3C71707AFF5E1C1A123702496
         84D64EE37AF44B8DBD9D45BF6023919CBAA027AB97ACC771666C8E98FF483301
         BFA4872DEDE9034EDFACB70814166B7F360676829B826BEA57291B5AD69FBC84
         EF1E779032A305803F74341793E869742D401325B37EE8565FFCDEE618342DC5",
        ephemeral: [
            [
                "89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA",
                "00907D89E2D425A178AA81AF4A7774EC8E388C115CAE67031E85EECE520BD911
         551B9AE4D04369F29A02626C86FBC6747CC7BC352645B6161A2A42D44EDA80A0
         8FA8D61B76D3A154AD8A5A51786B0BC07147057871A922212C5F67F431731722
         36B7747D1671E6D692A3C7D40A0C3C5CE397545D015C175EB5130551EDBC2EE5
         D4",
            ],
            [
                "A5B780126B7C980E9FCEA1D4539DA1D27C342DFA",
                "075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152B
         D8B3A213F53820C42ADC79AB5D0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC
         71A0E019CB08AF55E1F729005FBA7E3FA5DC41899238A250767A6D46DB974064
         386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29AEA1",
            ],
        ],
        secret: "6BABC7B3A72BCD7EA385E4C62DB2625BD8613B24149E146A629311C4CA6698E3
         8B834B6A9E9CD7184BA8834AFF5043D436950C4C1E7832367C10CB8C314D40E5
         990B0DF7013E64B4549E2270923D06F08CFF6BD3E977DDE6ABE4C31D55C0FA2E
         465E553E77BDF75E3193D3834FC26E8EB1EE2FA1E4FC97C18C3F6CFFFE2607FD",
        keys: ["2F7F46ADCC9E7E521B45D192FAFA9126", "805A1D27D45A5116F73C54469462B7D8"],
        token_input: [
            "7F49818F060A04007F00070202040102848180075693D9AE941877573E634B6E
         644F8E60AF17A0076B8B123D9201074D36152BD8B3A213F53820C42ADC79AB5D
         0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC71A0E019CB08AF55E1F729005F
         BA7E3FA5DC41899238A250767A6D46DB974064386CD456743585F8E5D90CC8B4
         004B1F6D866C79CE0584E49687FF61BC29AEA1",
            "7F49818F060A04007F00070202040102848180907D89E2D425A178AA81AF4A77
         74EC8E388C115CAE67031E85EECE520BD911551B9AE4D04369F29A02626C86FB
         C6747CC7BC352645B6161A2A42D44EDA80A08FA8D61B76D3A154AD8A5A51786B
         0BC07147057871A922212C5F67F43173172236B7747D1671E6D692A3C7D40A0C
         3C5CE397545D015C175EB5130551EDBC2EE5D4",
        ],
        tokens: ["B46DD9BD4D98381F", "917F37B5C0E6D8D1"],
    });
}

/// 9303-11 appendix I.1
#[test]
fn chip_authentication_mapping() {
    follow(&Example {
        domain: 13,
        mrz_information: "C11T002JM496081222310314",
        encoded_password: "894D03F148C6265E89845B218856EA34D00EF8E8",
        password_key: "4E6F6FBF7BE748B932C7B74161BBA9DF",
        encrypted_nonce: "CB60E8E0D85B76A9BD304747C2AD42E2",
        nonce: "658B860BC94DF6F044FCE6D5C82CF8E5",
        mapping: [
            [
                "5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC",
                "7F1D410ADB7DDB3B84BF1030800981A9105D7457B4A3ADE002384F3086C67EDE
         1AB889104A27DB6D842B019020FBF3CEACB0DC627F7BDCAC29969E19D0E553C1",
            ],
            [
                "9E56A6B59C95D06ECE5CD10F983BB2F4F1943528E577F23881D89D8C3BBEE0AA",
                "A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B3
         04F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E23",
            ],
        ],
        shared: "2C1DCC1773346492C6636A36EE4B965E292E9AAE7EE37736EF58B9D0A043F348
         403A8CF33CA7DC0D9DF61D0889CE24424FF97C1AAD48A5CA2A554B071EF7638D",
        generator: "89F0B5EABF3BE293C75903A3986131925C9F5B515CA95AF485DC7E886F03245D
         44BEFB2DD3A0DBD71CB5E618971CF4747F12B79E548379A40E45963BAAF3E829",
        ephemeral: [
            [
                "76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120",
                "446C934084D9DAB863944F219520076C29EE3F7AE6722B11FF319EC1C7728F95
         5483400BFF60BF0C5929270009277DC2A515E12575010AD9BA916CF1BF86FEFC",
            ],
            [
                "CD626EF3C256E235FE8912CAC28279E626008EDA6B3A05C4CF862A3BDAB79E78",
                "02AD566F3C6EC7F9324509AD50A51FA52030782A4968FCFEDF737DAEA9933331
         11C3B9B4C2287789BD137E7F8AA882E2A3C633CCD6ECC2C63C57AD401A09C2E1",
            ],
        ],
        secret: "67950559D0C06B4D4B86972D14460837461087F8419FDBC36AAF6CEAAC462832",
        keys: ["0A9DA4DB03BDDE39FC5202BC44B2E89E", "4B1C06491ED5140CA2B537D344C6C0B1"],
        token_input: [
            "7F494F060A04007F0007020204060286410402AD566F3C6EC7F9324509AD50A5
         1FA52030782A4968FCFEDF737DAEA993333111C3B9B4C2287789BD137E7F8AA8
         82E2A3C633CCD6ECC2C63C57AD401A09C2E1",
            "7F494F060A04007F00070202040602864104446C934084D9DAB863944F219520
         076C29EE3F7AE6722B11FF319EC1C7728F955483400BFF60BF0C592927000927
         7DC2A515E12575010AD9BA916CF1BF86FEFC",
        ],
        tokens: ["E86BD06018A1CD3B", "8596CF055C67C1A3"],
    });
}

/// 9303-11 appendix I.1, the part after the tokens
#[test]
fn chip_authentication_data() {
    let key = Key::new(Cipher::Aes128, &hex("0A9DA4DB03BDDE39FC5202BC44B2E89E")).unwrap();
    let iv = key.encrypt_block(&[0xFF; 16]).unwrap();
    assert_eq!(iv, hex("F6A3B75A1E933941DD7A13E2520779DF"));
    let encrypted = hex("1EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A54BD
         10CBA372B42BE0B9B5F28AA8DE2F4F92");
    let data = hex("85DC3FA93D0952BFA82F5FD189EE75BD82F11D1F0B8ED4BF5319AC9B53C426B3");
    assert_eq!(*key.cbc_decrypt(&iv, &encrypted).unwrap(), pad(&data, 16));
    let domain = Domain::standardized(13).unwrap();
    let point = |text: &str| domain.public_key(&[&[0x04][..], &hex(text)].concat()).unwrap();
    let mapping = point(
        "A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B3
         04F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E23",
    );
    let chip = point(
        "1872709494399E7470A6431BE25E83EEE24FEA568C2ED28DB48E05DB3A610DC8
         84D256A40E35EFCB59BF6753D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F",
    );
    assert!(domain.is_multiple(&mapping, &data, &chip).unwrap());
    let mut other = data;
    other[31] ^= 1;
    assert!(!domain.is_multiple(&mapping, &other, &chip).unwrap());
}

//! Where the corpus comes from: simulated documents, and inputs made by hand.

use std::io;

use emrtd::crypto::agreement::Domain;
use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::DataGroup;
use emrtd::lds::dg14::Dg14;
use emrtd::lds::dg15::Dg15;
use emrtd::lds::security_info::{KeyAgreement, PaceMapping, PaceProtocol};
use emrtd::read::Step;
use emrtd::read::apdu::CommandApdu;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, KeyKind, SimulatedDocument, StateProfile};
use emrtd::tlv::{self, Oid, Tag};
use emrtd::{UnixSeconds, crypto::Curve, mrz::Format};
use openssl::base64::encode_block;

use crate::corpus;
use crate::targets::chip::{counting, reader, respond};

/// 2026-06-01T00:00:00Z
const NOW: UnixSeconds = UnixSeconds(1_780_272_000);

/// A file of the corpus: target, name, content.
type Seed = (&'static str, String, Vec<u8>);

/// Makes the seeds anew, with new keys, and writes them into the corpus.
///
/// # Errors
/// When a document cannot be simulated or a file not written.
pub fn write() -> io::Result<usize> {
    let seeds = make().map_err(io::Error::other)?;
    for (target, name, bytes) in &seeds {
        let folder = corpus::folder(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(name), bytes)?;
    }
    Ok(seeds.len())
}

fn make() -> Result<Vec<Seed>, Box<dyn std::error::Error + Send + Sync>> {
    let mut seeds = by_hand();
    let kinds = [
        ("ec", KeyKind::Ec(Curve::P256, true), false),
        ("brainpool", KeyKind::Ec(Curve::BrainpoolP256r1, false), false),
        ("rsa", KeyKind::Rsa(2048), false),
        ("pss", KeyKind::Rsa(2048), true),
    ];
    for (name, key, pss) in kinds {
        let profile = StateProfile { csca: key, signer: key, pss, ..StateProfile::utopia() };
        let state = IssuingState::new(profile, NOW)?;
        let mut add =
            |target, bytes: &[u8]| seeds.push((target, format!("sim-{name}"), bytes.to_vec()));
        let mut wanted = DocumentProfile::passport();
        wanted.portrait.truncate(200);
        let document = state.issue(&Holder::example(), &wanted)?;
        let dg15 = Dg15::write(&spki_of(state.csca()).unwrap_or_default());
        add("sod", &document.sod);
        add("dg15", &dg15);
        add("certificate", state.csca());
        let serial = state.document_signer_serial();
        let crl = state.crl(&[serial], NOW, Some(NOW.plus_days(90)))?;
        add("crl", &crl);
        let list = state.master_list(&[state.csca(), state.document_signer()])?;
        add("master_list", &list);
        add("ldif", ldif(&list, &crl).as_bytes());
        let infos = tlv::set_of(&infos());
        let object = Oid::from_octets(&[4, 0, 0x7F, 0, 7, 3, 2, 1]);
        add("card_security", &state.sign(&object, &infos)?);
        if name == "ec" {
            add("card_access", &infos);
            add("dg14", &Dg14::write(&self::infos()));
            add("dg2", document.group(DataGroup::DG2).unwrap_or_default());
            add("files_of_a_chip", &[&[0][..], &recorded(&document)].concat());
        }
    }
    let state = IssuingState::new(StateProfile::utopia(), NOW)?;
    for (name, format) in [("td1", Format::Td1), ("td2", Format::Td2), ("td3", Format::Td3)] {
        let wanted = DocumentProfile { format, ..DocumentProfile::passport() };
        let document = state.issue(&Holder::example(), &wanted)?;
        let dg1 = document.group(DataGroup::DG1).unwrap_or_default();
        seeds.push(("dg1", format!("sim-{name}"), dg1.to_vec()));
        // The zone is the content of 61 { 5F1F }.
        seeds.push(("mrz", format!("sim-{name}"), dg1.get(5..).unwrap_or_default().to_vec()));
    }
    Ok(seeds)
}

fn spki_of(certificate: &[u8]) -> Option<Vec<u8>> {
    let certificate = openssl::x509::X509::from_der(certificate).ok()?;
    certificate.public_key().ok()?.public_key_to_der().ok()
}

fn ldif(list: &[u8], crl: &[u8]) -> String {
    let fold = |encoded: String| {
        let lines: Vec<String> = encoded
            .as_bytes()
            .chunks(76)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        lines.join("\n ")
    };
    format!(
        "version: 1\n# made by hand\ndn: cn=1,o=ml,c=UT,dc=pkd\npkdMasterListContent:: {}\n\n\
         dn: cn=2,o=crl,c=UT,dc=pkd\ncertificateRevocationList;binary:: {}\n",
        fold(encode_block(list)),
        fold(encode_block(crl)),
    )
}

/// One `SecurityInfo` of every kind.
fn infos() -> Vec<Vec<u8>> {
    let bsi = |arcs: &[u8]| Oid::from_octets(&[&[4, 0, 0x7F, 0, 7, 2, 2], arcs].concat());
    let entry =
        |oid: &Oid, fields: &[&[u8]]| tlv::sequence(&[&tlv::oid_element(oid), &fields.concat()]);
    let number = |value: u8| tlv::integer(&[value]);
    let mut infos: Vec<Vec<u8>> = [
        (KeyAgreement::Ecdh, PaceMapping::Generic, Cipher::Aes128, 12),
        (KeyAgreement::Ecdh, PaceMapping::Integrated, Cipher::Aes192, 13),
        (KeyAgreement::Ecdh, PaceMapping::ChipAuthentication, Cipher::Aes256, 13),
        (KeyAgreement::Dh, PaceMapping::Generic, Cipher::TripleDes, 0),
        (KeyAgreement::Ecdh, PaceMapping::Generic, Cipher::Aes256, 0x41),
    ]
    .into_iter()
    .map(|(agreement, mapping, cipher, id)| {
        let protocol = PaceProtocol { agreement, mapping, cipher };
        entry(&protocol.oid(), &[&number(2), &number(id)])
    })
    .collect();
    let standardized = Oid::from_octets(&[4, 0, 0x7F, 0, 7, 1, 2]);
    let algorithm = tlv::sequence(&[&tlv::oid_element(&standardized), &number(13)]);
    infos.push(entry(&bsi(&[4, 2]), &[&algorithm, &number(0x41)]));
    let point = Domain::standardized(13).and_then(|domain| domain.generator()).unwrap_or_default();
    let spki = tlv::sequence(&[&algorithm, &tlv::bit_string(&point, 0)]);
    infos.push(entry(&bsi(&[1, 2]), &[&spki, &number(13)]));
    infos.push(entry(&bsi(&[3, 2, 2]), &[&number(1), &number(13)]));
    infos.push(entry(&bsi(&[2]), &[&number(1)]));
    let active = Oid::from_octets(&[0x67, 0x81, 8, 1, 1, 5]);
    let ecdsa = Oid::from_octets(&[4, 0, 0x7F, 0, 7, 1, 1, 4, 1, 3]);
    infos.push(entry(&active, &[&number(1), &tlv::oid_element(&ecdsa)]));
    infos.push(entry(&Oid::from_octets(&[0x2A, 3, 4]), &[&number(7)]));
    infos
}

/// What an honest chip says to a reader, each response after its length.
fn recorded(document: &SimulatedDocument) -> Vec<u8> {
    let mut out = Vec::new();
    let Some(mut reader) = reader(false) else { return out };
    let mut selected: Vec<u8> = Vec::new();
    let mut session = None;
    let mut random = counting();
    let mut step = reader.start();
    let com = tlv::tagged(Tag(0x60), &tlv::tagged(Tag(0x5C), &[0x61, 0x75]));
    while let Ok(Step::Send(bytes)) = step {
        let mut answer = |command: &CommandApdu| {
            let short = match command.header() {
                [_, 0xB0, p1, _] if p1 & 0x80 != 0 => Some(p1 & 0x1F),
                [_, 0xA4, ..] => command.data.last().copied(),
                _ => None,
            };
            if let Some(id) = short {
                selected = match id {
                    0x1E => com.clone(),
                    0x1D => document.sod.clone(),
                    id => DataGroup::new(id)
                        .and_then(|group| document.group(group))
                        .unwrap_or_default()
                        .to_vec(),
                };
            }
            let offset = match command.header() {
                [_, 0xB0, p1, p2] if p1 & 0x80 == 0 => usize::from(u16::from_be_bytes([p1, p2])),
                _ => 0,
            };
            let expected = command.expected as usize;
            let mut response: Vec<u8> =
                selected.iter().skip(offset).take(expected).copied().collect();
            let status = if selected.is_empty() { [0x6A, 0x82] } else { [0x90, 0x00] };
            response.extend_from_slice(&status);
            let mut rest = response.as_slice();
            while rest.len() >= 255 {
                let (part, more) = rest.split_at(255);
                out.push(255);
                out.extend_from_slice(part);
                rest = more;
            }
            out.push(rest.len() as u8);
            out.extend_from_slice(rest);
            Some(response)
        };
        let Some(response) = respond(&bytes, &mut session, &mut answer) else { break };
        step = reader.receive(&response, &mut random);
    }
    out
}

/// Inputs that no simulation is needed for.
fn by_hand() -> Vec<Seed> {
    let mut seeds: Vec<Seed> = Vec::new();
    let mut add = |target, name: &str, bytes: &[u8]| {
        seeds.push((target, format!("hand-{name}"), bytes.to_vec()));
    };
    add("tlv", "nested", &[0x30, 6, 0x30, 4, 2, 2, 0, 0x80]);
    add("tlv", "indefinite", &[0x30, 0x80, 0x24, 0x80, 4, 1, 0xAA, 0, 0, 0, 0]);
    add("tlv", "long-tag", &[0x7F, 0x61, 3, 0x5F, 0x2E, 0]);
    add("tlv", "four-gigabytes", &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0]);
    add("tlv", "not-minimal", &[0x04, 0x82, 0, 1, 0xAA]);
    add("tlv", "times", b"\x17\x0D260601000000Z\x18\x0F20260601000000Z");
    add("tlv", "oid-and-bits", &[6, 3, 0x2A, 0x86, 0x48, 3, 2, 0, 0xFF, 1, 1, 0xFF]);
    add("apdu", "short", &[0, 0xA4, 2, 0x0C, 2, 1, 0x1E]);
    add("apdu", "extended", &[0, 0x86, 0, 0, 0, 1, 0x2C]);
    add("apdu", "case-4", &[0, 0x86, 0, 0, 2, 0x7C, 0, 0]);
    add("apdu", "long", &[&[0, 0x86, 0, 0, 0, 1, 0x2C][..], &[7; 300], &[0, 0]].concat());
    add("secure_messaging", "status", &[0, 0x99, 2, 0x90, 0]);
    add(
        "secure_messaging",
        "data",
        &[&[1, 0x87, 0x11, 1][..], &[5; 16], &[0x99, 2, 0x90, 0]].concat(),
    );
    add("secure_messaging", "odd", &[&[0, 0x85, 8][..], &[5; 8], &[0x99, 2, 0x90, 0]].concat());

    let answers = |first: u8, responses: &[&[u8]]| {
        let mut out = vec![first];
        for response in responses {
            out.push(response.len() as u8);
            out.extend_from_slice(response);
        }
        out
    };
    let ok = [0x90, 0x00];
    let card_access = tlv::set_of(infos().get(..1).unwrap_or_default());
    let (header, rest) = card_access.split_at(8.min(card_access.len()));
    let with_status = |bytes: &[u8]| [bytes, &ok].concat();
    let (header, rest) = (with_status(header), with_status(rest));
    let nonce = with_status(&tlv::tagged(Tag(0x7C), &tlv::tagged(Tag(0x80), &[9; 16])));
    let mapping = tlv::tagged(Tag(0x7C), &tlv::tagged(Tag(0x82), &point(12, 77)));
    let empty_mapping = tlv::tagged(Tag(0x7C), &tlv::tagged(Tag(0x82), &[]));
    let key = with_status(&tlv::tagged(Tag(0x7C), &tlv::tagged(Tag(0x84), &point(12, 78))));
    let token = with_status(&tlv::tagged(Tag(0x7C), &tlv::tagged(Tag(0x86), &[3; 8])));
    let cam = tlv::tagged(Tag(0x86), &[3; 8]);
    let cam = [cam, tlv::tagged(Tag(0x8A), &[4; 48])].concat();
    let cam = with_status(&tlv::tagged(Tag(0x7C), &cam));
    let mapping = with_status(&mapping);
    let empty_mapping = with_status(&empty_mapping);
    add("pace", "generic", &answers(0, &[&ok, &nonce, &mapping, &key, &token]));
    add("pace", "integrated", &answers(1, &[&ok, &nonce, &empty_mapping, &key, &token]));
    add("pace", "chip-authentication", &answers(2, &[&ok, &nonce, &mapping, &key, &cam]));
    let field = |tag: u32, private: u8| {
        let domain = Domain::standardized(0);
        let pair = domain.and_then(|domain| domain.key_pair(&[private]));
        let public = pair.map(|pair| pair.public().to_vec()).unwrap_or_default();
        [&tlv::tagged(Tag(0x7C), &tlv::tagged(Tag(tag), &public))[..], &ok].concat()
    };
    add("pace", "field", &answers(3, &[&ok, &nonce, &field(0x82, 5), &field(0x84, 6), &token]));
    let start: [&[u8]; 3] = [&ok, &header, &rest];
    let pace: [&[u8]; 5] = [&ok, &nonce, &mapping, &key, &token];
    add("responses", "pace", &answers(0, &[&start[..], &pace].concat()));
    let bac = [&[1, 2, 3, 4, 5, 6, 7, 8][..], &ok].concat();
    let wrong = [&[0; 40][..], &ok].concat();
    let refused: [&[u8]; 5] = [&ok, &[0x6A, 0x82], &[0x6A, 0x82], &ok, &bac];
    add("responses", "bac", &answers(0, &[&refused[..], &[&wrong]].concat()));
    let lengths = [&[0x7F, 0x66, 8, 2, 2, 8, 0, 2, 2, 8, 0][..], &ok].concat();
    add("responses", "atr-info", &answers(1, &[&[&ok[..], &lengths], &start[1..]].concat()));
    add("responses", "get-response", &answers(0, &[&ok, &[0x61, 5], &[1, 0x61, 4], &[0x6C, 9]]));
    add("files_of_a_chip", "broken-session", &answers(6, &[&[], &[], &[0x6A, 0x82], &[]]));
    seeds
}

fn point(id: u32, private: u8) -> Vec<u8> {
    let pair = Domain::standardized(id).and_then(|domain| domain.key_pair(&[private]));
    pair.map(|pair| pair.public().to_vec()).unwrap_or_default()
}

//! What a simulated chip is to be like, as an operator writes it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use emrtd::crypto::symmetric::Cipher;
use emrtd::crypto::{Curve, DigestAlgorithm};
use emrtd::lds::security_info::{
    ChipAuthenticationProtocol, KeyAgreement, PaceMapping, PaceProtocol,
};
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::mrz::Format;
use emrtd::sim::{
    ActiveAuthentication, ChipAuthentication, ChipDescription, Conduct, Dishonesty, HeaderLie,
    Holder, KeyKind, PaceOffer, Quirks, StateProfile, Trailer,
};
use serde::{Deserialize, Serialize};

use crate::cli::failure::{Code, Failure};
use crate::cli::folder::read_bounded;

const MAX_BYTES: u64 = 1 << 20;
/// A file put in the place of another one.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// A description file: what it does not say is as in the preset.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct Description {
    pub(super) preset: Option<String>,
    /// TD1, TD2 or TD3.
    #[serde(rename = "type")]
    pub(super) format: Option<String>,
    holder: HolderText,
    can: Option<String>,
    bac: Option<bool>,
    pace: Option<Vec<String>>,
    active_authentication: Option<String>,
    chip_authentication: Option<Vec<String>>,
    /// Data groups with made-up details: 11, 12, 16.
    details: Option<Vec<u8>>,
    quirks: Option<QuirksText>,
    /// See [`Lie`].
    pub(super) dishonest: Vec<String>,
    pub(super) state: StateDescription,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HolderText {
    surname: Option<String>,
    given_names: Option<String>,
    document_number: Option<String>,
    nationality: Option<String>,
    birth_date: Option<String>,
    sex: Option<char>,
    expiry_date: Option<String>,
    optional_data: Option<String>,
}

/// As [`Quirks`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct QuirksText {
    max_block: Option<u32>,
    no_short_ids: bool,
    unprotected_errors: bool,
    response_piece: Option<u8>,
    exact_lengths: bool,
    counts_tries: bool,
    extended_length: Option<u16>,
}

/// What a simulated state is to be like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct StateDescription {
    issuing_state: Option<String>,
    country: Option<String>,
    csca: Option<String>,
    signer: Option<String>,
    hash: Option<String>,
    pss: Option<bool>,
}

impl Description {
    /// Reads a description file (JSON).
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = read_bounded(path, MAX_BYTES)?;
        Self::parse(&bytes).map_err(|error| {
            Failure::new(
                Code::Description,
                format!("{}: {error}", path.display()),
                "see docs/CLI.md, `kayle chip new`",
            )
        })
    }

    fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        // Serde reads an array as the members in their order; a description has names.
        let members: serde_json::Map<_, _> = serde_json::from_slice(bytes)?;
        serde_json::from_value(members.into())
    }

    /// The chip that it describes.
    pub(in crate::cli) fn chip(&self) -> Result<ChipDescription, Failure> {
        let mut chip = preset(self.preset.as_deref().unwrap_or("passport"))?;
        if let Some(format) = &self.format {
            chip = chip.with_format(parse_format(format)?);
        }
        self.holder.apply(&mut chip.holder);
        if let Some(can) = &self.can {
            chip.can = Some(can.clone());
        }
        chip.bac = self.bac.unwrap_or(chip.bac);
        if let Some(offers) = &self.pace {
            chip.pace = offers.iter().map(|text| pace(text)).collect::<Result<_, _>>()?;
        }
        if let Some(text) = &self.active_authentication {
            chip.active_authentication = active_authentication(text)?;
        }
        if let Some(offers) = &self.chip_authentication {
            let offers = offers.iter().map(|text| chip_authentication(text));
            chip.chip_authentication = offers.collect::<Result<_, _>>()?;
        }
        if let Some(details) = &self.details {
            chip.details =
                details.iter().map(|number| detail(*number)).collect::<Result<_, _>>()?;
        }
        if let Some(quirks) = &self.quirks {
            chip.quirks = quirks.quirks();
        }
        Ok(chip)
    }

    /// In what it lies.
    pub(super) fn lies(&self) -> Result<Vec<Lie>, Failure> {
        self.dishonest.iter().map(|text| text.parse()).collect()
    }
}

impl StateDescription {
    /// The state that it describes.
    pub(super) fn profile(&self) -> Result<StateProfile, Failure> {
        let mut profile = StateProfile::utopia();
        if let Some(issuing_state) = &self.issuing_state {
            profile.issuing_state.clone_from(issuing_state);
        }
        if let Some(country) = &self.country {
            profile.country.clone_from(country);
            profile.signer_country.clone_from(country);
        }
        if let Some(key) = &self.csca {
            profile.csca = key_kind(key)?;
        }
        if let Some(key) = &self.signer {
            profile.signer = key_kind(key)?;
        }
        if let Some(hash) = &self.hash {
            profile.hash = digest(hash).ok_or_else(|| unknown("digest", hash, DIGESTS))?;
        }
        profile.pss = self.pss.unwrap_or(profile.pss);
        Ok(profile)
    }
}

impl HolderText {
    fn apply(&self, holder: &mut Holder) {
        let texts = [
            (&self.surname, &mut holder.surname),
            (&self.given_names, &mut holder.given_names),
            (&self.document_number, &mut holder.document_number),
            (&self.nationality, &mut holder.nationality),
            (&self.birth_date, &mut holder.birth_date),
            (&self.expiry_date, &mut holder.expiry_date),
            (&self.optional_data, &mut holder.optional_data),
        ];
        for (text, field) in texts {
            if let Some(text) = text {
                field.clone_from(text);
            }
        }
        holder.sex = self.sex.unwrap_or(holder.sex);
    }
}

impl QuirksText {
    fn quirks(&self) -> Quirks {
        Quirks {
            max_block: self.max_block,
            no_short_ids: self.no_short_ids,
            unprotected_errors: self.unprotected_errors,
            response_piece: self.response_piece,
            exact_lengths: self.exact_lengths,
            counts_tries: self.counts_tries,
            extended_length: self.extended_length,
        }
    }
}

/// A way in which a chip is not what it says: `copy`, `replace:FILE=PATH`, `remove:FILE`,
/// `length:FILE=HOW`, or a conduct with the number of honest answers before: `wrong_mac:20`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Lie {
    Replace(ElementaryFile, PathBuf),
    Other(Dishonesty),
}

impl Lie {
    pub(super) fn dishonesty(self) -> Result<Dishonesty, Failure> {
        match self {
            Self::Replace(file, path) => {
                Ok(Dishonesty::Replaced(file, read_bounded(&path, MAX_FILE_BYTES)?))
            }
            Self::Other(dishonesty) => Ok(dishonesty),
        }
    }
}

impl FromStr for Lie {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let failure = || unknown("dishonesty", text, LIES);
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let file = |text: &str| elementary_file(text).ok_or_else(failure);
        let pair = || value.split_once('=').ok_or_else(failure);
        let after = || value.parse::<u32>().map_err(|_| failure());
        Ok(Self::Other(match name {
            "copy" if value.is_empty() => Dishonesty::Copy,
            "replace" => {
                let (name, path) = pair()?;
                return Ok(Self::Replace(file(name)?, path.into()));
            }
            "remove" => Dishonesty::Removed(file(value)?),
            "length" => {
                let (name, how) = pair()?;
                let lie = match how {
                    "four_gigabytes" => HeaderLie::FourGigabytes,
                    "zero" => HeaderLie::Zero,
                    "one_more" => HeaderLie::OneMore,
                    "one_less" => HeaderLie::OneLess,
                    _ => return Err(failure()),
                };
                Dishonesty::Header(file(name)?, lie)
            }
            "wrong_mac" => Dishonesty::Conduct(Conduct::WrongMac { after: after()? }),
            "replay" => Dishonesty::Conduct(Conduct::Replay { after: after()? }),
            "too_much" => Dishonesty::Conduct(Conduct::TooMuch { after: after()? }),
            "endless_response" => Dishonesty::Conduct(Conduct::EndlessResponse { after: after()? }),
            "silent_after_commands" => Dishonesty::Conduct(Conduct::SilentAfterCommands(after()?)),
            "silent_after_bytes" => Dishonesty::Conduct(Conduct::SilentAfterBytes(after()?)),
            _ => return Err(failure()),
        }))
    }
}

fn preset(name: &str) -> Result<ChipDescription, Failure> {
    Ok(match name {
        "passport" => ChipDescription::passport(),
        "card" => ChipDescription::card(),
        "old" => ChipDescription::old(),
        "passive" => ChipDescription::passive(),
        _ => return Err(unknown("preset", name, "passport, card, old, passive")),
    })
}

fn parse_format(text: &str) -> Result<Format, Failure> {
    [Format::Td1, Format::Td2, Format::Td3]
        .into_iter()
        .find(|format| format.to_string().eq_ignore_ascii_case(text))
        .ok_or_else(|| unknown("type", text, "TD1, TD2, TD3"))
}

/// `ECDH-GM-AES-128`, with `@13` behind it for other domain parameters than the usual.
fn pace(text: &str) -> Result<PaceOffer, Failure> {
    let offer = || {
        let (name, domain) = split_domain(text)?;
        let (agreement, name) = agreement(name)?;
        let (mapping, cipher_name) = name.split_once('-')?;
        let mapping = match mapping.to_ascii_uppercase().as_str() {
            "GM" => PaceMapping::Generic,
            "IM" => PaceMapping::Integrated,
            "CAM" => PaceMapping::ChipAuthentication,
            _ => return None,
        };
        // Chip authentication mapping is for curves alone (9303-11 §4.4.3.5).
        if (agreement, mapping) == (KeyAgreement::Dh, PaceMapping::ChipAuthentication) {
            return None;
        }
        let protocol = PaceProtocol { agreement, mapping, cipher: cipher(cipher_name)? };
        Some(PaceOffer { protocol, domain: domain.unwrap_or(usual_domain(agreement)) })
    };
    offer().ok_or_else(|| unknown("PACE", text, "ECDH-GM-AES-128, DH-IM-3DES@2, …"))
}

/// `ECDH-AES-128`, with `@13` as above and `/2` for version 2.
fn chip_authentication(text: &str) -> Result<ChipAuthentication, Failure> {
    let offer = || {
        let (name, version) = match text.split_once('/') {
            Some((name, "1")) => (name, 1),
            Some((name, "2")) => (name, 2),
            Some(_) => return None,
            None => (text, 1),
        };
        let (name, domain) = split_domain(name)?;
        let (agreement, name) = agreement(name)?;
        let protocol = ChipAuthenticationProtocol { agreement, cipher: cipher(name)? };
        let domain = domain.unwrap_or(usual_domain(agreement));
        Some(ChipAuthentication { protocol, version, domain, key_id: None })
    };
    offer().ok_or_else(|| {
        unknown("chip authentication", text, "ECDH-AES-128, DH-3DES@2, ECDH-AES-256@15/2, …")
    })
}

/// `none`, `RSA-1024` (SHA-1 by convention), `RSA-2048-SHA-256`, `P-256-SHA-256`; `-lesser` behind
/// RSA sends the lesser of s and n − s.
fn active_authentication(text: &str) -> Result<Option<ActiveAuthentication>, Failure> {
    if text == "none" {
        return Ok(None);
    }
    let parsed = || {
        if let Some(rest) = text.strip_prefix("RSA-") {
            let (rest, lesser) = match rest.strip_suffix("-lesser") {
                Some(rest) => (rest, true),
                None => (rest, false),
            };
            let (bits, trailer) = match rest.split_once('-') {
                Some((bits, name)) => (bits, Trailer::Explicit(digest(name)?)),
                None => (rest, Trailer::Implicit),
            };
            return Some(ActiveAuthentication::Rsa { bits: rsa_bits(bits)?, trailer, lesser });
        }
        let (curve_name, digest_name) = text.split_at_checked(text.find("-SHA-")?)?;
        let digest = digest(digest_name.strip_prefix('-')?)?;
        Some(ActiveAuthentication::Ec { curve: curve(curve_name)?, digest })
    };
    parsed().map(Some).ok_or_else(|| {
        unknown(
            "active authentication",
            text,
            "none, RSA-1024, RSA-2048-SHA-256, P-256-SHA-256, brainpoolP384r1-SHA-384, …",
        )
    })
}

/// `RSA-4096`, or a curve whose parameters are spelled out, as documents have them.
fn key_kind(text: &str) -> Result<KeyKind, Failure> {
    let rsa = text.strip_prefix("RSA-").and_then(rsa_bits).map(KeyKind::Rsa);
    rsa.or_else(|| curve(text).map(|curve| KeyKind::Ec(curve, true)))
        .ok_or_else(|| unknown("key", text, "RSA-2048, P-256, brainpoolP384r1, …"))
}

/// From the shortest key that is verified to the longest that a state has; to make longer ones
/// takes minutes.
fn rsa_bits(text: &str) -> Option<u32> {
    text.parse().ok().filter(|bits| (1024..=6144).contains(bits))
}

/// A data group with made-up details.
fn detail(number: u8) -> Result<DataGroup, Failure> {
    DataGroup::new(number)
        .filter(|_| matches!(number, 11 | 12 | 16))
        .ok_or_else(|| unknown("data group with details", &number.to_string(), "11, 12, 16"))
}

fn split_domain(text: &str) -> Option<(&str, Option<u32>)> {
    match text.split_once('@') {
        Some((name, domain)) => Some((name, Some(domain.parse().ok()?))),
        None => Some((text, None)),
    }
}

fn agreement(text: &str) -> Option<(KeyAgreement, &str)> {
    let (name, rest) = text.split_once('-')?;
    match name.to_ascii_uppercase().as_str() {
        "ECDH" => Some((KeyAgreement::Ecdh, rest)),
        "DH" => Some((KeyAgreement::Dh, rest)),
        _ => None,
    }
}

/// brainpoolP256r1, and the 2048-bit group with a 256-bit subgroup (9303-11 §9.5.1).
fn usual_domain(agreement: KeyAgreement) -> u32 {
    match agreement {
        KeyAgreement::Ecdh => 13,
        KeyAgreement::Dh => 2,
    }
}

fn cipher(text: &str) -> Option<Cipher> {
    Cipher::ALL.into_iter().find(|cipher| cipher.to_string().eq_ignore_ascii_case(text))
}

fn curve(text: &str) -> Option<Curve> {
    Curve::ALL.into_iter().find(|curve| curve.to_string().eq_ignore_ascii_case(text))
}

fn digest(text: &str) -> Option<DigestAlgorithm> {
    DigestAlgorithm::ALL.into_iter().find(|digest| digest.to_string().eq_ignore_ascii_case(text))
}

/// A file by its name: `DG1`, `EF.SOD`.
fn elementary_file(text: &str) -> Option<ElementaryFile> {
    ElementaryFile::all().find(|file| file.to_string().eq_ignore_ascii_case(text))
}

fn unknown(what: &str, text: &str, known: &str) -> Failure {
    Failure::new(Code::Description, format!("{what}: {text:?} is not known"), known)
}

const DIGESTS: &str = "SHA-1, SHA-224, SHA-256, SHA-384, SHA-512";
const LIES: &str = "copy, replace:DG2=PATH, remove:EF.CardAccess, length:DG1=four_gigabytes (zero, \
                    one_more, one_less), wrong_mac:N, replay:N, too_much:N, endless_response:N, \
                    silent_after_commands:N, silent_after_bytes:N";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    fn description(json: &str) -> Description {
        Description::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn everything_can_be_said() {
        let description = description(
            r#"{
                "preset": "card", "type": "TD2", "can": "123456", "bac": true,
                "holder": {"surname": "MUSTER", "sex": "M"},
                "pace": ["DH-IM-3DES@1", "ecdh-cam-aes-256"],
                "active_authentication": "RSA-2048-SHA-512-lesser",
                "chip_authentication": ["ECDH-AES-192@16/2", "DH-3DES"],
                "details": [16], "quirks": {"response_piece": 100, "exact_lengths": true},
                "dishonest": ["copy"],
                "state": {"issuing_state": "D", "country": "DE", "csca": "RSA-4096",
                          "signer": "brainpoolP384r1", "hash": "SHA-384", "pss": true}
            }"#,
        );
        let chip = description.chip().unwrap();
        assert_eq!(chip.document.format, Format::Td2);
        assert_eq!((chip.can.as_deref(), chip.bac), (Some("123456"), true));
        assert_eq!((chip.holder.surname.as_str(), chip.holder.sex), ("MUSTER", 'M'));
        assert_eq!(chip.holder.given_names, "ANNA MARIA");
        assert_eq!(chip.pace.iter().map(|offer| offer.domain).collect::<Vec<_>>(), [1, 13]);
        assert_eq!(chip.pace[0].protocol.cipher, Cipher::TripleDes);
        assert_eq!(
            chip.active_authentication,
            Some(ActiveAuthentication::Rsa {
                bits: 2048,
                trailer: Trailer::Explicit(DigestAlgorithm::Sha512),
                lesser: true
            })
        );
        let authentications: Vec<_> =
            chip.chip_authentication.iter().map(|offer| (offer.version, offer.domain)).collect();
        assert_eq!(authentications, [(2, 16), (1, 2)]);
        assert_eq!((chip.quirks.response_piece, chip.quirks.extended_length), (Some(100), None));
        let state = description.state.profile().unwrap();
        assert_eq!((state.csca, state.pss), (KeyKind::Rsa(4096), true));
        assert_eq!(state.signer, KeyKind::Ec(Curve::BrainpoolP384r1, true));
        assert_eq!(description.lies().unwrap(), [Lie::Other(Dishonesty::Copy)]);
    }

    #[test]
    fn the_documented_example_is_a_description() {
        let documented = include_str!("../../../../../docs/CLI.md");
        let (_, rest) = documented.split_once("```json\n").unwrap();
        let (example, _) = rest.split_once("```").unwrap();
        let description = description(example);
        assert_eq!(description.chip().unwrap().pace.len(), 3);
        assert_eq!(description.lies().unwrap().len(), 1);
        description.state.profile().unwrap();
    }

    #[test]
    fn what_is_not_known_is_named_with_what_is() {
        for json in [
            r#"{"preset": "visa"}"#,
            r#"{"type": "TD4"}"#,
            r#"{"pace": ["ECDH-XM-AES-128"]}"#,
            r#"{"pace": ["ECDH-GM-AES-128@x"]}"#,
            r#"{"active_authentication": "RSA"}"#,
            r#"{"active_authentication": "RSA-512"}"#,
            r#"{"active_authentication": "RSA-99999"}"#,
            r#"{"chip_authentication": ["ECDH-DES"]}"#,
            r#"{"chip_authentication": ["ECDH-AES-128/3"]}"#,
            r#"{"pace": ["DH-CAM-AES-128"]}"#,
            r#"{"details": [99]}"#,
        ] {
            let failure = description(json).chip().unwrap_err();
            assert_eq!(failure.code, Code::Description, "{json}");
            assert!(!failure.hint.is_empty());
        }
        for json in [r#"{"colour": "red"}"#, "[]", r#"["card"]"#] {
            assert!(Description::parse(json.as_bytes()).is_err(), "{json}");
        }
        for text in ["copies", "copy:1", "replay", "length:DG1=two", "remove:DG17", "wrong_mac:-1"]
        {
            assert!(text.parse::<Lie>().is_err(), "{text}");
        }
        let after = |text: &str| text.parse::<Lie>().unwrap();
        let replay = Dishonesty::Conduct(Conduct::Replay { after: 20 });
        assert_eq!(after("replay:20"), Lie::Other(replay));
        let file = ElementaryFile::Dg(DataGroup::DG2);
        assert_eq!(after("replace:DG2=a=b"), Lie::Replace(file, "a=b".into()));
    }
}

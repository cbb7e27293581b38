//! What is on a simulated chip.

mod description;
mod encoding;
mod files;
mod keys;

use std::collections::BTreeMap;
use std::fmt;

pub use self::description::{
    ActiveAuthentication, ChipAuthentication, ChipDescription, PaceOffer, Quirks, Trailer,
};
pub use self::encoding::PersonalisationError;
pub(super) use self::files::capabilities;
pub(super) use self::keys::{ActiveKey, ActiveScheme, ChipKey};
use super::dishonest::{Conduct, Dishonesty, HeaderLie};
use super::{Error, IssuingState};
use crate::UnixSeconds;
use crate::lds::dg14::Dg14;
use crate::lds::dg15::Dg15;
use crate::lds::security_info::PaceMapping;
use crate::lds::{DataGroup, ElementaryFile};
use crate::mrz::{Format, Mrz};
use crate::read::MrzKey;
use crate::tlv::{self, Oid};

/// Everything on a chip: files, keys, access, and its ways, honest or not.
///
/// [`encode`](Self::encode) and [`decode`](Self::decode) keep it in a file,
/// private keys included. `Debug` shows the names of the files alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Personalisation {
    pub(super) zone: String,
    /// Document number, birth and expiry with check digits (9303-11 §9.7.2).
    pub(super) mrz_information: String,
    pub(super) can: Option<String>,
    pub(super) bac: bool,
    pub(super) pace: Vec<PaceOffer>,
    pub(super) active: Option<ActiveKey>,
    pub(super) chip_authentication: Vec<ChipAuthentication>,
    pub(super) chip_keys: Vec<ChipKey>,
    /// By file identifier.
    pub(super) master: BTreeMap<u16, Vec<u8>>,
    pub(super) application: BTreeMap<u16, Vec<u8>>,
    pub(super) quirks: Quirks,
    pub(super) conduct: Option<Conduct>,
}

impl Personalisation {
    /// Makes the keys and files that `description` asks for, issued by `state`
    /// around `at`.
    ///
    /// # Errors
    /// When the description contradicts itself, the holder does not fit the
    /// zone, or OpenSSL fails.
    pub fn issue(
        state: &IssuingState,
        description: &ChipDescription,
        at: UnixSeconds,
    ) -> Result<Self, Error> {
        check(description)?;
        let mut profile = description.document.clone();
        let mut infos: Vec<Vec<u8>> = description.pace.iter().map(files::pace_info).collect();
        let mut active = None;
        if let Some(form) = description.active_authentication {
            let (key, spki) = ActiveKey::generate(form)?;
            profile.more_groups.push((DataGroup::DG15, Dg15::write(&spki)));
            infos.extend(files::active_authentication_info(form));
            active = Some(key);
        }
        let mut chip_keys: Vec<ChipKey> = Vec::new();
        for offer in &description.chip_authentication {
            infos.push(files::chip_authentication_info(offer));
            let same = |key: &ChipKey| key.domain == offer.domain && key.key_id == offer.key_id;
            if !chip_keys.iter().any(same) {
                let key = ChipKey::generate(offer.domain, offer.key_id)?;
                infos.push(files::chip_public_key_info(&key, &key.explicit_spki()?)?);
                chip_keys.push(key);
            }
        }
        let card_security = card_security(state, description, &mut chip_keys)?;
        if !infos.is_empty() {
            profile.more_groups.push((DataGroup::DG14, Dg14::write(&infos)));
        }
        for group in &description.details {
            let file = files::details(*group, &description.holder, at);
            let file =
                file.ok_or(Error::Description("details of another group than 11, 12, 16"))?;
            profile.more_groups.push((*group, file));
        }
        let document = state.issue(&description.holder, &profile)?;
        let issuing_state = profile.issuing_state.as_ref();
        let issuing_state = issuing_state.unwrap_or(&state.profile().issuing_state);
        let zone = description.holder.zone(issuing_state, profile.format)?;
        let mut personalisation = Self {
            mrz_information: mrz_information(&Mrz::parse(zone.as_bytes(), at)?),
            zone,
            can: description.can.clone(),
            bac: description.bac,
            pace: description.pace.clone(),
            active,
            chip_authentication: description.chip_authentication.clone(),
            chip_keys,
            master: BTreeMap::from([(ATR_INFO, files::atr_info(&description.quirks))]),
            application: BTreeMap::new(),
            quirks: description.quirks,
            conduct: None,
        };
        let groups = document.groups().map(|(group, _)| group);
        personalisation.set(ElementaryFile::Com, files::com(groups));
        for (group, file) in document.groups() {
            personalisation.set(ElementaryFile::Dg(group), file.to_vec());
        }
        personalisation.set(ElementaryFile::Sod, document.sod);
        if !description.pace.is_empty() {
            let infos: Vec<Vec<u8>> = description.pace.iter().map(files::pace_info).collect();
            personalisation.set(ElementaryFile::CardAccess, tlv::set_of(&infos));
        }
        if let Some(file) = card_security {
            personalisation.set(ElementaryFile::CardSecurity, file);
        }
        Ok(personalisation)
    }

    /// The printed machine readable zone, without line breaks.
    pub fn mrz(&self) -> &str {
        &self.zone
    }

    /// The password from the printed zone.
    pub fn mrz_key(&self) -> Option<MrzKey> {
        let text = &self.mrz_information;
        let end = text.len().checked_sub(15)?;
        let (birth, expiry) = (text.get(end + 1..end + 7)?, text.get(end + 8..end + 14)?);
        MrzKey::new(text.get(..end)?, birth, expiry).ok()
    }

    /// The printed card access number.
    pub fn can(&self) -> Option<&str> {
        self.can.as_deref()
    }

    /// One file, as the chip gives it.
    pub fn file(&self, file: ElementaryFile) -> Option<&[u8]> {
        let (is_master, id) = identifier(file);
        let directory = if is_master { &self.master } else { &self.application };
        directory.get(&id).map(Vec::as_slice)
    }

    /// The files, as the chip gives them; EF.ATR/INFO has no name here.
    pub fn files(&self) -> impl Iterator<Item = (ElementaryFile, &[u8])> {
        ElementaryFile::all().filter_map(|file| Some((file, self.file(file)?)))
    }

    /// What the chip does in its own way.
    pub fn quirks(&self) -> Quirks {
        self.quirks
    }

    /// The same document on a chip that lies.
    ///
    /// # Errors
    /// When OpenSSL fails, or there is no such file to lie about.
    pub fn with(mut self, dishonesty: Dishonesty) -> Result<Self, Error> {
        match dishonesty {
            Dishonesty::Copy => {
                self.active = self.active.as_ref().map(ActiveKey::another).transpose()?;
                for key in &mut self.chip_keys {
                    *key = ChipKey::generate(key.domain, key.key_id)?;
                }
            }
            Dishonesty::Replaced(file, bytes) => self.set(file, bytes),
            Dishonesty::Removed(file) => {
                let (is_master, id) = identifier(file);
                let directory = if is_master { &mut self.master } else { &mut self.application };
                directory.remove(&id).ok_or(Error::Description("no such file to remove"))?;
            }
            Dishonesty::Header(file, lie) => {
                let honest = self.file(file).ok_or(Error::Description("no such file to alter"))?;
                let lying = HeaderLie::apply(lie, honest);
                self.set(file, lying);
            }
            Dishonesty::Conduct(conduct) => self.conduct = Some(conduct),
        }
        Ok(self)
    }

    fn set(&mut self, file: ElementaryFile, bytes: Vec<u8>) {
        let (is_master, id) = identifier(file);
        let directory = if is_master { &mut self.master } else { &mut self.application };
        directory.insert(id, bytes);
    }
}

impl fmt::Debug for Personalisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.files().map(|(name, _)| name.to_string()).collect();
        write!(f, "Personalisation({names:?}, redacted)")
    }
}

/// Refuses protocols whose group is of another kind than their parameters.
fn check(description: &ChipDescription) -> Result<(), Error> {
    for PaceOffer { protocol, domain } in &description.pace {
        if keys::agreement_of(*domain)? != protocol.agreement {
            return Err(Error::Description("PACE in a group of another kind"));
        }
    }
    for offer in &description.chip_authentication {
        if keys::agreement_of(offer.domain)? != offer.protocol.agreement {
            return Err(Error::Description("chip authentication in a group of another kind"));
        }
    }
    if description.can.as_ref().is_some_and(|can| crate::read::Can::new(can).is_err()) {
        return Err(Error::Description("not a card access number"));
    }
    Ok(())
}

/// EF.CardSecurity, for PACE with chip authentication mapping: what the chip
/// speaks, and its keys by the number of their parameters, signed (9303-11
/// §9.2.11). Adds the keys that only the mapping needs.
fn card_security(
    state: &IssuingState,
    description: &ChipDescription,
    chip_keys: &mut Vec<ChipKey>,
) -> Result<Option<Vec<u8>>, Error> {
    let is_mapped = |offer: &&PaceOffer| offer.protocol.mapping == PaceMapping::ChipAuthentication;
    let mut offers = description.pace.iter().filter(is_mapped).peekable();
    if offers.peek().is_none() {
        return Ok(None);
    }
    for offer in offers {
        if !chip_keys.iter().any(|key| key.domain == offer.domain) {
            chip_keys.push(ChipKey::generate(offer.domain, None)?);
        }
    }
    let mut infos: Vec<Vec<u8>> = description.pace.iter().map(files::pace_info).collect();
    infos.extend(description.chip_authentication.iter().map(files::chip_authentication_info));
    for key in chip_keys.iter() {
        infos.push(files::chip_public_key_info(key, &key.standardized_spki()?)?);
    }
    state.sign(&SECURITY_OBJECT, &tlv::set_of(&infos)).map(Some)
}

fn mrz_information(zone: &Mrz) -> String {
    let (birth, expiry) = match zone.format() {
        Format::Td1 => (30, 38),
        Format::Td2 => (49, 57),
        Format::Td3 => (57, 65),
    };
    // Both dates are followed by their check digits.
    let field = |start: usize| zone.text().get(start..start + 7).unwrap_or_default();
    let number = format!("{:<<9}", zone.document_number());
    let digit = char::from(crate::mrz::check_digit(number.as_bytes()));
    format!("{number}{digit}{}{}", field(birth), field(expiry))
}

/// Whether a file is in the master file, and its identifier (9303-10 table 38).
fn identifier(file: ElementaryFile) -> (bool, u16) {
    match file {
        ElementaryFile::CardAccess => (true, CARD_ACCESS),
        ElementaryFile::CardSecurity => (true, CARD_SECURITY),
        ElementaryFile::Com => (false, 0x011E),
        ElementaryFile::Sod => (false, 0x011D),
        ElementaryFile::Dg(group) => (false, 0x0100 | u16::from(group.number())),
    }
}

pub(super) const ATR_INFO: u16 = 0x2F01;
pub(super) const CARD_ACCESS: u16 = 0x011C;
pub(super) const CARD_SECURITY: u16 = 0x011D;
/// 0.4.0.127.0.7.3.2.1, id-SecurityObject
const SECURITY_OBJECT: Oid = Oid::from_octets(&[0x04, 0x00, 0x7F, 0x00, 0x07, 0x03, 0x02, 0x01]);

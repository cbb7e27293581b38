//! A personalisation as DER, to keep it in a file.

use std::collections::BTreeMap;

use super::description::{ChipAuthentication, PaceOffer, Quirks, Trailer};
use super::keys::{ActiveKey, ActiveScheme, ChipKey};
use super::{Conduct, Personalisation};
use crate::crypto::DigestAlgorithm;
use crate::lds::security_info::{ChipAuthenticationProtocol, PaceProtocol};
use crate::tlv::{self, Element, Reader, Rules, Tag};

/// Why bytes are no personalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the personalisation is malformed: {0}")]
pub struct PersonalisationError(#[from] pub tlv::Error);

impl Personalisation {
    /// Everything, private keys included, in DER.
    pub fn encode(&self) -> Vec<u8> {
        let quirks = &self.quirks;
        let pace = self.pace.iter().map(|offer| {
            tlv::sequence(&[&tlv::oid_element(&offer.protocol.oid()), &number(offer.domain)])
        });
        let chip_authentication = self.chip_authentication.iter().map(|offer| {
            tlv::sequence(&[
                &tlv::oid_element(&offer.protocol.oid()),
                &number(offer.version),
                &number(offer.domain),
                &optional(offer.key_id.map(number)),
            ])
        });
        let chip_keys = self.chip_keys.iter().map(|key| {
            tlv::sequence(&[
                &number(key.domain),
                &tlv::octet_string(&key.private),
                &optional(key.key_id.map(number)),
            ])
        });
        tlv::sequence(&[
            &number(VERSION),
            &tlv::octet_string(self.zone.as_bytes()),
            &tlv::octet_string(self.mrz_information.as_bytes()),
            &optional(self.can.as_ref().map(|can| tlv::octet_string(can.as_bytes()))),
            &tlv::boolean(self.bac),
            &list(pace),
            &list(self.active.iter().map(active)),
            &list(chip_authentication),
            &list(chip_keys),
            &directory(&self.master),
            &directory(&self.application),
            &tlv::sequence(&[
                &optional(quirks.max_block.map(number)),
                &tlv::boolean(quirks.no_short_ids),
                &tlv::boolean(quirks.unprotected_errors),
                &optional(quirks.response_piece.map(|len| number(len.into()))),
                &tlv::boolean(quirks.exact_lengths),
                &tlv::boolean(quirks.counts_tries),
                &optional(quirks.extended_length.map(|len| number(len.into()))),
            ]),
            &list(self.conduct.iter().map(conduct)),
        ])
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// When malformed, with the offset.
    pub fn decode(encoded: &[u8]) -> Result<Self, PersonalisationError> {
        Ok(Self::read(encoded)?)
    }

    fn read(encoded: &[u8]) -> Result<Self, tlv::Error> {
        let mut reader = Reader::new(encoded, Rules::Der);
        let mut fields = reader.expect(Tag::SEQUENCE)?.children()?;
        reader.finish()?;
        let version = fields.expect(Tag::INTEGER)?;
        if version.small_unsigned()? != VERSION {
            return Err(version.invalid("another version of the format"));
        }
        let personalisation = Self {
            zone: text(&fields.expect(Tag::OCTET_STRING)?)?,
            mrz_information: text(&fields.expect(Tag::OCTET_STRING)?)?,
            can: fields.optional(Tag::OCTET_STRING)?.as_ref().map(text).transpose()?,
            bac: fields.expect(Tag::BOOLEAN)?.boolean()?,
            pace: read_list(&mut fields, read_pace)?,
            active: read_list(&mut fields, read_active)?.pop(),
            chip_authentication: read_list(&mut fields, read_chip_authentication)?,
            chip_keys: read_list(&mut fields, read_chip_key)?,
            master: read_list(&mut fields, read_file)?.into_iter().collect(),
            application: read_list(&mut fields, read_file)?.into_iter().collect(),
            quirks: read_quirks(&fields.expect(Tag::SEQUENCE)?)?,
            conduct: read_list(&mut fields, read_conduct)?.pop(),
        };
        fields.finish()?;
        Ok(personalisation)
    }
}

fn active(key: &ActiveKey) -> Vec<u8> {
    let (scheme, detail) = match key.scheme {
        ActiveScheme::Rsa { trailer, lesser } => {
            let digest = match trailer {
                Trailer::Implicit => Vec::new(),
                Trailer::Explicit(digest) => tlv::oid_element(&digest.oid()),
            };
            (RSA, [tlv::boolean(lesser), digest].concat())
        }
        ActiveScheme::Ecdsa(digest) => (ECDSA, tlv::oid_element(&digest.oid())),
    };
    tlv::sequence(&[&number(scheme), &tlv::octet_string(&key.private), &detail])
}

fn read_active(element: &Element<'_>) -> Result<ActiveKey, tlv::Error> {
    let mut fields = element.children()?;
    let scheme = fields.expect(Tag::INTEGER)?.small_unsigned()?;
    let private = fields.expect(Tag::OCTET_STRING)?.content().to_vec();
    let scheme = match scheme {
        RSA => {
            let lesser = fields.expect(Tag::BOOLEAN)?.boolean()?;
            let trailer = match fields.optional(Tag::OID)? {
                Some(oid) => Trailer::Explicit(digest(&oid)?),
                None => Trailer::Implicit,
            };
            ActiveScheme::Rsa { trailer, lesser }
        }
        ECDSA => ActiveScheme::Ecdsa(digest(&fields.expect(Tag::OID)?)?),
        _ => return Err(element.invalid("an unknown signature scheme")),
    };
    fields.finish()?;
    Ok(ActiveKey { scheme, private })
}

fn read_pace(element: &Element<'_>) -> Result<PaceOffer, tlv::Error> {
    let mut fields = element.children()?;
    let protocol = PaceProtocol::from_oid(&fields.expect(Tag::OID)?.oid()?);
    let protocol = protocol.ok_or_else(|| element.invalid("not a PACE protocol"))?;
    let domain = read_number(&mut fields)?;
    fields.finish()?;
    Ok(PaceOffer { protocol, domain })
}

fn read_chip_authentication(element: &Element<'_>) -> Result<ChipAuthentication, tlv::Error> {
    let mut fields = element.children()?;
    let protocol = ChipAuthenticationProtocol::from_oid(&fields.expect(Tag::OID)?.oid()?);
    let protocol = protocol.ok_or_else(|| element.invalid("not a chip authentication protocol"))?;
    let (version, domain) = (read_number(&mut fields)?, read_number(&mut fields)?);
    let key_id = read_optional(&mut fields)?;
    fields.finish()?;
    Ok(ChipAuthentication { protocol, version, domain, key_id })
}

fn read_chip_key(element: &Element<'_>) -> Result<ChipKey, tlv::Error> {
    let mut fields = element.children()?;
    let domain = read_number(&mut fields)?;
    let private = fields.expect(Tag::OCTET_STRING)?.content().to_vec();
    let key_id = read_optional(&mut fields)?;
    fields.finish()?;
    Ok(ChipKey { key_id, domain, private })
}

fn directory(files: &BTreeMap<u16, Vec<u8>>) -> Vec<u8> {
    list(
        files.iter().map(|(id, bytes)| {
            tlv::sequence(&[&number(u32::from(*id)), &tlv::octet_string(bytes)])
        }),
    )
}

fn read_file(element: &Element<'_>) -> Result<(u16, Vec<u8>), tlv::Error> {
    let mut fields = element.children()?;
    let id = u16::try_from(read_number(&mut fields)?);
    let id = id.map_err(|_| element.invalid("not a file identifier"))?;
    let bytes = fields.expect(Tag::OCTET_STRING)?.content().to_vec();
    fields.finish()?;
    Ok((id, bytes))
}

fn read_quirks(element: &Element<'_>) -> Result<Quirks, tlv::Error> {
    let out_of_range = |_| element.invalid("a length is out of range");
    let mut fields = element.children()?;
    let max_block = read_optional(&mut fields)?;
    let no_short_ids = fields.expect(Tag::BOOLEAN)?.boolean()?;
    let unprotected_errors = fields.expect(Tag::BOOLEAN)?.boolean()?;
    let response_piece = read_optional(&mut fields)?.map(u8::try_from).transpose();
    let exact_lengths = fields.expect(Tag::BOOLEAN)?.boolean()?;
    let counts_tries = fields.expect(Tag::BOOLEAN)?.boolean()?;
    let extended_length = read_optional(&mut fields)?.map(u16::try_from).transpose();
    fields.finish()?;
    Ok(Quirks {
        max_block,
        no_short_ids,
        unprotected_errors,
        response_piece: response_piece.map_err(out_of_range)?,
        exact_lengths,
        counts_tries,
        extended_length: extended_length.map_err(out_of_range)?,
    })
}

fn conduct(conduct: &Conduct) -> Vec<u8> {
    let (kind, after) = match *conduct {
        Conduct::WrongMac { after } => (0, after),
        Conduct::Replay { after } => (1, after),
        Conduct::TooMuch { after } => (2, after),
        Conduct::EndlessResponse { after } => (3, after),
        Conduct::SilentAfterCommands(after) => (4, after),
        Conduct::SilentAfterBytes(after) => (5, after),
    };
    tlv::sequence(&[&number(kind), &number(after)])
}

fn read_conduct(element: &Element<'_>) -> Result<Conduct, tlv::Error> {
    let mut fields = element.children()?;
    let (kind, after) = (read_number(&mut fields)?, read_number(&mut fields)?);
    fields.finish()?;
    Ok(match kind {
        0 => Conduct::WrongMac { after },
        1 => Conduct::Replay { after },
        2 => Conduct::TooMuch { after },
        3 => Conduct::EndlessResponse { after },
        4 => Conduct::SilentAfterCommands(after),
        5 => Conduct::SilentAfterBytes(after),
        _ => return Err(element.invalid("an unknown conduct")),
    })
}

fn digest(element: &Element<'_>) -> Result<DigestAlgorithm, tlv::Error> {
    let algorithm = DigestAlgorithm::from_oid(&element.oid()?);
    algorithm.ok_or_else(|| element.invalid("an unknown digest"))
}

fn text(element: &Element<'_>) -> Result<String, tlv::Error> {
    let text = std::str::from_utf8(element.content()).ok().filter(|text| text.is_ascii());
    text.map(str::to_owned).ok_or_else(|| element.invalid("not a text"))
}

fn number(number: u32) -> Vec<u8> {
    tlv::integer(&number.to_be_bytes())
}

fn read_number(fields: &mut Reader<'_>) -> Result<u32, tlv::Error> {
    fields.expect(Tag::INTEGER)?.small_unsigned()
}

fn optional(element: Option<Vec<u8>>) -> Vec<u8> {
    element.unwrap_or_default()
}

fn read_optional(fields: &mut Reader<'_>) -> Result<Option<u32>, tlv::Error> {
    fields.optional(Tag::INTEGER)?.map(|element| element.small_unsigned()).transpose()
}

fn list(elements: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    tlv::tagged(Tag::SEQUENCE, &elements.flatten().collect::<Vec<u8>>())
}

fn read_list<T>(
    fields: &mut Reader<'_>,
    read: impl Fn(&Element<'_>) -> Result<T, tlv::Error>,
) -> Result<Vec<T>, tlv::Error> {
    let mut elements = fields.expect(Tag::SEQUENCE)?.children()?;
    let mut list = Vec::new();
    while !elements.is_empty() {
        list.push(read(&elements.expect(Tag::SEQUENCE)?)?);
    }
    Ok(list)
}

const VERSION: u32 = 1;
const RSA: u32 = 0;
const ECDSA: u32 = 1;

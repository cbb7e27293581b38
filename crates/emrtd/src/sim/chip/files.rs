//! SELECT and READ BINARY (9303-10 §3.6).

use super::{Access, Answer, Chip, Refusal, ok};
use crate::read::apdu::{MAX_EXPECTED, ResponseApdu, StatusWord};
use crate::sim::dishonest::Conduct;
use crate::sim::personalisation::{ATR_INFO, CARD_ACCESS, CARD_SECURITY};
use crate::tlv::{self, Reader, Rules, Tag};

impl Chip {
    pub(super) fn select(&mut self, p1: u8, p2: u8, data: &[u8]) -> Answer {
        match (p1, data) {
            (0x00, [] | [0x3F, 0x00]) => {
                self.volatile.in_application = false;
                self.volatile.selected = None;
            }
            (0x04, APPLICATION) => {
                self.volatile.in_application = true;
                self.volatile.selected = None;
            }
            (0x04, _) => return Err(Refusal(StatusWord::NOT_FOUND)),
            (0x00 | 0x02, [a, b]) => {
                let id = u16::from_be_bytes([*a, *b]);
                self.open(id)?;
                self.volatile.selected = Some(id);
            }
            (0x00 | 0x02, _) => return Err(Refusal(StatusWord::WRONG_LENGTH)),
            _ => return Err(Refusal(StatusWord::INCORRECT_PARAMETERS)),
        }
        match p2 {
            0x0C => Ok(ok(&[])),
            // File control information and parameters, for readers that ask.
            0x00 => Ok(ok(&tlv::tagged(Tag(0x6F), &self.control_parameters()))),
            0x04 => Ok(ok(&tlv::tagged(Tag(0x62), &self.control_parameters()))),
            _ => Err(Refusal(StatusWord::INCORRECT_PARAMETERS)),
        }
    }

    pub(super) fn read_binary(&mut self, p1: u8, p2: u8, expected: u32) -> Answer {
        if p1 & 0x80 == 0 {
            return self.read(u16::from_be_bytes([p1, p2]).into(), expected, is_all(expected));
        }
        if p1 & 0x60 != 0 || self.personalisation.quirks.no_short_ids {
            return Err(Refusal(StatusWord::INCORRECT_PARAMETERS));
        }
        let short = u16::from(p1 & 0x1F);
        let id = match (self.volatile.in_application, short) {
            (false, 0x01) => ATR_INFO,
            _ => 0x0100 | short,
        };
        self.open(id)?;
        self.volatile.selected = Some(id);
        self.read(p2.into(), expected, is_all(expected))
    }

    /// The odd instruction: the offset is in `54`, the block in `53`.
    pub(super) fn read_binary_odd(&mut self, p1: u8, p2: u8, data: &[u8], expected: u32) -> Answer {
        match u16::from_be_bytes([p1, p2]) {
            0 => {}
            id => {
                let id = if id < 0x1F { 0x0100 | id } else { id };
                self.open(id)?;
                self.volatile.selected = Some(id);
            }
        }
        let mut reader = Reader::new(data, Rules::Ber);
        let offset = reader.expect(Tag(0x54))?;
        reader.finish()?;
        if offset.content().len() > 4 {
            return Err(Refusal(StatusWord::INCORRECT_DATA));
        }
        let offset =
            offset.content().iter().fold(0, |offset, octet| offset << 8 | usize::from(*octet));
        // What the block's own tag and length take.
        let header = match expected {
            ..=0x81 => 2,
            0x82..=0x102 => 3,
            _ => 4,
        };
        let as_many_as_fit = is_all(expected);
        let expected = expected.checked_sub(header).filter(|expected| *expected > 0);
        let expected = expected.ok_or(Refusal(StatusWord::WRONG_LENGTH))?;
        self.volatile.room = self.volatile.room.saturating_sub(header as usize);
        let block = self.read(offset, expected, as_many_as_fit)?;
        let data = tlv::tagged(Tag(0x53), &block.data);
        Ok(ResponseApdu { data: data.into(), status: block.status })
    }

    fn read(&mut self, offset: usize, expected: u32, as_many_as_fit: bool) -> Answer {
        let id = self.volatile.selected.ok_or(Refusal(StatusWord::NOT_ALLOWED))?;
        let file = self.open(id)?;
        if self.personalisation.quirks.max_block.is_some_and(|most| expected > most) {
            return Err(Refusal(StatusWord::WRONG_LENGTH));
        }
        let rest = file.get(offset..).filter(|rest| !rest.is_empty());
        let rest = rest.ok_or(Refusal(StatusWord::WRONG_PARAMETERS))?;
        let wanted = expected as usize;
        let room = self.volatile.room;
        if expected == 0 || (wanted > room && !as_many_as_fit) {
            return Err(Refusal(StatusWord::WRONG_LENGTH));
        }
        let (block, _) = rest.split_at(rest.len().min(wanted).min(room));
        let mut response = ok(block);
        if wanted > rest.len() && !as_many_as_fit {
            response.status = StatusWord::END_OF_FILE;
        }
        if let Some(Conduct::TooMuch { after }) = self.conduct
            && self.commands >= after
        {
            response.data.resize(wanted + 1, 0);
        }
        Ok(response)
    }

    /// A file of the current directory, if it is there and may be read.
    fn open(&self, id: u16) -> Result<&[u8], Refusal> {
        let access = self.volatile.access;
        let directory = if self.volatile.in_application {
            // What is missing is told to nobody who has no access.
            if access == Access::None {
                return Err(Refusal(StatusWord::SECURITY_STATUS));
            }
            &self.personalisation.application
        } else {
            &self.personalisation.master
        };
        let file = directory.get(&id).ok_or(Refusal(StatusWord::NOT_FOUND))?;
        let is_free = self.volatile.in_application || matches!(id, CARD_ACCESS | ATR_INFO);
        let is_open = id == CARD_SECURITY && access == Access::Pace;
        if !is_free && !is_open {
            return Err(Refusal(StatusWord::SECURITY_STATUS));
        }
        Ok(file)
    }

    fn control_parameters(&self) -> Vec<u8> {
        match self.volatile.selected {
            Some(id) => {
                let len = self.open(id).map_or(0, <[u8]>::len);
                let len = u16::try_from(len).unwrap_or(u16::MAX);
                let size = tlv::tagged(Tag(0x80), &len.to_be_bytes());
                [size, tlv::tagged(Tag(0x83), &id.to_be_bytes())].concat()
            }
            None if self.volatile.in_application => tlv::tagged(Tag(0x84), APPLICATION),
            None => tlv::tagged(Tag(0x83), &[0x3F, 0x00]),
        }
    }
}

/// Whether Le is zero, short or extended: as many bytes as there are and fit.
fn is_all(expected: u32) -> bool {
    expected == 256 || expected > MAX_EXPECTED - 8
}

/// The eMRTD application (9303-10 §3.3).
const APPLICATION: &[u8] = &[0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

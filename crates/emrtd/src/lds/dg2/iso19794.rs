//! The face record of ISO/IEC 19794-5:2005, a fixed big-endian layout.

use super::{Error, Portrait, RecordFormat};
use crate::tlv;

/// Format identifier of the record.
pub(super) const MAGIC: &[u8] = b"FAC\0";

const RECORD_HEADER: usize = 14;
const FACIAL_INFORMATION: usize = 20;
const FEATURE_POINT: usize = 8;
const IMAGE_INFORMATION: usize = 12;

pub(super) fn portrait(record: &[u8], offset: usize) -> Result<Portrait, Error> {
    let truncated = tlv::Error { kind: tlv::ErrorKind::Truncated, offset };
    if !record.starts_with(MAGIC) {
        return Err(tlv::Error::value("not a face record", offset).into());
    }
    let record_len = u32_at(record, 8).ok_or(truncated)?;
    if record_len != record.len() {
        return Err(tlv::Error::value("the record length is wrong", offset + 8).into());
    }
    let block_offset = offset + RECORD_HEADER;
    let block_len = u32_at(record, RECORD_HEADER).ok_or(truncated)?;
    let wrong = tlv::Error::value("the block length is wrong", block_offset);
    let block = record.get(RECORD_HEADER..RECORD_HEADER.saturating_add(block_len)).ok_or(wrong)?;
    let images = usize::from(u16_at(record, 12).ok_or(truncated)?);
    if blocks_end(record, images) != Some(record.len()) {
        return Err(wrong.into());
    }
    let points = usize::from(u16_at(block, 4).ok_or(truncated)?);
    let information = FACIAL_INFORMATION + points * FEATURE_POINT;
    let start = information + IMAGE_INFORMATION;
    let image = block.get(start..).ok_or(truncated)?;
    let width = u16_at(block, information + 2).ok_or(truncated)?;
    let height = u16_at(block, information + 4).ok_or(truncated)?;
    let size = (width != 0 && height != 0).then_some((width, height));
    Portrait::new(image, block_offset + start, size, RecordFormat::Iso19794)
}

/// Where the last of the blocks ends. Each says how long it is.
fn blocks_end(record: &[u8], images: usize) -> Option<usize> {
    let mut end = RECORD_HEADER;
    for _ in 0..images {
        let len = u32_at(record, end)?;
        if len < FACIAL_INFORMATION + IMAGE_INFORMATION {
            return None;
        }
        end = end.checked_add(len)?;
    }
    (images > 0).then_some(end)
}

pub(super) fn write(image: &[u8], width: u16, height: u16) -> Vec<u8> {
    let block_len = FACIAL_INFORMATION + IMAGE_INFORMATION + image.len();
    let record_len = RECORD_HEADER + block_len;
    let mut record = Vec::with_capacity(record_len);
    record.extend_from_slice(MAGIC);
    record.extend_from_slice(b"010\0");
    record.extend_from_slice(&(record_len as u32).to_be_bytes());
    record.extend_from_slice(&1_u16.to_be_bytes());
    record.extend_from_slice(&(block_len as u32).to_be_bytes());
    record.extend_from_slice(&[0; FACIAL_INFORMATION - 4]);
    // Full frontal, JPEG.
    record.extend_from_slice(&[1, 0]);
    record.extend_from_slice(&width.to_be_bytes());
    record.extend_from_slice(&height.to_be_bytes());
    // sRGB, unspecified source, device and quality.
    record.extend_from_slice(&[1, 0, 0, 0, 0, 0]);
    record.extend_from_slice(image);
    record
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let octets = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(octets.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let octets = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_be_bytes(octets.try_into().ok()?)).ok()
}

use zeroize::Zeroizing;

use super::apdu::{CommandApdu, ResponseApdu, StatusWord};
use super::error::ReadErrorKind;
use crate::lds::ElementaryFile;
use crate::tlv::{self, Reader, Rules, Tag};

/// Bytes of the first read of a file: enough for its tag and length.
const HEADER_LEN: u32 = 8;

/// Bytes read again after a lost tag.
const OVERLAP: usize = 32;

/// No chip needs smaller blocks than this.
const MIN_BLOCK: u32 = 16;

/// Beyond this, READ BINARY needs its odd instruction (9303-10 §3.6.3).
const MAX_SHORT_OFFSET: usize = 0x7FFF;

/// What was learned about a chip's way of being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes asked for at once.
    pub(super) block: u32,
    /// Whether short file identifiers work.
    pub(super) short_ids: bool,
    /// Largest file accepted, in bytes.
    pub(super) max_file_len: usize,
    /// Length of the last answer that was shorter than asked for.
    pub(super) short_answer: Option<u32>,
}

impl Limits {
    /// Asks for less at once; `false` when there is no less.
    pub(super) fn shrink(&mut self) -> bool {
        let smaller = match self.block {
            224.. => 223,
            // Real chips that fail at 223 succeed at 160.
            161..=223 => 160,
            block => block / 2,
        };
        if smaller < MIN_BLOCK {
            return false;
        }
        self.block = smaller;
        true
    }

    /// A chip that answers twice with the same lesser length gives no more.
    fn learn(&mut self, answered: u32) {
        if self.short_answer == Some(answered) && answered >= MIN_BLOCK {
            self.block = self.block.min(answered);
        }
        self.short_answer = Some(answered);
    }
}

/// One file on its way (9303-10 §3.6).
pub(super) struct Transfer {
    pub(super) file: ElementaryFile,
    bytes: Zeroizing<Vec<u8>>,
    total: Option<usize>,
    /// Where the next block starts; after a lost tag a little before the end
    /// of `bytes`, to see that it is the same file.
    position: usize,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    ShortId,
    Select,
    Header,
    Body,
}

impl std::fmt::Debug for Transfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transfer({}, {} of {:?} bytes)", self.file, self.bytes.len(), self.total)
    }
}

pub(super) enum FileStep {
    Command(CommandApdu),
    Done(Zeroizing<Vec<u8>>),
    Absent(StatusWord),
}

impl Transfer {
    pub(super) fn new(file: ElementaryFile) -> Self {
        let bytes = Zeroizing::default();
        Self { file, bytes, total: None, position: 0, phase: Phase::ShortId }
    }

    /// A file that was read, to see whether it is still the same: its header
    /// and its last bytes, which in EF.SOD are the signature.
    pub(super) fn again(file: ElementaryFile, bytes: &[u8]) -> Self {
        let total = Some(bytes.len());
        let bytes = Zeroizing::new(bytes.to_vec());
        Self { file, bytes, total, position: 0, phase: Phase::ShortId }
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> usize {
        self.bytes.len()
    }

    /// Whether its header was read, so that blocks are being read.
    pub(super) fn is_in_body(&self) -> bool {
        self.phase == Phase::Body
    }

    /// Length of the file, once its header was read.
    pub(super) fn total(&self) -> Option<usize> {
        self.total
    }

    /// The first command; also after a lost tag, to go on where it stopped.
    pub(super) fn start(&mut self, limits: &Limits) -> CommandApdu {
        self.position = self.bytes.len().saturating_sub(OVERLAP).max(HEADER_LEN as usize);
        if limits.short_ids {
            self.phase = Phase::ShortId;
            let p1 = 0x80 | identifier(self.file).1;
            return CommandApdu::new(0, READ_BINARY, p1, 0).expecting(HEADER_LEN);
        }
        self.select()
    }

    pub(super) fn receive(
        &mut self,
        response: &ResponseApdu,
        limits: &mut Limits,
    ) -> Result<FileStep, ReadErrorKind> {
        let good = matches!(response.status, StatusWord::OK | StatusWord::END_OF_FILE);
        match self.phase {
            Phase::ShortId if !good => Ok(FileStep::Command(self.select())),
            Phase::Select if response.status == StatusWord::OK => {
                self.phase = Phase::Header;
                let command = CommandApdu::new(0, READ_BINARY, 0, 0).expecting(HEADER_LEN);
                Ok(FileStep::Command(command))
            }
            Phase::Select => Ok(FileStep::Absent(response.status)),
            Phase::Header if !good => Ok(FileStep::Absent(response.status)),
            Phase::ShortId => self.header(&response.data, limits),
            Phase::Header => {
                // The short identifier did not work, and the selection did.
                limits.short_ids = false;
                self.header(&response.data, limits)
            }
            Phase::Body if good => self.body(response, limits),
            Phase::Body => self.retry(response.status, limits),
        }
    }

    fn select(&mut self) -> CommandApdu {
        self.phase = Phase::Select;
        CommandApdu::new(0, SELECT, 0x02, 0x0C).with_data(&identifier(self.file).0)
    }

    fn header(&mut self, data: &[u8], limits: &Limits) -> Result<FileStep, ReadErrorKind> {
        if data.len() > HEADER_LEN as usize {
            return Err(ReadErrorKind::TooMuch);
        }
        let total = parse_header(data, template(self.file)).map_err(ReadErrorKind::Header)?;
        if total > limits.max_file_len {
            return Err(ReadErrorKind::TooLarge { len: total, max: limits.max_file_len });
        }
        let start = data.get(..total.min(data.len())).unwrap_or(data);
        if self.bytes.is_empty() {
            // Growing would leave copies behind that nobody clears.
            self.bytes.reserve_exact(total);
        } else if self.total != Some(total) {
            return Err(ReadErrorKind::Changed);
        }
        self.total = Some(total);
        let position = self.position.min(self.bytes.len());
        self.position = 0;
        self.take(start)?;
        self.position = self.position.max(position);
        self.phase = Phase::Body;
        Ok(self.next(limits))
    }

    fn body(
        &mut self,
        response: &ResponseApdu,
        limits: &mut Limits,
    ) -> Result<FileStep, ReadErrorKind> {
        let wanted = self.wanted(limits);
        let mut most = self.wanted(limits);
        let data = if self.position > MAX_SHORT_OFFSET {
            // Some chips do not count the wrapping, and return that much more.
            most = (most + DISCRETIONARY_OVERHEAD).min(self.left());
            let mut reader = Reader::new(&response.data, Rules::Ber);
            let element = reader.expect(DISCRETIONARY_DATA).map_err(ReadErrorKind::Block)?;
            reader.finish().map_err(ReadErrorKind::Block)?;
            element.content()
        } else {
            &response.data
        };
        if data.is_empty() {
            return Err(ReadErrorKind::EndsEarly);
        }
        if data.len() > most as usize {
            return Err(ReadErrorKind::TooMuch);
        }
        let len = data.len() as u32;
        self.take(data)?;
        if len < wanted && self.left() > 0 {
            limits.learn(len);
        }
        Ok(self.next(limits))
    }

    /// Takes bytes from `position` on; those known already must be the same.
    fn take(&mut self, data: &[u8]) -> Result<(), ReadErrorKind> {
        let known = self.bytes.get(self.position..).unwrap_or(&[]);
        if known.iter().zip(data).any(|(before, now)| before != now) {
            return Err(ReadErrorKind::Changed);
        }
        let new = data.get(known.len()..).unwrap_or(&[]);
        self.bytes.extend_from_slice(new);
        self.position += data.len();
        Ok(())
    }

    fn retry(
        &mut self,
        status: StatusWord,
        limits: &mut Limits,
    ) -> Result<FileStep, ReadErrorKind> {
        if is_about_length(status) && limits.shrink() {
            return Ok(self.next(limits));
        }
        if status == StatusWord::WRONG_PARAMETERS {
            return Err(ReadErrorKind::EndsEarly);
        }
        Err(ReadErrorKind::Refused(status))
    }

    fn next(&mut self, limits: &Limits) -> FileStep {
        let (offset, wanted) = (self.position, self.wanted(limits));
        if wanted == 0 {
            return FileStep::Done(std::mem::take(&mut self.bytes));
        }
        if offset <= MAX_SHORT_OFFSET {
            let [p1, p2] = (offset as u16).to_be_bytes();
            return FileStep::Command(CommandApdu::new(0, READ_BINARY, p1, p2).expecting(wanted));
        }
        let octets: Vec<u8> =
            (offset as u32).to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
        let command = CommandApdu::new(0, READ_BINARY_ODD, 0, 0)
            .with_data(&tlv::tagged(OFFSET, &octets))
            .expecting(wanted + DISCRETIONARY_OVERHEAD);
        FileStep::Command(command)
    }

    /// Bytes still to read.
    fn left(&self) -> u32 {
        let left = self.total.unwrap_or(0).saturating_sub(self.position);
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// Bytes to ask for next.
    fn wanted(&self, limits: &Limits) -> u32 {
        let block = if self.position > MAX_SHORT_OFFSET {
            limits.block.saturating_sub(DISCRETIONARY_OVERHEAD).max(1)
        } else {
            limits.block
        };
        block.min(self.left())
    }
}

/// Whether `status` may mean that too much was asked for at once.
pub(super) fn is_about_length(status: StatusWord) -> bool {
    matches!(status.0, 0x6700 | 0x6F00 | 0x6A86 | 0x6281) || status.right_length().is_some()
}

/// File identifier and short identifier (9303-10 §3.11, table 38).
fn identifier(file: ElementaryFile) -> ([u8; 2], u8) {
    let short = match file {
        ElementaryFile::CardAccess => 0x1C,
        ElementaryFile::CardSecurity => 0x1D,
        ElementaryFile::Com => 0x1E,
        ElementaryFile::Sod => 0x1D,
        ElementaryFile::Dg(group) => group.number(),
    };
    ([0x01, short], short)
}

/// The tag a file starts with (9303-10 §4).
fn template(file: ElementaryFile) -> u8 {
    match file {
        ElementaryFile::CardAccess => 0x31,
        ElementaryFile::CardSecurity => 0x30,
        ElementaryFile::Com => 0x60,
        ElementaryFile::Sod => 0x77,
        ElementaryFile::Dg(group) => match group.number() {
            1 => 0x61,
            2 => 0x75,
            3 => 0x63,
            4 => 0x76,
            // DG5 starts with 65, DG16 with 70.
            number => 0x60 + number,
        },
    }
}

/// Length of the whole file from its first bytes.
fn parse_header(data: &[u8], tag: u8) -> Result<usize, tlv::Error> {
    let fail = |what, offset| Err(tlv::Error::value(what, offset));
    let (first, length, rest) = match data {
        [first, length, rest @ ..] => (*first, *length, rest),
        _ => return fail("a file shorter than a header", 0),
    };
    if first != tag {
        return fail("not the tag of this file", 0);
    }
    if length < 0x80 {
        return Ok(2 + usize::from(length));
    }
    let count = usize::from(length & 0x7F);
    match rest.get(..count) {
        Some(octets) if (1..=4).contains(&count) => {
            let len = octets.iter().fold(0_u64, |len, octet| (len << 8) | u64::from(*octet));
            Ok(usize::try_from(len).unwrap_or(usize::MAX).saturating_add(2 + count))
        }
        _ => fail("not a length", 1),
    }
}

const SELECT: u8 = 0xA4;
const READ_BINARY: u8 = 0xB0;
const READ_BINARY_ODD: u8 = 0xB1;
const OFFSET: Tag = Tag(0x54);
const DISCRETIONARY_DATA: Tag = Tag(0x53);
/// Tag and length around a block that the odd instruction returns.
const DISCRETIONARY_OVERHEAD: u32 = 4;

//! Command and response APDUs (ISO/IEC 7816-4 §5, 9303-10 §3.2).

use std::fmt;

use zeroize::Zeroizing;

/// Most bytes of data that one command or response carries.
pub const MAX_DATA_LEN: usize = 65_535;

/// Most bytes a chip may be asked for in one command: the extended `Le` of zero.
pub const MAX_EXPECTED: u32 = 65_536;

/// Why bytes are no APDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApduError {
    /// A response without a status word.
    #[error("a response of {0} bytes has no status word")]
    NoStatus(usize),
    /// A response of more bytes than the standard allows.
    #[error("a response of {0} bytes is too long")]
    ResponseTooLong(usize),
    /// The lengths in a command do not fit its bytes.
    #[error("a command of {0} bytes contradicts its length fields")]
    CommandLength(usize),
    /// A command carries more data than the standard allows.
    #[error("{0} bytes do not fit in one command")]
    CommandTooLong(usize),
}

/// A command in its logical form; short or extended is decided by
/// [`encode`](Self::encode). `Debug` shows no data.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandApdu {
    /// Class byte.
    pub cla: u8,
    /// Instruction byte.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Command data; no `Lc` when empty.
    pub data: Zeroizing<Vec<u8>>,
    /// Most bytes of response data expected (`Ne`); no `Le` when zero.
    pub expected: u32,
}

impl CommandApdu {
    /// A command without data that expects none (case 1).
    pub fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self { cla, ins, p1, p2, data: Zeroizing::default(), expected: 0 }
    }

    /// The same with command data (cases 3 and 4).
    #[must_use]
    pub fn with_data(mut self, data: &[u8]) -> Self {
        self.data = Zeroizing::new(data.to_vec());
        self
    }

    /// The same, expecting up to `expected` bytes, at most [`MAX_EXPECTED`]
    /// (cases 2 and 4).
    #[must_use]
    pub fn expecting(mut self, expected: u32) -> Self {
        self.expected = expected.min(MAX_EXPECTED);
        self
    }

    /// The four bytes before the lengths.
    pub fn header(&self) -> [u8; 4] {
        [self.cla, self.ins, self.p1, self.p2]
    }

    /// Whether the lengths need extended fields.
    pub fn is_extended(&self) -> bool {
        self.data.len() > 255 || self.expected > 256
    }

    /// The bytes on the wire: short fields where they suffice.
    ///
    /// # Errors
    /// [`ApduError::CommandTooLong`].
    pub fn encode(&self) -> Result<Vec<u8>, ApduError> {
        let too_long = ApduError::CommandTooLong(self.data.len());
        let data_len = u16::try_from(self.data.len()).map_err(|_| too_long)?;
        let mut out = self.header().to_vec();
        if self.is_extended() {
            out.push(0);
            if data_len > 0 {
                out.extend_from_slice(&data_len.to_be_bytes());
                out.extend_from_slice(&self.data);
            }
            if self.expected > 0 {
                // 65536 is written as 0000.
                out.extend_from_slice(&(self.expected as u16).to_be_bytes());
            }
        } else {
            if data_len > 0 {
                out.push(data_len as u8);
                out.extend_from_slice(&self.data);
            }
            if self.expected > 0 {
                // 256 is written as 00.
                out.push(self.expected as u8);
            }
        }
        Ok(out)
    }

    /// Reads a command, for the chip's side.
    ///
    /// # Errors
    /// [`ApduError::CommandLength`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        let malformed = ApduError::CommandLength(bytes.len());
        let Some(([cla, ins, p1, p2], body)) = bytes.split_first_chunk() else {
            return Err(malformed);
        };
        let command = Self::new(*cla, *ins, *p1, *p2);
        let (data, expected) = match body {
            [] => (&[][..], 0),
            [le] => (&[][..], short_expected(*le)),
            [0, a, b] => (&[][..], extended_expected(*a, *b)),
            [0, a, b, rest @ ..] => {
                let (data, tail) =
                    split(rest, usize::from(u16::from_be_bytes([*a, *b]))).ok_or(malformed)?;
                match tail {
                    [] => (data, 0),
                    [a, b] => (data, extended_expected(*a, *b)),
                    _ => return Err(malformed),
                }
            }
            [lc, rest @ ..] => {
                let (data, tail) = split(rest, usize::from(*lc)).ok_or(malformed)?;
                match tail {
                    [] => (data, 0),
                    [le] => (data, short_expected(*le)),
                    _ => return Err(malformed),
                }
            }
        };
        Ok(command.with_data(data).expecting(expected))
    }
}

impl fmt::Debug for CommandApdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [cla, ins, p1, p2] = self.header();
        let (data, expected) = (self.data.len(), self.expected);
        write!(f, "CommandApdu({cla:02X}{ins:02X}{p1:02X}{p2:02X}, {data} bytes, Ne {expected})")
    }
}

/// A response: data and status word. `Debug` shows no data.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponseApdu {
    /// Response data.
    pub data: Zeroizing<Vec<u8>>,
    /// `SW1 SW2`
    pub status: StatusWord,
}

impl ResponseApdu {
    /// Reads the bytes a transport delivered.
    ///
    /// # Errors
    /// [`ApduError::NoStatus`] or [`ApduError::ResponseTooLong`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        let (data, status) = bytes.split_last_chunk().ok_or(ApduError::NoStatus(bytes.len()))?;
        if data.len() > MAX_EXPECTED as usize {
            return Err(ApduError::ResponseTooLong(bytes.len()));
        }
        let data = Zeroizing::new(data.to_vec());
        Ok(Self { data, status: StatusWord(u16::from_be_bytes(*status)) })
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        [&self.data[..], &self.status.0.to_be_bytes()].concat()
    }
}

impl fmt::Debug for ResponseApdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseApdu({} bytes, {})", self.data.len(), self.status)
    }
}

/// `SW1 SW2`. Displays as four hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusWord(pub u16);

impl StatusWord {
    /// Normal processing.
    pub const OK: Self = Self(0x9000);
    /// The file ended before `Ne` bytes; the data that came are good.
    pub const END_OF_FILE: Self = Self(0x6282);
    /// Authentication failed; the low nibble may count the tries left.
    pub const AUTHENTICATION_FAILED: Self = Self(0x6300);
    /// Wrong length.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// Security status not satisfied.
    pub const SECURITY_STATUS: Self = Self(0x6982);
    /// Command not allowed: no file is selected.
    pub const NOT_ALLOWED: Self = Self(0x6986);
    /// Secure messaging data objects are missing.
    pub const SECURE_MESSAGING_MISSING: Self = Self(0x6987);
    /// Secure messaging data objects are incorrect.
    pub const SECURE_MESSAGING_INCORRECT: Self = Self(0x6988);
    /// Incorrect parameters in the data field.
    pub const INCORRECT_DATA: Self = Self(0x6A80);
    /// File or application not found.
    pub const NOT_FOUND: Self = Self(0x6A82);
    /// Incorrect parameters P1-P2.
    pub const INCORRECT_PARAMETERS: Self = Self(0x6A86);
    /// Referenced data not found.
    pub const REFERENCE_NOT_FOUND: Self = Self(0x6A88);
    /// Wrong parameters: the offset is outside the file.
    pub const WRONG_PARAMETERS: Self = Self(0x6B00);
    /// Instruction not supported.
    pub const INSTRUCTION_NOT_SUPPORTED: Self = Self(0x6D00);

    /// `61xx`: how many more bytes GET RESPONSE would give; 256 for `00`.
    pub fn more_data(self) -> Option<u32> {
        (self.0 >> 8 == 0x61).then(|| short_expected(self.0 as u8))
    }

    /// `6Cxx`: the `Le` the command should have had; 256 for `00`.
    pub fn right_length(self) -> Option<u32> {
        (self.0 >> 8 == 0x6C).then(|| short_expected(self.0 as u8))
    }

    /// Whether this is a warning that the password was wrong (`63xx`).
    pub fn is_failed_authentication(self) -> bool {
        self.0 >> 8 == 0x63
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusWord({self})")
    }
}

fn short_expected(le: u8) -> u32 {
    if le == 0 { 256 } else { u32::from(le) }
}

fn extended_expected(a: u8, b: u8) -> u32 {
    match u16::from_be_bytes([a, b]) {
        0 => MAX_EXPECTED,
        le => u32::from(le),
    }
}

fn split(bytes: &[u8], len: usize) -> Option<(&[u8], &[u8])> {
    (len > 0).then(|| bytes.split_at_checked(len)).flatten()
}

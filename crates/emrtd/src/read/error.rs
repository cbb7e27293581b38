use super::access::AccessError;
use super::apdu::StatusWord;
use super::channel::ChannelError;
use super::secure_messaging::SecureMessagingError;
use crate::lds::ElementaryFile;
use crate::tlv;

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The chip, or whoever stands between it and us.
    Chip,
    /// The password: misread, or of another document.
    Password,
    /// The caller of this crate.
    Caller,
    /// The cryptographic library.
    Library,
}

/// Why reading stopped, and where. Never holds any byte of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{kind}", place(*.file, *.offset))]
pub struct ReadError {
    /// The file being read, if any.
    pub file: Option<ElementaryFile>,
    /// How many of its bytes were read before.
    pub offset: usize,
    /// What went wrong.
    pub kind: ReadErrorKind,
}

impl ReadError {
    /// Who is at fault.
    pub fn fault(&self) -> Fault {
        use ChannelError::SecureMessaging;
        match self.kind {
            ReadErrorKind::Access(AccessError::WrongPassword(_) | AccessError::NeedsMrz) => {
                Fault::Password
            }
            ReadErrorKind::NotStarted
            | ReadErrorKind::Access(AccessError::Random)
            | ReadErrorKind::Channel(
                ChannelError::NotSent | SecureMessaging(SecureMessagingError::Command),
            ) => Fault::Caller,
            ReadErrorKind::Access(AccessError::Library(_))
            | ReadErrorKind::Channel(SecureMessaging(SecureMessagingError::Library(_))) => {
                Fault::Library
            }
            _ => Fault::Chip,
        }
    }
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// An APDU could not be exchanged.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// BAC or PACE failed.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// PACE is not possible and the policy does not allow BAC.
    #[error("the chip offers no PACE, and BAC is not allowed")]
    BacNotAllowed,
    /// There is no eMRTD application.
    #[error("the chip refused the eMRTD application with {0}")]
    NoApplication(StatusWord),
    /// A file that every document has is missing.
    #[error("the chip refused a mandatory file with {0}")]
    Missing(StatusWord),
    /// The chip refused to go on inside a file.
    #[error("the chip refused to read on with {0}")]
    Refused(StatusWord),
    /// The file does not start as it must.
    #[error("the header of the file is malformed: {0}")]
    Header(tlv::Error),
    /// A block beyond 32767 bytes is not wrapped as it must be.
    #[error("a block is malformed: {0}")]
    Block(tlv::Error),
    /// The header announces more than the policy accepts.
    #[error("the file says it has {len} bytes, more than {max}")]
    TooLarge {
        /// What the header says.
        len: usize,
        /// What the policy accepts.
        max: usize,
    },
    /// The chip returned more than it was asked for.
    #[error("the chip returned more than it was asked for")]
    TooMuch,
    /// The chip has no more bytes where its header says there are.
    #[error("the file ends before the length in its header")]
    EndsEarly,
    /// After a lost tag the file starts otherwise: it is another chip.
    #[error("the file is not the one that was being read")]
    Changed,
    /// A response came before the start or after the end.
    #[error("no reading is under way")]
    NotStarted,
}

fn place(file: Option<ElementaryFile>, offset: usize) -> String {
    match file {
        Some(file) => format!("{file}, byte {offset}: "),
        None => String::new(),
    }
}

use std::ffi::{CStr, CString};
use std::time::Duration;

use pcsc::{
    Card, Context, Disposition, Error, MAX_BUFFER_SIZE_EXTENDED, Protocols, ReaderState, Scope,
    ShareMode, State,
};

use super::{Transceiver, TransceiverError};

/// Most readers that are looked at.
const MAX_READERS: usize = 64;

/// A contactless reader over PC/SC.
///
/// The chip is held exclusively: another program's commands in between would
/// end the session with it.
pub struct PcscReader {
    context: Context,
    name: CString,
    patience: Duration,
    /// `None` while the chip is lost.
    card: Option<Card>,
    extended: bool,
    buffer: Vec<u8>,
}

/// Why no chip was found on a PC/SC reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PcscError {
    /// The PC/SC service does not run.
    #[error("the PC/SC service does not run")]
    NoService,
    /// No reader is connected.
    #[error("no reader is connected")]
    NoReader,
    /// No reader's name is this one or has it in it.
    #[error("no reader is named like {wanted:?}")]
    Unknown {
        /// The name asked for.
        wanted: String,
        /// The names there are.
        readers: Vec<String>,
    },
    /// Several of the readers that are meant have a chip.
    #[error("several readers have a chip")]
    Several {
        /// Their names.
        readers: Vec<String>,
    },
    /// No chip came in time.
    #[error("no chip on the reader")]
    NoChip {
        /// The readers that were watched.
        readers: Vec<String>,
    },
    /// Another program uses the chip.
    #[error("another program uses the reader")]
    Busy,
    /// PC/SC failed otherwise.
    #[error("PC/SC: {0}")]
    Failed(String),
}

impl PcscReader {
    /// Connects to the chip on a reader, waiting up to `patience` for one to be
    /// put there, now and whenever it is lost. `on_wait` hears the names of the
    /// readers that are watched, if none has a chip yet.
    ///
    /// `name` is a reader's name or a part of it, in any case. Where several
    /// readers are meant, as all are without a name, it is the only one with a chip.
    ///
    /// # Errors
    /// See [`PcscError`].
    pub fn open(
        name: Option<&str>,
        patience: Duration,
        on_wait: impl FnOnce(&[String]),
    ) -> Result<Self, PcscError> {
        let context = Context::establish(Scope::User)?;
        let mut readers = context.list_readers_owned()?;
        readers.truncate(MAX_READERS);
        let watched = match name {
            Some(wanted) => named(wanted, &readers)?,
            None if readers.is_empty() => return Err(PcscError::NoReader),
            None => readers,
        };
        let mut present = wait_for_chip(&context, &watched, patience, on_wait)?;
        let name = match (present.pop(), present.is_empty()) {
            (Some(only), true) => only,
            (None, _) => return Err(PcscError::NoChip { readers: texts(&watched) }),
            (Some(last), false) => {
                present.push(last);
                return Err(PcscError::Several { readers: texts(&present) });
            }
        };
        let mut reader =
            Self { context, name, patience, card: None, extended: false, buffer: Vec::new() };
        let card = reader.connect()?;
        reader.extended = takes_extended(&card);
        reader.card = Some(card);
        reader.buffer.resize(MAX_BUFFER_SIZE_EXTENDED, 0);
        Ok(reader)
    }

    /// The reader's name.
    #[must_use]
    pub fn name(&self) -> String {
        text(&self.name)
    }

    fn connect(&self) -> Result<Card, Error> {
        self.context.connect(&self.name, ShareMode::Exclusive, Protocols::ANY)
    }
}

impl Transceiver for PcscReader {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransceiverError> {
        let card = self.card.as_ref().ok_or(TransceiverError::TagLost)?;
        Ok(card.transmit(command, &mut self.buffer)?.to_vec())
    }

    fn reconnect(&mut self) -> Result<(), TransceiverError> {
        if let Some(card) = &mut self.card {
            let reset =
                card.reconnect(ShareMode::Exclusive, Protocols::ANY, Disposition::UnpowerCard);
            if reset.is_ok() {
                return Ok(());
            }
        }
        self.card = None;
        let name = std::slice::from_ref(&self.name);
        match wait_for_chip(&self.context, name, self.patience, |_| {}) {
            Ok(present) if present.is_empty() => return Err(TransceiverError::TagLost),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        self.card = Some(self.connect()?);
        Ok(())
    }

    fn takes_extended(&self) -> bool {
        self.extended
    }
}

/// The readers that are meant by `wanted`; at least one.
fn named(wanted: &str, readers: &[CString]) -> Result<Vec<CString>, PcscError> {
    if let Some(exact) = readers.iter().find(|reader| text(reader) == wanted) {
        return Ok(vec![exact.clone()]);
    }
    let part = wanted.to_lowercase();
    let fitting = readers.iter().filter(|reader| text(reader).to_lowercase().contains(&part));
    let fitting: Vec<CString> = fitting.cloned().collect();
    if fitting.is_empty() {
        let wanted = wanted.to_owned();
        return Err(PcscError::Unknown { wanted, readers: texts(readers) });
    }
    Ok(fitting)
}

/// The readers that have a chip, once one has; none when the time is over.
fn wait_for_chip(
    context: &Context,
    readers: &[CString],
    patience: Duration,
    on_wait: impl FnOnce(&[String]),
) -> Result<Vec<CString>, Error> {
    let mut on_wait = Some(on_wait);
    let mut states: Vec<ReaderState> =
        readers.iter().map(|reader| ReaderState::new(reader.clone(), State::UNAWARE)).collect();
    // The first call tells how things are, the second waits for them to change.
    for timeout in [Duration::ZERO, patience] {
        match context.get_status_change(timeout, &mut states) {
            Ok(()) => {}
            Err(Error::Timeout) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        let present: Vec<CString> = states
            .iter()
            .filter(|state| state.event_state().contains(State::PRESENT))
            .map(|state| state.name().to_owned())
            .collect();
        if !present.is_empty() {
            return Ok(present);
        }
        for state in &mut states {
            state.sync_current_state();
        }
        if let Some(on_wait) = on_wait.take() {
            on_wait(&texts(readers));
        }
    }
    Ok(Vec::new())
}

/// What the reader says of itself (PC/SC part 10, `FEATURE_GET_TLV_PROPERTIES`,
/// `dwMaxAPDUDataSize`). One that says nothing is not tried.
fn takes_extended(card: &Card) -> bool {
    const TLV_PROPERTIES: u8 = 0x12;
    const MAX_APDU_DATA: u8 = 0x0A;
    const SHORT: u32 = 256;
    let mut features = [0; 256];
    // CM_IOCTL_GET_FEATURE_REQUEST
    let Ok(features) = card.control(pcsc::ctl_code(3400), &[], &mut features) else {
        return false;
    };
    let code = tlv(features, TLV_PROPERTIES).and_then(|code| code.try_into().ok());
    let Some(code) = code.map(u32::from_be_bytes) else { return false };
    let mut properties = [0; 256];
    let Ok(properties) = card.control(code.into(), &[], &mut properties) else { return false };
    let size = tlv(properties, MAX_APDU_DATA).and_then(|size| size.try_into().ok());
    size.map(u32::from_le_bytes).is_some_and(|size| size > SHORT)
}

/// The value of `tag` in one-byte tags and lengths.
fn tlv(mut bytes: &[u8], tag: u8) -> Option<&[u8]> {
    while let [found, len, rest @ ..] = bytes {
        let (value, rest) = rest.split_at_checked(usize::from(*len))?;
        if *found == tag {
            return Some(value);
        }
        bytes = rest;
    }
    None
}

fn text(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

fn texts(names: &[CString]) -> Vec<String> {
    names.iter().map(|name| text(name)).collect()
}

impl From<Error> for PcscError {
    fn from(error: Error) -> Self {
        match error {
            Error::NoService | Error::ServiceStopped => Self::NoService,
            Error::NoReadersAvailable => Self::NoReader,
            Error::SharingViolation => Self::Busy,
            Error::NoSmartcard | Error::RemovedCard => Self::NoChip { readers: Vec::new() },
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<Error> for TransceiverError {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSmartcard
            | Error::RemovedCard
            | Error::ResetCard
            | Error::UnpoweredCard
            | Error::UnresponsiveCard
            | Error::CommDataLost
            | Error::CommError
            | Error::NotTransacted => Self::TagLost,
            Error::NoService
            | Error::ServiceStopped
            | Error::NoReadersAvailable
            | Error::ReaderUnavailable
            | Error::UnknownReader
            | Error::Shutdown => Self::ReaderGone,
            error => Self::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    fn readers() -> Vec<CString> {
        ["ACME Dual 00 00", "ACME Dual 00 01", "Virtual PCD 00 00"]
            .map(|name| CString::new(name).unwrap())
            .to_vec()
    }

    #[test]
    fn a_part_of_a_name_is_enough() {
        let meant = |wanted| named(wanted, &readers()).map(|readers| texts(&readers));
        assert_eq!(meant("virtual").unwrap(), ["Virtual PCD 00 00"]);
        assert_eq!(meant("ACME Dual 00 01").unwrap(), ["ACME Dual 00 01"]);
        assert_eq!(meant("acme").unwrap().len(), 2);
        let error = meant("omnikey").unwrap_err();
        assert!(
            matches!(&error, PcscError::Unknown { readers, .. } if readers.len() == 3),
            "{error:?}"
        );
    }

    #[test]
    fn properties_are_found_and_truncated_ones_are_not() {
        let properties = [0x01, 1, 7, 0x0A, 4, 0, 0, 1, 0];
        assert_eq!(tlv(&properties, 0x0A), Some(&[0, 0, 1, 0][..]));
        assert_eq!(tlv(&properties[..8], 0x0A), None);
        assert_eq!(tlv(&properties, 0x0B), None);
    }
}

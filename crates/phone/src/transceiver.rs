//! How APDUs reach a chip.

#[cfg(feature = "pcsc")]
mod pcsc;
#[cfg(feature = "sim")]
mod simulated;

#[cfg(feature = "pcsc")]
pub use pcsc::{PcscError, PcscReader};
#[cfg(feature = "sim")]
pub use simulated::SimulatedReader;

/// A reader with a chip in its field. Its calls wait for the chip.
pub trait Transceiver {
    /// Sends a command APDU as it is; the chip's whole response, status word
    /// included.
    ///
    /// # Errors
    /// See [`TransceiverError`].
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransceiverError>;

    /// Resets the chip. Where it was lost, waits for it to come back, for as
    /// long as this reader does.
    ///
    /// # Errors
    /// [`TransceiverError::TagLost`] when it did not come back.
    fn reconnect(&mut self) -> Result<(), TransceiverError>;

    /// Whether APDUs with extended lengths pass.
    fn takes_extended(&self) -> bool;
}

/// Why an APDU was not exchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransceiverError {
    /// The chip left the field or does not answer.
    #[error("the chip was lost")]
    TagLost,
    /// The reader or its service is gone.
    #[error("the reader is gone")]
    ReaderGone,
    /// The reader fails for another reason, which it names.
    #[error("the reader failed: {0}")]
    Failed(String),
}

impl<T: Transceiver + ?Sized> Transceiver for Box<T> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransceiverError> {
        (**self).transmit(command)
    }

    fn reconnect(&mut self) -> Result<(), TransceiverError> {
        (**self).reconnect()
    }

    fn takes_extended(&self) -> bool {
        (**self).takes_extended()
    }
}

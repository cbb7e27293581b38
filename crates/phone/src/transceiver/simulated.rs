use emrtd::sim::Chip;

use super::{Transceiver, TransceiverError};

/// A reader with a simulated chip on it.
pub struct SimulatedReader {
    chip: Chip,
}

impl SimulatedReader {
    /// Puts `chip` on a reader.
    #[must_use]
    pub fn new(chip: Chip) -> Self {
        Self { chip }
    }
}

impl Transceiver for SimulatedReader {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransceiverError> {
        let response = self.chip.transmit(command);
        // A chip that stops says nothing at all.
        if response.is_empty() { Err(TransceiverError::TagLost) } else { Ok(response) }
    }

    fn reconnect(&mut self) -> Result<(), TransceiverError> {
        self.chip.reset();
        Ok(())
    }

    fn takes_extended(&self) -> bool {
        true
    }
}

//! A chip on a reader, from the first APDU to chip authentication.

use std::sync::Arc;

use emrtd::crypto::KeyDescription;
use emrtd::crypto::agreement::Random;
use emrtd::lds::dg15::Dg15;
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::read::apdu::{CommandApdu, MAX_EXPECTED, ResponseApdu, StatusWord};
use emrtd::read::{
    Channel, ChannelError, FileProgress, Outcome, Password, ReadError, ReadPolicy, Reader,
    Received, Step,
};
use emrtd::trust::TrustStore;
use protocol::SecretBytes;

use crate::relayed::{self, RelayRefusal};
use crate::transceiver::{Transceiver, TransceiverError};

/// One chip, held to a reader.
///
/// [`read`](Self::read) comes first, then [`sign`](Self::sign), and
/// [`relay`](Self::relay) last: chip authentication replaces the session. A
/// lost tag is waited for and opened again, and reading goes on where it stopped.
pub struct ChipSession<T> {
    transceiver: T,
    reader: Reader,
    random: ChipRandom,
    state: Session,
    exchanged: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Session {
    /// Nothing was sent yet.
    New,
    /// Chip and reader share keys.
    Open,
    /// The server has agreed on keys with the chip, and may send one command.
    Relayed,
    /// The keys are gone, or the tag is.
    Over,
}

/// A cryptographic generator: fills its buffer.
pub type ChipRandom = Box<dyn FnMut(&mut [u8]) + Send>;

/// How far reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipProgress {
    /// Bytes of a file were read.
    File(FileProgress),
    /// The tag was lost; it is waited for.
    TagLost {
        /// How often so far.
        number: usize,
    },
}

/// Why the chip could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChipError {
    /// The way to the chip broke. [`TransceiverError::TagLost`]: too often, or
    /// the chip did not come back.
    #[error(transparent)]
    Transceiver(#[from] TransceiverError),
    /// Access or reading failed; who is at fault says [`ReadError::fault`].
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An APDU could not be exchanged after reading.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The chip refused to sign the challenge.
    #[error("the chip refused active authentication with {0}")]
    NotSigned(StatusWord),
    /// The server's commands are not those of chip authentication. None of them
    /// was sent to the chip.
    #[error(transparent)]
    Relayed(#[from] RelayRefusal),
    /// The reading did not end: a mistake in this crate.
    #[error("the reading ended without an outcome")]
    Unfinished,
}

impl<T: Transceiver> ChipSession<T> {
    /// How often a lost tag is waited for in one step.
    pub const MAX_LOSSES: usize = 5;

    /// A session with a chip that was just put on the reader.
    ///
    /// Extended lengths are used if the reader takes them too.
    pub fn new(
        transceiver: T,
        password: Password,
        mut policy: ReadPolicy,
        random: ChipRandom,
    ) -> Self {
        policy.extended &= transceiver.takes_extended();
        let reader = Reader::new(password, policy);
        Self { transceiver, reader, random, state: Session::New, exchanged: 0 }
    }

    /// The same, believing PACE with chip-authentication mapping only where a state of `trust`
    /// vouches for the chip's key.
    #[must_use]
    pub fn trusting(mut self, trust: Arc<TrustStore>) -> Self {
        self.reader = self.reader.trusting(trust);
        self
    }

    /// Gains access and reads every file of the policy.
    ///
    /// # Errors
    /// See [`ChipError`]. Afterwards it can be called again, and goes on where
    /// it stopped.
    pub fn read(
        &mut self,
        on_progress: &mut dyn FnMut(ChipProgress),
    ) -> Result<Outcome, ChipError> {
        for losses in 1.. {
            match self.open(on_progress) {
                Err(ChipError::Transceiver(TransceiverError::TagLost))
                    if losses <= Self::MAX_LOSSES =>
                {
                    on_progress(ChipProgress::TagLost { number: losses });
                }
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        self.reader.outcome().ok_or(ChipError::Unfinished)
    }

    /// How many APDUs were exchanged so far.
    pub fn exchanged(&self) -> usize {
        self.exchanged
    }

    /// Active authentication (9303-11 §6.1): lets the chip sign the challenge
    /// in the session. `None` when the document has no key for it.
    ///
    /// # Errors
    /// See [`ChipError`].
    pub fn sign(&mut self, challenge: &[u8; 8]) -> Result<Option<Vec<u8>>, ChipError> {
        let outcome = self.reader.outcome().ok_or(ChipError::Unfinished)?;
        let Some(dg15) = outcome.file(ElementaryFile::Dg(DataGroup::DG15)) else {
            return Ok(None);
        };
        let is_long = has_long_signature(dg15);
        let mut result = Err(ChipError::Unfinished);
        for try_number in 0..=Self::MAX_LOSSES {
            result = self.sign_once(challenge, is_long, try_number);
            if result != Err(ChipError::Transceiver(TransceiverError::TagLost)) {
                break;
            }
        }
        result.map(Some)
    }

    /// Chip authentication (9303-11 §6.2): carries the server's commands, and no
    /// others.
    ///
    /// Those that are not `protected` go under the session, and their answers
    /// come out of it; the first one refused is the last. The one that is comes
    /// after them and goes as it is. Afterwards this side has no session with
    /// the chip.
    ///
    /// # Errors
    /// See [`ChipError`]. A tag that was lost in between is not waited for: only
    /// the server can begin again.
    pub fn relay(
        &mut self,
        commands: &[SecretBytes],
        protected: bool,
    ) -> Result<Vec<SecretBytes>, ChipError> {
        let admitted = relayed::admit(commands, protected)?;
        if protected && self.state != Session::Relayed {
            return Err(RelayRefusal::Order.into());
        }
        let result = if protected {
            commands.iter().map(|command| Ok(self.carry(command.as_slice())?.into())).collect()
        } else {
            self.relay_plain(&admitted)
        };
        let goes_on = !protected && result.is_ok();
        self.state = if goes_on { Session::Relayed } else { Session::Over };
        result
    }

    /// Carries one command as it is. `61xx` and `6Cxx` are followed here: they are between chip and
    /// reader, and what is protected does not cover them.
    fn carry(&mut self, command: &[u8]) -> Result<Vec<u8>, ChipError> {
        let mut channel = Channel::new(true);
        let parsed = CommandApdu::parse(command).map_err(|_| RelayRefusal::Malformed)?;
        // Another spelling of the lengths is not followed, and not changed either.
        if channel.send(&parsed)? != command {
            return Ok(self.transmit(command)?);
        }
        let mut bytes = command.to_vec();
        loop {
            let response = self.transmit(&bytes)?;
            match channel.receive(&response)? {
                Received::Send(next) => bytes = next,
                Received::Response(response) => return Ok(response.encode()),
            }
        }
    }

    fn relay_plain(&mut self, commands: &[CommandApdu]) -> Result<Vec<SecretBytes>, ChipError> {
        self.ensure_open()?;
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            let answer = self.exchange(command)?;
            answers.push(SecretBytes::from(answer.encode()));
            if answer.status != StatusWord::OK {
                break;
            }
        }
        Ok(answers)
    }

    fn sign_once(
        &mut self,
        challenge: &[u8; 8],
        is_long: bool,
        try_number: usize,
    ) -> Result<Vec<u8>, ChipError> {
        if try_number > 0 {
            self.state = Session::Over;
        }
        let was_extended = self.reader.channel().is_extended();
        // A chip that did not announce extended lengths may still need them for
        // a signature that fills a short response (Doc 9303 does not say).
        let lengths: &[bool] = match (was_extended, is_long && self.transceiver.takes_extended()) {
            (true, _) => &[true],
            (false, true) => &[false, true],
            (false, false) => &[false],
        };
        let mut result = Err(ChipError::Unfinished);
        for &extended in lengths {
            self.ensure_open()?;
            self.reader.channel().set_extended(extended);
            let expected = if extended && is_long { MAX_EXPECTED } else { 256 };
            let command = CommandApdu::new(0, INTERNAL_AUTHENTICATE, 0, 0)
                .with_data(challenge)
                .expecting(expected);
            result = match self.exchange(&command) {
                Ok(response) if response.status == StatusWord::OK => Ok(response.data.to_vec()),
                Ok(response) => Err(ChipError::NotSigned(response.status)),
                Err(error) => Err(error),
            };
            self.reader.channel().set_extended(was_extended);
            if matches!(result, Ok(_) | Err(ChipError::Transceiver(_))) {
                break;
            }
        }
        result
    }

    /// One command in the session. A plain refusal, with which chips end a
    /// session, is an answer too.
    fn exchange(&mut self, command: &CommandApdu) -> Result<ResponseApdu, ChipError> {
        let result = self.try_exchange(command);
        if result.is_err() {
            self.state = Session::Over;
        }
        match result {
            Err(ChipError::Channel(ChannelError::SecureMessaging(
                emrtd::read::secure_messaging::SecureMessagingError::Unprotected(status),
            ))) if status != StatusWord::OK => Ok(ResponseApdu { data: Vec::new().into(), status }),
            result => result,
        }
    }

    fn try_exchange(&mut self, command: &CommandApdu) -> Result<ResponseApdu, ChipError> {
        let mut bytes = self.reader.channel().send(command)?;
        loop {
            let response = self.transmit(&bytes)?;
            match self.reader.channel().receive(&response)? {
                Received::Send(next) => bytes = next,
                Received::Response(response) => return Ok(response),
            }
        }
    }

    fn ensure_open(&mut self) -> Result<(), ChipError> {
        self.open(&mut |_| {})
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransceiverError> {
        self.exchanged += 1;
        self.transceiver.transmit(command)
    }

    /// Gains access if it is not there, and reads on if something is left.
    fn open(&mut self, on_progress: &mut dyn FnMut(ChipProgress)) -> Result<(), ChipError> {
        match self.state {
            Session::Open => return Ok(()),
            Session::New => self.state = Session::Over,
            Session::Relayed | Session::Over => {
                self.state = Session::Over;
                self.transceiver.reconnect()?;
            }
        }
        let mut step = self.reader.start()?;
        while let Step::Send(command) = step {
            let response = self.transmit(&command)?;
            let random: &mut Random<'_> = &mut *self.random;
            step = self.reader.receive(&response, random)?;
            if let Some(progress) = self.reader.progress() {
                on_progress(ChipProgress::File(progress));
            }
        }
        self.state = Session::Open;
        Ok(())
    }
}

/// Whether a signature and its protection pass a short response.
fn has_long_signature(dg15: &[u8]) -> bool {
    const SHORT: u32 = 223;
    Dg15::parse(dg15).is_ok_and(|dg15| match dg15.public_key().description() {
        KeyDescription::Rsa { bits } => bits / 8 > SHORT,
        KeyDescription::Ec { .. } | KeyDescription::Dsa { .. } => false,
    })
}

const INTERNAL_AUTHENTICATE: u8 = 0x88;

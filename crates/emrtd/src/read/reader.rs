mod access;

use std::collections::VecDeque;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::access::{AccessError, Progress as AccessProgress};
use super::apdu::{CommandApdu, StatusWord};
use super::atr_info::{AtrInfo, ExtendedLengths};
use super::bac::Bac;
use super::card_security::CardSecurity;
use super::channel::{Channel, ChannelError, Received};
use super::error::{ReadError, ReadErrorKind};
use super::file::{FileStep, Limits, Transfer, is_about_length};
use super::outcome::{Access, Downgrade, Outcome, Vouched};
use super::pace::{ChipAuthenticationData, Pace};
use super::password::Password;
use super::policy::{ReadPolicy, SHORT_BLOCK};
use super::secure_messaging::SecureMessagingError;
use crate::crypto::agreement::Random;
use crate::lds::security_info::{PaceInfo, SecurityInfos};
use crate::lds::{DataGroup, ElementaryFile};
use crate::trust::TrustStore;

/// How often the reader authenticates again by itself: for every file once, and
/// a few times to ask otherwise.
const MAX_RESTARTS: usize = 24;

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send these bytes to the chip and give its response to
    /// [`Reader::receive`].
    Send(Vec<u8>),
    /// Everything was read: see [`Reader::outcome`].
    Done,
}

/// How far the file under way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileProgress {
    /// The file.
    pub file: ElementaryFile,
    /// Bytes read.
    pub read: usize,
    /// Bytes there are, once its header was read.
    pub total: Option<usize>,
    /// How much of all files to be read is read, in percent. A file whose header was not
    /// read yet counts with the length that such files usually have, so it can fall.
    pub percent: u8,
}

/// Reads a chip from the first APDU to the last file (9303-11 §4.2).
///
/// [`start`](Self::start), send what it says, give the response to
/// [`receive`](Self::receive), and so on until [`Step::Done`]. When the tag is
/// lost, or after an error that another try may cure, call `start` again on the
/// same chip, newly reset: it authenticates again and goes on at the file and
/// byte where it stopped.
#[derive(Debug)]
pub struct Reader {
    password: Password,
    policy: ReadPolicy,
    trust: Option<Arc<TrustStore>>,
    limits: Limits,
    channel: Channel,
    state: State,
    /// EF.CardAccess as it was first read: `Some(None)` when there is none.
    card_access: Option<Option<SecurityInfos>>,
    /// Why no PACE that EF.CardAccess announces can be run.
    unsupported: Option<AccessError>,
    /// The PACE that gave the session.
    pace: Option<PaceInfo>,
    access: Option<Access>,
    downgrade: Option<Downgrade>,
    chip_authentication: Option<ChipAuthenticationData>,
    card_security: Option<Result<CardSecurity, super::CardSecurityError>>,
    /// Whether, since the last start, the chip was asked to be the one whose
    /// files were read before.
    recognized: bool,
    waiting: VecDeque<ElementaryFile>,
    /// The file that a lost tag left unfinished.
    suspended: Option<Transfer>,
    files: Vec<(ElementaryFile, Zeroizing<Vec<u8>>)>,
    refused: Vec<(ElementaryFile, StatusWord)>,
    restarts: usize,
}

#[derive(Debug)]
enum State {
    Idle,
    SelectMaster,
    AtrInfo(AtrInfo),
    Pace(Box<Pace>, PaceInfo),
    SelectApplication,
    Bac(Box<Bac>),
    Recognize(Transfer),
    File(Transfer),
    Done,
}

impl Reader {
    /// A reader of one chip.
    pub fn new(password: Password, policy: ReadPolicy) -> Self {
        let mut waiting = VecDeque::from([ElementaryFile::Com, ElementaryFile::Sod]);
        let readable = |group: &DataGroup| *group != DataGroup::DG3 && *group != DataGroup::DG4;
        for group in policy.data_groups.iter().copied().filter(readable) {
            let file = ElementaryFile::Dg(group);
            if !waiting.contains(&file) {
                waiting.push_back(file);
            }
        }
        let limits = Limits {
            block: policy.max_block.clamp(1, SHORT_BLOCK),
            short_ids: true,
            max_file_len: policy.max_file_len,
            short_answer: None,
        };
        Self {
            password,
            policy,
            trust: None,
            limits,
            channel: Channel::default(),
            state: State::Idle,
            card_access: None,
            unsupported: None,
            pace: None,
            access: None,
            downgrade: None,
            chip_authentication: None,
            card_security: None,
            recognized: true,
            waiting,
            suspended: None,
            files: Vec::new(),
            refused: Vec::new(),
            restarts: 0,
        }
    }

    /// The same, believing EF.CardSecurity only where its signer chains to
    /// `trust`.
    #[must_use]
    pub fn trusting(mut self, trust: Arc<TrustStore>) -> Self {
        self.trust = Some(trust);
        self
    }

    /// Starts on a chip that was just reset, or goes on after it was lost.
    ///
    /// # Errors
    /// When a command cannot be made.
    pub fn start(&mut self) -> Result<Step, ReadError> {
        self.suspend();
        self.channel.set_session(None);
        self.recognized = false;
        self.state = State::SelectMaster;
        // Some chips start inside an application.
        self.send(&CommandApdu::new(0, 0xA4, 0x00, 0x0C))
    }

    /// Takes the chip's response. `random` is drawn from in BAC and PACE.
    ///
    /// # Errors
    /// Names the file, the offset and who is at fault. Afterwards only
    /// [`start`](Self::start) goes on.
    pub fn receive(&mut self, response: &[u8], random: &mut Random<'_>) -> Result<Step, ReadError> {
        let progress = match &self.state {
            State::Recognize(transfer) => Some(self.progress_of(transfer)),
            _ => self.progress(),
        };
        let result = self.step(response, random);
        result.map_err(|kind| {
            self.suspend();
            ReadError {
                file: progress.map(|progress| progress.file),
                offset: progress.map_or(0, |progress| progress.read),
                kind,
            }
        })
    }

    /// The file under way, and how far it is.
    pub fn progress(&self) -> Option<FileProgress> {
        let transfer = match &self.state {
            State::File(transfer) => Some(transfer),
            _ => self.suspended.as_ref(),
        };
        transfer.map(|transfer| self.progress_of(transfer))
    }

    /// What was read, once [`Step::Done`] was reached.
    pub fn outcome(&self) -> Option<Outcome> {
        let (State::Done, Some(access)) = (&self.state, self.access) else { return None };
        let card_security = self.card_security.as_ref().map(|result| match result {
            Ok(file) if file.is_trusted() => Vouched::Trusted,
            Ok(_) => Vouched::ConsistentOnly,
            Err(error) => Vouched::Refused(*error),
        });
        let (files, refused) = (self.files.clone(), self.refused.clone());
        Some(Outcome { access, card_security, files, refused })
    }

    /// The channel with its session, for active and chip authentication after
    /// the reading.
    pub fn channel(&mut self) -> &mut Channel {
        &mut self.channel
    }

    fn step(&mut self, response: &[u8], random: &mut Random<'_>) -> Result<Step, ReadErrorKind> {
        let response = match self.channel.receive(response) {
            Ok(Received::Send(bytes)) => return Ok(Step::Send(bytes)),
            Ok(Received::Response(response)) => response,
            Err(error) => return self.restart(error),
        };
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle | State::Done => Err(ReadErrorKind::NotStarted),
            State::SelectMaster if self.policy.extended && self.card_access.is_none() => {
                self.state = State::AtrInfo(AtrInfo::ByShortId);
                self.command(&AtrInfo::ByShortId.command())
            }
            State::SelectMaster => self.open(),
            State::AtrInfo(way) => {
                if let Some(next) = way.next(response.status) {
                    self.state = State::AtrInfo(next);
                    return self.command(&next.command());
                }
                if let Some(lengths) = ExtendedLengths::parse(&response.data) {
                    self.channel.set_extended(true);
                    self.channel.set_extended_lengths(lengths.command, lengths.response);
                    self.limits.block = lengths.block().min(self.policy.max_block).max(1);
                }
                self.open()
            }
            State::Pace(mut pace, info) => match pace.respond(&response, random) {
                Ok(AccessProgress::Command(command)) => {
                    self.state = State::Pace(pace, info);
                    self.command(&command)
                }
                Ok(AccessProgress::Established(established)) => {
                    self.pace_established(established, info)
                }
                Err(error) => self.pace_failed(error),
            },
            State::SelectApplication => self.application_selected(response.status),
            State::Bac(mut bac) => match bac.respond(&response, random)? {
                AccessProgress::Command(command) => {
                    self.state = State::Bac(bac);
                    self.command(&command)
                }
                AccessProgress::Established(established) => {
                    self.channel.set_session(Some(established.session));
                    self.access = Some(Access::Bac { downgrade: self.downgrade });
                    self.next_file()
                }
            },
            State::Recognize(mut transfer) => {
                match transfer.receive(&response, &mut self.limits)? {
                    FileStep::Command(command) => {
                        self.state = State::Recognize(transfer);
                        self.command(&command)
                    }
                    FileStep::Done(_) => self.next_file(),
                    FileStep::Absent(_) => Err(ReadErrorKind::Changed),
                }
            }
            State::File(mut transfer) => {
                let step = transfer.receive(&response, &mut self.limits);
                match step {
                    Ok(FileStep::Command(command)) => {
                        self.state = State::File(transfer);
                        self.command(&command)
                    }
                    Ok(FileStep::Done(bytes)) => self.file_read(transfer.file, bytes),
                    Ok(FileStep::Absent(status)) => self.file_refused(transfer.file, status),
                    Err(kind) => {
                        self.state = State::File(transfer);
                        Err(kind)
                    }
                }
            }
        }
    }

    fn progress_of(&self, transfer: &Transfer) -> FileProgress {
        let (file, read, total) = (transfer.file, transfer.offset(), transfer.total());
        let finished: usize = self.files.iter().map(|(_, bytes)| bytes.len()).sum();
        let waiting: usize = self.waiting.iter().copied().map(usual_len).sum();
        let expected = total.unwrap_or_else(|| usual_len(file)).max(read);
        let hundredths =
            (finished + read).saturating_mul(100) / (finished + expected + waiting).max(1);
        FileProgress { file, read, total, percent: u8::try_from(hundredths).unwrap_or(100) }
    }

    /// A chip that answers outside secure messaging has dropped its keys.
    /// Some do so for a read they find too long, or for a file they have not:
    /// authenticate again and ask otherwise.
    fn restart(&mut self, error: ChannelError) -> Result<Step, ReadErrorKind> {
        let ChannelError::SecureMessaging(SecureMessagingError::Unprotected(status)) = error else {
            return Err(error.into());
        };
        let State::File(transfer) = &self.state else { return Err(error.into()) };
        if self.restarts >= MAX_RESTARTS || is_about_messaging(status) {
            return Err(error.into());
        }
        let mandatory = is_mandatory(transfer.file);
        if transfer.is_in_body() {
            if !is_about_length(status) || !self.limits.shrink() {
                return Err(error.into());
            }
        } else if self.limits.short_ids {
            self.limits.short_ids = false;
        } else if mandatory {
            return Err(ReadErrorKind::Missing(status));
        } else {
            self.refused.push((transfer.file, status));
            self.state = State::Idle;
        }
        self.restarts += 1;
        self.start().map_err(|error| error.kind)
    }

    fn next_file(&mut self) -> Result<Step, ReadErrorKind> {
        if !std::mem::replace(&mut self.recognized, true) {
            let sod = self.files.iter().find(|(file, _)| *file == ElementaryFile::Sod);
            if let Some((file, bytes)) = sod {
                let mut transfer = Transfer::again(*file, bytes);
                let command = transfer.start(&self.limits);
                self.state = State::Recognize(transfer);
                return self.command(&command);
            }
        }
        if let Some(transfer) = self.suspended.take() {
            return self.read(transfer);
        }
        match self.waiting.pop_front() {
            Some(file) => self.read(Transfer::new(file)),
            None => {
                self.compare_announcements();
                self.state = State::Done;
                Ok(Step::Done)
            }
        }
    }

    fn read(&mut self, mut transfer: Transfer) -> Result<Step, ReadErrorKind> {
        let command = transfer.start(&self.limits);
        self.state = State::File(transfer);
        self.command(&command)
    }

    fn file_read(
        &mut self,
        file: ElementaryFile,
        bytes: Zeroizing<Vec<u8>>,
    ) -> Result<Step, ReadErrorKind> {
        match file {
            ElementaryFile::CardAccess => {
                match SecurityInfos::parse(&bytes, 0) {
                    Ok(infos) => self.card_access = Some(Some(infos)),
                    Err(error) => {
                        self.card_access = Some(None);
                        self.downgrade = Some(Downgrade::CardAccessMalformed(error));
                    }
                }
                self.files.push((file, bytes));
                self.gain_access()
            }
            ElementaryFile::CardSecurity => {
                self.card_security = Some(CardSecurity::verify(&bytes, self.trust.as_deref()));
                self.files.push((file, bytes));
                self.check_mapping()?;
                self.select_application()
            }
            _ => {
                self.files.push((file, bytes));
                self.next_file()
            }
        }
    }

    fn file_refused(
        &mut self,
        file: ElementaryFile,
        status: StatusWord,
    ) -> Result<Step, ReadErrorKind> {
        match file {
            ElementaryFile::CardAccess => {
                self.card_access = Some(None);
                self.gain_access()
            }
            ElementaryFile::CardSecurity => {
                self.refused.push((file, status));
                self.select_application()
            }
            file if is_mandatory(file) => {
                self.waiting.push_front(file);
                Err(ReadErrorKind::Missing(status))
            }
            _ => {
                self.refused.push((file, status));
                self.next_file()
            }
        }
    }

    /// Keeps the file under way for the next start.
    fn suspend(&mut self) {
        if let State::File(transfer) = std::mem::replace(&mut self.state, State::Idle) {
            // The files before access are short, and are read again.
            let in_application =
                !matches!(transfer.file, ElementaryFile::CardAccess | ElementaryFile::CardSecurity);
            if in_application {
                self.suspended = Some(transfer);
            }
        }
    }

    fn command(&mut self, command: &CommandApdu) -> Result<Step, ReadErrorKind> {
        Ok(Step::Send(self.channel.send(command)?))
    }

    fn send(&mut self, command: &CommandApdu) -> Result<Step, ReadError> {
        self.command(command).map_err(|kind| ReadError { file: None, offset: 0, kind })
    }
}

/// About how many bytes a file of this kind has in most documents.
fn usual_len(file: ElementaryFile) -> usize {
    match file {
        ElementaryFile::Dg(group) if group == DataGroup::DG2 => 20_000,
        ElementaryFile::Sod => 2_500,
        ElementaryFile::Dg(group) if group == DataGroup::DG14 => 600,
        ElementaryFile::Dg(group) if group == DataGroup::DG15 => 300,
        _ => 100,
    }
}

fn is_mandatory(file: ElementaryFile) -> bool {
    matches!(file, ElementaryFile::Sod | ElementaryFile::Dg(DataGroup::DG1))
}

fn is_about_messaging(status: StatusWord) -> bool {
    matches!(status, StatusWord::SECURE_MESSAGING_MISSING | StatusWord::SECURE_MESSAGING_INCORRECT)
}

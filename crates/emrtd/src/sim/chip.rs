//! A chip at APDU level (9303-10 §3, 9303-11 §4, §6, §9.8).

mod active;
mod bac;
mod chip_authentication;
mod files;
mod messaging;
mod pace;

use std::fmt;

use self::messaging::{Chain, Delayed};
use super::dishonest::Conduct;
use super::personalisation::{Personalisation, capabilities};
use crate::crypto::agreement::AgreementError;
use crate::crypto::symmetric::LibraryFailure;
use crate::read::SecureMessaging;
use crate::read::apdu::{CommandApdu, ResponseApdu, StatusWord};
use crate::tlv::{self, Tag};

/// Fills a buffer with unpredictable bytes, and says whether it could: a chip
/// without randomness answers `6F00`.
pub type ChipRandom = Box<dyn FnMut(&mut [u8]) -> bool + Send>;

/// A chip: takes commands, gives responses.
///
/// It is as real as its [`Personalisation`]: it opens to the right password
/// only, keeps its files closed otherwise, and drops a session at the first
/// fault. It needs no clock, and its randomness is the caller's.
pub struct Chip {
    personalisation: Personalisation,
    random: ChipRandom,
    atr: Vec<u8>,
    volatile: Volatile,
    /// Wrong card access numbers in a row.
    wrong_cans: u16,
    /// Commands answered, and bytes of responses, since the last reset.
    commands: u32,
    sent: usize,
    /// What the chip does wrong, as long as it does.
    conduct: Option<Conduct>,
}

/// What a chip forgets without power.
#[derive(Default)]
struct Volatile {
    session: Option<SecureMessaging>,
    /// The session that begins after the response under way.
    next_session: Option<SecureMessaging>,
    access: Access,
    in_application: bool,
    selected: Option<u16>,
    protocol: Protocol,
    chain: Option<Chain>,
    /// What GET RESPONSE has still to fetch.
    rest: Option<ResponseApdu>,
    /// A response held back by `6Cxx`.
    delayed: Option<Delayed>,
    /// The last protected response, for replays.
    last: Option<ResponseApdu>,
    /// Most bytes of data that fit into the response under way.
    room: usize,
}

/// What opened the chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Access {
    #[default]
    None,
    Bac,
    Pace,
}

/// The protocol under way.
#[derive(Default)]
enum Protocol {
    #[default]
    Idle,
    /// BAC, after GET CHALLENGE.
    Challenge([u8; 8]),
    Pace(Box<pace::Run>),
    /// Chip authentication, after MSE:Set AT.
    ChipAuthentication(chip_authentication::Choice),
}

impl Chip {
    /// A chip in the field of a reader, just powered up.
    ///
    pub fn new(personalisation: Personalisation, random: ChipRandom) -> Self {
        Self {
            atr: answer_to_reset(&personalisation),
            conduct: personalisation.conduct,
            personalisation,
            random,
            volatile: Volatile::default(),
            wrong_cans: 0,
            commands: 0,
            sent: 0,
        }
    }

    /// The answer to one command APDU, status bytes included; of no bytes when
    /// the tag is lost (see [`Conduct`]).
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        if let Some(Conduct::SilentAfterCommands(after)) = self.conduct
            && self.commands >= after
        {
            return Vec::new();
        }
        let response = self.answer(command);
        self.commands = self.commands.saturating_add(1);
        self.sent = self.sent.saturating_add(response.len());
        if let Some(Conduct::SilentAfterBytes(after)) = self.conduct
            && self.sent > after as usize
        {
            return Vec::new();
        }
        response
    }

    /// The chip leaves the field and comes back. A chip that fell silent
    /// answers again, to the end.
    pub fn reset(&mut self) {
        self.volatile = Volatile::default();
        self.commands = 0;
        self.sent = 0;
        if let Some(Conduct::SilentAfterCommands(_) | Conduct::SilentAfterBytes(_)) = self.conduct {
            self.conduct = None;
        }
    }

    /// The answer to reset, as PC/SC makes it up for contactless chips (PC/SC
    /// part 3 §3.1.3.2.3.1).
    pub fn atr(&self) -> &[u8] {
        &self.atr
    }

    /// What is on it.
    pub fn personalisation(&self) -> &Personalisation {
        &self.personalisation
    }

    /// Carries out a whole command in plain.
    fn execute(&mut self, command: &CommandApdu) -> Answer {
        let [_, ins, p1, p2] = command.header();
        // No other command may come between the steps of a protocol.
        let protocol = std::mem::take(&mut self.volatile.protocol);
        match (ins, p1, p2) {
            (SELECT, ..) => self.select(p1, p2, &command.data),
            (READ_BINARY, ..) => self.read_binary(p1, p2, command.expected),
            (READ_BINARY_ODD, ..) => self.read_binary_odd(p1, p2, &command.data, command.expected),
            (GET_CHALLENGE, 0, 0) => self.challenge(command.expected),
            (EXTERNAL_AUTHENTICATE, 0, 0) => self.mutual_authenticate(protocol, &command.data),
            (INTERNAL_AUTHENTICATE, 0, 0) => self.sign_challenge(&command.data),
            (MANAGE_SECURITY, 0xC1, 0xA4) => self.start_pace(&command.data),
            (MANAGE_SECURITY, 0x41, 0xA4) => self.choose_chip_authentication(&command.data),
            (MANAGE_SECURITY, 0x41, 0xA6) => self.agree_by_template(&command.data),
            (GENERAL_AUTHENTICATE, 0, 0) => match protocol {
                Protocol::Pace(run) => self.continue_pace(*run, &command.data),
                Protocol::ChipAuthentication(choice) => {
                    self.agree_generally(&choice, &command.data)
                }
                Protocol::Idle | Protocol::Challenge(_) => Err(CONDITIONS),
            },
            (
                GET_CHALLENGE
                | EXTERNAL_AUTHENTICATE
                | INTERNAL_AUTHENTICATE
                | MANAGE_SECURITY
                | GENERAL_AUTHENTICATE,
                ..,
            ) => Err(Refusal(StatusWord::INCORRECT_PARAMETERS)),
            _ => Err(Refusal(StatusWord::INSTRUCTION_NOT_SUPPORTED)),
        }
    }

    fn draw(&mut self, buffer: &mut [u8]) -> Result<(), Refusal> {
        if (self.random)(buffer) { Ok(()) } else { Err(FAILURE) }
    }
}

impl fmt::Debug for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chip({:?}, {:?})", self.personalisation, self.volatile.access)
    }
}

/// What a command led to.
type Answer = Result<ResponseApdu, Refusal>;

/// The status of a command that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refusal(StatusWord);

impl From<LibraryFailure> for Refusal {
    fn from(_: LibraryFailure) -> Self {
        FAILURE
    }
}

impl From<openssl::error::ErrorStack> for Refusal {
    fn from(_: openssl::error::ErrorStack) -> Self {
        FAILURE
    }
}

impl From<AgreementError> for Refusal {
    fn from(error: AgreementError) -> Self {
        match error {
            AgreementError::NotInGroup => Self(StatusWord::INCORRECT_DATA),
            _ => FAILURE,
        }
    }
}

impl From<tlv::Error> for Refusal {
    fn from(_: tlv::Error) -> Self {
        Self(StatusWord::INCORRECT_DATA)
    }
}

fn ok(data: &[u8]) -> ResponseApdu {
    ResponseApdu { data: data.to_vec().into(), status: StatusWord::OK }
}

/// Dynamic authentication data.
fn dynamic(content: &[u8]) -> ResponseApdu {
    ok(&tlv::tagged(DYNAMIC_DATA, content))
}

fn answer_to_reset(personalisation: &Personalisation) -> Vec<u8> {
    // Category 80; card service data: selection by name and by identifier,
    // EF.ATR/INFO there and read by READ BINARY; card capabilities.
    let mut historical = vec![0x80, 0x31, 0x98, 0x73];
    historical.extend(capabilities(&personalisation.quirks));
    // No protocol parameters: T=0 and T=1, as PC/SC demands.
    let mut atr = vec![0x3B, 0x80 | historical.len() as u8, 0x80, 0x01];
    atr.extend(historical);
    let check = atr.iter().skip(1).fold(0, |check, octet| check ^ octet);
    atr.push(check);
    atr
}

const SELECT: u8 = 0xA4;
const READ_BINARY: u8 = 0xB0;
const READ_BINARY_ODD: u8 = 0xB1;
const GET_CHALLENGE: u8 = 0x84;
const EXTERNAL_AUTHENTICATE: u8 = 0x82;
const INTERNAL_AUTHENTICATE: u8 = 0x88;
const MANAGE_SECURITY: u8 = 0x22;
const GENERAL_AUTHENTICATE: u8 = 0x86;
const DYNAMIC_DATA: Tag = Tag(0x7C);
const CONDITIONS: Refusal = Refusal(StatusWord(0x6985));
const FAILURE: Refusal = Refusal(StatusWord(0x6F00));

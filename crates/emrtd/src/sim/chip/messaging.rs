//! From bytes to a whole command in plain, and back: lengths, secure messaging,
//! command chains, `61xx` and `6Cxx`.

use super::{Access, Chip, GENERAL_AUTHENTICATE, Refusal, Volatile, ok};
use crate::crypto::symmetric::Cipher;
use crate::read::apdu::{CommandApdu, MAX_DATA_LEN, ResponseApdu, StatusWord};
use crate::read::secure_messaging::SecureMessagingError;
use crate::sim::dishonest::Conduct;
use crate::tlv::{Reader, Rules};

/// A command chain under way.
pub(super) struct Chain {
    header: [u8; 3],
    data: Vec<u8>,
}

/// A response that waits for its command to come again with the right `Le`.
pub(super) struct Delayed {
    command: CommandApdu,
    response: ResponseApdu,
}

impl Chip {
    pub(super) fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let extended = bytes.len() > 5 && bytes.get(4) == Some(&0);
        let limit = self.personalisation.quirks.extended_length;
        let too_long = match limit {
            Some(limit) => extended && bytes.len() > usize::from(limit),
            None => extended,
        };
        let command = match CommandApdu::parse(bytes) {
            Ok(command) if !too_long => command,
            _ => return refuse(StatusWord::WRONG_LENGTH).encode(),
        };
        if self.is_endless() {
            let status = StatusWord(0x6110);
            return ResponseApdu { data: vec![0; 16].into(), status }.encode();
        }
        if command.ins == GET_RESPONSE {
            return match self.volatile.rest.take() {
                Some(rest) => self.send(rest, &command).encode(),
                None => refuse(CONDITIONS).encode(),
            };
        }
        self.volatile.rest = None;
        if let Some(delayed) = self.volatile.delayed.take() {
            let same = CommandApdu { expected: command.expected, ..delayed.command };
            if same == command {
                return self.send(delayed.response, &command).encode();
            }
        }
        let response = self.exchange(&command);
        let len = response.data.len();
        let is_exact = command.expected == 0 || command.expected as usize == len;
        if self.personalisation.quirks.exact_lengths && !is_exact && (1..=256).contains(&len) {
            self.volatile.delayed = Some(Delayed { command, response });
            return refuse(StatusWord(0x6C00 | (len as u16 & 0xFF))).encode();
        }
        self.send(response, &command).encode()
    }

    /// Takes the protection off a command, carries it out, and protects the
    /// response. A fault ends the session, and so does a command in plain.
    fn exchange(&mut self, command: &CommandApdu) -> ResponseApdu {
        let most = self.response_limit(command);
        match command.cla & !CHAINING {
            0x00 => {
                if self.volatile.session.is_some() {
                    self.volatile.end_session();
                }
                self.volatile.room = most;
                let response = self.carry_out(command);
                self.volatile.session = self.volatile.next_session.take();
                response
            }
            SECURE => self.exchange_protected(command, most),
            cla if cla & 0x03 != 0 && cla & 0xE0 == 0 => refuse(CHANNEL_NOT_SUPPORTED),
            _ => refuse(CLASS_NOT_SUPPORTED),
        }
    }

    fn exchange_protected(&mut self, command: &CommandApdu, most: usize) -> ResponseApdu {
        let Some(mut session) = self.volatile.session.take() else {
            self.volatile.end_session();
            return refuse(StatusWord::SECURE_MESSAGING_MISSING);
        };
        let plain = match session.unprotect_command(command) {
            Ok(plain) => plain,
            Err(error) => {
                self.volatile.end_session();
                return refuse(match error {
                    SecureMessagingError::NoMac => StatusWord::SECURE_MESSAGING_MISSING,
                    _ => StatusWord::SECURE_MESSAGING_INCORRECT,
                });
            }
        };
        self.volatile.room = room(session.cipher(), most);
        let response = self.carry_out(&plain);
        if self.personalisation.quirks.unprotected_errors && is_error(response.status) {
            self.volatile.end_session();
            return response;
        }
        let Ok(mut protected) = session.protect_response(&response, plain.ins) else {
            self.volatile.end_session();
            return refuse(super::FAILURE.0);
        };
        self.misbehave(&mut protected);
        // The new session begins after the response under the old one.
        let next = self.volatile.next_session.take();
        self.volatile.session = Some(next.unwrap_or(session));
        protected
    }

    fn carry_out(&mut self, command: &CommandApdu) -> ResponseApdu {
        let answer = match self.unchain(command) {
            Ok(Some(whole)) => self.execute(&whole),
            Ok(None) => Ok(ok(&[])),
            Err(refusal) => Err(refusal),
        };
        answer.unwrap_or_else(|Refusal(status)| refuse(status))
    }

    /// The whole command, or `None` when links are still to come.
    fn unchain(&mut self, command: &CommandApdu) -> Result<Option<CommandApdu>, Refusal> {
        let header = [command.ins, command.p1, command.p2];
        let chain = self.volatile.chain.take().filter(|chain| chain.header == header);
        let mut data = chain.map(|chain| chain.data).unwrap_or_default();
        data.extend_from_slice(&command.data);
        if data.len() > MAX_DATA_LEN {
            return Err(Refusal(StatusWord::WRONG_LENGTH));
        }
        // The steps of PACE have the bit of a chain too, each being whole
        // (9303-11 §4.4.4.2).
        let is_step = command.ins == GENERAL_AUTHENTICATE && is_element(&data);
        if command.cla & CHAINING != 0 && !is_step {
            self.volatile.chain = Some(Chain { header, data });
            return Ok(None);
        }
        let mut whole = command.clone().with_data(&data);
        whole.cla = 0;
        Ok(Some(whole))
    }

    /// As much of a response as the command lets through; the rest waits.
    fn send(&mut self, mut response: ResponseApdu, command: &CommandApdu) -> ResponseApdu {
        let piece = self.personalisation.quirks.response_piece.map_or(usize::MAX, usize::from);
        let most = self.response_limit(command).min(piece.max(1));
        if response.data.len() > most {
            let rest = response.data.split_off(most);
            let left = u16::try_from(rest.len()).unwrap_or(0x100).min(0x100) & 0xFF;
            self.volatile.rest = Some(ResponseApdu { data: rest.into(), status: response.status });
            response.status = StatusWord(0x6100 | left);
        }
        response
    }

    /// Most bytes of response data that `command` lets through.
    fn response_limit(&self, command: &CommandApdu) -> usize {
        let limit = self.personalisation.quirks.extended_length.map_or(256, |limit| limit.max(256));
        match command.expected as usize {
            0 => 256,
            expected => expected.min(limit.into()),
        }
    }

    fn is_endless(&self) -> bool {
        let Some(Conduct::EndlessResponse { after }) = self.conduct else { return false };
        self.commands >= after
    }

    fn misbehave(&mut self, protected: &mut ResponseApdu) {
        let last = self.volatile.last.replace(protected.clone());
        match (self.conduct, last) {
            (Some(Conduct::WrongMac { after }), _) if self.commands >= after => {
                if let Some(octet) = protected.data.last_mut() {
                    *octet ^= 1;
                }
            }
            (Some(Conduct::Replay { after }), Some(last)) if self.commands >= after => {
                *protected = last;
            }
            _ => {}
        }
    }
}

impl Volatile {
    /// The keys are gone, and with them what they opened.
    fn end_session(&mut self) {
        self.session = None;
        self.next_session = None;
        self.access = Access::None;
        self.protocol = super::Protocol::Idle;
        self.chain = None;
    }
}

/// Most bytes of plain data that fit into a protected response of `most`.
fn room(cipher: Cipher, most: usize) -> usize {
    // 99 with its status, 8E with its MAC, and the padding indicator.
    let fixed = 4 + 10 + 1;
    let header = match most {
        ..=0x90 => 2,
        0x91..=0x110 => 3,
        _ => 4,
    };
    let block = cipher.block_len();
    (most.saturating_sub(fixed + header) / block * block).saturating_sub(1)
}

fn is_error(status: StatusWord) -> bool {
    !matches!(status.0 >> 8, 0x90 | 0x61 | 0x62 | 0x63)
}

fn is_element(data: &[u8]) -> bool {
    let mut reader = Reader::new(data, Rules::Ber);
    reader.read().is_ok() && reader.is_empty()
}

fn refuse(status: StatusWord) -> ResponseApdu {
    ResponseApdu { data: Vec::new().into(), status }
}

const GET_RESPONSE: u8 = 0xC0;
const CHAINING: u8 = 0x10;
const SECURE: u8 = 0x0C;
const CONDITIONS: StatusWord = super::CONDITIONS.0;
const CHANNEL_NOT_SUPPORTED: StatusWord = StatusWord(0x6881);
const CLASS_NOT_SUPPORTED: StatusWord = StatusWord(0x6E00);

use zeroize::Zeroizing;

use super::apdu::{ApduError, CommandApdu, MAX_EXPECTED, ResponseApdu, StatusWord};
use super::secure_messaging::{MAX_OVERHEAD, SecureMessaging, SecureMessagingError};

/// Most GET RESPONSE commands after one command. With short lengths this is
/// more than the longest response; a chip that goes on has no end.
const MAX_GET_RESPONSE: usize = 300;

/// Data bytes of one link of a command chain.
const LINK_LEN: usize = 255;

/// The same where protection is added to each link.
const PROTECTED_LINK_LEN: usize = 208;

/// Why an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The bytes are no APDU.
    #[error(transparent)]
    Apdu(#[from] ApduError),
    /// The chip's `61xx` never ends, brings nothing, or brings too much.
    #[error("the chip answers 61xx without end")]
    EndlessResponse,
    /// The chip refused a link of a command chain.
    #[error("the chip refused a command chain with {0}")]
    Chain(StatusWord),
    /// Secure messaging failed.
    #[error(transparent)]
    SecureMessaging(#[from] SecureMessagingError),
    /// A response came while no command was under way: the caller's mistake.
    #[error("no command is under way")]
    NotSent,
}

/// What a response led to.
#[derive(Debug)]
pub enum Received {
    /// The exchange goes on: send these bytes.
    Send(Vec<u8>),
    /// The exchange is over; the response is whole and out of its protection.
    Response(ResponseApdu),
}

/// One logical channel to a chip: turns a command into the APDUs that carry
/// it, and their responses into one.
///
/// It protects by the session it holds, splits long commands into chains where
/// extended lengths are not allowed, follows `61xx` and corrects `6Cxx`.
#[derive(Debug, Default)]
pub struct Channel {
    session: Option<SecureMessaging>,
    extended: bool,
    /// Most bytes of one extended command, and of response data.
    max_command: Option<usize>,
    max_response: Option<u32>,
    exchange: Option<Exchange>,
}

#[derive(Debug)]
struct Exchange {
    /// The links still to send, in plain, the last first.
    links: Vec<CommandApdu>,
    /// The link under way, in plain.
    plain: CommandApdu,
    /// The APDU last sent, to repeat after `6Cxx`.
    sent: CommandApdu,
    /// Whether a `6Cxx` to this link was followed already.
    corrected: bool,
    collected: Zeroizing<Vec<u8>>,
    get_responses: usize,
}

impl Channel {
    /// A channel in plain. `extended` says whether the chip and the transport
    /// take extended lengths.
    pub fn new(extended: bool) -> Self {
        Self { extended, ..Self::default() }
    }

    /// The session, when there is one.
    pub fn session(&self) -> Option<&SecureMessaging> {
        self.session.as_ref()
    }

    /// Protects from the next command on with `session`; `None` goes plain.
    pub fn set_session(&mut self, session: Option<SecureMessaging>) {
        self.session = session;
    }

    /// Whether extended lengths are used.
    pub fn is_extended(&self) -> bool {
        self.extended
    }

    /// Sets whether extended lengths are used.
    pub fn set_extended(&mut self, extended: bool) {
        self.extended = extended;
    }

    /// Bounds what goes into one APDU with extended lengths, by the lengths of
    /// whole APDUs in bytes that the chip announces in EF.ATR/INFO. Longer
    /// commands are chained, and no more is asked for at once.
    pub fn set_extended_lengths(&mut self, command: usize, response: u32) {
        self.max_command = Some(command);
        self.max_response = Some(response);
    }

    /// Starts an exchange: the bytes to send. One under way is forgotten.
    ///
    /// # Errors
    /// When the command cannot be protected or encoded.
    pub fn send(&mut self, command: &CommandApdu) -> Result<Vec<u8>, ChannelError> {
        let mut command = command.clone();
        let most = if self.extended { self.max_response.unwrap_or(MAX_EXPECTED) } else { 256 };
        command.expected = command.expected.min(most);
        let mut links = self.links(command);
        let first = links.pop().ok_or(ChannelError::NotSent)?;
        self.send_link(first, links, false)
    }

    /// Takes the chip's response to the bytes last sent.
    ///
    /// # Errors
    /// After an error the exchange is over, and so is a session that failed.
    pub fn receive(&mut self, response: &[u8]) -> Result<Received, ChannelError> {
        let exchange = self.exchange.take().ok_or(ChannelError::NotSent)?;
        let response = ResponseApdu::parse(response)?;
        let (mut exchange, response) = match exchange.receive(response)? {
            Next::Send(exchange) => {
                let bytes = exchange.sent.encode()?;
                self.exchange = Some(exchange);
                return Ok(Received::Send(bytes));
            }
            Next::Whole(exchange, response) => (exchange, response),
        };
        let response = self.unprotect(response)?;
        if let Some(expected) = response.status.right_length()
            && !exchange.corrected
        {
            let plain = exchange.plain.expecting(expected);
            return self.send_link(plain, exchange.links, true).map(Received::Send);
        }
        match exchange.links.pop() {
            None => Ok(Received::Response(response)),
            Some(_) if response.status != StatusWord::OK => {
                Err(ChannelError::Chain(response.status))
            }
            Some(link) => self.send_link(link, exchange.links, false).map(Received::Send),
        }
    }

    fn send_link(
        &mut self,
        plain: CommandApdu,
        links: Vec<CommandApdu>,
        corrected: bool,
    ) -> Result<Vec<u8>, ChannelError> {
        let sent = match &mut self.session {
            Some(session) => session.protect(&plain)?,
            None => plain.clone(),
        };
        let bytes = sent.encode()?;
        let (collected, get_responses) = (Zeroizing::default(), 0);
        self.exchange = Some(Exchange { links, plain, sent, corrected, collected, get_responses });
        Ok(bytes)
    }

    fn unprotect(&mut self, response: ResponseApdu) -> Result<ResponseApdu, ChannelError> {
        let Some(session) = &mut self.session else { return Ok(response) };
        session.unprotect(&response).map_err(|error| {
            self.session = None;
            error.into()
        })
    }

    /// Most data bytes of one APDU.
    fn link_len(&self) -> usize {
        let short = if self.session.is_some() { PROTECTED_LINK_LEN } else { LINK_LEN };
        if !self.extended {
            return short;
        }
        let protection = if self.session.is_some() { MAX_OVERHEAD } else { 0 };
        let max_command = self.max_command.unwrap_or(usize::MAX);
        max_command.saturating_sub(EXTENDED_FIELDS_LEN + protection).max(short)
    }

    /// The links that carry `command`, the last first.
    fn links(&self, mut command: CommandApdu) -> Vec<CommandApdu> {
        let link_len = self.link_len();
        if command.data.len() <= link_len {
            return vec![command];
        }
        let data = std::mem::take(&mut command.data);
        let mut links: Vec<CommandApdu> = data
            .chunks(link_len)
            .map(|chunk| {
                let mut link = command.clone().with_data(chunk).expecting(0);
                link.cla |= CHAINING;
                link
            })
            .collect();
        if let Some(last) = links.last_mut() {
            last.cla = command.cla;
            last.expected = command.expected;
        }
        links.reverse();
        links
    }
}

enum Next {
    Send(Exchange),
    Whole(Exchange, ResponseApdu),
}

impl Exchange {
    fn receive(mut self, response: ResponseApdu) -> Result<Next, ChannelError> {
        if let Some(expected) = response.status.right_length()
            && !self.corrected
            && response.data.is_empty()
        {
            self.corrected = true;
            self.sent.expected = expected;
            return Ok(Next::Send(self));
        }
        let Some(expected) = response.status.more_data() else {
            if self.collected.is_empty() {
                return Ok(Next::Whole(self, response));
            }
            self.collect(&response)?;
            let data = std::mem::take(&mut self.collected);
            let whole = ResponseApdu { data, status: response.status };
            return Ok(Next::Whole(self, whole));
        };
        // The first 61xx may come without data; a later one must bring some.
        if self.get_responses > 0 && response.data.is_empty() {
            return Err(ChannelError::EndlessResponse);
        }
        self.collect(&response)?;
        self.get_responses += 1;
        if self.get_responses > MAX_GET_RESPONSE {
            return Err(ChannelError::EndlessResponse);
        }
        self.corrected = false;
        self.sent = CommandApdu::new(0, GET_RESPONSE, 0, 0).expecting(expected);
        Ok(Next::Send(self))
    }

    fn collect(&mut self, response: &ResponseApdu) -> Result<(), ChannelError> {
        if self.collected.len() + response.data.len() > MAX_EXPECTED as usize {
            return Err(ChannelError::EndlessResponse);
        }
        self.collected.extend_from_slice(&response.data);
        Ok(())
    }
}

/// Header, `Lc` and `Le` of a command with extended lengths.
const EXTENDED_FIELDS_LEN: usize = 4 + 3 + 2;
const CHAINING: u8 = 0x10;
const GET_RESPONSE: u8 = 0xC0;

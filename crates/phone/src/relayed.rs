//! Which commands of a server reach the chip (9303-11 §6.2).
//!
//! The phone's session with the chip reads the whole document, and a server
//! that could send any command in it would not need the phone's consent. So
//! only the commands of chip authentication are carried.

use emrtd::read::apdu::CommandApdu;
use protocol::SecretBytes;

/// Why the commands of a server are not carried to the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayRefusal {
    /// There are more commands than chip authentication has, or none.
    #[error("the server relays {0} commands at once")]
    Count(usize),
    /// It is no command APDU.
    #[error("a relayed command is no command APDU")]
    Malformed,
    /// It is not one of chip authentication.
    #[error("a relayed command is not one of chip authentication")]
    NotChipAuthentication,
    /// A second key agreement in one run, or a protected command before one.
    #[error("the server relays commands out of order")]
    Order,
}

/// MSE:Set AT, MSE:Set KAT (9303-11 §6.2.4) and GENERAL AUTHENTICATE.
const PLAIN: [[u8; 4]; 3] =
    [[0x00, 0x22, 0x41, 0xA4], [0x00, 0x22, 0x41, 0xA6], [0x00, 0x86, 0x00, 0x00]];
/// SELECT of a file, in a session that the phone has not the keys of.
const PROTECTED: [[u8; 4]; 1] = [[0x0C, 0xA4, 0x02, 0x0C]];
const MAX_PLAIN: usize = 2;
const MAX_PROTECTED: usize = 1;

/// Reads the commands of one round; all of them, before the first is carried.
pub(crate) fn admit(
    commands: &[SecretBytes],
    protected: bool,
) -> Result<Vec<CommandApdu>, RelayRefusal> {
    let (headers, most) =
        if protected { (&PROTECTED[..], MAX_PROTECTED) } else { (&PLAIN[..], MAX_PLAIN) };
    if commands.is_empty() || commands.len() > most {
        return Err(RelayRefusal::Count(commands.len()));
    }
    let one = |command: &SecretBytes| {
        let command =
            CommandApdu::parse(command.as_slice()).map_err(|_| RelayRefusal::Malformed)?;
        if !headers.contains(&[command.cla, command.ins, command.p1, command.p2]) {
            return Err(RelayRefusal::NotChipAuthentication);
        }
        Ok(command)
    };
    commands.iter().map(one).collect()
}

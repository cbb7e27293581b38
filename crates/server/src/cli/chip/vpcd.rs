//! The virtual-reader protocol of vsmartcard, the side of the card.
//!
//! Every message is preceded by its length in two bytes, big-endian. One byte from the reader is a
//! control command, anything else a command APDU, which is answered with a response.

use std::io;

use emrtd::sim::Chip;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const ANSWER_TO_RESET: u8 = 4;

/// Answers for `chip` until the reader closes the connection.
pub(super) async fn serve(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    chip: &mut Chip,
) -> io::Result<()> {
    while let Some(message) = receive(stream).await? {
        match message[..] {
            [POWER_OFF | POWER_ON | RESET] => chip.reset(),
            [ANSWER_TO_RESET] => {
                let atr = chip.atr().to_vec();
                send(stream, &atr).await?;
            }
            // The protocol knows no other control command, and no answer to one.
            [_] | [] => {}
            _ => {
                let response = chip.transmit(&message);
                if response.is_empty() {
                    // A tag that is lost: the reader sees the card removed.
                    return Ok(());
                }
                send(stream, &response).await?;
            }
        }
    }
    Ok(())
}

/// The next message; `None` at the end of the stream.
async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 2];
    match stream.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).await?;
    Ok(Some(message))
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a response is too long"))?;
    // In one write: vpcd reads length and message apart, but a small packet each would wait.
    stream.write_all(&[&length.to_be_bytes()[..], message].concat()).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use emrtd::UnixSeconds;
    use emrtd::sim::{
        ChipDescription, Conduct, Dishonesty, IssuingState, Personalisation, StateProfile,
    };

    use super::*;

    const SELECT: [u8; 12] = [0, 0xA4, 4, 0x0C, 7, 0xA0, 0, 0, 2, 0x47, 0x10, 1];

    fn personalisation() -> Personalisation {
        let now = UnixSeconds(1_780_000_000);
        let state = IssuingState::new(StateProfile::utopia(), now).unwrap();
        Personalisation::issue(&state, &ChipDescription::passive(), now).unwrap()
    }

    /// What the chip says to a reader that says all this and closes.
    async fn said(personalisation: Personalisation, messages: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut chip = Chip::new(personalisation, Box::new(|_| true));
        let (mut reader, mut card) = tokio::io::duplex(1 << 16);
        for message in messages {
            send(&mut reader, message).await.unwrap();
        }
        let (mut from_card, to_card) = tokio::io::split(reader);
        let close = async {
            let mut to_card = to_card;
            to_card.shutdown().await.unwrap();
        };
        let (served, ()) = tokio::join!(serve(&mut card, &mut chip), close);
        served.unwrap();
        drop(card);
        let mut heard = Vec::new();
        while let Some(message) = receive(&mut from_card).await.unwrap() {
            heard.push(message);
        }
        heard
    }

    #[tokio::test]
    async fn a_chip_is_powered_and_answers() {
        let heard =
            said(personalisation(), &[&[POWER_ON], &[ANSWER_TO_RESET], &SELECT, &[POWER_OFF]])
                .await;
        assert_eq!(heard.len(), 2);
        assert_eq!(heard[0][0], 0x3B, "an answer to reset");
        assert_eq!(heard[1], [0x90, 0]);
    }

    #[tokio::test]
    async fn unknown_controls_and_empty_messages_are_passed_over() {
        let heard = said(personalisation(), &[&[9], &[], &SELECT]).await;
        assert_eq!(heard, [[0x90, 0]]);
    }

    #[tokio::test]
    async fn a_silent_chip_leaves_the_reader() {
        let silent = Dishonesty::Conduct(Conduct::SilentAfterCommands(1));
        let chip = personalisation().with(silent).unwrap();
        assert_eq!(said(chip, &[&SELECT, &SELECT, &SELECT]).await, [[0x90, 0]]);
    }

    #[tokio::test]
    async fn a_message_that_is_cut_off_is_an_error() {
        let mut chip = Chip::new(personalisation(), Box::new(|_| true));
        let (mut reader, mut card) = tokio::io::duplex(64);
        reader.write_all(&[0, 5, 1]).await.unwrap();
        drop(reader);
        assert!(serve(&mut card, &mut chip).await.is_err());
    }
}

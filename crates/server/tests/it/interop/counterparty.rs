//! A reader in a process of its own: it listens as a virtual reader (vsmartcard's protocol), takes
//! one case a line and answers each by one line.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use emrtd::sim::Chip;
use serde_json::Value;

/// A started counterparty.
pub(super) struct Counterparty {
    process: Child,
    cases: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Counterparty {
    /// Starts it and learns its port.
    pub(super) fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it was just built");
        let cases = process.stdin.take();
        let mut answers = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        let port = ready["port"].as_u64().unwrap().try_into().unwrap();
        Self { process, cases, answers, port }
    }

    /// Where its virtual reader listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Has `chip` read as `case` says.
    pub(super) fn read(&mut self, case: &Value, mut chip: Chip) -> Value {
        let card = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let served = thread::spawn(move || serve(card, &mut chip));
        let answer = self.ask(case);
        served.join().expect("the chip does not panic");
        answer
    }

    /// Has the card read that is or will be in the reader.
    pub(super) fn ask(&mut self, case: &Value) -> Value {
        let cases = self.cases.as_mut().unwrap();
        writeln!(cases, "{case}").unwrap();
        cases.flush().unwrap();
        let answer = self.answers.next().expect("an answer to each case").unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Counterparty {
    fn drop(&mut self) {
        self.cases.take();
        let _ = self.process.wait();
    }
}

/// The card's side, until the reader closes the connection.
fn serve(mut reader: TcpStream, chip: &mut Chip) {
    reader.set_nodelay(true).unwrap();
    reader.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    while let Some(message) = receive(&mut reader) {
        let answer = match message.as_slice() {
            [0..=2] => {
                chip.reset();
                continue;
            }
            [4] => chip.atr().to_vec(),
            command => chip.transmit(command),
        };
        let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
        reader.write_all(&[&length[..], &answer].concat()).unwrap();
    }
}

fn receive(reader: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    reader.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    reader.read_exact(&mut message).ok()?;
    Some(message)
}

//! What the person says of the page: from a flag, from standard input, or asked at the terminal.

use std::io::{IsTerminal, stdin};

use phone::Confirmation;
use protocol::HandoffContext;

use super::screen::{Screen, printable};

/// How often the person is asked again before it is left.
const TRIES: usize = 5;
/// The longest line that is read as an answer, in bytes.
const MAX_LINE: u64 = 64;

/// Where the answer comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The person at the terminal, where there is one.
    Ask,
    /// A line of standard input, read once it is needed.
    StandardInput,
    /// This number.
    Number(String),
    /// The page is not theirs.
    NotMe,
}

impl Answer {
    pub(super) fn from_flags(match_code: Option<String>, not_me: bool) -> Self {
        match match_code {
            _ if not_me => Self::NotMe,
            Some(dash) if dash == "-" => Self::StandardInput,
            Some(number) => Self::Number(number),
            None => Self::Ask,
        }
    }

    /// Answers, or says why not.
    pub(super) fn give(&self, screen: &Screen, context: &HandoffContext) -> Option<Confirmation> {
        let choices = context.choices.as_slice();
        match self {
            Self::NotMe => Some(Confirmation::NotMe),
            Self::Ask if stdin().is_terminal() => ask(screen, choices),
            _ if choices.is_empty() => Some(Confirmation::Mine),
            Self::Ask => None,
            Self::Number(number) => offered(screen, choices, number),
            Self::StandardInput => offered(screen, choices, read_line()?.trim()),
        }
    }
}

fn offered(screen: &Screen, choices: &[String], number: &str) -> Option<Confirmation> {
    if choices.iter().any(|choice| choice == number) {
        return Some(Confirmation::Choice(number.to_owned()));
    }
    screen.say(&format!("{} is not among {}", printable(number), listed(choices)));
    None
}

fn ask(screen: &Screen, choices: &[String]) -> Option<Confirmation> {
    for _ in 0..TRIES {
        match choices {
            [] => screen.say("Did you begin this yourself? y, or n if it was not you:"),
            _ => screen.say(&format!(
                "Which number does the page show: {}? n if it was not you that opened it:",
                listed(choices)
            )),
        }
        let line = screen.suspend(read_line)?;
        match line.trim() {
            "n" | "no" => return Some(Confirmation::NotMe),
            "y" | "yes" if choices.is_empty() => return Some(Confirmation::Mine),
            number if choices.iter().any(|choice| choice == number) => {
                return Some(Confirmation::Choice(number.to_owned()));
            }
            _ => {}
        }
    }
    None
}

fn listed(choices: &[String]) -> String {
    choices.iter().map(|choice| printable(choice)).collect::<Vec<_>>().join(" or ")
}

/// The next line; `None` at the end of the input.
fn read_line() -> Option<String> {
    use std::io::{BufRead, Read};
    let mut line = String::new();
    let read = stdin().lock().take(MAX_LINE).read_line(&mut line).ok()?;
    (read > 0).then_some(line)
}

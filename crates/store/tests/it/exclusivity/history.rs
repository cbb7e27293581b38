//! Linearizability: whether a recorded history of overlapping calls has an order that respects
//! real time and that the model answers in the same way (Wing and Gong 1993, with the memory of
//! Lowe 2017).

use std::collections::HashSet;

use super::model::{Answer, Millis, Model, Op};

/// The most calls of one history.
pub(crate) const MAX_CALLS: usize = 128;

/// A call that was made and answered. `invoked` and `answered` are tickets of one counter: a call
/// that was answered before another was invoked has the lower ticket.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) invoked: u64,
    pub(crate) answered: u64,
    /// The clock of the node that was asked.
    pub(crate) now: Millis,
    pub(crate) op: Op,
    pub(crate) answer: Answer,
}

/// An order in which the calls could have been made one after the other from `start`; `None` if
/// there is none.
pub(crate) fn linearize(start: &Model, calls: &[Call]) -> Option<Vec<usize>> {
    assert!(calls.len() <= MAX_CALLS, "the set of calls is a number");
    let mut dead_ends = HashSet::new();
    let mut order = Vec::new();
    search(start, calls, 0, &mut order, &mut dead_ends).then_some(order)
}

/// Whether the calls that are not in the set `done` can follow `state`.
fn search(
    state: &Model,
    calls: &[Call],
    done: u128,
    order: &mut Vec<usize>,
    dead_ends: &mut HashSet<(u128, Model)>,
) -> bool {
    let open = || calls.iter().enumerate().filter(|(at, _)| done & (1 << at) == 0);
    // What was invoked after another open call was answered cannot come before that one.
    let Some(horizon) = open().map(|(_, call)| call.answered).min() else { return true };
    if dead_ends.contains(&(done, state.clone())) {
        return false;
    }
    for (at, call) in open().filter(|(_, call)| call.invoked < horizon) {
        let mut next = state.clone();
        if next.apply(&call.op, call.now) != call.answer {
            continue;
        }
        order.push(at);
        if search(&next, calls, done | (1 << at), order, dead_ends) {
            return true;
        }
        order.pop();
    }
    dead_ends.insert((done, state.clone()));
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exclusivity::model::{Code, Hello, MINUTE, Near, Who};
    use crate::exclusivity::real::{START, rules};
    use crate::world::Seeded;

    fn call(invoked: u64, answered: u64, op: Op, answer: Answer) -> Call {
        Call { invoked, answered, now: START, op, answer }
    }

    fn hello(attempt: u32, device: u8) -> Op {
        Op::Hello(Hello {
            attempt,
            token: Some(attempt),
            device,
            proof: None,
            same_device: false,
            confirms: false,
            network: None,
        })
    }

    fn mint(invoked: u64, answered: u64, fresh: u32, attempt: u32) -> Call {
        let answer = Answer::Handoff { attempt, expires: START + 5 * MINUTE };
        call(invoked, answered, Op::Mint { fresh, who: Who::Stranger }, answer)
    }

    fn granted(fence: u64, resumed: bool) -> Answer {
        Answer::Granted { fence, phase: 0, resumed, code: Code::NotAsked, near: Near::Unknown }
    }

    fn fits(calls: &[Call]) -> bool {
        linearize(&Model::created(rules(), START), calls).is_some()
    }

    #[test]
    fn overlapping_calls_may_have_happened_in_either_order() {
        let loser = Answer::Refused("another device");
        for (first, second) in
            [(granted(1, false), loser.clone()), (loser.clone(), granted(1, false))]
        {
            let calls =
                [mint(0, 1, 0, 0), call(2, 5, hello(0, 1), first), call(3, 4, hello(0, 2), second)];
            assert!(fits(&calls));
        }
        assert!(fits(&[mint(0, 3, 0, 1), mint(1, 2, 1, 1)]), "the later one was first");
    }

    #[test]
    fn a_history_with_two_winners_is_refused() {
        for second in [granted(1, false), granted(2, false), granted(2, true)] {
            let calls = [
                mint(0, 1, 0, 0),
                call(2, 5, hello(0, 1), granted(1, false)),
                call(3, 4, hello(0, 2), second),
            ];
            assert!(!fits(&calls));
        }
    }

    #[test]
    fn a_history_with_two_tokens_in_a_minute_is_refused() {
        assert!(!fits(&[mint(0, 3, 0, 0), mint(1, 2, 1, 1)]));
    }

    #[test]
    fn a_history_that_turns_back_time_is_refused() {
        let claimed = call(2, 3, hello(0, 1), granted(1, false));
        let late = [mint(0, 1, 0, 0), claimed.clone(), mint(4, 5, 1, 0)];
        assert!(!fits(&late), "a token after the claim");
        let overlapping = [mint(0, 1, 0, 0), claimed.clone(), mint(2, 5, 1, 0)];
        assert!(fits(&overlapping));

        let fresh = Answer::Seen(Box::new(Model::created(rules(), START)));
        let look =
            |invoked, answered| call(invoked, answered, Op::Look { events: false }, fresh.clone());
        assert!(fits(&[look(0, 2), mint(1, 3, 0, 0)]));
        assert!(!fits(&[mint(0, 1, 0, 0), look(2, 3)]), "a stale read");
    }

    /// A store that reads when a call begins and writes when it ends: what a database without a
    /// lock around the unit would do.
    #[test]
    fn lost_updates_are_found() {
        let mut found = 0;
        for seed in 0..100_u64 {
            let mut random = Seeded::new(seed);
            let mut draw = |below: u64| {
                let mut bytes = [0; 8];
                domain::entropy::Entropy::fill(&mut random, &mut bytes);
                u64::from_le_bytes(bytes) % below
            };
            let mut stored = Model::created(rules(), START);
            stored.apply(&Op::Mint { fresh: 0, who: Who::Stranger }, START);
            let start = stored.clone();
            let mut open: Vec<(u64, Op, Model)> = vec![];
            let mut calls = vec![];
            let mut ticket = 0;
            while calls.len() < 12 {
                ticket += 1;
                if open.len() < 3 && draw(2) == 0 {
                    let op = match draw(3) {
                        0 => Op::Cancel,
                        _ => hello(0, draw(2) as u8),
                    };
                    open.push((ticket, op, stored.clone()));
                } else if !open.is_empty() {
                    let (invoked, op, mut read) =
                        open.swap_remove(draw(open.len() as u64) as usize);
                    let answer = read.apply(&op, START);
                    stored = read;
                    calls.push(call(invoked, ticket, op, answer));
                }
            }
            found += u32::from(linearize(&start, &calls).is_none());
        }
        assert!(found >= 25, "only {found} of 100 racy histories were found out");
    }

    #[test]
    fn an_order_is_given_in_full() {
        let calls = [mint(0, 3, 0, 1), mint(1, 2, 1, 1)];
        assert_eq!(linearize(&Model::created(rules(), START), &calls), Some(vec![1, 0]));
    }
}

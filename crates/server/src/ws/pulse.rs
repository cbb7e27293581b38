//! A socket's pace and signs of life: how fast it may talk, when it is pinged, when it is given up.

use std::time::Duration;

use domain::time::Timestamp;

/// How long a socket may be silent before it is pinged.
const PING_AFTER: Duration = Duration::from_secs(25);

/// How long it then has to answer. Libraries answer by themselves, also behind a sleeping app.
const PONG_DEADLINE: Duration = Duration::from_secs(20);

/// How long a phone may say nothing of its own. A person may look for a passport for a quarter of
/// an hour; whoever comes back later connects again.
const IDLE_DEADLINE: Duration = Duration::from_secs(20 * 60);

/// Messages a second, and how many at once: all chunks that the files of one attempt may be cut
/// into.
const MESSAGES: Pace = Pace { per_second: 200, burst: 2048 };

/// KiB a second, and how many at once: more than everything that one socket may upload, so that
/// no network is too fast for it.
const KIBIBYTES: Pace = Pace { per_second: 8 * 1024, burst: 40 * 1024 };

/// Messages that a socket may send before its hello.
const EARLY_MESSAGES: u32 = 16;

/// Frames that are no messages, in the life of a socket.
const UNREADABLE_FRAMES: u32 = 64;

/// Hellos in the life of a socket. Each that is granted is a write with an entry in the audit trail; a
/// phone that needs more connects again, and new sockets have a rate.
const HELLOS: u32 = 8;

/// What is due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Reading goes on after a pause.
    Resume,
    /// A ping is to be sent.
    Ping,
    /// The last ping was not answered.
    Dead,
    /// Nothing of its own was heard for too long.
    Idle,
}

/// See the module.
pub(super) struct Pulse {
    heard_at: Timestamp,
    spoke_at: Timestamp,
    pinged_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    messages: Spent,
    kibibytes: Spent,
    early: u32,
    unreadable: u32,
    hellos: u32,
}

impl Pulse {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            heard_at: now,
            spoke_at: now,
            pinged_at: None,
            paused_until: None,
            messages: Spent(0),
            kibibytes: Spent(0),
            early: 0,
            unreadable: 0,
            hellos: 0,
        }
    }

    /// What is due next, and when.
    pub(super) fn next(&self) -> (Timestamp, Due) {
        if let Some(until) = self.paused_until {
            return (until, Due::Resume);
        }
        let idle = (self.spoke_at + IDLE_DEADLINE, Due::Idle);
        let alive = match self.pinged_at {
            None => (self.heard_at + PING_AFTER, Due::Ping),
            Some(at) => (at + PONG_DEADLINE, Due::Dead),
        };
        if idle.0 <= alive.0 { idle } else { alive }
    }

    /// Notes any frame at all. Who is too fast is not read on for a while: the network tells it to
    /// wait, and nothing is lost.
    pub(super) fn heard(&mut self, bytes: usize, now: Timestamp) {
        self.heard_at = now;
        self.pinged_at = None;
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let wait = self
            .messages
            .spend(1, MESSAGES, now)
            .max(self.kibibytes.spend(kibibytes, KIBIBYTES, now));
        if wait > Duration::ZERO {
            self.paused_until = Some(now + wait);
        }
    }

    /// Notes a message of the phone's own.
    pub(super) const fn spoke(&mut self, now: Timestamp) {
        self.spoke_at = now;
    }

    /// Notes a message before hello; false if there were too many.
    pub(super) const fn early(&mut self) -> bool {
        self.early += 1;
        self.early <= EARLY_MESSAGES
    }

    /// Notes a frame that is no message; false if there were too many.
    pub(super) const fn unreadable(&mut self) -> bool {
        self.unreadable += 1;
        self.unreadable <= UNREADABLE_FRAMES
    }

    /// Notes a hello; false if there were too many.
    pub(super) const fn hello(&mut self) -> bool {
        self.hellos += 1;
        self.hellos <= HELLOS
    }

    pub(super) const fn is_paused(&self) -> bool {
        self.paused_until.is_some()
    }

    /// Ends a pause. What the peer sent meanwhile, its pongs too, was not read.
    pub(super) const fn resume(&mut self, now: Timestamp) {
        self.paused_until = None;
        self.heard_at = now;
        self.pinged_at = None;
    }

    pub(super) const fn pinged(&mut self, now: Timestamp) {
        self.pinged_at = Some(now);
    }
}

#[derive(Clone, Copy)]
struct Pace {
    per_second: u32,
    burst: u32,
}

/// A token bucket: until when, in microseconds, what was taken is paid for.
struct Spent(i64);

impl Spent {
    /// Takes some; how long to wait until the burst is kept again.
    fn spend(&mut self, amount: u32, pace: Pace, now: Timestamp) -> Duration {
        let cost = |amount: u32| i64::from(amount) * 1_000_000 / i64::from(pace.per_second);
        let now = now.as_millis().saturating_mul(1000);
        self.0 = self.0.max(now).saturating_add(cost(amount));
        let over = self.0.saturating_sub(now).saturating_sub(cost(pace.burst));
        Duration::from_micros(u64::try_from(over).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_000_000);

    #[test]
    fn a_fast_honest_upload_is_never_paused() {
        let mut pulse = Pulse::new(START);
        let chunk = protocol::limits::NFC_CHUNK_BYTES + 200;
        for _ in 0..protocol::limits::TRANSFER_BYTES / protocol::limits::NFC_CHUNK_BYTES {
            pulse.heard(chunk, START);
        }
        assert!(!pulse.is_paused(), "everything that may be uploaded, in no time at all");
    }

    #[test]
    fn a_flood_is_read_at_its_pace() {
        let mut pulse = Pulse::new(START);
        for _ in 0..MESSAGES.burst {
            pulse.heard(10, START);
        }
        assert!(!pulse.is_paused());
        pulse.heard(10, START);
        let (until, due) = pulse.next();
        assert_eq!((until.since(START), due), (Duration::from_millis(5), Due::Resume));
        pulse.resume(until);
        assert!(!pulse.is_paused());
        pulse.heard(10, until);
        assert!(pulse.is_paused());
    }

    #[test]
    fn large_frames_are_paced_by_their_bytes() {
        let mut pulse = Pulse::new(START);
        let mut frames = 0;
        while !pulse.is_paused() {
            pulse.heard(protocol::limits::FRAME_BYTES, START);
            frames += 1;
        }
        assert_eq!(frames, 161, "40 MiB at once");
    }

    #[test]
    fn silence_is_pinged_and_then_given_up() {
        let mut pulse = Pulse::new(START);
        assert_eq!(pulse.next(), (START + PING_AFTER, Due::Ping));
        let at = START + PING_AFTER;
        pulse.pinged(at);
        assert_eq!(pulse.next(), (at + PONG_DEADLINE, Due::Dead));
        pulse.heard(0, at);
        assert_eq!(pulse.next(), (at + PING_AFTER, Due::Ping), "a pong is a sign of life");
        let late = START + IDLE_DEADLINE - Duration::from_secs(1);
        pulse.heard(0, late);
        assert_eq!(pulse.next(), (START + IDLE_DEADLINE, Due::Idle), "and no word");
        pulse.spoke(late);
        assert_eq!(pulse.next().1, Due::Ping);
    }
}

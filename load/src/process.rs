//! What the server's process costs, as the kernel counts it.

use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A process of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Process(u32);

/// What a process has used up to a moment.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// User and system time of all its threads, those that have ended included.
    pub cpu: Duration,
    /// Resident memory in bytes; buffers of the kernel do not count.
    pub resident: u64,
}

/// What a process used between two moments.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// User and system time.
    pub cpu: Duration,
    /// Resident memory before, in bytes.
    pub resident_before: u64,
    /// Resident memory after, in bytes.
    pub resident_after: u64,
}

impl Process {
    /// The process of this id.
    pub const fn new(id: u32) -> Self {
        Self(id)
    }

    /// What it has used until now.
    ///
    /// # Errors
    /// When there is no such process, or no `/proc`.
    pub fn sample(self) -> io::Result<Sample> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0))?;
        read(&stat, &status, rustix::param::clock_ticks_per_second())
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }
}

/// Reads `/proc/PID/stat` and `/proc/PID/status` (proc(5)).
fn read(stat: &str, status: &str, ticks_per_second: u64) -> Option<Sample> {
    // The second field is the program's name, which may hold anything.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let ticks = ticks()?.checked_add(ticks()?)?;
    let cpu = Duration::from_millis(ticks.checked_mul(1000)?.checked_div(ticks_per_second)?);
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = resident.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(Sample { cpu, resident: kib.checked_mul(1024)? })
}

impl Sample {
    /// What was used from this moment to a later one.
    pub fn until(self, later: Self) -> Cost {
        Cost {
            cpu: later.cpu.saturating_sub(self.cpu),
            resident_before: self.resident,
            resident_after: later.resident,
        }
    }
}

/// Lets this process and its children have `wanted` open files, or as many as they may.
///
/// Gives how many there may be now.
pub fn raise_open_files(wanted: u64) -> u64 {
    let now = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= wanted);
    if enough(now.current) {
        return now.current.unwrap_or(u64::MAX);
    }
    // Only a privileged process may raise the maximum; everyone may go up to it.
    let maximum = if enough(now.maximum) { now.maximum } else { Some(wanted) };
    let all = Rlimit { current: Some(wanted), maximum };
    let most = Rlimit { current: now.maximum, maximum: now.maximum };
    if setrlimit(Resource::Nofile, all).is_err() {
        let _ = setrlimit(Resource::Nofile, most);
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn times_and_memory_are_found_behind_any_name() {
        let stat = "7 (a) b ) 1) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 900 900 20 0 4 0 1 2 3";
        let status = "Name:\ta\nVmHWM:\t   99 kB\nVmRSS:\t   12 kB\nThreads:\t4\n";
        let sample = read(stat, status, 100).unwrap();
        assert_eq!(sample.cpu, Duration::from_secs(2));
        assert_eq!(sample.resident, 12 * 1024);
        assert!(read("7 (x", status, 100).is_none());
    }

    #[test]
    fn this_process_has_used_something() {
        let sample = Process::new(std::process::id()).sample().unwrap();
        assert!(sample.resident > 0);
    }
}

//! Runs the fuzz targets on mutations of their corpus, for a time or a number
//! of inputs, without a nightly toolchain.

use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fuzz_driver::mutate::{Random, mutate};
use fuzz_driver::{TARGETS, Target, corpus, seeds};

const USAGE: &str = "\
usage: fuzz-driver [--seconds N | --iterations N] [--seed N] TARGET...|all
       fuzz-driver list      the names of the targets
       fuzz-driver seeds     makes the simulated part of the corpus anew
       fuzz-driver TARGET... --file PATH   runs one input";

/// An input that takes longer is a finding.
const MAX_TIME: Duration = Duration::from_secs(5);

struct Options {
    targets: Vec<&'static Target>,
    seconds: Option<u64>,
    iterations: u64,
    seed: u64,
    file: Option<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some("list") => list(),
        Some("seeds") => seeds::write().and_then(|count| say(&format!("{count} seeds written"))),
        _ => match Options::parse(&arguments) {
            Some(options) => return options.run(),
            None => say(USAGE).and(Err(io::Error::other("wrong arguments"))),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn list() -> io::Result<()> {
    TARGETS.iter().try_for_each(|target| say(target.name))
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

impl Options {
    fn parse(arguments: &[String]) -> Option<Self> {
        let mut options =
            Self { targets: Vec::new(), seconds: None, iterations: 10_000, seed: 1, file: None };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--seconds" => options.seconds = Some(rest.next()?.parse().ok()?),
                "--iterations" => options.iterations = rest.next()?.parse().ok()?,
                "--seed" => options.seed = rest.next()?.parse().ok()?,
                "--file" => options.file = Some(rest.next()?.clone()),
                "all" => options.targets.extend(TARGETS),
                name => options.targets.push(Target::named(name)?),
            }
        }
        (!options.targets.is_empty()).then_some(options)
    }

    fn run(&self) -> ExitCode {
        // The failing input is told instead.
        panic::set_hook(Box::new(|_| {}));
        let mut findings = 0;
        for target in &self.targets {
            let outcome = match &self.file {
                Some(path) => std::fs::read(path).map(|input| {
                    let failed = failure(target, &input).map(|why| (0, input, why));
                    (1, failed)
                }),
                None => self.fuzz(target),
            };
            let line = match outcome {
                Ok((count, None)) => format!("{}: {count} inputs, no finding", target.name),
                Ok((count, Some((number, input, why)))) => {
                    findings += 1;
                    let path = keep(target, &input);
                    format!("{}: input {number} of {count}: {why} ({path})", target.name)
                }
                Err(error) => {
                    findings += 1;
                    format!("{}: {error}", target.name)
                }
            };
            let _ = say(&line);
        }
        if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// How many inputs were tried, and the first that failed.
    #[expect(clippy::type_complexity, reason = "used once, just above")]
    fn fuzz(&self, target: &Target) -> io::Result<(u64, Option<(u64, Vec<u8>, String)>)> {
        let corpus = corpus::inputs(target.name)?;
        let mut random = Random::new(self.seed);
        let until = self.seconds.map(|seconds| now() + Duration::from_secs(seconds));
        let mut count = 0;
        loop {
            let over = match until {
                Some(until) => now() >= until,
                None => count >= self.iterations,
            };
            if over && count > 0 {
                return Ok((count, None));
            }
            let pick = |random: &mut Random| {
                corpus.get(random.below(corpus.len())).map_or(&[][..], |(_, bytes)| bytes)
            };
            let (seed, other) = (pick(&mut random), pick(&mut random));
            let input = mutate(seed, other, &mut random);
            count += 1;
            if let Some(why) = failure(target, &input) {
                return Ok((count, Some((count, input, why))));
            }
        }
    }
}

fn failure(target: &Target, input: &[u8]) -> Option<String> {
    let start = now();
    let result = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let taken = start.elapsed();
    match result {
        Ok(()) if taken <= MAX_TIME => None,
        Ok(()) => Some(format!("took {} ms", taken.as_millis())),
        Err(payload) => Some(
            payload
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "panicked".to_owned()),
        ),
    }
}

/// Writes a failing input where cargo-fuzz would, and says where.
fn keep(target: &Target, input: &[u8]) -> String {
    let folder = corpus::folder(target.name).join("../../artifacts").join(target.name);
    let name = openssl::sha::sha256(input)
        .iter()
        .take(8)
        .fold(String::from("crash-"), |name, octet| format!("{name}{octet:02x}"));
    let path = folder.join(name);
    match std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, input)) {
        Ok(()) => path.display().to_string(),
        Err(error) => format!("not kept: {error}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge of the driver, which runs for a time")]
fn now() -> Instant {
    Instant::now()
}

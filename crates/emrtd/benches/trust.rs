//! From the German master list to a trust store, as a multiple of the bare cost: reading the
//! certificates and verifying what must be verified, once each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use divan::Bencher;
use emrtd::trust::{Certificate, Item, MasterList, Provenance, TrustStore, import};

mod cpu_time;

use cpu_time::{median, time};

const LIST: &str = "data/masterlists/DE_ML_2026-05-28-08-28-45.ml";
const ROOT: &str = "data/masterlists/DE_ROOT_CA_CSCA07.cer";
const ROUNDS: usize = 21;

fn main() {
    let Some(list) = shared(LIST).zip(shared(ROOT)) else {
        let _ = writeln!(std::io::stderr(), "skipped: {LIST} is not there");
        return;
    };
    if !std::env::args().any(|argument| argument == "--test") {
        print_ratios(&list.0, &root(&list.1));
    }
    divan::main();
}

fn print_ratios(list: &[u8], root: &[Certificate]) {
    let certificates = parsed(list);
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(time(|| parsed(list)));
        times[1].push(time(|| verify_self_signed(&parsed(list))));
        times[2].push(time(|| import(list, root)));
        times[3].push(time(|| store(&certificates)));
    }
    let [parse, bare, import, build] = times.map(median);
    let ratio = |time: Duration| time.as_secs_f64() / bare.as_secs_f64();
    println!("| {} certificates | CPU time | to the bare cost |", certificates.len());
    println!("|---|---|---|");
    println!("| reading them | {parse:.0?} | {:.2} |", ratio(parse));
    println!("| bare: reading, and verifying each self-signature | {bare:.0?} | 1 |");
    println!("| import of the list | {import:.0?} | {:.2} |", ratio(import));
    println!("| trust store of what was read | {build:.0?} | {:.2} |\n", ratio(build));
}

#[divan::bench(sample_count = 10)]
fn import_german_list(bencher: Bencher) {
    let (list, root) = (shared(LIST).unwrap(), root(&shared(ROOT).unwrap()));
    bencher.bench_local(|| import(&list, &root));
}

#[divan::bench(sample_count = 10)]
fn build_store_of_german_list(bencher: Bencher) {
    let certificates = parsed(&shared(LIST).unwrap());
    bencher.bench_local(|| store(&certificates));
}

fn parsed(list: &[u8]) -> Vec<Certificate> {
    let list = MasterList::parse(list).unwrap();
    list.certificates().iter().map(|(_, certificate)| certificate.clone()).collect()
}

fn verify_self_signed(certificates: &[Certificate]) -> usize {
    let self_signed = certificates.iter().filter(|csca| csca.is_self_signed());
    self_signed.filter(|csca| csca.verify_signed_by(csca).is_ok()).count()
}

fn store(certificates: &[Certificate]) -> TrustStore {
    let provenance = Provenance { source: "bench".into(), verified: true };
    let add = |builder: emrtd::trust::TrustStoreBuilder, csca: &Certificate| {
        builder.add_csca(csca.clone(), provenance.clone())
    };
    certificates.iter().fold(TrustStore::builder(), add).build()
}

fn root(bytes: &[u8]) -> Vec<Certificate> {
    let imported = import(bytes, &[]).accepted.into_iter();
    imported
        .filter_map(|imported| match imported.item {
            Item::Csca(certificate) => Some(certificate),
            _ => None,
        })
        .collect()
}

fn shared(name: &str) -> Option<Vec<u8>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("KAYLE_SHARED_DATA").map_or_else(beside, Into::into);
    std::fs::read(shared.join(name)).ok()
}

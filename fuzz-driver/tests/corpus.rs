//! Every input of the corpus, and some mutations of it, always the same.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;

use fuzz_driver::mutate::{Random, mutate};
use fuzz_driver::{TARGETS, corpus};

#[test]
fn every_input_of_the_corpus_is_handled() {
    for target in TARGETS {
        let inputs = corpus::inputs(target.name).unwrap();
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        for (name, bytes) in inputs {
            let result = std::panic::catch_unwind(|| (target.run)(&bytes));
            assert!(result.is_ok(), "{}: {name}", target.name);
        }
    }
}

#[test]
fn mutations_of_the_corpus_are_handled() {
    for target in TARGETS {
        let inputs = corpus::inputs(target.name).unwrap();
        let mut random = Random::new(0x4B61_796C);
        for index in 0..2000 {
            let (_, seed) = &inputs[index % inputs.len()];
            let (_, other) = &inputs[random.below(inputs.len())];
            let input = mutate(seed, other, &mut random);
            let result = std::panic::catch_unwind(|| (target.run)(&input));
            assert!(result.is_ok(), "{}: mutation {index}: {input:02X?}", target.name);
        }
    }
}

/// cargo-fuzz's targets are these, and so are the folders of the corpus.
#[test]
fn no_target_is_forgotten() {
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len());
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let in_folder = |folder: &str| -> BTreeSet<String> {
        std::fs::read_dir(fuzz.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(in_folder("fuzz_targets"), names);
    assert_eq!(in_folder("corpus"), names);
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for name in &names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in Cargo.toml");
        let target = fuzz.join(format!("fuzz_targets/{name}.rs"));
        let text = std::fs::read_to_string(target).unwrap();
        assert!(text.contains(&format!("\"{name}\"")), "{name} runs another target");
    }
}

/// The driver would be worth nothing if a mutation were its seed.
#[test]
fn mutations_differ_and_repeat() {
    let run = |seed| {
        let mut random = Random::new(seed);
        (0..100).map(|_| mutate(&[7; 50], &[9; 50], &mut random)).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert!(run(1).iter().filter(|input| **input != [7; 50]).count() > 90);
    let mut random = Random::new(3);
    for _ in 0..1000 {
        mutate(&[], &[], &mut random);
    }
}

//! Honest chips are read whole and proven.

use emrtd::read::ReadPolicy;
use emrtd::sim::{Chip, ChipDescription, Personalisation};

use super::{assert_whole, chip, chip_random, issue, mrz, prove, read};

#[test]
fn every_preset_is_read_whole_and_kept_whole() {
    let presets = [
        ("passport", ChipDescription::passport()),
        ("card", ChipDescription::card()),
        ("old", ChipDescription::old()),
        ("passive", ChipDescription::passive()),
    ];
    for (name, description) in presets {
        let personalisation = issue(&description);
        let encoded = personalisation.encode();
        assert!(Personalisation::decode(&encoded).unwrap() == personalisation, "{name}");
        for extended in [false, true] {
            let policy = ReadPolicy { extended, max_block: 4096, ..ReadPolicy::default() };
            let outcome = read(&mut chip(&personalisation), mrz(&personalisation), policy);
            let outcome = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_whole(&outcome, &personalisation, name);
            prove(&outcome).unwrap();
        }
    }
}

#[test]
fn a_chip_without_randomness_is_of_no_use() {
    let personalisation = issue(&ChipDescription::passive());
    let mut chip = Chip::new(personalisation.clone(), Box::new(|_| false));
    assert!(read(&mut chip, mrz(&personalisation), ReadPolicy::default()).is_err());
    let mut chip = Chip::new(personalisation.clone(), chip_random(9));
    assert!(read(&mut chip, mrz(&personalisation), ReadPolicy::default()).is_ok());
}

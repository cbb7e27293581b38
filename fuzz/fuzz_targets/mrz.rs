#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    (fuzz_driver::Target::named("mrz").expect("a target").run)(data);
});

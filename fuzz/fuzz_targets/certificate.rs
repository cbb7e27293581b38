#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    (fuzz_driver::Target::named("certificate").expect("a target").run)(data);
});

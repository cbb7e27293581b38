#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    (fuzz_driver::Target::named("dg2").expect("a target").run)(data);
});

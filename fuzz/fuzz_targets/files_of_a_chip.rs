#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    (fuzz_driver::Target::named("files_of_a_chip").expect("a target").run)(data);
});

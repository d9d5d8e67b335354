#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cxr_triage_fuzz::raster(bytes));

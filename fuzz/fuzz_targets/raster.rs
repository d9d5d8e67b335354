#![no_main]

#[path = "../../src/film/mod.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
mod film;
mod room;
#[path = "../../src/text.rs"]
#[allow(dead_code, unreachable_pub)]
mod text;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| room::try_file(bytes));

//! A service's file of the catalog, such as anybody may put into the configuration's folder.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podex::catalog::Catalog;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(error) = Catalog::load(&[("fuzz.toml", text)]) {
        assert!(error.to_string().contains("fuzz.toml"), "{error}");
    }
});

//! A reference as people write it, and as the store keeps it in files.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podex::pod::Reference;
use podex::store::ref_commit;

fuzz_target!(|data: &[u8]| {
    let _ = ref_commit(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(reference) = text.parse::<Reference>() {
        assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
    }
});

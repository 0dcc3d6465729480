//! A commit object: what is read is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podex::pod::Commit;

fuzz_target!(|data: &[u8]| {
    if let Ok(commit) = Commit::from_bytes(data) {
        assert_eq!(Commit::from_bytes(&commit.to_bytes()).unwrap(), commit);
    }
});

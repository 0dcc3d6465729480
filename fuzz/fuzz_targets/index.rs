//! A pack's index. Its checksum is put right, so that what is behind it is reached.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podex::pod::Digest;
use podex::store::index_entries;

fuzz_target!(|data: &[u8]| {
    let Some(pack) = data.get(8..40) else { return };
    let pack = Digest::from_bytes(pack.try_into().unwrap());
    let _ = index_entries(data, pack);
    let mut index = data.to_vec();
    let Some(checksum) = index.len().checked_sub(32) else { return };
    let check = Digest::of(&index[..checksum]);
    index[checksum..].copy_from_slice(check.as_bytes());
    let _ = index_entries(&index, pack);
});

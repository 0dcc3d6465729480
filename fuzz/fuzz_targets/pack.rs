//! A pack. Its footer's checksum is put right, so that what is behind it is reached.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podex::pod::Digest;
use podex::store::pack_chunks;

/// Digest, kind, codec, offset, stored, size.
const ENTRY: usize = 50;
/// Count, checksum, end.
const TRAILER: usize = 48;

fuzz_target!(|data: &[u8]| {
    let _ = pack_chunks(data);
    let Some(trailer) = data.len().checked_sub(TRAILER) else { return };
    let mut pack = data.to_vec();
    let count = u64::from_le_bytes(pack[trailer..trailer + 8].try_into().unwrap());
    // As many entries as there is room for, where the count is nonsense.
    let room = (trailer / ENTRY) as u64;
    let count = if count > room { count % (room + 1) } else { count };
    pack[trailer..trailer + 8].copy_from_slice(&count.to_le_bytes());
    let check = Digest::of(&pack[trailer - count as usize * ENTRY..trailer]);
    pack[trailer + 8..trailer + 40].copy_from_slice(check.as_bytes());
    let _ = pack_chunks(&pack);
});

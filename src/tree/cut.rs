//! Where a level of the tree is cut into nodes.
//!
//! A hash of the key decides, weighted by the entry's size so that nodes come out near the target whatever
//! the documents' size. A cut therefore depends on nothing but the entries around it: a changed or added
//! document moves cuts in its neighbourhood at most, and the same content always gives the same tree.

/// Mean size of a node.
pub const TARGET_BYTES: usize = 16 << 10;
/// A node is not cut before it has this many bytes.
const MIN_BYTES: usize = 4 << 10;
/// No entry is added that takes a node beyond this, unless it is the node's first (or an inner node's second).
const MAX_BYTES: usize = 64 << 10;
/// Beyond the minimum, a node goes on for this many bytes in the mean.
const MEAN_RUN_BYTES: u64 = (TARGET_BYTES - MIN_BYTES) as u64;
/// An inner node with one child would make a level no shorter than the one below.
const MIN_CHILDREN: u32 = 2;

/// Whether the entry of `entry_bytes` at `key` begins a new node on `level`, after one that has `count`
/// entries of `node_bytes` so far.
pub fn starts_node(level: u8, count: u32, node_bytes: usize, key: &[u8], entry_bytes: usize) -> bool {
    let minimum_count = if level == 0 { 1 } else { MIN_CHILDREN };
    if count < minimum_count {
        return false;
    }
    if node_bytes + entry_bytes > MAX_BYTES {
        return true;
    }
    let threshold = ((entry_bytes as u64) << 32) / MEAN_RUN_BYTES;
    node_bytes >= MIN_BYTES && hash(level, key) >> 32 < threshold
}

/// FNV-1a over level and key, then the finaliser of MurmurHash3 so that every bit of the result is mixed.
/// Levels hash differently: a key that begins a leaf would otherwise begin a node on every level above.
fn hash(level: u8, key: &[u8]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for &byte in std::iter::once(&level).chain(key) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_part_of_the_format_and_must_not_change() {
        assert_eq!(hash(0, b""), 0xb903_4ad3_7056_f5fb);
        assert_eq!(hash(1, b"podex"), 0xf0ff_af3d_ee63_7b29);
    }
}

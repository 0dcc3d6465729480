//! How the explorer's memory goes back to the system.

/// Buffers of at least this many bytes are mapped one by one, and given back whole when they are freed. glibc raises
/// this threshold by itself to 32 MiB as soon as large buffers are freed; what making a tree or the search index takes
/// for a moment then stays with the process: 45 MiB with a million resources.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_BYTES: libc::c_int = 1 << 20;

/// Lets large buffers go when they are freed. Other allocators than glibc's do so by themselves.
pub(super) fn give_back_what_is_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: mallopt sets a number of the allocator's under its lock. Where it refuses, all stays as it was.
        unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES) };
    }
}

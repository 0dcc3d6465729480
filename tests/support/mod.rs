//! Real emulators and registries for tests.
//!
//! Everything is fetched once into a cache folder (`PODEX_EMULATORS`, else the user's cache), starts on a free port
//! of 127.0.0.1 with a folder of its own, and ends when its value is dropped, when a test panics, and when the
//! test process is killed.
//!
//! ```ignore
//! mod support;
//!
//! let Some(ministack) = support::ministack() else { return };
//! ministack.script("seed.py").run();                      // tests/python/seed.py, with boto3
//! let bob = support::Podex::new("Bob");
//! bob.at(&ministack).run(["commit", "p1"]).expect(0);
//! ```
//!
//! What a machine lacks is said in one sentence: a failure where `CI=true`, a counted skip elsewhere.

// Every test binary compiles this module and uses its own part of it.
#![allow(dead_code, unused_imports)]

mod breaker;
mod bucket;
mod counter;
mod emulator;
mod issuer;
mod localstack;
mod podex;
mod registry;
mod spoiler;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::podex::event::{Event, Events};
use ::podex::instance::managed::{ManagedError, emulators_folder};

pub use breaker::{Breaker, Passing};
pub use bucket::{BucketStore, bucket_store};
pub use counter::Counter;
pub use emulator::{Emulator, Script, ministack, moto};
pub use localstack::localstack;
pub use podex::{Outcome, Podex};
pub use registry::{Login, Registry, RegistryOptions, registry, registry_with};
pub use spoiler::{Asked, Spoil, Spoiler};

/// Where everything fetched is kept.
pub fn cache() -> PathBuf {
    let user = directories::ProjectDirs::from("", "", "podex");
    // Without a home, the build's own folder.
    let folder = user.map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), |dirs| dirs.cache_dir().to_owned());
    emulators_folder(&folder)
}

/// The bytes, behind the content of every zstd frame in them.
pub fn opened(bytes: Vec<u8>) -> Vec<u8> {
    const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let mut all = Vec::new();
    for start in (0..bytes.len()).filter(|start| bytes[*start..].starts_with(&FRAME)) {
        // What only looks like a frame ends in an error; what was read before it counts.
        let _ = zstd::Decoder::new(&bytes[start..]).map(|decoder| decoder.single_frame().read_to_end(&mut all));
    }
    all.extend(bytes);
    all
}

/// A folder of one server or one user; removed when dropped.
fn scratch(prefix: &str) -> tempfile::TempDir {
    tempfile::Builder::new().prefix(prefix).tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder")
}

/// Shows what an installation is doing: the first one takes a while.
fn events() -> Events {
    static EVENTS: OnceLock<Events> = OnceLock::new();
    let show = |event| {
        if let Event::Phase(text) | Event::Warning(text) = event
            && text.starts_with("install")
        {
            say(&text);
        }
    };
    EVENTS.get_or_init(|| Events::new(show, tokio_util::sync::CancellationToken::new())).clone()
}

/// The server, or None after saying why this machine cannot run it. Panics instead where `CI=true`, and where the
/// reason is a fault rather than something missing.
fn available<T>(what: &str, result: Result<T, ManagedError>) -> Option<T> {
    static SKIPPED: AtomicUsize = AtomicUsize::new(0);
    match result {
        Ok(server) => Some(server),
        Err(error) => {
            let missing = matches!(error, ManagedError::NoPython { .. } | ManagedError::Install { .. });
            let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(missing && !in_ci, "{what}: {error}");
            let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            say(&format!("SKIPPED {test} (skip {count} in this binary): {error}"));
            None
        }
    }
}

/// Writes a line that the test runner does not hold back.
pub fn say(text: &str) {
    // A closed standard error is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "{text}");
}

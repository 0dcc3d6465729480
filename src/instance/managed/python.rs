//! Python environments in the cache folder, made once, by uv where it is there, else by `venv` and pip.

use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::ManagedError;
use crate::event::Events;
use crate::pod::Digest;

/// Between two looks at a lock or an installer.
const POLL: Duration = Duration::from_millis(100);
/// Lines of an installer's output that an error repeats.
const LAST_LINES: usize = 6;
/// Written last into a finished environment; holds what was installed.
const MARKER: &str = ".podex-complete";
/// The oldest Python that the emulators podex installs run on.
const OLDEST: (u32, u32) = (3, 10);
/// What uv is told to fetch where this machine has no fitting Python.
const FETCHED: (u32, u32) = (3, 13);

/// uv itself, for machines where it is needed and missing.
const UV: Environment = Environment { name: "uv", packages: &["uv>=0.9,<1"], python: None, uv_options: &[] };

/// A Python environment to be made.
#[derive(Clone, Copy, Debug)]
pub struct Environment {
    /// Its name; a digest of what it holds is added to name its folder.
    pub name: &'static str,
    /// Pinned requirements.
    pub packages: &'static [&'static str],
    /// The exact Python it needs; None for 3.10 or newer.
    pub python: Option<(u32, u32)>,
    /// Further options for `uv pip install`. Where there are any, pip alone will not do.
    pub uv_options: &'static [&'static str],
}

/// What installs packages.
#[derive(Clone, Debug)]
pub enum Installer {
    /// `uv`, and the Python to use (None: uv finds or fetches one).
    Uv {
        /// The program.
        uv: PathBuf,
        /// The Python.
        python: Option<PathBuf>,
    },
    /// `python -m venv` and pip.
    Pip {
        /// The Python.
        python: PathBuf,
    },
}

impl Environment {
    /// Makes the environment below `folder` unless it is there already, and gives its path. Safe to call from
    /// several processes at once: one installs, the others wait.
    pub fn install(&self, folder: &Path, events: &Events) -> Result<PathBuf, ManagedError> {
        let wanted = format!("{:?} {:?} {:?}", self.packages, self.uv_options, self.python);
        // Another list of packages gets another folder: someone may be running from the old one.
        let target = folder.join(format!("{}-{}", self.name, Digest::of(wanted.as_bytes()).short()));
        // `python` is a link into the system's Python, which may have gone since.
        let complete = || {
            fs::read_to_string(target.join(MARKER)).is_ok_and(|found| found == wanted)
                && target.join("bin/python").exists()
        };
        if complete() {
            return Ok(target);
        }
        with_lock(folder, self.name, events, |lock| {
            if complete() {
                return Ok(target.clone());
            }
            events.phase(format!("install {}", self.name));
            let installer = self.installer(folder, events)?;
            // Environments cannot be renamed (their scripts hold absolute paths), so the marker says it is whole.
            if target.exists() {
                fs::remove_dir_all(&target).map_err(ManagedError::io(&target))?;
            }
            let made = self.make(&installer, &target, lock, events);
            if made.is_err() {
                // Best effort: what stays is without a marker and is removed by the next attempt.
                let _ = fs::remove_dir_all(&target);
            }
            made?;
            let marker = target.join(MARKER);
            fs::write(&marker, &wanted).map_err(ManagedError::io(marker))?;
            events.note(format!("installed {} in {}", self.name, target.display()));
            Ok(target.clone())
        })
    }

    /// How this machine can install it.
    fn installer(&self, folder: &Path, events: &Events) -> Result<Installer, ManagedError> {
        let python = find_python(|version| self.python.map_or(version >= OLDEST, |exact| version == exact));
        if let Some(uv) = find_uv() {
            return Ok(Installer::Uv { uv, python });
        }
        match (python, self.uv_options.is_empty()) {
            (Some(python), true) => Ok(Installer::Pip { python }),
            // uv can fetch a Python of its own, and any Python can install uv.
            (python, _) if find_python(|version| version >= OLDEST).is_some() => {
                Ok(Installer::Uv { uv: UV.install(folder, events)?.join("bin/uv"), python })
            }
            _ => Err(ManagedError::NoPython { what: self.name.to_owned(), needed: self.needed() }),
        }
    }

    fn needed(&self) -> String {
        match self.python {
            Some((major, minor)) => format!("{major}.{minor}"),
            None => format!("{}.{} or newer", OLDEST.0, OLDEST.1),
        }
    }

    fn make(&self, installer: &Installer, target: &Path, lock: &File, events: &Events) -> Result<(), ManagedError> {
        let python_of_it = target.join("bin/python");
        match installer {
            Installer::Uv { uv, python } => {
                let (major, minor) = self.python.unwrap_or(FETCHED);
                let python = python.clone().unwrap_or_else(|| format!("{major}.{minor}").into());
                run_step(self.name, Command::new(uv).args(["venv", "--python"]).arg(python).arg(target), lock, events)?;
                let mut install = Command::new(uv);
                install.args(["pip", "install", "--python"]).arg(python_of_it);
                run_step(self.name, install.args(self.uv_options).args(self.packages), lock, events)
            }
            Installer::Pip { python } => {
                run_step(self.name, Command::new(python).args(["-m", "venv"]).arg(target), lock, events).map_err(
                    |error| {
                        match error {
                            // Debian leaves ensurepip out of its Python.
                            ManagedError::Install { what, reason } if reason.contains("ensurepip") => {
                                ManagedError::Install {
                                    what,
                                    reason: format!(
                                        "{} cannot make environments: install uv, or your system's python3-venv",
                                        python.display()
                                    ),
                                }
                            }
                            other => other,
                        }
                    },
                )?;
                let mut install = Command::new(python_of_it);
                install.args([
                    "-m",
                    "pip",
                    "install",
                    "--disable-pip-version-check",
                    "--no-input",
                    "--progress-bar",
                    "off",
                ]);
                run_step(self.name, install.args(self.packages), lock, events)
            }
        }
    }
}

/// Runs `work` while holding the lock `<folder>/<name>.lock`, waiting for another process that has it. The lock is
/// given on so that [`run_step`] can make it last as long as what it runs.
pub fn with_lock<T>(
    folder: &Path,
    name: &str,
    events: &Events,
    work: impl FnOnce(&File) -> Result<T, ManagedError>,
) -> Result<T, ManagedError> {
    fs::create_dir_all(folder).map_err(ManagedError::io(folder))?;
    let path = folder.join(format!("{name}.lock"));
    let lock = File::create(&path).map_err(ManagedError::io(&path))?;
    let mut told = false;
    loop {
        match lock.try_lock() {
            // The lock ends with the file handle.
            Ok(()) => return work(&lock),
            Err(TryLockError::WouldBlock) => {
                if !told {
                    events.note(format!("waiting for another process that is installing {name}"));
                    told = true;
                }
                if events.is_cancelled() {
                    return Err(ManagedError::Cancelled);
                }
                std::thread::sleep(POLL);
            }
            Err(TryLockError::Error(source)) => return Err(ManagedError::Io { path, source }),
        }
    }
}

/// Runs one step of an installation; every line it prints becomes a note. Ends it when cancelled.
///
/// The step holds the lock too, as its (empty) input: should this process be killed, nobody else begins while the
/// step still writes.
pub fn run_step(what: &str, command: &mut Command, lock: &File, events: &Events) -> Result<(), ManagedError> {
    let lock = lock.try_clone().map_err(ManagedError::io(what))?;
    command.stdin(lock).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(ManagedError::io(command.get_program()))?;
    let (sender, lines) = mpsc::channel();
    forward(child.stdout.take(), sender.clone());
    forward(child.stderr.take(), sender);
    let mut last: Vec<String> = Vec::new();
    loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => {
                let line = line.trim().to_owned();
                if !line.is_empty() {
                    events.note(line.clone());
                    last.push(line);
                    let surplus = last.len().saturating_sub(LAST_LINES);
                    last.drain(..surplus);
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if events.is_cancelled() {
            // It may have ended by itself in this moment; either way it is reaped.
            let _ = child.kill();
            let _ = child.wait();
            return Err(ManagedError::Cancelled);
        }
    }
    let status = child.wait().map_err(ManagedError::io(command.get_program()))?;
    if status.success() {
        return Ok(());
    }
    Err(ManagedError::Install { what: what.to_owned(), reason: format!("{status}\n  {}", last.join("\n  ")) })
}

fn forward(output: Option<impl Read + Send + 'static>, lines: mpsc::Sender<String>) {
    let Some(output) = output else { return };
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { break };
            if lines.send(line).is_err() {
                break;
            }
        }
    });
}

/// A Python whose (major, minor) version is accepted: on the PATH, else one of pyenv's. Gives the real
/// interpreter, never a shim.
pub fn find_python(accept: impl Fn((u32, u32)) -> bool) -> Option<PathBuf> {
    let on_path = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python3.14", "python"];
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")));
    let mut in_pyenv: Vec<PathBuf> = root
        .and_then(|root| fs::read_dir(root.join("versions")).ok())
        .map(|versions| versions.flatten().map(|version| version.path().join("bin/python3")).collect())
        .unwrap_or_default();
    in_pyenv.sort();
    let candidates = on_path.iter().map(PathBuf::from).chain(in_pyenv.into_iter().rev());
    candidates.filter_map(|program| interpreter(&program)).find(|(version, _)| accept(*version)).map(|(_, path)| path)
}

/// Asks an interpreter for its version and its own path; None where it does not run.
fn interpreter(program: &Path) -> Option<((u32, u32), PathBuf)> {
    let script = "import sys; print(*sys.version_info[:2], sys.executable)";
    let output = Command::new(program).args(["-c", script]).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut words = text.trim().splitn(3, ' ');
    let version = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    output.status.success().then_some((version, PathBuf::from(words.next()?)))
}

/// uv, where it runs (a pyenv shim may be there and not run).
fn find_uv() -> Option<PathBuf> {
    let output = Command::new("uv").arg("--version").stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| PathBuf::from("uv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any_lock() -> File {
        tempfile::tempfile().unwrap()
    }

    #[test]
    fn a_lock_lasts_as_long_as_the_step_that_was_started_under_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mut step = with_lock(&path, "it", &Events::silent(), |lock| {
            // As when this process is killed in the middle of a step: the step goes on.
            Ok(Command::new("sleep").arg("1").stdin(lock.try_clone().unwrap()).spawn().unwrap())
        })
        .unwrap();
        let again = File::open(path.join("it.lock")).unwrap();
        assert!(matches!(again.try_lock(), Err(TryLockError::WouldBlock)));
        with_lock(&path, "it", &Events::silent(), |_| Ok(())).unwrap();
        step.wait().unwrap();
    }

    #[test]
    fn a_failing_step_repeats_its_last_words() {
        let error =
            run_step("it", Command::new("sh").args(["-c", "echo no space; exit 3"]), &any_lock(), &Events::silent());
        assert!(error.unwrap_err().to_string().contains("no space"));
    }

    #[test]
    fn a_cancelled_step_ends() {
        let cancel = tokio_util::sync::CancellationToken::new();
        let events = Events::new(|_| {}, cancel.clone());
        cancel.cancel();
        let result = run_step("it", Command::new("sleep").arg("60"), &any_lock(), &events);
        assert!(matches!(result, Err(ManagedError::Cancelled)));
    }

    #[test]
    fn a_second_holder_of_a_lock_gives_up_when_cancelled() {
        let folder = tempfile::tempdir().unwrap();
        let cancel = tokio_util::sync::CancellationToken::new();
        let events = Events::new(|_| {}, cancel.clone());
        cancel.cancel();
        let inner = with_lock(folder.path(), "it", &Events::silent(), |_| {
            Ok(with_lock(folder.path(), "it", &events, |_| Ok(())))
        });
        assert!(matches!(inner, Ok(Err(ManagedError::Cancelled))));
    }
}

//! A server process in a group of its own, and its end.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::ManagedError;
use crate::event::Events;

/// Between two looks at a process or a probe.
const POLL: Duration = Duration::from_millis(50);
/// How long a process may take to end by itself once asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long one probe may take.
const PROBE: Duration = Duration::from_secs(2);
/// Lines of a log that an error repeats.
const LAST_LINES: usize = 12;

/// Reads folders, a line each, until its parent's end; then ends the group ($1) and removes the folders.
const WATCHDOG: &str = r#"
    group=$1; shift
    while IFS= read -r folder; do set -- "$@" "$folder"; done
    kill -TERM "-$group"
    for second in 1 2 3 4 5; do kill -0 "-$group" 2>/dev/null || break; sleep 1; done
    kill -KILL "-$group"
    rm -rf -- "$@""#;

/// A server that ends when this is dropped, and also when this process is killed. Its folder goes with it.
#[derive(Debug)]
pub struct Running {
    child: Option<Child>,
    watchdog: Option<Child>,
    folder: Option<TempDir>,
}

impl Running {
    /// Starts `command` in a process group of its own, without input, its output in the file `log`. Should this
    /// process be killed, the server ends and `folder` is removed.
    pub fn start(command: &mut Command, folder: &Path, log: &Path) -> Result<Self, ManagedError> {
        let output = File::create(log).map_err(ManagedError::io(log))?;
        let errors = output.try_clone().map_err(ManagedError::io(log))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = in_own_group(command).spawn().map_err(ManagedError::io(command.get_program()))?;
        let mut running = Self { child: Some(child), watchdog: None, folder: None };
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCHDOG, "podex-watchdog", &running.pid().to_string()]);
        // The pipe closes when this process ends, however it ends.
        watchdog.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        running.watchdog = Some(in_own_group(&mut watchdog).spawn().map_err(ManagedError::io("sh"))?);
        running.tell(folder)?;
        Ok(running)
    }

    /// Its process id, which is also its group's.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// The folder that goes with the server, where it has one.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path)
    }

    /// Makes `folder` go with the server, however this process ends.
    pub fn own(&mut self, folder: TempDir) -> Result<(), ManagedError> {
        self.tell(folder.path())?;
        self.folder = Some(folder);
        Ok(())
    }

    /// Lets the server live on after this process, with its folder, and gives that (empty where it owns none).
    pub fn detach(mut self) -> PathBuf {
        self.end_watchdog();
        self.child = None;
        self.folder.take().map(TempDir::keep).unwrap_or_default()
    }

    /// Names a folder to the watchdog.
    fn tell(&mut self, folder: &Path) -> Result<(), ManagedError> {
        let text = folder.as_os_str().as_encoded_bytes();
        // A name with a line break would read as two folders: that one stays if this process is killed.
        if let Some(pipe) = self.watchdog.as_mut().and_then(|watchdog| watchdog.stdin.as_mut())
            && !text.contains(&b'\n')
        {
            pipe.write_all(&[text, b"\n"].concat()).map_err(ManagedError::io("sh"))?;
        }
        Ok(())
    }

    fn end_watchdog(&mut self) {
        if let Some(mut watchdog) = self.watchdog.take() {
            signal_group(watchdog.id(), Signal::Kill);
            // It was killed: there is nothing to learn from its status.
            let _ = watchdog.wait();
        }
    }

    /// Waits until `ready` says so. An error where the process ends first, or takes longer than `patience`.
    pub fn wait_until(
        &mut self,
        what: &str,
        log: &Path,
        patience: Duration,
        events: &Events,
        ready: impl Fn() -> bool,
    ) -> Result<(), ManagedError> {
        let begun = Instant::now();
        let fail = |happened: String| ManagedError::Start {
            what: what.to_owned(),
            reason: format!("{happened}\n{}", tail(log)),
            log: log.to_owned(),
        };
        loop {
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait().map_err(ManagedError::io(what))?
            {
                return Err(fail(format!("it ended at once ({status})")));
            }
            if ready() {
                return Ok(());
            }
            if events.is_cancelled() {
                return Err(ManagedError::Cancelled);
            }
            if begun.elapsed() > patience {
                return Err(fail(format!("it did not answer within {} s", patience.as_secs())));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Kills the whole group at once, as a crash would.
    pub fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            signal_group(child.id(), Signal::Kill);
            // It was killed: there is nothing to learn from its status.
            let _ = child.wait();
        }
        self.child = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end_watchdog();
        let Some(mut child) = self.child.take() else { return };
        signal_group(child.id(), Signal::Terminate);
        let begun = Instant::now();
        while begun.elapsed() < GRACE && matches!(child.try_wait(), Ok(None)) {
            std::thread::sleep(POLL);
        }
        // Its own children (Lambda workers) may outlive it.
        signal_group(child.id(), Signal::Kill);
        let _ = child.wait();
    }
}

/// Ends the process group led by `pid`, which is not a child of this process. It must have been checked with
/// [`identity`].
pub fn stop(pid: u32) {
    signal_group(pid, Signal::Terminate);
    let begun = Instant::now();
    while begun.elapsed() < GRACE && identity(pid).is_some() {
        std::thread::sleep(POLL);
    }
    signal_group(pid, Signal::Kill);
}

/// Something that differs between two processes with the same id: when it started. None where it has ended.
pub fn identity(pid: u32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The program's name, in parentheses, may hold anything; the state and 19 fields follow it.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let ended = matches!(fields.next()?, "Z" | "X");
        return fields.nth(18).filter(|_| !ended).map(str::to_owned);
    }
    let output = Command::new("ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Asks a port of this machine, without a body; the status of the answer, None where there is none.
pub fn http_status(port: u16, method: &str, path: &str) -> Option<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PROBE).ok()?;
    stream.set_read_timeout(Some(PROBE)).ok()?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    // The status line is short: `HTTP/1.1 200 `.
    let mut start = [0; 13];
    stream.read_exact(&mut start).ok()?;
    std::str::from_utf8(start.get(9..12)?).ok()?.parse().ok()
}

/// The last lines of a log, indented; empty where it cannot be read.
pub fn tail(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default();
    last.iter().map(|line| format!("  {line}\n")).collect()
}

#[derive(Clone, Copy)]
enum Signal {
    Terminate,
    Kill,
}

/// A group of its own: the terminal's Ctrl-C does not reach it, and it can be ended with all its children.
fn in_own_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command
}

#[cfg(unix)]
fn signal_group(leader: u32, signal: Signal) {
    let number = match signal {
        Signal::Terminate => libc::SIGTERM,
        Signal::Kill => libc::SIGKILL,
    };
    // 0 and 1 would address this process's own group and every process there is.
    if let Ok(leader) = i32::try_from(leader)
        && leader > 1
    {
        // SAFETY: kill has no memory effects; a group that is gone is an error we do not need.
        unsafe { libc::kill(-leader, number) };
    }
}

#[cfg(not(unix))]
fn signal_group(leader: u32, _signal: Signal) {
    // Without process groups the tree is ended by the system's own tool; a process that is gone is fine.
    let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &leader.to_string()]).output();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sleeper(folder: &Path) -> Running {
        Running::start(Command::new("sh").args(["-c", "sleep 300 & sleep 300"]), folder, &folder.join("log")).unwrap()
    }

    #[test]
    fn dropping_ends_the_process_and_its_children_and_removes_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mut running = sleeper(&path);
        let pid = running.pid();
        running.own(folder).unwrap();
        assert!(identity(pid).is_some());
        drop(running);
        assert_eq!(identity(pid), None);
        assert!(!path.exists());
        // The killed child is a member of the group until init has reaped it.
        // SAFETY: signal 0 only asks whether the group has members.
        let has_members = || unsafe { libc::kill(-(pid as i32), 0) } == 0;
        let begun = Instant::now();
        while begun.elapsed() < GRACE && has_members() {
            std::thread::sleep(POLL);
        }
        assert!(!has_members());
    }

    #[test]
    fn the_watchdog_ends_the_process_when_its_parent_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mut running = sleeper(&path);
        let pid = running.pid();
        running.own(folder).unwrap();
        // What the system does when this process is killed: the pipe closes, nothing is dropped.
        drop(running.watchdog.as_mut().unwrap().stdin.take());
        // The watchdog itself grants the process that long to end.
        let begun = Instant::now();
        while begun.elapsed() < 3 * GRACE && (identity(pid).is_some() || path.exists()) {
            std::thread::sleep(POLL);
        }
        assert_eq!((identity(pid), path.exists()), (None, false));
    }

    #[test]
    fn a_process_that_ends_at_once_is_an_error_that_shows_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut running =
            Running::start(Command::new("sh").args(["-c", "echo no such luck; exit 1"]), folder.path(), &log).unwrap();
        let result = running.wait_until("it", &log, GRACE, &Events::silent(), || false);
        assert!(result.unwrap_err().to_string().contains("no such luck"));
    }

    #[test]
    fn a_process_that_is_gone_has_no_identity() {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert_eq!(identity(child.id()), None);
        assert!(identity(std::process::id()).is_some());
    }
}

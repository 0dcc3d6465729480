//! A pseudo-terminal with the explorer in it.

use std::io::{Read, Write};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::Podex;

/// How long something may take to appear: emulators are slow, and so are shared machines.
const PATIENCE: Duration = Duration::from_secs(60);

/// The explorer, running.
pub struct Screen {
    parser: Arc<Mutex<vt100::Parser>>,
    written: Arc<Mutex<Vec<u8>>>,
    /// Bytes for a thread to write: a program that reads no more must not hold the test up.
    keys: Sender<Vec<u8>>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Screen {
    /// Starts `podex` with `args` for a user.
    pub fn open(user: &Podex, args: &[&str], size: (u16, u16)) -> Self {
        let like = user.command(args);
        let mut command = CommandBuilder::new(like.get_program());
        command.args(args);
        Self::start(user, command, size)
    }

    /// Runs a shell script for a user; `$PODEX` in it is the program.
    pub fn shell(user: &Podex, script: &str, size: (u16, u16)) -> Self {
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        Self::start(user, command, size)
    }

    fn start(user: &Podex, mut command: CommandBuilder, (columns, rows): (u16, u16)) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        command.env_clear();
        let like = user.command([""; 0]);
        for (name, value) in like.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command.env("TERM", "xterm-256color");
        command.env("NO_COLOR", "");
        command.env("PODEX", like.get_program());
        command.cwd(user.home());
        let child = pair.slave.spawn_command(command).expect("podex starts");
        // Only the program may hold this side, or its end would not be seen.
        drop(pair.slave);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let written = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (for_thread, kept) = (parser.clone(), written.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..length]);
                for_thread.lock().unwrap_or_else(PoisonError::into_inner).process(&buffer[..length]);
            }
        });
        let mut writer = pair.master.take_writer().expect("a writer");
        let (keys, to_write) = channel::<Vec<u8>>();
        std::thread::spawn(move || {
            for bytes in to_write {
                // A program that has ended takes no more keys.
                let _ = writer.write_all(&bytes).and_then(|()| writer.flush());
            }
        });
        Self { parser, written, keys, master: pair.master, child }
    }

    /// Presses keys: text is typed as it is; names in angle brackets are keys.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        let keys = keys
            .replace("<Enter>", "\r")
            .replace("<Esc>", "\x1b")
            .replace("<Tab>", "\t")
            .replace("<Up>", "\x1b[A")
            .replace("<Down>", "\x1b[B")
            .replace("<Right>", "\x1b[C")
            .replace("<C-p>", "\x10")
            .replace("<C-c>", "\x03");
        self.tap(&keys);
        // A lone escape is told from the beginning of a longer key by what follows it in time.
        std::thread::sleep(Duration::from_millis(60));
        self
    }

    /// Sends bytes as they are, without waiting.
    pub fn tap(&mut self, bytes: &str) {
        self.keys.send(bytes.as_bytes().to_vec()).expect("the thread that writes is there");
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.with(|screen| screen.contents())
    }

    /// Looks at the screen.
    pub fn with<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.parser.lock().unwrap_or_else(PoisonError::into_inner).screen())
    }

    /// Waits until the screen shows `wanted`.
    #[track_caller]
    pub fn expect(&mut self, wanted: &str) -> &mut Self {
        self.wait(&format!("{wanted:?} to appear"), |text| text.contains(wanted))
    }

    /// Waits until the screen no longer shows `unwanted`.
    #[track_caller]
    pub fn expect_gone(&mut self, unwanted: &str) -> &mut Self {
        self.wait(&format!("{unwanted:?} to go"), |text| !text.contains(unwanted))
    }

    /// Waits until the text on the screen is as `wanted` says.
    #[track_caller]
    pub fn wait(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> &mut Self {
        let start = Instant::now();
        loop {
            let text = self.text();
            if wanted(&text) {
                return self;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain for {what} on this screen:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Makes the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.parser.lock().unwrap_or_else(PoisonError::into_inner).screen_mut().set_size(rows, columns);
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("a new size");
        self
    }

    /// The process's id.
    pub fn pid(&self) -> i32 {
        self.child.process_id().map_or(-1, |pid| pid as i32)
    }

    /// How many bytes the program has written.
    pub fn written(&self) -> usize {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until the program has sent `wanted` to the terminal, escape sequences and all.
    #[track_caller]
    pub fn expect_sent(&mut self, wanted: &str) -> &mut Self {
        let sent = self.written.clone();
        self.wait(&format!("{wanted:?} to be sent"), |_| {
            let sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.windows(wanted.len()).any(|part| part == wanted.as_bytes())
        })
    }

    /// Presses and releases the left mouse button on the first character of `text`.
    #[track_caller]
    pub fn click(&mut self, text: &str) -> &mut Self {
        let (column, row) = self.place(text);
        self.press(&format!("\x1b[<0;{};{}M\x1b[<0;{};{}m", column + 1, row + 1, column + 1, row + 1))
    }

    /// Turns the mouse wheel by one notch over `text`.
    #[track_caller]
    pub fn scroll(&mut self, text: &str, down: bool) -> &mut Self {
        let (column, row) = self.place(text);
        self.press(&format!("\x1b[<{};{};{}M", if down { 65 } else { 64 }, column + 1, row + 1))
    }

    /// The column and row of the first character of `text` on the screen.
    #[track_caller]
    fn place(&self, text: &str) -> (usize, usize) {
        let rows = self.with(|screen| screen.rows(0, screen.size().1).collect::<Vec<_>>());
        let found = rows
            .iter()
            .enumerate()
            .find_map(|(row, line)| line.find(text).map(|bytes| (line[..bytes].chars().count(), row)));
        found.unwrap_or_else(|| panic!("{text:?} is not on this screen:\n{}", self.text()))
    }

    /// Panics, with what the program said last, where it has ended.
    #[track_caller]
    pub fn expect_alive(&mut self) {
        let status = self.child.try_wait().expect("the child can be asked");
        assert!(status.is_none(), "podex ended with {status:?}; its screen:\n{}", self.text());
    }

    /// Waits for the program's end; gives its exit code.
    #[track_caller]
    pub fn end(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                // What it wrote last may still be on its way.
                std::thread::sleep(Duration::from_millis(100));
                return status.exit_code();
            }
            assert!(start.elapsed() < PATIENCE, "podex does not end; its screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Panics unless the terminal is as it was before the explorer took it.
    #[track_caller]
    pub fn expect_restored(&self) {
        self.with(|screen| {
            assert!(!screen.alternate_screen(), "still on the alternate screen");
            assert!(!screen.hide_cursor(), "the cursor is still hidden");
            assert!(!screen.bracketed_paste(), "bracketed paste is still on");
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is still taken");
        });
        let modes = self.master.get_termios().expect("terminal modes").local_flags.bits();
        assert_ne!(modes & libc::ICANON, 0, "still in raw mode");
        assert_ne!(modes & libc::ECHO, 0, "keys are still not echoed");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

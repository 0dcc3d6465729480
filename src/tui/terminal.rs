//! The terminal: taken over, and always given back.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::ThreadId;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

use super::state::State;
use super::view::view;

/// Whether the terminal is ours and must be given back.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// The thread that draws, while there is one.
static DRAWS: Mutex<Option<ThreadId>> = Mutex::new(None);

type Out = BufWriter<Stdout>;

/// The terminal while it is ours. Dropping it gives it back.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Out>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal over. A panic gives it back before it is reported.
    pub(super) fn take(mouse: bool) -> io::Result<Self> {
        hook_panics();
        *DRAWS.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current().id());
        enter(mouse)?;
        // Held in any case from here on, so that a failure below gives the terminal back.
        let guard = Restore;
        let terminal = Terminal::new(CrosstermBackend::new(BufWriter::new(io::stdout())))?;
        std::mem::forget(guard);
        Ok(Self { terminal, mouse })
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws the state: only what changed is written, as one frame.
    pub(super) fn draw(&mut self, state: &State) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| view(state, frame))?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        io::Write::flush(self.terminal.backend_mut())
    }

    /// Puts text on the clipboard, through the terminal: works over SSH too.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Listens to the mouse, or leaves it to the terminal, where it selects text.
    pub(super) fn listen_to_mouse(&mut self, wanted: bool) -> io::Result<()> {
        self.mouse = wanted;
        if wanted {
            execute!(self.terminal.backend_mut(), EnableMouseCapture)
        } else {
            execute!(self.terminal.backend_mut(), DisableMouseCapture)
        }
    }

    /// Gives the terminal back for a while.
    pub(super) fn lend(&mut self) {
        restore();
    }

    /// Takes it over again; the next frame is drawn whole.
    pub(super) fn take_again(&mut self) -> io::Result<()> {
        enter(self.mouse)?;
        let (columns, rows) = self.size()?;
        self.terminal.resize(Rect::new(0, 0, columns, rows))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
        *DRAWS.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        restore();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
    if mouse { execute!(io::stdout(), EnableMouseCapture) } else { Ok(()) }
}

/// Gives the terminal back, if it is taken. Failures are of no use to anyone here.
fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// From now on a panic of the drawing thread gives the terminal back before it is printed. A panic elsewhere
/// while the explorer runs is a task's: the task reports it, and printing it would spoil the screen.
fn hook_panics() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let drawing = *DRAWS.lock().unwrap_or_else(PoisonError::into_inner);
            match drawing {
                Some(thread) if thread != std::thread::current().id() => {}
                _ => {
                    restore();
                    before(panic);
                    if let Some(file) = super::crash::report(panic) {
                        // Nobody is left to be told when standard error is gone.
                        let _ = writeln!(io::stderr(), "podex: a report is in {}", file.display());
                    }
                }
            }
        }));
    });
}

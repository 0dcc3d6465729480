//! What leaves the explorer: the terminal lent to an editor, a pager or the shell, and bodies saved to files.

use std::path::{Path, PathBuf};

use super::readers::unreadable;
use super::{App, read_terminal};
use crate::pod::BlobRef;
use crate::store::Store;
use crate::tui::TuiError;
use crate::tui::message::{Message, Program};

impl App {
    /// Gives the terminal to someone else until `body` is over.
    async fn lend<T>(&mut self, body: impl Future<Output = T>) -> Result<T, TuiError> {
        // Two readers of one terminal would steal each other's keys.
        self.reader.abort();
        let _ = (&mut self.reader).await;
        self.screen.lend();
        let result = body.await;
        self.screen.take_again()?;
        let (columns, rows) = self.screen.size()?;
        self.state.size = (columns, rows);
        self.reader = read_terminal(self.input_sender.clone());
        self.draw()?;
        Ok(result)
    }

    pub(super) async fn suspend(&mut self) -> Result<(), TuiError> {
        self.lend(async {
            // SAFETY: kill has no memory effects. The whole group stops, as with Ctrl-Z anywhere else: a
            // wrapper that started podex stops too. The call returns when the shell continues us.
            unsafe {
                libc::kill(0, libc::SIGTSTP);
            }
        })
        .await
    }

    pub(super) fn save(&self, blob: BlobRef, file: PathBuf) {
        let (store, answers) = (self.context.store.clone(), self.answer_sender.clone());
        tokio::task::spawn_blocking(move || {
            let shown = file.display().to_string();
            let result = match save_blob(&store, &blob, &file) {
                Ok(()) => Ok(format!("saved {shown}")),
                Err(error) => Err(format!("{shown} was not saved: {error}")),
            };
            let _ = answers.send(Message::Saved(result));
        });
    }

    /// Shows text in another program. Gives what is in the file when that ended well.
    pub(super) async fn show(&mut self, program: Program, name: &Path, text: &str) -> Result<Option<String>, TuiError> {
        let folder = match write_for_editor(name, text) {
            Ok(folder) => folder,
            Err(error) => {
                self.state.hint(format!("a file cannot be written for the program: {error}"));
                return Ok(None);
            }
        };
        let file: PathBuf = folder.path().join(name);
        let (what, variables, usual): (&str, &[&str], &str) = match program {
            Program::Editor => ("editor", &["VISUAL", "EDITOR"], "vi"),
            Program::Pager => ("pager", &["PAGER"], "less"),
        };
        let named = variables.iter().filter_map(|name| std::env::var(name).ok()).find(|named| !named.trim().is_empty());
        let program = named.unwrap_or_else(|| usual.to_owned());
        // Through the shell, because people put arguments into these variables.
        let mut command = tokio::process::Command::new("sh");
        command.arg("-c").arg(format!("{program} \"$1\"")).arg("sh").arg(&file);
        match self.lend(async move { command.status().await }).await? {
            Ok(status) if status.success() => match std::fs::read_to_string(&file) {
                Ok(text) => return Ok(Some(text)),
                Err(error) => self.state.hint(format!("what the {what} left cannot be read: {error}")),
            },
            Ok(status) => self.state.hint(format!("the {what} {program:?} ended with {status}")),
            Err(error) => self.state.hint(format!("the {what} {program:?} could not be started: {error}")),
        }
        Ok(None)
    }
}

fn save_blob(store: &Store, blob: &BlobRef, file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut content = store.open_blob(blob).map_err(|error| unreadable(&error))?;
    let mut file = std::fs::File::create_new(file)?;
    std::io::copy(&mut content, &mut file)?;
    Ok(())
}

fn write_for_editor(name: &Path, text: &str) -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join(name), text)?;
    Ok(folder)
}

//! What outlives a run of the explorer, in one small file: what was chosen, what was unfolded, and how each pod's
//! tree was left. Nothing depends on it: one that cannot be read is as good as none.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::model::tree::Folds;
use super::state::State;
use crate::pod::{Arrangement, Reference};

/// Most bytes that are read or written.
const BYTES: usize = 256 << 10;
/// Most pods that are remembered; those left longest ago go first.
const PLACES: usize = 100;
/// Most unfolded rows of the pods pane.
const ROWS: usize = 200;

/// How pods' trees were left: by the pod's name as references write it, the one left last at the end.
pub type Places = Vec<(String, Folds)>;

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// The version chosen in the pods pane, as references write it.
    pub chosen: Option<String>,
    /// The unfolded rows of the pods pane.
    pub open: Vec<String>,
    /// How trees are laid out.
    pub arrangement: Arrangement,
    /// How they were left.
    pub places: Places,
}

/// The file.
pub fn file(data: &Path) -> PathBuf {
    data.join("explorer.json")
}

/// Reads what the last run left; nothing where that makes no sense.
pub fn read(file: &Path) -> Session {
    let mut bytes = Vec::new();
    let Ok(opened) = std::fs::File::open(file) else { return Session::default() };
    let limit = BYTES as u64 + 1;
    match opened.take(limit).read_to_end(&mut bytes) {
        Ok(length) if length <= BYTES => serde_json::from_slice(&bytes).unwrap_or_default(),
        _ => Session::default(),
    }
}

/// Writes it for the next run, whole or not at all.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write(file: &Path, mut session: Session) -> std::io::Result<()> {
    let bytes = loop {
        let bytes = serde_json::to_vec(&session)?;
        if bytes.len() <= BYTES || session.places.is_empty() {
            break bytes;
        }
        // The older half is missed least.
        session.places.drain(..session.places.len().div_ceil(2));
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(&bytes)?;
    temporary.persist(file)?;
    Ok(())
}

/// Remembers how a pod's tree was left.
pub fn remember(places: &mut Places, place: String, folds: Folds) {
    places.retain(|(known, _)| *known != place);
    places.push((place, folds));
    if places.len() > PLACES {
        places.remove(0);
    }
}

impl Session {
    /// What is worth keeping of the explorer as it is.
    pub fn of(state: &State) -> Self {
        let mut places = state.places.clone();
        if let (Some(place), Some(tree)) = (&state.place, state.tree()) {
            remember(&mut places, place.clone(), tree.folds());
        }
        Self {
            // The live instance is where every run begins.
            chosen: state
                .pods
                .chosen()
                .reference()
                .filter(|chosen| *chosen != Reference::Live)
                .map(|chosen| chosen.to_string()),
            open: state.pods.unfolded().take(ROWS).collect(),
            arrangement: state.arrangement.clone(),
            places,
        }
    }

    /// Goes on where the last run ended.
    pub fn restore(self, state: &mut State) {
        state.pods.unfold(self.open.iter().take(ROWS).map(String::as_str));
        state.restore = self.chosen.and_then(|chosen| chosen.parse().ok());
        state.arrangement = self.arrangement;
        state.places = self.places;
        state.places.truncate(PLACES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::model::tree::Spot;

    #[test]
    fn what_was_written_is_read_again_and_what_makes_no_sense_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        assert_eq!(read(&file), Session::default());
        let folds = Folds { open: vec![Spot::Group(vec!["us-east-1".to_owned()])], ..Folds::default() };
        let session = Session {
            chosen: Some("orders:3".to_owned()),
            places: vec![("orders".to_owned(), folds)],
            ..Session::default()
        };
        write(&file, session.clone()).unwrap();
        assert_eq!(read(&file), session);
        for nonsense in ["", "{", "[1]", "{\"places\": 3}", "{\"chosen\": [1]}"] {
            std::fs::write(&file, nonsense).unwrap();
            assert_eq!(read(&file), Session::default(), "{nonsense}");
        }
        std::fs::write(&file, vec![b' '; BYTES + 1]).unwrap();
        assert_eq!(read(&file), Session::default());
    }

    #[test]
    fn the_file_stays_small_whatever_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        let open = vec![Spot::Group(vec!["x".repeat(200)]); 400];
        let places =
            (0..90).map(|at| (format!("pod-{at}"), Folds { open: open.clone(), ..Folds::default() })).collect();
        write(&file, Session { places, ..Session::default() }).unwrap();
        assert!(std::fs::metadata(&file).unwrap().len() <= BYTES as u64);
        assert_eq!(read(&file).places.last().map(|(name, _)| name.clone()), Some("pod-89".to_owned()));
    }
}

//! Notices that files have changed, by their times.

use std::path::PathBuf;
use std::time::SystemTime;

/// Files with the times they were last seen with.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: Vec<(PathBuf, Option<SystemTime>)>,
}

impl Watch {
    /// Whether any of `files` changed since the last look. Other files than last time are no change.
    pub(super) fn changed(&mut self, files: &[PathBuf]) -> bool {
        let time = |file: &PathBuf| std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
        let now: Vec<_> = files.iter().map(|file| (file.clone(), time(file))).collect();
        let same_files = now.iter().map(|(file, _)| file).eq(self.seen.iter().map(|(file, _)| file));
        let changed = same_files && now != self.seen;
        self.seen = now;
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_noticed_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "one").unwrap();
        let mut watch = Watch::default();
        assert!(!watch.changed(std::slice::from_ref(&file)), "the first look");
        assert!(!watch.changed(std::slice::from_ref(&file)));
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
        assert!(watch.changed(std::slice::from_ref(&file)));
        assert!(!watch.changed(&[file]));
        assert!(!watch.changed(&[]));
    }
}

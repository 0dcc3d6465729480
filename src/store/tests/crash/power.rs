//! What a loss of power leaves: of a file's content only what was synced, of a folder's names only those that were
//! there when it was synced. What was done since may be there all the same, or any part of it.
//!
//! Files are known by their inode. Each is held open, so that its number is not given to another.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::pod::Digest;

/// What becomes of changes that were not synced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Loss {
    /// All are lost.
    Everything,
    /// Names are there, contents are not: the file system's journal was ahead.
    Contents,
    /// Files that were removed are gone, and nothing that was added is there.
    Additions,
    /// Some are lost, by this number.
    Some(u8),
}

impl Loss {
    pub(super) const ALL: [Self; 6] =
        [Self::Everything, Self::Contents, Self::Additions, Self::Some(1), Self::Some(2), Self::Some(3)];
}

/// A name's file or folder.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Node {
    inode: u64,
    is_folder: bool,
}

type Names = BTreeMap<OsString, Node>;

/// What was synced.
pub(super) struct Durable {
    root: PathBuf,
    contents: HashMap<u64, (Vec<u8>, File)>,
    names: HashMap<u64, (Names, File)>,
}

impl Durable {
    /// All that is in `root` has been synced.
    pub(super) fn everything(root: &Path) -> Self {
        let mut durable = Self { root: root.to_owned(), contents: HashMap::new(), names: HashMap::new() };
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for (name, node) in names(&folder) {
                let path = folder.join(name);
                if node.is_folder {
                    folders.push(path);
                } else {
                    durable.sync_file(&File::open(path).unwrap());
                }
            }
            durable.sync_folder(&folder);
        }
        durable
    }

    pub(super) fn sync_file(&mut self, file: &File) {
        let metadata = file.metadata().unwrap();
        let mut content = vec![0; metadata.len() as usize];
        file.read_exact_at(&mut content, 0).unwrap();
        self.contents.insert(metadata.ino(), (content, file.try_clone().unwrap()));
    }

    pub(super) fn sync_folder(&mut self, folder: &Path) {
        let open = File::open(folder).unwrap();
        self.names.insert(open.metadata().unwrap().ino(), (names(folder), open));
    }

    /// Writes to `to`, an empty folder, what is there after the power was lost.
    pub(super) fn lose(&self, loss: Loss, to: &Path) {
        let mut now = Now::default();
        now.gather(&self.root);
        let root = std::fs::metadata(&self.root).unwrap().ino();
        self.write(loss, &now, root, to);
    }

    fn write(&self, loss: Loss, now: &Now, folder: u64, to: &Path) {
        let none = Names::new();
        let synced = self.names.get(&folder).map_or(&none, |(names, _)| names);
        let current = now.names.get(&folder).unwrap_or(synced);
        let mut left = Names::new();
        for (name, node) in synced {
            // Moved elsewhere or removed since.
            let is_away = !current.contains_key(name) && loss.keeps_name(now, node.inode);
            if !is_away {
                left.insert(name.clone(), *node);
            }
        }
        for (name, node) in current {
            if loss.keeps_name(now, node.inode) {
                left.insert(name.clone(), *node);
            }
        }
        for (name, node) in left {
            let path = to.join(name);
            if node.is_folder {
                std::fs::create_dir(&path).unwrap();
                self.write(loss, now, node.inode, &path);
                continue;
            }
            let synced = self.contents.get(&node.inode).map(|(content, _)| content.clone()).unwrap_or_default();
            let current = now.paths.get(&node.inode).filter(|_| loss.keeps_content(node.inode));
            std::fs::write(path, current.map_or(synced, |path| std::fs::read(path).unwrap())).unwrap();
        }
    }
}

impl Loss {
    /// Whether what was done to the names of this file is there.
    fn keeps_name(self, now: &Now, inode: u64) -> bool {
        match self {
            Self::Everything => false,
            Self::Contents => true,
            Self::Additions => !now.paths.contains_key(&inode) && !now.names.contains_key(&inode),
            Self::Some(seed) => toss(seed, inode, b"name"),
        }
    }

    /// Whether what was written to this file is there.
    fn keeps_content(self, inode: u64) -> bool {
        match self {
            Self::Everything | Self::Contents | Self::Additions => false,
            Self::Some(seed) => toss(seed, inode, b"content"),
        }
    }
}

fn toss(seed: u8, inode: u64, what: &[u8]) -> bool {
    Digest::of(&[&[seed], what, &inode.to_le_bytes()].concat()).as_bytes()[0].is_multiple_of(2)
}

/// What is there while the power is on.
#[derive(Default)]
struct Now {
    names: HashMap<u64, Names>,
    paths: HashMap<u64, PathBuf>,
}

impl Now {
    fn gather(&mut self, folder: &Path) {
        let names = names(folder);
        for (name, node) in &names {
            let path = folder.join(name);
            if node.is_folder {
                self.gather(&path);
            } else {
                self.paths.insert(node.inode, path);
            }
        }
        self.names.insert(std::fs::metadata(folder).unwrap().ino(), names);
    }
}

fn names(folder: &Path) -> Names {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let node = |entry: &std::fs::DirEntry| {
        let metadata = entry.metadata().unwrap();
        Node { inode: metadata.ino(), is_folder: metadata.is_dir() }
    };
    entries.map(|entry| (entry.file_name(), node(&entry))).collect()
}

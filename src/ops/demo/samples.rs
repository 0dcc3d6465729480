//! The sample pods that podex carries, for machines without Python: the team's remote, as a zip.

use std::fs::{self, File};
use std::io::{Cursor, copy};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::super::OpError;
use super::Demo;

/// Written by `podex demo --write-samples assets/demo/pods.zip`.
const PODS: &[u8] = include_bytes!("../../../assets/demo/pods.zip");

/// Unpacks the remote into `folder`.
pub(super) fn unpack(folder: &Path) -> Result<(), OpError> {
    ZipArchive::new(Cursor::new(PODS)).and_then(|mut pods| pods.extract(folder)).map_err(|error| fault(folder, &error))
}

/// Writes the demo's remote as the sample pods that podex is to carry.
pub fn write_samples(demo: &Demo, file: &Path) -> Result<(), OpError> {
    let team = demo.team();
    let mut names = Vec::new();
    files_below(&team, &mut names).map_err(|error| fault(&team, &error))?;
    names.sort();
    let output = File::create(file).map_err(|error| fault(file, &error))?;
    let mut archive = ZipWriter::new(output);
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    for path in names {
        let name = path.strip_prefix(&team).unwrap_or(&path).to_string_lossy();
        archive.start_file(name, options).map_err(|error| fault(file, &error))?;
        let mut content = File::open(&path).map_err(|error| fault(&path, &error))?;
        copy(&mut content, &mut archive).map_err(|error| fault(file, &error))?;
    }
    archive.finish().map_err(|error| fault(file, &error))?;
    Ok(())
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files_below(&path, found)? } else { found.push(path) }
    }
    Ok(())
}

fn fault(path: &Path, error: &dyn std::fmt::Display) -> OpError {
    OpError::Request(format!("{}: {error}", path.display()))
}

//! Tar and zip behind one face: files written in order, files read in order.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::names::check;
use super::{ArchiveError, Container};

/// Most members that are read: no pod has more.
const MEMBERS: u64 = 20_000_000;

/// Most members of a zip: their list takes some hundred bytes of memory for each.
const ZIP_MEMBERS: u64 = 2_000_000;

/// Where the end of a zip's list is described: in its last bytes, before a comment of up to 64 KiB.
const ZIP_END: u64 = (64 << 10) + 256;

/// What any archive may unpack to.
const FREE: u64 = 1 << 30;

/// How many times its own size an archive may unpack to beyond that. Text compresses to a tenth, rarely to less.
const RATIO: u64 = 200;

/// Files of this size need the larger of zip's two formats.
const LARGE_FILE: u64 = u32::MAX as u64;

/// Writes members.
pub(super) enum Output<W: Write + Seek> {
    Tar(Box<tar::Builder<BufWriter<W>>>, u64),
    Zip(Box<zip::ZipWriter<BufWriter<W>>>),
}

impl<W: Write + Seek> Output<W> {
    /// Begins an archive; `time` (seconds) is what every member is dated.
    pub(super) fn new(container: Container, file: W, time: u64) -> Self {
        let file = BufWriter::new(file);
        match container {
            Container::Tar => Self::Tar(Box::new(tar::Builder::new(file)), time),
            Container::Zip => Self::Zip(Box::new(zip::ZipWriter::new(file))),
        }
    }

    /// Adds a file. Bytes that are content already are not worth compressing: they often are, and reading stays fast.
    pub(super) fn file(
        &mut self,
        name: &str,
        size: u64,
        compress: bool,
        content: &mut dyn Read,
    ) -> std::io::Result<()> {
        match self {
            Self::Tar(builder, time) => {
                let mut header = tar::Header::new_gnu();
                header.set_size(size);
                header.set_mode(0o644);
                header.set_mtime(*time);
                builder.append_data(&mut header, name, content)
            }
            Self::Zip(writer) => {
                let method = if compress { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
                let options =
                    zip::write::SimpleFileOptions::DEFAULT.compression_method(method).large_file(size >= LARGE_FILE);
                writer.start_file(name, options)?;
                std::io::copy(content, writer)?;
                Ok(())
            }
        }
    }

    /// Ends the archive.
    pub(super) fn finish(self) -> std::io::Result<W> {
        let file = match self {
            Self::Tar(builder, _) => builder.into_inner()?,
            Self::Zip(writer) => writer.finish()?,
        };
        file.into_inner().map_err(std::io::IntoInnerError::into_error)
    }
}

/// Opens a zip whose list of members is no longer than what fits into memory, where it is read whole.
fn open_zip(path: &Path, mut file: File) -> Result<zip::ZipArchive<BufReader<File>>, ArchiveError> {
    let io = |source| ArchiveError::Io { file: path.to_owned(), source };
    if claimed_members(&mut file).map_err(io)? > ZIP_MEMBERS {
        return Err(ArchiveError::TooLarge { what: format!("more than {ZIP_MEMBERS} files in a zip") });
    }
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    zip::ZipArchive::new(BufReader::new(file)).map_err(|error| io(error.into()))
}

/// How many members the end of a zip speaks of; the most of all it says, as it may say several things.
fn claimed_members(file: &mut File) -> std::io::Result<u64> {
    let size = file.seek(SeekFrom::End(0))?;
    let begin = size.saturating_sub(ZIP_END);
    file.seek(SeekFrom::Start(begin))?;
    let mut end = Vec::new();
    file.take(ZIP_END).read_to_end(&mut end)?;
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let mut most = 0;
    for (at, four) in end.windows(4).enumerate() {
        let field = |from: usize, length: usize| end.get(at + from..at + from + length).map_or(0, number);
        match four {
            b"PK\x05\x06" => most = most.max(field(10, 2)),
            b"PK\x06\x06" => most = most.max(field(32, 8)),
            // Says where the larger form's end is; far away from here it has no business.
            b"PK\x06\x07" if field(8, 8) < begin => most = u64::MAX,
            _ => {}
        }
    }
    Ok(most)
}

/// Whether a file is a zip with a member whose name `wanted` picks. What is no zip at all has none.
pub(super) fn has_member(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<bool, ArchiveError> {
    let io = |source| ArchiveError::Io { file: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let mut beginning = [0; 2];
    let length = fill(&mut file, &mut beginning).map_err(io)?;
    Ok(length == beginning.len() && &beginning == b"PK" && open_zip(path, file)?.file_names().any(wanted))
}

/// What is done with each file of an archive: its name and its content.
pub(super) type Visit<'v> = dyn FnMut(&str, &mut dyn Read) -> Result<(), ArchiveError> + 'v;

/// Reads an archive from its beginning to its end. Every name is checked before its content is touched.
pub(super) fn read(path: &Path, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    let io = |source| ArchiveError::Io { file: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    let mut beginning = [0; 512];
    let length = fill(&mut file, &mut beginning).map_err(io)?;
    let beginning = beginning.get(..length).unwrap_or_default();
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let mut limit = Limit { size, left: FREE.saturating_add(size.saturating_mul(RATIO)), members: 0 };
    if beginning.starts_with(b"PK") {
        zip_members(path, file, &mut limit, visit)
    } else if beginning.get(257..262) == Some(b"ustar") {
        tar_members(path, file, &mut limit, visit)
    } else {
        let hint = match beginning {
            [0x1f, 0x8b, ..] => "; it is compressed with gzip: unpack it with gunzip first",
            [0x28, 0xb5, 0x2f, 0xfd, ..] => "; it is compressed with zstd: unpack it first",
            _ => "",
        };
        Err(ArchiveError::NoArchive { file: path.to_owned(), hint })
    }
}

fn zip_members(path: &Path, file: File, limit: &mut Limit, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    let io = |error: zip::result::ZipError| ArchiveError::Io { file: path.to_owned(), source: error.into() };
    let mut archive = open_zip(path, file)?;
    // What says itself that it is too much need not be unpacked to be refused.
    if archive.decompressed_size().is_some_and(|size| size > u128::from(limit.left)) {
        return Err(limit.bomb());
    }
    for at in 0..archive.len() {
        let member = archive.by_index(at).map_err(io)?;
        let name = member.name().to_owned();
        limit.member(&name)?;
        if member.is_symlink() {
            return Err(ArchiveError::NoFile { name, what: "symbolic link" });
        }
        if member.is_file() {
            limit.visit(path, &name, member, visit)?;
        }
    }
    Ok(())
}

fn tar_members(path: &Path, file: File, limit: &mut Limit, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    let io = |source| ArchiveError::Io { file: path.to_owned(), source };
    let mut archive = tar::Archive::new(BufReader::new(file));
    for member in archive.entries().map_err(io)? {
        let member = member.map_err(io)?;
        let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
        limit.member(&name)?;
        let what = match member.header().entry_type() {
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                limit.visit(path, &name, member, visit)?;
                continue;
            }
            tar::EntryType::Directory | tar::EntryType::XGlobalHeader => continue,
            tar::EntryType::Symlink => "symbolic link",
            tar::EntryType::Link => "hard link",
            _ => "special file",
        };
        return Err(ArchiveError::NoFile { name, what });
    }
    Ok(())
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

/// What is left to unpack before an archive is taken for a bomb.
struct Limit {
    size: u64,
    left: u64,
    members: u64,
}

impl Limit {
    fn member(&mut self, name: &str) -> Result<(), ArchiveError> {
        check(name)?;
        self.members += 1;
        if self.members > MEMBERS {
            return Err(ArchiveError::TooLarge { what: format!("more than {MEMBERS} files") });
        }
        Ok(())
    }

    fn bomb(&self) -> ArchiveError {
        ArchiveError::Bomb { size: self.size, limit: FREE.saturating_add(self.size.saturating_mul(RATIO)) }
    }

    fn visit(
        &mut self,
        path: &Path,
        name: &str,
        content: impl Read,
        visit: &mut Visit<'_>,
    ) -> Result<(), ArchiveError> {
        let mut counted = Counted { content, left: self.left, over: false };
        let result = visit(name, &mut counted);
        if !counted.over && result.is_ok() {
            // What was not read of it counts too.
            std::io::copy(&mut counted, &mut std::io::sink())
                .map_err(|source| ArchiveError::Io { file: path.to_owned(), source })
                .or_else(|error| if counted.over { Ok(0) } else { Err(error) })?;
        }
        if counted.over {
            return Err(self.bomb());
        }
        self.left = counted.left;
        result
    }
}

/// Ends in an error once more was read than is allowed.
struct Counted<R> {
    content: R,
    left: u64,
    over: bool,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.content.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.over = true;
                return Err(std::io::Error::other("too much content"));
            }
        }
        Ok(read)
    }
}

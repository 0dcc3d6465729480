//! Archives that are damaged, or were made to do harm; and the way there and back.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::event::Events;
use crate::pod::{Author, Commit, Digest, Document, Observed, ResourceKey};
use crate::store::{FsckLevel, Store};

struct Fixture {
    folder: TempDir,
    store: Store,
    commit: Commit,
    digest: Digest,
}

/// A commit with names that are hard on file systems, bytes, and something observed without a document.
fn fixture() -> Fixture {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    let writer = store.writer().unwrap();
    let long = "k".repeat(1024);
    for name in ["a/../b", "..", ".", "CON", "ä ☃ \n", long.as_str()] {
        let key = ResourceKey::new("000000000000", "us-east-1", "s3", "object", ["bucket", name]);
        let mut document = Document::from_value(json!({"Metadata": {"name": name}}));
        let mut blob = writer.blob().unwrap();
        blob.write_all(name.as_bytes()).unwrap();
        document.blobs.insert("body".to_owned(), blob.finish().unwrap());
        let observed: Observed = serde_json::from_value(json!({"ETag": "1"})).unwrap();
        writer.document(key, &document, &observed).unwrap();
    }
    let brought = ResourceKey::new("000000000000", "us-east-1", "ec2", "vpc", ["default"]);
    writer.observed(&brought, &serde_json::from_value(json!({"VpcId": "vpc-1"})).unwrap()).unwrap();
    let roots = writer.trees().unwrap();
    let commit = Commit {
        resources: roots.resources,
        message: "first".to_owned(),
        author: Author { name: "Alice".to_owned(), email: String::new() },
        time: "2026-01-02T03:04:05Z".parse().unwrap(),
        ..Commit::bare(roots.state, roots.observed)
    };
    let digest = writer.finish(&commit).unwrap();
    Fixture { folder, store, commit, digest }
}

fn adopt() -> Adopt {
    Adopt { parents: Vec::new(), author: Author { name: "Bob".to_owned(), email: String::new() }, message: None }
}

/// Imports into a store of its own.
fn fresh(file: &Path) -> Result<Imported, ArchiveError> {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let imported = import(&store, file, adopt(), &Events::silent());
    if let Ok(imported) = &imported {
        store.publish(&"p".parse().unwrap(), None, imported.digest).unwrap();
    }
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), [""; 0]);
    imported
}

fn zip_of(folder: &Path, members: &[(&str, &[u8])]) -> PathBuf {
    let file = folder.join("made.zip");
    let mut writer = zip::ZipWriter::new(std::fs::File::create(&file).unwrap());
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
    file
}

#[test]
fn a_version_comes_back_as_the_very_commit_it_was() {
    let fixture = fixture();
    for container in [Container::Tar, Container::Zip] {
        let [one, other] = ["one", "other"].map(|name| fixture.folder.path().join(name));
        for file in [&one, &other] {
            let pod = "shop".parse().unwrap();
            let events = Events::silent();
            export(&fixture.store, Some(&pod), &fixture.commit, container, file, &events).unwrap();
        }
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap(), "the same version, the same file");
        let imported = fresh(&one).unwrap();
        assert_eq!(imported.digest, fixture.digest);
        assert_eq!(imported.pod, Some("shop".parse().unwrap()));
    }
}

#[test]
fn a_changed_or_damaged_file_is_refused_by_name() {
    let fixture = fixture();
    let folder = fixture.folder.path();
    let file = folder.join("whole.zip");
    export(&fixture.store, None, &fixture.commit, Container::Zip, &file, &Events::silent()).unwrap();
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&file).unwrap()).unwrap();
    let mut members = Vec::new();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut member, &mut bytes).unwrap();
        members.push((member.name().to_owned(), bytes));
    }
    type Edit<'a> = &'a dyn Fn(&str, &[u8]) -> Option<Vec<u8>>;
    let changed = |change: Edit<'_>| {
        let kept: Vec<(&str, Vec<u8>)> =
            members.iter().filter_map(|(name, bytes)| Some((name.as_str(), change(name, bytes)?))).collect();
        let kept: Vec<(&str, &[u8])> = kept.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        fresh(&zip_of(folder, &kept)).unwrap_err()
    };
    let is_blob = |name: &str| name.starts_with("blobs/");
    let lost = changed(&|name, bytes| (!is_blob(name)).then(|| bytes.to_vec()));
    assert!(matches!(lost, ArchiveError::Blob { .. }), "{lost}");
    let other = changed(&|name, bytes| Some(if is_blob(name) { b"other".to_vec() } else { bytes.to_vec() }));
    assert!(matches!(other, ArchiveError::Blob { .. }), "{other}");
    let edited = |text: String| text.replace("\"1\"", "\"2\"").into_bytes();
    let state = changed(&|_, bytes| Some(edited(String::from_utf8(bytes.to_vec()).unwrap())));
    assert!(matches!(state, ArchiveError::OtherState), "{state}");
    let newer = changed(&|name, bytes| {
        Some(if name == "podex.json" { br#"{"format": 99, "commit": {}}"#.to_vec() } else { bytes.to_vec() })
    });
    assert!(matches!(newer, ArchiveError::Format { found: 99 }), "{newer}");
    let broken = changed(&|name, bytes| Some(if name.ends_with(".json") { b"{".to_vec() } else { bytes.to_vec() }));
    assert!(matches!(broken, ArchiveError::Malformed { .. }), "{broken}");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(fresh(&file).unwrap_err(), ArchiveError::Io { .. }));
}

#[test]
fn names_and_links_that_lead_elsewhere_are_refused() {
    let folder = TempDir::new().unwrap();
    for name in ["../../evil", "/etc/evil", "documents/../../x.json", "a\\..\\b"] {
        let refused = fresh(&zip_of(folder.path(), &[(name, b"{}")])).unwrap_err();
        assert!(matches!(refused, ArchiveError::UnsafeName { .. }), "{name}: {refused}");
    }
    for (kind, expected) in [(tar::EntryType::Symlink, "symbolic link"), (tar::EntryType::Link, "hard link")] {
        let file = folder.path().join("made.tar");
        let mut builder = tar::Builder::new(std::fs::File::create(&file).unwrap());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        builder.append_link(&mut header, "documents/x", "/etc/passwd").unwrap();
        builder.finish().unwrap();
        let refused = fresh(&file).unwrap_err();
        assert!(matches!(&refused, ArchiveError::NoFile { what, .. } if *what == expected), "{refused}");
    }
    let file = folder.path().join("link.zip");
    let mut writer = zip::ZipWriter::new(std::fs::File::create(&file).unwrap());
    writer.add_symlink("documents/x", "/etc/passwd", zip::write::SimpleFileOptions::default()).unwrap();
    writer.finish().unwrap();
    assert!(matches!(fresh(&file).unwrap_err(), ArchiveError::NoFile { .. }));
}

#[test]
fn what_unpacks_to_far_more_than_its_size_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bomb.zip");
    let mut writer = zip::ZipWriter::new(std::fs::File::create(&file).unwrap());
    writer.start_file("anything", zip::write::SimpleFileOptions::default()).unwrap();
    let zeros = vec![0; 1 << 20];
    // 1.5 GiB of zeros in 1.5 MiB.
    (0..1536).for_each(|_| writer.write_all(&zeros).unwrap());
    writer.finish().unwrap();
    let refused = fresh(&file).unwrap_err();
    assert!(matches!(refused, ArchiveError::Bomb { .. }), "{refused}");
}

#[test]
fn what_is_no_pod_is_refused_with_what_it_is() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x");
    std::fs::write(&file, b"\x1f\x8bxxxx").unwrap();
    assert!(fresh(&file).unwrap_err().to_string().contains("gunzip"));
    std::fs::write(&file, b"").unwrap();
    assert!(matches!(fresh(&file).unwrap_err(), ArchiveError::NoArchive { .. }));
    let stranger = zip_of(folder.path(), &[("readme.txt", b"hello"), ("metadata.yaml", b"a: 1")]);
    assert!(matches!(fresh(&stranger).unwrap_err(), ArchiveError::NoPod { .. }));
}

#[test]
fn localstacks_own_state_comes_back_file_by_file() {
    let folder = TempDir::new().unwrap();
    let members: [(&str, &[u8]); 5] = [
        ("metadata.yaml", b"localstack_version: 4.14.0\nservices: [s3, sqs]\n"),
        ("api_states/000000000000/s3/us-east-1/store.state", b"\x80\x04pickle"),
        ("api_states/000000000000/sqs/eu-west-1/backend.state", b"\x80\x04other"),
        ("api_states/iam/us-east-1/store.state", b"old layout"),
        ("assets/lambda/code/f.zip", b"PK"),
    ];
    let store = Store::open(&folder.path().join("store")).unwrap();
    let imported = import(&store, &zip_of(folder.path(), &members), adopt(), &Events::silent()).unwrap();
    assert_eq!((imported.origin, imported.commit.resources), (Origin::LocalStack, 5));
    assert_eq!(imported.commit.services, ["iam", "lambda", "localstack", "s3", "sqs"]);
    let back = folder.path().join("back.zip");
    assert_eq!(write_native(&store, &imported.commit, &|_| true, &back).unwrap(), 5);
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&back).unwrap()).unwrap();
    assert_eq!(archive.by_index(0).unwrap().name(), "metadata.yaml");
    for (name, bytes) in members {
        let mut member = archive.by_name(name).unwrap();
        assert_eq!(member.compression(), zip::CompressionMethod::Stored);
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut member, &mut content).unwrap();
        assert_eq!(content, bytes, "{name}");
    }
}

#[test]
fn localstack_zips_that_mean_harm_are_refused_with_what_is_wrong() {
    const STATE: &str = "api_states/000000000000/s3/us-east-1/store.state";
    let folder = TempDir::new().unwrap();
    for name in ["../../evil", "/etc/evil", "api_states/../../evil"] {
        let refused = fresh(&zip_of(folder.path(), &[(STATE, b"x"), (name, b"x")])).unwrap_err();
        assert!(matches!(refused, ArchiveError::UnsafeName { .. }), "{name}: {refused}");
    }
    let twice = fresh(&zip_of(folder.path(), &[(STATE, b"x"), (&format!("./{STATE}"), b"y")])).unwrap_err();
    assert!(matches!(twice, ArchiveError::Malformed { .. }), "{twice}");
    // A list of members longer than memory, which the end of the file speaks of.
    let file = zip_of(folder.path(), &[(STATE, b"x")]);
    let mut bytes = std::fs::read(&file).unwrap();
    let end = bytes.windows(4).rposition(|four| four == b"PK\x05\x06").unwrap();
    let mut larger = b"PK\x06\x06".to_vec();
    larger.resize(24, 0);
    larger.extend([0xff; 16]);
    larger.resize(56, 0);
    bytes.splice(end..end, larger);
    std::fs::write(&file, bytes).unwrap();
    assert!(matches!(fresh(&file).unwrap_err(), ArchiveError::TooLarge { .. }));
}

#[test]
fn a_pods_own_files_of_localstack_never_become_names_of_another_place() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    let file = folder.path().join("out.zip");
    for (service, name) in [("s3", "../../evil"), ("s3", "api_states/000000000000/iam/us-east-1/store.state")] {
        let writer = store.writer().unwrap();
        let mut blob = writer.blob().unwrap();
        blob.write_all(b"x").unwrap();
        let blobs = [(NATIVE_BLOB.to_owned(), blob.finish().unwrap())].into();
        let key = ResourceKey::new("000000000000", "us-east-1", service, NATIVE_KIND, [name]);
        writer.document(key, &Document { blobs, ..Document::default() }, &Observed::new()).unwrap();
        let roots = writer.trees().unwrap();
        let (state, observed, resources) = (roots.state, roots.observed, roots.resources);
        let commit = Commit { state, observed, resources, ..fixture().commit };
        writer.finish(&commit).unwrap();
        assert!(write_native(&store, &commit, &|_| true, &file).is_err(), "{name}");
        assert!(!file.exists());
    }
}

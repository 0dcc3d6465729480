//! What somebody who may write to a shared folder cannot do to those who read it.

use std::time::Duration;

use podex::event::Events;
use podex::remote::{RemoteError, pull, push};
use podex::store::{FsckLevel, GcOptions};

use super::fixture::{Person, Place};
use super::pod;

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn links_in_a_shared_folder_are_not_followed() {
    use std::os::unix::fs::symlink;

    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    for harm in ["pack", "versions", "pods"] {
        let Some(place) = Place::directory() else { return };
        if bob.versions(&name).is_empty() {
            bob.commit(&name, "one");
        }
        push(&bob.store, &*place.remote(), &name, &Events::silent()).await.unwrap();
        let share = place.folder().join("share");
        let target = match harm {
            "pack" => {
                let commit = bob.versions(&name)[0];
                place.file_of(&place.remote().packs(&name, &commit).await.unwrap()[0].0)
            }
            "versions" => share.join("pods/p/versions"),
            _ => share.join("pods"),
        };
        let elsewhere = place.folder().join("elsewhere");
        std::fs::rename(&target, &elsewhere).unwrap();
        symlink(&elsewhere, &target).unwrap();
        let error = pull(&alice.store, &*place.remote(), &name, None, &name, &Events::silent()).await.unwrap_err();
        assert!(matches!(&error, RemoteError::Hostile { reason, .. } if reason.contains("not a plain")), "{error:?}");
        assert_eq!(alice.versions(&name), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_names_in_a_shared_folder_are_nobodys() {
    let Some(place) = Place::directory() else { return };
    let (bob, name) = (Person::new("Bob"), pod("p"));
    bob.commit(&name, "one");
    push(&bob.store, &*place.remote(), &name, &Events::silent()).await.unwrap();
    let share = place.folder().join("share");
    for strange in
        ["pods/UPPER", "pods/x.9", "pods/a b", "pods/p/versions/01", "pods/p/versions/x", "pods/p/versions/2~"]
    {
        std::fs::create_dir(share.join(strange)).unwrap();
    }
    assert_eq!(place.remote().pods().await.unwrap(), std::slice::from_ref(&name));
    assert_eq!(place.remote().history(&name).await.unwrap().versions.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn version_files_that_lie_are_refused() {
    let Some(place) = Place::directory() else { return };
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    bob.commit(&name, "one");
    push(&bob.store, &*place.remote(), &name, &Events::silent()).await.unwrap();
    let versions = place.folder().join("share/pods/p/versions");
    let truth = std::fs::read(versions.join("1")).unwrap();
    let (absent, endless) = (format!("sha256:{}", "0".repeat(64)), "x".repeat(1_000_000));
    for lie in ["", "../../../../etc/passwd", "sha256:../x", &absent, &endless] {
        std::fs::write(versions.join("1"), lie).unwrap();
        let error = pull(&alice.store, &*place.remote(), &name, None, &name, &Events::silent()).await.unwrap_err();
        assert!(matches!(error, RemoteError::Hostile { .. }), "{error:?}");
    }
    // Files beside the versions that are no commits' are nobody's; one that names a commit must keep its word.
    std::fs::write(versions.join("1"), &truth).unwrap();
    let commits = versions.with_file_name("commits");
    std::fs::write(commits.join("x"), "").unwrap();
    assert_eq!(place.remote().history(&name).await.unwrap().versions.len(), 1);
    std::fs::write(commits.join("0".repeat(64)), "").unwrap();
    let error = pull(&alice.store, &*place.remote(), &name, None, &name, &Events::silent()).await.unwrap_err();
    assert!(matches!(error, RemoteError::Hostile { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_named_when_listed() {
    let Some(place) = Place::directory() else { return };
    let error = place.remote().pods().await.unwrap_err();
    assert!(error.to_string().contains("there is no folder"), "{error}");
    assert_eq!(place.remote().history(&pod("p")).await.unwrap().versions, []);
}

/// Bytes skipped between two that are damaged, so that each file is harmed at some thirty places.
fn step(length: usize) -> usize {
    length / 30 + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_byte_of_a_shared_folder_is_damaged_it_is_refused_or_means_the_same() {
    let Some(place) = Place::directory() else { return };
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let commits = [bob.commit(&name, "one"), bob.commit(&name, "two")];
    push(&bob.store, &*place.remote(), &name, &Events::silent()).await.unwrap();
    let (mut folders, mut files) = (vec![place.folder().join("share")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() { &mut folders } else { &mut files }.push(entry.path());
        }
    }
    // Two commits, each with a pack at least, a publication and a number.
    assert!(files.len() >= 8, "{files:?}");
    let mut refused = 0;
    for file in files {
        let original = std::fs::read(&file).unwrap();
        let flips = (0..original.len()).step_by(step(original.len())).map(|at| {
            let mut bytes = original.clone();
            bytes[at] ^= 1 << (at % 8);
            bytes
        });
        let cuts = (0..original.len()).step_by(step(original.len())).map(|length| original[..length].to_vec());
        for bytes in flips.chain(cuts) {
            std::fs::write(&file, &bytes).unwrap();
            let pulled = pull(&alice.store, &*place.remote(), &name, None, &name, &Events::silent()).await;
            assert_eq!(alice.store.fsck(FsckLevel::Structure).unwrap(), Vec::<String>::new(), "{}", file.display());
            match pulled {
                Ok(_) => assert_eq!(alice.versions(&name), commits, "{}", file.display()),
                Err(RemoteError::Hostile { .. }) => refused += 1,
                Err(error) => panic!("{}: {error}", file.display()),
            }
            // As if nothing had been pulled.
            if !alice.versions(&name).is_empty() {
                alice.store.delete(&name).unwrap();
            }
            alice.store.gc(&GcOptions { dry_run: false, grace: Duration::ZERO }).unwrap();
        }
        std::fs::write(&file, original).unwrap();
    }
    assert!(refused > 100, "{refused} refused");
}

//! Names that look like paths are names, in the store and in what is exported.

use serde_json::json;

use crate::support::{self, Podex};

#[test]
fn hostile_names_never_become_paths() {
    let Some(ministack) = support::ministack() else { return };
    let script = |verb: &str| ministack.script("services.py").args([&ministack.endpoint(), verb, "hostile"]).run();
    let failed: serde_json::Value = serde_json::from_str(&script("seed")).expect("JSON");
    assert_eq!(failed["hostile"], json!({}));
    let before = script("observe");
    let podex = Podex::new("Bob").at(&ministack);
    podex.run(["commit", "p1"]).expect(0);

    // What is exported stays in its folder: every name in the archive is a plain path below it.
    podex.run(["export", "p1", "p1.tar"]).expect(0);
    let file = std::fs::File::open(podex.home().join("p1.tar")).expect("the archive");
    let mut archive = tar::Archive::new(file);
    for entry in archive.entries().expect("entries") {
        let path = entry.expect("an entry").path().expect("a path").into_owned();
        let plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        assert!(plain, "{} leads elsewhere", path.display());
    }
    let alice = Podex::new("Alice").at(&ministack);
    let archive = podex.home().join("p1.tar");
    alice.run(["import", &archive.display().to_string(), "p1"]).expect(0);
    alice.run(["diff", "p1", "@live", "--exit-code"]).expect(0);

    ministack.reset();
    alice.run(["inject", "p1", "--strategy", "overwrite", "--yes"]).expect(0);
    assert_eq!(before, script("observe"));
    podex.run(["diff", "p1", "@live", "--exit-code"]).expect(0);
    podex.run(["fsck"]).expect(0);
}

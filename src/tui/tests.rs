//! Whole screens of hand-made states, and what keys do to them.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::json;

use super::action::{Reach, Scope, TABLE};
use super::keymap::Keymap;
use super::message::{Effect, Message, Program};
use super::model::detail::Content;
use super::overlay::{Overlay, PlanStage};
use super::state::{Settings, Shown, State};
use super::theme::{Depth, Role, Theme};
use super::update::update;
use super::view::view;
use crate::instance::{Emulator, Plan, Step, StepAction, Strategy};
use crate::ops::{Before, DiffOutcome, Look, PodSummary, PreparedInject, RemotePod, StatusOutcome, VersionSummary};
use crate::pod::{
    Arrangement, Author, COMMIT_FORMAT, CaptureReport, Change, Commit, Digest, Document, InstanceInfo, Leaf, Metamodel,
    Packed, Reference, ResourceKey, TypeOutcome, TypeReport,
};
use crate::remote::{RemoteCommit, RemoteConfig, RemoteVersion};
use crate::tasks::{Cause, Failure, Job, Loaded, Outcome, Task, TaskId, TaskState};

mod conflicts;
mod fuzz;
mod looks;
mod strange;

use conflicts::resolution;

const NOW: &str = "2026-11-24T15:00:00Z";

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

/// An explorer in a made-up world, and the tasks it asked for.
struct Explorer {
    state: State,
    effects: Vec<Effect>,
    next: u64,
}

impl Explorer {
    fn new(columns: u16, rows: u16) -> Self {
        let is_secret = Arc::new(|_: &ResourceKey, path: &[String], _: &serde_json::Value| {
            path.iter().any(|name| name == "SecretString")
        });
        let theme = Theme::load(None, std::path::Path::new("/nowhere")).unwrap();
        let keymap = Keymap::builtin().unwrap();
        let settings = Settings {
            theme,
            depth: Depth::True,
            keymap,
            read_only: false,
            mouse: true,
            watch: Duration::from_secs(15),
        };
        let mut state = State::new("http://localhost:4566".to_owned(), settings, is_secret);
        state.now = at(NOW);
        let mut explorer = Self { state, effects: Vec::new(), next: 1 };
        explorer.tell(Message::Resize(columns, rows));
        explorer
    }

    /// One that has loaded everything and shows the newest version of `orders`.
    fn loaded(columns: u16, rows: u16) -> Self {
        let mut explorer = Self::new(columns, rows);
        explorer.finish(Job::ListPods, Ok(Outcome::Pods(pods())));
        let info = InstanceInfo {
            endpoint: "http://localhost:4566".to_owned(),
            emulator: "ministack".to_owned(),
            version: "1.5.33".to_owned(),
        };
        explorer.finish(Job::Detect, Ok(Outcome::Instance(Emulator::Ministack, info)));
        let team = RemoteConfig::new("team".parse().unwrap(), "oci://127.0.0.1:5000/pods");
        explorer.finish(Job::ListRemotes, Ok(Outcome::Remotes(vec![team])));
        let theirs = RemoteVersion { number: 1, digest: commit(7).digest(), commit: commit(7) };
        let remote_pods = vec![RemotePod {
            name: "digits".parse().unwrap(),
            versions: vec![theirs],
            beside: Vec::new(),
            here: Default::default(),
        }];
        explorer.finish(Job::RemotePods("team".parse().unwrap()), Ok(Outcome::RemotePods(remote_pods)));
        explorer.press("j j");
        explorer.read();
        explorer
    }

    fn tell(&mut self, message: Message) {
        let effects = update(&mut self.state, message);
        self.effects.extend(effects);
    }

    /// Presses keys, named as in the key map and separated by spaces.
    fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let modifiers = match key {
                _ if key.starts_with("ctrl-") => KeyModifiers::CONTROL,
                _ if key.starts_with("alt-") => KeyModifiers::ALT,
                _ => KeyModifiers::NONE,
            };
            let code = match key.trim_start_matches("alt-") {
                "enter" => KeyCode::Enter,
                "esc" => KeyCode::Esc,
                "tab" => KeyCode::Tab,
                "backtab" => KeyCode::BackTab,
                "space" => KeyCode::Char(' '),
                "up" => KeyCode::Up,
                "down" => KeyCode::Down,
                "left" => KeyCode::Left,
                "right" => KeyCode::Right,
                "home" => KeyCode::Home,
                "end" => KeyCode::End,
                "pageup" => KeyCode::PageUp,
                "pagedown" => KeyCode::PageDown,
                "delete" => KeyCode::Delete,
                "f1" => KeyCode::F(1),
                _ => KeyCode::Char(key.chars().next_back().unwrap()),
            };
            self.tell(Message::Key(KeyEvent::new(code, modifiers)));
        }
    }

    fn write(&mut self, text: &str) {
        for character in text.chars() {
            self.tell(Message::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
    }

    /// Ends a job as the queue would.
    fn finish(&mut self, job: Job, result: Result<Outcome, Failure>) {
        let id = TaskId(self.next);
        self.next += 1;
        let mut task = Task::new(id, job.title(), job.command());
        task.state = match &result {
            Ok(_) => TaskState::Done("done".to_owned()),
            Err(Failure::Cancelled) => TaskState::Cancelled,
            Err(Failure::Failed { reason, .. }) => TaskState::Failed(reason.clone()),
        };
        self.tell(Message::Submitted(id, Box::new(job)));
        self.tell(Message::Task(Box::new(task)));
        self.tell(Message::Finished(id, result));
    }

    /// Answers what was asked to be read: every version holds the same, every document too.
    fn read(&mut self) {
        while let Some(effect) = (!self.effects.is_empty()).then(|| self.effects.remove(0)) {
            match effect {
                Effect::ReadTree(digest, commit, arrangement) => {
                    let metamodel = Arc::new(metamodel(&arrangement));
                    let loaded = Loaded { digest, commit: *commit, metamodel };
                    self.tell(Message::Tree(digest, Ok(Box::new(loaded))));
                }
                Effect::ReadDocument(digest, _, key) => {
                    self.tell(Message::Document(digest, key, Ok(Box::new(content()))));
                }
                Effect::Filter(digest, metamodel, query) => {
                    let kept = super::model::tree::keep(&metamodel, &query);
                    self.tell(Message::Filtered(digest, kept));
                }
                _ => {}
            }
        }
    }

    /// The jobs asked for since the last look.
    fn jobs(&mut self) -> Vec<Job> {
        let jobs = |effect| match effect {
            Effect::Submit(job) => vec![*job],
            Effect::Chain(jobs) => jobs,
            _ => Vec::new(),
        };
        std::mem::take(&mut self.effects).into_iter().flat_map(jobs).collect()
    }

    /// The commands of the jobs asked for since the last look.
    fn commands(&mut self) -> Vec<String> {
        self.jobs().iter().filter_map(Job::command).collect()
    }

    fn screen(&self) -> String {
        let (columns, rows) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view(&self.state, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |row: u16| {
            let mut line = String::new();
            let mut column = 0;
            while column < columns {
                let symbol = buffer[(column, row)].symbol();
                line.push_str(symbol);
                // A wide character covers the cell behind it.
                column += super::text::width(symbol).max(1) as u16;
            }
            line.trim_end().to_owned() + "\n"
        };
        (0..rows).map(line).collect()
    }
}

fn commit(number: u64) -> Commit {
    let report = |outcome, count, notes: &[&str]| TypeReport {
        outcome,
        count,
        notes: notes.iter().map(|note| (*note).to_owned()).collect(),
    };
    let types = [
        ("s3/bucket", report(TypeOutcome::Complete, 2, &[])),
        ("s3/object", report(TypeOutcome::Complete, 3, &[])),
        ("sqs/queue", report(TypeOutcome::Complete, 1, &[])),
        ("secretsmanager/secret", report(TypeOutcome::Partial, 1, &["one secret is scheduled for deletion"])),
        ("lambda/layer-version", report(TypeOutcome::NotImplemented, 0, &[])),
    ];
    let messages = ["first light", "the orders workflow, with its queue", "read the secret from its own region"];
    Commit {
        format: COMMIT_FORMAT,
        parents: Vec::new(),
        state: Digest::of(format!("state {number}").as_bytes()),
        observed: Digest::of(b"observed"),
        resources: 7,
        message: messages.get(number as usize - 1).copied().unwrap_or("digits, trained").to_owned(),
        author: Author { name: if number == 2 { "Bob" } else { "Alice" }.to_owned(), email: String::new() },
        time: at("2026-11-24T09:00:00Z") + jiff::SignedDuration::from_hours(number as i64),
        instance: InstanceInfo {
            endpoint: "http://localhost:4566".to_owned(),
            emulator: "ministack".to_owned(),
            version: "1.5.33".to_owned(),
        },
        services: Vec::new(),
        report: CaptureReport { types: types.map(|(name, line)| (name.to_owned(), line)).into() },
        conflicts: Vec::new(),
        withheld: None,
    }
}

fn pods() -> Vec<(PodSummary, Vec<VersionSummary>)> {
    let version = |number| VersionSummary {
        number,
        digest: commit(number).digest(),
        commit: commit(number),
        pushed_to: if number == 1 { vec!["team".to_owned()] } else { Vec::new() },
        tags: Vec::new(),
    };
    let orders: Vec<VersionSummary> = (1..=3).map(version).collect();
    let summary = |name: &str, versions: &[VersionSummary]| PodSummary {
        name: name.parse().unwrap(),
        versions: versions.len() as u64,
        head: versions.last().map(|version| (version.digest, version.commit.clone())),
        joined: Vec::new(),
        fault: None,
    };
    let broken = PodSummary {
        name: "torn".parse().unwrap(),
        versions: 1,
        head: None,
        joined: Vec::new(),
        fault: Some("pack 3f2a is damaged: its footer is cut off".to_owned()),
    };
    vec![(summary("orders", &orders), orders), (broken, Vec::new())]
}

fn key(region: &str, service: &str, kind: &str, name: &[&str]) -> ResourceKey {
    ResourceKey::new("000000000000", region, service, kind, name.iter().copied())
}

fn metamodel(arrangement: &Arrangement) -> Metamodel {
    let keys = [
        key("eu-west-1", "s3", "bucket", &["images"]),
        key("eu-west-1", "s3", "object", &["images", "digits/0.png"]),
        key("eu-west-1", "s3", "object", &["images", "digits/\u{1b}[31m日本.png"]),
        key("us-east-1", "s3", "bucket", &["orders"]),
        key("us-east-1", "s3", "object", &["orders", "2026/11/24.json"]),
        key("us-east-1", "sqs", "queue", &["orders"]),
        key("us-west-2", "secretsmanager", "secret", &["orders/db"]),
    ];
    let parent = |_: &str, kind: &str| (kind == "object").then(|| "bucket".to_owned());
    let leaves = keys.into_iter().map(|key| Ok::<_, std::convert::Infallible>(Leaf::from(key)));
    Metamodel::try_arranged(leaves, &parent, arrangement).unwrap()
}

fn content() -> Content {
    let mut document = Document::from_value(json!({
        "Name": "orders/db",
        "Description": "Where the orders function finds its database, in a sentence that is too long for one line of a narrow pane.",
        "SecretString": "hunter2",
        "Tags": {"team": "orders", "evil": "\u{1b}]0;owned\u{7}"},
        "Policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]},
        "RotationDays": 30,
    }));
    let blob = crate::pod::BlobRef { digest: Digest::of(b"body"), size: 1_234_567 };
    document.blobs.insert("body".to_owned(), blob);
    let serde_json::Value::Object(observed) = json!({"ARN": "arn:aws:x", "CreatedDate": "2026-11-24"}) else {
        unreachable!()
    };
    Content { document, observed, previews: Default::default(), changed: None }
}

/// A queue before and after a change.
fn queue_sides() -> [serde_json::Value; 2] {
    let before = json!({"VisibilityTimeout": 30, "Policy": {"Statement": ["a", "b"]}});
    let after = json!({"VisibilityTimeout": 60, "Policy": {"Statement": ["a", "c"]}, "DelaySeconds": 5});
    [before, after]
}

fn changes() -> Vec<Change> {
    let [queue, queue_after] = queue_sides();
    let code = json!({"Environment": {"SECRET_REGION": "us-east-1"}, "Description": "line one\nline two\nline three"});
    let code_after = json!({"Environment": {"SECRET_REGION": "us-west-2"}, "Description": "line one\nline 2\nline three\nline four"});
    let change = |key, before: Option<serde_json::Value>, after: Option<serde_json::Value>| {
        let (before, after) = (before.map(Document::from_value), after.map(Document::from_value));
        Change::between(key, before.as_ref(), after.as_ref()).unwrap()
    };
    let secret = |value: &str| Some(json!({"Name": "orders/db", "SecretString": value}));
    vec![
        change(key("us-east-1", "lambda", "function", &["orders"]), Some(code), Some(code_after)),
        change(key("us-east-1", "sqs", "queue", &["orders"]), Some(queue), Some(queue_after)),
        change(key("us-east-1", "s3", "bucket", &["archive"]), None, Some(json!({"Name": "archive"}))),
        change(key("us-west-2", "secretsmanager", "secret", &["orders/db"]), secret("old"), secret("new")),
        change(key("us-east-1", "sns", "topic", &["gone"]), Some(json!({"Name": "gone"})), None),
    ]
}

fn step(action: StepAction, key: ResourceKey) -> Step {
    let sides = queue_sides().map(|attributes| Packed::from(json!({ "attributes": attributes })));
    let [current, wanted] = if action == StepAction::Update { sides.map(Some) } else { [None, None] };
    Step { action, key, wanted, current }
}

fn prepared() -> PreparedInject {
    let steps = vec![
        step(StepAction::Create, key("us-east-1", "s3", "bucket", &["archive"])),
        step(StepAction::Update, key("us-east-1", "sqs", "queue", &["orders"])),
        step(StepAction::Replace, key("us-east-1", "dynamodb", "table", &["orders"])),
        step(StepAction::Delete, key("us-east-1", "sns", "topic", &["gone"])),
    ];
    let notes = vec!["lambda/layer-version is not implemented by this emulator: left out".to_owned()];
    PreparedInject {
        target: commit(3).digest(),
        pod: Some("orders".parse().unwrap()),
        safety: Digest::of(b"safety"),
        plan: Plan { steps, notes },
        missing: Vec::new(),
        native: None,
    }
}

/// The sizes every screen is looked at in.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn at_every_size(name: &str, prepare: impl Fn(&mut Explorer)) {
    for (columns, rows) in SIZES {
        let mut explorer = Explorer::loaded(columns, rows);
        prepare(&mut explorer);
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), explorer.screen());
    }
}

/// Explorers in which the actions of a scope can be called.
fn in_scope(scope: Scope) -> Explorer {
    let mut explorer = Explorer::loaded(120, 40);
    match scope {
        Scope::Anywhere | Scope::Browse => {}
        Scope::Diff => {
            let (sides, command) = (("orders:2", "orders:3"), "podex diff orders:2 orders:3".to_owned());
            super::update::show_changes(&mut explorer.state, sides, command, changes());
        }
        Scope::Conflicts => {
            let found = resolution(&[]);
            explorer.finish(Job::Conflicts("orders".parse().unwrap()), Ok(Outcome::Conflicts(Box::new(found))));
            explorer.jobs();
        }
        Scope::Plan => {
            explorer.press("i");
            let job = explorer.jobs().pop().unwrap();
            explorer.finish(job, Ok(Outcome::Prepared(Box::new(prepared()))));
        }
        Scope::Tasks => explorer.press("t"),
    }
    explorer
}

#[test]
fn every_action_is_reached_by_each_of_its_keys_and_by_the_palette() {
    let keymap = Keymap::builtin().unwrap();
    for info in TABLE {
        for keys in keymap.written(info.action) {
            let mut explorer = in_scope(info.scope);
            explorer.press(&keys.join(" "));
            // Ctrl-C leads out without asking the key map.
            let reached = explorer.state.trail.back() == Some(&info.action) || explorer.state.leaving;
            assert!(reached, "{keys:?} does not {:?}", info.id);
        }
        let mut explorer = in_scope(info.scope);
        explorer.press(":");
        explorer.write(&format!("{} {}", info.id, info.description));
        explorer.press("enter");
        assert_eq!(explorer.state.trail.back(), Some(&info.action), "the palette does not {:?}", info.id);
    }
}

#[test]
fn read_only_refuses_what_changes_something_and_says_so() {
    for info in TABLE.iter().filter(|info| info.reach != Reach::Looks) {
        let mut explorer = in_scope(info.scope);
        explorer.state.read_only = true;
        let on_top = explorer.state.overlays.len();
        explorer.press(&Keymap::builtin().unwrap().written(info.action).next().unwrap().join(" "));
        assert!(explorer.jobs().is_empty() && explorer.state.overlays.len() == on_top, "{}", info.id);
        assert!(explorer.screen().contains("--read-only"), "{}", info.id);
    }
}

#[test]
fn the_beginning_of_a_chord_shows_how_it_can_go_on() {
    let mut explorer = Explorer::loaded(80, 24);
    explorer.press("g");
    insta::assert_snapshot!(explorer.screen());
    explorer.press("g");
    assert!(explorer.state.chord.is_empty() && explorer.state.pods.cursor.at == 0);
    explorer.press("g esc");
    assert!(explorer.state.chord.is_empty());
}

#[test]
fn hints_name_the_users_own_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keymap.toml");
    std::fs::write(&file, "commit = ['ctrl-k']\n").unwrap();
    let mut explorer = Explorer::loaded(120, 40);
    explorer.state.keymap = Arc::new(Keymap::load(&file).unwrap());
    explorer.press("1");
    assert!(explorer.screen().contains("^K commit"), "{}", explorer.screen());
    explorer.press("ctrl-k");
    assert!(explorer.screen().contains("Commit the live instance"));
}

#[test]
fn help_opens_over_whatever_waits_for_an_answer() {
    for screen in ["I ?", "t ?", "L ?", "c f1", ": f1", "i ?"] {
        let mut explorer = Explorer::loaded(120, 40);
        explorer.press(screen);
        assert!(matches!(explorer.state.overlays.last(), Some(Overlay::Help(_))), "{screen}");
        explorer.press("esc");
        assert_eq!(explorer.state.overlays.len(), 1, "{screen}");
    }
}

#[test]
fn the_theme_picker_shows_a_theme_at_once_and_escape_takes_it_back() {
    let nowhere = std::path::Path::new("/nowhere");
    let mut explorer = Explorer::loaded(120, 40);
    let before = explorer.state.theme.clone();
    explorer.press("T");
    assert!(explorer.effects.drain(..).any(|effect| matches!(effect, Effect::ListThemes)));
    explorer.tell(Message::Themes(Theme::all(nowhere).0, vec!["theme mine.toml, line 3: no".to_owned()]));
    explorer.press("j");
    insta::assert_snapshot!(explorer.screen());
    assert_eq!(explorer.state.theme.name, "dark");
    explorer.press("esc");
    assert_eq!(explorer.state.theme, before);
    explorer.press("T");
    explorer.tell(Message::Themes(Theme::all(nowhere).0, Vec::new()));
    explorer.press("j j enter");
    assert_eq!(explorer.state.theme.name, "light");
    assert!(explorer.effects.iter().any(|effect| matches!(effect, Effect::KeepTheme(name) if name == "light")));
}

#[test]
fn a_theme_that_became_malformed_leaves_the_one_before() {
    let mut explorer = Explorer::loaded(120, 40);
    let before = explorer.state.theme.clone();
    explorer.tell(Message::Reloaded(Err("theme mine.toml, line 3: there is no role".to_owned())));
    assert_eq!(explorer.state.theme, before);
    assert!(explorer.screen().contains("mine.toml, line 3"));
    let dark = Theme::load(Some("dark"), std::path::Path::new("/nowhere")).unwrap();
    explorer.tell(Message::Reloaded(Ok(Box::new(dark))));
    assert_ne!(explorer.state.theme.style(Role::Text), before.style(Role::Text));
}

#[test]
fn bodies_and_documents_go_to_pager_and_file() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("2 G o");
    assert!(explorer.effects.iter().all(|effect| !matches!(effect, Effect::Show { .. })), "nothing is read yet");
    explorer.read();
    explorer.press("o W");
    let shown = explorer.effects.iter().find_map(|effect| match effect {
        Effect::Show { program: Program::Pager, name, text } => Some((name.display().to_string(), text.clone())),
        _ => None,
    });
    let (name, text) = shown.unwrap();
    assert_eq!(name, "secret-db.json");
    assert!(text.contains("••••") && !text.contains("hunter2"), "{text}");
    assert!(explorer.screen().contains("secret-db"), "{}", explorer.screen());
    explorer.press("enter");
    let file = explorer.effects.iter().find_map(|effect| match effect {
        Effect::Save(blob, file) => Some((blob.size, file.display().to_string())),
        _ => None,
    });
    assert_eq!(file, Some((1_234_567, "secret-db".to_owned())));
}

#[test]
fn where_no_emulator_answers_others_are_looked_for_and_offered() {
    let mut explorer = Explorer::new(120, 30);
    explorer.finish(Job::ListPods, Ok(Outcome::Pods(Vec::new())));
    let reason = "connection refused".to_owned();
    explorer.finish(Job::Detect, Err(Failure::Failed { reason, cause: Cause::Unreachable }));
    assert!(explorer.screen().contains("Looking for others"));
    assert!(matches!(explorer.jobs().as_slice(), [Job::Scan]));
    let info = InstanceInfo {
        endpoint: "http://127.0.0.1:4567".to_owned(),
        emulator: "ministack".to_owned(),
        version: "1.5.33".to_owned(),
    };
    explorer.finish(Job::Scan, Ok(Outcome::Found(vec![(Emulator::Ministack, info)])));
    explorer.press("S");
    let screen = explorer.screen();
    assert!(screen.contains("What to do first") && screen.contains("127.0.0.1:4567"), "{screen}");
    explorer.press("enter");
    assert_eq!(explorer.state.endpoint, "http://127.0.0.1:4567");
    assert!(explorer.effects.iter().any(|effect| matches!(effect, Effect::Connect(url) if url.ends_with(":4567"))));
    assert!(explorer.jobs().iter().any(|job| matches!(job, Job::Detect)));
}

#[test]
fn the_first_frame_says_what_is_going_on() {
    insta::assert_snapshot!(Explorer::new(80, 24).screen());
}

#[test]
fn a_version_shows_its_commit() {
    at_every_size("version", |explorer| explorer.press("l j"));
}

#[test]
fn a_resource_shows_its_document_with_secrets_masked_and_escapes_harmless() {
    at_every_size("document", |explorer| {
        explorer.press("2 G");
        explorer.read();
        assert!(!explorer.screen().contains("hunter2"));
        assert!(!explorer.screen().contains('\u{1b}'));
    });
}

#[test]
fn the_comparison_is_side_by_side_where_there_is_room() {
    at_every_size("diff", |explorer| {
        let job = Job::Diff { before: "orders:2".parse().unwrap(), after: "orders:3".parse().unwrap() };
        explorer.state.diff = None;
        super::update::show_changes(&mut explorer.state, ("orders:2", "orders:3"), job.command().unwrap(), changes());
    });
}

#[test]
fn a_comparison_shows_everything_on_request_swaps_its_sides_and_injects_one() {
    let mut explorer = Explorer::loaded(120, 40);
    let job = Job::Diff { before: "orders:2".parse().unwrap(), after: "orders:3".parse().unwrap() };
    let (before, after) = (commit(2).digest(), commit(3).digest());
    let outcome = DiffOutcome { before, after, changes: changes(), renames: Vec::new(), notes: Vec::new() };
    explorer.finish(job, Ok(Outcome::Diff(outcome)));
    explorer.press("j a");
    let asked = explorer.effects.iter().find_map(|effect| match effect {
        Effect::ReadUnchanged(digest, key) => Some((*digest, key.clone())),
        _ => None,
    });
    let (digest, key) = asked.unwrap();
    assert_eq!((digest, key.own_name()), (commit(2).digest(), "orders"));
    let document = Document::from_value(json!({"VisibilityTimeout": 30, "Fifo": false, "SecretString": "hunter2"}));
    explorer.tell(Message::Unchanged(digest, key, Ok(Box::new(document))));
    let screen = explorer.screen();
    assert!(screen.contains("Fifo") && !screen.contains("hunter2"), "{screen}");
    explorer.press("a");
    assert!(!explorer.screen().contains("Fifo"), "{}", explorer.screen());
    explorer.press("x");
    let screen = explorer.screen();
    assert!(screen.contains("orders:3 → orders:2") && screen.contains("- s3/bucket/archive"), "{screen}");
    explorer.effects.clear();
    explorer.press("i enter");
    assert_eq!(explorer.commands(), ["podex inject orders:3 --dry-run"]);
}

#[test]
fn a_plan_shows_every_step_before_anything_is_done() {
    at_every_size("plan", |explorer| {
        explorer.press("i");
        let job = explorer.jobs().pop().unwrap();
        explorer.finish(job, Ok(Outcome::Prepared(Box::new(prepared()))));
    });
}

#[test]
fn help_lists_every_key_and_why_some_do_nothing() {
    at_every_size("help", |explorer| explorer.press("?"));
}

#[test]
fn the_palette_finds_actions_by_words() {
    at_every_size("palette", |explorer| {
        explorer.press(":");
        explorer.write("pull");
    });
}

#[test]
fn the_commit_form_asks_for_a_message() {
    at_every_size("commit_form", |explorer| {
        explorer.press("c");
        explorer.write("a message");
    });
}

#[test]
fn a_terminal_that_is_too_small_is_told_what_is_needed() {
    insta::assert_snapshot!(Explorer::loaded(50, 10).screen());
}

#[test]
fn without_an_emulator_the_screen_says_how_to_get_one() {
    let mut explorer = Explorer::new(120, 30);
    explorer.finish(Job::ListPods, Ok(Outcome::Pods(Vec::new())));
    explorer.finish(Job::ListRemotes, Ok(Outcome::Remotes(Vec::new())));
    let reason = "no AWS emulator answers at http://localhost:4566: connection refused".to_owned();
    explorer.finish(Job::Detect, Err(Failure::Failed { reason, cause: Cause::Unreachable }));
    insta::assert_snapshot!(explorer.screen());
    explorer.press("c");
    assert!(explorer.screen().contains("I starts one"), "{}", explorer.screen());
}

#[test]
fn a_task_that_runs_shows_how_far_it_is() {
    let mut explorer = Explorer::loaded(120, 40);
    let mut task = Task::new(TaskId(99), "commit orders".to_owned(), Some("podex commit orders".to_owned()));
    task.state = TaskState::Running;
    task.phase = "capture".to_owned();
    task.progress = crate::event::Progress { done: 30, total: 120, bytes: 0, total_bytes: 0 };
    explorer.tell(Message::Task(Box::new(task)));
    explorer.press("t");
    // The log carries the clock: it has no place in a snapshot.
    let screen = explorer.screen();
    assert!(screen.contains("30 of 120") && screen.contains("████░░"), "{screen}");
    assert!(screen.contains("$ podex commit orders"), "{screen}");
}

#[test]
fn d_compares_the_chosen_version_with_the_one_before() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("d");
    assert_eq!(explorer.commands(), ["podex diff orders:2 orders"]);
}

#[test]
fn d_compares_two_marked_versions_the_older_first() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("l j space j space d");
    assert_eq!(explorer.commands(), ["podex diff orders:1 orders:3"]);
}

#[test]
fn inject_plans_first_and_applies_only_after_a_yes() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("i");
    let job = explorer.jobs().pop().unwrap();
    assert!(matches!(&job, Job::PrepareInject(args) if args.strategy == Strategy::AccountRegionMerge));
    explorer.finish(job.clone(), Ok(Outcome::Prepared(Box::new(prepared()))));
    explorer.press("enter");
    assert_eq!(explorer.commands(), Vec::<String>::new());
    assert!(explorer.state.overlays.is_empty());
    explorer.press("i");
    let job = explorer.jobs().pop().unwrap();
    explorer.finish(job, Ok(Outcome::Prepared(Box::new(prepared()))));
    explorer.press("y");
    assert_eq!(explorer.commands(), ["podex inject orders --yes"]);
}

#[test]
fn a_step_left_out_of_a_plan_is_left_out_of_the_inject_and_of_its_command() {
    let mut explorer = in_scope(Scope::Plan);
    explorer.press("down space");
    let screen = explorer.screen();
    assert!(screen.contains("○ update  sqs/queue/orders") && screen.contains("left out 1"), "{screen}");
    explorer.press("y");
    let Some(Job::Apply { prepared, command }) = explorer.jobs().pop() else { panic!("nothing is applied") };
    assert_eq!(prepared.plan.steps.len(), 3);
    assert_eq!(command, "podex inject orders --except 000000000000/us-east-1/sqs/queue/orders --yes");
    // Taken in again, all are applied; with all left out, nothing is.
    let mut explorer = in_scope(Scope::Plan);
    explorer.press("space up space y");
    assert!(matches!(explorer.jobs().pop(), Some(Job::Apply { prepared, .. }) if prepared.plan.steps.len() == 4));
    let mut explorer = in_scope(Scope::Plan);
    explorer.press("space space space space y");
    assert!(explorer.jobs().is_empty() && explorer.screen().contains("nothing was changed"));
}

#[test]
fn another_strategy_makes_another_plan() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("i");
    let job = explorer.jobs().pop().unwrap();
    explorer.finish(job, Ok(Outcome::Prepared(Box::new(prepared()))));
    explorer.press("3");
    assert_eq!(explorer.commands(), ["podex inject orders --strategy overwrite --dry-run"]);
    assert!(
        matches!(explorer.state.overlays.last(), Some(Overlay::Plan(view)) if matches!(view.stage, PlanStage::Planning(_)))
    );
}

#[test]
fn commit_asks_for_a_message_and_refuses_a_bad_name() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("c");
    explorer.write("it works");
    explorer.press("enter");
    assert_eq!(explorer.commands(), ["podex commit orders -m 'it works'"]);
    explorer.press("c tab");
    explorer.write("!");
    explorer.press("enter enter");
    assert!(explorer.jobs().is_empty());
    assert!(explorer.screen().contains("is not a valid pod name"), "{}", explorer.screen());
}

#[test]
fn remote_pods_are_pulled_and_local_ones_pushed() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("P enter");
    assert_eq!(explorer.commands(), ["podex push orders team"]);
    explorer.press("G p");
    assert_eq!(explorer.commands(), ["podex pull team/digits"]);
}

#[test]
fn a_remote_pod_is_pulled_and_then_planned_and_what_failed_is_done_again() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("G a");
    assert_eq!(explorer.commands(), ["podex pull team/digits", "podex inject digits --dry-run"]);
    assert!(explorer.screen().contains("planning"), "{}", explorer.screen());
    explorer.press("esc");
    let pull = Job::Pull { remote: "team".parse().unwrap(), pod: "digits".parse().unwrap(), number: None, into: None };
    explorer.finish(pull, Err(Failure::Failed { reason: "offline".to_owned(), cause: Cause::Other }));
    explorer.press("esc t r");
    assert_eq!(explorer.commands(), ["podex pull team/digits"]);
    explorer.press("r");
    assert!(explorer.jobs().is_empty(), "only once");
}

#[test]
fn a_commit_beside_the_versions_of_a_remote_is_seen_and_merged() {
    let mut explorer = Explorer::loaded(120, 40);
    let theirs = RemoteVersion { number: 1, digest: commit(7).digest(), commit: commit(7) };
    let beside = RemoteCommit { digest: commit(8).digest(), commit: commit(8) };
    let short = beside.digest.short();
    let pods = vec![RemotePod {
        name: "orders".parse().unwrap(),
        versions: vec![theirs],
        beside: vec![beside],
        here: Default::default(),
    }];
    explorer.finish(Job::RemotePods("team".parse().unwrap()), Ok(Outcome::RemotePods(pods)));
    assert!(explorer.screen().contains("1 to merge"), "{}", explorer.screen());
    explorer.press("G l j");
    assert!(
        explorer.screen().contains("┆ ") && explorer.screen().contains("beside the versions"),
        "{}",
        explorer.screen()
    );
    explorer.press("p");
    assert_eq!(explorer.commands(), Vec::<String>::new());
    assert!(explorer.screen().contains("it has no number"), "{}", explorer.screen());
    explorer.press("m enter");
    assert_eq!(explorer.commands(), [format!("podex merge orders team/orders@{short}")]);
}

#[test]
fn when_both_sides_moved_on_push_and_pull_offer_to_merge_or_another_name() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("G p");
    let pull = explorer.jobs().pop().unwrap();
    let both_moved = || Err(Failure::Failed { reason: "both moved".to_owned(), cause: Cause::BothMoved });
    explorer.finish(pull.clone(), both_moved());
    assert!(explorer.screen().contains("digits and team/digits have both moved on"), "{}", explorer.screen());
    explorer.press("enter");
    assert_eq!(explorer.commands(), ["podex merge digits team/digits"]);
    explorer.finish(pull, both_moved());
    explorer.press("j enter enter");
    assert_eq!(explorer.commands(), ["podex pull team/digits --as digits-team"]);
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("P enter");
    let push = explorer.jobs().pop().unwrap();
    explorer.finish(push, both_moved());
    explorer.press("enter");
    assert_eq!(explorer.commands(), ["podex merge orders team/orders"]);
}

#[test]
fn the_filter_narrows_the_tree_and_escape_gives_it_back() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("/");
    explorer.write("queue");
    explorer.read();
    assert!(!explorer.screen().contains("images"), "{}", explorer.screen());
    explorer.press("enter");
    assert!(explorer.screen().contains("/queue"));
    explorer.press("esc");
    assert!(explorer.screen().contains("images"));
}

#[test]
fn v_shows_a_secret_and_moving_on_hides_it_again() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("2 G v");
    explorer.read();
    assert!(explorer.screen().contains("hunter2"));
    explorer.press("k k j j");
    explorer.read();
    assert!(!explorer.screen().contains("hunter2"));
}

#[test]
fn leaving_asks_only_while_something_is_being_changed() {
    let mut explorer = Explorer::loaded(120, 40);
    let commit = Job::Push { pod: "orders".parse().unwrap(), remote: "team".parse().unwrap() };
    let id = TaskId(77);
    let mut task = Task::new(id, commit.title(), commit.command());
    task.state = TaskState::Running;
    explorer.tell(Message::Submitted(id, Box::new(commit)));
    explorer.tell(Message::Task(Box::new(task)));
    explorer.press("q");
    assert!(!explorer.state.leaving && explorer.screen().contains("push orders to team"));
    explorer.press("enter");
    assert!(explorer.state.overlays.is_empty() && !explorer.state.leaving);
    explorer.press("q y");
    assert!(explorer.state.leaving);
    let mut idle = Explorer::loaded(120, 40);
    idle.press("q");
    assert!(idle.state.leaving);
}

#[test]
fn every_screen_survives_every_size() {
    for columns in (1..130).step_by(7) {
        for rows in 1..45 {
            let mut explorer = Explorer::loaded(120, 40);
            explorer.press("2 G");
            explorer.read();
            explorer.tell(Message::Resize(columns, rows));
            explorer.screen();
            for overlay in ["?", "esc :", "esc c", "esc t", "esc L", "esc I", "esc ctrl-p"] {
                explorer.press(overlay);
                explorer.screen();
            }
        }
    }
}

#[test]
fn a_tree_that_cannot_be_read_says_why() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("l j j");
    let Shown::Loading(digest) = explorer.state.shown else { panic!("{:?}", explorer.state.shown) };
    explorer.tell(Message::Tree(digest, Err("pack 3f2a is damaged".to_owned())));
    assert!(explorer.screen().contains("pack 3f2a is damaged"));
}

#[test]
fn starting_at_a_path_goes_there_when_it_is_read() {
    let mut explorer = Explorer::new(120, 40);
    let reference: Reference = "orders:2".parse().unwrap();
    explorer.state.wanted = Some((reference, Some("sqs/queue/orders".to_owned())));
    explorer.finish(Job::ListPods, Ok(Outcome::Pods(pods())));
    explorer.read();
    let (_, key) = explorer.state.chosen_resource().unwrap();
    assert_eq!(key.label(), "queue/orders");
    assert_eq!(explorer.state.wanted, None);
}

/// What a look leaves behind.
fn looked() -> Look {
    let read = commit(3).digest();
    Look::Again(Arc::new(Before { turn: 7, since: None, read, held: Default::default(), listings: Default::default() }))
}

fn drifted(changes: Vec<Change>) -> Result<Outcome, Failure> {
    let base = Some(("orders".parse().unwrap(), commit(3).digest()));
    Ok(Outcome::Status(StatusOutcome { base, changes, notes: Vec::new(), next: looked() }))
}

fn drift_of(service: &str, kind: &str, name: &[&str]) -> Change {
    let key = ResourceKey::new("000000000000", "us-east-1", service, kind, name.iter().copied());
    Change::between(key, None, Some(&Document::from_value(json!({"A": "1"})))).unwrap()
}

#[test]
fn drift_is_kept_by_a_commit_or_taken_back_by_a_plan_of_nothing_else() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("s");
    let changes = vec![drift_of("s3", "object", &["b", "a b/c"]), drift_of("sqs", "queue", &["extra"])];
    explorer.finish(Job::Status, drifted(changes.clone()));
    let screen = explorer.screen();
    assert!(screen.contains(" drift ") && screen.contains("sqs/queue/extra"), "{screen}");
    explorer.press("c");
    let screen = explorer.screen();
    assert!(screen.contains("Commit the live instance") && screen.contains("orders"), "{screen}");
    explorer.press("esc");
    explorer.jobs();
    explorer.press("u");
    let command = explorer.commands().pop().unwrap();
    let digest = commit(3).digest().hex();
    assert_eq!(
        command,
        format!(
            "podex inject orders@{digest} --strategy overwrite --only '000000000000/us-east-1/s3/object/b/a b/c' --only 000000000000/us-east-1/sqs/queue/extra --dry-run"
        )
    );
    // A comparison of versions has nothing to take back.
    let mut explorer = Explorer::loaded(120, 40);
    let pair = Job::Diff { before: "orders:1".parse().unwrap(), after: "orders:2".parse().unwrap() };
    let (before, after) = (commit(1).digest(), commit(2).digest());
    let outcome = DiffOutcome { before, after, changes, renames: Vec::new(), notes: Vec::new() };
    explorer.finish(pair, Ok(Outcome::Diff(outcome)));
    explorer.jobs();
    explorer.press("u c");
    assert!(explorer.jobs().is_empty() && explorer.state.overlays.is_empty());
}

#[test]
fn a_watched_instance_shows_its_drift_and_is_looked_at_again_after_a_while() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.jobs();
    explorer.press("w");
    // The first look reads everything; each other one goes by what the one before it left.
    assert!(matches!(explorer.jobs().as_slice(), [Job::Drift(Look::Whole)]));
    explorer.finish(Job::Drift(Look::Whole), drifted(vec![drift_of("sqs", "queue", &["extra"])]));
    let screen = explorer.screen();
    assert!(screen.contains("drift: sqs +1") && explorer.state.diff.is_none(), "{screen}");
    // Not before its time, and not while something is being changed.
    explorer.tell(Message::Tick(at("2026-11-24T15:00:05Z")));
    assert!(explorer.jobs().is_empty());
    explorer.tell(Message::Tick(at("2026-11-24T15:00:20Z")));
    let jobs = explorer.jobs();
    assert!(matches!(jobs.as_slice(), [Job::Drift(look)] if *look == looked()), "{jobs:?}");
    explorer.finish(jobs[0].clone(), drifted(Vec::new()));
    assert!(explorer.screen().contains("as orders"), "{}", explorer.screen());
    // On screen it changes in place, and what is looked at stays.
    explorer.finish(Job::Status, drifted(vec![drift_of("s3", "bucket", &["b"]), drift_of("sqs", "queue", &["q"])]));
    explorer.press("j");
    explorer.finish(
        Job::Drift(Look::Whole),
        drifted(vec![drift_of("sqs", "queue", &["a"]), drift_of("sqs", "queue", &["q"])]),
    );
    let screen = explorer.state.diff.as_ref().unwrap();
    assert_eq!(screen.changes[screen.cursor.at].key.own_name(), "q");
    // One that cannot be seen any more is not watched any more.
    let gone = Failure::Failed { reason: "gone".to_owned(), cause: Cause::Unreachable };
    explorer.finish(Job::Drift(Look::Whole), Err(gone));
    assert_eq!(explorer.state.watch, None);
    explorer.jobs();
    explorer.tell(Message::Tick(at("2026-11-24T16:00:00Z")));
    assert!(explorer.jobs().is_empty() && explorer.state.overlays.is_empty());
}

#[test]
fn a_resource_says_which_commit_last_changed_it() {
    let mut explorer = Explorer::loaded(140, 40);
    explorer.press("2 * end");
    explorer.read();
    let Some(super::state::Subject::Document(digest, key)) = explorer.state.detail.subject.clone() else {
        panic!("{}", explorer.screen())
    };
    let changed = Some((commit(2).digest(), commit(2)));
    explorer.tell(Message::Document(digest, key, Ok(Box::new(Content { changed, ..content() }))));
    let screen = explorer.screen();
    for part in ["last changed", "the orders workflow, with its queue"] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }
}

#[test]
fn what_was_said_fades_and_stays_in_the_log_but_an_error_waits_for_a_key() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.finish(Job::Push { pod: "orders".parse().unwrap(), remote: "team".parse().unwrap() }, Ok(Outcome::Pushed));
    let later = |seconds| explorer_time() + jiff::SignedDuration::from_secs(seconds);
    // Messages take the clock's time in the real loop; here it stands still between ticks.
    explorer.state.now = explorer_time();
    explorer.state.say(Role::Success, "pushed", None);
    explorer.tell(Message::Tick(later(6)));
    assert!(explorer.screen().contains("pushed"));
    explorer.tell(Message::Tick(later(9)));
    assert!(explorer.state.status.is_none() && explorer.state.journal.iter().any(|line| line.text == "pushed"));
    explorer.state.say(Role::Error, "broken", None);
    explorer.tell(Message::Tick(later(900)));
    assert!(explorer.screen().contains("broken"));
    explorer.press("j");
    assert!(!explorer.screen().contains("broken"));
}

fn explorer_time() -> jiff::Timestamp {
    at(NOW)
}

#[test]
fn a_pull_takes_along_only_who_still_waits_for_it() {
    let pull =
        || Job::Pull { remote: "team".parse().unwrap(), pod: "digits".parse().unwrap(), number: None, into: None };
    let head = crate::store::VersionEntry { number: 3, commit: commit(3).digest() };
    for (keys, goes) in [("", true), ("k", false), ("k j", true), ("2", false)] {
        let mut explorer = Explorer::loaded(120, 40);
        explorer.press("G");
        let id = TaskId(900);
        explorer.tell(Message::Submitted(id, Box::new(pull())));
        if !keys.is_empty() {
            explorer.press(keys);
        }
        explorer.tell(Message::Finished(id, Ok(Outcome::Pulled("digits".parse().unwrap(), head))));
        assert_eq!(explorer.state.wanted.is_some(), goes, "after {keys:?}");
    }
}

#[test]
fn a_remote_is_added_with_what_becomes_of_secrets() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("A");
    explorer.write("safe");
    explorer.press("tab");
    explorer.write("file:///srv/safe");
    explorer.press("tab");
    explorer.write("never");
    explorer.press("tab");
    explorer.write("age1one, age1two");
    explorer.press("enter");
    assert!(explorer.screen().contains("redacted, encrypted or included"), "{}", explorer.screen());
    explorer.press("ctrl-u");
    explorer.write("encrypt");
    explorer.press("enter enter");
    let expected = "podex remote add safe file:///srv/safe --secrets encrypt --recipient age1one --recipient age1two";
    assert_eq!(explorer.commands(), [expected]);
}

#[test]
fn everything_lists_what_both_sides_have_alike_below_what_differs() {
    let mut explorer = Explorer::loaded(120, 40);
    let job = Job::Diff { before: "orders:2".parse().unwrap(), after: "orders:3".parse().unwrap() };
    let (before, after) = (commit(2).digest(), commit(3).digest());
    let outcome = DiffOutcome { before, after, changes: changes(), renames: Vec::new(), notes: Vec::new() };
    explorer.finish(job, Ok(Outcome::Diff(outcome)));
    explorer.press("a");
    let asked =
        explorer.effects.iter().any(|effect| matches!(effect, Effect::ListAlike(digest, _) if *digest == before));
    assert!(asked);
    let alike = key("us-east-1", "ssm", "parameter", &["/greeting"]);
    explorer.tell(Message::Alike(before, Ok(vec![alike.clone()])));
    explorer.effects.clear();
    explorer.press("G");
    let read = explorer.effects.iter().any(|effect| matches!(effect, Effect::ReadUnchanged(_, key) if *key == alike));
    assert!(read);
    let document = Document::from_value(json!({"Value": "good morning"}));
    explorer.tell(Message::Unchanged(before, alike, Ok(Box::new(document))));
    let screen = explorer.screen();
    assert!(screen.contains("= ssm/parameter/") && screen.contains("good morning"), "{screen}");
    // From there the change before is the last that differs.
    explorer.press("N");
    assert!(!explorer.screen().contains("good morning"));
    explorer.press("a G");
    assert!(!explorer.screen().contains("= ssm/parameter/"));
}

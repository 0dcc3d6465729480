//! What can lie on top of the panes.

use std::str::FromStr;

use tui_input::Input;

use super::action::Action;
use super::model::list::Cursor;
use super::theme::Theme;
use crate::instance::{Emulator, Step};
use crate::ops::{InjectArgs, MergeArgs, PreparedInject};
use crate::pod::{Arrangement, BlobRef, Pattern, PodName, Reference, RemoteName, ResourceKey, Selector};
use crate::search::Hit;
use crate::tasks::{Job, TaskId};

/// Something on top of the panes.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// Every key.
    Help(Picker),
    /// Actions by name.
    Palette(Picker),
    /// Fields to fill in.
    Form(Form),
    /// One of several.
    Menu(Menu),
    /// A yes-or-no question whose default is no.
    Confirm(Confirm),
    /// A plan, before it is carried out.
    Plan(Box<PlanView>),
    /// The task panel.
    Tasks(TasksView),
    /// Search over all pods.
    Search(SearchView),
    /// The journal.
    Log(Cursor),
    /// The theme picker.
    Themes(Box<ThemeView>),
    /// Text to read: a failure in full.
    Notice {
        /// What it is about.
        title: String,
        /// The text.
        text: String,
        /// Whether it is a failure.
        failure: bool,
    },
}

/// The theme picker.
#[derive(Clone, Debug)]
pub struct ThemeView {
    /// The themes there are; none while they are read.
    pub themes: Vec<Theme>,
    /// What is wrong with themes that cannot be read.
    pub faults: Vec<String>,
    /// The chosen one.
    pub cursor: Cursor,
    /// The theme to go back to.
    pub before: Theme,
}

/// A list narrowed by typing.
#[derive(Clone, Debug, Default)]
pub struct Picker {
    /// What is typed.
    pub input: Input,
    /// The chosen row of what matches.
    pub cursor: Cursor,
}

/// What a form is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A commit: pod, message.
    Commit,
    /// A new name for this pod.
    Rename(PodName),
    /// Pull under another name.
    PullAs {
        /// Where from.
        remote: RemoteName,
        /// The pod there.
        pod: PodName,
        /// Up to which version.
        number: Option<u64>,
    },
    /// A remote: name, URL.
    AddRemote,
    /// A file for a body.
    SaveBody(BlobRef),
    /// One side for all conflicts of this pod that a pattern picks: pattern, side.
    Take(PodName),
    /// A commit of what was chosen for this pod's conflicts: message.
    Settle(PodName),
    /// The tag to group by: name.
    GroupByTag,
}

/// One field of a form.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub label: &'static str,
    /// What is typed.
    pub input: Input,
    /// What is expected.
    pub hint: &'static str,
}

/// Fields to fill in.
#[derive(Clone, Debug)]
pub struct Form {
    /// Its heading.
    pub title: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The field being typed in.
    pub at: usize,
    /// What is wrong with what was typed.
    pub error: Option<String>,
}

impl Form {
    /// A commit into `pod`.
    pub fn commit(pod: &str) -> Self {
        let fields = vec![
            field("pod", pod, "a next version of a pod that is there, or a new pod"),
            field("message", "", "what this state is, in a few words"),
        ];
        // Where the pod is clear, people want to type the message.
        let at = usize::from(!pod.is_empty());
        Self { title: "Commit the live instance".to_owned(), purpose: Purpose::Commit, fields, at, error: None }
    }

    /// A new name for a pod.
    pub fn rename(pod: &PodName) -> Self {
        let fields = vec![field("name", pod.as_str(), "letters, digits, '_' and '-'")];
        let (title, purpose) = (format!("Rename {pod}"), Purpose::Rename(pod.clone()));
        Self { title, purpose, fields, at: 0, error: None }
    }

    /// Another name to pull under.
    pub fn pull_as(remote: RemoteName, pod: PodName, number: Option<u64>) -> Self {
        let name = format!("{pod}-{remote}");
        let fields = vec![field("local name", &name, "theirs gets a name of its own")];
        let title = format!("Pull {remote}/{pod} as");
        Self { title, purpose: Purpose::PullAs { remote, pod, number }, fields, at: 0, error: None }
    }

    /// A file for a body.
    pub fn save_body(blob: BlobRef, name: &str) -> Self {
        let fields = vec![field("file", name, "a new file: none is overwritten")];
        let title = format!("Save {}", super::text::bytes(blob.size));
        Self { title, purpose: Purpose::SaveBody(blob), fields, at: 0, error: None }
    }

    /// One side for many conflicts.
    pub fn take(pod: &PodName, pattern: &str) -> Self {
        let fields = vec![
            field("pattern", pattern, "PATTERN[#PROPERTY], as in 'sqs/queue/*#Policy'; empty for all that are open"),
            field("take", "", "ours, base or theirs"),
        ];
        Self {
            title: "Take one side for many".to_owned(),
            purpose: Purpose::Take(pod.clone()),
            fields,
            at: 0,
            error: None,
        }
    }

    /// A commit of what was chosen.
    pub fn settle(pod: &PodName) -> Self {
        let fields = vec![field("message", "", "may be empty")];
        Self {
            title: format!("Commit the settled {pod}"),
            purpose: Purpose::Settle(pod.clone()),
            fields,
            at: 0,
            error: None,
        }
    }

    /// The tag to group by.
    pub fn group_by_tag() -> Self {
        let fields = vec![field("tag", "", "its name, as in team or env")];
        Self { title: "Group by tag".to_owned(), purpose: Purpose::GroupByTag, fields, at: 0, error: None }
    }

    /// A remote.
    pub fn add_remote() -> Self {
        let fields = vec![
            field("name", "", "letters, digits, '_' and '-'"),
            field("URL", "", "file:///folder, oci://host[:port]/path or s3://bucket/prefix"),
            field("secrets", "", "redact, encrypt or include; empty: encrypt where there are recipients, else redact"),
            field("recipients", "", "public keys, age1… or an SSH key's, with commas between them; may be empty"),
        ];
        Self { title: "Add a remote".to_owned(), purpose: Purpose::AddRemote, fields, at: 0, error: None }
    }

    /// What is typed in a field, without white space around it.
    pub fn value(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", |field| field.input.value().trim())
    }

    /// A field read as a name; what is wrong goes into the form.
    pub fn parse<T: FromStr>(&mut self, at: usize) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        match self.value(at).parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.error = Some(error.to_string());
                self.at = at;
                None
            }
        }
    }
}

fn field(label: &'static str, value: &str, hint: &'static str) -> Field {
    Field { label, input: Input::new(value.to_owned()), hint }
}

/// What is done when something is chosen.
#[derive(Clone, Debug)]
pub enum Choice {
    /// A job.
    Run(Box<Job>),
    /// An action.
    Do(Action),
    /// Another endpoint is looked at.
    Connect(String),
    /// Another resource of the version on screen is.
    Go(Box<ResourceKey>),
    /// Trees are laid out so.
    Arrange(Box<Arrangement>),
    /// A version is to be injected.
    Inject(Box<Reference>),
    /// More is asked.
    Ask(Box<Form>),
}

/// One of several.
#[derive(Clone, Debug)]
pub struct Menu {
    /// The question.
    pub title: String,
    /// What can be chosen: name, explanation, and what is done then.
    pub items: Vec<(String, String, Choice)>,
    /// The chosen one.
    pub cursor: Cursor,
}

impl Menu {
    /// Which emulator to start.
    pub fn start_instance() -> Self {
        let item = |emulator, name: &str, note: &str| {
            (name.to_owned(), note.to_owned(), Choice::Run(Box::new(Job::StartInstance { emulator, port: None })))
        };
        let items = vec![
            item(Emulator::Ministack, "ministack", "small and quick; installed on first use (about 46 MB)"),
            item(Emulator::Moto, "moto", "another code base; installed on first use (about 180 MB)"),
        ];
        Self { title: "Start an emulator on this machine".to_owned(), items, cursor: Cursor::default() }
    }

    /// What to do where a local pod and one on a remote have parted; `number` is how far it was to be pulled.
    pub fn parted(local: &PodName, remote: &RemoteName, pod: &PodName, number: Option<u64>) -> Self {
        let from = Reference::Pod {
            remote: Some(remote.clone()),
            pod: pod.clone(),
            selector: number.map_or(Selector::Head, Selector::Version),
        };
        let title = format!("{local} and {from} have both moved on");
        let merge = MergeArgs { into: local.clone(), from, prefer: None, message: None, dry_run: false };
        let form = Form::pull_as(remote.clone(), pod.clone(), number);
        let items = vec![
            (
                "merge".to_owned(),
                format!("join both in the next version of {local}"),
                Choice::Run(Box::new(Job::Merge(merge))),
            ),
            ("another name".to_owned(), "pull theirs as a pod of its own".to_owned(), Choice::Ask(Box::new(form))),
        ];
        Self { title, items, cursor: Cursor::default() }
    }
}

/// What is done after a yes.
#[derive(Clone, Debug)]
pub enum Consequence {
    /// Leave although something runs.
    Quit,
    /// Do a job.
    Run(Box<Job>),
}

/// A question whose default is no.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// The question.
    pub title: String,
    /// What will happen.
    pub text: Vec<String>,
    /// What is done after a yes.
    pub consequence: Consequence,
    /// Yes is chosen.
    pub yes: bool,
}

/// How far a plan is.
#[derive(Clone, Debug)]
pub enum PlanStage {
    /// It is being made, by this task once that is queued.
    Planning(Option<TaskId>),
    /// It is there.
    Ready(Box<PreparedInject>),
    /// It could not be made; why.
    Failed(String),
}

/// A plan, before it is carried out.
#[derive(Clone, Debug)]
pub struct PlanView {
    /// What is to be injected; None for an undo.
    pub args: Option<InjectArgs>,
    /// How far it is.
    pub stage: PlanStage,
    /// What is left out of it.
    pub left_out: Vec<Pattern>,
    /// The chosen step.
    pub cursor: Cursor,
    /// The button to apply is chosen.
    pub yes: bool,
}

impl PlanView {
    /// Whether a step is left out.
    pub fn leaves_out(&self, step: &Step) -> bool {
        self.left_out.iter().any(|pattern| pattern.matches(&step.key))
    }
}

/// The task panel.
#[derive(Clone, Debug, Default)]
pub struct TasksView {
    /// The chosen task, newest first.
    pub cursor: Cursor,
}

/// Search over all pods.
#[derive(Clone, Debug, Default)]
pub struct SearchView {
    /// What is typed.
    pub input: Input,
    /// What the hits are for.
    pub answered: String,
    /// What was found, best first.
    pub hits: Vec<Hit>,
    /// Whether that is all.
    pub complete: bool,
    /// The chosen one.
    pub cursor: Cursor,
    /// Enter was pressed before the answer came: go to the best hit when it does.
    pub eager: bool,
    /// Why there is no index.
    pub failure: Option<String>,
}

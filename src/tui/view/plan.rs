//! A plan, before it is carried out.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::overlays::answers;
use super::tree::message;
use super::{highlight, lines, popup, span, spinner, spread};
use crate::instance::{Step, StepAction, Strategy};
use crate::ops::PreparedInject;
use crate::tasks::strategy_name;
use crate::tui::action::Action;
use crate::tui::layout::centred;
use crate::tui::overlay::{PlanStage, PlanView};
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::update::outcome::word;
use crate::tui::update::overlays::{PLAN, plan_rows};

/// The strategies in the order of their keys, with what each means.
const STRATEGIES: [(Strategy, &str); 4] = [
    (Strategy::AccountRegionMerge, "replaces the pod's services in each account and region; the rest stays"),
    (Strategy::ServiceMerge, "adds and updates what the pod has; deletes nothing"),
    (Strategy::Overwrite, "the instance becomes exactly what the pod says: everything else goes"),
    (Strategy::ThreeWay, "the pod's changes since the last commit or inject; the rest stays"),
];

pub(super) fn draw(state: &State, frame: &mut Frame, view: &PlanView) {
    let title = match &view.args {
        Some(args) => format!("Inject {} into {}", args.reference, state.endpoint),
        None => format!("Undo the last inject into {}", state.endpoint),
    };
    let inner = popup(state, frame, centred(state.size, PLAN.0, plan_rows(view)), &text::clean(&title), Role::Focus);
    let mut top = 0;
    if let Some(args) = &view.args {
        lines(frame, inner, strategies(state, args.strategy, usize::from(inner.width)));
        top = 3;
    }
    let body = Rect { y: inner.y + top, height: inner.height.saturating_sub(top), ..inner };
    match &view.stage {
        PlanStage::Planning(task) => {
            let task = task.and_then(|id| state.tasks.iter().find(|task| task.id == id));
            let (phase, done) = task.map_or((String::new(), 0), |task| (task.phase.clone(), task.progress.done));
            let count = if done > 0 { format!(" {done}") } else { String::new() };
            let said = format!(
                "{} looking at the instance and planning … {phase}{count}\n\nNothing is changed yet. Esc leaves it.",
                spinner(state)
            );
            message(state, frame, body, &said, Role::Muted);
        }
        PlanStage::Failed(reason) => {
            let said = format!("{reason}\n\nNothing was changed. Esc closes this.");
            message(state, frame, body, &said, Role::Error);
        }
        PlanStage::Ready(prepared) if prepared.plan.steps.is_empty() => {
            let mut said = "Nothing to do: the instance is already as wanted.".to_owned();
            prepared.plan.notes.iter().for_each(|note| said.push_str(&format!("\n• {note}")));
            said.push_str("\n\nEsc closes this.");
            message(state, frame, body, &said, Role::Success);
        }
        PlanStage::Ready(prepared) => steps(state, frame, body, view, prepared),
    }
}

fn strategies<'a>(state: &State, chosen: Strategy, width: usize) -> Vec<Line<'a>> {
    let mut spans = Vec::new();
    for (at, (strategy, _)) in STRATEGIES.iter().enumerate() {
        spans.push(span(state, Role::Key, format!("{} ", at + 1)));
        let role = if *strategy == chosen { Role::Selection } else { Role::Muted };
        spans.push(span(state, role, format!(" {} ", strategy_name(*strategy))));
        spans.push(Span::raw("  "));
    }
    let meaning = STRATEGIES.iter().find(|(strategy, _)| *strategy == chosen).map_or("", |(_, meaning)| meaning);
    vec![Line::from(spans), Line::from(span(state, Role::Muted, text::cut(meaning, width).into_owned()))]
}

fn role(action: StepAction) -> (Role, &'static str) {
    match action {
        StepAction::Create => (Role::Added, "+"),
        StepAction::Update => (Role::Modified, "~"),
        StepAction::Replace => (Role::Modified, "±"),
        StepAction::Delete => (Role::Removed, "-"),
    }
}

fn steps(state: &State, frame: &mut Frame, area: Rect, view: &PlanView, prepared: &PreparedInject) {
    let plan = &prepared.plan;
    let width = usize::from(area.width);
    let mut counts = Vec::new();
    for action in [StepAction::Create, StepAction::Update, StepAction::Replace, StepAction::Delete] {
        let number = plan.steps.iter().filter(|step| step.action == action && !view.leaves_out(step)).count();
        if number > 0 {
            let (role, sign) = role(action);
            counts.push(span(state, role, format!("{sign} {} {number}   ", word(action))));
        }
    }
    let left_out = plan.steps.iter().filter(|step| view.leaves_out(step)).count();
    if left_out > 0 {
        counts.push(span(state, Role::Muted, format!("○ left out {left_out}")));
    }
    let mut hint = Vec::new();
    if view.args.is_some() {
        let key = state.key(Action::LeaveOut);
        hint = vec![span(state, Role::Key, key), span(state, Role::Muted, " leaves out")];
    }
    lines(frame, area, [spread(counts, hint, width)]);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(4), ..area };
    let step_lines = plan.steps.iter().map(|step| step_line(state, step, view.leaves_out(step), width));
    let notes = plan.notes.iter().map(|note| {
        let note = text::cut(&text::clean(note), width.saturating_sub(2)).into_owned();
        Line::from(span(state, Role::Warning, format!("! {note}")))
    });
    let drawn: Vec<Line> = step_lines.chain(notes).skip(view.cursor.top).take(usize::from(list.height)).collect();
    lines(frame, list, drawn);
    highlight(frame, list, view.cursor.at - view.cursor.top, state.theme.style(Role::Selection));
    let bottom = Rect { y: area.bottom().saturating_sub(2), height: 2, ..area };
    let safety = format!("What is there now is kept as {}: u takes all of this back.", prepared.safety.short());
    let said = Line::from(span(state, Role::Muted, text::cut(&safety, width).into_owned()));
    lines(frame, bottom, [said, answers(state, "Leave it", "Apply", view.yes)]);
}

fn step_line<'a>(state: &State, step: &Step, left_out: bool, width: usize) -> Line<'a> {
    let (role, sign) = if left_out { (Role::Muted, "○") } else { role(step.action) };
    let key = &step.key;
    let name = text::clean(&format!("{}/{}", key.service, key.label())).into_owned();
    let note = match step.action {
        StepAction::Update | StepAction::Replace => {
            let names: Vec<String> = step.changes().iter().map(|change| change.path.join(".")).collect();
            text::clean(&names.join(", ")).into_owned()
        }
        _ => String::new(),
    };
    let name = text::cut_middle(&name, width * 2 / 3).into_owned();
    let region = text::clean(&key.region).into_owned();
    let left = vec![
        span(state, role, format!("{sign} {:8}", word(step.action))),
        span(state, if left_out { Role::Muted } else { Role::Text }, format!("{name}  ")),
        span(state, Role::Muted, note),
    ];
    spread(left, vec![span(state, Role::Muted, region)], width)
}

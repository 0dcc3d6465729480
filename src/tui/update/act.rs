//! What each action does on the main screen.

use super::{compare, copying, follow, outside, places, sharing};
use crate::ops::InjectArgs;
use crate::pod::{PodName, Reference};
use crate::tasks::Job;
use crate::tui::action::Action;
use crate::tui::layout::Areas;
use crate::tui::message::{Effect, Program};
use crate::tui::model::list::{Cursor, Move};
use crate::tui::model::pods::{Listing, Live, RowId};
use crate::tui::model::start;
use crate::tui::overlay::{Confirm, Consequence, Form, Menu, Overlay, Picker, PlanStage, PlanView, TasksView};
use crate::tui::state::{Pane, State};

pub(super) fn submit(job: Job) -> Vec<Effect> {
    vec![Effect::Submit(Box::new(job))]
}

pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Up => step(state, Move::Up(1)),
        Action::Down => step(state, Move::Down(1)),
        Action::PageUp => step(state, Move::Up(page(state))),
        Action::PageDown => step(state, Move::Down(page(state))),
        Action::Top => step(state, Move::Top),
        Action::Bottom => step(state, Move::Bottom),
        Action::Left => sideways(state, false),
        Action::Right => sideways(state, true),
        Action::ExpandAll | Action::CollapseAll => {
            if let Some(tree) = state.tree_mut() {
                tree.set_all(action == Action::ExpandAll);
            }
        }
        Action::NextPane => focus(state, next_pane(state.focus)),
        Action::PreviousPane => focus(state, next_pane(next_pane(state.focus))),
        Action::FocusPods => focus(state, Pane::Pods),
        Action::FocusTree => focus(state, Pane::Tree),
        Action::FocusDetail => focus(state, Pane::Detail),
        Action::Filter => {
            let query = state.tree().and_then(|tree| tree.query()).map(|kept| kept.query.clone());
            state.filter = Some(query.unwrap_or_default().into());
            focus(state, Pane::Tree);
        }
        Action::Mark => {
            state.pods.toggle_mark();
            state.pods.step(Move::Down(1));
        }
        Action::Reveal => {
            state.detail.reveal = !state.detail.reveal;
            state.detail.stale = true;
        }
        Action::Commit => {
            let pod = state.pods.chosen().local_pod().map(PodName::to_string).unwrap_or_default();
            state.overlays.push(Overlay::Form(Form::commit(&pod)));
        }
        Action::Rename => {
            if let Some(pod) = state.pods.chosen().local_pod().cloned() {
                state.overlays.push(Overlay::Form(Form::rename(&pod)));
            }
        }
        Action::AddRemote => state.overlays.push(Overlay::Form(Form::add_remote())),
        Action::StartInstance => state.overlays.push(Overlay::Menu(Menu::start_instance())),
        Action::Delete => ask_delete(state),
        Action::Start => state.overlays.push(Overlay::Menu(start::menu(state))),
        Action::Help => state.overlays.push(Overlay::Help(Picker::default())),
        Action::Palette => state.overlays.push(Overlay::Palette(Picker::default())),
        Action::Tasks => state.overlays.push(Overlay::Tasks(TasksView::default())),
        Action::Log => {
            let last = state.journal.len().saturating_sub(1);
            state.overlays.push(Overlay::Log(Cursor { at: last, top: 0 }));
        }
        Action::Theme => return super::themes::open(state),
        Action::Mouse => {
            state.mouse = !state.mouse;
            state.hint(if state.mouse { "the mouse scrolls and chooses" } else { "the mouse is the terminal's" });
            return vec![Effect::Mouse(state.mouse)];
        }
        Action::Back => back(state),
        Action::Open => return open(state),
        Action::Inject => return inject(state),
        Action::Undo => return plan(state, None),
        Action::Diff => return compare::compare(state),
        Action::DiffLive => {
            let before = state.pods.chosen().reference();
            return before.map(|before| submit(Job::Diff { before, after: Reference::Live })).unwrap_or_default();
        }
        Action::Status => return submit(Job::Status),
        Action::Watch => return super::drift::watch(state),
        Action::Push => sharing::ask_push(state),
        Action::Pull => return sharing::pull(state),
        Action::Load => return sharing::load(state),
        Action::Refresh => return refresh(state),
        Action::Copy => return copying::copy(state),
        Action::CopyCommand => return copying::copy_command(state),
        Action::Edit => return outside::show(state, Program::Editor),
        Action::Pager => return outside::show(state, Program::Pager),
        Action::Save => outside::ask_save(state),
        Action::Blame => {
            let chosen = state.pods.chosen().reference().zip(state.chosen_resource());
            return chosen.map(|(reference, (_, key))| submit(Job::Blame { reference, key })).unwrap_or_default();
        }
        Action::Follow => places::follow(state),
        Action::Referrers => return places::ask_referrers(state),
        Action::Backward => places::travel(state, true),
        Action::Forward => places::travel(state, false),
        Action::Arrange => places::ask_arrangement(state),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Quit => return quit(state),
        Action::Search => return super::search::open(state),
        Action::NextChange | Action::PreviousChange | Action::SwitchSides | Action::Unified | Action::CancelTask => {}
        Action::Retry | Action::Hurry => {}
        Action::KeepDrift | Action::Revert | Action::Whole | Action::Swap | Action::InjectSide | Action::LeaveOut => {}
        Action::Merge => super::conflicts::ask_merge(state),
        Action::Conflicts => return super::conflicts::open(state),
        Action::NextOpen
        | Action::PreviousOpen
        | Action::TakeOurs
        | Action::TakeBase
        | Action::TakeTheirs
        | Action::EditValue
        | Action::TakeResource
        | Action::TakeMatching
        | Action::TakeBack
        | Action::Settle => {}
    }
    Vec::new()
}

fn next_pane(pane: Pane) -> Pane {
    match pane {
        Pane::Pods => Pane::Tree,
        Pane::Tree => Pane::Detail,
        Pane::Detail => Pane::Pods,
    }
}

pub(super) fn focus(state: &mut State, pane: Pane) {
    state.focus = pane;
    if pane != Pane::Detail {
        state.follows = pane;
    }
}

fn page(state: &State) -> usize {
    let areas = Areas::of(state);
    let rows = match state.focus {
        Pane::Pods => areas.pods_rows(),
        Pane::Tree => areas.tree_rows(),
        Pane::Detail => areas.detail_inner().1,
    };
    rows.saturating_sub(1).max(1)
}

fn step(state: &mut State, movement: Move) {
    match state.focus {
        Pane::Pods => state.pods.step(movement),
        Pane::Tree => {
            if let Some(tree) = state.tree_mut() {
                tree.step(movement);
            }
        }
        Pane::Detail => {
            let rows = state.detail.rows.len();
            state.detail.cursor.step(movement, rows);
        }
    }
}

fn sideways(state: &mut State, right: bool) {
    match state.focus {
        Pane::Pods => {
            let leaf = state.pods.fold(state.pods.chosen()).is_none();
            if right && leaf && state.tree().is_some() {
                focus(state, Pane::Tree);
            } else {
                state.pods.set_open(right);
            }
        }
        Pane::Tree => {
            let Some(tree) = state.tree_mut() else { return focus(state, Pane::Pods) };
            if !right {
                let at_edge = tree.ancestors(tree.selected()).is_empty() && !tree.is_open(tree.selected());
                tree.left();
                if at_edge {
                    focus(state, Pane::Pods);
                }
            } else if tree.metamodel().node(tree.selected()).children == 0 {
                focus(state, Pane::Detail);
            } else {
                tree.right();
            }
        }
        Pane::Detail => follow::fold_detail(state, right),
    }
}

fn back(state: &mut State) {
    if let Some(tree) = state.tree_mut().filter(|tree| tree.query().is_some()) {
        tree.filter(None);
        state.sought = None;
    } else if !state.pods.marked.is_empty() {
        state.pods.marked.clear();
    } else if state.focus != Pane::Pods {
        let pane = if state.focus == Pane::Detail { state.follows } else { Pane::Pods };
        focus(state, pane);
    }
}

fn open(state: &mut State) -> Vec<Effect> {
    match state.focus {
        Pane::Pods => match state.pods.chosen().clone() {
            RowId::Live => match state.pods.live {
                Live::Online(..) => submit(Job::Open(Reference::Live)),
                Live::Looking => Vec::new(),
                Live::Offline(_) => submit(Job::Detect),
            },
            row @ (RowId::RemotePod(..) | RowId::RemoteVersion(..)) => {
                let here = state.pods.commit(&row).is_some_and(|(digest, _)| state.opened.contains_key(&digest));
                match row.reference() {
                    Some(reference) if !here => submit(Job::Open(reference)),
                    _ => {
                        focus(state, Pane::Tree);
                        Vec::new()
                    }
                }
            }
            RowId::Version(..) => {
                if state.pods.commit(state.pods.chosen()).is_some_and(|(_, commit)| !commit.conflicts.is_empty()) {
                    let settling = super::conflicts::open(state);
                    if !settling.is_empty() {
                        return settling;
                    }
                }
                focus(state, Pane::Tree);
                Vec::new()
            }
            row => {
                let open = state.pods.fold(&row) == Some(true);
                state.pods.set_open(!open);
                Vec::new()
            }
        },
        Pane::Tree => {
            if !state.tree_mut().is_some_and(|tree| tree.toggle()) && state.tree().is_some() {
                focus(state, Pane::Detail);
            }
            Vec::new()
        }
        Pane::Detail => {
            let row = state.detail.rows.get(state.detail.cursor.at);
            if row.is_some_and(|row| row.open.is_none() && !row.links.is_empty()) {
                places::follow(state);
            } else {
                follow::toggle_detail(state);
            }
            Vec::new()
        }
    }
}

fn inject(state: &mut State) -> Vec<Effect> {
    let Some(reference) = state.pods.chosen().reference() else { return Vec::new() };
    inject_version(state, reference)
}

/// Plans to inject a version.
pub(super) fn inject_version(state: &mut State, reference: Reference) -> Vec<Effect> {
    let (strategy, filter, secrets_from, native) = Default::default();
    plan(state, Some(InjectArgs { reference, strategy, filter, secrets_from, native }))
}

/// Makes a plan and shows it when it is there: of an inject, or of an undo.
pub(super) fn plan(state: &mut State, args: Option<InjectArgs>) -> Vec<Effect> {
    let job = args.clone().map_or(Job::PrepareUndo, Job::PrepareInject);
    // Another strategy for the same leaves the same out.
    let before = state.overlays.iter().find_map(|overlay| match overlay {
        Overlay::Plan(view) => Some(view.left_out.clone()),
        _ => None,
    });
    let (left_out, stage) = (before.unwrap_or_default(), PlanStage::Planning(None));
    let view = PlanView { args, stage, left_out, cursor: Cursor::default(), yes: false };
    state.overlays.retain(|overlay| !matches!(overlay, Overlay::Plan(_)));
    state.overlays.push(Overlay::Plan(Box::new(view)));
    submit(job)
}

/// Does again what did not end well.
pub(super) fn again(state: &mut State, job: Job) -> Vec<Effect> {
    match job {
        Job::PrepareInject(args) => plan(state, Some(args)),
        Job::PrepareUndo => plan(state, None),
        Job::Index(..) => super::search::bring_up(state),
        job => submit(job),
    }
}

fn ask_delete(state: &mut State) {
    let Some(pod) = state.pods.chosen().local_pod().cloned() else { return };
    let versions = state.pods.local_pod(&pod).map_or(0, |pod| pod.versions.len());
    state.overlays.push(Overlay::Confirm(Confirm {
        title: format!("Delete {pod}?"),
        text: vec![
            format!("Its {} leave the local store.", crate::tui::text::count(versions as u64, "version")),
            "What was pushed stays on the remotes; the live instance is not touched.".to_owned(),
        ],
        consequence: Consequence::Run(Box::new(Job::Delete(pod))),
        yes: false,
    }));
}

pub(super) fn refresh(state: &mut State) -> Vec<Effect> {
    if !matches!(state.pods.live, Live::Online(..)) {
        state.pods.live = Live::Looking;
        state.found = None;
    }
    let names: Vec<_> = state.pods.remotes().iter().map(|remote| remote.config.name.clone()).collect();
    for name in names {
        let failed = state.pods.remote(&name).is_some_and(|remote| matches!(remote.pods, Listing::Failed(_)));
        if failed {
            state.pods.set_remote_pods(&name, Listing::Loading);
        }
    }
    let jobs = [Job::ListPods, Job::Detect, Job::ListRemotes];
    jobs.into_iter().map(|job| Effect::Submit(Box::new(job))).collect()
}

pub(super) fn quit(state: &mut State) -> Vec<Effect> {
    let asked = matches!(state.overlays.last(), Some(Overlay::Confirm(Confirm { consequence: Consequence::Quit, .. })));
    let busy: Vec<String> = state.changing().map(|task| format!("• {}", task.title)).collect();
    if busy.is_empty() || asked {
        state.leaving = true;
        return vec![Effect::Quit];
    }
    let mut text = vec!["Still at work:".to_owned()];
    text.extend(busy);
    text.push("Leaving stops it. What an inject has done so far stays; u takes it back later.".to_owned());
    state.overlays.push(Overlay::Confirm(Confirm {
        title: "Leave podex?".to_owned(),
        text,
        consequence: Consequence::Quit,
        yes: false,
    }));
    Vec::new()
}

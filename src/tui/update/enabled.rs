//! Whether an action can be done right now, and if not, why.

use super::conflicts::{conflicted, into};
use crate::pod::Selector;
use crate::tasks::{Job, TaskState};
use crate::tui::action::{Action, Reach, Scope};
use crate::tui::model::pods::{Listing, Live, RowId};
use crate::tui::overlay::{Overlay, PlanStage};
use crate::tui::state::State;

/// Ok, or why not: what to do instead where that helps.
pub fn enabled(state: &State, action: Action) -> Result<(), String> {
    let chosen = state.pods.chosen();
    let refuse = |reason: &str| Err(reason.to_owned());
    let key = |action| state.key(action);
    match action {
        _ if state.read_only && action.info().reach != Reach::Looks => {
            refuse("podex was started to look only (--read-only)")
        }
        _ if action.info().scope == Scope::Diff && state.diff.is_none() => {
            Err(format!("only in a comparison: {} opens one", key(Action::Diff)))
        }
        _ if action.info().scope == Scope::Conflicts && state.conflicts.is_none() => {
            Err(format!("only where conflicts are settled: {} shows them", key(Action::Conflicts)))
        }
        Action::Settle if state.conflicts.as_ref().is_some_and(|screen| screen.found.open() > 0) => {
            Err(format!("conflicts are open: {} goes to the next", key(Action::NextOpen)))
        }
        Action::Merge if chosen.reference().is_none() || *chosen == RowId::Live => {
            refuse("choose the version to merge in the pods pane first")
        }
        Action::Merge if into(state).is_empty() => refuse("there is no other local pod to merge it into"),
        Action::Conflicts if conflicted(state).is_none() => {
            refuse("the newest version of the chosen pod has no conflicts")
        }
        Action::Revert
            if state.diff.as_ref().is_some_and(|screen| screen.drift.is_none() || screen.changes.is_empty()) =>
        {
            Err(format!("only where there is drift: {} shows it", key(Action::Status)))
        }
        Action::KeepDrift
            if state.diff.as_ref().is_some_and(|screen| super::diff::committed_into(screen).is_none()) =>
        {
            refuse("only where one side is the live instance")
        }
        Action::InjectSide if state.diff.as_ref().is_some_and(|screen| super::diff::injectable(screen).is_empty()) => {
            refuse("neither side is a version that can be injected")
        }
        Action::InjectSide => needs_instance(state),
        Action::Swap if state.diff.as_ref().is_some_and(|screen| screen.drift.is_some()) => {
            refuse("drift goes from what was committed to what is there")
        }
        Action::LeaveOut => match state.overlays.last() {
            Some(Overlay::Plan(view)) if view.args.is_none() => refuse("an undo takes back all there is to take back"),
            Some(Overlay::Plan(view)) => match &view.stage {
                PlanStage::Ready(prepared) if view.cursor.at < prepared.plan.steps.len() => Ok(()),
                PlanStage::Ready(_) => refuse("this is a remark, no step"),
                _ => refuse("the plan is not made yet"),
            },
            _ => Err(format!("only in a plan: {} makes one", key(Action::Inject))),
        },
        Action::KeepDrift | Action::Revert | Action::Watch => needs_instance(state),
        Action::Commit => needs_instance(state),
        Action::Status => needs_instance(state),
        Action::Undo => needs_instance(state),
        Action::DiffLive if chosen.reference().is_none() || *chosen == RowId::Live => {
            refuse("choose a version in the pods pane first")
        }
        Action::DiffLive => needs_instance(state),
        Action::Inject if matches!(chosen, RowId::Live) => {
            refuse("choose a pod or a version: this is the instance itself")
        }
        Action::Inject if chosen.reference().is_none() => refuse("choose a version in the pods pane first"),
        Action::Inject => needs_instance(state),
        Action::Diff => match (state.pods.marked.as_slice(), chosen) {
            ([_, _], _) => Ok(()),
            ([one], _) if one != chosen && chosen.reference().is_some() => Ok(()),
            ([_], _) => Err(format!("mark another version with {}, or move to one", key(Action::Mark))),
            ([], RowId::Live) => needs_instance(state),
            _ if state.pods.previous(chosen).is_some() => Ok(()),
            ([], RowId::Pod(_) | RowId::Version(..) | RowId::RemotePod(..) | RowId::RemoteVersion(..)) => Err(format!(
                "nothing comes before it: {} marks another, {} takes the instance",
                key(Action::Mark),
                key(Action::DiffLive)
            )),
            _ => Err(format!("mark two versions with {} first", key(Action::Mark))),
        },
        Action::Mark if chosen.reference().is_none() => {
            refuse("only versions, pods and the live instance can be marked")
        }
        Action::Push => match chosen.local_pod() {
            None => refuse("choose a local pod first"),
            Some(_) if state.pods.remotes().is_empty() => {
                Err(format!("no remote is configured: {} adds one", key(Action::AddRemote)))
            }
            Some(_) => Ok(()),
        },
        Action::Pull => match chosen {
            RowId::RemoteVersion(.., Selector::Revision(_)) => {
                Err(format!("it has no number: {} merges it into a pod of yours", key(Action::Merge)))
            }
            RowId::RemotePod(..) | RowId::RemoteVersion(..) => Ok(()),
            _ => match chosen.local_pod() {
                Some(pod) if remotes_with(state, pod).is_empty() => refuse("no remote has this pod"),
                Some(_) => Ok(()),
                None => refuse("choose a pod of a remote first"),
            },
        },
        Action::Load if !matches!(chosen, RowId::RemotePod(..) | RowId::RemoteVersion(.., Selector::Version(_))) => {
            refuse("choose a pod of a remote first")
        }
        Action::Load => needs_instance(state),
        Action::Rename | Action::Delete if chosen.local_pod().is_none() => refuse("choose a local pod first"),
        Action::Filter | Action::ExpandAll | Action::CollapseAll if state.tree().is_none() => {
            refuse("there is no tree on screen")
        }
        Action::Save if super::outside::chosen_blob(state).is_none() => {
            refuse("choose a resource that has a body or code first")
        }
        Action::Edit | Action::Pager if !matches!(state.detail.content, Some(Ok(_))) => {
            refuse("choose a resource in the tree first")
        }
        Action::Follow if super::places::references(state).is_empty() => {
            refuse("nothing here refers to another resource of this version")
        }
        Action::Referrers if state.chosen_resource().is_none() => refuse("choose a resource in the tree first"),
        Action::Backward if !state.jumps.has(true) => refuse("there is nowhere to go back to"),
        Action::Forward if !state.jumps.has(false) => refuse("there is nowhere to go forward to"),
        Action::Blame if state.chosen_resource().is_none() => refuse("choose a resource in the tree first"),
        Action::Blame if *chosen == RowId::Live => refuse("the live instance has no history: choose a version"),
        Action::CancelTask | Action::Retry | Action::Hurry => match state.overlays.last() {
            Some(Overlay::Tasks(view)) => match (action, state.tasks.iter().rev().nth(view.cursor.at)) {
                (_, None) => refuse("there is no task"),
                (Action::CancelTask, Some(task)) if task.state.is_over() => refuse("this task is over"),
                (Action::Hurry, Some(task)) if task.state != TaskState::Queued => refuse("this task does not wait"),
                (Action::Retry, Some(task)) => match state.undone.get(&task.id) {
                    Some(Job::Apply { .. }) => refuse("what is left of it must be planned anew: inject it again"),
                    Some(_) => Ok(()),
                    None => refuse("only what failed or was cancelled is done again"),
                },
                _ => Ok(()),
            },
            _ => Err(format!("only in the task panel: {} opens it", key(Action::Tasks))),
        },
        _ => Ok(()),
    }
}

fn needs_instance(state: &State) -> Result<(), String> {
    match &state.pods.live {
        Live::Online(..) => Ok(()),
        Live::Looking => Err("still looking for the emulator".to_owned()),
        Live::Offline(_) => {
            let (again, start) = (state.key(Action::Refresh), state.key(Action::StartInstance));
            Err(format!(
                "no emulator answers at {}: start yours and press {again}, or {start} starts one",
                state.endpoint
            ))
        }
    }
}

/// The remotes known to have a pod of this name.
pub fn remotes_with(state: &State, pod: &crate::pod::PodName) -> Vec<crate::pod::RemoteName> {
    let has = |pods: &Listing<Vec<crate::ops::RemotePod>>| match pods {
        Listing::Ready(pods) => pods.iter().any(|found| found.name == *pod),
        _ => false,
    };
    state.pods.remotes().iter().filter(|remote| has(&remote.pods)).map(|remote| remote.config.name.clone()).collect()
}

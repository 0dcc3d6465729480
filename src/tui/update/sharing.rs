//! Pods to and from remotes.

use super::act::{inject_version, submit};
use super::enabled::remotes_with;
use crate::pod::{Reference, Selector};
use crate::tasks::Job;
use crate::tui::message::Effect;
use crate::tui::model::list::Cursor;
use crate::tui::model::pods::RowId;
use crate::tui::overlay::{Choice, Menu, Overlay};
use crate::tui::state::State;

pub(super) fn ask_push(state: &mut State) {
    let Some(pod) = state.pods.chosen().local_pod().cloned() else { return };
    let items = state.pods.remotes().iter().map(|remote| {
        let name = remote.config.name.clone();
        (name.to_string(), remote.config.url.clone(), run(Job::Push { pod: pod.clone(), remote: name }))
    });
    let menu = Menu { title: format!("Push {pod} to"), items: items.collect(), cursor: Cursor::default() };
    state.overlays.push(Overlay::Menu(menu));
}

pub(super) fn pull(state: &mut State) -> Vec<Effect> {
    let job = |remote, pod, number| Job::Pull { remote, pod, number, into: None };
    match state.pods.chosen().clone() {
        RowId::RemotePod(remote, pod) => submit(job(remote, pod, None)),
        RowId::RemoteVersion(remote, pod, Selector::Version(number)) => submit(job(remote, pod, Some(number))),
        row => {
            let Some(pod) = row.local_pod().cloned() else { return Vec::new() };
            let remotes = remotes_with(state, &pod);
            if let [remote] = remotes.as_slice() {
                return submit(job(remote.clone(), pod, None));
            }
            let items = remotes.into_iter().map(|remote| {
                let url = state.pods.remote(&remote).map(|listing| listing.config.url.clone()).unwrap_or_default();
                (remote.to_string(), url, run(job(remote, pod.clone(), None)))
            });
            let menu = Menu { title: format!("Pull {pod} from"), items: items.collect(), cursor: Cursor::default() };
            state.overlays.push(Overlay::Menu(menu));
            Vec::new()
        }
    }
}

/// Pulls the chosen remote pod, and plans to inject it once that is done.
pub(super) fn load(state: &mut State) -> Vec<Effect> {
    let (remote, pod, number) = match state.pods.chosen().clone() {
        RowId::RemotePod(remote, pod) => (remote, pod, None),
        RowId::RemoteVersion(remote, pod, Selector::Version(number)) => (remote, pod, Some(number)),
        _ => return Vec::new(),
    };
    let reference = Reference::Pod { remote: None, pod: pod.clone(), selector: Selector::Head };
    let pull = Job::Pull { remote, pod, number, into: None };
    let mut effects = inject_version(state, reference);
    // The plan is shown as one that is being made, and made when the pull is done.
    let planning = effects.iter().position(|effect| matches!(effect, Effect::Submit(_)));
    if let Some(Effect::Submit(plan)) = planning.map(|at| effects.remove(at)) {
        effects.push(Effect::Chain(vec![pull, *plan]));
    }
    effects
}

fn run(job: Job) -> Choice {
    Choice::Run(Box::new(job))
}

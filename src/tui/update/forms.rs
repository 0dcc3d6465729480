//! Forms: typing in them, and what comes of one that is filled in.

use clap::ValueEnum;
use crossterm::event::{KeyCode, KeyEvent};

use super::overlays::close;
use super::{input_request, places};
use crate::ops::{CommitArgs, Look, Take, Target};
use crate::pod::{Arrangement, Grouping, PodName, RemoteName, Side};
use crate::remote::{RemoteConfig, SecretsMode};
use crate::tasks::Job;
use crate::tui::message::Effect;
use crate::tui::overlay::{Form, Overlay, Purpose};
use crate::tui::state::State;

pub(super) fn press(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Form(form)) = state.overlays.last_mut() else { return Vec::new() };
    let count = form.fields.len();
    match key.code {
        KeyCode::Esc => return close(state),
        KeyCode::Tab | KeyCode::Down => form.at = (form.at + 1) % count.max(1),
        KeyCode::BackTab | KeyCode::Up => form.at = (form.at + count.max(1) - 1) % count.max(1),
        KeyCode::Enter if form.at + 1 < count => form.at += 1,
        KeyCode::Enter => return send(state),
        _ => {
            let at = form.at;
            if let (Some(request), Some(field)) = (input_request(key), form.fields.get_mut(at)) {
                field.input.handle(request);
                form.error = None;
            }
        }
    }
    Vec::new()
}

/// Reads a filled-in form; what is wrong with it is said in it.
fn send(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Form(form)) = state.overlays.last_mut() else { return Vec::new() };
    if form.purpose == Purpose::GroupByTag {
        let tag = form.value(0).to_owned();
        if tag.is_empty() {
            form.error = Some("name a tag".to_owned());
            return Vec::new();
        }
        state.overlays.pop();
        let arrangement = Arrangement { grouping: Grouping::Tag(tag), ..state.arrangement.clone() };
        places::arrange(state, arrangement);
        return Vec::new();
    }
    match effect_of(form) {
        Some(effect) => {
            state.overlays.pop();
            vec![effect]
        }
        None => Vec::new(),
    }
}

fn effect_of(form: &mut Form) -> Option<Effect> {
    let job = match form.purpose.clone() {
        Purpose::GroupByTag => return None,
        Purpose::SaveBody(blob) => return Some(Effect::Save(blob, form.value(0).into())),
        Purpose::Commit => {
            let pod = form.parse::<PodName>(0)?;
            Job::Commit(CommitArgs {
                pod,
                message: form.value(1).to_owned(),
                services: Vec::new(),
                strict: false,
                native: false,
                look: Look::Whole,
            })
        }
        Purpose::Rename(from) => Job::Rename { from, to: form.parse::<PodName>(0)? },
        Purpose::PullAs { remote, pod, number } => {
            let into = form.parse::<PodName>(0)?;
            Job::Pull { remote, pod, number, into: Some(into) }
        }
        Purpose::Take(pod) => {
            let targets = if form.value(0).is_empty() { Vec::new() } else { vec![form.parse::<Target>(0)?] };
            let side = match form.value(1) {
                "ours" => Side::Ours,
                "base" => Side::Base,
                "theirs" => Side::Theirs,
                _ => {
                    form.error = Some("say which side: ours, base or theirs".to_owned());
                    form.at = 1;
                    return None;
                }
            };
            Job::Choose { pod, targets, take: Take::Side(side) }
        }
        Purpose::Settle(pod) => {
            let message = Some(form.value(0).to_owned()).filter(|message| !message.is_empty());
            Job::Settle { pod, message }
        }
        Purpose::AddRemote => {
            let name = form.parse::<RemoteName>(0)?;
            let url = form.value(1).to_owned();
            if url.is_empty() {
                form.error = Some("a remote needs a URL: file:///folder, oci://host/path or s3://bucket".to_owned());
                form.at = 1;
                return None;
            }
            let secrets = match form.value(2) {
                "" => None,
                word => match SecretsMode::from_str(word, true) {
                    Ok(mode) => Some(mode),
                    Err(_) => {
                        form.error = Some("secrets are redacted, encrypted or included: say which".to_owned());
                        form.at = 2;
                        return None;
                    }
                },
            };
            let keys = form.value(3).split(',').map(str::trim).filter(|key| !key.is_empty());
            let recipients = keys.map(str::to_owned).collect();
            Job::AddRemote(RemoteConfig { secrets, recipients, ..RemoteConfig::new(name, url) })
        }
    };
    Some(Effect::Submit(Box::new(job)))
}

//! Keys of a plan: another strategy, steps left out, and its yes and no.

use crossterm::event::{KeyCode, KeyEvent};

use super::act::submit;
use super::overlays::{beneath, close};
use super::{action_of, outcome, perform};
use crate::instance::Strategy;
use crate::pod::Pattern;
use crate::tasks::{Job, inject_command};
use crate::tui::action::{Action, Scope};
use crate::tui::message::Effect;
use crate::tui::model::list::Move;
use crate::tui::overlay::{Overlay, PlanStage, PlanView};
use crate::tui::state::State;

pub(super) fn press(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Plan(view)) = state.overlays.last_mut() else { return Vec::new() };
    let strategy = match key.code {
        KeyCode::Char('1') => Some(Strategy::AccountRegionMerge),
        KeyCode::Char('2') => Some(Strategy::ServiceMerge),
        KeyCode::Char('3') => Some(Strategy::Overwrite),
        KeyCode::Char('4') => Some(Strategy::ThreeWay),
        _ => None,
    };
    if let (Some(strategy), Some(args)) = (strategy, &view.args) {
        if args.strategy == strategy {
            return Vec::new();
        }
        let args = crate::ops::InjectArgs { strategy, ..args.clone() };
        return outcome::plan_again(state, Some(args));
    }
    match key.code {
        KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right => {
            view.yes = !view.yes;
            return Vec::new();
        }
        KeyCode::Char('y') => return apply(state),
        KeyCode::Enter if view.yes => return apply(state),
        KeyCode::Enter | KeyCode::Char('n') => return close(state),
        _ => {}
    }
    match action_of(state, key) {
        Some(Action::Back | Action::Quit) => close(state),
        Some(action) if action.info().scope == Scope::Plan => perform(state, action),
        Some(action) => beneath(state, action),
        None => Vec::new(),
    }
}

/// Leaves the chosen step out, or takes it in again.
pub(super) fn leave_out(view: &mut PlanView) -> Result<(), String> {
    let PlanStage::Ready(prepared) = &view.stage else { return Ok(()) };
    let Some(step) = prepared.plan.steps.get(view.cursor.at) else { return Ok(()) };
    let own = Pattern::of(&step.key);
    match view.left_out.iter().position(|pattern| pattern.matches(&step.key)) {
        None => view.left_out.push(own),
        Some(at) if view.left_out.get(at) == Some(&own) => {
            view.left_out.remove(at);
        }
        Some(at) => {
            let with = view.left_out.get(at).map(Pattern::to_string).unwrap_or_default();
            return Err(format!("it is left out with {with}"));
        }
    }
    let rows = prepared.plan.steps.len() + prepared.plan.notes.len();
    view.cursor.step(Move::Down(1), rows);
    Ok(())
}

fn apply(state: &mut State) -> Vec<Effect> {
    let ready = matches!(
        state.overlays.last(),
        Some(Overlay::Plan(view)) if matches!(&view.stage, PlanStage::Ready(prepared) if !prepared.plan.steps.is_empty())
    );
    if !ready {
        // Nothing to apply: Enter and y close it all the same, once it is clear that nothing will come.
        let waiting = matches!(
            state.overlays.last(),
            Some(Overlay::Plan(view)) if matches!(view.stage, PlanStage::Planning(_))
        );
        return if waiting { Vec::new() } else { close(state) };
    }
    let Some(Overlay::Plan(view)) = state.overlays.pop() else { return Vec::new() };
    let PlanView { args, stage, left_out, .. } = *view;
    let PlanStage::Ready(mut prepared) = stage else { return Vec::new() };
    prepared.plan.steps.retain(|step| !left_out.iter().any(|pattern| pattern.matches(&step.key)));
    if prepared.plan.steps.is_empty() {
        state.hint("every step was left out: nothing was changed");
        return Vec::new();
    }
    let command = match args {
        None => "podex undo --yes".to_owned(),
        Some(mut args) => {
            args.filter.except.extend(left_out);
            format!("{} --yes", inject_command(&args))
        }
    };
    submit(Job::Apply { prepared, command })
}

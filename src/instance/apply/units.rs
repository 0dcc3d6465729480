//! Which steps are carried out together: creates that an adapter can do many of in one call.

use std::collections::{BTreeMap, HashSet};

use crate::catalog::Catalog;
use crate::instance::plan::order::{Need, adapter_of, parent_key, sequence_key};
use crate::instance::{Plan, StepAction};
use crate::pod::{Observed, ResourceKey};

/// Nodes (steps and barriers) in units that start together, and what each unit waits for.
pub struct Units {
    /// The nodes of each unit.
    pub nodes: Vec<Vec<usize>>,
    /// The units that wait for each unit.
    pub dependents: Vec<Vec<usize>>,
    /// How many units each unit waits for.
    pub open: Vec<usize>,
}

impl Units {
    /// Groups the nodes.
    pub fn new(
        catalog: &Catalog,
        plan: &Plan,
        needs: &[Vec<Need>],
        observed: &dyn Fn(&ResourceKey) -> Option<Observed>,
    ) -> Self {
        let mut nodes = grouped(catalog, plan, observed);
        let taken: HashSet<usize> = nodes.iter().flatten().copied().collect();
        nodes.extend((0..needs.len()).filter(|node| !taken.contains(node)).map(|node| vec![node]));
        // Units start in the order of the plan, as far as nothing else orders them.
        nodes.sort_by_key(|unit| unit.first().copied());
        let mut unit_of = vec![0; needs.len()];
        for (unit, members) in nodes.iter().enumerate() {
            members.iter().for_each(|&node| unit_of[node] = unit);
        }
        let mut dependents = vec![Vec::new(); nodes.len()];
        let mut open = vec![0; nodes.len()];
        for (unit, members) in nodes.iter().enumerate() {
            let waits_for: HashSet<usize> = members
                .iter()
                .flat_map(|&node| needs[node].iter().map(|need| unit_of[need.node]))
                .filter(|&other| other != unit)
                .collect();
            open[unit] = waits_for.len();
            waits_for.into_iter().for_each(|other| dependents[other].push(unit));
        }
        Self { nodes, dependents, open }
    }
}

/// Creates of adapters that take batches, by parent, in the adapter's order and cut to its size. A step of another
/// kind between two creates of an ordered type keeps them apart.
fn grouped(catalog: &Catalog, plan: &Plan, observed: &dyn Fn(&ResourceKey) -> Option<Observed>) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (node, step) in plan.steps.iter().enumerate() {
        if let Some(adapter) = adapter_of(&step.key).filter(|adapter| adapter.batch() > 1) {
            let group =
                (step.key.service.clone(), step.key.kind.clone(), parent_key(catalog, &step.key), adapter.batch());
            groups.entry(group).or_default().push(node);
        }
    }
    let mut units = Vec::new();
    for ((_, _, _, size), mut nodes) in groups {
        nodes.sort_by_cached_key(|&node| sequence_key(&plan.steps[node], observed));
        let creates = |node: &usize| plan.steps[*node].action == StepAction::Create;
        for run in nodes.chunk_by(|one, other| creates(one) && creates(other)) {
            units.extend(run.chunks(size).filter(|unit| unit.len() > 1).map(<[usize]>::to_vec));
        }
    }
    units
}

//! Which step waits for which.
//!
//! Parents before children (deletes the other way round), what an attribute names before what names it, and the
//! catalog's `after` between whole types. The last goes through barrier nodes, so that it stays linear in the
//! number of steps. Late attributes are left out: they are applied when all else is there, which is what breaks
//! the cycles between a bucket and the queue it notifies.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::catalog::Catalog;
use crate::instance::adapters::{Adapter, adapter};
use crate::instance::known::Known;
use crate::instance::{Step, StepAction};
use crate::pod::{Observed, ResourceKey, tokens_in};

/// What a step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The node waited for.
    pub node: usize,
    /// Whether it must have worked, not only be over.
    pub must_work: bool,
}

/// For each node what it waits for. Nodes below the number of steps are steps; the others are barriers.
/// `observed` gives what the pod has observed of a resource, which may say where it stands among its siblings.
pub fn needs(catalog: &Catalog, steps: &[Step], observed: &dyn Fn(&ResourceKey) -> Option<Observed>) -> Vec<Vec<Need>> {
    let mut graph = Graph::new(catalog, steps);
    for (node, step) in steps.iter().enumerate() {
        graph.parents(node, step);
        graph.references(node, step);
    }
    graph.types();
    for group in sequences(catalog, steps, observed) {
        group.windows(2).for_each(|pair| graph.add(pair[1], pair[0], false));
    }
    graph.needs
}

/// An order of all nodes in which each comes behind what it waits for. Cycles, which a sound catalog has none of,
/// are broken at the first node in them.
pub fn sorted(needs: &[Vec<Need>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut dependents = vec![Vec::new(); needs.len()];
    for (node, list) in needs.iter().enumerate() {
        list.iter().for_each(|need| dependents[need.node].push(node));
    }
    let mut ready: BTreeSet<usize> = (0..needs.len()).filter(|&node| waiting[node] == 0).collect();
    let mut left: BTreeSet<usize> = (0..needs.len()).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(node) = ready.pop_first().or_else(|| left.first().copied()) {
        left.remove(&node);
        order.push(node);
        for &dependent in &dependents[node] {
            waiting[dependent] = waiting[dependent].saturating_sub(1);
            if waiting[dependent] == 0 && left.contains(&dependent) {
                ready.insert(dependent);
            }
        }
    }
    order
}

struct Graph<'a> {
    catalog: &'a Catalog,
    steps: &'a [Step],
    by_key: HashMap<&'a ResourceKey, usize>,
    by_arn: HashMap<String, usize>,
    needs: Vec<Vec<Need>>,
}

impl<'a> Graph<'a> {
    fn new(catalog: &'a Catalog, steps: &'a [Step]) -> Self {
        let by_key = steps.iter().enumerate().map(|(node, step)| (&step.key, node)).collect();
        let by_arn =
            steps.iter().enumerate().filter_map(|(node, step)| Some((arn_of_step(catalog, step)?, node))).collect();
        Self { catalog, steps, by_key, by_arn, needs: vec![Vec::new(); steps.len()] }
    }

    fn add(&mut self, node: usize, on: usize, must_work: bool) {
        if node != on && !self.needs[node].iter().any(|need| need.node == on) {
            self.needs[node].push(Need { node: on, must_work });
        }
    }

    /// Whether the step makes its resource. One that only changes it leaves it usable, even when it fails.
    fn is_made(&self, node: usize) -> bool {
        matches!(self.steps[node].action, StepAction::Create | StepAction::Replace)
    }

    fn parents(&mut self, node: usize, step: &Step) {
        let Some(parent) = parent_key(self.catalog, &step.key).and_then(|key| self.by_key.get(&key).copied()) else {
            return;
        };
        if step.action == StepAction::Delete {
            self.add(parent, node, true);
        } else {
            self.add(node, parent, self.is_made(parent));
        }
    }

    /// What the wanted document names must be there first; what the current one names goes after it is gone.
    fn references(&mut self, node: usize, step: &Step) {
        let Some(spec) = self.catalog.get(&step.key.service, &step.key.kind) else { return };
        if spec.data {
            return;
        }
        let named = |attributes: &Map<String, Value>| {
            let mut found = Vec::new();
            for (_, value) in attributes.iter().filter(|(name, _)| !spec.is_late(name)) {
                self.named_in(value, &mut found);
            }
            found
        };
        let wanted = step.wanted().map(|document| named(&document.attributes)).unwrap_or_default();
        let current = step.current().map(|document| named(&document.attributes)).unwrap_or_default();
        for on in wanted {
            if self.steps[on].action != StepAction::Delete {
                self.add(node, on, self.is_made(on));
            }
        }
        for gone in current {
            if self.steps[gone].action == StepAction::Delete {
                self.add(gone, node, false);
            }
        }
    }

    fn named_in(&self, value: &Value, found: &mut Vec<usize>) {
        match value {
            Value::String(text) => {
                found.extend(tokens_in(text).iter().filter_map(|token| self.by_key.get(&token.key).copied()));
                found.extend(arns_in(text).filter_map(|arn| self.longest_arn(arn)));
            }
            Value::Array(values) => values.iter().for_each(|value| self.named_in(value, found)),
            Value::Object(members) => members.values().for_each(|value| self.named_in(value, found)),
            _ => {}
        }
    }

    /// The step of the resource whose ARN this is, or begins with.
    fn longest_arn(&self, mut arn: &str) -> Option<usize> {
        loop {
            if let Some(&node) = self.by_arn.get(arn) {
                return Some(node);
            }
            arn = &arn[..arn.rfind([':', '/'])?];
        }
    }

    /// The catalog's order between types, within an account.
    fn types(&mut self) {
        let mut of_type: HashMap<(&str, String), Vec<usize>> = HashMap::new();
        for (node, step) in self.steps.iter().enumerate() {
            let kind = format!("{}/{}", step.key.service, step.key.kind);
            of_type.entry((step.key.account.as_str(), kind)).or_default().push(node);
        }
        let mut all: Vec<_> = of_type.iter().collect();
        all.sort_unstable();
        for ((account, kind), nodes) in &all {
            let spec = kind.split_once('/').and_then(|(service, kind)| self.catalog.get(service, kind));
            let deletes = |node: &usize| self.steps[*node].action == StepAction::Delete;
            if spec.is_some_and(|spec| spec.keeps_id) {
                // What takes an id over would go with what had it.
                let (gone, made): (Vec<usize>, Vec<usize>) = nodes.iter().partition(|node| deletes(node));
                self.barrier(&gone, &made);
            }
            for before in spec.map_or(&[][..], |spec| &spec.after) {
                let Some(first) = of_type.get(&(*account, before.clone())) else { continue };
                let deletes = |node: &usize| self.steps[*node].action == StepAction::Delete;
                let (gone, made): (Vec<usize>, Vec<usize>) = first.iter().partition(|node| deletes(node));
                let not_gone: Vec<usize> = nodes.iter().filter(|node| !deletes(node)).copied().collect();
                self.barrier(&made, &not_gone);
                // What depends on a type lets go of it before it is deleted. Nothing holds on to user data.
                if before.split_once('/').and_then(|(s, k)| self.catalog.get(s, k)).is_some_and(|spec| spec.data) {
                    continue;
                }
                let letting_go: Vec<usize> =
                    nodes.iter().filter(|node| self.steps[**node].action != StepAction::Create).copied().collect();
                self.barrier(&letting_go, &gone);
            }
        }
    }

    fn barrier(&mut self, first: &[usize], then: &[usize]) {
        if first.is_empty() || then.is_empty() {
            return;
        }
        let barrier = self.needs.len();
        self.needs.push(first.iter().map(|&node| Need { node, must_work: false }).collect());
        for &node in then {
            self.needs[node].push(Need { node: barrier, must_work: false });
        }
    }
}

/// The steps of ordered adapters, by parent, each in the order in which they must follow one another.
fn sequences(
    catalog: &Catalog,
    steps: &[Step],
    observed: &dyn Fn(&ResourceKey) -> Option<Observed>,
) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (node, step) in steps.iter().enumerate() {
        if adapter_of(&step.key).is_some_and(|adapter| adapter.ordered()) {
            groups.entry((&step.key.kind, parent_key(catalog, &step.key))).or_default().push(node);
        }
    }
    let order = |mut group: Vec<usize>| {
        group.sort_by_cached_key(|&node| sequence_key(&steps[node], observed));
        group
    };
    groups.into_values().map(order).collect()
}

/// Where a step stands among its siblings. What goes makes room first: it has no position.
pub fn sequence_key(step: &Step, observed: &dyn Fn(&ResourceKey) -> Option<Observed>) -> (Option<u64>, ResourceKey) {
    let adapter = adapter_of(&step.key).filter(|adapter| adapter.ordered());
    let position = match adapter {
        Some(adapter) => step.wanted().map(|wanted| adapter.position(&wanted, observed(&step.key).as_ref())),
        None => step.wanted.as_ref().map(|_| 0),
    };
    (position, step.key.clone())
}

/// The adapter of a resource's type.
pub fn adapter_of(key: &ResourceKey) -> Option<&'static dyn Adapter> {
    adapter(&format!("{}/{}", key.service, key.kind))
}

/// The key of the resource that contains this one.
pub fn parent_key(catalog: &Catalog, key: &ResourceKey) -> Option<ResourceKey> {
    let kind = catalog.parent_kind(&key.service, &key.kind)?;
    let parent = catalog.get(&key.service, kind)?;
    // A table type's depth is known; an adapter's parent has all segments but the last ones its children add.
    let depth = depth(catalog, &key.service, parent.kind()).min(key.name.len());
    Some(ResourceKey::new(&key.account, &key.region, &key.service, kind, key.name.iter().take(depth)))
}

/// How many segments the names of a type have.
fn depth(catalog: &Catalog, service: &str, kind: &str) -> usize {
    let Some(spec) = catalog.get(service, kind) else { return 0 };
    let above = spec.parent.as_deref().map_or(0, |parent| depth(catalog, service, parent));
    above + spec.name.len().max(1)
}

fn arn_of_step(catalog: &Catalog, step: &Step) -> Option<String> {
    catalog.get(&step.key.service, &step.key.kind)?.arn.as_ref()?;
    arn_of(catalog, &step.key, &step.wanted().or_else(|| step.current())?.attributes)
}

/// The ARN others name a resource by, where the catalog can tell it from the document.
pub fn arn_of(catalog: &Catalog, key: &ResourceKey, attributes: &Map<String, Value>) -> Option<String> {
    let arn = catalog.get(&key.service, &key.kind)?.arn.as_ref()?;
    let mut known = Known::of_key(key);
    known.set("attributes", attributes.clone());
    arn.fill_text(&known.0)
}

/// What looks like an ARN in a text.
pub fn arns_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("arn:aws").map(|(start, _)| {
        let rest = &text[start..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '}' | ')' | ']'));
        &rest[..end.unwrap_or(rest.len())]
    })
}

//! A version's resources as an indented tree.

use super::format::clean;
use super::output::Paint;
use crate::ops::Context;
use crate::pod::{Metamodel, NodeId, NodeKind, ResourceKey};

/// The tree of these resources.
pub(super) fn tree(context: &Context, keys: Vec<ResourceKey>, paint: Paint) -> String {
    let parent_kind = |service: &str, kind: &str| context.catalog.parent_kind(service, kind).map(str::to_owned);
    let model = Metamodel::from_keys(keys, &parent_kind);
    let mut text = String::new();
    below(&model, Metamodel::ROOT, "", paint, &mut text);
    if text.is_empty() {
        text.push_str("nothing in it\n");
    }
    text
}

fn below(model: &Metamodel, parent: NodeId, indent: &str, paint: Paint, text: &mut String) {
    let mut children = model.children(parent).peekable();
    while let Some(id) = children.next() {
        let node = model.node(id);
        let last = children.peek().is_none();
        let (branch, deeper) = match (parent == Metamodel::ROOT, last) {
            (true, _) => ("", ""),
            (false, true) => ("└─ ", "   "),
            (false, false) => ("├─ ", "│  "),
        };
        let label = clean(node.label);
        let label = match node.kind {
            NodeKind::Resource => label.into_owned(),
            _ => format!("{} {}", paint.bold(&label), paint.dim(&format!("({})", node.resources))),
        };
        text.push_str(&format!("{}{label}\n", paint.dim(&format!("{indent}{branch}"))));
        below(model, id, &format!("{indent}{deeper}"), paint, text);
    }
}

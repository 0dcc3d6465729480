//! What is known of a resource while its calls are made: the values that the catalog's placeholders name.

use serde_json::{Map, Value, json};

use crate::aws::Scope;
use crate::catalog::Template;
use crate::catalog::spec::{Call, TypeSpec};
use crate::pod::{GLOBAL_REGION, Observed, ResourceKey};

/// Values by placeholder root.
#[derive(Clone, Debug, Default)]
pub struct Known(pub Map<String, Value>);

impl Known {
    /// What a scope says.
    pub fn of_scope(scope: &Scope) -> Self {
        let mut known = Self::default();
        known.set("account", scope.account.clone());
        known.set("region", scope.region.clone());
        known
    }

    /// What a key says: its names, and with them those of its parent.
    pub fn of_key(key: &ResourceKey) -> Self {
        let mut known = Self::of_scope(&scope_of(key));
        known.set_name(&key.name);
        known
    }

    /// Sets one root.
    pub fn set(&mut self, root: &str, value: impl Into<Value>) {
        self.0.insert(root.to_owned(), value.into());
    }

    /// Sets what a name says.
    pub fn set_name(&mut self, name: &[String]) {
        let own = name.last().cloned().unwrap_or_default();
        self.set("name", own);
        self.set("names", name.to_vec());
    }

    /// Sets what is known of the resource that contains this one.
    pub fn set_parent(
        &mut self,
        spec: &TypeSpec,
        key: &ResourceKey,
        attributes: Map<String, Value>,
        observed: Observed,
    ) {
        let mut parent = Self::of_key(key);
        parent.set("attributes", attributes.clone());
        parent.set("observed", observed.clone());
        let arn = spec.arn.as_ref().and_then(|arn| arn.fill_text(&parent.0));
        self.set("parent", json!({"name": key.own_name(), "arn": arn, "attributes": attributes, "observed": observed}));
    }

    /// Computes the ARN from what is known by now.
    pub fn set_arn(&mut self, spec: &TypeSpec) {
        if let Some(arn) = spec.arn.as_ref().and_then(|arn| arn.fill_text(&self.0)) {
            self.set("arn", arn);
        }
    }

    /// A call's input: the type's `id` with the call's own members over it.
    pub fn input(&self, spec: &TypeSpec, call: &Call) -> Value {
        self.input_of(if call.bare { None } else { spec.id.as_ref() }, call.input.as_ref())
    }

    /// The members of `own` over those of `id`.
    pub fn input_of(&self, id: Option<&Template>, own: Option<&Template>) -> Value {
        let mut members = Map::new();
        for template in [id, own].into_iter().flatten() {
            if let Some(Value::Object(filled)) = template.fill(&self.0) {
                members.extend(filled);
            }
        }
        Value::Object(members)
    }
}

/// The scope that calls about a resource go to.
pub fn scope_of(key: &ResourceKey) -> Scope {
    let region = if key.region == GLOBAL_REGION { HOME_REGION } else { &key.region };
    Scope { account: key.account.clone(), region: region.to_owned() }
}

/// Where global and account-wide calls go.
pub const HOME_REGION: &str = "us-east-1";

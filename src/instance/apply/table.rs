//! Creates, changes and deletes resources of the types that the catalog describes.

use std::time::Duration;

use serde_json::{Map, Value};

use super::facets::{self, Phase};
use crate::aws::{AwsError, ErrorClass, Scope};
use crate::catalog::look_up;
use crate::catalog::spec::{Call, TypeSpec};
use crate::instance::Instance;
use crate::instance::capture::{entries, is_absent, named, read};
use crate::instance::known::Known;
use crate::pod::{Document, Observed, ResourceKey};

/// Between two looks at a resource that is not usable yet.
const READY_PAUSE: Duration = Duration::from_millis(200);

/// Looks before giving up: with the pause above, a minute.
const READY_LOOKS: u32 = 300;

/// One resource that calls are made about.
pub struct Target<'a> {
    /// Where calls go.
    pub instance: &'a Instance,
    /// Where.
    pub scope: Scope,
    /// Which.
    pub key: &'a ResourceKey,
    /// Its type.
    pub spec: &'a TypeSpec,
    /// What the placeholders name.
    pub known: Known,
    /// What is observed of it.
    pub observed: Observed,
}

impl Target<'_> {
    /// Sets what is observed, and what follows from it.
    pub fn observe(&mut self, observed: Observed) {
        self.observed.extend(observed);
        self.known.set("observed", self.observed.clone());
        self.known.set_arn(self.spec);
    }

    /// Creates the resource with its early facets. What is there already is brought to the wanted state.
    pub async fn create(&mut self, wanted: &Document) -> Result<(), AwsError> {
        let Some(create) = &self.spec.create else { return Ok(()) };
        let wanted = &wanted.attributes;
        self.set_attributes(wanted);
        let is_given = self.spec.is_given(self.key.own_name(), wanted);
        if is_given || self.spec.look_first {
            match self.read().await? {
                Some(current) => return facets::apply(self, Phase::Early, &current, wanted).await,
                None if is_given => return Err(self.error(&create.op, "did not come with its parent")),
                None => {}
            }
        }
        let input = self.known.input_of(None, Some(&create.input));
        let current = match self.instance.client.call(&self.scope, &self.key.service, &create.op, input).await {
            Ok(out) => {
                self.known.set("out", out);
                let observed = create.observed.iter();
                let observed = observed.filter_map(|(field, value)| Some((field.clone(), value.fill(&self.known.0)?)));
                let observed = observed.collect();
                self.observe(observed);
                self.wait_until_ready().await?;
                if self.spec.reread { self.read().await? } else { None }.unwrap_or_else(|| self.covered(wanted))
            }
            Err(error) => match self.read_if_there(&error).await? {
                Some(current) => current,
                None => return Err(error),
            },
        };
        facets::apply(self, Phase::Early, &current, wanted).await
    }

    /// Brings the facets of a phase from `current` to `wanted`.
    pub async fn turn(&mut self, phase: Phase, current: &Document, wanted: &Document) -> Result<(), AwsError> {
        self.set_attributes(&wanted.attributes);
        facets::apply(self, phase, &current.attributes, &wanted.attributes).await
    }

    /// Deletes the resource. What is not there is deleted already.
    pub async fn delete(&mut self, current: &Document) -> Result<(), AwsError> {
        let gone = |result: Result<(), AwsError>| match result {
            Err(error) if error.class == ErrorClass::NotFound => Ok(()),
            other => other,
        };
        self.set_attributes(&current.attributes);
        if !self.spec.clear_before_delete.is_empty() {
            let mut cleared = current.attributes.clone();
            cleared.retain(|name, _| !self.spec.clear_before_delete.contains(name));
            gone(facets::apply(self, Phase::Early, &current.attributes, &cleared).await)?;
            self.set_attributes(&current.attributes);
        }
        let calls = &self.spec.delete;
        gone(self.calls(calls).await)
    }

    fn set_attributes(&mut self, attributes: &Map<String, Value>) {
        self.known.set("attributes", crate::instance::capture::wire(self.spec, attributes.clone()));
        self.known.set_arn(self.spec);
    }

    /// What the create call has set.
    fn covered(&self, wanted: &Map<String, Value>) -> Map<String, Value> {
        let covered = self.spec.covered();
        wanted.iter().filter(|(name, _)| covered.contains(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
    }

    /// After a refused create: the resource's attributes, if it is there after all.
    async fn read_if_there(&mut self, error: &AwsError) -> Result<Option<Map<String, Value>>, AwsError> {
        match error.class {
            ErrorClass::Conflict | ErrorClass::Service => self.read().await,
            _ => Ok(None),
        }
    }

    /// The resource's attributes as the instance has them; None when it is not there.
    async fn read(&mut self) -> Result<Option<Map<String, Value>>, AwsError> {
        let Some(list) = &self.spec.list else { return Ok(None) };
        let parent = self.key.name.split_at(self.key.name.len().saturating_sub(self.spec.name.len())).0;
        let mut known = self.known.clone();
        known.0.remove("observed");
        let listed = entries(self.instance, &self.scope, &self.key.service, list, &self.known).await?;
        for (name, entry) in named(self.spec, Some(parent), &known, listed.found) {
            if name.as_ref() != Some(&self.key.name) {
                continue;
            }
            let mut known = known.clone();
            known.set("item", entry);
            let read = read(self.instance, &self.scope, &self.key.service, self.spec, known).await?;
            self.observe(read.observed);
            return Ok(Some(read.document.attributes));
        }
        Ok(None)
    }

    /// Makes calls one after another.
    pub async fn calls(&mut self, calls: &[Call]) -> Result<(), AwsError> {
        for call in calls {
            let Some(each) = &call.each else {
                self.call(call).await?;
                continue;
            };
            let mut list = (**each).clone();
            list.input = list.input.or_else(|| self.spec.id.clone());
            let found = match entries(self.instance, &self.scope, &self.key.service, &list, &self.known).await {
                Err(error) if error.class == ErrorClass::NotImplemented || is_absent(&error, &[]) => Vec::new(),
                other => other?.found,
            };
            for entry in found {
                self.known.set("item", entry);
                self.call(call).await?;
            }
        }
        Ok(())
    }

    async fn call(&self, call: &Call) -> Result<(), AwsError> {
        match (self.one_call(call).await, &call.otherwise) {
            (Err(error), Some(other)) if error.class == ErrorClass::Service => self.one_call(other).await,
            (result, _) => result,
        }
    }

    async fn one_call(&self, call: &Call) -> Result<(), AwsError> {
        let input = self.known.input(self.spec, call);
        self.instance.client.call(&self.scope, &self.key.service, &call.op, input).await.map(drop)
    }

    /// Waits until the resource is usable, where its type takes time.
    pub async fn wait_until_ready(&self) -> Result<(), AwsError> {
        let Some(ready) = &self.spec.ready else { return Ok(()) };
        for _ in 0..READY_LOOKS {
            let input = self.known.input_of(self.spec.id.as_ref(), None);
            let answer = self.instance.client.call(&self.scope, &self.key.service, &ready.op, input).await?;
            if look_up(&answer, &ready.out.0).and_then(Value::as_str) == Some(&ready.equals) {
                return Ok(());
            }
            tokio::time::sleep(READY_PAUSE).await;
        }
        Err(self.error(&ready.op, &format!("did not become {} in time", ready.equals)))
    }

    /// An error of ours about the resource.
    fn error(&self, operation: &str, reason: &str) -> AwsError {
        AwsError {
            class: ErrorClass::Service,
            service: self.key.service.clone(),
            operation: operation.to_owned(),
            code: None,
            status: None,
            message: format!("{} {reason}", self.key.label()),
        }
    }
}

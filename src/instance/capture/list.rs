//! Lists the resources of a type, and asks more about each where its listing says too little.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::READ_AT_ONCE;
use super::read::{is_absent, why_not};
use crate::aws::{AwsError, ErrorClass, Scope};
use crate::catalog::look_up;
use crate::catalog::spec::{Elsewhere, List};
use crate::instance::Instance;
use crate::instance::known::Known;

/// What a listing found.
#[derive(Debug, Default)]
pub struct Entries {
    /// The entries.
    pub found: Vec<Value>,
    /// What could not be asked about them: sentences. True where the emulator offers it all the same.
    pub notes: BTreeSet<(String, bool)>,
}

/// All entries of a list operation, with all that is asked about them: [`listed`], then [`complete`].
///
/// # Errors
/// When the list operation itself fails, or nothing answers any more.
pub async fn entries(
    instance: &Instance,
    scope: &Scope,
    service: &str,
    list: &List,
    known: &Known,
) -> Result<Entries, AwsError> {
    let told = listed(instance, scope, service, list, known).await?;
    complete(instance, scope, service, list, known, told).await
}

/// All entries of a list operation, of all pages, as it tells them: [`complete`] asks more about each.
///
/// # Errors
/// When the list operation itself fails, or nothing answers any more.
pub async fn listed(
    instance: &Instance,
    scope: &Scope,
    service: &str,
    list: &List,
    known: &Known,
) -> Result<Entries, AwsError> {
    let mut found = Vec::new();
    let mut pages = instance.client.pages(scope, service, &list.op, known.input_of(None, list.input.as_ref())).kept();
    while let Some(page) = pages.next().await {
        let page = match page {
            Err(error) if is_absent(&error, &list.absent) => break,
            other => other?,
        };
        for found_there in everywhere(&page, &list.items.0) {
            match (found_there, &list.keyed) {
                (Value::Object(members), Some(key)) => found.extend(members.iter().map(|(name, entry)| {
                    let mut entry = entry.as_object().cloned().unwrap_or_default();
                    entry.insert(key.clone(), name.clone().into());
                    Value::Object(entry)
                })),
                (Value::Array(entries), _) => found.extend(entries.iter().cloned()),
                // An answer that is one entry: an empty one means that there is none.
                (Value::Object(entry), None) if !entry.is_empty() => found.push(Value::Object(entry.clone())),
                _ => {}
            }
        }
    }
    let mut entries = Entries { found, notes: BTreeSet::new() };
    if let Some(elsewhere) = list.except.as_deref().filter(|_| !entries.found.is_empty()) {
        leave_out(instance, scope, elsewhere, known, &mut entries).await?;
    }
    Ok(entries)
}

/// The entries with what the listing's other calls tell about each, and without those that are no resources. What such
/// a call cannot tell is missing, and noted.
///
/// # Errors
/// When nothing answers any more.
pub async fn complete(
    instance: &Instance,
    scope: &Scope,
    service: &str,
    list: &List,
    known: &Known,
    mut entries: Entries,
) -> Result<Entries, AwsError> {
    if !list.more.is_empty() {
        let listed = std::mem::take(&mut entries.found);
        let whole = stream::iter(listed).map(|entry| whole_entry(instance, scope, service, list, known, entry));
        let whole: Vec<_> = whole.buffered(READ_AT_ONCE).try_collect().await?;
        for (entry, notes) in whole {
            entries.found.extend(entry);
            entries.notes.extend(notes);
        }
    }
    entries.found.retain(|entry| !list.skip.iter().any(|skip| skip.holds(entry)));
    Ok(entries)
}

/// Takes out what another service lists, too. All stays where that service is not there or cannot tell.
fn leave_out<'a>(
    instance: &'a Instance,
    scope: &'a Scope,
    elsewhere: &'a Elsewhere,
    known: &'a Known,
    here: &'a mut Entries,
) -> BoxFuture<'a, Result<(), AwsError>> {
    async move {
        let (service, list) = (&elsewhere.service, &elsewhere.list);
        let there = match entries(instance, scope, service, list, known).await {
            Ok(there) => there.found,
            Err(error) if error.class == ErrorClass::Connection => return Err(error),
            Err(error) if error.class == ErrorClass::NotImplemented => return Ok(()),
            Err(error) => {
                here.notes.insert(why_not(&error));
                return Ok(());
            }
        };
        let taken: Vec<&Value> = there.iter().filter_map(|entry| look_up(entry, &elsewhere.other.0)).collect();
        here.found.retain(|entry| !look_up(entry, &elsewhere.own.0).is_some_and(|own| taken.contains(&own)));
        Ok(())
    }
    .boxed()
}

/// What is at `path` below `value`; `*` means every item of a list.
pub(super) fn everywhere<'v>(value: &'v Value, path: &[String]) -> Vec<&'v Value> {
    let Some(star) = path.iter().position(|name| name == "*") else {
        return look_up(value, path).into_iter().collect();
    };
    let items = look_up(value, &path[..star]).and_then(Value::as_array);
    items.into_iter().flatten().flat_map(|item| everywhere(item, &path[star + 1..])).collect()
}

/// The entry with what the calls about it find laid over it, and what they could not tell; no entry where it has gone
/// meanwhile.
async fn whole_entry(
    instance: &Instance,
    scope: &Scope,
    service: &str,
    list: &List,
    known: &Known,
    mut entry: Value,
) -> Result<(Option<Value>, Vec<(String, bool)>), AwsError> {
    let mut notes = Vec::new();
    for call in &list.more {
        let mut known = known.clone();
        known.set("item", entry.clone());
        let answer = match instance.client.call(scope, service, &call.op, known.input_of(None, Some(&call.input))).await
        {
            Ok(answer) => answer,
            Err(error) if is_absent(&error, &list.absent) => return Ok((None, notes)),
            // Where nothing else is answered either, the emulator is lost.
            Err(error) if error.class == ErrorClass::Connection && !instance.answers().await => return Err(error),
            Err(error) => {
                notes.push(why_not(&error));
                continue;
            }
        };
        match (&mut entry, look_up(&answer, &call.out.0)) {
            (Value::Object(entry), Some(Value::Object(more))) => entry.extend(more.clone()),
            (entry, Some(more)) => *entry = more.clone(),
            (_, None) => {}
        }
    }
    Ok((Some(entry), notes))
}

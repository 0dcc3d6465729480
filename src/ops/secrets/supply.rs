//! Where the values come from that a pod to be injected lacks: the version itself, where they are encrypted to a key
//! that is here; a file; or the instance, whose own value stays.

use serde::Serialize;
use serde_json::Value;

use super::SecretsFile;
use super::incoming::{Open, decrypt};
use crate::catalog::Catalog;
use crate::ops::OpError;
use crate::pod::{Marker, ResourceKey, at, each_marker, literal_escape, property};
use crate::tree::{Difference, Tree};

/// A secret value that nobody gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingSecret {
    /// The resource.
    pub key: ResourceKey,
    /// The names down to the property.
    pub property: Vec<String>,
    /// It is there, encrypted, but no key that is here opens it.
    pub closed: bool,
    /// The whole resource is left as it is: it cannot be made without the value.
    pub left: bool,
}

impl MissingSecret {
    /// What is missing and what comes of it; a sentence.
    pub fn sentence(&self) -> String {
        let Self { key, property, closed, left } = self;
        let (resource, property) = (format!("{}/{}", key.service, key.label()), property.join("."));
        let why = if *closed { "is encrypted, and no key here opens it" } else { "was left out of the pod" };
        let end = if *left { "the resource is left" } else { "it is done without" };
        format!("{resource}: the value of {property} {why}: {end}; give it with --secrets-from FILE")
    }
}

/// Where values come from.
pub(in crate::ops) struct Sources<'a> {
    pub(in crate::ops) catalog: &'a Catalog,
    /// The instance as it is.
    pub(in crate::ops) live: &'a Tree,
    pub(in crate::ops) file: &'a SecretsFile,
    pub(in crate::ops) open: &'a Open<'a>,
}

/// What is to be done with every value that could be had.
pub(in crate::ops) struct Supplied<T = Difference> {
    pub(in crate::ops) found: Vec<T>,
    pub(in crate::ops) missing: Vec<MissingSecret>,
    /// What people should know; sentences.
    pub(in crate::ops) notes: Vec<String>,
}

/// Puts values in place of the markers in what is to be injected. No marker is left: what cannot do without a missing
/// value is taken out. One at a time is spread out, as there may be many.
pub(in crate::ops) fn supply<T>(found: Vec<T>, sources: &Sources<'_>) -> Result<Supplied<T>, OpError>
where
    T: From<Difference>,
    Difference: From<T>,
{
    let mut supplied = Supplied { found: Vec::with_capacity(found.len()), missing: Vec::new(), notes: Vec::new() };
    let mut kept = 0;
    for mut difference in found.into_iter().map(Difference::from) {
        let Difference { key, before, after: Some(wanted) } = &mut difference else {
            supplied.found.push(difference.into());
            continue;
        };
        if decrypt(key, wanted, sources.open)? == 0 {
            supplied.found.push(difference.into());
            continue;
        }
        let live = match before {
            Some(live) => Some(live.clone()),
            None => sibling(key, wanted, sources.live)?,
        };
        kept += fill(key, wanted, live.as_ref(), sources);
        let missing = do_without(key, wanted, sources.catalog);
        let is_left = missing.iter().any(|missing| missing.left);
        supplied.missing.extend(missing);
        if !is_left && difference.before != difference.after {
            supplied.found.push(difference.into());
        }
    }
    if kept > 0 {
        let values = if kept == 1 { "1 secret value" } else { &format!("{kept} secret values") };
        supplied.notes.push(format!("{values} that the pod was shared without stayed as the emulator has them"));
    }
    supplied.notes.extend(supplied.missing.iter().map(MissingSecret::sentence));
    Ok(supplied)
}

/// Puts what the file gives, or else what the instance has, in place of markers. Gives how many came from the instance.
fn fill(key: &ResourceKey, wanted: &mut Value, live: Option<&Value>, sources: &Sources<'_>) -> usize {
    // What a person writes is what the API is to get; documents have it as capture would have written it.
    let is_data = sources.catalog.get(&key.service, &key.kind).is_some_and(|spec| spec.data);
    let mut kept = 0;
    each_marker(&mut Vec::new(), wanted, &mut |path, _, value| {
        let given = sources.file.value(key, property(path)).map(|given| match given {
            Value::String(text) if !is_data => Value::String(literal_escape(text)),
            other => other.clone(),
        });
        let live = || live.and_then(|live| at(live, path)).filter(|live| Marker::of(live).is_none()).cloned();
        match given {
            Some(given) => *value = given,
            None => {
                if let Some(live) = live() {
                    *value = live;
                    kept += 1;
                }
            }
        }
    });
    kept
}

/// What the instance has in place of a resource whose name the emulator invented: one below the same parent that says
/// the same but for its secrets, as the current version of a secret does.
fn sibling(key: &ResourceKey, wanted: &Value, live: &Tree) -> Result<Option<Value>, OpError> {
    let Some((_, parents)) = key.name.split_last().filter(|(_, parents)| !parents.is_empty()) else { return Ok(None) };
    for entry in live.keys() {
        let other = entry?;
        let is_beside = other.service == key.service
            && other.kind == key.kind
            && (&other.account, &other.region) == (&key.account, &key.region)
            && other.name.len() == key.name.len()
            && other.name.starts_with(parents);
        if !is_beside {
            continue;
        }
        let Some(document) = live.get(&other)? else { continue };
        // The same, once the values that are left out are as they are there.
        let mut alike = wanted.clone();
        each_marker(&mut Vec::new(), &mut alike, &mut |path, _, value| {
            if let Some(there) = at(&document, path) {
                *value = there.clone();
            }
        });
        if alike == document {
            return Ok(Some(document));
        }
    }
    Ok(None)
}

/// Takes out the entries of maps whose values are missing, as a function's variables; anything else leaves the resource
/// as it is. Gives what is missing.
fn do_without(key: &ResourceKey, wanted: &mut Value, catalog: &Catalog) -> Vec<MissingSecret> {
    let mut missing = Vec::new();
    each_marker(&mut Vec::new(), wanted, &mut |path, marker, _| {
        let property = property(path).to_vec();
        let left = !catalog.is_map_entry(&key.service, &key.kind, &property);
        missing.push(MissingSecret { key: key.clone(), property, closed: marker.sealed().is_some(), left });
    });
    for missing in missing.iter().filter(|missing| !missing.left) {
        let Some((name, above)) = missing.property.split_last() else { continue };
        let attributes = wanted.get_mut("attributes");
        let map = above.iter().try_fold(attributes, |value, name| value.map(|value| value.get_mut(name)));
        if let Some(Value::Object(map)) = map.flatten() {
            map.remove(name);
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ops::{Context, Overrides, Paths};
    use crate::pod::{Document, Observed, Salt};

    const NO_KEY: &Open<'static> = &|_| Ok(None);

    fn version(name: &[&str]) -> ResourceKey {
        ResourceKey::new("000000000000", "us-east-1", "secretsmanager", "secret-version", name.iter().copied())
    }

    fn function() -> ResourceKey {
        ResourceKey::new("000000000000", "us-east-1", "lambda", "function", ["pay"])
    }

    fn marker(key: &ResourceKey, path: &str, value: &str) -> String {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        Marker::new(Salt::new([1; 16]), key, &path, &json!(value)).to_string()
    }

    fn secret(value: &str) -> Value {
        json!({"attributes": {"SecretString": value, "VersionStages": ["AWSCURRENT"]}})
    }

    /// What is supplied of `found`, with a live instance of these documents.
    fn supplied(live: &[(ResourceKey, Value)], found: Vec<Difference>, file: &str) -> Supplied {
        let home = tempfile::tempdir().unwrap();
        let context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
        let writer = context.store.writer().unwrap();
        for (key, document) in live {
            let document: Document = serde_json::from_value(document.clone()).unwrap();
            writer.document(key.clone(), &document, &Observed::new()).unwrap();
        }
        let roots = writer.trees().unwrap();
        writer.finish(&crate::pod::Commit::bare(roots.state, roots.observed)).unwrap();
        let path = home.path().join("secrets.toml");
        std::fs::write(&path, file).unwrap();
        let file = SecretsFile::read(&path, &crate::event::Events::silent()).unwrap();
        let live = context.store.tree(roots.state);
        supply(found, &Sources { catalog: context.catalog, live: &live, file: &file, open: NO_KEY }).unwrap()
    }

    fn left_out(key: &ResourceKey) -> Difference {
        let after = secret(&marker(key, "SecretString", "hunter2"));
        Difference { key: key.clone(), before: None, after: Some(after) }
    }

    #[test]
    fn the_file_goes_before_the_instance_and_its_own_value_before_none() {
        let (db, mail) = (version(&["db", "v1"]), version(&["mail", "v1"]));
        let mut known = left_out(&mail);
        known.before = Some(secret("the instance's"));
        let live = [(mail.clone(), secret("the instance's"))];
        let found = vec![left_out(&db), known.clone()];
        let all = supplied(&live, found.clone(), "'secretsmanager/*' = 'from the file'");
        assert_eq!(all.missing, []);
        assert!(all.found.iter().all(|found| found.after == Some(secret("from the file"))));

        // The instance's own value stays, so there is nothing to do; what it lacks is left and named.
        let some = supplied(&live, found, "");
        assert!(some.found.is_empty());
        assert_eq!(some.missing.len(), 1);
        assert!(some.missing[0].left && some.missing[0].key == db);
        assert!(
            some.notes[1].contains("secretsmanager/secret-version/db/v1: the value of SecretString"),
            "{:?}",
            some.notes
        );
    }

    #[test]
    fn the_current_version_of_the_same_secret_lends_its_value_to_another_id() {
        let live = [(version(&["db", "theirs"]), secret("the instance's"))];
        let lent = supplied(&live, vec![left_out(&version(&["db", "v1"]))], "");
        assert_eq!(lent.found[0].after, Some(secret("the instance's")));
        let other = supplied(&live, vec![left_out(&version(&["mail", "v1"]))], "");
        assert_eq!((other.found.len(), other.missing.len()), (0, 1));
    }

    #[test]
    fn a_function_is_made_without_the_variable_that_nobody_gave() {
        let key = function();
        let path = "Environment.Variables.API_KEY";
        let document = |variables: Value| json!({"attributes": {"Environment": {"Variables": variables}}});
        let after = document(json!({"API_KEY": marker(&key, path, "hunter2"), "TABLE": "orders"}));
        let found = Difference { key: key.clone(), before: None, after: Some(after) };
        let made = supplied(&[], vec![found.clone()], "");
        assert_eq!(made.found[0].after, Some(document(json!({"TABLE": "orders"}))));
        assert!(!made.missing[0].left);
        let file = "'function/pay#Environment.Variables.API_KEY' = 'given ${{podex:'";
        let given = supplied(&[], vec![found], file);
        let expected = document(json!({"API_KEY": "given ${{podex:$}}", "TABLE": "orders"}));
        assert_eq!(given.found[0].after, Some(expected));
        assert_eq!(given.missing, []);
    }
}

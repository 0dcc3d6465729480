//! Who may invoke a function: the statements of its policies, as `AddPermission` takes them.
//!
//! A statement is named by its id; one of an alias's or a version's policy by that and its id: `live:from-s3`.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::lambda_target::PUBLISHED;
use super::util::{fault, gone, list, pick, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{Document, Observed};

/// Condition keys (in lower case: emulators differ) and what `AddPermission` calls them.
const CONDITIONS: [(&str, &str); 6] = [
    ("aws:sourcearn", "SourceArn"),
    ("aws:sourceaccount", "SourceAccount"),
    ("aws:principalorgid", "PrincipalOrgID"),
    ("lambda:functionurlauthtype", "FunctionUrlAuthType"),
    ("lambda:eventsourcetoken", "EventSourceToken"),
    ("lambda:invokedviafunctionurl", VIA_URL),
];
/// The one parameter that is no string.
const VIA_URL: &str = "InvokedViaFunctionUrl";

/// `lambda/permission`.
pub(super) struct Permissions;

#[async_trait]
impl Adapter for Permissions {
    fn kind(&self) -> &'static str {
        "lambda/permission"
    }

    async fn capture(&self, context: &CaptureContext<'_>, parent: Option<&Parent>) -> Result<(), InstanceError> {
        let Some(parent) = parent else { return Ok(()) };
        let function = parent.key.own_name();
        // moto keeps one policy per function and gives it for every qualifier: each statement counts once.
        let mut found = BTreeMap::new();
        statements(context, function, None, &mut found).await?;
        for qualifier in qualifiers(context, parent).await? {
            statements(context, function, Some(&qualifier), &mut found).await?;
        }
        for (name, statement) in found {
            match permission(&statement) {
                Some(attributes) => {
                    let document = Document { attributes, ..Document::default() };
                    context.emit.emit(vec![function.to_owned(), name], document, Observed::new()).await?;
                }
                None => {
                    let note =
                        format!("permission {name} of function {function} is none that AddPermission could make");
                    context.emit.note(note, true);
                }
            }
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        let mut input = address(context)?;
        input.extend(wanted.attributes.clone());
        let (client, scope) = (&context.instance.client, &context.scope);
        match client.call(scope, "lambda", "AddPermission", Value::Object(input.clone())).await {
            Err(error) if error.class == ErrorClass::Conflict => {
                self.delete(context).await?;
                client.call(scope, "lambda", "AddPermission", Value::Object(input)).await?;
            }
            added => {
                added?;
            }
        }
        Ok(Observed::new())
    }

    async fn update(
        &self,
        context: &ApplyContext<'_>,
        _current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        self.delete(context).await?;
        self.create(context, wanted).await
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        let input = Value::Object(address(context)?);
        gone(context.instance.client.call(&context.scope, "lambda", "RemovePermission", input).await)
    }
}

/// What has a policy of its own beside the function: its aliases and published versions.
async fn qualifiers(context: &CaptureContext<'_>, parent: &Parent) -> Result<BTreeSet<String>, AwsError> {
    let versions = parent.document.attributes.get(PUBLISHED).and_then(Value::as_object);
    let mut qualifiers: BTreeSet<String> = versions.into_iter().flat_map(Map::keys).cloned().collect();
    let input = json!({"FunctionName": parent.key.own_name()});
    let mut pages = context.instance.client.pages(&context.scope, "lambda", "ListAliases", input);
    while let Some(page) = pages.next().await {
        let page = match page {
            Err(error) if matches!(error.class, ErrorClass::NotFound | ErrorClass::NotImplemented) => break,
            page => page?,
        };
        qualifiers.extend(list(&page, "Aliases").iter().filter_map(|alias| text(alias, "Name")).map(str::to_owned));
    }
    Ok(qualifiers)
}

/// Adds the statements of one policy by their names.
async fn statements(
    context: &CaptureContext<'_>,
    function: &str,
    qualifier: Option<&str>,
    found: &mut BTreeMap<String, Value>,
) -> Result<(), AwsError> {
    let mut input = json!({"FunctionName": function});
    if let (Some(qualifier), Some(members)) = (qualifier, input.as_object_mut()) {
        members.insert("Qualifier".to_owned(), json!(qualifier));
    }
    let answer = match context.instance.client.call(&context.scope, "lambda", "GetPolicy", input).await {
        Err(error) if error.class == ErrorClass::NotFound => return Ok(()),
        answer => answer?,
    };
    let policy: Value = text(&answer, "Policy").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    for statement in list(&policy, "Statement") {
        if let Some(name) = name(statement, function) {
            found.entry(name).or_insert_with(|| statement.clone());
        }
    }
    Ok(())
}

/// A statement's own name: with the qualifier that its resource ends in.
fn name(statement: &Value, function: &str) -> Option<String> {
    let id = text(statement, "Sid")?;
    let (_, after) = text(statement, "Resource").unwrap_or_default().split_once(":function:").unwrap_or_default();
    let qualifier = after.strip_prefix(function).and_then(|rest| rest.strip_prefix(':'));
    Some(match qualifier.filter(|qualifier| *qualifier != "$LATEST") {
        Some(qualifier) => format!("{qualifier}:{id}"),
        None => id.to_owned(),
    })
}

fn address(context: &ApplyContext<'_>) -> Result<Map<String, Value>, AwsError> {
    let [function, name] = context.key.name.as_slice() else {
        let message = format!("{} does not name a function and a statement", context.key);
        return Err(fault("lambda", "AddPermission", message));
    };
    let (qualifier, id) = match name.split_once(':') {
        Some((qualifier, id)) => (Some(qualifier), id),
        None => (None, name.as_str()),
    };
    let qualifier = qualifier.map(|qualifier| ("Qualifier".to_owned(), json!(qualifier)));
    let mut address =
        Map::from_iter([("FunctionName".to_owned(), json!(function)), ("StatementId".to_owned(), json!(id))]);
    address.extend(qualifier);
    Ok(address)
}

/// A statement as `AddPermission` takes it; None where it says more than that can.
fn permission(statement: &Value) -> Option<Map<String, Value>> {
    // moto keeps the URL's authorization beside the conditions.
    let mut permission = pick(statement, &["FunctionUrlAuthType"]);
    permission.insert("Action".to_owned(), json!(text(statement, "Action")?));
    let principal = match statement.get("Principal")? {
        Value::String(principal) => principal,
        Value::Object(kinds) if kinds.len() == 1 => kinds.values().next()?.as_str()?,
        _ => return None,
    };
    permission.insert("Principal".to_owned(), json!(account(principal).unwrap_or(principal)));
    let operators = statement.get("Condition").and_then(Value::as_object);
    for (name, value) in operators.into_iter().flat_map(Map::values).filter_map(Value::as_object).flatten() {
        let name = name.to_ascii_lowercase();
        let (_, member) = CONDITIONS.iter().find(|(condition, _)| *condition == name)?;
        let value = match value {
            Value::Array(values) if values.len() == 1 => values.first()?,
            value => value,
        };
        let value = match value {
            Value::String(text) if *member == VIA_URL => json!(text == "true"),
            Value::String(_) => value.clone(),
            Value::Bool(_) if *member == VIA_URL => value.clone(),
            _ => return None,
        };
        permission.insert((*member).to_owned(), value);
    }
    Some(permission)
}

/// The account that an account's root stands for: emulators say one or the other.
fn account(principal: &str) -> Option<&str> {
    principal.strip_prefix("arn:aws:iam::")?.strip_suffix(":root").filter(|account| !account.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_becomes_what_add_permission_takes() {
        let statement = json!({
            "Sid": "s", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "f",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Condition": {
                "ArnLike": {"AWS:SourceArn": "a"}, "StringEquals": {"aws:SourceAccount": ["1"]},
                "Bool": {"lambda:InvokedViaFunctionUrl": "true"},
            },
        });
        let expected = json!({
            "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceArn": "a", "SourceAccount": "1",
            "InvokedViaFunctionUrl": true,
        });
        assert_eq!(permission(&statement).map(Value::Object), Some(expected));
    }

    #[test]
    fn an_account_is_the_same_however_an_emulator_writes_it() {
        for principal in
            [json!("111122223333"), json!({"AWS": "111122223333"}), json!({"AWS": "arn:aws:iam::111122223333:root"})]
        {
            let found = permission(&json!({"Action": "a", "Principal": principal})).unwrap();
            assert_eq!(found.get("Principal"), Some(&json!("111122223333")));
        }
    }

    #[test]
    fn a_condition_that_cannot_be_set_is_not_passed_over() {
        let statement = json!({"Action": "a", "Principal": "*", "Condition": {"StringEquals": {"aws:Other": "1"}}});
        assert_eq!(permission(&statement), None);
    }

    #[test]
    fn a_statement_is_named_by_what_it_is_about() {
        let of = |resource: &str| name(&json!({"Sid": "s", "Resource": resource}), "f").unwrap();
        assert_eq!(of("arn:aws:lambda:us-east-1:1:function:f"), "s");
        assert_eq!(of("arn:aws:lambda:us-east-1:1:function:f:live"), "live:s");
        assert_eq!(of("arn:aws:lambda:us-east-1:1:function:f:$LATEST"), "s");
    }
}

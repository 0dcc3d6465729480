//! Who may invoke a function: the statements of its policy, as `AddPermission` takes them.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::util::{fault, gone, list, pick, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{Document, Observed};

/// Condition keys (in lower case: emulators differ) and what `AddPermission` calls them.
const CONDITIONS: [(&str, &str); 5] = [
    ("aws:sourcearn", "SourceArn"),
    ("aws:sourceaccount", "SourceAccount"),
    ("aws:principalorgid", "PrincipalOrgID"),
    ("lambda:functionurlauthtype", "FunctionUrlAuthType"),
    ("lambda:eventsourcetoken", "EventSourceToken"),
];

/// `lambda/permission`. Named by the statement's id.
pub(super) struct Permissions;

#[async_trait]
impl Adapter for Permissions {
    fn kind(&self) -> &'static str {
        "lambda/permission"
    }

    async fn capture(&self, context: &CaptureContext<'_>, parent: Option<&Parent>) -> Result<(), InstanceError> {
        let Some(parent) = parent else { return Ok(()) };
        let function = parent.key.own_name();
        let input = json!({"FunctionName": function});
        let answer = match context.instance.client.call(&context.scope, "lambda", "GetPolicy", input).await {
            Err(error) if error.class == ErrorClass::NotFound => return Ok(()),
            answer => answer?,
        };
        let policy: Value =
            text(&answer, "Policy").and_then(|policy| serde_json::from_str(policy).ok()).unwrap_or_default();
        for statement in list(&policy, "Statement") {
            let Some(id) = text(statement, "Sid") else { continue };
            match permission(statement) {
                Some(attributes) => {
                    let document = Document { attributes, ..Document::default() };
                    context.emit.emit(vec![function.to_owned(), id.to_owned()], document, Observed::new()).await?;
                }
                None => {
                    let note = format!("permission {id} of function {function} is none that AddPermission could make");
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

fn address(context: &ApplyContext<'_>) -> Result<Map<String, Value>, AwsError> {
    match context.key.name.as_slice() {
        [function, id] => {
            Ok(Map::from_iter([("FunctionName".to_owned(), json!(function)), ("StatementId".to_owned(), json!(id))]))
        }
        _ => Err(fault("lambda", "AddPermission", format!("{} does not name a function and a statement", context.key))),
    }
}

/// A statement as `AddPermission` takes it; None where it says more than that can.
fn permission(statement: &Value) -> Option<Map<String, Value>> {
    let mut permission = pick(statement, &["Action"]);
    let principal = match statement.get("Principal")? {
        Value::String(anyone) => anyone.clone(),
        Value::Object(kinds) => kinds.values().next()?.as_str()?.to_owned(),
        _ => return None,
    };
    permission.insert("Principal".to_owned(), json!(principal));
    let operators = statement.get("Condition").and_then(Value::as_object);
    for (name, value) in operators.into_iter().flat_map(Map::values).filter_map(Value::as_object).flatten() {
        let name = name.to_ascii_lowercase();
        let (_, member) = CONDITIONS.iter().find(|(condition, _)| *condition == name)?;
        permission.insert((*member).to_owned(), value.clone());
    }
    Some(permission)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_becomes_what_add_permission_takes() {
        let statement = json!({
            "Sid": "s", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "f",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Condition": {"ArnLike": {"AWS:SourceArn": "a"}, "StringEquals": {"aws:SourceAccount": "1"}},
        });
        let expected = json!({
            "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceArn": "a", "SourceAccount": "1",
        });
        assert_eq!(permission(&statement).map(Value::Object), Some(expected));
    }

    #[test]
    fn a_condition_that_cannot_be_set_is_not_passed_over() {
        let statement = json!({"Principal": "*", "Condition": {"StringEquals": {"aws:Other": "1"}}});
        assert_eq!(permission(&statement), None);
    }
}

//! Amazon Resource Names: `arn:partition:service:region:account:resource`.

use super::ResourceKey;

/// What ARNs call services that the catalog calls otherwise.
const SERVICES: [(&str, &str); 6] = [
    ("states", "stepfunctions"),
    ("elasticloadbalancing", "elbv2"),
    ("elasticfilesystem", "efs"),
    ("es", "opensearch"),
    ("apigateway", "apigatewayv2"),
    ("monitoring", "cloudwatch"),
];

/// Characters that a Secrets Manager ARN ends with: `-` and six random ones.
const RANDOM_TAIL: usize = 7;

/// An ARN in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    service: &'a str,
    /// May be empty.
    pub region: &'a str,
    /// May be empty.
    pub account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The ARNs in a text, in order.
    pub fn all_in(text: &'a str) -> impl Iterator<Item = Self> {
        let mut rest = text;
        std::iter::from_fn(move || {
            loop {
                rest = rest.get(rest.find("arn:")?..)?;
                // One within another ends the outer: "arn:aws:apigateway:…/functions/arn:aws:lambda:…".
                let length = rest.get(4..)?.find("arn:").map_or(rest.len(), |next| next + 4);
                let (this, after) = rest.split_at(length);
                rest = after;
                let ends = |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | ',' | '}');
                let end = this.find(ends).unwrap_or(this.len());
                if let Some(arn) = this.get(..end).and_then(Self::parse) {
                    return Some(arn);
                }
            }
        })
    }

    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (_, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        // Policies speak of any region or account by a star.
        let (region, account) = (region.trim_matches('*'), account.trim_matches('*'));
        let well_formed = partition.starts_with("aws") && !service.is_empty() && !resource.is_empty();
        well_formed.then_some(Self { service, region, account, resource })
    }

    /// The service, as the catalog calls it.
    pub fn service(&self) -> &'a str {
        SERVICES.iter().find(|(theirs, _)| *theirs == self.service).map_or(self.service, |(_, ours)| ours)
    }

    /// Whether the ARN says of itself that it names this type: `stateMachine:x` a `state-machine`.
    pub fn speaks_of(&self, kind: &str) -> bool {
        let folded =
            |text: &str| text.chars().filter(|c| *c != '-' && *c != '_').flat_map(char::to_lowercase).collect();
        let (said, kind): (String, String) = (folded(self.typed().0), folded(kind));
        said == kind
    }

    /// What stands before the first separator, and what behind it.
    fn typed(&self) -> (&'a str, &'a str) {
        self.resource.split_once([':', '/']).unwrap_or(("", self.resource))
    }

    /// The names that a resource of a type may have, likeliest first, each in its segments.
    pub fn names(&self, kind: &str) -> Vec<Vec<&'a str>> {
        let typed = self.speaks_of(kind);
        let whole = if typed { self.typed().1 } else { self.resource };
        let whole = whole.trim_end_matches(['*', ':']).trim_end_matches('/');
        let mut names: Vec<Vec<&str>> = Vec::new();
        let mut add = |name: Vec<&'a str>| {
            if name.iter().all(|part| !part.is_empty()) && !names.contains(&name) {
                names.push(name);
            }
        };
        add(vec![whole]);
        // An object in its bucket, an index of its table, a version of its function.
        if let Some((first, rest)) = whole.split_once(['/', ':']) {
            add(vec![first, rest]);
            add(vec![first]);
        }
        if typed {
            // Roles and policies have paths before their names.
            add(whole.rsplit('/').take(1).collect());
            let cut = whole.len().checked_sub(RANDOM_TAIL).filter(|cut| whole.get(*cut..*cut + 1) == Some("-"));
            add(cut.and_then(|cut| whole.get(..cut)).into_iter().collect());
        }
        names.retain(|name| !name.is_empty());
        names
    }

    /// Whether it may name this resource, as far as one can tell without knowing what else there is.
    pub fn may_name(&self, key: &ResourceKey) -> bool {
        self.service() == key.service
            && (self.region.is_empty() || self.region == key.region)
            && (self.account.is_empty() || self.account == key.account)
            && self.names(&key.kind).iter().any(|name| name.iter().eq(key.name.iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_found_wherever_it_stands_in_a_text() {
        let text = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:sign/invocations and \"arn:aws:s3:::photos/*\"";
        let found: Vec<(&str, &str)> = Arn::all_in(text).map(|arn| (arn.service, arn.resource)).collect();
        let outer = ("apigateway", "path/2015-03-31/functions/");
        assert_eq!(found, [outer, ("lambda", "function:sign/invocations"), ("s3", "photos/*")]);
        assert_eq!(Arn::all_in("arn: arn:aws arn:aws:s3 barn:x").count(), 0);
    }

    #[test]
    fn an_arn_names_its_resource_with_and_without_what_surrounds_the_name() {
        let key = |service: &str, region: &str, kind: &str, name: &[&str]| {
            ResourceKey::new("000000000000", region, service, kind, name.iter().copied())
        };
        let names = |text: &str, key: &ResourceKey| Arn::all_in(text).any(|arn| arn.may_name(key));
        let function = key("lambda", "us-east-1", "function", &["sign"]);
        assert!(names("arn:aws:lambda:us-east-1:000000000000:function:sign", &function));
        assert!(names("arn:aws:lambda:us-east-1:000000000000:function:sign:7", &function));
        assert!(!names("arn:aws:lambda:eu-west-1:000000000000:function:sign", &function));
        assert!(!names("arn:aws:lambda:us-east-1:000000000000:function:resign", &function));
        assert!(names("arn:aws:iam::000000000000:role/service/admin", &key("iam", "global", "role", &["admin"])));
        assert!(names("arn:aws:s3:::photos/*", &key("s3", "us-east-1", "bucket", &["photos"])));
        assert!(names("arn:aws:s3:::photos/a/b.png", &key("s3", "us-east-1", "object", &["photos", "a/b.png"])));
        let secret = key("secretsmanager", "us-east-1", "secret", &["orders/db"]);
        assert!(names("arn:aws:secretsmanager:us-east-1:000000000000:secret:orders/db-AbC123", &secret));
        let logs = key("logs", "us-east-1", "log-group", &["/aws/lambda/sign"]);
        assert!(names("arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/sign:*", &logs));
        let machine = key("stepfunctions", "us-east-1", "state-machine", &["orders"]);
        let text = "arn:aws:states:us-east-1:000000000000:stateMachine:orders";
        assert!(names(text, &machine) && Arn::all_in(text).all(|arn| arn.speaks_of("state-machine")));
    }
}

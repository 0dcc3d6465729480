//! Which differences an inject acts on: the strategies and filters.

use crate::instance::{Filter, Strategy};
use crate::pod::ResourceKey;
use crate::tree::Difference;

/// Which of the differences between the instance (`before`) and the pod (`after`) an inject acts on.
/// `shared` says whether both sides have anything in a (service, account, region).
pub fn select(
    strategy: Strategy,
    filter: &Filter,
    shared: &dyn Fn(&str, &str, &str) -> bool,
    differences: impl IntoIterator<Item = Difference>,
) -> Vec<Difference> {
    let acts_on = |difference: &Difference| {
        let ResourceKey { account, region, service, .. } = &difference.key;
        match strategy {
            // Of a three-way merge only what is to be done is left.
            Strategy::Overwrite | Strategy::ThreeWay => true,
            Strategy::AccountRegionMerge => difference.after.is_some() || shared(service, account, region),
            Strategy::ServiceMerge => difference.after.is_some(),
        }
    };
    differences
        .into_iter()
        .filter(|difference| picks(filter, &difference.key))
        .filter(|difference| difference.before.is_some() || difference.after.is_some())
        .filter(acts_on)
        .collect()
}

fn picks(filter: &Filter, key: &ResourceKey) -> bool {
    (filter.services.is_empty() || filter.services.contains(&key.service))
        && (filter.only.is_empty() || filter.only.iter().any(|pattern| pattern.matches(key)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn difference(region: &str, name: &str, before: bool, after: bool) -> Difference {
        let value = |there: bool| there.then(|| json!({"attributes": {}}));
        let key = ResourceKey::new("000000000000", region, "sqs", "queue", [name]);
        Difference { key, before: value(before), after: value(after) }
    }

    fn selected(strategy: Strategy, filter: &Filter) -> Vec<String> {
        let differences = [
            difference("eu-west-1", "live", true, false),
            difference("us-east-1", "both", true, true),
            difference("us-east-1", "live", true, false),
            difference("us-east-1", "pod", false, true),
            difference("us-west-1", "pod", false, true),
        ];
        let shared = |service: &str, account: &str, region: &str| {
            (service, account, region) == ("sqs", "000000000000", "us-east-1")
        };
        let name = |difference: Difference| format!("{}/{}", difference.key.region, difference.key.own_name());
        select(strategy, filter, &shared, differences).into_iter().map(name).collect()
    }

    #[test]
    fn overwrite_removes_what_the_pod_lacks() {
        let all = ["eu-west-1/live", "us-east-1/both", "us-east-1/live", "us-east-1/pod", "us-west-1/pod"];
        assert_eq!(selected(Strategy::Overwrite, &Filter::default()), all);
    }

    #[test]
    fn account_region_merge_removes_only_where_both_have_something() {
        let expected = ["us-east-1/both", "us-east-1/live", "us-east-1/pod", "us-west-1/pod"];
        assert_eq!(selected(Strategy::AccountRegionMerge, &Filter::default()), expected);
    }

    #[test]
    fn service_merge_removes_nothing() {
        let expected = ["us-east-1/both", "us-east-1/pod", "us-west-1/pod"];
        assert_eq!(selected(Strategy::ServiceMerge, &Filter::default()), expected);
    }

    #[test]
    fn a_filter_picks_by_service_and_pattern() {
        let only = Filter { services: vec![], only: vec!["us-west-1/sqs/queue/*".parse().unwrap()] };
        assert_eq!(selected(Strategy::Overwrite, &only), ["us-west-1/pod"]);
        let other = Filter { services: vec!["s3".to_owned()], only: vec![] };
        assert_eq!(selected(Strategy::Overwrite, &other), [""; 0]);
    }
}

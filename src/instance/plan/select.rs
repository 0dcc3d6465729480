//! Which differences an inject acts on: the strategies and filters.

use std::collections::BTreeSet;

use super::Delta;
use crate::instance::{Filter, Place, Strategy};
use crate::pod::ResourceKey;

/// Which of the differences between the instance (`before`) and the pod (`after`) an inject acts on.
/// `shared` are the places in which both sides have anything.
pub fn select(
    strategy: Strategy,
    filter: &Filter,
    shared: &BTreeSet<Place>,
    differences: impl IntoIterator<Item = Delta>,
) -> Vec<Delta> {
    let acts_on = |difference: &Delta| {
        let ResourceKey { account, region, service, .. } = &difference.key;
        match strategy {
            // Of a three-way merge only what is to be done is left.
            Strategy::Overwrite | Strategy::ThreeWay => true,
            Strategy::AccountRegionMerge => {
                difference.after.is_some() || shared.contains(&(service.clone(), account.clone(), region.clone()))
            }
            Strategy::ServiceMerge => difference.after.is_some(),
        }
    };
    differences
        .into_iter()
        .filter(|difference| filter.picks(&difference.key))
        .filter(|difference| difference.before.is_some() || difference.after.is_some())
        .filter(acts_on)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::pod::Packed;

    fn difference(region: &str, name: &str, before: bool, after: bool) -> Delta {
        let value = |there: bool| there.then(|| json!({"attributes": {}}));
        let key = ResourceKey::new("000000000000", region, "sqs", "queue", [name]);
        Delta { key, before: value(before).map(Packed::from), after: value(after).map(Packed::from) }
    }

    fn selected(strategy: Strategy, filter: &Filter) -> Vec<String> {
        let differences = [
            difference("eu-west-1", "live", true, false),
            difference("us-east-1", "both", true, true),
            difference("us-east-1", "live", true, false),
            difference("us-east-1", "pod", false, true),
            difference("us-west-1", "pod", false, true),
        ];
        let shared = BTreeSet::from([["sqs", "000000000000", "us-east-1"].map(str::to_owned).into()]);
        let name = |difference: Delta| format!("{}/{}", difference.key.region, difference.key.own_name());
        select(strategy, filter, &shared, differences).into_iter().map(name).collect()
    }

    /// What an instance with `live` holds after an inject of `pod`. Each is a list of `account/region/service/name=value`.
    fn injected(strategy: Strategy, live: &str, pod: &str) -> String {
        let read = |text: &str| -> BTreeMap<ResourceKey, Value> {
            let resource = |word: &str| {
                let (key, value) = word.split_once('=').unwrap();
                let [account, region, service, name] = key.split('/').collect::<Vec<_>>()[..] else { panic!("{key}") };
                (ResourceKey::new(account, region, service, "thing", [name]), json!(value))
            };
            text.split_whitespace().map(resource).collect()
        };
        let (mut live, pod) = (read(live), read(pod));
        let place = |key: &ResourceKey| (key.service.clone(), key.account.clone(), key.region.clone());
        let places = |side: &BTreeMap<ResourceKey, Value>| side.keys().map(place).collect::<BTreeSet<_>>();
        let shared: BTreeSet<_> = places(&live).intersection(&places(&pod)).cloned().collect();
        let keys: BTreeSet<ResourceKey> = live.keys().chain(pod.keys()).cloned().collect();
        let differences = keys.into_iter().map(|key| {
            let (before, after) = (live.get(&key).map(Packed::from), pod.get(&key).map(Packed::from));
            Delta { key, before, after }
        });
        let differences: Vec<Delta> = differences.filter(|found| found.before != found.after).collect();
        for Delta { key, after, .. } in select(strategy, &Filter::default(), &shared, differences) {
            match after {
                Some(value) => live.insert(key, value.open().unwrap()),
                None => live.remove(&key),
            };
        }
        let word = |(key, value): (&ResourceKey, &Value)| {
            let ResourceKey { account, region, service, name, .. } = key;
            format!("{account}/{region}/{service}/{}={}", name.join("/"), value.as_str().unwrap_or_default())
        };
        live.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_strategy_gives_what_localstack_documents_for_it() {
        use Strategy::{AccountRegionMerge, Overwrite, ServiceMerge};
        // What is there, what is injected, and what each strategy makes of it.
        let table = [
            // Overwrite resets everything, other accounts, regions and services too; the others keep those.
            ("1/eu/s3/a=1", "1/us/s3/b=1", "1/us/s3/b=1", "1/eu/s3/a=1 1/us/s3/b=1", "1/eu/s3/a=1 1/us/s3/b=1"),
            ("1/eu/s3/a=1", "2/eu/s3/b=1", "2/eu/s3/b=1", "1/eu/s3/a=1 2/eu/s3/b=1", "1/eu/s3/a=1 2/eu/s3/b=1"),
            ("1/eu/s3/a=1", "1/eu/sqs/b=1", "1/eu/sqs/b=1", "1/eu/s3/a=1 1/eu/sqs/b=1", "1/eu/s3/a=1 1/eu/sqs/b=1"),
            // Where both have a service in an account and region: the pod's replaces it whole, or both are joined.
            ("1/eu/sqs/a=1", "1/eu/sqs/b=1", "1/eu/sqs/b=1", "1/eu/sqs/b=1", "1/eu/sqs/a=1 1/eu/sqs/b=1"),
            // The same resource: the pod's wins under each.
            ("1/eu/sqs/a=1", "1/eu/sqs/a=2", "1/eu/sqs/a=2", "1/eu/sqs/a=2", "1/eu/sqs/a=2"),
            (
                "1/eu/sqs/a=1 1/eu/sqs/b=1 1/us/sqs/c=1",
                "1/eu/sqs/a=2",
                "1/eu/sqs/a=2",
                "1/eu/sqs/a=2 1/us/sqs/c=1",
                "1/eu/sqs/a=2 1/eu/sqs/b=1 1/us/sqs/c=1",
            ),
            // A pod that is empty, and an instance that is.
            ("1/eu/sqs/a=1", "", "", "1/eu/sqs/a=1", "1/eu/sqs/a=1"),
            ("", "1/eu/sqs/a=1", "1/eu/sqs/a=1", "1/eu/sqs/a=1", "1/eu/sqs/a=1"),
        ];
        for (live, pod, overwrite, account_region, service) in table {
            for (strategy, wanted) in
                [(Overwrite, overwrite), (AccountRegionMerge, account_region), (ServiceMerge, service)]
            {
                assert_eq!(injected(strategy, live, pod), wanted, "{strategy:?}: {pod:?} into {live:?}");
            }
        }
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
        let only = Filter { only: vec!["us-west-1/sqs/queue/*".parse().unwrap()], ..Filter::default() };
        assert_eq!(selected(Strategy::Overwrite, &only), ["us-west-1/pod"]);
        let other = Filter { services: vec!["s3".to_owned()], ..Filter::default() };
        assert_eq!(selected(Strategy::Overwrite, &other), [""; 0]);
        let except =
            Filter { except: vec!["us-east-1/sqs".parse().unwrap(), "sqs/queue/pod".parse().unwrap()], ..only };
        assert_eq!(selected(Strategy::Overwrite, &except), [""; 0]);
        let except = Filter { except: vec!["sqs/queue/live".parse().unwrap()], ..Filter::default() };
        assert_eq!(selected(Strategy::Overwrite, &except), ["us-east-1/both", "us-east-1/pod", "us-west-1/pod"]);
    }
}

"""A web ACL and the sets that its rules may name."""

from services import one


def seed(aws):
    waf = aws.client("wafv2")
    seen = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "seen"}
    blocked = waf.create_ip_set(Name="blocked", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=["192.0.2.0/24"], Description="not these",
                                Tags=[{"Key": "team", "Value": "web"}])["Summary"]["ARN"]
    waf.create_regex_pattern_set(Name="bots", Scope="REGIONAL", RegularExpressionList=[{"RegexString": "bot.*"}])
    waf.create_rule_group(Name="group", Scope="REGIONAL", Capacity=10, Rules=[], VisibilityConfig=seen)
    waf.create_web_acl(Name="front", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen, Rules=[
        {"Name": "no", "Priority": 1, "Statement": {"IPSetReferenceStatement": {"ARN": blocked}}, "Action": {"Block": {}}, "VisibilityConfig": seen}])


def change(aws):
    waf = aws.client("wafv2")
    blocked = one(waf.list_ip_sets(Scope="REGIONAL")["IPSets"], Name="blocked")
    on = {"Name": "blocked", "Scope": "REGIONAL", "Id": blocked["Id"]}
    waf.update_ip_set(**on, Addresses=["198.51.100.0/24"], LockToken=waf.get_ip_set(**on)["LockToken"])
    bots = one(waf.list_regex_pattern_sets(Scope="REGIONAL")["RegexPatternSets"], Name="bots")
    waf.delete_regex_pattern_set(Name="bots", Scope="REGIONAL", Id=bots["Id"], LockToken=bots["LockToken"])
    waf.create_ip_set(Name="stranger", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=[])


def observe(aws):
    waf = aws.client("wafv2")
    said, names = {}, {}
    for one in waf.list_ip_sets(Scope="REGIONAL")["IPSets"]:
        names[one["ARN"]] = one["Name"]
        found = waf.get_ip_set(Name=one["Name"], Scope="REGIONAL", Id=one["Id"])["IPSet"]
        said["ips " + one["Name"]] = [found["IPAddressVersion"], found["Addresses"], found.get("Description"),
                                      waf.list_tags_for_resource(ResourceARN=one["ARN"])["TagInfoForResource"]["TagList"]]
    for one in waf.list_regex_pattern_sets(Scope="REGIONAL")["RegexPatternSets"]:
        said["patterns " + one["Name"]] = waf.get_regex_pattern_set(Name=one["Name"], Scope="REGIONAL", Id=one["Id"])["RegexPatternSet"]["RegularExpressionList"]
    for one in waf.list_rule_groups(Scope="REGIONAL")["RuleGroups"]:
        found = waf.get_rule_group(Name=one["Name"], Scope="REGIONAL", Id=one["Id"])["RuleGroup"]
        said["group " + one["Name"]] = [found["Capacity"], found["VisibilityConfig"]["MetricName"]]
    for one in waf.list_web_acls(Scope="REGIONAL")["WebACLs"]:
        found = waf.get_web_acl(Name=one["Name"], Scope="REGIONAL", Id=one["Id"])["WebACL"]
        said["acl " + one["Name"]] = [found["DefaultAction"], [
            [rule["Name"], rule["Priority"], names.get(rule["Statement"].get("IPSetReferenceStatement", {}).get("ARN")), rule.get("Action")] for rule in found["Rules"]]]
    return said

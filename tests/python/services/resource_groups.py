"""Resource Groups."""

import json

from services import keep


def seed(aws):
    query = {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": "team", "Values": ["blue"]}]}
    aws.step("group", aws.client("resource-groups").create_group, Name="blue", Description="all of team blue", Tags={"team": "blue"},
             ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)})


def change(aws):
    groups = aws.client("resource-groups")
    groups.update_group(GroupName="blue", Description="changed")
    query = {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": "team", "Values": ["red"]}]}
    groups.create_group(Name="stranger", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)})


def observe(aws):
    groups, reading = aws.client("resource-groups"), {}
    for entry in aws.all(groups, "list_groups", "GroupIdentifiers"):
        about = aws.get(groups.get_group, "Group", GroupName=entry["GroupName"])
        query = aws.get(groups.get_group_query, "GroupQuery", GroupName=entry["GroupName"])["ResourceQuery"]
        reading[entry["GroupName"]] = {"about": keep(about, "GroupArn", "Description"), "type": query["Type"], "query": json.loads(query["Query"]),
                                       "tags": aws.get(groups.get_tags, "Tags", Arn=entry["GroupArn"])}
    return reading

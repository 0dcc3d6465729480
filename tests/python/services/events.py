"""EventBridge: buses, rules with targets, archives."""

import json

from services import keep, tags


def seed(aws):
    events, step = aws.client("events"), aws.step
    step("bus", events.create_event_bus, Name="orders", Tags=[{"Key": "team", "Value": "blue"}])
    for bus in ("orders", "default"):
        step(f"rule on {bus}", events.put_rule, Name="paid", EventBusName=bus, Description="what was paid",
             EventPattern=json.dumps({"source": ["shop"], "detail-type": ["paid"]}))
        step(f"targets on {bus}", events.put_targets, Rule="paid", EventBusName=bus, Targets=[
            {"Id": "queue", "Arn": aws.arn("sqs", "paid")},
            {"Id": "topic", "Arn": aws.arn("sns", "paid"), "Input": json.dumps({"said": "paid"})}])
    step("schedule", events.put_rule, Name="nightly", ScheduleExpression="rate(1 day)", State="DISABLED", Tags=[{"Key": "kind", "Value": "clock"}])
    connection = step("connection", events.create_connection, Name="partner", AuthorizationType="API_KEY",
                      AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "known"}})
    step("destination", events.create_api_destination, Name="partner", ConnectionArn=connection["ConnectionArn"],
         InvocationEndpoint="https://partner.example/in", HttpMethod="POST")
    step("archive", events.create_archive, ArchiveName="orders", EventSourceArn=aws.arn("events", "event-bus/orders"),
         Description="all orders", RetentionDays=7, EventPattern=json.dumps({"source": ["shop"]}))


def change(aws):
    events = aws.client("events")
    events.put_rule(Name="paid", EventBusName="orders", Description="changed", EventPattern=json.dumps({"source": ["other"]}))
    events.remove_targets(Rule="paid", EventBusName="default", Ids=["queue"])
    events.put_targets(Rule="paid", EventBusName="default", Targets=[{"Id": "stranger", "Arn": aws.arn("sqs", "stranger")}])
    events.enable_rule(Name="nightly")
    events.delete_archive(ArchiveName="orders")
    events.create_event_bus(Name="stranger")
    events.put_rule(Name="stranger", ScheduleExpression="rate(1 day)")


def observe(aws):
    events, reading = aws.client("events"), {"buses": {}, "archives": {}}
    for bus in aws.all(events, "list_event_buses", "EventBuses"):
        rules = {}
        for rule in aws.all(events, "list_rules", "Rules", EventBusName=bus["Name"]):
            if rule.get("ManagedBy"):
                continue
            targets = aws.all(events, "list_targets_by_rule", "Targets", Rule=rule["Name"], EventBusName=bus["Name"])
            rules[rule["Name"]] = {
                "rule": keep(rule, "Arn", "State", "Description", "ScheduleExpression", "RoleArn"),
                "pattern": json.loads(rule.get("EventPattern") or "null"),
                "targets": sorted(targets, key=lambda target: target["Id"]),
                "tags": tags(aws.get(events.list_tags_for_resource, "Tags", ResourceARN=rule["Arn"]))}
        reading["buses"][bus["Name"]] = {"rules": rules, "tags": tags(aws.get(events.list_tags_for_resource, "Tags", ResourceARN=bus["Arn"]))}
    for archive in aws.all(events, "list_archives", "Archives"):
        about = aws.get(events.describe_archive, ArchiveName=archive["ArchiveName"])
        reading["archives"][archive["ArchiveName"]] = keep(about, "EventSourceArn", "Description", "RetentionDays") | {
            "pattern": json.loads(about.get("EventPattern") or "null")}
    return reading

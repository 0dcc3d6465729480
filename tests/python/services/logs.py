"""CloudWatch Logs: groups with retention and tags, streams with events, filters."""

import time

from services import keep


def seed(aws):
    logs, step, now = aws.client("logs"), aws.step, int(time.time() * 1000)
    step("group", logs.create_log_group, logGroupName="/app/orders", tags={"team": "blue"})
    step("retention", logs.put_retention_policy, logGroupName="/app/orders", retentionInDays=14)
    step("plain group", logs.create_log_group, logGroupName="plain")
    step("stream", logs.create_log_stream, logGroupName="/app/orders", logStreamName="web/1")
    step("empty stream", logs.create_log_stream, logGroupName="/app/orders", logStreamName="web/2")
    step("events", logs.put_log_events, logGroupName="/app/orders", logStreamName="web/1", logEvents=[
        {"timestamp": now - 2000, "message": "started"}, {"timestamp": now - 1000, "message": '{"level": "error", "text": "ünï"}'}])
    step("metric filter", logs.put_metric_filter, logGroupName="/app/orders", filterName="errors", filterPattern="error",
         metricTransformations=[{"metricName": "errors", "metricNamespace": "app", "metricValue": "1"}])
    step("subscription filter", logs.put_subscription_filter, logGroupName="plain", filterName="all", filterPattern="",
         destinationArn=aws.arn("kinesis", "stream/orders"), roleArn=f"arn:aws:iam::{aws.account}:role/logs")


def change(aws):
    logs = aws.client("logs")
    logs.put_retention_policy(logGroupName="/app/orders", retentionInDays=30)
    logs.delete_log_stream(logGroupName="/app/orders", logStreamName="web/1")
    logs.delete_metric_filter(logGroupName="/app/orders", filterName="errors")
    logs.create_log_stream(logGroupName="/app/orders", logStreamName="stranger")
    logs.create_log_group(logGroupName="stranger")


def observe(aws):
    logs, reading = aws.client("logs"), {}
    for group in aws.all(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        streams = {}
        for stream in aws.all(logs, "describe_log_streams", "logStreams", logGroupName=name):
            events = aws.get(logs.get_log_events, "events", logGroupName=name, logStreamName=stream["logStreamName"], startFromHead=True)
            streams[stream["logStreamName"]] = [keep(event, "timestamp", "message") for event in events or []]
        reading[name] = {
            "group": keep(group, "retentionInDays", "kmsKeyId"),
            "tags": aws.get(logs.list_tags_log_group, "tags", logGroupName=name),
            "streams": streams,
            "metric filters": [keep(entry, "filterName", "filterPattern", "metricTransformations")
                               for entry in aws.all(logs, "describe_metric_filters", "metricFilters", logGroupName=name)],
            "subscription filters": [keep(entry, "filterName", "filterPattern", "destinationArn", "roleArn")
                                     for entry in aws.all(logs, "describe_subscription_filters", "subscriptionFilters", logGroupName=name)],
        }
    return reading

"""Kinesis: streams with retention and tags, and who reads them."""

import time

from services import keep, tags


def seed(aws):
    kinesis, step = aws.client("kinesis"), aws.step
    step("stream", kinesis.create_stream, StreamName="orders", ShardCount=2)
    step("on demand", kinesis.create_stream, StreamName="clicks", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    for _ in range(50):
        about = aws.get(kinesis.describe_stream_summary, "StreamDescriptionSummary", StreamName="orders") or {}
        if about.get("StreamStatus", "ACTIVE") == "ACTIVE":
            break
        time.sleep(0.2)
    step("retention", kinesis.increase_stream_retention_period, StreamName="orders", RetentionPeriodHours=48)
    step("tags", kinesis.add_tags_to_stream, StreamName="orders", Tags={"team": "blue"})
    step("consumer", kinesis.register_stream_consumer, StreamARN=aws.arn("kinesis", "stream/orders"), ConsumerName="billing")


def change(aws):
    kinesis = aws.client("kinesis")
    kinesis.increase_stream_retention_period(StreamName="orders", RetentionPeriodHours=72)
    kinesis.remove_tags_from_stream(StreamName="orders", TagKeys=["team"])
    kinesis.deregister_stream_consumer(StreamARN=aws.arn("kinesis", "stream/orders"), ConsumerName="billing")
    kinesis.create_stream(StreamName="stranger", ShardCount=1)


def observe(aws):
    kinesis, reading = aws.client("kinesis"), {}
    for name in aws.all(kinesis, "list_streams", "StreamNames"):
        about = aws.get(kinesis.describe_stream_summary, "StreamDescriptionSummary", StreamName=name)
        reading[name] = {
            "about": keep(about, "StreamARN", "OpenShardCount", "RetentionPeriodHours", "StreamModeDetails"),
            "tags": tags(aws.get(kinesis.list_tags_for_stream, "Tags", StreamName=name)),
            "consumers": sorted(entry["ConsumerName"] for entry in aws.all(kinesis, "list_stream_consumers", "Consumers", StreamARN=about["StreamARN"]))}
    return reading

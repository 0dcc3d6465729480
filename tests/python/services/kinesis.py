"""Kinesis: streams with retention, tags and records, and who reads them."""

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
    for number in range(30):
        step(f"record {number}", kinesis.put_record, StreamName="orders", PartitionKey=f"customer-{number % 4}", Data=f"order {number}".encode())
    step("equal records", kinesis.put_records, StreamName="orders", Records=[
        {"PartitionKey": "../twice/\U0001f4e6", "Data": bytes(range(256))}, {"PartitionKey": "../twice/\U0001f4e6", "Data": bytes(range(256))}])
    # One key in both shards: by itself in one of them, told to be in the other.
    for half in ("0", str(2 ** 127 + 2 ** 126)):
        step("told where", kinesis.put_record, StreamName="orders", PartitionKey="told", ExplicitHashKey=half, Data=b"told " + half[:1].encode())
    step("consumer", kinesis.register_stream_consumer, StreamARN=aws.arn("kinesis", "stream/orders"), ConsumerName="billing")


def change(aws):
    kinesis = aws.client("kinesis")
    kinesis.increase_stream_retention_period(StreamName="orders", RetentionPeriodHours=72)
    kinesis.remove_tags_from_stream(StreamName="orders", TagKeys=["team"])
    kinesis.deregister_stream_consumer(StreamARN=aws.arn("kinesis", "stream/orders"), ConsumerName="billing")
    kinesis.create_stream(StreamName="stranger", ShardCount=1)
    kinesis.put_record(StreamName="orders", PartitionKey="customer-1", Data=b"a stranger")


def records(aws, kinesis, name):
    """What each shard holds in its order, the shards in the order of their hashes."""
    held = []
    shards = aws.all(kinesis, "list_shards", "Shards", StreamName=name)
    for shard in sorted(shards, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"])):
        iterator = aws.get(kinesis.get_shard_iterator, "ShardIterator", StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        page = aws.get(kinesis.get_records, "Records", ShardIterator=iterator, Limit=1000) or []
        held.append([[record["PartitionKey"], record["Data"].hex()] for record in page])
    return held


def observe(aws):
    kinesis, reading = aws.client("kinesis"), {}
    for name in aws.all(kinesis, "list_streams", "StreamNames"):
        about = aws.get(kinesis.describe_stream_summary, "StreamDescriptionSummary", StreamName=name)
        reading[name] = {
            "about": keep(about, "StreamARN", "OpenShardCount", "RetentionPeriodHours", "StreamModeDetails"),
            "records": records(aws, kinesis, name),
            "tags": tags(aws.get(kinesis.list_tags_for_stream, "Tags", StreamName=name)),
            "consumers": sorted(entry["ConsumerName"] for entry in aws.all(kinesis, "list_stream_consumers", "Consumers", StreamARN=about["StreamARN"]))}
    return reading

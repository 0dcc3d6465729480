"""Firehose: delivery streams into buckets."""

from services import keep, tags


def seed(aws):
    aws.step("stream", aws.client("firehose").create_delivery_stream, DeliveryStreamName="to-bucket", DeliveryStreamType="DirectPut",
             Tags=[{"Key": "team", "Value": "blue"}], ExtendedS3DestinationConfiguration={
                 "RoleARN": f"arn:aws:iam::{aws.account}:role/firehose", "BucketARN": "arn:aws:s3:::delivered", "Prefix": "orders/",
                 "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60}, "CompressionFormat": "GZIP"})


def change(aws):
    firehose = aws.client("firehose")
    firehose.untag_delivery_stream(DeliveryStreamName="to-bucket", TagKeys=["team"])
    firehose.create_delivery_stream(DeliveryStreamName="stranger", DeliveryStreamType="DirectPut", ExtendedS3DestinationConfiguration={
        "RoleARN": f"arn:aws:iam::{aws.account}:role/firehose", "BucketARN": "arn:aws:s3:::stranger"})


def observe(aws):
    firehose, reading = aws.client("firehose"), {}
    for name in (aws.get(firehose.list_delivery_streams) or {}).get("DeliveryStreamNames", []):
        about = aws.get(firehose.describe_delivery_stream, "DeliveryStreamDescription", DeliveryStreamName=name)
        bucket = about["Destinations"][0].get("ExtendedS3DestinationDescription") or {}
        reading[name] = {
            "about": keep(about, "DeliveryStreamType", "DeliveryStreamARN"),
            "bucket": keep(bucket, "RoleARN", "BucketARN", "Prefix", "BufferingHints", "CompressionFormat"),
            "tags": tags(aws.get(firehose.list_tags_for_delivery_stream, "Tags", DeliveryStreamName=name))}
    return reading

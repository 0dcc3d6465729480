"""CloudTrail: trails and whether they log."""

from services import keep, tags


def seed(aws):
    trails, step = aws.client("cloudtrail"), aws.step
    step("bucket", aws.client("s3").create_bucket, Bucket="trail-bucket")
    step("trail", trails.create_trail, Name="audit", S3BucketName="trail-bucket", S3KeyPrefix="audit", TagsList=[{"Key": "team", "Value": "blue"}])
    step("logging", trails.start_logging, Name="audit")


def change(aws):
    trails = aws.client("cloudtrail")
    trails.stop_logging(Name="audit")
    trails.update_trail(Name="audit", S3KeyPrefix="changed")
    trails.add_tags(ResourceId=aws.arn("cloudtrail", "trail/audit"), TagsList=[{"Key": "extra", "Value": "1"}])
    trails.create_trail(Name="stranger", S3BucketName="trail-bucket")


def observe(aws):
    trails, reading = aws.client("cloudtrail"), {}
    for trail in aws.get(trails.describe_trails, "trailList") or []:
        found = aws.get(trails.list_tags, "ResourceTagList", ResourceIdList=[trail["TrailARN"]]) or [{}]
        reading[trail["Name"]] = {
            "trail": keep(trail, "S3BucketName", "S3KeyPrefix", "IsMultiRegionTrail", "IncludeGlobalServiceEvents"),
            "logging": aws.get(trails.get_trail_status, "IsLogging", Name=trail["Name"]), "tags": tags(found[0].get("TagsList"))}
    return reading

"""Names that look like paths, wherever a service permits them; with spaces, emoji, control characters, and long ones."""

import base64

NAMES = [
    "a/b/../c", "../escape", "..", "/leading", "trailing/", "double//slash", "with space + plus&amp?#%25percent", "{braces}${dollar}|pipe\\back",
    "emoji-\U0001f4e6/ünïcode", "${{podex:x}}", "tab\tand\nline\x01\x7f", "quote\"'<tag>", "x" * 1024]
# What the narrower services permit.
PATHS = ["/a/../b", "/../escape", "/deep/./er/..x"]
PLAIN = ["..", "-._", "a..b", "." * 60]
TABLE, STREAM, QUEUE = "hostile", "hostile", "hostile"


def seed(aws):
    step, dynamodb, sqs, logs, iam = aws.step, aws.client("dynamodb"), aws.client("sqs"), aws.client("logs"), aws.client("iam")
    dynamodb.create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "B"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
    queue = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    logs.create_log_group(logGroupName="/hostile/../group")
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName=STREAM, ShardCount=1)
    step("table", aws.target.client("dynamodb").get_waiter("table_exists").wait, TableName=TABLE, WaiterConfig={"Delay": 1})
    step("stream", aws.target.client("kinesis").get_waiter("stream_exists").wait, StreamName=STREAM, WaiterConfig={"Delay": 1})
    for at, name in enumerate(NAMES):
        step(f"item {at}", dynamodb.put_item, TableName=TABLE, Item={
            "pk": {"S": name}, "sk": {"B": name[:8].encode()}, "M": {"M": {name: {"S": name}}}})
        step(f"record {at}", kinesis.put_record, StreamName=STREAM, PartitionKey=name[:256], Data=name.encode())
        body = name.replace("\x01", "").replace("\x7f", "")  # SQS refuses what XML cannot hold.
        step(f"message {at}", sqs.send_message, QueueUrl=queue, MessageBody=body)
    for path in PATHS:
        step(f"parameter {path}", aws.client("ssm").put_parameter, Name="/hostile" + path, Value=path, Type="String")
        step(f"secret {path}", aws.client("secretsmanager").create_secret, Name="hostile" + path, SecretString=path)
        step(f"user {path}", iam.create_user, UserName="hostile" + str(PATHS.index(path)), Path=path + "/")
    for name in PLAIN:
        step(f"group {name}", logs.create_log_group, logGroupName="hostile" + name)
        step(f"rule {name}", aws.client("events").put_rule, Name="hostile" + name, ScheduleExpression="rate(1 day)")
    for at, name in enumerate(NAMES):
        if len(name) <= 512 and not set(":*\n\t\x01\x7f") & set(name):
            step(f"log stream {at}", logs.create_log_stream, logGroupName="/hostile/../group", logStreamName=name)


def change(aws):
    aws.client("dynamodb").delete_item(TableName=TABLE, Key={"pk": {"S": "../escape"}, "sk": {"B": b"../escap"}})
    aws.client("ssm").delete_parameter(Name="/hostile/../escape")
    aws.client("logs").delete_log_stream(logGroupName="/hostile/../group", logStreamName="../escape")
    aws.client("events").delete_rule(Name="hostile..")


def observe(aws):
    logs, said = aws.client("logs"), {}
    for item in aws.all(aws.client("dynamodb"), "scan", "Items", TableName=TABLE):
        said.setdefault("items", {})[item["pk"]["S"]] = [base64.b64encode(item["sk"]["B"]).decode(), item["M"]]
    said["parameters"] = {name: aws.get(aws.client("ssm").get_parameter, "Parameter", Name="/hostile" + name)["Value"] for name in PATHS
                          if aws.get(aws.client("ssm").get_parameter, "Parameter", Name="/hostile" + name)}
    said["secrets"] = {name: aws.get(aws.client("secretsmanager").get_secret_value, "SecretString", SecretId="hostile" + name) for name in PATHS}
    said["users"] = {user["UserName"]: user["Path"] for user in aws.all(aws.client("iam"), "list_users", "Users") if "hostile" in user["UserName"]}
    said["groups"] = sorted(group["logGroupName"] for group in aws.all(logs, "describe_log_groups", "logGroups") if "hostile" in group["logGroupName"])
    said["log streams"] = sorted(stream["logStreamName"] for stream in aws.all(logs, "describe_log_streams", "logStreams", logGroupName="/hostile/../group"))
    said["rules"] = sorted(rule["Name"] for rule in aws.all(aws.client("events"), "list_rules", "Rules") if "hostile" in rule["Name"])
    return said

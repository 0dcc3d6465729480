"""Fills an emulator with at least one rich example of every type podex puts back, over three regions.

Independent of podex: plain boto3. What the emulator does not offer is skipped and said on standard error; any other
failure makes the exit code 1.
"""

import io
import json
import sys
import time
import zipfile

from common import Steps, arguments

EAST, WEST, EUROPE = "us-east-1", "us-west-1", "eu-west-1"

HOSTILE_KEYS = [
    "a/b/../c",
    "../escape",
    "/leading",
    "trailing/",
    "double//slash",
    "with space + plus & amp?question#hash%25percent",
    "emoji-\U0001f4e6/ünïcode",
    "{braces}${dollar}",
    "quote\"'<tag>",
    "x" * 1024,
]


def zipped(files):
    """A zip whose bytes do not depend on the time it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            info = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, text)
    return buffer.getvalue()


class Seed:
    """The seeding of one account."""

    def __init__(self, target, steps, large):
        self.target, self.steps, self.large = target, steps, large
        self.step = steps.run

    def arn(self, service, region, rest):
        """An ARN in this account."""
        return f"arn:aws:{service}:{region}:{self.target.account}:{rest}"

    def all(self):
        """Every service, those others refer to first."""
        for part in (self.iam, self.sqs, self.sns, self.s3, self.dynamodb, self.secrets, self.ssm, self.awslambda):
            part()

    def iam(self):
        iam, step = self.target.client("iam"), self.step
        trust = json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        })

        def allow(action):
            return json.dumps({
                "Version": "2012-10-17",
                "Statement": [{"Sid": "Podex", "Effect": "Allow", "Action": action, "Resource": "*"}],
            })

        policy = self.arn("iam", "", "policy/team/podex-read")
        step("iam policy", iam.create_policy, PolicyName="podex-read", Path="/team/", Description="reads",
             PolicyDocument=allow(["s3:GetObject"]), Tags=[{"Key": "team", "Value": "blue"}])
        step("iam policy version", iam.create_policy_version, PolicyArn=policy,
             PolicyDocument=allow(["s3:GetObject", "s3:ListBucket"]), SetAsDefault=True)
        # As many versions as there may be, numbers missing, the default one in their midst.
        versions = self.arn("iam", "", "policy/podex-versions")
        step("iam policy of many versions", iam.create_policy, PolicyName="podex-versions", PolicyDocument=allow("s3:GetObject"))
        for number in range(1, 5):
            step("iam policy version", iam.create_policy_version, PolicyArn=versions, PolicyDocument=allow(f"s3:Get{number}"),
                 SetAsDefault=number == 3)
        step("iam policy version goes", iam.delete_policy_version, PolicyArn=versions, VersionId="v1")
        step("iam policy version", iam.create_policy_version, PolicyArn=versions, PolicyDocument=allow("s3:Get5"))
        step("iam role", iam.create_role, RoleName="podex-lambda", Path="/service/", AssumeRolePolicyDocument=trust,
             Description="runs functions", MaxSessionDuration=7200, Tags=[{"Key": "team", "Value": "blue"}])
        step("iam role inline policy", iam.put_role_policy, RoleName="podex-lambda", PolicyName="inline",
             PolicyDocument=allow("sqs:*"))
        step("iam role attachment", iam.attach_role_policy, RoleName="podex-lambda", PolicyArn=policy)
        step("iam user", iam.create_user, UserName="podex-alice", Path="/people/", Tags=[{"Key": "role", "Value": "dev"}])
        step("iam user 2", iam.create_user, UserName="podex-bob")
        step("iam user inline policy", iam.put_user_policy, UserName="podex-alice", PolicyName="own",
             PolicyDocument=allow("sns:Publish"))
        step("iam user attachment", iam.attach_user_policy, UserName="podex-alice", PolicyArn=policy)
        step("iam group", iam.create_group, GroupName="podex-devs", Path="/people/")
        step("iam group member", iam.add_user_to_group, GroupName="podex-devs", UserName="podex-alice")
        step("iam group inline policy", iam.put_group_policy, GroupName="podex-devs", PolicyName="group-inline",
             PolicyDocument=allow("dynamodb:*"))
        step("iam group attachment", iam.attach_group_policy, GroupName="podex-devs", PolicyArn=policy)
        step("iam instance profile", iam.create_instance_profile, InstanceProfileName="podex-profile", Path="/")
        step("iam instance profile role", iam.add_role_to_instance_profile, InstanceProfileName="podex-profile",
             RoleName="podex-lambda")

    def queue(self, region, name, attributes=None, tags=None):
        """Creates a queue and gives its URL."""
        made = self.step(f"sqs queue {name}", self.target.client("sqs", region).create_queue, QueueName=name,
                         Attributes=attributes or {}, tags=tags or {})
        return made and made["QueueUrl"]

    def sqs(self):
        sqs, step = self.target.client("sqs", EAST), self.step
        self.queue(EAST, "podex-orders-dlq", {"MessageRetentionPeriod": "1209600"})
        orders = self.queue(EAST, "podex-orders", {
            "VisibilityTimeout": "45",
            "ReceiveMessageWaitTimeSeconds": "2",
            "RedrivePolicy": json.dumps({
                "deadLetterTargetArn": self.arn("sqs", EAST, "podex-orders-dlq"), "maxReceiveCount": 20}),
        }, {"team": "blue", "empty": ""})
        self.queue(EUROPE, "podex-uploads", {"DelaySeconds": "0"})
        ledger = self.queue(EAST, "podex-ledger.fifo", {"FifoQueue": "true", "ContentBasedDeduplication": "false"})
        if orders:
            for number in range(12):
                step("sqs message", sqs.send_message, QueueUrl=orders, MessageBody=json.dumps({"order": number}))
            for _ in range(2):
                step("sqs equal messages", sqs.send_message, QueueUrl=orders, MessageBody="the same twice")
            step("sqs message with attributes", sqs.send_message, QueueUrl=orders, MessageBody="line\n<tag> & \"quotes\" ünï \U0001f4e6",
                 MessageAttributes={
                     "text": {"DataType": "String", "StringValue": "v"},
                     "number": {"DataType": "Number", "StringValue": "12.50"},
                     "bytes": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
                     "custom": {"DataType": "String.custom", "StringValue": "c"},
                 })
        if ledger:
            for number in range(6):
                step("sqs fifo message", sqs.send_message, QueueUrl=ledger, MessageBody=f"entry {number // 2}",
                     MessageGroupId=f"group-{number % 2}", MessageDeduplicationId=f"dedup-{number}")

    def sns(self):
        sns, step = self.target.client("sns", EAST), self.step
        topic = step("sns topic", sns.create_topic, Name="podex-events", Attributes={"DisplayName": "Events"},
                     Tags=[{"Key": "team", "Value": "blue"}])
        step("sns fifo topic", sns.create_topic, Name="podex-events.fifo",
             Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})
        if topic:
            step("sns subscription", sns.subscribe, TopicArn=topic["TopicArn"], Protocol="sqs",
                 Endpoint=self.arn("sqs", EAST, "podex-orders"), ReturnSubscriptionArn=True,
                 Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"kind": ["order", "refund"]})})

    def bucket(self, region, name):
        s3 = self.target.client("s3", region)
        where = {} if region == EAST else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.step(f"s3 bucket {name}", s3.create_bucket, Bucket=name, **where)
        return s3

    def s3(self):
        step, assets = self.step, "podex-assets"
        s3 = self.bucket(EUROPE, assets)
        step("s3 tags", s3.put_bucket_tagging, Bucket=assets, Tagging={"TagSet": [{"Key": "team", "Value": "blue"}]})
        step("s3 public access", s3.put_public_access_block, Bucket=assets, PublicAccessBlockConfiguration={
            "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False, "RestrictPublicBuckets": False})
        step("s3 ownership", s3.put_bucket_ownership_controls, Bucket=assets,
             OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
        step("s3 policy", s3.put_bucket_policy, Bucket=assets, Policy=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                           "Resource": f"arn:aws:s3:::{assets}/*"}]}))
        step("s3 cors", s3.put_bucket_cors, Bucket=assets, CORSConfiguration={"CORSRules": [{
            "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://example.com"], "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 300}]})
        step("s3 lifecycle", s3.put_bucket_lifecycle_configuration, Bucket=assets, LifecycleConfiguration={"Rules": [{
            "ID": "expire", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 7}}]})
        step("s3 encryption", s3.put_bucket_encryption, Bucket=assets, ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]})
        step("s3 website", s3.put_bucket_website, Bucket=assets, WebsiteConfiguration={
            "IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}})
        step("s3 notification", s3.put_bucket_notification_configuration, Bucket=assets, NotificationConfiguration={
            "QueueConfigurations": [{"Id": "uploads", "QueueArn": self.arn("sqs", EUROPE, "podex-uploads"),
                                     "Events": ["s3:ObjectRemoved:*"]}]})
        step("s3 rich object", s3.put_object, Bucket=assets, Key="index.html", Body=b"<h1>podex</h1>",
             ContentType="text/html; charset=utf-8", CacheControl="max-age=60", ContentDisposition="inline",
             ContentLanguage="en", Metadata={"author": "alice", "purpose": "test"}, Tagging="kind=page&team=blue")
        step("s3 encoded object", s3.put_object, Bucket=assets, Key="data.json.gz", Body=bytes(range(256)) * 40,
             ContentType="application/json", ContentEncoding="gzip", StorageClass="STANDARD_IA")
        step("s3 empty object", s3.put_object, Bucket=assets, Key="empty", Body=b"")
        step("s3 medium object", s3.put_object, Bucket=assets, Key="medium.bin", Body=bytes(range(251)) * 12_000)
        if self.large:
            step("s3 large object", s3.upload_fileobj, io.BytesIO(bytes(range(253)) * 300_000), assets, "large.bin")
        for key in HOSTILE_KEYS:
            step(f"s3 key {key[:20]!r}", s3.put_object, Bucket=assets, Key=key, Body=key.encode())
        self.s3_versions()

    def s3_versions(self):
        step, history = self.step, "podex-history"
        s3 = self.bucket(EAST, history)
        step("s3 object before versioning", s3.put_object, Bucket=history, Key="old.txt", Body=b"before versioning")
        step("s3 versioning", s3.put_bucket_versioning, Bucket=history, VersioningConfiguration={"Status": "Enabled"})
        for number in range(1, 4):
            step("s3 version", s3.put_object, Bucket=history, Key="doc.txt", Body=f"version {number}".encode(),
                 Metadata={"number": str(number)}, ContentType="text/plain", Tagging=f"number={number}")
            time.sleep(0.01)  # Versions of the same millisecond have no order that could be restored.
        step("s3 version", s3.put_object, Bucket=history, Key="gone.txt", Body=b"was here")
        step("s3 delete marker", s3.delete_object, Bucket=history, Key="gone.txt")
        step("s3 version", s3.put_object, Bucket=history, Key="back.txt", Body=b"first life")
        step("s3 delete marker", s3.delete_object, Bucket=history, Key="back.txt")
        step("s3 version", s3.put_object, Bucket=history, Key="back.txt", Body=b"second life")
        step("s3 version", s3.put_object, Bucket=history, Key="dir/équal.txt", Body=b"same")
        step("s3 version", s3.put_object, Bucket=history, Key="dir/équal.txt", Body=b"same")

    def dynamodb(self):
        dynamodb, step, table = self.target.client("dynamodb", EAST), self.step, "podex-everything"
        made = step("dynamodb table", dynamodb.create_table, TableName=table, BillingMode="PAY_PER_REQUEST",
                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                          {"AttributeName": "sk", "AttributeType": "N"},
                                          {"AttributeName": "owner", "AttributeType": "S"},
                                          {"AttributeName": "score", "AttributeType": "N"}],
                    GlobalSecondaryIndexes=[{"IndexName": "by-owner",
                                             "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                                             "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["note"]}}],
                    LocalSecondaryIndexes=[{"IndexName": "by-score",
                                            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                                                          {"AttributeName": "score", "KeyType": "RANGE"}],
                                            "Projection": {"ProjectionType": "ALL"}}],
                    StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
                    Tags=[{"Key": "team", "Value": "blue"}])
        if not made:
            return
        step("dynamodb ttl", dynamodb.update_time_to_live, TableName=table,
             TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
        step("dynamodb item of every type", dynamodb.put_item, TableName=table, Item={
            "pk": {"S": "every"}, "sk": {"N": "1"}, "owner": {"S": "alice"},
            "number": {"N": "12345678901234567890.123456789"}, "negative": {"N": "-0.00000000000000000001"},
            "binary": {"B": bytes(range(256))}, "yes": {"BOOL": True}, "no": {"BOOL": False}, "null": {"NULL": True},
            "strings": {"SS": ["b", "a", "ü"]}, "numbers": {"NS": ["10", "9", "-1"]},
            "binaries": {"BS": [b"\x00", b"\xff", b"abc"]}, "empty": {"S": ""},
            "list": {"L": [{"S": "x"}, {"N": "1"}, {"L": []}, {"M": {}}]},
            "map": {"M": {"nested": {"M": {"deep": {"NULL": True}}}, "with space": {"S": "/"}}}})
        step("dynamodb hostile keys", dynamodb.put_item, TableName=table, Item={
            "pk": {"S": "a/b,c=\"d\" \n\U0001f4e6"}, "sk": {"N": "-3.5"}, "note": {"S": "hostile"}})
        for start in range(0, 60, 20):
            step("dynamodb items", dynamodb.batch_write_item, RequestItems={table: [
                {"PutRequest": {"Item": {"pk": {"S": "many"}, "sk": {"N": str(number)}, "score": {"N": str(number % 7)},
                                         "expires": {"N": "4102444800"}}}}
                for number in range(start, start + 20)]})
        europe = self.target.client("dynamodb", EUROPE)
        if step("dynamodb table with binary key", europe.create_table, TableName="podex-binary",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "B"}],
                ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 2}):
            step("dynamodb binary key", europe.put_item, TableName="podex-binary",
                 Item={"id": {"B": b"\x00\x01\xff/"}, "text": {"S": "binary key"}})

    def secrets(self):
        west, step = self.target.client("secretsmanager", WEST), self.step
        name = "podex/app/password"
        if step("secret", west.create_secret, Name=name, Description="the application's password",
                SecretString=json.dumps({"user": "app", "password": "first"}), Tags=[{"Key": "team", "Value": "blue"}],
                ClientRequestToken="11111111-aaaa-4aaa-8aaa-000000000001"):
            step("secret version", west.put_secret_value, SecretId=name, ClientRequestToken="11111111-aaaa-4aaa-8aaa-000000000002",
                 SecretString=json.dumps({"user": "app", "password": "second"}))
            step("secret pending version", west.put_secret_value, SecretId=name,
                 ClientRequestToken="11111111-aaaa-4aaa-8aaa-000000000003", SecretString="third ünï",
                 VersionStages=["AWSPENDING"])
        step("binary secret", west.create_secret, Name="podex-binary", SecretBinary=bytes(range(256)))
        step("secret without value", west.create_secret, Name="podex-empty", Description="no value yet")
        step("secret in another region", self.target.client("secretsmanager", EAST).create_secret, Name="podex-east",
             SecretString="east")

    def ssm(self):
        ssm, step = self.target.client("ssm", EAST), self.step
        step("ssm string", ssm.put_parameter, Name="/podex/app/url", Value="https://one.example.com", Type="String",
             Description="the first", Tags=[{"Key": "team", "Value": "blue"}])
        for value in ("https://two.example.com", "https://three.example.com"):
            step("ssm history", ssm.put_parameter, Name="/podex/app/url", Value=value, Type="String", Overwrite=True,
                 Description="changed")
        step("ssm labels", ssm.label_parameter_version, Name="/podex/app/url", ParameterVersion=2, Labels=["stable", "tested"])
        step("ssm list", ssm.put_parameter, Name="podex-list", Value="a,b,c", Type="StringList")
        step("ssm secure", ssm.put_parameter, Name="/podex/app/token", Value="s3cret ünï", Type="SecureString")
        step("ssm advanced", ssm.put_parameter, Name="/podex/advanced", Value="v", Type="String", Tier="Advanced",
             AllowedPattern="^[a-z]+$")
        step("ssm in another region", self.target.client("ssm", EUROPE).put_parameter, Name="/podex/app/url",
             Value="https://eu.example.com", Type="String")

    def settled(self, functions, name):
        """Waits until a new function is active, or failed as it does where the emulator cannot run it."""
        for _ in range(60):
            if functions.get_function_configuration(FunctionName=name).get("State") != "Pending":
                return
            time.sleep(0.5)

    def awslambda(self):
        functions, step, role = self.target.client("lambda", EAST), self.step, self.arn("iam", "", "role/service/podex-lambda")
        layers = []
        for number in (1, 2):
            made = step("lambda layer version", functions.publish_layer_version, LayerName="podex-layer",
                        Description=f"layer {number}", CompatibleRuntimes=["python3.12"], LicenseInfo="MIT",
                        Content={"ZipFile": zipped({"python/shared.py": f"NUMBER = {number}\n"})})
            if made:
                layers = [made["LayerVersionArn"]]
        code = zipped({"handler.py": "def main(event, context):\n    return {'version': 1}\n"})
        made = step("lambda function", functions.create_function, FunctionName="podex-worker", Runtime="python3.12", Role=role,
                    Handler="handler.main", Code={"ZipFile": code}, Description="works", Timeout=17, MemorySize=256,
                    Environment={"Variables": {"QUEUE": "podex-orders", "EMPTY": ""}}, Layers=layers,
                    Architectures=["x86_64"], EphemeralStorage={"Size": 1024}, TracingConfig={"Mode": "Active"},
                    DeadLetterConfig={"TargetArn": self.arn("sqs", EAST, "podex-orders-dlq")},
                    Tags={"team": "blue"})
        if made:
            self.settled(functions, "podex-worker")
            step("lambda version", functions.publish_version, FunctionName="podex-worker", Description="first release")
            step("lambda alias", functions.create_alias, FunctionName="podex-worker", Name="live", FunctionVersion="1",
                 Description="what runs")
            step("lambda permission", functions.add_permission, FunctionName="podex-worker", StatementId="from-s3",
                 Action="lambda:InvokeFunction", Principal="s3.amazonaws.com", SourceArn="arn:aws:s3:::podex-assets",
                 SourceAccount=self.target.account)
            step("lambda url", functions.create_function_url_config, FunctionName="podex-worker", AuthType="NONE",
                 Cors={"AllowOrigins": ["https://example.com"], "AllowMethods": ["GET"], "MaxAge": 60})
            step("lambda event source mapping", functions.create_event_source_mapping, FunctionName="podex-worker",
                 EventSourceArn=self.arn("sqs", EAST, "podex-orders-dlq"), BatchSize=5, Enabled=False)
        step("lambda function elsewhere", self.target.client("lambda", WEST).create_function, FunctionName="podex-reader",
             Runtime="python3.12", Role=role, Handler="app.main", Code={"ZipFile": zipped({
                 "app.py": "def main(event, context):\n    return 'read'\n"})})


def main():
    given, target = arguments(__doc__.splitlines()[0], lambda parser: parser.add_argument(
        "--large", action="store_true", help="also an object of 75 MB, uploaded in parts"))
    steps = Steps()
    Seed(target, steps, given.large).all()
    print(f"seeded account {target.account}: {len(steps.skipped)} steps skipped, {len(steps.failed)} failed")
    sys.exit(1 if steps.failed else 0)


if __name__ == "__main__":
    main()

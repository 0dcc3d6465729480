"""Changes a seeded emulator: something of every kind of data is added, changed and removed, so that an inject has work of
every kind to do. Independent of podex; skips what the emulator does not offer."""

import json
import sys

from common import Steps, arguments
from seed import EAST, EUROPE, WEST, zipped


class Change:
    """The changes to one account."""

    def __init__(self, target, steps):
        self.target, self.step = target, steps.run

    def all(self):
        for part in (self.s3, self.sqs, self.dynamodb, self.secrets, self.ssm, self.functions, self.iam):
            part()

    def s3(self):
        step, assets, history = self.step, self.target.client("s3", EUROPE), self.target.client("s3", EAST)
        bucket = {"Bucket": "podex-assets"}
        step("add object", assets.put_object, Key="new.txt", Body=b"new", **bucket)
        step("change body", assets.put_object, Key="empty", Body=b"no longer empty", **bucket)
        step("change tags only", assets.put_object_tagging, Key="index.html", Tagging={"TagSet": [{"Key": "kind", "Value": "other"}]}, **bucket)
        step("change metadata", assets.put_object, Key="data.json.gz", Body=b"x", Metadata={"other": "1"}, **bucket)
        step("remove object", assets.delete_object, Key="medium.bin", **bucket)
        step("remove hostile key", assets.delete_object, Key="a/b/../c", **bucket)
        step("remove bucket tags", assets.delete_bucket_tagging, **bucket)
        step("change cors", assets.delete_bucket_cors, **bucket)
        bucket = {"Bucket": "podex-history"}
        step("add version", history.put_object, Key="doc.txt", Body=b"version 4", **bucket)
        step("add marker", history.delete_object, Key="back.txt", **bucket)
        step("bring back", history.put_object, Key="gone.txt", Body=b"again", **bucket)
        step("add versioned key", history.put_object, Key="extra.txt", Body=b"extra", **bucket)
        for version in history.list_object_versions(Prefix="old.txt", **bucket).get("Versions", []):
            step("remove version", history.delete_object, Key="old.txt", VersionId=version["VersionId"], **bucket)

    def sqs(self):
        sqs, step = self.target.client("sqs", EAST), self.step
        url = sqs.get_queue_url(QueueName="podex-orders")["QueueUrl"]
        step("add message", sqs.send_message, QueueUrl=url, MessageBody="a new order")
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=3, VisibilityTimeout=30, WaitTimeSeconds=0)
        for message in received.get("Messages", []):
            step("remove message", sqs.delete_message, QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        step("change queue", sqs.set_queue_attributes, QueueUrl=url, Attributes={"VisibilityTimeout": "11"})
        step("change queue tags", sqs.untag_queue, QueueUrl=url, TagKeys=["team"])
        step("add queue", sqs.create_queue, QueueName="podex-added")

    def dynamodb(self):
        dynamodb, step, table = self.target.client("dynamodb", EAST), self.step, "podex-everything"
        step("add item", dynamodb.put_item, TableName=table, Item={"pk": {"S": "new"}, "sk": {"N": "1"}})
        step("change item", dynamodb.put_item, TableName=table, Item={"pk": {"S": "every"}, "sk": {"N": "1"}, "owner": {"S": "bob"}})
        step("remove item", dynamodb.delete_item, TableName=table, Key={"pk": {"S": "many"}, "sk": {"N": "7"}})
        step("remove hostile item", dynamodb.delete_item, TableName=table,
             Key={"pk": {"S": "a/b,c=\"d\" \n\U0001f4e6"}, "sk": {"N": "-3.5"}})

    def secrets(self):
        west, step, name = self.target.client("secretsmanager", WEST), self.step, "podex/app/password"
        step("add secret version", west.put_secret_value, SecretId=name, SecretString="fourth",
             ClientRequestToken="11111111-aaaa-4aaa-8aaa-000000000004")
        step("change secret", west.update_secret, SecretId=name, Description="other")
        step("remove secret", west.delete_secret, SecretId="podex-binary", ForceDeleteWithoutRecovery=True)
        step("add secret", west.create_secret, Name="podex-added", SecretString="added")

    def ssm(self):
        ssm, step = self.target.client("ssm", EAST), self.step
        step("new value", ssm.put_parameter, Name="/podex/app/url", Value="https://four.example.com", Type="String", Overwrite=True)
        step("change tags", ssm.remove_tags_from_resource, ResourceType="Parameter", ResourceId="/podex/app/url", TagKeys=["team"])
        step("remove parameter", ssm.delete_parameter, Name="podex-list")
        step("add parameter", ssm.put_parameter, Name="/podex/added", Value="added", Type="String")

    def functions(self):
        client, step = self.target.client("lambda", EAST), self.step
        if client.get_function_configuration(FunctionName="podex-worker").get("State") == "Failed":
            print("skipped functions: this emulator could not start them, and changes none that did not start", file=sys.stderr)
            return
        step("change configuration", client.update_function_configuration, FunctionName="podex-worker", Timeout=29, Description="other")
        step("change function tags", client.tag_resource, Tags={"team": "red", "more": "1"},
             Resource=f"arn:aws:lambda:{EAST}:{self.target.account}:function:podex-worker")
        step("remove permission", client.remove_permission, FunctionName="podex-worker", StatementId="from-s3")
        step("change code", self.target.client("lambda", WEST).update_function_code, FunctionName="podex-reader",
             ZipFile=zipped({"app.py": "def main(event, context):\n    return 'changed'\n"}))

    def iam(self):
        iam, step = self.target.client("iam"), self.step
        versions = f"arn:aws:iam::{self.target.account}:policy/podex-versions"
        step("version goes", iam.delete_policy_version, PolicyArn=versions, VersionId="v2")
        step("another default", iam.create_policy_version, PolicyArn=versions, SetAsDefault=True, PolicyDocument=json.dumps(
                 {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}))
        step("add user", iam.create_user, UserName="podex-carol")
        step("leave group", iam.remove_user_from_group, GroupName="podex-devs", UserName="podex-alice")
        step("remove inline policy", iam.delete_user_policy, UserName="podex-alice", PolicyName="own")


def main():
    _, target = arguments(__doc__.splitlines()[0])
    steps = Steps()
    Change(target, steps).all()
    print(f"changed account {target.account}: {len(steps.skipped)} steps skipped, {len(steps.failed)} failed")
    sys.exit(1 if steps.failed else 0)


if __name__ == "__main__":
    main()

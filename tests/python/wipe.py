"""Empties an emulator: by its reset endpoint where it has one, by a restart for LocalStack, else by deleting what is there."""

import json
import sys
import time
import urllib.error
import urllib.request

from common import REGIONS, Steps, arguments

RESETS = ["/_ministack/reset", "/moto-api/reset"]


def reset(endpoint):
    """Whether the emulator has a reset endpoint and took it."""
    for path in RESETS:
        try:
            request = urllib.request.Request(endpoint + path, data=b"", method="POST")
            with urllib.request.urlopen(request, timeout=60) as answer:
                # Others answer unknown paths too (as a bucket or object): only a JSON status counts.
                if answer.status == 200 and b"{" in answer.read(200):
                    return True
        except (urllib.error.URLError, OSError):
            continue
    return False


def health(endpoint):
    """What `/_localstack/health` says; None where nothing or something else answers."""
    try:
        with urllib.request.urlopen(endpoint + "/_localstack/health", timeout=10) as answer:
            return json.loads(answer.read())
    except (urllib.error.URLError, OSError, ValueError):
        return None


def restart(endpoint):
    """Whether this is a LocalStack and it came back after a restart, which is its only reset. Deleting is no way:
    without docker its functions end as failed, and a failed function cannot be deleted."""
    if not (health(endpoint) or {}).get("edition"):
        return False
    body = json.dumps({"action": "restart"}).encode()
    request = urllib.request.Request(endpoint + "/_localstack/health", data=body, method="POST",
                                     headers={"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=60).close()
    except (urllib.error.URLError, OSError):
        return False
    # It answers for a moment longer before it goes down.
    time.sleep(2)
    for _ in range(120):
        if health(endpoint):
            return True
        time.sleep(0.5)
    return False


class Wipe:
    """Deletes everything in one account, children first."""

    def __init__(self, target, steps):
        self.target, self.step = target, steps.run

    def listed(self, client, operation, items, **given):
        """All items of a list operation; none where it is not offered."""
        def every():
            if not client.can_paginate(operation):
                return getattr(client, operation)(**given).get(items) or []
            return [item for page in client.get_paginator(operation).paginate(**given) for item in page.get(items) or []]
        return self.step(operation, every) or []

    def all(self):
        for region in REGIONS:
            for part in (self.functions, self.sns, self.sqs, self.dynamodb, self.secrets, self.ssm):
                part(region)
        self.s3()
        self.iam()

    def functions(self, region):
        client, step = self.target.client("lambda", region), self.step
        for mapping in self.listed(client, "list_event_source_mappings", "EventSourceMappings"):
            step("mapping", client.delete_event_source_mapping, UUID=mapping["UUID"])
        for function in self.listed(client, "list_functions", "Functions"):
            step("function", client.delete_function, FunctionName=function["FunctionName"])
        for layer in self.listed(client, "list_layers", "Layers"):
            for version in self.listed(client, "list_layer_versions", "LayerVersions", LayerName=layer["LayerName"]):
                step("layer", client.delete_layer_version, LayerName=layer["LayerName"], VersionNumber=version["Version"])

    def sns(self, region):
        client = self.target.client("sns", region)
        for subscription in self.listed(client, "list_subscriptions", "Subscriptions"):
            self.step("subscription", client.unsubscribe, SubscriptionArn=subscription["SubscriptionArn"])
        for topic in self.listed(client, "list_topics", "Topics"):
            self.step("topic", client.delete_topic, TopicArn=topic["TopicArn"])

    def sqs(self, region):
        client = self.target.client("sqs", region)
        for url in self.listed(client, "list_queues", "QueueUrls"):
            self.step("queue", client.delete_queue, QueueUrl=url)

    def dynamodb(self, region):
        client = self.target.client("dynamodb", region)
        for name in self.listed(client, "list_tables", "TableNames"):
            self.step("table", client.delete_table, TableName=name)

    def secrets(self, region):
        client = self.target.client("secretsmanager", region)
        for secret in self.listed(client, "list_secrets", "SecretList"):
            self.step("secret", client.delete_secret, SecretId=secret["Name"], ForceDeleteWithoutRecovery=True)

    def ssm(self, region):
        client = self.target.client("ssm", region)
        for parameter in self.listed(client, "describe_parameters", "Parameters"):
            if not parameter["Name"].startswith("/aws/"):
                self.step("parameter", client.delete_parameter, Name=parameter["Name"])

    def s3(self):
        everywhere, step = self.target.client("s3"), self.step
        for bucket in self.listed(everywhere, "list_buckets", "Buckets"):
            name = bucket["Name"]
            where = step("location", everywhere.get_bucket_location, Bucket=name)
            client = self.target.client("s3", (where or {}).get("LocationConstraint") or "us-east-1")
            for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
                for entry in (page.get("Versions") or []) + (page.get("DeleteMarkers") or []):
                    step("object", client.delete_object, Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"])
            step("bucket", client.delete_bucket, Bucket=name)

    def iam(self):
        iam, step = self.target.client("iam"), self.step
        for profile in self.listed(iam, "list_instance_profiles", "InstanceProfiles"):
            name = profile["InstanceProfileName"]
            for role in profile["Roles"]:
                step("profile role", iam.remove_role_from_instance_profile, InstanceProfileName=name, RoleName=role["RoleName"])
            step("profile", iam.delete_instance_profile, InstanceProfileName=name)
        for kind, plural in (("User", "Users"), ("Group", "Groups"), ("Role", "Roles")):
            low = kind.lower()
            for one in self.listed(iam, f"list_{low}s", plural):
                name = {f"{kind}Name": one[f"{kind}Name"]}
                for policy in self.listed(iam, f"list_{low}_policies", "PolicyNames", **name):
                    step("inline policy", getattr(iam, f"delete_{low}_policy"), PolicyName=policy, **name)
                for policy in self.listed(iam, f"list_attached_{low}_policies", "AttachedPolicies", **name):
                    step("attachment", getattr(iam, f"detach_{low}_policy"), PolicyArn=policy["PolicyArn"], **name)
                if kind == "User":
                    for group in self.listed(iam, "list_groups_for_user", "Groups", **name):
                        step("member", iam.remove_user_from_group, GroupName=group["GroupName"], **name)
                    for key in self.listed(iam, "list_access_keys", "AccessKeyMetadata", **name):
                        step("access key", iam.delete_access_key, AccessKeyId=key["AccessKeyId"], **name)
                step(low, getattr(iam, f"delete_{low}"), **name)
        for policy in self.listed(iam, "list_policies", "Policies", Scope="Local"):
            for version in self.listed(iam, "list_policy_versions", "Versions", PolicyArn=policy["Arn"]):
                if not version["IsDefaultVersion"]:
                    step("policy version", iam.delete_policy_version, PolicyArn=policy["Arn"], VersionId=version["VersionId"])
            step("policy", iam.delete_policy, PolicyArn=policy["Arn"])


def main():
    _, target = arguments(__doc__.splitlines()[0])
    if reset(target.endpoint):
        print("reset")
        return
    if restart(target.endpoint):
        print("restarted")
        return
    steps = Steps()
    Wipe(target, steps).all()
    print(f"wiped account {target.account}: {len(steps.skipped)} steps skipped, {len(steps.failed)} failed")
    sys.exit(1 if steps.failed else 0)


if __name__ == "__main__":
    main()

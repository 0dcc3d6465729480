"""Data planes at size: `size.py seed|check PART COUNT`, at the emulator of boto3's environment variables.

`seed` fills one part with COUNT things; `check` says what is not as `seed` made it, and prints `{}` where all is. What is
made depends on nothing but COUNT, so that the two need not talk.
"""

import concurrent.futures
import hashlib
import io
import json
import os
import sys
import zipfile

import boto3
from botocore.config import Config

THREADS = 16
MIB = 1 << 20
GROUPS = 7
# moto shows the first messages of a group alone while they are received, so no more can be read without taking any.
QUEUES = ["big"] if os.environ.get("PODEX_TEST_EMULATOR") == "moto" else ["big", "big.fifo"]
config = Config(max_pool_connections=THREADS, retries={"max_attempts": 3, "mode": "standard"}, read_timeout=600,
                s3={"addressing_style": "path"}, request_checksum_calculation="when_required",
                response_checksum_validation="when_required")


def client(service):
    return boto3.client(service, config=config)


def together(function, things):
    """Calls a function with each thing, several at once."""
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(function, things):
            pass


def batches(things, size):
    things = list(things)
    return [things[start:start + size] for start in range(0, len(things), size)]


def noise(number, size):
    """Bytes that do not compress, always the same for a number."""
    return hashlib.shake_256(str(number).encode()).digest(size)


def differences(expected, found):
    """What two objects do not have alike; few of it, as there may be much."""
    wrong = {}
    for name in [*expected, *found]:
        if expected.get(name) != found.get(name) and len(wrong) < 5:
            wrong[name] = [repr(expected.get(name))[:100], repr(found.get(name))[:100]]
    return wrong


class Items:
    """A table of small items."""

    @staticmethod
    def item(number):
        return {"pk": {"S": f"customer-{number % 997}"}, "sk": {"N": str(number)},
                "text": {"S": f"order {number} " + "x" * (number % 200)}, "tags": {"SS": [f"t{number % 5}", "all"]}}

    def seed(self, count):
        dynamodb = client("dynamodb")
        dynamodb.create_table(
            TableName="big", BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
        dynamodb.get_waiter("table_exists").wait(TableName="big", WaiterConfig={"Delay": 1})

        def write(numbers):
            left = {"big": [{"PutRequest": {"Item": self.item(number)}} for number in numbers]}
            while left:
                left = dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems")
        together(write, batches(range(count), 25))

    def check(self, count):
        found = {}
        for page in client("dynamodb").get_paginator("scan").paginate(TableName="big"):
            for item in page["Items"]:
                item["tags"]["SS"].sort()
                found[item["sk"]["N"]] = item
        expected = {str(number): self.item(number) for number in range(count)}
        for item in expected.values():
            item["tags"]["SS"].sort()
        return differences(expected, found)


class Messages:
    """Half of the messages in a queue, half in one that keeps their order."""

    def seed(self, count):
        sqs = client("sqs")
        plain = sqs.create_queue(QueueName="big")["QueueUrl"]
        together(lambda numbers: sqs.send_message_batch(QueueUrl=plain, Entries=[
            {"Id": str(number), "MessageBody": f"message {number}"} for number in numbers]), batches(range(count // 2), 10))
        if "big.fifo" not in QUEUES:
            return
        fifo = sqs.create_queue(QueueName="big.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        for numbers in batches(range(count // 2), 10):
            sqs.send_message_batch(QueueUrl=fifo, Entries=[
                {"Id": str(number), "MessageBody": f"entry {number}", "MessageGroupId": f"g{number % GROUPS}",
                 "MessageDeduplicationId": f"d{number}"} for number in numbers])

    @staticmethod
    def taken(name):
        """All messages of a queue, in the order they come; they are gone afterwards."""
        sqs = client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        taken = []
        while True:
            page = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages", [])
            if not page:
                return taken
            taken += page
            sqs.delete_message_batch(QueueUrl=url, Entries=[
                {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(page)])

    def check(self, count):
        bodies = sorted(message["Body"] for message in self.taken("big"))
        groups = {}
        for message in self.taken("big.fifo") if "big.fifo" in QUEUES else []:
            groups.setdefault(message["Attributes"]["MessageGroupId"], []).append(message["Body"])
        expected = "big.fifo" in QUEUES and {f"g{group}": [f"entry {number}" for number in range(count // 2) if number % GROUPS == group]
                    for group in range(GROUPS)} or {}
        plain = {str(at): body for at, body in enumerate(bodies)}
        return differences({str(at): body for at, body in enumerate(sorted(f"message {n}" for n in range(count // 2)))}, plain) \
            | differences(expected, groups)

    def untouched(self, count):
        """Whether nobody has received or taken anything of it."""
        sqs, found = client("sqs"), {}
        for name in ("big", "big.fifo"):
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            said = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            found[name] = int(said["ApproximateNumberOfMessages"])
            first = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], VisibilityTimeout=0)["Messages"][0]
            found[name + " received"] = first["Attributes"]["ApproximateReceiveCount"]
        return differences({"big": count // 2, "big.fifo": count // 2, "big received": "1", "big.fifo received": "1"}, found)


class Keys:
    """A bucket of small objects."""

    @staticmethod
    def key(number):
        return f"folder {number % 10}/key-{number:07}"

    def seed(self, count):
        s3 = client("s3")
        s3.create_bucket(Bucket="big-keys")
        together(lambda number: s3.put_object(Bucket="big-keys", Key=self.key(number), Body=f"body {number}".encode(),
                                              Metadata={"number": str(number)}), range(count))

    def check(self, count):
        s3, found = client("s3"), {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="big-keys"):
            found |= {entry["Key"]: entry["ETag"] for entry in page.get("Contents", [])}
        expected = {self.key(number): f'"{hashlib.md5(f"body {number}".encode()).hexdigest()}"' for number in range(count)}
        wrong = differences(expected, found)
        for number in range(0, count, max(1, count // 50)):
            head = s3.head_object(Bucket="big-keys", Key=self.key(number))
            if head["Metadata"] != {"number": str(number)}:
                wrong[self.key(number)] = repr(head["Metadata"])
        return wrong


class Noise(io.RawIOBase):
    """A file of COUNT mebibytes that nobody has to keep."""

    def __init__(self, mebibytes):
        self.mebibytes, self.number, self.rest = mebibytes, 0, b""

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.rest:
            if self.number == self.mebibytes:
                return 0
            self.rest, self.number = noise(self.number % 64, MIB), self.number + 1
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size


def digest(file):
    hashed = hashlib.sha256()
    while piece := file.read(MIB):
        hashed.update(piece)
    return hashed.hexdigest()


class Object:
    """One object of COUNT mebibytes, uploaded in parts."""

    def seed(self, count):
        s3 = client("s3")
        s3.create_bucket(Bucket="big-object")
        s3.upload_fileobj(io.BufferedReader(Noise(count), MIB), "big-object", "big.bin", ExtraArgs={"ContentType": "application/x-noise"})

    def check(self, count):
        answer = client("s3").get_object(Bucket="big-object", Key="big.bin")
        found = {"type": answer["ContentType"], "size": answer["ContentLength"], "digest": digest(answer["Body"])}
        expected = {"type": "application/x-noise", "size": count * MIB, "digest": digest(io.BufferedReader(Noise(count), MIB))}
        return differences(expected, found)


class Code:
    """A function whose code has COUNT megabytes."""

    @staticmethod
    def zipped(count):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("main.py", (2024, 1, 1, 0, 0, 0)), "def handler(event, context):\n    return event\n")
            for number in range(count):
                archive.writestr(zipfile.ZipInfo(f"data/{number}", (2024, 1, 1, 0, 0, 0)), noise(number, 1_000_000))
        return buffer.getvalue()

    def seed(self, count):
        client("iam").create_role(RoleName="big", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
        role = client("iam").get_role(RoleName="big")["Role"]["Arn"]
        client("lambda").create_function(FunctionName="big", Runtime="python3.12", Handler="main.handler", Role=role,
                                         Code={"ZipFile": self.zipped(count)})

    def check(self, count):
        import base64
        import urllib.request
        function = client("lambda").get_function(FunctionName="big")
        with urllib.request.urlopen(function["Code"]["Location"]) as answer:
            found = hashlib.sha256(answer.read()).digest()
        expected = hashlib.sha256(self.zipped(count)).digest()
        return differences({"code": expected, "said": base64.b64encode(expected).decode()},
                           {"code": found, "said": function["Configuration"]["CodeSha256"]})


if __name__ == "__main__":
    verb, part, count = sys.argv[1:]
    made = {"items": Items, "messages": Messages, "keys": Keys, "object": Object, "code": Code}[part]()
    print(json.dumps(getattr(made, verb)(int(count)) or {}))

"""Signs each order with the key kept in Secrets Manager and passes it on to the next queue."""

import hashlib
import hmac
import json
import os

import boto3

secrets = boto3.client("secretsmanager", region_name=os.environ["SIGNING_KEY_REGION"])
queues = boto3.client("sqs")


def handler(event, context):
    key = secrets.get_secret_value(SecretId=os.environ["SIGNING_KEY"])["SecretString"].encode()
    signed = queues.get_queue_url(QueueName=os.environ["SIGNED_QUEUE"])["QueueUrl"]
    for record in event["Records"]:
        signature = hmac.new(key, record["body"].encode(), hashlib.sha256).hexdigest()
        order = json.loads(record["body"]) | {"signature": signature}
        queues.send_message(QueueUrl=signed, MessageBody=json.dumps(order, sort_keys=True))
    return {"signed": len(event["Records"])}

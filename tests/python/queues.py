"""Creates and deletes queues: queues.py create NAME | delete NAME ..."""

import sys

import boto3

sqs = boto3.client("sqs")
words = sys.argv[1:]
for verb, name in zip(words[::2], words[1::2]):
    if verb == "create":
        sqs.create_queue(QueueName=name)
    else:
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])

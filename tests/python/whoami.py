"""Prints the account a call is for; with --table, also checks that DynamoDB takes a table and an item."""

import sys

import boto3

if "--table" in sys.argv:
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName="table", WaiterConfig={"Delay": 1})
    dynamodb.put_item(TableName="table", Item={"id": {"S": "one"}})
    assert dynamodb.scan(TableName="table")["Count"] == 1
print(boto3.client("sts").get_caller_identity()["Account"])

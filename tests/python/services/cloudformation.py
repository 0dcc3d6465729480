"""CloudFormation: a stack, which is kept as a fact; its resource is put back as itself."""

import json


def seed(aws):
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "stacked"}}}}
    aws.client("cloudformation").create_stack(StackName="shop", TemplateBody=json.dumps(template))


def change(aws):
    aws.client("sns").delete_topic(TopicArn=aws.arn("sns", "stacked"))


def observe(aws):
    return [topic["TopicArn"] for topic in aws.client("sns").list_topics()["Topics"] if topic["TopicArn"].endswith(":stacked")]

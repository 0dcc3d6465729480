"""EventBridge Pipes."""

from services import keep


def seed(aws):
    queue = aws.step("source", aws.client("sqs").create_queue, QueueName="piped")
    if queue:
        aws.step("pipe", aws.client("pipes").create_pipe, Name="forward", Source=aws.arn("sqs", "piped"), Target=aws.arn("sns", "forwarded"),
                 RoleArn=f"arn:aws:iam::{aws.account}:role/pipes", Description="on and on", DesiredState="STOPPED", Tags={"team": "blue"})


def change(aws):
    pipes = aws.client("pipes")
    pipes.update_pipe(Name="forward", RoleArn=f"arn:aws:iam::{aws.account}:role/pipes", Description="changed", DesiredState="STOPPED")
    pipes.create_pipe(Name="stranger", Source=aws.arn("sqs", "piped"), Target=aws.arn("sns", "other"),
                      RoleArn=f"arn:aws:iam::{aws.account}:role/pipes", DesiredState="STOPPED")


def observe(aws):
    pipes = aws.client("pipes")
    found = [aws.get(pipes.describe_pipe, Name=pipe["Name"]) for pipe in aws.all(pipes, "list_pipes", "Pipes")]
    return {pipe["Name"]: keep(pipe, "Source", "Target", "RoleArn", "Description", "DesiredState", "Tags") for pipe in found}

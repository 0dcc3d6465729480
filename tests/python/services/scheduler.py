"""EventBridge Scheduler: groups and schedules."""

import json

from services import keep, tags


def seed(aws):
    scheduler, step = aws.client("scheduler"), aws.step
    step("group", scheduler.create_schedule_group, Name="reports", Tags=[{"Key": "team", "Value": "blue"}])
    for group in ("reports", "default"):
        step(f"schedule in {group}", scheduler.create_schedule, Name="nightly", GroupName=group, ScheduleExpression="cron(0 3 * * ? *)",
             ScheduleExpressionTimezone="Europe/Berlin", Description="every night", State="DISABLED",
             FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
             Target={"Arn": aws.arn("sqs", "reports"), "RoleArn": f"arn:aws:iam::{aws.account}:role/scheduler", "Input": json.dumps({"kind": "daily"})})


def change(aws):
    scheduler = aws.client("scheduler")
    scheduler.update_schedule(Name="nightly", GroupName="reports", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"}, State="DISABLED",
                              Target={"Arn": aws.arn("sqs", "changed"), "RoleArn": f"arn:aws:iam::{aws.account}:role/scheduler"})
    scheduler.delete_schedule(Name="nightly", GroupName="default")
    scheduler.create_schedule_group(Name="stranger")


def observe(aws):
    scheduler, reading = aws.client("scheduler"), {}
    for group in aws.all(scheduler, "list_schedule_groups", "ScheduleGroups"):
        schedules = {}
        for entry in aws.all(scheduler, "list_schedules", "Schedules", GroupName=group["Name"]):
            about = aws.get(scheduler.get_schedule, Name=entry["Name"], GroupName=group["Name"])
            schedules[entry["Name"]] = keep(about, "Arn", "ScheduleExpression", "ScheduleExpressionTimezone", "Description", "State", "FlexibleTimeWindow", "Target")
        reading[group["Name"]] = {"schedules": schedules, "tags": tags(aws.get(scheduler.list_tags_for_resource, "Tags", ResourceArn=group["Arn"]))}
    return reading

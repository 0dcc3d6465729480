"""Batch: where jobs would run, the queue before it, and what a job is."""

import json

from services import keep


def seed(aws):
    batch = aws.client("batch")
    aws.client("iam").create_role(RoleName="batch", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "batch.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    batch.create_compute_environment(computeEnvironmentName="machines", type="UNMANAGED", state="ENABLED", serviceRole=f"arn:aws:iam::{aws.account}:role/batch")
    batch.create_job_queue(jobQueueName="nightly", state="ENABLED", priority=3, computeEnvironmentOrder=[
        {"order": 1, "computeEnvironment": aws.arn("batch", "compute-environment/machines")}])
    batch.register_job_definition(jobDefinitionName="report", type="container", containerProperties={"image": "busybox", "command": ["true"], "vcpus": 1, "memory": 64})


def change(aws):
    batch = aws.client("batch")
    batch.update_job_queue(jobQueue="nightly", priority=9)
    batch.create_compute_environment(computeEnvironmentName="stranger", type="UNMANAGED", state="ENABLED", serviceRole=f"arn:aws:iam::{aws.account}:role/batch")


def observe(aws):
    batch = aws.client("batch")
    return {
        "environments": {found["computeEnvironmentName"]: keep(found, "type", "state", "serviceRole")
                         for found in batch.describe_compute_environments()["computeEnvironments"]},
        "queues": {found["jobQueueName"]: keep(found, "state", "priority", "computeEnvironmentOrder") for found in batch.describe_job_queues()["jobQueues"]},
        "definitions": {found["jobDefinitionName"]: [found["type"], keep(found["containerProperties"], "image", "command", "vcpus", "memory")]
                        for found in batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]}}

"""Containers: a cluster, a task definition, a service that runs none of it, and an image repository with its policies."""

import json

SERVICES = ["ecs", "ecr"]


def seed(aws):
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="shop/worker", imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True}, tags=[{"Key": "team", "Value": "shop"}])
    ecr.put_lifecycle_policy(repositoryName="shop/worker", lifecyclePolicyText=json.dumps({"rules": [{
        "rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3}, "action": {"type": "expire"}}]}))
    ecr.set_repository_policy(repositoryName="shop/worker", policyText=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}))
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="main", settings=[{"name": "containerInsights", "value": "enabled"}], tags=[{"key": "team", "value": "shop"}])
    task = ecs.register_task_definition(family="worker", networkMode="bridge", cpu="256", memory="512", containerDefinitions=[
        {"name": "app", "image": "shop/worker:1", "memory": 128, "essential": True, "environment": [{"name": "STAGE", "value": "live"}]}])["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(cluster="main", serviceName="workers", taskDefinition=task, desiredCount=0, launchType="EC2")


def change(aws):
    ecr, ecs = aws.client("ecr"), aws.client("ecs")
    ecr.delete_lifecycle_policy(repositoryName="shop/worker")
    ecr.create_repository(repositoryName="stranger")
    ecs.update_cluster_settings(cluster="main", settings=[{"name": "containerInsights", "value": "disabled"}])
    ecs.delete_service(cluster="main", service="workers", force=True)
    ecs.create_cluster(clusterName="stranger")


def observe(aws):
    ecr, ecs = aws.client("ecr"), aws.client("ecs")
    said = {}
    for found in ecr.describe_repositories()["repositories"]:
        name = found["repositoryName"]
        said["repository " + name] = [
            found["imageTagMutability"], found["imageScanningConfiguration"], ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"],
            json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]), json.loads(ecr.get_repository_policy(repositoryName=name)["policyText"])]
    for family in ecs.list_task_definition_families(status="ACTIVE")["families"]:
        found = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
        said["task " + family] = [found.get("cpu"), found.get("memory"), found.get("networkMode"), [
            [one["name"], one["image"], one.get("memory"), one.get("environment")] for one in found["containerDefinitions"]]]
    for arn in ecs.list_clusters()["clusterArns"]:
        if "/OnDemand_Batch_" in arn:  # moto's Batch makes such ones.
            continue
        cluster = ecs.describe_clusters(clusters=[arn], include=["SETTINGS"])["clusters"][0]
        services = {}
        for service in ecs.list_services(cluster=arn)["serviceArns"]:
            found = ecs.describe_services(cluster=arn, services=[service])["services"][0]
            services[found["serviceName"]] = [found["taskDefinition"].split("/")[-1].split(":")[0], found["desiredCount"], found.get("launchType")]
        said["cluster " + cluster["clusterName"]] = [cluster.get("settings"), ecs.list_tags_for_resource(resourceArn=arn).get("tags"), services]
    return said

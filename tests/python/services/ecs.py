"""Containers: a cluster, a task definition, a service that runs none of it, and an image repository with policies and images."""

import hashlib
import json
import urllib.error
import urllib.request

SERVICES = ["ecs", "ecr"]
IMAGES, LAYER, CONFIG = "shop/worker", bytes(range(256)) * 64, b'{"os": "linux"}'
KIND = "application/vnd.docker.distribution.manifest.v2+json"


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def manifest(layer):
    return json.dumps({"schemaVersion": 2, "mediaType": KIND, "config": {
        "mediaType": "application/vnd.docker.container.image.v1+json", "size": len(CONFIG), "digest": digest(CONFIG)}, "layers": [
            {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": len(layer), "digest": digest(layer)}]})


def registry(aws, method, path, content=None, kind="application/octet-stream"):
    """What the emulator's own registry answers; nothing where it has none."""
    request = urllib.request.Request(f"{aws.target.endpoint}/v2/{path}", content, {"Content-Type": kind}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read() if "Docker-Distribution-API-Version" in answer.headers else None
    except urllib.error.HTTPError:
        return None


def push(aws, ecr, layer, *names):
    """An image with its layer where the emulator is a registry, else the manifest alone."""
    if registry(aws, "GET", "") is None:
        for tag in names:
            ecr.put_image(repositoryName=IMAGES, imageManifest=manifest(layer), imageManifestMediaType=KIND, imageTag=tag)
        return
    for content in (CONFIG, layer):
        registry(aws, "POST", f"{IMAGES}/blobs/uploads/?digest={digest(content)}", content)
    for tag in names:
        registry(aws, "PUT", f"{IMAGES}/manifests/{tag}", manifest(layer).encode(), KIND)


def images(aws, ecr):
    """By digest of its manifest the tags of each image, and whether its layer can be pulled."""
    said = {}
    for image in aws.all(ecr, "describe_images", "imageDetails", repositoryName=IMAGES):
        found = ecr.batch_get_image(repositoryName=IMAGES, imageIds=[{"imageDigest": image["imageDigest"]}])["images"][0]["imageManifest"]
        layers = [registry(aws, "GET", f"{IMAGES}/blobs/{layer['digest']}") for layer in json.loads(found)["layers"]]
        said[digest(found.encode())] = [sorted(image.get("imageTags", [])), [layer and digest(layer) for layer in layers]]
    return said


def seed(aws):
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="shop/worker", imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True}, tags=[{"Key": "team", "Value": "shop"}])
    ecr.put_lifecycle_policy(repositoryName="shop/worker", lifecyclePolicyText=json.dumps({"rules": [{
        "rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3}, "action": {"type": "expire"}}]}))
    ecr.set_repository_policy(repositoryName="shop/worker", policyText=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}))
    push(aws, ecr, LAYER, "v1", "latest")
    push(aws, ecr, LAYER * 2, "v2")
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="main", settings=[{"name": "containerInsights", "value": "enabled"}], tags=[{"key": "team", "value": "shop"}])
    task = ecs.register_task_definition(family="worker", networkMode="bridge", cpu="256", memory="512", containerDefinitions=[
        {"name": "app", "image": "shop/worker:1", "memory": 128, "essential": True, "environment": [{"name": "STAGE", "value": "live"}]}])["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(cluster="main", serviceName="workers", taskDefinition=task, desiredCount=0, launchType="EC2")


def change(aws):
    ecr, ecs = aws.client("ecr"), aws.client("ecs")
    ecr.delete_lifecycle_policy(repositoryName="shop/worker")
    ecr.create_repository(repositoryName="stranger")
    ecr.batch_delete_image(repositoryName=IMAGES, imageIds=[{"imageTag": "latest"}, {"imageTag": "v2"}])
    push(aws, ecr, b"stranger", "stranger")
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
    said["images"] = images(aws, ecr)
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

"""A file system with an access point and a mount target in a subnet of its own."""

import json

from services import one

SERVICES = ["ec2", "efs"]


def seed(aws):
    ec2, efs = aws.client("ec2"), aws.client("efs")
    vpc = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.3.1.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    files = efs.create_file_system(CreationToken="shared", PerformanceMode="generalPurpose", Encrypted=True, Tags=[{"Key": "Name", "Value": "shared"}])["FileSystemId"]
    efs.put_lifecycle_configuration(FileSystemId=files, LifecyclePolicies=[{"TransitionToIA": "AFTER_30_DAYS"}])
    efs.create_mount_target(FileSystemId=files, SubnetId=subnet)
    efs.create_access_point(ClientToken="app", FileSystemId=files, PosixUser={"Uid": 1000, "Gid": 1000}, RootDirectory={"Path": "/app"}, Tags=[{"Key": "Name", "Value": "app"}])


def change(aws):
    efs = aws.client("efs")
    files = one(efs.describe_file_systems()["FileSystems"], CreationToken="shared")["FileSystemId"]
    efs.put_lifecycle_configuration(FileSystemId=files, LifecyclePolicies=[])
    point = next(iter(efs.describe_access_points(FileSystemId=files)["AccessPoints"]))["AccessPointId"]
    efs.delete_access_point(AccessPointId=point)
    efs.create_file_system(CreationToken="stranger")


def observe(aws):
    ec2, efs = aws.client("ec2"), aws.client("efs")
    subnets = {subnet["SubnetId"]: subnet["CidrBlock"] for subnet in ec2.describe_subnets()["Subnets"]}
    said = {}
    for found in efs.describe_file_systems()["FileSystems"]:
        on = {"FileSystemId": found["FileSystemId"]}
        said[found["CreationToken"]] = [
            found["PerformanceMode"], found["Encrypted"], found["Tags"], efs.describe_lifecycle_configuration(**on)["LifecyclePolicies"],
            [subnets[target["SubnetId"]] for target in efs.describe_mount_targets(**on)["MountTargets"]],
            [[point.get("PosixUser"), json.dumps(point["RootDirectory"]["Path"]), point["Tags"]] for point in efs.describe_access_points(**on)["AccessPoints"]]]
    return said

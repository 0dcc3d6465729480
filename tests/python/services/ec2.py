"""EC2 networking: a VPC with all that belongs to it, groups that name each other, a key pair, a template, a volume, an instance."""

from services import one

REGION = "us-east-1"


def tags(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}, {"Key": "team", "Value": "net"}]}]


def seed(aws):
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=tags("vpc", "main-net"))["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
               for n, zone in ((1, "a"), (2, "b"))]
    ec2.modify_subnet_attribute(SubnetId=subnets[0], MapPublicIpOnLaunch={"Value": True})
    gateway = ec2.create_internet_gateway(TagSpecifications=tags("internet-gateway", "door"))["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip", "nat-ip"))["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address, TagSpecifications=tags("natgateway", "out"))["NatGateway"]["NatGatewayId"]
    public = ec2.create_route_table(VpcId=vpc, TagSpecifications=tags("route-table", "public"))["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=public, SubnetId=subnets[0])
    private = ec2.create_route_table(VpcId=vpc, TagSpecifications=tags("route-table", "private"))["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=private, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    ec2.associate_route_table(RouteTableId=private, SubnetId=subnets[1])
    web = ec2.create_security_group(GroupName="web", Description="from outside", VpcId=vpc)["GroupId"]
    data = ec2.create_security_group(GroupName="data", Description="from web", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]},
        {"IpProtocol": "tcp", "FromPort": 9000, "ToPort": 9001, "UserIdGroupPairs": [{"GroupId": web}, {"GroupId": data}]}])
    ec2.authorize_security_group_ingress(GroupId=data, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": web}]}])
    acl = ec2.create_network_acl(VpcId=vpc, TagSpecifications=tags("network-acl", "strict"))["NetworkAcl"]["NetworkAclId"]
    ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=50, Protocol="6", RuleAction="allow", Egress=False,
                                 CidrBlock="10.0.0.0/8", PortRange={"From": 80, "To": 80})
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[private])
    ec2.create_key_pair(KeyName="admin")
    ec2.create_launch_template(LaunchTemplateName="worker", LaunchTemplateData={"InstanceType": "t3.micro", "ImageId": "ami-12345678", "SecurityGroupIds": [web]})
    ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8, VolumeType="gp3", TagSpecifications=tags("volume", "disk"))
    image = next(iter(ec2.describe_images()["Images"]), {}).get("ImageId", "ami-12345678")
    ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnets[0], SecurityGroupIds=[web],
                      KeyName="admin", TagSpecifications=tags("instance", "worker-1"))


def change(aws):
    ec2 = aws.client("ec2")
    vpc = one(ec2.describe_vpcs()["Vpcs"], CidrBlock="10.1.0.0/16")["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "extra", "Value": "1"}])
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "team"}])
    groups = {found["GroupName"]: found["GroupId"] for found in ec2.describe_security_groups()["SecurityGroups"] if found.get("VpcId") == vpc}
    ec2.authorize_security_group_ingress(GroupId=groups.get("web"), IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    ec2.revoke_security_group_ingress(GroupId=groups.get("data"), IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": groups.get("web")}]}])
    acl = next(found for found in ec2.describe_network_acls()["NetworkAcls"] if labels(found).get("Name") == "strict")
    ec2.delete_network_acl_entry(NetworkAclId=acl["NetworkAclId"], RuleNumber=50, Egress=False)
    public = next(found for found in ec2.describe_route_tables()["RouteTables"] if labels(found).get("Name") == "public")
    ec2.delete_route(RouteTableId=public["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    ec2.delete_key_pair(KeyName="admin")
    ec2.create_key_pair(KeyName="stranger")
    strange = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=strange, CidrBlock="10.99.1.0/24", AvailabilityZone=f"{REGION}a")
    ec2.create_security_group(GroupName="stranger", Description="not ours", VpcId=strange)
    ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, VolumeType="gp3", TagSpecifications=tags("volume", "stranger"))


def labels(found):
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def observe(aws):
    ec2 = aws.client("ec2")
    said, names = {}, {}

    def name(kind, found, id_field, other=None):
        names[found[id_field]] = f"{kind} {labels(found).get('Name') or other}"
        return names[found[id_field]]

    def filtered(op, key, vpc):
        return getattr(ec2, op)(Filters=[{"Name": "vpc-id", "Values": [vpc]}])[key]

    vpcs = ec2.describe_vpcs()["Vpcs"]
    addresses = ec2.describe_addresses()["Addresses"]
    for found in vpcs:
        name("vpc", found, "VpcId", found["CidrBlock"])
    for found in addresses:
        name("address", found, "AllocationId")
    gateways = [found for found in ec2.describe_internet_gateways()["InternetGateways"] if labels(found)]
    for found in gateways:
        said[name("igw", found, "InternetGatewayId")] = [labels(found), sorted(names[at["VpcId"]] for at in found["Attachments"])]
    for vpc in vpcs:
        about = said[names[vpc["VpcId"]]] = {"vpc": [vpc["CidrBlock"], vpc["IsDefault"], labels(vpc)]}
        for attribute in ("enableDnsHostnames", "enableDnsSupport"):
            answer = ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
            about[attribute] = answer[attribute[0].upper() + attribute[1:]]["Value"]
        for found in sorted(filtered("describe_subnets", "Subnets", vpc["VpcId"]), key=lambda found: found["CidrBlock"]):
            about[name("subnet", found, "SubnetId", found["CidrBlock"])] = [found["AvailabilityZone"], found["MapPublicIpOnLaunch"], labels(found)]
        groups = filtered("describe_security_groups", "SecurityGroups", vpc["VpcId"])
        for found in groups:
            names[found["GroupId"]] = "group " + found["GroupName"]
        for found in groups:
            about[names[found["GroupId"]]] = [found["Description"], labels(found)] + [sorted(
                [rule["IpProtocol"], str(rule.get("FromPort")), str(rule.get("ToPort")), sorted(one["CidrIp"] + one.get("Description", "") for one in rule["IpRanges"]),
                 sorted(names[one["GroupId"]] for one in rule["UserIdGroupPairs"])] for rule in found[rules]) for rules in ("IpPermissions", "IpPermissionsEgress")]
    for found in ec2.describe_nat_gateways()["NatGateways"]:
        if found["State"] != "deleted":
            said[name("nat", found, "NatGatewayId")] = [names[found["SubnetId"]], [names.get(at.get("AllocationId")) for at in found["NatGatewayAddresses"]], labels(found)]
    for vpc in vpcs:
        about = said[names[vpc["VpcId"]]]
        for found in filtered("describe_route_tables", "RouteTables", vpc["VpcId"]):
            main = any(at.get("Main") for at in found["Associations"])
            about[name("routes", found, "RouteTableId", "main" if main else None)] = [
                labels(found), sorted(names[at["SubnetId"]] for at in found["Associations"] if at.get("SubnetId")),
                sorted([route.get("DestinationCidrBlock", ""), names.get(route.get("GatewayId") or route.get("NatGatewayId"), "local")] for route in found["Routes"])]
        for found in filtered("describe_network_acls", "NetworkAcls", vpc["VpcId"]):
            about[name("acl", found, "NetworkAclId", "default" if found["IsDefault"] else None)] = [labels(found), sorted(
                [entry["RuleNumber"], entry["Egress"], entry["Protocol"], entry["RuleAction"], str(entry.get("CidrBlock")), str(entry.get("PortRange"))]
                for entry in found["Entries"])]
    for found in ec2.describe_vpc_endpoints()["VpcEndpoints"]:
        if found["State"] != "deleted":
            said["endpoint " + found["ServiceName"]] = [found.get("VpcEndpointType"), names[found["VpcId"]], sorted(names[at] for at in found.get("RouteTableIds", []))]
    said["addresses"] = sorted(names[found["AllocationId"]] for found in addresses)
    said["keys"] = sorted([found["KeyName"], str(found.get("KeyType"))] for found in ec2.describe_key_pairs()["KeyPairs"])
    said["volumes"] = sorted([str(labels(found)), found["Size"], found["VolumeType"], found["AvailabilityZone"]]
                             for found in ec2.describe_volumes()["Volumes"] if not found.get("Attachments"))
    for found in ec2.describe_launch_templates()["LaunchTemplates"]:
        data = ec2.describe_launch_template_versions(LaunchTemplateId=found["LaunchTemplateId"], Versions=["$Default"])["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        said["template " + found["LaunchTemplateName"]] = [data.get("InstanceType"), data.get("ImageId"), [names.get(group) for group in data.get("SecurityGroupIds", [])]]
    for reservation in ec2.describe_instances()["Reservations"]:
        for found in reservation["Instances"]:
            if found["State"]["Name"] != "terminated":
                said["instance " + str(labels(found).get("Name"))] = [found["ImageId"], found["InstanceType"], names.get(found.get("SubnetId")), found.get("KeyName"),
                                                                     sorted(group["GroupName"] for group in found["SecurityGroups"])]
    return said

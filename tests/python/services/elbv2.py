"""Load balancing: a balancer with a target group, a listener and a rule, in a VPC of its own."""

from services import one

SERVICES = ["ec2", "elbv2"]


def seed(aws):
    ec2, elb = aws.client("ec2"), aws.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "balanced"}])
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.2.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"]["SubnetId"] for n, zone in ((1, "a"), (2, "b"))]
    group = ec2.create_security_group(GroupName="front", Description="front", VpcId=vpc)["GroupId"]
    balancer = elb.create_load_balancer(Name="front", Subnets=subnets, SecurityGroups=[group], Tags=[{"Key": "team", "Value": "web"}])["LoadBalancers"][0]["LoadBalancerArn"]
    target = elb.create_target_group(Name="workers", Protocol="HTTP", Port=8080, VpcId=vpc, HealthCheckPath="/up")["TargetGroups"][0]["TargetGroupArn"]
    listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": target}])["Listeners"][0]["ListenerArn"]
    elb.create_rule(ListenerArn=listener, Priority=7, Conditions=[{"Field": "path-pattern", "Values": ["/no*"]}],
                    Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no"}}])


def change(aws):
    elb = aws.client("elbv2")
    target = one(elb.describe_target_groups()["TargetGroups"], TargetGroupName="workers")["TargetGroupArn"]
    elb.modify_target_group(TargetGroupArn=target, HealthCheckPath="/changed")
    balancer = one(elb.describe_load_balancers()["LoadBalancers"], LoadBalancerName="front")["LoadBalancerArn"]
    elb.add_tags(ResourceArns=[balancer], Tags=[{"Key": "extra", "Value": "1"}])
    listener = one(elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"], Port=80)["ListenerArn"]
    rule = next(rule for rule in elb.describe_rules(ListenerArn=listener)["Rules"] if not rule["IsDefault"])
    elb.delete_rule(RuleArn=rule["RuleArn"])
    elb.create_target_group(Name="stranger", Protocol="HTTP", Port=1, TargetType="ip", VpcId=one(elb.describe_target_groups()["TargetGroups"], TargetGroupName="workers")["VpcId"])


def observe(aws):
    ec2, elb = aws.client("ec2"), aws.client("elbv2")
    said = {}
    names = {subnet["SubnetId"]: subnet["CidrBlock"] for subnet in ec2.describe_subnets()["Subnets"]}
    names |= {vpc["VpcId"]: vpc["CidrBlock"] for vpc in ec2.describe_vpcs()["Vpcs"]}
    names |= {group["GroupId"]: group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]}
    for target in elb.describe_target_groups()["TargetGroups"]:
        names[target["TargetGroupArn"]] = target["TargetGroupName"]
        said["target " + target["TargetGroupName"]] = [target["Protocol"], target["Port"], names[target["VpcId"]], target["HealthCheckPath"]]
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        arn = balancer["LoadBalancerArn"]
        tags = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        listeners = {}
        for listener in elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            rules = [rule for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"] if not rule["IsDefault"]]
            listeners[str(listener["Port"])] = [
                listener["Protocol"], [[action["Type"], names.get(action.get("TargetGroupArn"))] for action in listener["DefaultActions"]],
                [[rule["Priority"], [condition.get("Values") for condition in rule["Conditions"]], [action.get("FixedResponseConfig") for action in rule["Actions"]]] for rule in rules]]
        said[balancer["LoadBalancerName"]] = [balancer.get("Scheme"), balancer.get("Type"), sorted(names[zone["SubnetId"]] for zone in balancer["AvailabilityZones"]),
                                              sorted(names[group] for group in balancer.get("SecurityGroups", [])), tags, listeners]
    return said

"""A group of no machines at all, with its launch template, a policy and tags."""

SERVICES = ["ec2", "autoscaling"]


def seed(aws):
    ec2, scaling = aws.client("ec2"), aws.client("autoscaling")
    template = ec2.create_launch_template(LaunchTemplateName="node", LaunchTemplateData={"InstanceType": "t3.micro", "ImageId": "ami-12345678"})["LaunchTemplate"]["LaunchTemplateId"]
    scaling.create_launch_configuration(LaunchConfigurationName="old", ImageId="ami-12345678", InstanceType="t3.micro")
    scaling.create_auto_scaling_group(AutoScalingGroupName="nodes", LaunchTemplate={"LaunchTemplateId": template, "Version": "1"}, MinSize=0, MaxSize=3, DesiredCapacity=0,
                                      AvailabilityZones=["us-east-1a"], Tags=[{"Key": "team", "Value": "shop", "PropagateAtLaunch": True}])
    scaling.put_scaling_policy(AutoScalingGroupName="nodes", PolicyName="more", PolicyType="SimpleScaling", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)


def change(aws):
    scaling = aws.client("autoscaling")
    scaling.update_auto_scaling_group(AutoScalingGroupName="nodes", MaxSize=5)
    scaling.delete_policy(AutoScalingGroupName="nodes", PolicyName="more")
    scaling.create_launch_configuration(LaunchConfigurationName="stranger", ImageId="ami-12345678", InstanceType="t3.micro")


def observe(aws):
    ec2, scaling = aws.client("ec2"), aws.client("autoscaling")
    templates = {found["LaunchTemplateId"]: found["LaunchTemplateName"] for found in ec2.describe_launch_templates()["LaunchTemplates"]}
    said = {"configurations": [[found["LaunchConfigurationName"], found["InstanceType"], found["ImageId"]] for found in scaling.describe_launch_configurations()["LaunchConfigurations"]]}
    for group in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
        said[group["AutoScalingGroupName"]] = [
            templates.get(group.get("LaunchTemplate", {}).get("LaunchTemplateId")), group["MinSize"], group["MaxSize"], group["DesiredCapacity"], group["AvailabilityZones"],
            [[tag["Key"], tag["Value"], tag["PropagateAtLaunch"]] for tag in group["Tags"]],
            [[policy["PolicyName"], policy.get("PolicyType"), policy.get("AdjustmentType"), policy.get("ScalingAdjustment")]
             for policy in scaling.describe_policies(AutoScalingGroupName=group["AutoScalingGroupName"])["ScalingPolicies"]]]
    return said

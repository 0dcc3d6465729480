"""Databases and caches: the groups of subnets and parameters."""

SERVICES = ["ec2", "rds", "elasticache"]


def seed(aws):
    ec2, rds, cache = aws.client("ec2"), aws.client("rds"), aws.client("elasticache")
    vpc = ec2.create_vpc(CidrBlock="10.4.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.4.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"]["SubnetId"] for n, zone in ((1, "a"), (2, "b"))]
    rds.create_db_subnet_group(DBSubnetGroupName="inner", DBSubnetGroupDescription="inside", SubnetIds=subnets)
    rds.create_db_parameter_group(DBParameterGroupName="tuned", DBParameterGroupFamily="postgres15", Description="faster", Tags=[{"Key": "team", "Value": "data"}])
    cache.create_cache_subnet_group(CacheSubnetGroupName="inner", CacheSubnetGroupDescription="inside", SubnetIds=subnets)
    cache.create_cache_parameter_group(CacheParameterGroupName="tuned", CacheParameterGroupFamily="redis7", Description="faster")
    rds.create_db_instance(DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20, MasterUsername="shop", MasterUserPassword="known-to-all")
    rds.create_db_cluster(DBClusterIdentifier="orders-cluster", Engine="aurora-postgresql", MasterUsername="shop", MasterUserPassword="known-to-all")
    cache.create_cache_cluster(CacheClusterId="sessions", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1)
    cache.create_replication_group(ReplicationGroupId="carts", ReplicationGroupDescription="carts")


def change(aws):
    rds, cache = aws.client("rds"), aws.client("elasticache")
    subnets = [one["SubnetIdentifier"] for one in rds.describe_db_subnet_groups(DBSubnetGroupName="inner")["DBSubnetGroups"][0]["Subnets"]]
    rds.modify_db_subnet_group(DBSubnetGroupName="inner", DBSubnetGroupDescription="changed", SubnetIds=subnets)
    rds.delete_db_parameter_group(DBParameterGroupName="tuned")
    rds.create_db_parameter_group(DBParameterGroupName="stranger", DBParameterGroupFamily="postgres15", Description="not ours")
    cache.delete_cache_subnet_group(CacheSubnetGroupName="inner")
    cache.create_cache_parameter_group(CacheParameterGroupName="stranger", CacheParameterGroupFamily="redis7", Description="not ours")


def observe(aws):
    ec2, rds, cache = aws.client("ec2"), aws.client("rds"), aws.client("elasticache")
    subnets = {subnet["SubnetId"]: subnet["CidrBlock"] for subnet in ec2.describe_subnets()["Subnets"]}
    said = {}
    for found in rds.describe_db_subnet_groups()["DBSubnetGroups"]:
        said["db subnets " + found["DBSubnetGroupName"]] = [found["DBSubnetGroupDescription"], sorted(subnets[one["SubnetIdentifier"]] for one in found["Subnets"])]
    for found in rds.describe_db_parameter_groups()["DBParameterGroups"]:
        if not found["DBParameterGroupName"].startswith("default"):
            tags = rds.list_tags_for_resource(ResourceName=f"arn:aws:rds:us-east-1:{aws.account}:pg:{found['DBParameterGroupName']}")["TagList"]
            said["db parameters " + found["DBParameterGroupName"]] = [found["DBParameterGroupFamily"], found["Description"], tags]
    for found in cache.describe_cache_subnet_groups()["CacheSubnetGroups"]:
        if not found["CacheSubnetGroupName"].startswith("default"):
            said["cache subnets " + found["CacheSubnetGroupName"]] = [found["CacheSubnetGroupDescription"], sorted(subnets[one["SubnetIdentifier"]] for one in found["Subnets"])]
    for found in cache.describe_cache_parameter_groups()["CacheParameterGroups"]:
        if not found["CacheParameterGroupName"].startswith("default"):
            said["cache parameters " + found["CacheParameterGroupName"]] = [found["CacheParameterGroupFamily"], found["Description"]]
    return said

"""A search domain."""


def seed(aws):
    search = aws.client("opensearch")
    search.create_domain(DomainName="shop", EngineVersion="OpenSearch_2.11", ClusterConfig={"InstanceType": "t3.small.search", "InstanceCount": 1},
                         EBSOptions={"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 10}, TagList=[{"Key": "team", "Value": "shop"}])


def observe(aws):
    search = aws.client("opensearch")
    said = {}
    for listed in search.list_domain_names()["DomainNames"]:
        found = search.describe_domain(DomainName=listed["DomainName"])["DomainStatus"]
        said[found["DomainName"]] = [found["EngineVersion"], found["ClusterConfig"]["InstanceType"], found["ClusterConfig"]["InstanceCount"],
                                     found["EBSOptions"]["VolumeSize"], search.list_tags(ARN=found["ARN"])["TagList"]]
    return said

"""A search domain."""


def seed(aws):
    search = aws.client("opensearch")
    search.create_domain(DomainName="shop", EngineVersion="OpenSearch_2.11", ClusterConfig={"InstanceType": "t3.small.search", "InstanceCount": 1},
                         EBSOptions={"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 10}, TagList=[{"Key": "team", "Value": "shop"}])


def change(aws):
    search = aws.client("opensearch")
    arn = search.describe_domain(DomainName="shop")["DomainStatus"]["ARN"]
    search.update_domain_config(DomainName="shop", ClusterConfig={"InstanceType": "t3.small.search", "InstanceCount": 2})
    search.add_tags(ARN=arn, TagList=[{"Key": "extra", "Value": "1"}])
    search.create_domain(DomainName="stranger", EngineVersion="OpenSearch_2.11")


def observe(aws):
    search = aws.client("opensearch")
    said = {}
    for listed in search.list_domain_names()["DomainNames"]:
        found = search.describe_domain(DomainName=listed["DomainName"])["DomainStatus"]
        said[found["DomainName"]] = [found["EngineVersion"], found["ClusterConfig"]["InstanceType"], found["ClusterConfig"]["InstanceCount"],
                                     found["EBSOptions"]["VolumeSize"], search.list_tags(ARN=found["ARN"])["TagList"]]
    return said

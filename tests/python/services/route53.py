"""Route 53: zones and their records."""

from services import keep, one, tags


def seed(aws):
    route53, step = aws.client("route53"), aws.step
    zone = step("zone", route53.create_hosted_zone, Name="example.test.", CallerReference="one", HostedZoneConfig={"Comment": "the shop", "PrivateZone": False})
    if not zone:
        return
    zone = zone["HostedZone"]["Id"].split("/")[-1]
    step("tags", route53.change_tags_for_resource, ResourceType="hostedzone", ResourceId=zone, AddTags=[{"Key": "team", "Value": "blue"}])
    weighted = [{"Name": "www.example.test.", "Type": "CNAME", "TTL": 60, "SetIdentifier": name, "Weight": weight,
                 "ResourceRecords": [{"Value": f"{name}.example.test"}]} for name, weight in (("blue", 10), ("green", 90))]
    records = [{"Name": "api.example.test.", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "10.0.0.1"}, {"Value": "10.0.0.2"}]},
               {"Name": "example.test.", "Type": "TXT", "TTL": 300, "ResourceRecords": [{"Value": '"v=spf1 -all"'}]}]
    step("records", route53.change_resource_record_sets, HostedZoneId=zone,
         ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record} for record in records + weighted]})


def change(aws):
    route53 = aws.client("route53")
    zone = one(route53.list_hosted_zones()["HostedZones"], Name="example.test.")["Id"].split("/")[-1]
    route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone, RemoveTagKeys=["team"])
    api = {"Name": "api.example.test.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.9"}]}
    text = {"Name": "example.test.", "Type": "TXT", "TTL": 300, "ResourceRecords": [{"Value": '"v=spf1 -all"'}]}
    stranger = {"Name": "stranger.example.test.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.9"}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
        {"Action": action, "ResourceRecordSet": record} for action, record in (("UPSERT", api), ("DELETE", text), ("CREATE", stranger))]})
    route53.create_hosted_zone(Name="stranger.test.", CallerReference="stranger")


def observe(aws):
    route53, reading = aws.client("route53"), {}
    for zone in aws.all(route53, "list_hosted_zones", "HostedZones"):
        about = aws.get(route53.list_tags_for_resource, "ResourceTagSet", ResourceType="hostedzone", ResourceId=zone["Id"].split("/")[-1])
        reading[zone["Name"]] = {
            "config": zone.get("Config"), "tags": tags((about or {}).get("Tags")),
            "records": {f"{record['Name']} {record['Type']} {record.get('SetIdentifier', '')}":
                        keep(record, "TTL", "ResourceRecords", "Weight", "AliasTarget")
                        for record in aws.all(route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"])}}
    return reading

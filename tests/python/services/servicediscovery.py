"""Cloud Map: HTTP namespaces, services and instances."""

import time

from services import keep, one


def seed(aws):
    names, step = aws.client("servicediscovery"), aws.step
    step("namespace", names.create_http_namespace, Name="shop", Description="the shop")
    space = []
    for _ in range(20):
        space = [entry["Id"] for entry in aws.all(names, "list_namespaces", "Namespaces") if entry["Name"] == "shop"]
        if space:
            break
        time.sleep(0.2)
    if not space:
        return
    step("dns namespace", names.create_public_dns_namespace, Name="shop.example.test")
    service = step("service", names.create_service, Name="orders", NamespaceId=space[0], Description="takes orders")
    if service:
        step("instance", names.register_instance, ServiceId=service["Service"]["Id"], InstanceId="one", Attributes={"AWS_INSTANCE_IPV4": "10.0.0.1", "port": "80"})


def change(aws):
    names = aws.client("servicediscovery")
    service = one(names.list_services()["Services"], Name="orders")["Id"]
    names.deregister_instance(ServiceId=service, InstanceId="one")
    names.register_instance(ServiceId=service, InstanceId="stranger", Attributes={"AWS_INSTANCE_IPV4": "10.0.0.9"})
    names.create_http_namespace(Name="stranger")


def observe(aws):
    names = aws.client("servicediscovery")
    spaces = {entry["Id"]: entry for entry in aws.all(names, "list_namespaces", "Namespaces")}
    services = {}
    for entry in aws.all(names, "list_services", "Services"):
        about = aws.get(names.get_service, "Service", Id=entry["Id"])
        services[entry["Name"]] = {
            "about": keep(about, "Description"), "namespace": spaces.get(about.get("NamespaceId"), {}).get("Name"),
            "instances": {one["Id"]: one.get("Attributes") for one in aws.all(names, "list_instances", "Instances", ServiceId=entry["Id"])}}
    return {"namespaces": {entry["Name"]: keep(entry, "Type", "Description") for entry in spaces.values() if entry["Type"] == "HTTP"}, "services": services}

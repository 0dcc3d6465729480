"""API Gateway v2: an HTTP API with an authorizer and a WebSocket API, each with routes, integrations and a stage."""

import json

from services import one


def seed(aws):
    api = aws.client("apigatewayv2")
    http = api.create_api(Name="web", ProtocolType="HTTP", Description="for browsers", Tags={"team": "web"},
                          CorsConfiguration={"AllowOrigins": ["https://shop.example"], "AllowMethods": ["GET"]})["ApiId"]
    authorizer = api.create_authorizer(ApiId=http, Name="people", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
                                       JwtConfiguration={"Audience": ["shop"], "Issuer": "https://login.example/pool"})["AuthorizerId"]
    integration = api.create_integration(ApiId=http, IntegrationType="HTTP_PROXY", IntegrationMethod="GET",
                                         IntegrationUri="http://orders.example/all", PayloadFormatVersion="1.0")["IntegrationId"]
    api.create_route(ApiId=http, RouteKey="GET /orders", Target=f"integrations/{integration}", AuthorizationType="JWT",
                     AuthorizerId=authorizer, AuthorizationScopes=["read"])
    api.create_route(ApiId=http, RouteKey="$default", Target=f"integrations/{integration}")
    api.create_stage(ApiId=http, StageName="$default", AutoDeploy=True, StageVariables={"colour": "blue"})
    socket = api.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")["ApiId"]
    target = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:{aws.account}:function:chat/invocations"
    integration = api.create_integration(ApiId=socket, IntegrationType="AWS_PROXY", IntegrationUri=target, Description="talk")["IntegrationId"]
    api.create_route(ApiId=socket, RouteKey="$connect", Target=f"integrations/{integration}")
    schema = json.dumps({"type": "object", "title": "said"})
    api.create_model(ApiId=socket, Name="Said", ContentType="application/json", Schema=schema)
    said = api.create_route(ApiId=socket, RouteKey="say", Target=f"integrations/{integration}", RouteResponseSelectionExpression="$default")["RouteId"]
    api.create_route_response(ApiId=socket, RouteId=said, RouteResponseKey="$default")
    api.create_integration_response(ApiId=socket, IntegrationId=integration, IntegrationResponseKey="$default")
    api.create_vpc_link(Name="inside", SubnetIds=["subnet-12345678"], SecurityGroupIds=[], Tags={"team": "web"})
    certificate = f"arn:aws:acm:us-east-1:{aws.account}:certificate/00000000-0000-0000-0000-000000000000"
    api.create_domain_name(DomainName="chat.example.test", DomainNameConfigurations=[{"CertificateArn": certificate, "EndpointType": "REGIONAL"}])
    deployment = api.create_deployment(ApiId=socket, Description="one")["DeploymentId"]
    api.create_stage(ApiId=socket, StageName="prod", DeploymentId=deployment, Description="for all")
    api.create_api_mapping(DomainName="chat.example.test", ApiId=socket, ApiMappingKey="v1", Stage="prod")


def change(aws):
    api = aws.client("apigatewayv2")
    web, chat = (one(api.get_apis()["Items"], Name=name)["ApiId"] for name in ("web", "chat"))
    api.update_api(ApiId=web, Description="changed")
    api.delete_route(ApiId=web, RouteId=one(api.get_routes(ApiId=web)["Items"], RouteKey="GET /orders")["RouteId"])
    api.delete_stage(ApiId=chat, StageName="prod")
    api.create_authorizer(ApiId=web, Name="stranger", AuthorizerType="JWT", IdentitySource=["$request.header.X"],
                          JwtConfiguration={"Audience": ["x"], "Issuer": "https://login.example/x"})
    api.create_api(Name="stranger", ProtocolType="HTTP")


def observe(aws):
    api = aws.client("apigatewayv2")
    said = {}
    for found in api.get_apis()["Items"]:
        on = {"ApiId": found["ApiId"]}
        authorizers = {one["AuthorizerId"]: one for one in api.get_authorizers(**on)["Items"]}
        integrations = {one["IntegrationId"]: one for one in api.get_integrations(**on)["Items"]}
        deployments = {one["DeploymentId"]: one.get("Description") for one in api.get_deployments(**on)["Items"] if not one.get("AutoDeployed")}
        uri = {f"integrations/{name}": one["IntegrationUri"] for name, one in integrations.items()}
        said[found["Name"]] = {
            "api": [found["ProtocolType"], found.get("Description"), found["RouteSelectionExpression"], found.get("CorsConfiguration")],
            "tags": {name: value for name, value in found.get("Tags", {}).items() if name != "ms-custom-id"},
            "authorizers": {one["Name"]: [one["AuthorizerType"], one.get("JwtConfiguration"), one.get("IdentitySource")] for one in authorizers.values()},
            "integrations": sorted([one["IntegrationType"], one["IntegrationUri"], str(one.get("Description")), str(one.get("PayloadFormatVersion"))]
                                   for one in integrations.values()),
            "routes": {one["RouteKey"]: [uri.get(one.get("Target")), one.get("AuthorizationType"), authorizers.get(one.get("AuthorizerId"), {}).get("Name"),
                                         one.get("AuthorizationScopes")] for one in api.get_routes(**on)["Items"]},
            "stages": {one["StageName"]: [one.get("AutoDeploy"), deployments.get(one.get("DeploymentId")), one.get("Description"), one.get("StageVariables")]
                       for one in api.get_stages(**on)["Items"]},
            "models": {one["Name"]: json.loads(one["Schema"]) for one in api.get_models(**on)["Items"]},
            "route responses": {one["RouteKey"]: [answer["RouteResponseKey"] for answer in api.get_route_responses(**on, RouteId=one["RouteId"])["Items"]]
                                for one in api.get_routes(**on)["Items"] if found["ProtocolType"] == "WEBSOCKET"},
            "integration responses": sorted(answer["IntegrationResponseKey"] for name in integrations if found["ProtocolType"] == "WEBSOCKET"
                                            for answer in api.get_integration_responses(**on, IntegrationId=name)["Items"]),
            "deployments": sorted(map(str, deployments.values())),
        }
    names = {found["ApiId"]: found["Name"] for found in api.get_apis()["Items"]}
    said["links"] = {found["Name"]: [found["SubnetIds"], found.get("Tags")] for found in api.get_vpc_links()["Items"]}
    for found in api.get_domain_names()["Items"]:
        mappings = api.get_api_mappings(DomainName=found["DomainName"])["Items"]
        said["domain " + found["DomainName"]] = sorted([names.get(entry["ApiId"]), entry.get("ApiMappingKey"), entry["Stage"]] for entry in mappings)
    return said

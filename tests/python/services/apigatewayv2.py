"""API Gateway v2: an HTTP API with an authorizer and a WebSocket API, each with routes, integrations and a stage."""


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
    deployment = api.create_deployment(ApiId=socket, Description="one")["DeploymentId"]
    api.create_stage(ApiId=socket, StageName="prod", DeploymentId=deployment, Description="for all")


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
            "deployments": sorted(map(str, deployments.values())),
        }
    return said

"""API Gateway v1: one API with nested resources, a stage, a key and a usage plan."""

import json

from services import one


def seed(aws):
    api = aws.client("apigateway")
    rest = api.create_rest_api(name="shop-api", description="The shop", version="v1", tags={"team": "shop"},
                               endpointConfiguration={"types": ["REGIONAL"]})["id"]
    root = next(found["id"] for found in api.get_resources(restApiId=rest)["items"] if found["path"] == "/")
    orders = api.create_resource(restApiId=rest, parentId=root, pathPart="orders")["id"]
    order = api.create_resource(restApiId=rest, parentId=orders, pathPart="{id}")["id"]
    schema = json.dumps({"$schema": "http://json-schema.org/draft-04/schema#", "title": "order", "type": "object"})
    api.create_model(restApiId=rest, name="Order", contentType="application/json", schema=schema)
    validator = api.create_request_validator(restApiId=rest, name="body", validateRequestBody=True, validateRequestParameters=False)["id"]
    authorizer = api.create_authorizer(
        restApiId=rest, name="tokens", type="TOKEN", identitySource="method.request.header.Authorization",
        authorizerUri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
                      f"arn:aws:lambda:us-east-1:{aws.account}:function:check/invocations")["id"]
    api.put_method(restApiId=rest, resourceId=orders, httpMethod="POST", authorizationType="CUSTOM", authorizerId=authorizer,
                   apiKeyRequired=True, requestValidatorId=validator, requestModels={"application/json": "Order"})
    api.put_method(restApiId=rest, resourceId=order, httpMethod="GET", authorizationType="NONE",
                   requestParameters={"method.request.path.id": True})
    api.put_method_response(restApiId=rest, resourceId=order, httpMethod="GET", statusCode="200",
                            responseModels={"application/json": "Order"})
    api.put_integration(restApiId=rest, resourceId=order, httpMethod="GET", type="MOCK",
                        requestTemplates={"application/json": '{"statusCode": 200}'})
    api.put_integration_response(restApiId=rest, resourceId=order, httpMethod="GET", statusCode="200",
                                 responseTemplates={"application/json": '{"id": 1}'})
    api.put_integration(restApiId=rest, resourceId=orders, httpMethod="POST", type="HTTP_PROXY", integrationHttpMethod="POST",
                        uri="http://orders.example/post")
    deployment = api.create_deployment(restApiId=rest, description="first")["id"]
    api.create_stage(restApiId=rest, stageName="live", deploymentId=deployment, description="for all",
                     variables={"table": "orders"}, tags={"stage": "live"})
    api.put_gateway_response(restApiId=rest, responseType="DEFAULT_4XX", statusCode="418",
                             responseTemplates={"application/json": '{"tea": true}'})
    key = api.create_api_key(name="partner", description="for them", enabled=True, value="0123456789abcdefghij0123456789")["id"]
    plan = api.create_usage_plan(name="bronze", description="a little", apiStages=[{"apiId": rest, "stage": "live"}],
                                 throttle={"burstLimit": 5, "rateLimit": 2.0}, quota={"limit": 100, "period": "DAY"})["id"]
    api.create_domain_name(domainName="api.example.test", regionalCertificateName="api", endpointConfiguration={"types": ["REGIONAL"]})
    api.create_base_path_mapping(domainName="api.example.test", basePath="shop", restApiId=rest, stage="live")
    api.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")


def change(aws):
    api = aws.client("apigateway")
    rest = one(api.get_rest_apis()["items"], name="shop-api")["id"]
    api.update_rest_api(restApiId=rest, patchOperations=[{"op": "replace", "path": "/description", "value": "changed"}])
    api.delete_stage(restApiId=rest, stageName="live")
    api.delete_gateway_response(restApiId=rest, responseType="DEFAULT_4XX")
    orders = one(api.get_resources(restApiId=rest)["items"], path="/orders/{id}")["id"]
    api.delete_method(restApiId=rest, resourceId=orders, httpMethod="GET")
    api.delete_usage_plan(usagePlanId=one(api.get_usage_plans()["items"], name="bronze")["id"])
    api.create_rest_api(name="stranger")
    api.create_api_key(name="stranger", enabled=True)


def observe(aws):
    api = aws.client("apigateway")
    said, names = {}, {}
    for rest in api.get_rest_apis()["items"]:
        about = {name: rest.get(name) for name in ("description", "version")}
        about["tags"] = {name: value for name, value in rest.get("tags", {}).items() if name not in ("_custom_id_", "ms-custom-id")}
        about["types"] = rest["endpointConfiguration"]["types"]
        names[rest["id"]] = rest["name"]
        on = {"restApiId": rest["id"]}
        authorizers = {found["id"]: found for found in api.get_authorizers(**on)["items"]}
        validators = {found["id"]: found for found in api.get_request_validators(**on)["items"]}
        deployments = {found["id"]: found.get("description") for found in api.get_deployments(**on)["items"]}
        about["authorizers"] = {found["name"]: [found["type"], found["authorizerUri"], found["identitySource"]] for found in authorizers.values()}
        about["validators"] = {found["name"]: found["validateRequestBody"] for found in validators.values()}
        about["deployments"] = sorted(deployments.values())
        about["models"] = {found["name"]: json.loads(found["schema"]) for found in api.get_models(**on)["items"] if found["name"] not in ("Empty", "Error")}
        about["resources"] = resources = {}
        for resource in api.get_resources(**on, limit=500)["items"]:
            resources[resource["path"]] = methods = {}
            for method in resource.get("resourceMethods") or {}:
                found = api.get_method(**on, resourceId=resource["id"], httpMethod=method)
                integration = found.get("methodIntegration", {})
                methods[method] = {
                    "auth": [found["authorizationType"], authorizers.get(found.get("authorizerId"), {}).get("name"), found["apiKeyRequired"]],
                    "validator": validators.get(found.get("requestValidatorId"), {}).get("name"),
                    "request": [found.get("requestParameters"), found.get("requestModels")],
                    "responses": {code: response.get("responseModels") for code, response in found.get("methodResponses", {}).items()},
                    "integration": {name: integration.get(name) for name in ("type", "httpMethod", "uri", "requestTemplates")},
                    "answers": {code: response.get("responseTemplates") for code, response in integration.get("integrationResponses", {}).items()},
                }
        about["stages"] = {stage["stageName"]: [deployments.get(stage["deploymentId"]), stage.get("description"), stage.get("variables"), stage.get("tags")]
                           for stage in api.get_stages(**on)["item"]}
        about["gateway"] = {found["responseType"]: [found["statusCode"], found["responseTemplates"]]
                            for found in api.get_gateway_responses(**on)["items"] if not found.get("defaultResponse")}
        said[rest["name"]] = about
    keys = {key["id"]: key for key in api.get_api_keys(includeValues=True)["items"]}
    said["keys"] = {key["name"]: [key["value"], key.get("description"), key["enabled"]] for key in keys.values()}
    said["plans"] = {
        plan["name"]: {
            "description": plan.get("description"), "throttle": plan.get("throttle"), "quota": plan.get("quota"),
            "stages": [[names.get(stage["apiId"]), stage["stage"]] for stage in plan.get("apiStages", [])],
            "keys": [keys[key["id"]]["name"] for key in api.get_usage_plan_keys(usagePlanId=plan["id"])["items"]],
        }
        for plan in api.get_usage_plans()["items"]
    }
    for found in api.get_domain_names()["items"]:
        mappings = api.get_base_path_mappings(domainName=found["domainName"])["items"]
        said["domain " + found["domainName"]] = sorted([entry["basePath"], names.get(entry["restApiId"]), entry.get("stage")] for entry in mappings)
    return said

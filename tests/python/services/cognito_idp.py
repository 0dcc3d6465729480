"""Cognito: a user pool with users, a group, a client and a domain, and an identity pool over it."""

from services import one

SERVICES = ["cognito-idp", "cognito-identity"]


def seed(aws):
    idp = aws.client("cognito-idp")
    pool = idp.create_user_pool(PoolName="people", Policies={"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": True}},
                                AutoVerifiedAttributes=["email"], UserPoolTags={"team": "web"},
                                Schema=[{"Name": "tier", "AttributeDataType": "String", "Mutable": True}])["UserPool"]["Id"]
    idp.create_user_pool_domain(Domain="people-login", UserPoolId=pool)
    for name in ("ann", "ben"):
        idp.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS",
                              UserAttributes=[{"Name": "email", "Value": f"{name}@shop.example"}, {"Name": "email_verified", "Value": "true"}])
    idp.admin_disable_user(UserPoolId=pool, Username="ben")
    idp.create_group(UserPoolId=pool, GroupName="admins", Description="may all", Precedence=1)
    idp.admin_add_user_to_group(UserPoolId=pool, Username="ann", GroupName="admins")
    idp.create_resource_server(UserPoolId=pool, Identifier="orders", Name="Orders", Scopes=[{"ScopeName": "read", "ScopeDescription": "see"}])
    idp.create_identity_provider(UserPoolId=pool, ProviderName="partner", ProviderType="OIDC", AttributeMapping={"email": "email"}, ProviderDetails={
        "client_id": "shop", "client_secret": "known", "attributes_request_method": "GET", "oidc_issuer": "https://login.example", "authorize_scopes": "openid"})
    client = idp.create_user_pool_client(UserPoolId=pool, ClientName="web", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
                                         CallbackURLs=["https://shop.example/in"], AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"],
                                         AllowedOAuthFlowsUserPoolClient=True)["UserPoolClient"]["ClientId"]
    identity = aws.client("cognito-identity")
    identities = identity.create_identity_pool(
        IdentityPoolName="visitors", AllowUnauthenticatedIdentities=True, IdentityPoolTags={"team": "web"},
        CognitoIdentityProviders=[{"ProviderName": f"cognito-idp.us-east-1.amazonaws.com/{pool}", "ClientId": client, "ServerSideTokenCheck": True}])["IdentityPoolId"]
    identity.set_identity_pool_roles(IdentityPoolId=identities, Roles={"authenticated": f"arn:aws:iam::{aws.account}:role/visitor"})


def change(aws):
    idp = aws.client("cognito-idp")
    on = {"UserPoolId": one(idp.list_user_pools(MaxResults=60)["UserPools"], Name="people")["Id"]}
    idp.admin_delete_user(**on, Username="ben")
    idp.admin_update_user_attributes(**on, Username="ann", UserAttributes=[{"Name": "email", "Value": "changed@shop.example"}])
    idp.admin_remove_user_from_group(**on, Username="ann", GroupName="admins")
    idp.update_group(**on, GroupName="admins", Description="changed")
    idp.delete_resource_server(**on, Identifier="orders")
    idp.admin_create_user(**on, Username="stranger", MessageAction="SUPPRESS")
    idp.create_user_pool(PoolName="stranger")
    identity = aws.client("cognito-identity")
    identity.create_identity_pool(IdentityPoolName="stranger", AllowUnauthenticatedIdentities=False)


def observe(aws):
    idp = aws.client("cognito-idp")
    said, names = {}, {}
    for listed in idp.list_user_pools(MaxResults=60)["UserPools"]:
        on = {"UserPoolId": listed["Id"]}
        pool = idp.describe_user_pool(**on)["UserPool"]
        names[listed["Id"]] = pool["Name"]
        about = said[pool["Name"]] = {
            "policy": pool["Policies"]["PasswordPolicy"], "verified": pool.get("AutoVerifiedAttributes"), "tags": pool.get("UserPoolTags"),
            "domain": pool.get("Domain"), "schema": sorted(attribute["Name"] for attribute in pool["SchemaAttributes"]),
            "users": {user["Username"]: [user["Enabled"], {at["Name"]: at["Value"] for at in user["Attributes"] if at["Name"] != "sub"}]
                      for user in idp.list_users(**on)["Users"]},
            "groups": {group["GroupName"]: [group.get("Description"), group.get("Precedence"), sorted(
                user["Username"] for user in idp.list_users_in_group(**on, GroupName=group["GroupName"])["Users"])] for group in idp.list_groups(**on)["Groups"] if not group["GroupName"].startswith(listed["Id"])},
            "servers": {server["Identifier"]: [server["Name"], server["Scopes"]] for server in idp.list_resource_servers(**on, MaxResults=50)["ResourceServers"]},
            "providers": sorted([one["ProviderName"], one["ProviderType"]] for one in idp.list_identity_providers(**on, MaxResults=50)["Providers"]),
            "clients": {},
        }
        for client in idp.list_user_pool_clients(**on, MaxResults=60)["UserPoolClients"]:
            found = idp.describe_user_pool_client(**on, ClientId=client["ClientId"])["UserPoolClient"]
            names[client["ClientId"]] = found["ClientName"]
            about["clients"][found["ClientName"]] = [sorted(found.get("ExplicitAuthFlows", [])), found.get("CallbackURLs"), found.get("AllowedOAuthScopes"), found.get("AllowedOAuthFlows")]
    identity = aws.client("cognito-identity")
    for listed in identity.list_identity_pools(MaxResults=60)["IdentityPools"]:
        pool = identity.describe_identity_pool(IdentityPoolId=listed["IdentityPoolId"])
        said["identities " + pool["IdentityPoolName"]] = {
            "open": pool["AllowUnauthenticatedIdentities"], "tags": pool.get("IdentityPoolTags"),
            "providers": [[names.get(one["ProviderName"].split("/")[-1]), names.get(one["ClientId"])] for one in pool.get("CognitoIdentityProviders", [])],
            "roles": identity.get_identity_pool_roles(IdentityPoolId=listed["IdentityPoolId"]).get("Roles"),
        }
    return said

"""A GraphQL API with a data source and a key."""

from services import one


def seed(aws):
    sync = aws.client("appsync")
    api = sync.create_graphql_api(name="graph", authenticationType="API_KEY", tags={"team": "web"})["graphqlApi"]["apiId"]
    sync.create_data_source(apiId=api, name="none", type="NONE", description="nothing behind it")
    sync.create_api_key(apiId=api, description="for tests", expires=4102444800)


def change(aws):
    sync = aws.client("appsync")
    api = one(sync.list_graphql_apis()["graphqlApis"], name="graph")["apiId"]
    sync.delete_data_source(apiId=api, name="none")
    sync.create_data_source(apiId=api, name="stranger", type="NONE")
    sync.create_graphql_api(name="stranger", authenticationType="API_KEY")


def observe(aws):
    sync = aws.client("appsync")
    said = {}
    for api in sync.list_graphql_apis()["graphqlApis"]:
        said[api["name"]] = [api["authenticationType"], api.get("tags"),
                             [[one["name"], one["type"], one.get("description")] for one in sync.list_data_sources(apiId=api["apiId"])["dataSources"]],
                             [one.get("description") for one in sync.list_api_keys(apiId=api["apiId"])["apiKeys"]]]
    return said

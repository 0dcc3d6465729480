"""An application's configuration: environments and profiles, and how a deployment goes."""

from services import one


def seed(aws):
    config = aws.client("appconfig")
    application = config.create_application(Name="shop", Description="the shop", Tags={"team": "shop"})["Id"]
    config.create_environment(ApplicationId=application, Name="live", Description="for all")
    config.create_configuration_profile(ApplicationId=application, Name="flags", LocationUri="hosted", Description="on and off", Type="AWS.Freeform")
    config.create_deployment_strategy(Name="slow", DeploymentDurationInMinutes=10, GrowthFactor=20.0, FinalBakeTimeInMinutes=5, ReplicateTo="NONE")


def change(aws):
    config = aws.client("appconfig")
    application = one(config.list_applications()["Items"], Name="shop")["Id"]
    config.update_application(ApplicationId=application, Description="changed")
    live = one(config.list_environments(ApplicationId=application)["Items"], Name="live")["Id"]
    config.delete_environment(ApplicationId=application, EnvironmentId=live)
    config.create_environment(ApplicationId=application, Name="stranger")
    config.create_application(Name="stranger")


def observe(aws):
    config = aws.client("appconfig")
    said = {}
    for found in config.list_applications()["Items"]:
        on = {"ApplicationId": found["Id"]}
        tags = config.list_tags_for_resource(ResourceArn=f"arn:aws:appconfig:us-east-1:{aws.account}:application/{found['Id']}")["Tags"]
        said[found["Name"]] = [
            found.get("Description"), tags,
            sorted([one["Name"], one.get("Description")] for one in config.list_environments(**on)["Items"]),
            sorted([one["Name"], one["LocationUri"], one.get("Type")] for one in config.list_configuration_profiles(**on)["Items"])]
    said["strategies"] = sorted([one["Name"], one["DeploymentDurationInMinutes"], one["GrowthFactor"], one["FinalBakeTimeInMinutes"]]
                                for one in config.list_deployment_strategies()["Items"] if not one["Name"].startswith("AppConfig."))
    return said

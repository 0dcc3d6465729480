"""Step Functions: state machines and activities."""

import json

from services import keep, one, tags

WAIT = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "Next": "Done"}, "Done": {"Type": "Succeed"}}})


def seed(aws):
    states, step, role = aws.client("stepfunctions"), aws.step, f"arn:aws:iam::{aws.account}:role/states"
    step("machine", states.create_state_machine, name="checkout", definition=WAIT, roleArn=role, tags=[{"key": "team", "value": "blue"}])
    version = step("version", states.publish_state_machine_version, stateMachineArn=aws.arn("states", "stateMachine:checkout"))["stateMachineVersionArn"]
    step("alias", states.create_state_machine_alias, name="live", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}])
    step("express", states.create_state_machine, name="fast", definition=WAIT, roleArn=role, type="EXPRESS", tracingConfiguration={"enabled": True})
    step("activity", states.create_activity, name="pack", tags=[{"key": "team", "value": "blue"}])


def change(aws):
    states = aws.client("stepfunctions")
    machine = one(states.list_state_machines()["stateMachines"], name="checkout")["stateMachineArn"]
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}))
    states.tag_resource(resourceArn=machine, tags=[{"key": "extra", "value": "1"}])
    states.delete_activity(activityArn=one(states.list_activities()["activities"], name="pack")["activityArn"])
    states.create_activity(name="stranger")
    states.create_state_machine(name="stranger", definition=WAIT, roleArn=f"arn:aws:iam::{aws.account}:role/states")


def observe(aws):
    states, reading = aws.client("stepfunctions"), {"machines": {}, "activities": {}}
    for machine in aws.all(states, "list_state_machines", "stateMachines"):
        about, arn = aws.get(states.describe_state_machine, stateMachineArn=machine["stateMachineArn"]), machine["stateMachineArn"]
        reading["machines"][machine["name"]] = {
            "about": keep(about, "stateMachineArn", "type", "roleArn", "status"), "definition": json.loads(about["definition"]),
            "traced": (about.get("tracingConfiguration") or {}).get("enabled", False),
            "tags": tags(aws.get(states.list_tags_for_resource, "tags", resourceArn=arn), "key", "value")}
    for activity in aws.all(states, "list_activities", "activities"):
        arn = activity["activityArn"]
        reading["activities"][arn] = tags(aws.get(states.list_tags_for_resource, "tags", resourceArn=arn), "key", "value")
    return reading

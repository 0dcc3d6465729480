"""CloudWatch: alarms, composite alarms and dashboards."""

import json

from services import keep, tags


def seed(aws):
    watch, step = aws.client("cloudwatch"), aws.step
    step("alarm", watch.put_metric_alarm, AlarmName="slow", AlarmDescription="too slow", Namespace="app", MetricName="latency",
         Dimensions=[{"Name": "service", "Value": "orders"}], Statistic="Average", Period=60, EvaluationPeriods=3, Threshold=1.5,
         ComparisonOperator="GreaterThanThreshold", AlarmActions=[aws.arn("sns", "alarms")], TreatMissingData="notBreaching",
         Tags=[{"Key": "team", "Value": "blue"}])
    step("composite", watch.put_composite_alarm, AlarmName="all", AlarmRule='ALARM("slow")', AlarmDescription="anything")
    step("dashboard", watch.put_dashboard, DashboardName="overview", DashboardBody=json.dumps({"widgets": [
        {"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": "# orders"}}]}))


def change(aws):
    watch = aws.client("cloudwatch")
    watch.put_metric_alarm(AlarmName="slow", Namespace="app", MetricName="latency", Statistic="Maximum", Period=60, EvaluationPeriods=1, Threshold=9.0,
                           ComparisonOperator="GreaterThanThreshold")
    watch.delete_dashboards(DashboardNames=["overview"])
    watch.put_dashboard(DashboardName="stranger", DashboardBody=json.dumps({"widgets": []}))
    watch.put_metric_alarm(AlarmName="stranger", Namespace="app", MetricName="x", Statistic="Maximum", Period=60, EvaluationPeriods=1, Threshold=9.0,
                           ComparisonOperator="GreaterThanThreshold")


def observe(aws):
    watch, reading = aws.client("cloudwatch"), {"alarms": {}, "dashboards": {}}
    for kind, members in (("MetricAlarm", "MetricAlarms"), ("CompositeAlarm", "CompositeAlarms")):
        for alarm in aws.all(watch, "describe_alarms", members, AlarmTypes=[kind]):
            reading["alarms"][alarm["AlarmName"]] = {
                "alarm": keep(alarm, "AlarmArn", "AlarmDescription", "AlarmRule", "ActionsEnabled", "AlarmActions", "Namespace", "MetricName",
                              "Dimensions", "Statistic", "Period", "EvaluationPeriods", "Threshold", "ComparisonOperator", "TreatMissingData"),
                "tags": tags(aws.get(watch.list_tags_for_resource, "Tags", ResourceARN=alarm["AlarmArn"]))}
    for entry in aws.all(watch, "list_dashboards", "DashboardEntries"):
        body = aws.get(watch.get_dashboard, "DashboardBody", DashboardName=entry["DashboardName"])
        reading["dashboards"][entry["DashboardName"]] = json.loads(body)
    return reading

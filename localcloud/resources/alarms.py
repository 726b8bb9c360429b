"""CloudWatch's alarms and dashboards."""

from __future__ import annotations

from localcloud.resources.base import (
    Account,
    Handler,
    Properties,
    as_json,
    from_json,
    gone_tags,
    pick,
    request,
)


class Alarm(Handler):
    """AWS::CloudWatch::Alarm; Ref is its name."""

    type = "AWS::CloudWatch::Alarm"
    holds = frozenset(
        {
            "AlarmName", "AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions",
            "InsufficientDataActions", "Namespace", "MetricName", "Dimensions", "Metrics",
            "Statistic", "ExtendedStatistic", "Period", "EvaluationPeriods", "DatapointsToAlarm",
            "Threshold", "ComparisonOperator", "TreatMissingData", "Unit", "Tags",
            "EvaluateLowSampleCountPercentile",
        }
    )  # fmt: skip

    def create(self, account: Account, name: str, properties: Properties) -> str:
        client = account.client("cloudwatch")
        alarm = str(properties.get("AlarmName", name))
        values = request(client, "PutMetricAlarm", properties | {"AlarmName": alarm})
        client.put_metric_alarm(**values)
        return alarm

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        self.create(account, physical_id, new)
        arn = account.arn("cloudwatch", f"alarm:{physical_id}")
        client = account.client("cloudwatch")
        if gone := gone_tags(old, new):
            client.untag_resource(ResourceARN=arn, TagKeys=gone)
        if new.get("Tags"):
            client.tag_resource(ResourceARN=arn, Tags=new["Tags"])

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("cloudwatch").delete_alarms(AlarmNames=[physical_id])

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        client = account.client("cloudwatch")
        (alarm,) = client.describe_alarms(AlarmNames=[physical_id])["MetricAlarms"]
        actual = pick(alarm, self.holds)
        if "Tags" in properties:
            actual["Tags"] = client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        return actual

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Arn": account.arn("cloudwatch", f"alarm:{physical_id}")}


class Dashboard(Handler):
    """AWS::CloudWatch::Dashboard; Ref is its name."""

    type = "AWS::CloudWatch::Dashboard"
    holds = frozenset({"DashboardName", "DashboardBody", "Tags"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        dashboard = str(properties.get("DashboardName", name))
        body = as_json(properties["DashboardBody"])
        from_json(body)  # AWS refuses a body that isn't JSON; moto takes it
        account.client("cloudwatch").put_dashboard(
            DashboardName=dashboard, DashboardBody=body, Tags=properties.get("Tags", [])
        )
        return dashboard

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        self.create(account, physical_id, new)
        if gone := gone_tags(old, new):
            account.client("cloudwatch").untag_resource(
                ResourceARN=_dashboard_arn(account, physical_id), TagKeys=gone
            )

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("cloudwatch").delete_dashboards(DashboardNames=[physical_id])

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        client = account.client("cloudwatch")
        actual = pick(client.get_dashboard(DashboardName=physical_id), self.holds)
        arn = _dashboard_arn(account, physical_id)
        return actual | {"Tags": client.list_tags_for_resource(ResourceARN=arn)["Tags"]}


def _dashboard_arn(account: Account, name: str) -> str:
    return account.arn("cloudwatch", f"dashboard/{name}", everywhere=True)


HANDLERS = (Alarm(), Dashboard())

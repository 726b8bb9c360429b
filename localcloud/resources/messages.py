"""Queues and topics."""

from __future__ import annotations

from typing import Any

from localcloud.resources.base import (
    Account,
    Handler,
    Properties,
    as_json,
    from_json,
    gone_tags,
    tag_list,
    tag_map,
)

DOCUMENTS = {"RedrivePolicy", "RedriveAllowPolicy"}
QUEUE_ATTRIBUTES = {
    "DelaySeconds": "0", "MaximumMessageSize": "262144", "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30", "RedrivePolicy": "",
    "RedriveAllowPolicy": "", "KmsMasterKeyId": "", "KmsDataKeyReusePeriodSeconds": "300",
    "SqsManagedSseEnabled": "true", "FifoQueue": "false", "ContentBasedDeduplication": "false",
}  # fmt: skip
"""Each with the value that it has when no template sets it."""


class Queue(Handler):
    """AWS::SQS::Queue; Ref is its URL."""

    type = "AWS::SQS::Queue"
    holds = frozenset({"QueueName", "Tags", *QUEUE_ATTRIBUTES})
    documented = frozenset({"QueueName"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        queue = str(properties.get("QueueName", name[:80]))
        answer = account.client("sqs").create_queue(
            QueueName=queue,
            Attributes=_attributes(properties),
            tags=tag_map(properties.get("Tags")),
        )
        return str(answer["QueueUrl"])

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        sqs = account.client("sqs")
        before, after = _attributes(old), _attributes(new)
        reset = {key: QUEUE_ATTRIBUTES[key] for key in before if key not in after}
        sqs.set_queue_attributes(QueueUrl=physical_id, Attributes=after | reset)
        if gone := gone_tags(old, new):
            sqs.untag_queue(QueueUrl=physical_id, TagKeys=gone)
        if new.get("Tags"):
            sqs.tag_queue(QueueUrl=physical_id, Tags=tag_map(new["Tags"]))

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("sqs").delete_queue(QueueUrl=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        sqs = account.client("sqs")
        answer = sqs.get_queue_attributes(QueueUrl=physical_id, AttributeNames=["All"])
        actual = {key: _parsed(key, value) for key, value in answer["Attributes"].items()}
        actual["QueueName"] = physical_id.rsplit("/", 1)[1]
        actual["Tags"] = tag_list(sqs.list_queue_tags(QueueUrl=physical_id).get("Tags", {}))
        return actual

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        name = physical_id.rsplit("/", 1)[1]
        return {"Arn": account.arn("sqs", name), "QueueName": name, "QueueUrl": physical_id}


def _attributes(properties: Properties) -> dict[str, str]:
    return {
        key: as_json(value) if key in DOCUMENTS else _text(value)
        for key, value in properties.items()
        if key in QUEUE_ATTRIBUTES
    }


def _parsed(key: str, value: str) -> Any:
    return from_json(value) if key in DOCUMENTS and value else value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class QueuePolicy(Handler):
    """AWS::SQS::QueuePolicy; Ref is an id of CloudFormation's own."""

    type = "AWS::SQS::QueuePolicy"
    holds = frozenset({"Queues", "PolicyDocument"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        for queue in properties["Queues"]:
            policy = {"Policy": as_json(properties["PolicyDocument"])}
            account.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=policy)
        return name

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        gone = [queue for queue in old["Queues"] if queue not in new["Queues"]]
        self.delete(account, physical_id, {"Queues": gone})
        self.create(account, physical_id, new)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        for queue in properties["Queues"]:
            account.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        document = None
        for queue in properties["Queues"]:
            answer = account.client("sqs").get_queue_attributes(
                QueueUrl=queue, AttributeNames=["Policy"]
            )
            document = from_json(answer["Attributes"]["Policy"])
        return {"Queues": properties["Queues"], "PolicyDocument": document}

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Id": physical_id}


TOPIC_ATTRIBUTES = {"DisplayName", "KmsMasterKeyId", "TracingConfig", "SignatureVersion"}


class Topic(Handler):
    """AWS::SNS::Topic; Ref is its ARN."""

    type = "AWS::SNS::Topic"
    holds = frozenset({"TopicName", "Subscription", "Tags", *TOPIC_ATTRIBUTES})
    documented = frozenset({"TopicName"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        attributes = {key: _text(properties[key]) for key in TOPIC_ATTRIBUTES & set(properties)}
        answer = account.client("sns").create_topic(
            Name=properties.get("TopicName", name),
            Attributes=attributes,
            Tags=properties.get("Tags", []),
        )
        arn = str(answer["TopicArn"])
        self._subscribe(account, arn, {}, properties)
        return arn

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        sns = account.client("sns")
        for key in sorted(TOPIC_ATTRIBUTES):
            if old.get(key) != new.get(key):
                sns.set_topic_attributes(
                    TopicArn=physical_id, AttributeName=key, AttributeValue=_text(new.get(key, ""))
                )
        self._subscribe(account, physical_id, old, new)
        if gone := gone_tags(old, new):
            sns.untag_resource(ResourceArn=physical_id, TagKeys=gone)
        if new.get("Tags"):
            sns.tag_resource(ResourceArn=physical_id, Tags=new["Tags"])

    def _subscribe(self, account: Account, arn: str, old: Properties, new: Properties) -> None:
        sns = account.client("sns")
        before, after = old.get("Subscription", []), new.get("Subscription", [])
        for subscription in _subscriptions(sns, arn):
            if _short(subscription) in before and _short(subscription) not in after:
                sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        for subscription in after:
            if subscription not in before:
                sns.subscribe(TopicArn=arn, ReturnSubscriptionArn=True, **subscription)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("sns").delete_topic(TopicArn=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        sns = account.client("sns")
        attributes = sns.get_topic_attributes(TopicArn=physical_id)["Attributes"]
        actual: Properties = attributes | {
            "TopicName": physical_id.rsplit(":", 1)[1],
            "Subscription": [_short(one) for one in _subscriptions(sns, physical_id)],
            "Tags": sns.list_tags_for_resource(ResourceArn=physical_id)["Tags"],
        }
        return actual

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"TopicArn": physical_id, "TopicName": physical_id.rsplit(":", 1)[1]}


def _subscriptions(sns: Any, topic: str) -> list[dict[str, str]]:
    subscriptions: list[dict[str, str]] = sns.list_subscriptions_by_topic(TopicArn=topic)[
        "Subscriptions"
    ]
    return subscriptions


def _short(subscription: dict[str, str]) -> dict[str, str]:
    return {key: subscription[key] for key in ("Protocol", "Endpoint")}


class TopicPolicy(Handler):
    """AWS::SNS::TopicPolicy; Ref is an id of CloudFormation's own."""

    type = "AWS::SNS::TopicPolicy"
    holds = frozenset({"Topics", "PolicyDocument"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        for topic in properties["Topics"]:
            account.client("sns").set_topic_attributes(
                TopicArn=topic,
                AttributeName="Policy",
                AttributeValue=as_json(properties["PolicyDocument"]),
            )
        return name

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        self.create(account, physical_id, new)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        """A topic always has a policy: AWS puts its default one back, moto keeps the last."""

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        document = None
        for topic in properties["Topics"]:
            answer = account.client("sns").get_topic_attributes(TopicArn=topic)
            document = from_json(answer["Attributes"]["Policy"])
        return {"Topics": properties["Topics"], "PolicyDocument": document}

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Id": physical_id}


class Subscription(Handler):
    """AWS::SNS::Subscription; Ref is its ARN."""

    type = "AWS::SNS::Subscription"
    holds = frozenset({"TopicArn", "Protocol", "Endpoint"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        answer = account.client("sns").subscribe(ReturnSubscriptionArn=True, **properties)
        return str(answer["SubscriptionArn"])

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("sns").unsubscribe(SubscriptionArn=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        actual: Properties = account.client("sns").get_subscription_attributes(
            SubscriptionArn=physical_id
        )["Attributes"]
        return actual

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Arn": physical_id}


HANDLERS = (Queue(), QueuePolicy(), Topic(), TopicPolicy(), Subscription())

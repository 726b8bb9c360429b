"""Which metrics AWS sends, and for which dimensions: only what somebody looked up.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Metrics:
    """A namespace: its metrics, the dimensions that each needs, and those that one may add."""

    names: frozenset[str]
    dimensions: dict[str, str]
    more: frozenset[str] = frozenset()

    def fits(self, key: Any, given: Mapping[Any, Any]) -> bool:
        """Is this dimension there if it is needed, and known if it is there?"""
        return key in given and (key in self.dimensions or key in self.more)


METRICS: dict[str, Metrics] = {
    "AWS/Lambda": Metrics(
        frozenset(
            {
                "AsyncEventAge",
                "AsyncEventsDropped",
                "DestinationDeliveryFailures",
                "Duration",
                "Errors",
                "Invocations",
                "IteratorAge",
                "Throttles",
            }
        ),
        {"FunctionName": "AWS::Lambda::Function"},
    ),
    "AWS/ApiGateway": Metrics(
        frozenset(
            {
                "4xx",
                "5xx",
                "ClientError",
                "ConnectCount",
                "Count",
                "ExecutionError",
                "IntegrationError",
                "IntegrationLatency",
                "Latency",
                "MessageCount",
            }
        ),
        {"ApiId": "AWS::ApiGatewayV2::Api", "Stage": "AWS::ApiGatewayV2::Stage"},
    ),
    "AWS/SQS": Metrics(
        frozenset({"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"}),
        {"QueueName": "AWS::SQS::Queue"},
    ),
    "AWS/DynamoDB": Metrics(
        frozenset(
            {
                "ConsumedReadCapacityUnits",
                "ConsumedWriteCapacityUnits",
                "ReadThrottleEvents",
                "WriteThrottleEvents",
            }
        ),
        {"TableName": "AWS::DynamoDB::Table"},
        frozenset({"GlobalSecondaryIndexName"}),
    ),
}

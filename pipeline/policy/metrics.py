"""Which metrics AWS sends, and for which dimensions: only what somebody looked up.

A namespace that isn't here, AWS's own or another, is not judged.

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
    """A namespace: its metrics, the dimensions that each needs, and those that one may add.

    `optional` are dimensions that one may leave out; `whole`: without any, a metric is about the
    whole account. `others` are its metrics with dimensions of their own; which ones isn't judged.
    """

    names: frozenset[str]
    dimensions: dict[str, str]
    more: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    whole: bool = False

    def fits(self, key: Any, given: Mapping[Any, Any]) -> bool:
        """Is this dimension there if it is needed, and known if it is there?"""
        if key not in given:
            return key in self.optional
        return key in self.dimensions or key in self.more


METRICS: dict[str, Metrics] = {
    "AWS/Lambda": Metrics(
        frozenset(
            {
                "AsyncEventAge",
                "AsyncEventsDropped",
                "AsyncEventsReceived",
                "DeadLetterErrors",
                "DestinationDeliveryFailures",
                "Duration",
                "Errors",
                "Invocations",
                "IteratorAge",
                "PostRuntimeExtensionsDuration",
                "RecursiveInvocationsDropped",
                "Throttles",
            }
        ),
        {"FunctionName": "AWS::Lambda::Function"},
        frozenset({"ExecutedVersion", "Resource"}),
        whole=True,
        others=frozenset(
            {
                "ClaimedAccountConcurrency",
                "CommitErrorCount",
                "CommittedEventCount",
                "ConcurrentExecutions",
                "DeletedEventCount",
                "DroppedEventCount",
                "EventPollerThroughputInBytes",
                "EventPollerUnit",
                "FailedInvokeEventCount",
                "FilteredOutEventCount",
                "InvokeErrorCount",
                "InvokedEventCount",
                "MaxOffsetLag",
                "OffsetLag",
                "OnFailureDestinationDeliveredEventCount",
                "OnFailureDestinationDeliveryErrorCount",
                "OversizedRecordCount",
                "PolledEventCount",
                "PollingErrorCount",
                "ProvisionedConcurrencyInvocations",
                "ProvisionedConcurrencySpilloverInvocations",
                "ProvisionedConcurrencyUtilization",
                "ProvisionedConcurrentExecutions",
                "ProvisionedPollers",
                "SchemaRegistryErrorCount",
                "SignatureValidationErrors",
                "SumOffsetLag",
                "UnreservedConcurrentExecutions",
            }
        ),
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
        frozenset({"Method", "Resource", "Route"}),
        optional=frozenset({"Stage"}),
        others=frozenset(
            {
                "4XXError",
                "5XXError",
                "CacheHitCount",
                "CacheMissCount",
                "DataProcessed",
            }
        ),
    ),
    "AWS/SQS": Metrics(
        frozenset(
            {
                "ApproximateAgeOfOldestMessage",
                "ApproximateNumberOfGroupsWithInflightMessages",
                "ApproximateNumberOfMessagesDelayed",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesVisible",
                "ApproximateNumberOfMessagesVisibleInQuietGroups",
                "ApproximateNumberOfNoisyGroups",
                "NumberOfDeduplicatedSentMessages",
                "NumberOfEmptyReceives",
                "NumberOfMessagesDeleted",
                "NumberOfMessagesReceived",
                "NumberOfMessagesSent",
                "SentMessageSize",
            }
        ),
        {"QueueName": "AWS::SQS::Queue"},
    ),
    "AWS/DynamoDB": Metrics(
        frozenset(
            {
                "ConditionalCheckFailedRequests",
                "ConsumedReadCapacityUnits",
                "ConsumedWriteCapacityUnits",
                "ProvisionedReadCapacityUnits",
                "ProvisionedWriteCapacityUnits",
                "ReadThrottleEvents",
                "TimeToLiveDeletedItemCount",
                "TransactionConflict",
                "WriteThrottleEvents",
            }
        ),
        {"TableName": "AWS::DynamoDB::Table"},
        frozenset({"GlobalSecondaryIndexName"}),
        others=frozenset(
            {
                "AccountMaxReads",
                "AccountMaxTableLevelReads",
                "AccountMaxTableLevelWrites",
                "AccountMaxWrites",
                "AccountProvisionedReadCapacityUtilization",
                "AccountProvisionedWriteCapacityUtilization",
                "AgeOfOldestUnreplicatedRecord",
                "ConsumedChangeDataCaptureUnits",
                "FailedToReplicateRecordCount",
                "MaxProvisionedTableReadCapacityUtilization",
                "MaxProvisionedTableWriteCapacityUtilization",
                "OnlineIndexConsumedWriteCapacity",
                "OnlineIndexPercentageProgress",
                "OnlineIndexThrottleEvents",
                "PendingReplicationCount",
                "ReplicationLatency",
                "ReturnedBytes",
                "ReturnedItemCount",
                "ReturnedRecordsCount",
                "SuccessfulRequestLatency",
                "SystemErrors",
                "ThrottledPutRecordCount",
                "ThrottledRequests",
            }
        ),
    ),
}

"""For each type of resource one that should never come in beside the good ones."""

from __future__ import annotations

from typing import Any

OPEN: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
DOCUMENT: dict[str, Any] = {"Version": "2012-10-17", "Statement": [OPEN]}

# The type -> the properties of a bad one, and the rules that have to notice it. No rules: why not.
BAD: dict[str, tuple[dict[str, Any], set[str] | str]] = {
    "AWS::ApiGatewayV2::Api": (
        {"ProtocolType": "HTTP", "CorsConfiguration": {"AllowOrigins": ["*"]}},
        {"APIS_NAME_THEIR_ORIGINS"},
    ),
    "AWS::ApiGatewayV2::Integration": (
        {"ApiId": {"Ref": "HttpApi"}, "IntegrationUri": {"Fn::GetAtt": ["FailureQueue", "Arn"]}},
        {"REFERENCES_FIT_THEIR_PROPERTY"},
    ),
    "AWS::ApiGatewayV2::Route": (
        {"ApiId": {"Ref": "HttpApi"}, "RouteKey": "$default"},
        {"HTTP_APIS_HAVE_NO_CATCH_ALL"},
    ),
    "AWS::ApiGatewayV2::RouteResponse": (
        {"ApiId": {"Ref": "FailureQueue"}, "RouteId": {"Ref": "PingRoute"}},
        {"REFERENCES_FIT_THEIR_PROPERTY"},
    ),
    "AWS::ApiGatewayV2::Stage": (
        {
            "ApiId": {"Ref": "HttpApi"},
            "StageVariables": {"token": "x"},
            "DefaultRouteSettings": {"DataTraceEnabled": True},
        },
        {
            "STAGES_ARE_THROTTLED",
            "STAGES_HOLD_NO_VARIABLES",
            "STAGES_LOG_ACCESS",
            "STAGES_LOG_NO_BODIES",
        },
    ),
    "AWS::CloudFront::Distribution": (
        {"DistributionConfig": {"DefaultCacheBehavior": {"ViewerProtocolPolicy": "allow-all"}}},
        {
            "DISTRIBUTIONS_DEMAND_HTTPS",
            "DISTRIBUTIONS_ONLY_READ",
            "DISTRIBUTIONS_SEND_SECURITY_HEADERS",
            "DISTRIBUTIONS_SIGN_THEIR_REQUESTS",
            "PRODUCTION_DISTRIBUTIONS_HAVE_A_WEB_ACL",
        },
    ),
    "AWS::CloudFront::OriginAccessControl": (
        {"OriginAccessControlConfig": {"SigningBehavior": "never"}},
        {"DISTRIBUTIONS_SIGN_THEIR_REQUESTS", "HELPERS_ARE_USED"},
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": (
        {"ResponseHeadersPolicyConfig": {}},
        {"DISTRIBUTIONS_SEND_SECURITY_HEADERS", "HELPERS_ARE_USED"},
    ),
    "AWS::CloudWatch::Alarm": (
        {"Namespace": "AWS/DynamoDB", "MetricName": "UserErrors"},
        {"ALARMS_ARE_HEARD", "ALARMS_RING_IN_TIME", "ALARMS_WATCH_WHAT_HAS_DATA"},
    ),
    "AWS::CloudWatch::Dashboard": ({}, "A dashboard shows what its reader may see anyway."),
    "AWS::DynamoDB::Table": (
        {"BillingMode": "PROVISIONED", "ResourcePolicy": {"PolicyDocument": DOCUMENT}},
        {
            "PRODUCTION_DATA_IS_RETAINED",
            "PRODUCTION_TABLES_ARE_PROTECTED",
            "PRODUCTION_TABLES_CAN_BE_RESTORED",
            "RESOURCE_POLICIES_NAME_THEIR_CALLERS",
            "RESOURCE_POLICIES_SPELL_OUT_ACTIONS",
            "STATEFUL_RESOURCES_SAY_WHAT_DELETION_DOES",
            "TABLES_ARE_ON_DEMAND",
            "TABLES_FORGET_EXPIRED_ITEMS",
        },
    ),
    "AWS::IAM::Role": (
        {
            "AssumeRolePolicyDocument": DOCUMENT,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
            "Policies": [{"PolicyName": "all", "PolicyDocument": DOCUMENT}],
        },
        {
            "HELPERS_ARE_USED",
            "IAM_ACTIONS_ARE_ABOUT_DATA",
            "IAM_ACTIONS_ARE_SPELT_OUT",
            "IAM_RESOURCES_ARE_SPELT_OUT",
            "ROLES_TAKE_NO_MANAGED_POLICY",
            "ROLES_TRUST_LAMBDA_ALONE",
        },
    ),
    "AWS::KMS::Key": (
        {"KeyPolicy": DOCUMENT},
        {
            "HELPERS_ARE_USED",
            "KEYS_ARE_ADMINISTERED_BY_THE_ACCOUNT",
            "KEYS_ROTATE",
            "RESOURCE_POLICIES_NAME_THEIR_CALLERS",
            "STATEFUL_RESOURCES_SAY_WHAT_DELETION_DOES",
        },
    ),
    "AWS::Lambda::EventInvokeConfig": (
        {"FunctionName": {"Ref": "FailureQueue"}},
        {"REFERENCES_FIT_THEIR_PROPERTY"},
    ),
    "AWS::Lambda::EventSourceMapping": (
        {"FunctionName": {"Ref": "FailureQueue"}},
        {"REFERENCES_FIT_THEIR_PROPERTY"},
    ),
    "AWS::Lambda::Function": (
        {
            "Runtime": "python3.8",
            "Role": {"Fn::GetAtt": ["HttpApiLambdaRole", "Arn"]},
            "Code": {"ZipFile": "x"},
            "Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:x:1"],
            "Environment": {"Variables": {"API_KEY": "x"}},
        },
        {
            "FUNCTIONS_ARE_TRACED",
            "FUNCTIONS_HAVE_A_LOG_GROUP",
            "FUNCTIONS_RUN_MAINTAINED_RUNTIMES",
            "FUNCTIONS_RUN_PACKAGED_CODE",
            "FUNCTIONS_RUN_SUPPORTED_PYTHON",
            "FUNCTIONS_SHARE_NO_ROLE",
            "FUNCTION_ENVIRONMENTS_HOLD_NO_SECRETS",
            "PRODUCTION_FUNCTIONS_HAVE_MEMORY",
        },
    ),
    "AWS::Lambda::Permission": (
        {
            "FunctionName": {"Ref": "HttpApiLambda"},
            "Action": "lambda:*",
            "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        },
        {"PERMISSIONS_ARE_FOR_S3_AND_API_GATEWAY", "PERMISSIONS_NAME_THEIR_SOURCE"},
    ),
    "AWS::Logs::LogGroup": (
        {},
        {
            "HELPERS_ARE_USED",
            "LOG_GROUPS_EXPIRE",
            "PRODUCTION_LOGS_ARE_KEPT_30_TO_90_DAYS",
            "STATEFUL_RESOURCES_SAY_WHAT_DELETION_DOES",
        },
    ),
    "AWS::S3::Bucket": (
        {"AccessControl": "PublicRead", "WebsiteConfiguration": {"IndexDocument": "index.html"}},
        {
            "BUCKETS_ARE_ENCRYPTED",
            "BUCKETS_USE_NO_ACLS",
            "PRIVATE_BUCKETS_ARE_NO_WEBSITE",
            "PRIVATE_BUCKETS_BLOCK_PUBLIC_ACCESS",
            "PRIVATE_BUCKETS_DELETE_OLD_OBJECTS",
            "PRIVATE_BUCKETS_DEMAND_TLS",
            "PRODUCTION_BUCKETS_KEEP_VERSIONS",
            "PRODUCTION_DATA_IS_RETAINED",
            "PRODUCTION_UPLOADS_LIVE_90_DAYS",
            "STATEFUL_RESOURCES_SAY_WHAT_DELETION_DOES",
            "STORES_HAVE_POLICIES_OF_THEIR_OWN",
        },
    ),
    "AWS::S3::BucketPolicy": (
        {"Bucket": {"Ref": "UploadBucket"}, "PolicyDocument": DOCUMENT},
        {
            "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
            "PRIVATE_BUCKETS_DEMAND_TLS",
            "PRIVATE_BUCKET_POLICIES_ONLY_DENY",
            "UPLOADS_ARE_WRITE_ONCE",
        },
    ),
    "AWS::SNS::Subscription": (
        {"TopicArn": {"Ref": "FailureQueue"}, "Protocol": "https"},
        {"REFERENCES_FIT_THEIR_PROPERTY"},
    ),
    "AWS::SNS::Topic": (
        {"KmsMasterKeyId": "alias/aws/sns"},
        {
            "HELPERS_ARE_USED",
            "STORES_HAVE_POLICIES_OF_THEIR_OWN",
            "TOPICS_ARE_ENCRYPTED_WITH_A_USABLE_KEY",
            "TOPICS_DEMAND_TLS",
        },
    ),
    "AWS::SNS::TopicPolicy": (
        {"Topics": [{"Ref": "AlarmTopic"}], "PolicyDocument": DOCUMENT},
        {
            "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
            "RESOURCE_POLICIES_NAME_THEIR_CALLERS",
            "RESOURCE_POLICIES_SPELL_OUT_ACTIONS",
            "TOPICS_DEMAND_TLS",
        },
    ),
    "AWS::SQS::Queue": (
        {},
        {
            "QUEUES_ARE_ENCRYPTED",
            "QUEUES_DEMAND_TLS",
            "QUEUES_KEEP_THEIR_MESSAGES",
            "STATEFUL_RESOURCES_SAY_WHAT_DELETION_DOES",
            "STORES_HAVE_POLICIES_OF_THEIR_OWN",
        },
    ),
    "AWS::SQS::QueuePolicy": (
        {"Queues": [{"Ref": "FailureQueue"}], "PolicyDocument": DOCUMENT},
        {
            "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
            "QUEUES_DEMAND_TLS",
            "RESOURCE_POLICIES_NAME_THEIR_CALLERS",
            "RESOURCE_POLICIES_SPELL_OUT_ACTIONS",
        },
    ),
    "AWS::WAFv2::WebACL": (
        {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}},
        {"HELPERS_ARE_USED", "WEB_ACLS_BLOCK"},
    ),
    # These are known nowhere: no rule judges them, so none comes in.
    "AWS::Lambda::Url": ({"AuthType": "NONE"}, {"RESOURCE_TYPES_ARE_KNOWN"}),
    "AWS::IAM::User": ({}, {"RESOURCE_TYPES_ARE_KNOWN"}),
    "AWS::IAM::ManagedPolicy": (
        {"PolicyDocument": DOCUMENT},
        {
            "IAM_ACTIONS_ARE_ABOUT_DATA",
            "IAM_ACTIONS_ARE_SPELT_OUT",
            "IAM_RESOURCES_ARE_SPELT_OUT",
            "RESOURCE_TYPES_ARE_KNOWN",
        },
    ),
    "AWS::CloudFormation::Stack": ({"TemplateURL": "x"}, {"RESOURCE_TYPES_ARE_KNOWN"}),
    "AWS::CloudFormation::CustomResource": ({}, {"RESOURCE_TYPES_ARE_KNOWN"}),
}

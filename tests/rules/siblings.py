"""For each type of resource one that should never come in beside the good ones."""

from __future__ import annotations

from typing import Any

OPEN: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
DOCUMENT: dict[str, Any] = {"Version": "2012-10-17", "Statement": [OPEN]}

# The type -> the properties of a bad one. tests/golden/mutations.txt has the rules that notice it.
BAD: dict[str, dict[str, Any]] = {
    "AWS::ApiGatewayV2::Api": {
        "ProtocolType": "HTTP",
        "CorsConfiguration": {"AllowOrigins": ["*"]},
    },
    "AWS::ApiGatewayV2::Integration": {
        "ApiId": {"Ref": "HttpApi"},
        "IntegrationUri": {"Fn::GetAtt": ["FailureQueue", "Arn"]},
    },
    "AWS::ApiGatewayV2::Route": {"ApiId": {"Ref": "HttpApi"}, "RouteKey": "$default"},
    "AWS::ApiGatewayV2::RouteResponse": {
        "ApiId": {"Ref": "FailureQueue"},
        "RouteId": {"Ref": "PingRoute"},
    },
    "AWS::ApiGatewayV2::Stage": {
        "ApiId": {"Ref": "HttpApi"},
        "StageVariables": {"token": "x"},
        "DefaultRouteSettings": {"DataTraceEnabled": True},
    },
    "AWS::CertificateManager::Certificate": {"ValidationMethod": "EMAIL"},
    "AWS::CloudFront::Distribution": {
        "DistributionConfig": {
            "Aliases": ["other.example.com"],
            "DefaultCacheBehavior": {"ViewerProtocolPolicy": "allow-all"},
        }
    },
    "AWS::CloudFront::Function": {
        "AutoPublish": False,
        "FunctionConfig": {"Runtime": "cloudfront-js-1.0"},
    },
    "AWS::CloudFront::OriginAccessControl": {
        "OriginAccessControlConfig": {"SigningBehavior": "never"}
    },
    "AWS::CloudFront::ResponseHeadersPolicy": {"ResponseHeadersPolicyConfig": {}},
    "AWS::CloudWatch::Alarm": {"Namespace": "AWS/DynamoDB", "MetricName": "UserErrors"},
    "AWS::CloudWatch::Dashboard": {},
    "AWS::DynamoDB::Table": {
        "BillingMode": "PROVISIONED",
        "ResourcePolicy": {"PolicyDocument": DOCUMENT},
    },
    "AWS::IAM::Role": {
        "AssumeRolePolicyDocument": DOCUMENT,
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
        "Policies": [{"PolicyName": "all", "PolicyDocument": DOCUMENT}],
    },
    "AWS::KMS::Key": {"KeyPolicy": DOCUMENT},
    "AWS::Lambda::EventInvokeConfig": {"FunctionName": {"Ref": "FailureQueue"}},
    "AWS::Lambda::EventSourceMapping": {"FunctionName": {"Ref": "FailureQueue"}},
    "AWS::Lambda::Function": {
        "Runtime": "python3.6",
        "Role": {"Fn::GetAtt": ["HttpApiLambdaRole", "Arn"]},
        "Code": {"ZipFile": "x"},
        "Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:x:1"],
        "Environment": {"Variables": {"API_KEY": "x"}},
    },
    "AWS::Lambda::Permission": {
        "FunctionName": {"Ref": "HttpApiLambda"},
        "Action": "lambda:*",
        "Principal": "*",
        "FunctionUrlAuthType": "NONE",
    },
    "AWS::Logs::LogGroup": {},
    "AWS::Route53::RecordSet": {"Type": "CNAME", "ResourceRecords": ["other.example.com"]},
    "AWS::S3::Bucket": {
        "AccessControl": "PublicRead",
        "WebsiteConfiguration": {"IndexDocument": "index.html"},
    },
    "AWS::S3::BucketPolicy": {"Bucket": {"Ref": "UploadBucket"}, "PolicyDocument": DOCUMENT},
    "AWS::SNS::Subscription": {"TopicArn": {"Ref": "FailureQueue"}, "Protocol": "https"},
    "AWS::SNS::Topic": {"KmsMasterKeyId": "alias/aws/sns"},
    "AWS::SNS::TopicPolicy": {"Topics": [{"Ref": "AlarmTopic"}], "PolicyDocument": DOCUMENT},
    "AWS::SQS::Queue": {},
    "AWS::SQS::QueuePolicy": {"Queues": [{"Ref": "FailureQueue"}], "PolicyDocument": DOCUMENT},
    "AWS::SecretsManager::Secret": {"SecretString": "open-sesame"},
    "AWS::WAFv2::WebACL": {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}},
    # These are known nowhere: no rule judges them, so none comes in.
    "AWS::Lambda::Url": {"AuthType": "NONE"},
    "AWS::IAM::User": {},
    "AWS::IAM::ManagedPolicy": {"PolicyDocument": DOCUMENT},
    "AWS::CloudFormation::Stack": {"TemplateURL": "x"},
    "AWS::CloudFormation::CustomResource": {},
}

# The types whose bad one no rule notices, and why that is right.
UNNOTICED = {"AWS::CloudWatch::Dashboard": "A dashboard shows what its reader may see anyway."}

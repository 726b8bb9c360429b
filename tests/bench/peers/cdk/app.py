"""The rendered stack as a CDK app: an L1 construct for each resource, by CfnInclude."""

from aws_cdk import App, DefaultStackSynthesizer, Stack
from aws_cdk.cloudformation_include import CfnInclude

app = App(analytics_reporting=False)
synthesizer = DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
stack = Stack(app, "Stack", synthesizer=synthesizer)
CfnInclude(stack, "Template", template_file="template.json")
app.synth()

"""Jinja for CloudFormation: what templates see, what stops them, where each line came from."""

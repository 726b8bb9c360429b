"""An equal stack with sceptre, AWS SAM and the CDK: `nox -s peers`, `nox -s bench -- peers`."""

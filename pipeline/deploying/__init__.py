"""The parts of `plan`, `deploy` and `outputs`: the only modules that speak to AWS."""

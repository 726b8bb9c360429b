"""The parts of the stations that speak to AWS, from `plan` to `destroy`: nothing else does."""

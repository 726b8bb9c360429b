"""API Gateway's HTTP API: requests in, events to the function, its answers out."""

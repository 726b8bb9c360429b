"""The way to AWS: clients, and in words what a machine's set-up or AWS refuses."""

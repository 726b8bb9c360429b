"""The application on this machine: what stands in front of the embedded AWS and serves the stack.

`serving` composes the parts; `blueprint` says what there is to serve, read from what was deployed.
"""

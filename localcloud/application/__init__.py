"""The application on this machine: what stands in front of the embedded AWS and serves the stack.

`serving` composes the parts; `blueprint` is the part of the deployed stack that is served.
"""

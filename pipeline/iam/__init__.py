"""The rights of a stack's roles, compared with the calls of its functions."""

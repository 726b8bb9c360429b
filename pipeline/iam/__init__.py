"""What a stack's roles may do, what its functions do, and whether the two are the same."""

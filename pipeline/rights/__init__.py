"""The rights that stations and templates need: as policies, and asked of an account."""

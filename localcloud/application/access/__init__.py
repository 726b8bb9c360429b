"""Who may do what: signatures, identities and the roles' policies."""

"""Who may do what: the functions' identities and their roles' policies."""

"""A deployed stack, read back: the fronts serve what stands in its template."""

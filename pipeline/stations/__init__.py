"""The stations that a person calls by name: one module each."""

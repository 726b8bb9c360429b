"""The form of an environment file, and the messages about its mistakes."""

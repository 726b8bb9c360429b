"""What an environment file may say, and how its mistakes are told."""

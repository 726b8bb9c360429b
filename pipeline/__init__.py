"""From an environment file to a running stack; one station a module.

environment file -> settings -> render -> lint, guard -> package -> deploy -> outputs
"""

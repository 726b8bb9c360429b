"""From an environment file to a running stack; one station a module.

environment file -> settings -> render -> lint, guard -> package -> deploy -> outputs
"""

import os

__version__ = "0.1.0"

# pydantic would read the metadata of every installed package to look for plugins; we have none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

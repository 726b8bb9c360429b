"""JSON as we send it: compact, and by one encoder made once."""

from __future__ import annotations

import json

encoded = json.JSONEncoder(separators=(",", ":")).encode

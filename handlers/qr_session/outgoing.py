"""JSON as we send it: compact, in UTF-8, and by one encoder made once."""

from __future__ import annotations

import json

encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

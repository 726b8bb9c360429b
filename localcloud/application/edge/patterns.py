"""Which behaviour of a distribution takes a path.

After "Cache behavior settings / Path pattern" in the CloudFront developer guide: in order, the case
counts, `*` is any number of characters and `?` one, and a leading slash may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from localcloud.application.blueprint import Behaviour


def find(behaviours: Iterable[Behaviour], path: str) -> Behaviour:
    """The first one that matches; the default behaviour, with the pattern `*`, is the last."""
    return next(one for one in behaviours if matches(one.pattern, path))


def matches(pattern: str, path: str) -> bool:
    """Does a path pattern match a path, both from the first slash on?"""
    signs = {"*": ".*", "?": "."}
    regex = "".join(signs.get(sign) or re.escape(sign) for sign in pattern.lstrip("/"))
    return re.fullmatch(regex, path.removeprefix("/"), re.DOTALL) is not None

"""Which items of a batch have to come again, by what the function answered.

After "Reporting batch item failures" in the Lambda developer guide: what isn't understood fails the
whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.application.compute.sandbox import Outcome


def failed_items(outcome: Outcome, items: Sequence[str], *, reports: bool) -> set[str]:
    """The identifiers among `items`; `reports`: the mapping takes the function's word for it."""
    if outcome.failed:
        return set(items)
    if not reports or not isinstance(outcome.value, dict):
        return set()
    named = outcome.value.get("batchItemFailures") or []
    if not isinstance(named, list):
        return set(items)
    failed = {str(item.get("itemIdentifier")) if isinstance(item, dict) else "" for item in named}
    return failed if failed.issubset(items) else set(items)

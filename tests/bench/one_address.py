"""`python -m tests.bench.one_address`: a request through the distribution beside a direct one.

Production's local application; both ways in turn, so that the machine's other work is the same for
both. The direct way has the key that the distribution sends.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

import aiohttp

from tests.smoke.__main__ import account
from tests.smoke.local import local_client, local_cloud

TIMES = 150
BETWEEN = 0.06  # seconds: slower than the stage's throttle


def key(ready: dict[str, Any]) -> dict[str, str]:
    """The header that the distribution sends to both APIs."""
    client = local_client(ready)("cloudfront")
    config = client.get_distribution_config(Id=ready["outputs"]["DistributionId"])
    return {
        header["HeaderName"]: header["HeaderValue"]
        for origin in config["DistributionConfig"]["Origins"]["Items"]
        for header in origin.get("CustomHeaders", {}).get("Items", [])
    }


async def milliseconds(ways: dict[str, tuple[str, dict[str, str]]]) -> dict[str, float]:
    """The median of each way, which all have the same answer."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    async with aiohttp.ClientSession() as http:
        for _ in range(TIMES):
            await asyncio.sleep(BETWEEN)
            for name, (url, headers) in ways.items():
                began = time.perf_counter()
                async with http.get(f"{url}/sessions/none", headers=headers) as answer:
                    await answer.read()
                taken[name].append((time.perf_counter() - began) * 1000)
                if answer.status != 401:
                    raise RuntimeError(f"{name}: {answer.status} where 401 was awaited")
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> None:
    """Print both medians and what the distribution adds."""
    with local_cloud("prod", "--quiet") as ready:
        outputs = ready["outputs"]
        seen = account("prod", outputs, local_client(ready), ready["addresses"])
        direct = seen.own_addresses()["HttpApi"]
        ways = {
            "through the distribution": (outputs["HttpApiUrl"], {}),
            "at the API's own port": (direct, key(ready)),
        }
        medians = asyncio.run(milliseconds(ways))
    for name, median in medians.items():
        print(f"{name}: {median:.1f} ms")
    through, own = medians.values()
    print(f"the distribution adds {through - own:.1f} ms, {through / own:.2f} times the direct way")


if __name__ == "__main__":
    main()

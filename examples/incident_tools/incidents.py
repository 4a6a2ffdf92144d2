"""The five incidents: what is broken, how it is announced, and the state in which it is over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plant import TODAY, Plant


@dataclass(frozen=True, kw_only=True)
class Incident:
    """Something that went wrong."""

    alert: str
    """What the assistant is told."""
    broken: Mapping[str, Any]
    """What the plant is like, where it differs from a sound one."""
    log: tuple[str, str]
    """The service that complains, and how."""
    is_over: Callable[[Plant], bool]
    """Whether the plant is as it should be: its files, rows and services decide, not words."""
    repairs: tuple[str, ...] = field(default=("run_command",))
    """The tools that can mend it."""

    def occur(self, root: Path) -> Plant:
        """Return a plant in which it has happened."""
        plant = Plant(root=root, **self.broken)
        service, error = self.log
        plant.log(service, f"ERROR {error}")
        return plant


DISK_FULL = Incident(
    alert="The api cannot write its files. Analyze its log.",
    broken={"disk_full": True},
    log=("api", "no space left on device"),
    is_over=lambda plant: plant.disk_use() < 50,
)
BAD_SETTING = Incident(
    alert="The api answers 500. Analyze its log.",
    broken={"settings": {"pool_size": "0", "upstream": "http://stock:8080"}},
    log=("api", "pool_size is 0"),
    is_over=lambda plant: plant.get("http://api").startswith("200") and plant.has_restarted("api"),
)
STUCK_JOB = Incident(
    alert="A job does not end. Analyze the log of the worker.",
    broken={"stuck_job": 7},
    log=("worker", "job 7 is stuck"),
    is_over=lambda plant: plant.jobs() == {6: "done", 7: "queued", 8: "done"},
    repairs=("query_database",),
)
EXPIRED_CERTIFICATE = Incident(
    alert="Browsers refuse http://shop. Analyze the log of the proxy.",
    broken={"certificate_until": "2026-11-20"},
    log=("proxy", "certificate expired on 2026-11-20"),
    is_over=lambda plant: plant.certificate() > TODAY and plant.has_restarted("proxy"),
)
WRONG_UPSTREAM = Incident(
    alert="The api answers 502. Analyze its log.",
    broken={"settings": {"pool_size": "5", "upstream": "http://stok:8080"}},
    log=("api", "upstream http://stok:8080 not found"),
    is_over=lambda plant: plant.get("http://api").startswith("200") and plant.has_restarted("api"),
)

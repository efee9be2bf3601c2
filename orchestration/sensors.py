"""The sensor that sees new files in the landing zone, and starts the job once for them."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import dagster as dg

from orchestration.build import published_run
from orchestration.fingerprint import input_fingerprint
from orchestration.schedules import publish_job
from orchestration.settings import Settings
from warehouse.landing import landing_paths

# A file that is copied over a network grows for a while, and a steward hands in several files one after the other.
QUIET_SECONDS = 120
_UNDER_WAY = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@dataclass(frozen=True, slots=True)
class Watch:
    """What the sensor remembers between two looks.

    Attributes:
        seen: the zone as it was seen last.
        since: when it was first seen like that, in seconds of Unix time.
        dealt_with: the zone that a run was started for, or that was found published already.
    """

    seen: str = ""
    since: float = 0.0
    dealt_with: str = ""

    @classmethod
    def from_cursor(cls, cursor: str | None) -> "Watch":
        """Read what was remembered; nothing if it cannot be read."""
        try:
            return cls(**json.loads(cursor or "{}"))
        except (TypeError, ValueError):
            return cls()

    def look(self, state: str, now: float) -> tuple["Watch", str]:
        """Return what to remember of a look, and why nothing is to be done yet; empty if something is."""
        if state == self.dealt_with:
            return replace(self, seen=state), "Nothing new in the landing zone."
        if state != self.seen:
            return replace(self, seen=state, since=now), "Something has changed: waiting until it is quiet."
        if now < self.since:
            # The clock was set back: without this, nothing would be started before it has caught up.
            return replace(self, since=now), "Waiting until the landing zone is quiet."
        if now - self.since < QUIET_SECONDS:
            return self, "Waiting until the landing zone is quiet."
        return self, ""


def state_of(landing: Path) -> str:
    """Describe the landing zone without reading it: names, sizes and times of all files."""
    lines = []
    for name, path in landing_paths(landing):
        about = path.lstat()
        lines.append(f"{name}\0{about.st_size}\0{about.st_mtime_ns}")
    return hashlib.sha256("\n".join(lines).encode("utf-8", "backslashreplace")).hexdigest()


@dg.sensor(
    name="landing_zone",
    job=publish_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Starts the job when files in the landing zone are new, changed or gone, once nothing has changed for two "
        "minutes. What is published already starts nothing; what failed is not tried again before something changes "
        "or the night comes."
    ),
)
def landing_zone(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Look at the landing zone."""
    settings = Settings.from_environment()
    watch = Watch.from_cursor(context.cursor)
    try:
        state = state_of(settings.landing_dir)
    except FileNotFoundError:
        # Taken away during this look: the next one sees what is there.
        return _skip("The landing zone is changing.", watch)
    watch, reason = watch.look(state, time.time())
    if reason:
        return _skip(reason, watch)
    filters = dg.RunsFilter(job_name=publish_job.name, statuses=_UNDER_WAY)
    if context.instance.get_runs(filters, limit=1):
        return _skip("A run is under way: waiting for its end.", watch)
    fingerprint = input_fingerprint(settings)
    watch = replace(watch, dealt_with=state)
    published = published_run(settings)
    if published and published.input_fingerprint == fingerprint:
        return _skip("What lies here is published already.", watch)
    # What is published belongs to the key: a file that is changed and changed back is worth a run each time.
    run_key = f"{published.run_id if published else 'nothing published'}/{fingerprint}"
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=run_key)], cursor=json.dumps(asdict(watch)))


def _skip(reason: str, watch: Watch) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=reason, cursor=json.dumps(asdict(watch)))

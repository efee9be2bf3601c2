"""Clocks that change, jump, and pass midnight while a run is under way."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from dagster._utils.schedules import schedule_execution_time_iterator

from fault_harm import set_clock
from fault_lab import Child, Fault, Lab, look_at
from fault_trial import Row, last_words, leftovers, publish_both
from orchestration.operations import load_operations
from orchestration.run_record import last_run
from orchestration.schedules import nightly
from orchestration.settings import Settings
from orchestration.status_cli import status_facts
from warehouse.publish import publish
from warehouse.snapshot import SnapshotStore

_CLOCKS_DIFFER = timedelta(minutes=-5)
# Where a check tells that files are dated ahead of the clock, if that goes behind.
_TELLS_OF_DATES = frozenset({"audit.check_result"})


def night_starts(first: datetime, count: int) -> list[datetime]:
    """Return when the schedule starts runs, from a moment on that is told by the clock in its own time zone."""
    zone = ZoneInfo(nightly.execution_timezone or "UTC")
    found = schedule_execution_time_iterator(
        first.replace(tzinfo=zone).timestamp(), str(nightly.cron_schedule), nightly.execution_timezone, ascending=True
    )
    return [start.astimezone(zone) for start in islice(found, count)]


def clocks(lab: Lab) -> Iterator[Row]:
    """Change the clocks twice a year, run across midnight, and set the clock between runs and during one."""
    yield nights()
    contents = publish_both(lab)
    midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    late = midnight - timedelta(seconds=10)
    ahead, behind = midnight + timedelta(days=400), midnight - timedelta(days=400)
    for name, landing, times in (
        ("run from 23:59:50 to the next day", "b", {"load": late}),
        (
            "midnight falls into publication",
            "a",
            {"load": late, "publication": midnight - timedelta(milliseconds=200)},
        ),
        ("midnight falls into the report", "b", {"load": late, "report": midnight - timedelta(milliseconds=50)}),
        ("clock set ahead by 400 days, between runs", "a", {"load": ahead}),
        ("clock set right again, between runs", "b", {}),
        ("clock set back by 400 days, between runs", "a", {"load": behind}),
        ("clock set right again, between runs", "b", {}),
        ("clock set ahead, then back, during a run", "a", {"core": ahead, "marts": behind}),
        ("clock set back during publication", "b", {"report": behind}),
        ("clock set right again, between runs", "a", {}),
    ):
        yield _run_by_clock(lab, name, landing, contents[landing], times)


def _run_by_clock(lab: Lab, name: str, landing: str, contents: str, times: Mapping[str, datetime]) -> Row:
    before = _days(lab.store)
    ended = lab.run(landing, *(Fault(stage, partial(set_clock, moment)) for stage, moment in times.items()))
    wrong = [] if ended.code == 0 else [f"run FAILED: {last_words(ended.said)}"]
    is_behind = any(moment < datetime.now(UTC) - timedelta(days=1) for moment in times.values())
    wrong += faults_of(lab.settings.published_file, contents, before, _TELLS_OF_DATES if is_behind else ())
    record = last_run(lab.settings)
    if record is None or record.state != "succeeded" or str(record.run_id) not in str(lab.store.current_id):
        wrong.append(f"recorded as {record}")
    wrong += [f"LEFT {left}"] if (left := leftovers(lab)) else []
    published_at = lab.store.find("current").published_at
    age = datetime.now(UTC) - published_at
    is_odd = not _CLOCKS_DIFFER < age < load_operations().late_after
    # By the clock that the run went by, and by the right one.
    states = [_status_at(published_at + timedelta(minutes=1)), _status_at(datetime.now(UTC))]
    if states != ["good", "attention" if is_odd else "good"]:
        wrong.append(f"status says {states}, age {age}")
    told = ", the wrong date is told" if is_odd else ""
    return Row(f"(e) {name}", 1, "; ".join(wrong) or f"published, one moment, nothing lost{told}", not wrong)


def publications_by_clock(files: Sequence[Path], published_file: Path, contents: Sequence[str]) -> Iterator[Row]:
    """Publish build files by a clock that is set: the short version."""
    midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    store = SnapshotStore(published_file.parent)
    for number, (name, moment) in enumerate(
        (
            ("publication across midnight", midnight - timedelta(milliseconds=200)),
            ("clock set ahead by 400 days", midnight + timedelta(days=400)),
            ("clock set right again", datetime.now(UTC)),
        )
    ):

        def act(file: Path = files[number % 2], moment: datetime = moment) -> None:
            set_clock(moment)
            publish(file, published_file)

        before = _days(store)
        ended = Child(act).wait()
        wrong = [] if ended.code == 0 else [f"FAILED: {last_words(ended.said)}"]
        wrong += faults_of(published_file, contents[number % 2], before)
        yield Row(f"(e) {name}", 1, "; ".join(wrong) or "published, one moment, nothing lost", not wrong)


def faults_of(
    published_file: Path, contents: str, before: Mapping[str, date], may_differ: Collection[str] = ()
) -> list[str]:
    """Return what is wrong after a publication: its contents, its times, its place among the others, what is gone.

    Args:
        published_file: what was published.
        contents: what was to be published, a line a table.
        before: the snapshots that stood before, and their days.
        may_differ: tables that may tell something else.
    """
    wrong = []
    store, seen = SnapshotStore(published_file.parent), look_at(published_file)
    lines = set(seen.contents.splitlines()) ^ set(contents.splitlines())
    if differing := {line.partition(" ")[0] for line in lines}.difference(may_differ):
        wrong.append(f"NOT the contents that were to be published: {sorted(differing)}")
    snapshot = store.find("current")
    moments = {
        f"{snapshot.published_at:%Y%m%dT%H%M%SZ}",
        snapshot.snapshot_id.partition("-")[0],
        f"{datetime.fromisoformat(snapshot.manifest['run']['published_at']):%Y%m%dT%H%M%SZ}",
    }
    if len(moments) > 1:
        wrong.append(f"one publication, several moments: {sorted(moments)}")
    after = _days(store)
    if seen.snapshot_id in before or next(iter(after)) != seen.snapshot_id:
        wrong.append(f"the newest of {list(after)} is not what was published now")
    # Of several of one day only the last has to be kept.
    lost = [name for name, day in before.items() if name not in after and day not in after.values()]
    return wrong + [f"{name} is gone" for name in lost]


def _days(store: SnapshotStore) -> dict[str, date]:
    """Return the day of each snapshot, the newest first."""
    zone = load_operations().zone
    return {one.snapshot_id: one.published_at.astimezone(zone).date() for one in store.snapshots()}


def _status_at(moment: datetime) -> str:
    def tell() -> None:
        set_clock(moment)
        print(status_facts(Settings.from_environment(), "en")["state"])

    return Child(tell).wait().said.strip()


def nights() -> Row:
    """Let the schedule go through the two nights in which clocks change."""
    wrong = []
    for first, hours in (("2026-10-25", 25), ("2027-03-28", 23)):
        starts = night_starts(datetime.fromisoformat(first), 3)
        apart = [(after.timestamp() - before.timestamp()) / 3600 for before, after in pairwise(starts)]
        if {f"{start:%H:%M}" for start in starts} != {"02:00"} or apart != [hours, 24]:
            wrong.append(f"{first}: {[f'{start:%d %H:%M}' for start in starts]}, hours apart {apart}")
    return Row(
        "(e) schedule, nights of 2026-10-25 and 2027-03-28",
        6,
        "; ".join(wrong) or "one start a night, at 02:00 in Riga, 25 and 23 hours apart",
        not wrong,
    )

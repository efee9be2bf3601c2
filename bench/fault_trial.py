"""One fault after the other on one warehouse, and a line of the table for each."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from fault_lab import Action, Fault, Lab
from orchestration.run_record import last_run

_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    fault: str
    tried: int
    outcome: str
    is_good: bool


class Trial:
    """One fault after the other on one warehouse: what stands must stay, the person be told, the next run succeed."""

    def __init__(self, lab: Lab) -> None:
        """Publish each of the two sets of landing files once."""
        self.lab = lab
        self.contents = publish_both(lab)
        self.standing = "a"

    def harm(
        self, name: str, faults: Sequence[Fault], remedy: str, end: Action | None = None, *, may_finish: bool = False
    ) -> Row:
        """Run with faults, and once more without.

        Args:
            name: of the row.
            faults: what happens to the run; none if it has happened already.
            remedy: which of the messages of what to do fits.
            end: takes the faults away.
            may_finish: whether the run may also succeed.
        """
        other = "b" if self.standing == "a" else "a"
        stood = self.lab.look()
        ended = self.lab.run(other, *faults)
        seen, record = self.lab.look(), last_run(self.lab.settings)
        if end:
            end()
        if ended.code == 0 and may_finish:
            words, is_good = ["run finished all the same"], seen.contents == self.contents[other]
        else:
            # Who is killed says nothing more: then `meraukla status` must.
            is_killed = ended.code < 0 and record is not None and record.remedy == "remedy_killed"
            is_told = f"told: {remedy}:" in ended.said
            words = ["old file stays" if seen == stood else "CHANGED"]
            if is_killed:
                words.append(f"ended by {signal.Signals(-ended.code).name}, status tells it")
            else:
                words.append("told why" if is_told else f"NOT TOLD ({ended.code}): {last_words(ended.said)}")
            if not is_killed and (record is None or record.remedy != remedy):
                words.append(f"status says {record.state if record else 'nothing'}")
            is_good = ended.code != 0 and seen == stood and (is_killed or is_told)
        repaired = self.lab.run(other)
        self.standing, left = other, leftovers(self.lab)
        is_repaired = repaired.code == 0 and self.lab.look().contents == self.contents[other]
        words.append("next run succeeds" if is_repaired else f"next run FAILS: {last_words(repaired.said)}")
        words += [f"LEFT {left}"] if left else []
        return Row(name, 1, ", ".join(words), is_good and is_repaired and not left)


def last_words(said: str) -> str:
    """Return the end of what a process said: what a person is told, if it came to that."""
    told = [line for line in said.splitlines() if line.startswith("told:")] or said.strip().splitlines()[-3:]
    return " ".join(told)[-_SHOWN:]


def publish_once(lab: Lab, landing: str) -> str:
    """Let a run publish, and return the contents of what it published."""
    ended = lab.run(landing)
    if ended.code:
        raise SystemExit(f"A run without any fault failed:\n{ended.said}")
    return lab.look().contents


def publish_both(lab: Lab) -> dict[str, str]:
    """Publish the two sets of landing files, and return the contents of each; what stands in the end is `a`.

    What is published tells what was overwritten: only after another one does the first have its lasting contents.
    """
    return {landing: publish_once(lab, landing) for landing in "aba"}


def leftovers(lab: Lab) -> list[str]:
    """Return what should not be there after a run: drafts, marks, spilled rows, logs of writes."""
    published, build = lab.settings.published_dir, lab.settings.build_file.parent
    # The folder of a report that stands is hidden behind the link to it.
    reports = {link.resolve() for link in published.glob("snapshots/*/report")}
    hidden = [path for path in published.rglob(".*") if path not in reports]
    found = [*hidden, *build.glob("*.tmp"), *build.glob("*.wal"), *build.glob(".*"), *published.rglob("*.wal")]
    return [path.name for path in found]

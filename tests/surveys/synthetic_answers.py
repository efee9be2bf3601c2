"""Synthetic answers of respondents that reproduce given shares: no person gave them.

From the number of respondents and the printed share of positive answers follows how many answered positively; which
of them did, and how exactly, is drawn with a fixed seed. Files made from it are named synthetic.
"""

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

LATVIAN = {
    "agreement_4": {
        "agree": "Piekrītu",
        "rather_agree": "Drīzāk piekrītu",
        "rather_disagree": "Drīzāk nepiekrītu",
        "disagree": "Nepiekrītu",
    },
    "fulfilment_4": {
        "definitely_yes": "Noteikti ir",
        "rather_yes": "Drīzāk ir",
        "rather_no": "Drīzāk nav",
        "definitely_no": "Noteikti nav",
    },
}
POSITIVE = {"agreement_4": ("agree", "rather_agree"), "fulfilment_4": ("definitely_yes", "rather_yes")}


@dataclass(frozen=True)
class Group:
    """A group: its respondents, and the share of positive answers to each item; None: the item was not asked."""

    code: str
    respondents: int
    shares: Mapping[tuple[str, str], float | None]


def positive_count(share: float, respondents: int) -> int:
    """Return the number of positive answers whose share comes closest to a printed one."""
    return round(share * respondents / 100)


def answers(group: Group, item: tuple[str, str], scale: str) -> list[str]:
    """Return one text a respondent: as many positive ones as the share says, in an order that means nothing."""
    share = group.shares.get(item)
    if share is None:
        return [""] * group.respondents
    draw = random.Random(f"{group.code}/{item}")  # noqa: S311 - no secret
    texts = LATVIAN[scale]
    positive = [texts[code] for code in POSITIVE[scale]]
    negative = [text for code, text in texts.items() if code not in POSITIVE[scale]]
    count = positive_count(share, group.respondents)
    drawn = [draw.choice(positive) for _ in range(count)]
    drawn += [draw.choice(negative) for _ in range(group.respondents - count)]
    draw.shuffle(drawn)
    return drawn


def write_export(
    folder: Path, stem: str, groups: Sequence[Group], scales: Mapping[str, str], mapping: Mapping[str, object]
) -> Path:
    """Write a wide export of all groups, and its mapping.

    Args:
        folder: where to write.
        stem: name of the export, which must say that it is synthetic.
        groups: who answers.
        scales: survey → scale.
        mapping: wave, period and other keys of the mapping; group, population and questions are made here.
    """
    assert "synthetic" in stem
    items = list(dict.fromkeys(item for group in groups for item in group.shares))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["Laika zīmogs", "Jūs esat", *(f"{survey}: {item}" for survey, item in items)])
        for group in groups:
            columns = [answers(group, item, scales[item[0]]) for item in items]
            for number, row in enumerate(zip(*columns, strict=True)):
                writer.writerow([f"synthetic {number}", group.code, *row])
    questions = [
        {
            "survey": survey,
            "scale": scale,
            "positive": list(POSITIVE[scale]),
            "groups": [
                group.code
                for group in groups
                if any(own == survey and share is not None for (own, _), share in group.shares.items())
            ],
            "items": {item: f"{own}: {item}" for own, item in items if own == survey},
        }
        for survey, scale in scales.items()
    ]
    document = {
        "form": "wide",
        "weight": "none",
        "group": {"header": "Jūs esat", "answers": {group.code: group.code for group in groups}},
        "population": {group.code: "unknown" for group in groups},
        "questions": questions,
        "ignored": ["Laika zīmogs"],
        **mapping,
    }
    (folder / f"{stem}.mapping.yml").write_text(
        yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8"
    )
    return path

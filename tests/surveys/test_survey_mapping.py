"""Mappings: judged as a whole, with the place, the reason and the remedy in both languages."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import yaml

from orchestration.settings import PROJECT_DIR
from tests.surveys.conftest import MAPPING, ReadExport

EXPORT = "Laika zīmogs,Jūs esat,Vai tīkls ir sakārtots?,Vai ir droši?\nt,Vadītājs,Piekrītu,Piekrītu\n"
Change = Callable[[dict[str, Any]], object]

# What is changed in a sound mapping, the rule that finds it, and what the message must name.
FAULTS: dict[str, tuple[Change, str, list[str]]] = {
    "no wave": (lambda m: m.pop("wave"), "mapping_key_missing", ["wave"]),
    "unknown key": (lambda m: m.update(ignore=[]), "mapping_key_unknown", ["ignore", "ignored?"]),
    "unknown key inside": (
        lambda m: m["questions"][0].update(positives=[]),
        "mapping_key_unknown",
        ["questions → 1", "positive?"],
    ),
    "weights": (lambda m: m.update(weight="svars"), "mapping_value", ["weight", "svars"]),
    "form": (lambda m: m.update(form="pivot"), "mapping_value", ["form", "pivot"]),
    "long without headers": (lambda m: m.update(form="long"), "mapping_form", ["long"]),
    "unknown wave": (lambda m: m.update(wave="waves"), "mapping_code_unknown", ["waves", "wave?"]),
    "wave of another strategy": (lambda m: m.update(wave="foreign"), "mapping_code_unknown", ["foreign"]),
    "last year's period": (lambda m: m.update(period="2024/2025"), "mapping_differs", ["2024/2025", "2025/2026"]),
    "another version": (lambda m: m.update(instrument_version="3"), "mapping_differs", ["3", "2"]),
    "part of another wave": (
        lambda m: m["questions"][0].update(survey="other"),
        "mapping_not_of_wave",
        ["other", "wave"],
    ),
    "unknown group": (
        lambda m: m["group"]["answers"].update(Vecāks="parents"),
        "mapping_code_unknown",
        ["parents"],
    ),
    "group without N": (lambda m: m["population"].pop("heads"), "mapping_without_population", ["heads"]),
    "N of a group that was not asked": (
        lambda m: m["population"].update(pupils="5"),
        "mapping_code_unknown",
        ["pupils"],
    ),
    "N of nobody": (lambda m: m["population"].update(heads="0"), "mapping_value", ["heads", "0"]),
    "unknown scale": (
        lambda m: m["questions"][0].update(scale="agreement_9"),
        "mapping_code_unknown",
        ["agreement_9", "agreement_"],
    ),
    "unknown answer": (
        lambda m: m["questions"][0].update(positive=["agrees"]),
        "mapping_code_unknown",
        ["agrees", "agree?"],
    ),
    "all positive": (
        lambda m: m["questions"][0].update(positive=["agree", "rather_agree", "rather_disagree", "disagree"]),
        "mapping_all_positive",
        ["positive"],
    ),
    "positive and left out": (
        lambda m: m["questions"][0].update(positive=["agree", "dont_know"]),
        "mapping_both",
        ["dont_know"],
    ),
    "an answer that means two": (
        lambda m: m["questions"][0]["answers"].update(NEPIEKRITU="agree"),
        "mapping_ambiguous",
        ["NEPIEKRITU"],
    ),
    "a header that means two": (
        lambda m: m["questions"][0]["items"].update({"1.10": "Vai tikls ir sakartots?"}),
        "mapping_ambiguous",
        ["Vai tikls ir sakartots?"],
    ),
    "a header that is ignored": (lambda m: m["ignored"].append("Vai ir droši?"), "mapping_ambiguous", ["droši"]),
    "unknown item": (
        lambda m: m["questions"][0]["items"].update({"1.2": "Vai ir gaiši?"}),
        "mapping_code_unknown",
        ["1.2"],
    ),
    "survey without items": (
        lambda m: m["questions"].append({**m["questions"][0], "survey": "wave", "items": {"1.1": "Vai?"}}),
        "mapping_no_items",
        ["survey_item.csv"],
    ),
    "item twice": (
        lambda m: m["questions"].append({**m["questions"][0], "items": {"1.1": "Vai?"}}),
        "mapping_item_twice",
        ["1.1"],
    ),
    "unknown group asked": (
        lambda m: m["questions"][0].update(groups=["parents"]),
        "mapping_code_unknown",
        ["parents"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_mapping_stops_its_export_and_says_where_why_and_what_to_do(
    read_export: ReadExport, fault: str
) -> None:
    change, rule, named = FAULTS[fault]
    mapping = deepcopy(dict(MAPPING))
    change(mapping)
    result = read_export(EXPORT, mapping)
    assert result.is_rejected_whole
    assert result.accepted.num_rows == 0
    (rejection,) = (rejection for rejection in result.rejections if rejection.rule == rule)
    for language in ("lv", "en"):
        text = rejection.message(language)
        assert "synthetic_answers.mapping.yml" in text
        assert all(name in text for name in named), text
    assert rejection.message("lv") != rejection.message("en")


def test_all_faults_of_a_mapping_are_named_at_once(read_export: ReadExport) -> None:
    mapping = {**deepcopy(dict(MAPPING)), "period": "2024/2025", "instrument_version": "1"}
    mapping["population"] = {"teachers": "unknown"}
    rules = [rejection.rule for rejection in read_export(EXPORT, mapping).rejections]
    assert sorted(rules) == ["mapping_differs", "mapping_differs", "mapping_without_population"]


def test_an_export_without_a_mapping_says_which_file_is_missing(read_export: ReadExport) -> None:
    (rejection,) = read_export(EXPORT, None).rejections
    assert rejection.rule == "mapping_missing"
    assert "synthetic_answers.mapping.yml" in rejection.message("lv")


@pytest.mark.parametrize("text", ["wave: [", "wave: a\nwave: b\n", "a: &x [1]\nb: *x\n", "\tx", "wave: \x00"])
def test_a_mapping_that_is_no_plain_yaml_is_refused_with_its_place(read_export: ReadExport, text: str) -> None:
    (rejection,) = read_export(EXPORT, text).rejections
    assert rejection.rule == "mapping_unreadable"


def test_numbers_and_words_of_a_mapping_stay_as_they_are_written(read_export: ReadExport) -> None:
    text = yaml.safe_dump(dict(MAPPING), allow_unicode=True)
    assert "'1.10'" in text
    result = read_export(EXPORT, text.replace("'1.10'", "1.10").replace("'2'", "2"))
    assert result.rejections == []
    assert {row["item_code"] for row in result.accepted.to_pylist()} == {"1.1", "1.10"}


def test_the_example_of_the_documentation_has_the_form_of_a_mapping(read_export: ReadExport) -> None:
    guide = (PROJECT_DIR / "docs" / "surveys.md").read_text("utf-8")
    result = read_export(EXPORT, guide.split("```yaml\n")[1].split("```")[0])
    # Wave, items and groups are not registered for the test; nothing else is wrong with it.
    assert {rejection.rule for rejection in result.rejections} == {"mapping_code_unknown", "mapping_no_items"}

"""The static site: pages in both languages, rendered from views; feed, sitemap, description for programs."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from report import views
from report.addresses import PAGES, Address, Target, address
from report.charts import SeriesChart, has_something_to_show, interval_svg, series_svg, spark_svg
from report.editions import Correction, Edition
from report.published import Check, Claim, Code, Flag, Progress, Share, Strategy, groups
from report.views import AdvantageView, CountSeries, IndicatorView, Overview, SeriesView
from report.words import LANGUAGES, Words, catalogue, slug, tidy

_HERE = Path(__file__).parent
_PREVIEW = (1200, 630)
_WRAP = 44


@dataclass(frozen=True, slots=True)
class Page:
    """What the frame of a page needs to know of it."""

    kind: str
    title: str
    description: str
    address: str
    alternates: Mapping[str, str]
    twin: str
    preview: str
    json_ld: Markup


@dataclass(frozen=True, slots=True)
class SurveyItem:
    """An item of a survey with the shares of all groups."""

    shares: tuple[Share, ...]

    def of(self, group_code: str) -> Share | None:
        """Return a group's share."""
        return next((one for one in self.shares if one.group_code == group_code), None)


@dataclass(frozen=True, slots=True)
class Survey:
    """A survey with its items and the groups that were asked."""

    code: str
    items: tuple[SurveyItem, ...]
    groups: tuple[Share, ...]

    @property
    def first(self) -> Share:
        """A record that names the survey."""
        return self.items[0].shares[0]


@dataclass(frozen=True, slots=True)
class Site:
    """A strategy's part of the site: `prefix` is where it lies below the root, empty for the first strategy."""

    whole: Overview
    prefix: str
    base_url: str
    editions: tuple[Edition, ...] = ()
    has_pdf: bool = False

    @property
    def strategy(self) -> Strategy:
        """The strategy."""
        return self.whole.published.strategy


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "slug": slug,
        "tidy": tidy,
        "raw": _raw,
        "plain": lambda text: views.without_flag_ids(tidy(text)),
        "filename": lambda path: str(path).rpartition("/")[2],
    }
    return environment


def _raw(number: float | None) -> str:
    """Write a number for programs: enough digits to be the same number again."""
    return "" if number is None else repr(float(number))


def load_site() -> None:
    """Load the texts and compile the templates."""
    catalogue()
    for name in _environment().list_templates():
        _environment().get_template(name)


@dataclass
class Renderer:
    """Renders one language of a strategy's site into a folder."""

    site: Site
    language: str
    folder: Path
    _charts: dict[str, Markup] = field(default_factory=dict)

    @property
    def whole(self) -> Overview:
        """What is shown."""
        return self.site.whole

    @cached_property
    def words(self) -> Words:
        """The language's words."""
        return Words(self.language, self.whole.published.periods)

    def write_all(self) -> list[Address]:
        """Write all pages of this language but the print page.

        Returns:
            Their addresses.
        """
        written = [self._write_page(kind) for kind in PAGES]
        written += [self._write_page("advantage", one, advantage=one) for one in self.whole.advantages]
        many = self.whole.indicators
        for place, one in enumerate(many):
            neighbours = (many[place - 1] if place else None, many[place + 1] if place + 1 < len(many) else None)
            written.append(self._write_page("indicator", one, indicator=one, neighbours=neighbours))
        self._write(address(self.language, "feed"), "feed.xml.j2", **self._feed())
        return written

    def write_print_page(self) -> Path:
        """Write the page that the PDF is printed from: everything, one chapter after the other."""
        return self._write(address(self.language, "print"), "print.html.j2")

    def _write_page(self, kind: str, target: Target = None, **context: Any) -> Address:  # noqa: ANN401 - of all kinds
        place = address(self.language, kind, target)
        page = self._page(kind, target, place)
        self._write(place, f"{kind}.html.j2", page=page, **context)
        return place

    def _write(self, place: Address, template: str, **context: Any) -> Path:  # noqa: ANN401 - of all kinds
        path = self.folder / place.file
        path.parent.mkdir(parents=True, exist_ok=True)
        rendered = _environment().get_template(template).render(self._names(place), **context)
        path.write_text(re.sub(r"\n\s*\n+", "\n", rendered), "utf-8", newline="\n")
        return path

    def _page(self, kind: str, target: Target, place: Address) -> Page:
        words = self.words
        name = words.of(self.site.strategy, "name")
        if isinstance(target, AdvantageView):
            title = f"{target.advantage.advantage_code} {words.of(target.advantage, 'name')}"
            description = words.say("describe_advantage", name=words.of(target.advantage, "name"))
        elif isinstance(target, IndicatorView):
            title = f"{target.number} {words.of(target.indicator, 'name')}"
            description = words.say("describe_indicator", name=words.of(target.indicator, "name"))
        elif kind == "front":
            title, description = name, words.say("describe_front", name=name, period=words.period(self.whole.period))
        else:
            title = words.say(f"nav_{kind}")
            description = words.say("describe_page", title=title, name=name)
        twins = {code: address(code, kind, target) for code in LANGUAGES}
        return Page(
            kind=kind,
            title=title,
            description=description,
            address=self._public(place, place),
            alternates={code: self._public(place, twin) for code, twin in twins.items()},
            twin=place.link_to(twins[words.other_language]),
            preview=self._public(place, Address(f"assets/preview-{self.language}.png")),
            json_ld=self._json_ld(title, description, place, target),
        )

    def _public(self, place: Address, other: Address) -> str:
        """Return an address as others should name it: whole if the site knows where it stands, else relative."""
        if self.site.base_url:
            return f"{self.site.base_url.rstrip('/')}/{self.site.prefix}{other.path}"
        return place.link_to(other)

    def _names(self, place: Address) -> dict[str, Any]:
        words, whole = self.words, self.whole

        def to(kind: str, target: Target = None) -> str:
            return place.link_to(address(self.language, kind, target))

        return {
            "w": words,
            "t": words.say,
            "n": words.count,
            "to": to,
            "root": place.root,
            "whole": whole,
            "published": whole.published,
            "has_pdf": self.site.has_pdf,
            "editions": self.site.editions,
            "printed": False,
            "code": self._code,
            "unit_name": self._unit_name,
            "status_name": self._status_name,
            "missing": lambda status, text: views.missing_words(words, status, tidy(text)),
            "unanswered": lambda one: views.unanswered_words(words, one),
            "sentences": lambda one: views.sentences(one, words),
            "final_target": lambda one: views.final_target(one, words),
            "period_target": lambda one: views.period_target(one, words),
            "targets_at": self._targets_at,
            "method_no": self._method_no,
            "chart": self._chart,
            "count_chart": self._count_chart,
            "spark": lambda series: Markup(spark_svg(views.chart_of(series, whole, words))),  # noqa: S704 - numbers only
            "interval": lambda one: Markup(interval_svg(one.positive_share, one.ci_low, one.ci_high)),  # noqa: S704
            "statuses": self._statuses,
            "refusals": self._refusals,
            "action_bar": self._action_bar,
            "action_totals": self._action_totals,
            "documentation_bar": self._documentation_bar,
            "verdict_bar": self._verdict_bar,
            "check_bar": self._check_bar,
            "claims_by_verdict": self._claims_by_verdict,
            "claim_value": self._claim_value,
            "check_description": self._check_description,
            "open_by_rule": lambda: sorted(Counter(flag.rule for flag in whole.open_flags).items()),
            "advantage_of": self._advantage_of,
            "progress_in": _progress_in,
            "surveys": self._surveys,
            "needs_of": self._needs_of,
            "survey_items": self._survey_items,
            "series_name": self._series_name,
            "flag_name": self._flag_name,
            "used_statuses": lambda: {point.obs_status for point in whole.published.points},
            "sql_of": self._sql_of,
            "correction_value": self._correction_value,
            "home_of_edition": lambda _: f"{self.site.prefix}{self.language}/index.html",
        }

    # --- Words of codes ---

    def _code(self, code_list: str, code: str | None) -> Code:
        known = self.whole.published.codes.get((code_list, code or ""))
        return known or Code(code_list, code or "", None, code or "", code or "")

    def _unit_name(self, unit: str | None) -> str:
        return self.words.of(self._code("unit", unit), "name")

    def _status_name(self, status: str) -> str:
        names = self.whole.published.obs_statuses.get(status, (status, status))
        return names[LANGUAGES.index(self.language)]

    def _statuses(self, counts: Mapping[str, Any]) -> list[tuple[str, str, int]]:
        return [
            (code, self.words.of(self._code("progress_status", code), "name"), int(counts.get(f"{code}_count") or 0))
            for code in self.whole.codes("progress_status")
        ]

    def _refusals(self, counts: Mapping[str, Any] | None) -> list[tuple[str, str, int]]:
        return [
            (
                code,
                self.words.of(self._code("refusal_reason", code), "name"),
                self.whole.total(f"refused_{code}_count")
                if counts is None
                else int(counts.get(f"refused_{code}_count") or 0),
            )
            for code in self.whole.codes("refusal_reason")
        ]

    def _action_bar(self, counts: Mapping[str, Any]) -> list[tuple[str, str, int]]:
        place = LANGUAGES.index(self.language)
        return [
            (f"a-{code}", names[place], int(counts.get(f"action_{code}_count") or 0))
            for code, names in self.whole.published.action_statuses.items()
        ]

    def _action_totals(self) -> list[tuple[str, str, int]]:
        found = Counter(action.status_code for action in self.whole.published.actions)
        place = LANGUAGES.index(self.language)
        return [
            (f"a-{code}", names[place], found[code]) for code, names in self.whole.published.action_statuses.items()
        ]

    def _documentation_bar(self) -> list[tuple[str, str, int]]:
        found = Counter(method.documentation or "none" for method in self.whole.published.methods)
        return [
            (f"m-{code}", self.words.of(self._code("documentation", code), "name"), found[code])
            for code in ("described", "partial", "undocumented", "none")
        ]

    def _verdict_bar(self) -> list[tuple[str, str, int]]:
        return [
            (f"v-{verdict}", self._say_or(f"verdict_{verdict}", verdict), len(claims))
            for verdict, claims in self._claims_by_verdict()
        ]

    def _claims_by_verdict(self) -> list[tuple[str, list[Claim]]]:
        order = ("disagrees", "not_comparable", "agrees", "not_recomputable")
        found = groups(self.whole.published.claims, "verdict")
        return [
            (verdict, found[verdict]) for verdict in (*order, *sorted(set(found) - set(order))) if verdict in found
        ]

    def _check_bar(self) -> list[tuple[str, str, int]]:
        found = Counter(check.outcome for check in self.whole.published.checks)
        return [
            (f"o-{outcome}", self._say_or(f"outcome_{outcome}", outcome), count)
            for outcome, count in sorted(found.items(), key=lambda item: item[0] != "passed")
        ]

    def _say_or(self, key: str, otherwise: str) -> str:
        return self.words.say(key) if self.words.has(key) else otherwise

    def _claim_value(self, claim: Claim, text: str | None) -> str:
        if text is None:
            return ""
        try:
            number = float(text)
        except ValueError:
            return self._say_or(f"claim_{text}", tidy(text))
        return self.words.value(number, claim.unit_code)

    def _check_description(self, check: Check) -> Markup | str:
        # Rules are described in both languages, suites in English.
        latvian, apart, english = check.description.partition(" / ")
        if check.suite.startswith("rule.") and apart:
            return latvian if self.language == "lv" else english
        return Markup('<span lang="en">{}</span>').format(check.description)

    # --- Parts of a page ---

    def _targets_at(self, series: SeriesView, period_key: str) -> list[str]:
        return [
            views.target_words(target, self.words)
            for target in series.targets
            if target.due_period_key == period_key and views.target_words(target, self.words)
        ]

    def _method_no(self, series: SeriesView, methodology_key: str | None) -> str:
        found = [method.version_no for method in series.methods if method.methodology_key == methodology_key]
        return str(found[0]) if found else ""

    def _chart(self, series: SeriesView) -> Markup:
        if series.anchor not in self._charts:
            title = self.words.say(
                "chart_title", name=self._indicator_name(series), label=self.words.of(series.first, "series_label")
            )
            description = views.chart_description(series, self.words)
            self._charts[series.anchor] = self._drawn(
                views.chart_of(series, self.whole, self.words), title, description, series.anchor
            )
        return self._charts[series.anchor]

    def _count_chart(self, series: CountSeries) -> Markup:
        name = slug(series.series_key.partition("/")[2])
        if name not in self._charts:
            words = self.words
            told = "; ".join(
                f"{words.period(item.period_key)}: "
                f"{words.say('suppressed').lower() if item.value is None else words.number(item.value)}"
                for item in series.items
            )
            self._charts[name] = self._drawn(
                views.count_chart(series, self.whole, words), self._series_name(series.series_key), f"{told}.", name
            )
        return self._charts[name]

    def _drawn(self, chart: SeriesChart, title: str, description: str, name: str) -> Markup:
        if not has_something_to_show(chart):
            return Markup()
        return Markup(series_svg(chart, title, description, f"c-{name}"))  # noqa: S704 - the chart escapes its words

    def _advantage_of(self, indicator: IndicatorView) -> AdvantageView:
        return next(one for one in self.whole.advantages if one.advantage == indicator.advantage)

    @cached_property
    def _survey_list(self) -> list[Survey]:
        return [
            Survey(
                code,
                tuple(SurveyItem(tuple(many)) for many in groups(shares, "item_code").values()),
                tuple(many[0] for many in groups(shares, "group_code").values()),
            )
            for code, shares in groups(self.whole.published.shares, "survey_code").items()
        ]

    def _surveys(self) -> list[Survey]:
        return self._survey_list

    def _survey_items(self) -> list[Share]:
        return [item.shares[0] for survey in self._survey_list for item in survey.items]

    def _needs_of(self, advantage: AdvantageView) -> list[Survey]:
        found = []
        for survey in self._survey_list:
            items = tuple(
                item for item in survey.items if item.shares[0].advantage_no == advantage.advantage.advantage_no
            )
            if items:
                found.append(Survey(survey.code, items, survey.groups))
        return found

    @cached_property
    def _names_of_series(self) -> dict[str, str]:
        words, published = self.words, self.whole.published
        found = {}
        for indicator in self.whole.indicators:
            for series in indicator.series:
                label = words.of(series.first, "series_label")
                tail = f", {label[:1].lower()}{label[1:]}" if len(indicator.series) > 1 else ""
                found[series.key] = f"{indicator.number} {words.of(indicator.indicator, 'name')}{tail}"
        for count in (*published.learners, *published.institutions):
            kind, owner = words.of(count, "kind_name"), words.of(count, "ownership_name")
            found[count.series_key] = f"{kind}, {owner.lower()}"
        for share in published.shares:
            item, group = words.of(share, "item_label"), words.of(share, "group_label")
            found[share.series_key] = f"{words.say('survey_short')}: {item}, {group[:1].lower()}{group[1:]}"
        return found

    def _series_name(self, series_key: str) -> str:
        return self._names_of_series.get(series_key, series_key)

    def _flag_name(self, flag: Flag) -> str:
        return self._series_name(flag.series_key)

    def _indicator_name(self, series: SeriesView) -> str:
        return self._names_of_indicators[series.first.indicator_no]

    @cached_property
    def _names_of_indicators(self) -> dict[int, str]:
        return {one.indicator.indicator_no: self.words.of(one.indicator, "name") for one in self.whole.indicators}

    def _sql_of(self, indicator: IndicatorView) -> list[tuple[str, str]]:
        strategy = self.site.strategy.strategy_code.replace("'", "''")
        where = f"where strategy_code = '{strategy}' and indicator_no = {indicator.indicator.indicator_no}"
        return [
            (
                "values",
                "select\n    series_key, period_key, value_text, value_numeric, unit, obs_status, methodology_key,\n"
                f"    segment_no, source_file, report_line\nfrom marts.indicator_trend\n{where}\n"
                "order by series_key, period_order, is_bridged",
            ),
            (
                "assessment",
                "select\n    series_key, period_key, baseline_value, result_value, is_comparable, refusal_reason,\n"
                f"    change, progress_share, progress_status\nfrom marts.indicator_progress\n{where}\n"
                "order by series_key, period_ends_on",
            ),
        ]

    def _correction_value(self, correction: Correction, text: str | None) -> str:
        if not text:
            return self.words.say("nothing")
        if correction.field == "progress_status":
            return self.words.of(self._code("progress_status", text), "name")
        if correction.field == "unit":
            return self._unit_name(text)
        try:
            return self.words.number(float(text))
        except ValueError:
            return tidy(text)

    # --- For programs ---

    def _feed(self) -> dict[str, Any]:
        published = self.whole.published
        at = _timestamp(published.run.published_at)
        fresh = [
            (flag, at)
            for flag in published.flags
            if flag.flag_key in published.run.new_suspicions and flag.kind == "suspected"
        ]
        decided = [
            (flag, f"{flag.decided_on:%Y-%m-%d}T00:00:00Z" if flag.decided_on else at)
            for flag in self.whole.decided_flags
        ]
        place = address(self.language, "feed")
        return {
            "feed_id": f"urn:meraukla:{quote(self.site.strategy.strategy_code)}:flags:{self.language}",
            "updated": at,
            "entries": [*fresh, *decided],
            "breaks_address": self._public(place, address(self.language, "breaks")),
        }

    def _json_ld(self, title: str, description: str, place: Address, target: Target) -> Markup:
        published, words = self.whole.published, self.words
        strategy = published.strategy
        stem = f"data/indicator/{target.number}" if isinstance(target, IndicatorView) else "data/observations"
        forms = {
            "csv": "text/csv",
            "parquet": "application/vnd.apache.parquet",
            "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
        files = [(self._public(place, Address(f"{stem}.{form}")), media) for form, media in forms.items()]
        authority = words.of(strategy, "authority")
        content = {
            "@context": {
                "@vocab": "https://schema.org/",
                "dcat": "http://www.w3.org/ns/dcat#",
                "dct": "http://purl.org/dc/terms/",
            },
            "@type": ["Dataset", "dcat:Dataset"],
            "@id": self._public(place, place),
            "identifier": f"{strategy.strategy_code}/{target.number}"
            if isinstance(target, IndicatorView)
            else strategy.strategy_code,
            "name": title,
            "dct:title": {"@value": title, "@language": self.language},
            "description": description,
            "dct:description": {"@value": description, "@language": self.language},
            "inLanguage": self.language,
            "temporalCoverage": f"{self.whole.first.isoformat()}/{self.whole.last.isoformat()}",
            "dateModified": _timestamp(published.run.published_at),
            "dct:modified": _timestamp(published.run.published_at),
            "version": published.run.run_id,
            "publisher": {"@type": "Organization", "name": authority},
            "isBasedOn": [words.of(document, "title") for document in published.documents],
            "distribution": [
                {
                    "@type": ["DataDownload", "dcat:Distribution"],
                    "contentUrl": url,
                    "dcat:downloadURL": {"@id": url},
                    "encodingFormat": media,
                    "dcat:mediaType": media,
                }
                for url, media in files
            ],
        }
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        # Within a script element only “<” could end the text.
        for character in "<>&":
            text = text.replace(character, f"\\u{ord(character):04x}")
        return Markup(text)  # noqa: S704 - JSON, with all that HTML would read escaped


def _progress_in(series: SeriesView, period_key: str) -> Progress | None:
    return next((one for one in series.progress if one.period_key == period_key), None)


def _timestamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def write_assets(folder: Path) -> None:
    """Copy style sheet, script and icon."""
    copytree(_HERE / "assets", folder / "assets", dirs_exist_ok=True)


def write_root(sites: Sequence[Site], folder: Path) -> None:
    """Write the page at the root: which strategy, which language."""
    rendered = _environment().get_template("root.html.j2").render(sites=sites)
    (folder / "index.html").write_text(rendered, "utf-8", newline="\n")


def write_sitemap(pages: Mapping[str, Sequence[Address]], base_url: str, folder: Path) -> None:
    """Write the sitemap. Without a base address it names paths of the site; search engines ask for whole addresses.

    Args:
        pages: addresses by the prefix of their strategy's part of the site.
        base_url: where the site stands, or nothing.
        folder: root of the site.
    """
    base = base_url.rstrip("/")
    entries = "".join(
        f"  <url><loc>{base}/{prefix}{quote(page.path)}</loc></url>\n"
        for prefix, addresses in pages.items()
        for page in addresses
    )
    (folder / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{entries}</urlset>\n",
        "utf-8",
        newline="\n",
    )
    robots = f"Sitemap: {base}/sitemap.xml\n" if base else ""
    (folder / "robots.txt").write_text(f"User-agent: *\nAllow: /\n{robots}", "utf-8", newline="\n")


def write_preview(site: Site, language: str, folder: Path) -> None:
    """Draw the picture that stands for the report where its address is shared."""
    import vl_convert  # noqa: PLC0415 - 40 MB of code that only drawing needs

    words = Words(language, site.whole.published.periods)
    lines = _wrapped(words.of(site.strategy, "name"), _WRAP)
    title = "".join(
        f'<text x="80" y="{190 + 62 * place}" font-size="50" font-weight="700">{Markup.escape(line)}</text>'
        for place, line in enumerate(lines)
    )
    facts = words.say(
        "preview_facts",
        indicators=words.count("indicators", len(site.whole.indicators)),
        comparable=words.number(site.whole.total("comparable_count")),
        total=words.count("series_genitive", site.whole.total("series_count")),
    )
    period = Markup.escape(words.period(site.whole.period))
    width, height = _PREVIEW
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" fill="#fff">'
        f'<rect width="{width}" height="{height}" fill="#17324d"/>'
        '<path d="M80 560h330M470 560h650" stroke="#9fc3e6" stroke-width="6"/>'
        + "".join(
            f'<path d="M{x} 560v-{30 if place % 2 else 52}" stroke="#9fc3e6" stroke-width="4"/>'
            for place, x in enumerate((*range(83, 410, 65), *range(473, 1120, 65)))
        )
        + f'<text x="80" y="112" font-size="34" fill="#9fc3e6">Mēraukla · {period}</text>'
        f'{title}<text x="80" y="450" font-size="34">{Markup.escape(facts)}</text></svg>'
    )
    target = folder / "assets" / f"preview-{language}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(vl_convert.svg_to_png(svg))


def _wrapped(text: str, length: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= length:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines

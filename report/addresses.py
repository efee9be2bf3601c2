"""Where each page lies: addresses that stay, in the words of each language, and links that also work from a disk."""

from dataclasses import dataclass

from report.views import AdvantageView, IndicatorView

PAGES = (
    "front",
    "search",
    "actions",
    "surveys",
    "enrolment",
    "methodology",
    "breaks",
    "reconciliation",
    "quality",
    "editions",
    "about",
)
# Part of the published addresses: add, never rename.
_SEGMENTS = {
    "lv": {
        "front": "",
        "advantage": "prieksrociba/",
        "indicator": "raditajs/",
        "search": "raditaji/",
        "actions": "darbibas/",
        "surveys": "aptaujas/",
        "enrolment": "izglitojamie/",
        "methodology": "metodika/",
        "breaks": "parravumi/",
        "reconciliation": "parbaude/",
        "quality": "datu-kvalitate/",
        "editions": "izdevumi/",
        "about": "par-parskatu/",
        "print": "parskats.html",
        "pdf": "parskats.pdf",
        "feed": "jaunumi.atom",
    },
    "en": {
        "front": "",
        "advantage": "advantage/",
        "indicator": "indicator/",
        "search": "indicators/",
        "actions": "actions/",
        "surveys": "surveys/",
        "enrolment": "enrolment/",
        "methodology": "methodology/",
        "breaks": "breaks/",
        "reconciliation": "reconciliation/",
        "quality": "data-quality/",
        "editions": "editions/",
        "about": "about/",
        "print": "report.html",
        "pdf": "report.pdf",
        "feed": "feed.atom",
    },
}

Target = AdvantageView | IndicatorView | None


@dataclass(frozen=True, slots=True)
class Address:
    """A page or file of the site, relative to the site's root."""

    path: str

    @property
    def file(self) -> str:
        """The file that it is: a folder's page is its index."""
        return f"{self.path}index.html" if self.path.endswith("/") or not self.path else self.path

    @property
    def root(self) -> str:
        """The way from it up to the root: empty, or `../` as often as it lies deep."""
        return "../" * self.path.count("/")

    def link_to(self, other: "Address") -> str:
        """Return a relative link that works on a server and from a disk."""
        return f"{self.root}{other.file}"


def address(language: str, kind: str, target: Target = None) -> Address:
    """Return the address of a kind of page in a language."""
    segment = _SEGMENTS[language][kind]
    if isinstance(target, AdvantageView):
        return Address(f"{language}/{segment}{target.code}/")
    if isinstance(target, IndicatorView):
        return Address(f"{language}/{segment}{target.number}/")
    return Address(f"{language}/{segment}")

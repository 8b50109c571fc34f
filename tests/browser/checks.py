"""What a page has to keep to, measured in a browser: every check returns its faults as sentences."""

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

HERE = Path(__file__).parent
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
PAGE = HERE / "page.js"
VNU = HERE / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""WCAG 2.2, levels A and AA, and what axe-core counts as good practice."""

PAPER_MM, MARGIN_MM = (210, 297), 10
"""A4, and the margin of a page that sets none."""

LARGEST, LARGEST_INDEX = 2_000_000, 600_000
SHORTEST_ALT = 20
SHOWN = 6
"""Of one kind of fault on one page, as many are told."""

BEARABLE_HTML: Mapping[str, str] = {
    r"violates Content Security Policy \(meta tag\): image .data:image/": "img-src allows data:, and the browser "
    "shows these pictures (an image that cannot be shown is a fault of the structure); the checker mistakes them",
}
"""Messages of the validator that are none of our faults: the pattern, and why."""


def shown(path: Path) -> str:
    """Name a page: a home has pages of several runs."""
    return f"{path.parent.name}/{path.name}"


@dataclass
class Look:
    """What was seen of one page: faults by check, and what the checks across pages need."""

    path: Path
    faults: dict[str, list[str]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    reported: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def fault(self, check: str, what: str, where: Iterable[str]) -> None:
        """Note a fault, with the elements that have it."""
        if where := list(where):
            self.faults.setdefault(check, []).append(_at(f"{shown(self.path)}: {what}", where))


class Viewer:
    """Looks at pages in one browser, one after the other; the page is loaded once and then resized."""

    def __init__(self, browser) -> None:
        self.context = browser.new_context(offline=True)
        self.scriptless = browser.new_context(offline=True, java_script_enabled=False)
        self.page, self.plain = self.context.new_page(), self.scriptless.new_page()
        self.asked, self.complaints = [], []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught {error}"))

    def _note(self, message) -> None:
        if message.type in ("error", "warning", "assert"):
            self.complaints.append(f"{message.type}: {message.text}")

    def look(self, path: Path, judged: Iterable[tuple[int, str]]) -> Look:
        """Open a page and measure it.

        ``judged`` are the widths and colour schemes in which axe-core looks at it; everything else is measured in all.
        """
        seen = Look(path)
        self.asked.clear()
        self.complaints.clear()
        address = path.resolve().as_uri()
        self.page.emulate_media(media="screen", color_scheme="light")
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        self.page.goto(address, wait_until="load")
        self._structure(seen)
        judged = set(judged)
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self._overflow(seen, f"at {width} px")
        self._ask("open")
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self._overflow(seen, f"at {width} px, all opened")
            for scheme in SCHEMES:
                if (width, scheme) in judged:
                    self.page.emulate_media(color_scheme=scheme)
                    self._axe(seen, f"at {width} px, {scheme}")
        self._ask("close")
        self._print(seen)
        self._without_script(seen, address)
        mine = {address, f"{address}#"}
        others = [url for url in self.asked if url not in mine and not url.startswith(("data:", "about:"))]
        seen.fault("network", "asks for", others)
        seen.fault("console", "the console says", self.complaints)
        return seen

    def _ask(self, what: str, *given):
        """Call a function of page.js in the page, which has no script of its own."""
        return self.page.evaluate(f"([...given]) => ({PAGE.read_text(encoding='utf-8')}).{what}(...given)", list(given))

    def _structure(self, seen: Look) -> None:
        elements = self._ask("structure")
        seen.ids, seen.links = set(elements["ids"]), elements["links"]
        seen.fault("network", "would fetch", elements["fetches"])
        seen.fault("network", "has a script", elements["scripts"])
        if len(elements["h1"]) != 1:
            seen.fault("structure", f"has {len(elements['h1'])} headings h1, not one", elements["h1"] or ["none"])
        seen.fault("structure", "skips a level of headings before", elements["skips"])
        textless = [where for length, where in elements["images"] if length < SHORTEST_ALT]
        seen.fault("structure", "image without a text for those who cannot see it", textless)
        seen.fault("structure", "figure without a caption", elements["uncaptioned"])
        seen.fault("structure", "image outside a figure", elements["loose"])
        seen.fault("structure", "table without a caption or a label", elements["unnamed"])
        seen.fault("structure", "image that cannot be shown", elements["broken"])

    def _overflow(self, seen: Look, when: str) -> None:
        elements = self._ask("screen")
        reported = seen.reported.setdefault(when.partition(",")[0], set())
        for kind, where in elements.items():  # what is wrong while details are closed is not told again
            elements[kind] = [element for element in where if (kind, element) not in reported]
            reported |= {(kind, element) for element in where}
        seen.fault("width", f"{when} the page scrolls sideways", elements["scroll"])
        seen.fault("width", f"{when} this sticks out of the page", elements["out"])
        seen.fault("width", f"{when} this is cut off", elements["cut"])
        seen.fault("width", f"{when} this sticks out of its own box", elements["burst"])
        seen.fault("width", f"{when} this scrolls, but not by keyboard", elements["mute"])

    def _axe(self, seen: Look, when: str) -> None:
        if not self.page.evaluate("() => Boolean(window.axe)"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        for violation in self._ask("axe", list(LEVELS)):
            seen.fault("axe", f"{when} {violation['rule']}", violation["nodes"])

    def _print(self, seen: Look) -> None:
        width, height = self._ask("sheet", PAPER_MM, MARGIN_MM)
        self.page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:  # paper is white, whatever the screen is
            self.page.emulate_media(media="print", color_scheme=scheme)
            elements = self._ask("paper", height)
            if scheme == SCHEMES[0]:
                seen.fault("print", "on A4 the page is too wide", elements["wide"])
                seen.fault("print", "on A4 this table leaves the page", elements["tables"])
                seen.fault("print", "on A4 this is cut off by its box", elements["boxes"])
                seen.fault("print", "on A4 the text of this cell sticks out", elements["cells"])
                seen.fault("print", "on A4 this is taller than the page", elements["tall"])
                seen.fault("print", "on A4 this may be torn between two pages", elements["torn"])
            seen.fault("print", f"on paper, {scheme} screen: too pale", elements["pale"])
            seen.fault("print", f"on paper, {scheme} screen: dark background", elements["dark"])
        margin = f"{MARGIN_MM}mm"
        margins = dict.fromkeys(("top", "right", "bottom", "left"), margin)
        pdf = self.page.pdf(format="A4", margin=margins, prefer_css_page_size=True)
        if not sheets(pdf):
            seen.fault("print", "gives no PDF", [f"{len(pdf)} bytes"])
        self.page.emulate_media(media="screen", color_scheme="light")

    def _without_script(self, seen: Look, address: str) -> None:
        text = "() => document.body.innerText.replace(/\\s+/g, ' ').trim()"
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        self.plain.set_viewport_size({"width": WIDTHS[0], "height": 900})
        self.plain.goto(address, wait_until="load")
        with_script, without = self.page.evaluate(text), self.plain.evaluate(text)
        if len(without) < 200 or without != with_script:
            lengths = f"{len(without)} characters, with it {len(with_script)}"
            seen.fault("structure", "without JavaScript the text is another", [lengths])


# What needs no browser ------------------------------------------------------------------------------------------------


def sheets(pdf: bytes) -> int:
    """Count the pages of a PDF that Chromium wrote."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf)) if pdf.startswith(b"%PDF-") else 0


def dead_links(looks: Mapping[Path, Look]) -> list[str]:
    """Follow every link of every page: files, pages and anchors. What leaves the report may only be a web address."""
    faults = []
    for path, seen in looks.items():
        for link in dict.fromkeys(seen.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if parts.scheme not in ("http", "https"):
                    faults.append(f"{shown(path)}: the link {link} is no web address")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                faults.append(f"{shown(path)}: the link {link} leads nowhere")
            elif parts.fragment and (target not in looks or unquote(parts.fragment) not in looks[target].ids):
                faults.append(f"{shown(path)}: the link {link} leads to no such anchor")
    return faults


def too_large(paths: Iterable[Path]) -> list[str]:
    """Weigh pages: what is sent by mail has to be small."""
    faults = []
    for path in paths:
        size, most = path.stat().st_size, LARGEST_INDEX if path.name == "index.html" else LARGEST
        if size > most:
            faults.append(f"{shown(path)}: {size:,} bytes, more than {most:,}")
    return faults


def invalid(paths: Iterable[Path]) -> list[str]:
    """Hold pages against the HTML standard by the Nu Html Checker, all in one call; warnings count."""
    done = subprocess.run(
        [
            "java",
            "-XX:TieredStopAtLevel=1",
            "-Xss4m",
            "-jar",
            str(VNU),
            "--format",
            "json",
            "--exit-zero-always",
            *map(str, paths),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    by_message: dict[tuple[str, str], list[str]] = {}
    for message in json.loads(done.stderr)["messages"]:
        kind = message.get("subType", message["type"])
        if kind == "info" or any(re.search(pattern, message["message"]) for pattern in BEARABLE_HTML):
            continue
        name = shown(Path(unquote(urlsplit(message.get("url", "")).path)))
        line = f"line {message.get('lastLine')}: {' '.join(message.get('extract', '').split())[:100]}"
        by_message.setdefault((name, f"{kind}: {message['message']}"), []).append(line)
    return [_at(f"{name}: {message}", lines) for (name, message), lines in by_message.items()]


def _at(what: str, where: list[str]) -> str:
    """Say what is wrong and where, a few times."""
    more = f"\n      and {len(where) - SHOWN} more" if len(where) > SHOWN else ""
    return what + "".join(f"\n      {place}" for place in where[:SHOWN]) + more

"""Each check is shown a page with the fault that it is there to find, and one without any."""

import pytest
from checks import LARGEST_INDEX, SCHEMES, WIDTHS, dead_links, invalid, too_large

GOOD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Good</title>
<style>{style} @media print {{ tr {{ break-inside: avoid }} :where(figure) {{ break-inside: avoid }} }}</style></head>
<body><main id="content"><h1>A page</h1><h2>A part</h2><p>{words}</p>{body}</main></body></html>
"""
WORDS = "Enough words that somebody could call it a page. " * 6
IMAGE = '<img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"'
FAR, NIGHT = "https://example.com/p.png", "@media (prefers-color-scheme: dark)"
OPENS, BOX = "<details><summary>more</summary>", '<div tabindex="0" style="overflow: auto">'
TABLE = "<table{of}><caption>Two columns</caption><tr><th scope='col'>a</th><td>{cell}</td></tr></table>"
SMALL = TABLE.format(of="", cell="a")

FAULTS = {
    "picture from elsewhere": ("network", FAR, "", f'<p><img src="{FAR}" alt="A picture of a long way off"></p>'),
    "file beside it": ("network", "style.css", "", '<link rel="stylesheet" href="style.css">'),
    "font in the style": ("network", FAR, f"@import url({FAR});", ""),
    "script": ("network", "script", "", "<script>1</script>"),
    "error in the console": ("console", "undefinedName", "", "<script>undefinedName</script>"),
    "warning in the console": ("console", "careful", "", "<script>console.warn('careful')</script>"),
    "wide box": ("width", "at 390 px the page scrolls", "", '<div style="width: 600px">wide</div>'),
    "word without end": ("width", "at 390 px this sticks out", "", f"<p class='long'>{'x' * 90}</p>"),
    "text cut off": ("width", "is cut off", "", f"<p style='overflow: hidden'>{'x' * 400}</p>"),
    "box too small for its word": ("width", "out of its own box", "", "<p style='width: 3rem'>Rindfleischetikett</p>"),
    "scrolled by mouse only": ("width", "not by keyboard", "", f"<pre style='overflow: auto'>{'x' * 400}</pre>"),
    "wide only when opened": ("width", "all opened", "", f"{OPENS}<p>{'x' * 400}</p></details>"),
    "pale text": ("axe", "color-contrast", "", '<p style="color: #bbb">pale</p>'),
    "pale at night": ("axe", "1280 px, dark color-contrast", NIGHT + " { body { background: #222; } }", ""),
    "folded and pale": ("axe", "color-contrast", "", OPENS + '<p style="color: #bbb">pale</p></details>'),
    "unnamed link": ("axe", "link-name", "", '<p><a href="#content"></a></p>'),
    "second h1": ("structure", "2 headings h1", "", "<h1>Another</h1>"),
    "level left out": ("structure", "skips a level", "", "<h4>Deep</h4>"),
    "short alt": ("structure", 'alt="chart"', "", f'<figure>{IMAGE} alt="chart"><figcaption>c</figcaption></figure>'),
    "no caption": ("structure", "figure without", "", f'<figure>{IMAGE} alt="A chart of all that there is"></figure>'),
    "table without caption": ("structure", "table without", "", "<table><tr><td>a</td></tr></table>"),
    "text by script": ("structure", "without JavaScript", "", "<script>document.write('<p>more</p>')</script>"),
    "wide table in a box": ("print", "cut off by its box", "", BOX + TABLE.format(of="", cell="x" * 200) + "</div>"),
    "wide table": ("print", "leaves the page", "", TABLE.format(of=' style="width: 900px"', cell="a")),
    "narrow paper": ("print", "on A4 the page is too wide", "@page { margin: 80mm }", "<p style='width: 60mm'>a</p>"),
    "tall picture": ("print", "taller than the page", "", f'<figure>{IMAGE} height="1500" alt="long"></figure>'),
    "torn row": ("print", "torn between two pages", "@media print { table tr { break-inside: auto } }", SMALL),
    "dark on paper": ("print", "dark background", NIGHT + " { body { background: #111; color: #eee; } }", ""),
    "pale on paper": ("print", "too pale", "@media print { p { color: #ccc; } }", ""),
}


@pytest.fixture(scope="module")
def see(viewer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")

    def look(name: str, style: str = "", body: str = "", words: str = WORDS):
        page = folder / f"{name.replace(' ', '-')}.html"
        page.write_text(GOOD.format(style=style, body=body, words=words), encoding="utf-8")
        return viewer.look(page, [(width, scheme) for width in WIDTHS for scheme in SCHEMES])

    return look


def test_a_good_page_has_no_fault(see):
    good = see(
        "good",
        NIGHT + " { :root { color-scheme: dark; background: #111; color: #eee; } }"
        "@media print { :root { color-scheme: light; background: #fff; color: #000; } }",
        SMALL
        + '<p><a href="#content">To the beginning</a></p>'
        + OPENS.replace("details", "details open")
        + "a</details>",
    )
    assert good.faults == {}
    assert dead_links({good.path.resolve(): good}) == []
    assert invalid([good.path]) == []
    assert too_large([good.path]) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_said_with_page_and_place(see, name):
    check, message, style, body = FAULTS[name]
    faults = "\n".join(see(name, style, body).faults.get(check, []))
    assert message in faults
    assert f"{name.replace(' ', '-')}.html" in faults


def test_links_are_followed_to_files_and_anchors(see):
    links = (
        "#content",
        "good.html#content",
        "gone.html",
        "#nowhere",
        "good.html#nowhere",
        "mailto:a@b.c",
        "https://b.c",
    )
    good, page = see("good"), see("links", body="".join(f'<p><a href="{link}">a link</a></p>' for link in links))
    faults = dead_links({look.path.resolve(): look for look in (good, page)})
    assert [fault.split("the link ")[1].split()[0] for fault in faults] == list(links[2:6])
    assert not page.faults.get("network")  # a link is no request


def test_html_against_the_standard_is_found_with_its_line(see):
    nested, lone = see("nested", body="<p><div>in a paragraph</div></p>"), see("lone", body="<section>a</section>")
    faults = invalid([nested.path, lone.path])
    assert any("nested.html: error" in fault and "line 4" in fault for fault in faults)
    assert any("lone.html: warning: Section lacks heading" in fault for fault in faults)


def test_pages_are_weighed(tmp_path):
    page = tmp_path / "index.html"
    page.write_text("x" * (LARGEST_INDEX + 1))
    assert too_large([page]) == [f"{tmp_path.name}/index.html: 600,001 bytes, more than 600,000"]
    assert too_large([page.rename(tmp_path / "01_ingest.html")]) == []

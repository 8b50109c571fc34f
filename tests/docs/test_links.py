"""Links between documents lead somewhere: to a file that is part of the project, and to a heading that is in it."""

import re
import subprocess

import pytest
from documents import CONTENTS, ROOT, anchors, documents, links_of, named


@pytest.mark.parametrize("path", documents(), ids=named)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(path):
    text = path.read_text("utf-8")
    for link in links_of(text):
        if re.match(r"[a-z]+:", link):
            continue  # the web is not asked
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text("utf-8")), link


def test_what_is_linked_is_committed():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    tracked = set(listed.stdout.split("\n"))
    for path in documents():
        for link in links_of(path.read_text("utf-8")):
            if not re.match(r"[a-z]+:|#", link):
                target = (path.parent / link.partition("#")[0]).resolve()
                assert target.is_dir() or target.relative_to(ROOT).as_posix() in tracked, (named(path), link)


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        # as GitHub writes them: small letters, no signs, a hyphen for every blank
        ("Coupons used", "coupons-used"),
        ("Are the groups real?", "are-the-groups-real"),
        ("Comparison group (control)", "comparison-group-control"),
        ("Inertia · elbow", "inertia--elbow"),
        ("The first page: index.html", "the-first-page-indexhtml"),
        ("Use `n_null`", "use-n_null"),
        ("See [Methods](METHODS.md)", "see-methods"),
        ("Über Größe", "über-größe"),
    ],
)
def test_anchors_are_those_of_github(heading, anchor):
    assert CONTENTS["anchor"](heading) == anchor


def test_a_heading_that_comes_twice_has_a_numbered_anchor():
    assert anchors("# One\n\n## Two\n\n```sh\n# no heading\n```\n\n## Two\n") == {"one", "two", "two-1"}


def test_every_guide_is_linked_from_the_readme():
    linked = {(ROOT / link).resolve() for link in links_of((ROOT / "README.md").read_text("utf-8")) if ".md" in link}
    assert set((ROOT / "docs").glob("*.md")) <= linked
    assert {ROOT / "data" / "README.md", ROOT / "reports" / "README.md", ROOT / "ARCHITECTURE.md"} <= linked

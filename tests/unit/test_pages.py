"""README and docs: no dead link inside the project, every page in the site's contents, the gallery as its scripts are."""

import json
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)])
FENCE = re.compile(r"^```.*?^```", re.S | re.M)
GALLERY = runpy.run_path(str(DOCS / "make_gallery.py"))


def prose(page):
    """A page without its code blocks."""
    return FENCE.sub("", page.read_text())


def anchors(page):
    """The anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or ROOT not in (file, *file.parents):
            dead.append(target)
        elif anchor and anchor not in anchors(file):
            dead.append(target)
    assert not dead


def test_links_are_found_at_all():
    assert sum(len(re.findall(r"\]\(([^)\s]+)\)", prose(page))) for page in PAGES) > 40
    assert "what-is-guaranteed" in anchors(DOCS / "run_folders.md")


def test_every_page_is_in_the_contents():
    listed = re.findall(r"^([\w/]+)$", "\n".join(re.findall(r"```\{toctree\}(.*?)```", (DOCS / "index.md").read_text(), re.S)), re.M)
    pages = [str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md") if "_build" not in page.parts]
    assert sorted(listed) == sorted(set(pages) - {"index"})


def test_the_gallery_shows_the_scripts_as_they_are():
    assert (DOCS / "gallery.md").read_text() == GALLERY["page"](), "run: python docs/make_gallery.py"


def test_the_figures_are_no_older_than_their_scripts_and_the_trajectories():
    made = {example.stem: GALLERY["made_from"](example) for example in GALLERY["EXAMPLES"]}
    assert json.loads(GALLERY["MADE"].read_text()) == made, "run: python docs/make_gallery.py"


@pytest.mark.parametrize("example", GALLERY["EXAMPLES"], ids=lambda example: example.stem)
def test_examples_of_the_gallery_run(example, tmp_path):
    """At a small size; every figure says how many deposits it shows and what is fitted."""
    figure = runpy.run_path(str(example))["figure"](small=True)
    figure.savefig(tmp_path / "figure.png", dpi=40)
    words = " ".join(text.get_text() for text in figure.texts)
    assert "n = " in words and "itted" in words

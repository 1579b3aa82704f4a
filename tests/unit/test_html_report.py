"""The HTML page of runs: complete, self-contained, safe against titles that look like markup."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import synthetic

from kmc_li.cli import main
from kmc_li.errors import UserError
from kmc_li.html_report import report_page, write_page
from kmc_li.html_report.page import LIMITS
from kmc_li.morphology import MEASURES
from kmc_li.report.statistics import mean_band
from kmc_li.report.summary import band_words_short, metrics


@pytest.fixture(scope="module")
def groups():
    return synthetic.synthetic_groups(("bare", "piezo"), seeds=3)


@pytest.fixture(scope="module")
def page(groups):
    return report_page(groups, ("bare", "piezo", 1.73))


class Tags(HTMLParser):
    """Every element with its attributes; fails where elements are not closed in turn."""

    def __init__(self, page):
        super().__init__()
        self.found, self.open = [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def words(page):
    return html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.S))


def test_it_holds_everything_itself(page):
    tags = Tags(page).found
    sources = [a["src"] for t, a in tags if t == "img"] + [a["href"] for t, a in tags if t == "link"]
    assert len(sources) == 4 and all(source.startswith("data:") for source in sources)
    assert not {"script", "iframe", "object"} & {tag for tag, _ in tags} and "@import" not in page and "url(" not in page
    ids = {a["id"] for _, a in tags if "id" in a}
    links = [a["href"] for t, a in tags if t == "a"]
    assert links and all(link[0] == "#" and link[1:] in ids for link in links)
    assert all(a["alt"] for t, a in tags if t == "img")


def test_it_says_what_the_runs_say(page, groups):
    said = words(page)
    for runs in groups.values():
        rows = [metrics(run) for run in runs]
        for name in rows[0]:
            assert band_words_short(mean_band([row[name] for row in rows])) in said
    for measure in MEASURES:
        assert measure.of == "current" or measure.meaning in said
    for line in (*LIMITS, "n = 3", "doi 10.1002/batt.202200142", "electrolyte.conductivity_S_m", "layer.unscreened_share"):
        assert line in said, line
    assert said.count("seed 2") == 2  # a row a run
    marked = re.findall(r'<tr class="differs"><th scope="row">([^<]+)', page)
    assert "layer.preset" in marked and "lattice.nx" not in marked


def test_every_key_has_its_unit_and_origin_and_presets_their_source(page, groups):
    rows = {
        cells[0]: cells[1:]
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page)
        if (cells := [html.unescape(c.split("<small")[0]) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)])
    }
    assert rows["electrolyte.conductivity_S_m"][:4] == ["0.000415", "0.000415", "S/m", "fitted"]
    assert rows["layer.unscreened_share"][:4] == ["–", "0.05", "", "fitted"]
    assert rows["layer.thickness_um"][:4] == ["–", "8", "µm", "study"]
    assert rows["layer.modulus_GPa"][:4] == ["–", "1", "GPa", "preset"]
    assert rows["hops.enabled"][:4] == ["false", "false", "", "default"]
    assert rows["layer.conductivity_S_m"][:4] == ["–", "–", "S/m", "not set"]
    for section in (groups["piezo"][0].parameters.metal, groups["piezo"][0].parameters.layer):
        assert section.source in words(page)


def test_a_study_without_fitted_numbers_says_so(groups):
    plain = [replace(run, parameters=run.parameters.replace(**{"electrolyte.conductivity_is_fitted": False})) for run in groups["bare"]]
    assert "No parameter is marked as fitted." in words(report_page({"bare": plain}))


def test_titles_cannot_become_markup(groups):
    page = report_page({"<script>alert(1)</script>": groups["bare"]})
    assert "<script" not in page and "&lt;script&gt;" in page


def test_one_run_has_no_bands(groups):
    said = words(report_page({"bare": groups["bare"][:1]}))
    assert "there are no bands" in said and "nan" not in said.lower()


@pytest.mark.parametrize(("name", "why"), [("a.pdf", "must end in one of .html, .htm"), ("no/a.html", "does not exist"), ("d.html", "is a folder")])
def test_a_bad_place_is_one_line(name, why, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.html").mkdir()
    assert main(["report", "nothing", "-o", name]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and why in error
    with pytest.raises(UserError, match=why):
        write_page("", name)


def test_too_many_studies_are_refused(groups):
    with pytest.raises(UserError, match="got 7"):
        report_page({str(i): groups["bare"] for i in range(7)})

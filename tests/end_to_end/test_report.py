"""The report of real runs in a headless Chromium: what a reader of the file sees, on a desk and on a telephone."""

import html
import json
import os
import re
import shutil
import subprocess
import time

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --enable-logging=stderr "
    "--window-size=1400,1000"
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)")

# A window cannot be narrower than 500 pixels, a frame can; a frame's own text has its parent's origin.
READER = """<!DOCTYPE html><title>waiting</title><body style="margin:0">
<iframe id="page" style="border:0; width:WIDTHpx; height:900px" srcdoc="PAGE"></iframe>
<script>
addEventListener("load", () => setTimeout(() => {
  const frame = document.getElementById("page").contentWindow, page = frame.document;
  const words = [...page.querySelectorAll("p, li, td, th, figcaption, a")];
  document.title = JSON.stringify({
    width: frame.innerWidth, scroll: page.documentElement.scrollWidth,
    smallest: Math.min(...words.map(e => parseFloat(frame.getComputedStyle(e).fontSize))),
    pictures: [...page.images].map(i => i.complete && i.naturalWidth > 0 && i.clientWidth > 300),
    requests: frame.performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith("data:")),
  });
}, 300));
</script></body>"""


def browse(page, width, folder):
    """What a browser with a window of that width finds in the page, and the lines on its console."""
    file = folder / "reader.html"
    file.write_text(READER.replace("WIDTH", str(width)).replace("PAGE", html.escape(page)))
    words = [CHROMIUM, *FLAGS.split(), f"--user-data-dir={folder}/profile", "--virtual-time-budget=5000", "--dump-dom"]
    environment = os.environ | {"HOME": str(folder)}
    done = subprocess.run([*words, file.as_uri()], capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", done.stdout).group(1)))
    return found | {"console": [line for line in done.stderr.splitlines() if "CONSOLE" in line]}


@pytest.fixture(scope="module")
def page(shared):
    shared.ok("ensemble", "tiny", "--seeds", "2", "-o", "runs/tiny")
    assert "report    report.html" in shared.ok("report", "runs/tiny", "-o", "report.html")
    return (shared.folder / "report.html").read_text()


@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
def test_it_shows_everything_without_a_network(page, width, tmp_path):
    found = browse(page, width, tmp_path)
    assert found["width"] == width and found["scroll"] <= width
    assert found["pictures"] == [True] * 3 and found["smallest"] >= 12
    assert found["requests"] == [] and found["console"] == []


@needs_chromium
def test_the_browser_would_have_told(page, tmp_path):
    """The same look at a page with a foreign picture, a wide element, small letters and an error in a script."""
    wrong = '<img src="http://127.0.0.1:9/a.png"><p style="width:2000px; font-size:8px">x</p><script>nothing()</script>'
    found = browse(page.replace("</body>", wrong + "</body>"), 390, tmp_path)
    assert found["scroll"] > 700 and found["smallest"] == 8
    assert found["pictures"] == [True] * 3 + [False]
    assert found["requests"] == ["http://127.0.0.1:9/a.png"] and "nothing is not defined" in "".join(found["console"])


@needs_chromium
def test_it_prints(page, shared):
    words = [CHROMIUM, *FLAGS.split(), f"--user-data-dir={shared.folder}/profile", "--no-pdf-header-footer"]
    words += [f"--print-to-pdf={shared.folder}/report.pdf", (shared.folder / "report.html").as_uri()]
    start = time.time()
    subprocess.run(words, capture_output=True, timeout=120, check=True, env=os.environ | {"HOME": str(shared.folder)})
    printed = shared.folder / "report.pdf"
    assert printed.stat().st_mtime >= start - 1 and printed.read_bytes().startswith(b"%PDF")
    pages = printed.read_bytes().count(b"/Type /Page\n") + printed.read_bytes().count(b"/Type /Page/")
    assert 4 <= pages <= 40

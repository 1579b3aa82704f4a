"""Films: which snapshots meet in a frame, one camera, frames in the file, the verb and the script, refusals."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import synthetic
from PIL import Image

from kmc_li.cli import main
from kmc_li.errors import UserError
from kmc_li.figures import film as films
from kmc_li.figures.raster import View
from kmc_li.storage.run import Snapshots, pack
from kmc_li.storage.store import History, RunFolder

SCRIPTS = Path(__file__).resolve().parents[2] / "analysis"


def with_snapshots(run, charges):
    """The run with snapshots at these capacities: the lower planes of the deposit, as many as the charge says."""
    whole = run.series["areal_capacity_mAh_cm2"][-1]

    def load(index):
        box = run.occupancy.copy()
        box[:, :, max(1, round(box.shape[2] * charges[index] / whole / 2)) :] = False
        return box

    return type(run)(**{**vars(run), "snapshots": Snapshots(charges, load)})


def small(scenario, charges, **lattice):
    return with_snapshots(synthetic.synthetic_run(scenario, 0, **({"nx": 6, "ny": 6} | lattice)), charges)


@pytest.fixture(scope="module")
def runs():
    return {"bare": small("bare", [0.05, 0.1, 0.2, 0.3]), "piezo": small("piezo", [0.1, 0.19, 0.3])}


def test_frames_show_equal_capacities(runs):
    found, off = films.moments(runs)
    assert found == [(0.05, (0, 0)), (0.1, (1, 0)), (0.2, (2, 1)), (0.3, (3, 2))]
    assert off == pytest.approx(0.05)
    short = {"bare": runs["bare"], "piezo": small("piezo", [0.1])}  # a run that ended early
    assert [moment.position for moment in films.moments(short)[0]] == [0.05, 0.1]


def test_camera_and_colours_stay_while_the_bar_grows(runs):
    film = films.Film(runs)
    first = films.frame_pixels(film.frame(0)).astype(int)
    last = films.frame_pixels(film.frame(3)).astype(int)
    assert first.shape == last.shape
    changed = np.abs(first - last).sum(axis=2) > 0
    for k in range(2):  # nothing but pictures, facts and bar changes: the collector's lower edge does not
        axes = film.figure.axes[k].get_position()
        rows, columns = first.shape[:2]
        foot = round((1 - axes.y0) * rows)
        strip = changed[foot - 4 : foot + 1, round(axes.x0 * columns) : round(axes.x1 * columns)]
        assert not strip.any()
        assert changed[round((1 - axes.y1) * rows) : foot].any()
    images = [axes.images[0].get_extent() for axes in film.figure.axes[:2]]
    assert images[0] == images[1]
    shown = film._bar.get_width() / film._bar.axes.get_xlim()[1]
    assert shown == pytest.approx(1) and film.frame(0) is film.figure
    assert film._bar.get_width() / film._bar.axes.get_xlim()[1] == pytest.approx(0.05 / 0.3)
    said = " ".join(text.get_text() for text in film.figure.texts)
    assert "n = 1, no band" in said and "at most 0.05 mAh/cm² off" in said and "4.15×10⁻⁴" in said


def test_a_gif_holds_every_frame(runs, tmp_path):
    film, seen = films.Film({"bare": runs["bare"]}), []
    path = films.save_film(film, tmp_path / "one.gif", 10, each=lambda frames: (seen.append(f) or f for f in frames))
    with Image.open(path) as picture:
        assert picture.n_frames == len(film.moments) == len(seen) == 4
        times = []
        for k in range(4):
            picture.seek(k)
            times.append(picture.info["duration"])
            drawn = np.asarray(picture.convert("RGB")).astype(int)
            error = np.abs(drawn - films.frame_pixels(film.frame(k))[:, :, :3]).mean()
            assert (drawn[0, 0] == 255).all()  # paper stays white
            assert error < 4  # of 255: what 256 colours cost
    assert times == [100, 100, 100, 2100]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.gif"]


@pytest.fixture(scope="module")
def folder(runs, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    for label, run in runs.items():
        rows = [dict(zip(run.series, map(float, row), strict=True)) for row in zip(*run.series.values(), strict=True)]
        shots = [(c, pack(box)) for c, box in run.snapshots] if label == "bare" else []
        with RunFolder.create(out / label, run.parameters, run.seed) as stored:
            stored.commit(History(rows=rows, snapshots=shots), run.occupancy, ({"a": run.occupancy}, {}), 1)
    return out


def test_the_verb(folder, tmp_path, capsys):
    assert main(["animate", str(folder / "bare"), "-o", str(tmp_path / "growth.gif")]) == 0
    assert "4 frames" in capsys.readouterr().out
    with Image.open(tmp_path / "growth.gif") as picture:
        assert picture.n_frames == 4
    for words, message in (
        ([folder / "piezo", "-o", tmp_path / "a.gif"], "has no snapshots to make a film of: set output.snapshots"),
        ([folder / "bare", "-o", tmp_path / "a.avi"], "a film's name must end in one of .gif, .mp4, got '.avi'"),
        ([folder / "bare", "-o", tmp_path / "none" / "a.gif"], "does not exist"),
        ([folder / "bare", "-o", tmp_path / "a.gif", "--fps", "0"], "frames a second: got 0"),
        ([folder / "nothing", "-o", tmp_path / "a.gif"], "nothing"),
    ):
        assert main(["animate", *map(str, words)]) == 2
        said = capsys.readouterr()
        assert message in said.err and said.err.count("\n") == 1 and said.out == ""
    assert not (tmp_path / "a.gif").exists()


def test_mp4_without_an_encoder_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(films.animation.writers, "is_available", lambda name: False)
    with pytest.raises(UserError, match="needs ffmpeg, which is not installed here; write a .gif"):
        films.check_film_path(tmp_path / "a.mp4")


@pytest.mark.skipif(not films.animation.writers.is_available("ffmpeg"), reason="no ffmpeg here")
def test_mp4(runs, tmp_path):
    path = films.save_film(films.Film({"bare": runs["bare"]}), tmp_path / "growth.mp4")
    assert path.read_bytes()[4:8] == b"ftyp"


def test_runs_of_unlike_boxes_have_no_common_camera(runs):
    with pytest.raises(UserError, match="one camera needs one box"):
        films.Film({"bare": runs["bare"], "wide": small("bare", [0.1], nx=8)})
    with pytest.raises(UserError, match="view: got azimuth"):
        films.Film({"bare": runs["bare"]}, View(0, -5))


@pytest.mark.parametrize("name", ["animate", "view_3d"])
def test_scripts(name, folder, tmp_path, capsys, monkeypatch):
    target = tmp_path / ("a.gif" if name == "animate" else "a.png")
    for words, code in (([folder / "bare", "-o", target], 0), ([folder / "bare", "-o", tmp_path / "no" / target.name], 2)):
        monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
        try:
            runpy.run_path(str(SCRIPTS / f"{name}.py"), run_name="__main__")
            ended = 0
        except SystemExit as end:
            ended = end.code
        assert ended == code and capsys.readouterr().err.count("\n") == (code > 0)
    assert target.stat().st_size > 5000

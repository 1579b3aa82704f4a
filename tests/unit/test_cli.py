"""The command line inside this process, with a stand-in for the engine: verbs, words, exit codes."""

import json
import os
import signal
import subprocess
import sys
import warnings

import pytest
import synthetic
from fake_simulation import install

from kmc_li import __version__
from kmc_li.cli import main
from kmc_li.errors import UserError
from kmc_li.study.presets import studies_folder, study_path


@pytest.fixture
def engine(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    return install(monkeypatch)


@pytest.fixture
def says(engine, capfd):
    """Runs a command; (exit code, stdout, stderr)."""

    def run(*arguments):
        try:
            code = main(arguments)
        except SystemExit as exit:
            code = exit.code
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run


def test_run_tells_numbers_first_and_what_next_last(says):
    code, out, err = says("run", "tiny", "-o", "r", "--seed", "3")
    assert code == 0 and err == ""
    assert out.index("Wagner length") < out.index("thickness (um)") < out.index("ended by capacity; seed 3")
    assert out.rstrip().endswith("kmc-li analyze r --json")


def test_analyze(says):
    says("run", "tiny", "-o", "r")
    code, out, err = says("analyze", "r")
    assert code == 0 and err == "" and "porosity" in out
    code, out, err = says("analyze", "r", "--json")
    assert code == 0 and json.loads(out)["r"]["runs"][0]["finished"] == "capacity"


def test_interrupted_run_resumes(says, engine):
    engine.after_advance = lambda simulation: (
        os.kill(os.getpid(), signal.SIGTERM) if 100 < simulation.events < 120 else None
    )
    code, out, err = says("run", "tiny", "-o", "r")
    assert code == 143 and err.startswith("kmc-li: stopped by SIGTERM") and "kmc-li resume r" in err
    code, out, err = says("analyze", "r")
    assert code == 0 and "is not finished" in err
    code, out, err = says("resume", "r")
    assert code == 0 and "ended by capacity" in out
    code, out, err = says("resume", "r")
    assert code == 0 and out.startswith("r is finished already")


def test_damage_is_one_line_and_falls_back_where_it_can(says, engine, tmp_path):
    left = [60, 120]

    def hook(simulation):
        if left and simulation.events >= left[0]:
            left.pop(0)
            os.kill(os.getpid(), signal.SIGINT)

    engine.after_advance = hook
    assert says("run", "tiny", "-o", "r")[0] == 130
    assert says("resume", "r")[0] == 130
    (tmp_path / "r" / "checkpoint-000002.h5").write_bytes(b"x")
    code, out, err = says("resume", "r")
    assert code == 0 and err.count("\n") == 1
    assert err.startswith("kmc-li: warning: r/checkpoint-000002.h5 is damaged")
    (tmp_path / "r" / "segments" / "000000.h5").write_bytes(b"x")
    code, out, err = says("analyze", "r")
    assert code == 2 and err.count("\n") == 1 and "segments/000000.h5 is damaged" in err


def test_compare_draws_and_prints_the_ratio(says, tmp_path):
    for number in range(4):
        folder = f"{'bare' if number < 2 else 'piezo'}/seed-{number}"
        assert says("run", "tiny", "-o", folder, "--seed", str(number))[0] == 0
    code, out, err = says("compare", "bare", "piezo", "-o", "f.png")
    assert code == 0 and "thickness bare/piezo" in out and "1.73" in out
    assert (tmp_path / "f.png").stat().st_size > 10_000
    assert says("compare", "bare", "-o", "g.svg")[0] == 0
    code, out, err = says("compare", "bare", "-o", "g.bmp")
    assert code == 2 and err.count("\n") == 1 and not (tmp_path / "g.bmp").exists()


def test_validate(says, tmp_path):
    code, out, err = says("validate", "piezo")
    assert code == 0 and "is valid" in out and "Wagner" in out
    (tmp_path / "bad.toml").write_text("title = 1\n[plating]\ncurrent_density_mA_cm2 = -1\nspeed = 2\n")
    code, out, err = says("validate", "bad.toml")
    assert code == 2 and out == "" and err.count("\n") >= 4
    assert all(line.startswith("kmc-li: ") for line in err.splitlines())


def test_usage_errors_are_one_line(says, tmp_path):
    for arguments in (
        [],
        ["fly"],
        ["run"],
        ["run", "tiny"],
        ["run", "tiny", "-o", "r", "--seed", "-1"],
        ["run", "tiny", "-o", "r", "--seed", "x"],
        ["ensemble", "tiny", "-o", "r"],
        ["ensemble", "tiny", "-o", "r", "--seeds", "0"],
        ["ensemble", "tiny", "-o", "r", "--seeds", "2", "--jobs", "0"],
        ["ensemble", "tiny", "-o", "r", "--seeds", "2", "--executor", "somewhere"],
        ["demo", "--seeds", "1"],
        ["demo", "--cycles", "0"],
        ["export", "missing", "--format", "cycler", "-o", "r.xlsx"],
        ["compare", "-o", "f.png"],
        ["report", "-o", "f.html"],
        ["export", "r", "--format", "obj", "-o", "r.obj"],
        ["export", "r", "--format", "vti", "-o", "r.stl"],
        ["export", "r", "--format", "vti", "--snapshots", "-o", "r.vti"],
        ["export", "r", "--format", "stl", "--snapshots", "-o", "r.stl"],
        ["export", "r", "--format", "csv", "--no-field", "-o", "r.csv"],
        ["export", "r", "--format", "csv", "-o", "no/r.csv"],
        ["export", "missing", "--format", "csv", "-o", "r.csv"],
    ):
        code, out, err = says(*arguments)
        assert code == 2 and err.startswith("kmc-li") and err.count("\n") == 1, arguments
    assert list(tmp_path.iterdir()) == []


def test_validate_reads_the_map(says, tmp_path):
    study = study_path("bare").read_text() + '\n[substrate]\nmap = "scan.csv"\nmap_pixel_um = 1.0\n'
    (tmp_path / "mapped.toml").write_text(study)
    (tmp_path / "scan.csv").write_text("0,1,0.5\n1,0,0\n")
    assert says("validate", "mapped.toml")[0] == 0
    (tmp_path / "scan.csv").write_text("0,1,0.5\n1,0,what\n")
    code, out, err = says("validate", "mapped.toml")
    assert code == 2 and out == "" and err.count("\n") == 1 and "scan.csv" in err and "what" in err


@pytest.mark.parametrize("verb", ["demo", "run", "resume", "ensemble", "analyze", "compare", "report", "export", "validate"])
def test_help_teaches_by_example(says, verb):
    code, out, err = says(verb, "--help")
    assert code == 0 and f"example:\n  kmc-li {verb}" in out


def test_help_and_version(says):
    code, out, err = says("--help")
    assert code == 0 and "kmc-li demo" in out
    for file in studies_folder().glob("*.toml"):
        assert file.stem in out
    assert says("--version")[1] == f"kmc_li {__version__}\n"


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['kmc-li', '--help']\n"
        "from kmc_li.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numba', 'matplotlib', 'scipy', 'numpy', 'h5py', 'pydantic', 'tqdm'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_studies_by_name_or_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert study_path("piezo") == studies_folder() / "piezo.toml"
    (tmp_path / "piezo").touch()
    assert str(study_path("piezo")) == "piezo"
    assert str(study_path("sub/piezo")) == "sub/piezo"
    assert str(study_path("my.toml")) == "my.toml"
    with pytest.raises(UserError, match="no study of this name comes with kmc_li.*bare, .*inert"):
        study_path("pizeo")


def test_cycles_are_told(says, tmp_path, monkeypatch):
    """Of runs that have any, by analyze in words and JSON, and drawn by compare and plot."""
    runs = {name: [synthetic.cycled_run(name, seed) for seed in range(2)] for name in ("bare", "piezo")}
    monkeypatch.setattr("kmc_li.report.summary.load_groups", lambda folders: runs)
    monkeypatch.setattr("kmc_li.storage.store.load_run", lambda folder: runs["bare"][0])
    code, out, err = says("analyze", "r")
    assert code == 0 and "efficiency" in out and out.count("\npiezo  2") == 3 + 1
    told = json.loads(says("analyze", "r", "--json")[1])
    assert len(told["bare"]["cycles"]["coulombic_efficiency"]) == 3
    for words in (["compare", "r", "-o", "c.png"], ["plot", "r", "-o", "p.png"]):
        code, out, err = says(*words)
        assert code == 0 and err == "" and (tmp_path / words[-1]).stat().st_size > 10_000, words
    assert says("export", "r", "--format", "cycles", "-o", "c.csv")[0] == 0
    assert (tmp_path / "c.csv").read_text().startswith("cycle,plated_mAh_cm2,stripped_mAh_cm2,coulombic_efficiency,")

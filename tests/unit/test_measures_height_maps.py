"""Height maps from users' files: what is read, and what is said of files that will not do."""

import struct

import numpy as np
import pytest

from kmc_li import morphology, surfaces
from kmc_li.errors import UserError

ROWS = np.array([[1.0, 2.5, -3.0], [0.5, 1e-3, 7.0]])  # two scan lines of three heights


def gwy(path, fields, **real):
    """A Gwyddion file: title -> (rows, unit of z)."""
    objects = pytest.importorskip("gwyfile").objects
    tree = objects.GwyContainer()
    for number, (title, (rows, unit)) in enumerate(fields.items()):
        size = {"xreal": rows.shape[1] * 1e-8, "yreal": rows.shape[0] * 1e-8} | real
        tree[f"/{number}/data/title"] = title
        tree[f"/{number}/data"] = objects.GwyDataField(rows, si_unit_xy="m", si_unit_z=unit, **size)
    tree.tofile(str(path))
    return path


def one_line(path, *args, **options):
    """What is said of a file that is refused."""
    with pytest.raises(UserError) as refused:
        surfaces.read_height_map(path, *args, **options)
    assert len(refused.value.lines) == 1 and "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        "1 2.5 -3\n0.5 1e-3 7\n",
        "1,2.5,-3\n0.5,1e-3,7",
        "1, 2.5, -3,\n\n0.5, 1e-3, 7,\n",
        "1\t2.5\t-3\r\n0.5\t1e-3\t7\r\n",
        "1;2.5;-3\n0.5;1e-3;7\n",
        "1,0;2,5;-3\n0,5;1e-3;7\n",
        "# heights\n1 2.5 -3 # first\n0.5 1e-3 7\n",
        "\ufeff1 2.5 -3\n0.5 1e-3 7\n",
    ],
)
def test_text_in_all_dialects(tmp_path, written):
    for encoding in ("utf-8", "utf-16") if "\ufeff" not in written else ("utf-8",):
        path = tmp_path / "map.csv"
        path.write_bytes(written.encode(encoding))
        found = surfaces.read_height_map(path, 0.5)
        np.testing.assert_array_equal(found.z_um, ROWS.T)
        assert (found.pixel_um, found.source) == (0.5, str(path))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_text_exported_by_gwyddion_knows_its_size_and_unit(tmp_path, encoding):
    path = tmp_path / "map.txt"
    head = "# Channel: Topography\n# Width: 3.000 µm\n# Height: 2.000 µm\n# Value units: m\n"
    path.write_bytes((head + "1e-6\t2.5e-6\t-3e-6\n0.5e-6\t1e-9\t7e-6\n").encode(encoding))
    found = surfaces.read_height_map(path)
    assert found.pixel_um == pytest.approx(1.0)
    np.testing.assert_allclose(found.z_um, ROWS.T)
    assert surfaces.read_height_map(path, 0.25).pixel_um == 0.25
    np.testing.assert_allclose(surfaces.read_height_map(path, height_unit="mm").z_um, ROWS.T / 1e3)


def test_numpy(tmp_path):
    np.save(tmp_path / "map.npy", ROWS)
    found = surfaces.read_height_map(tmp_path / "map.npy", 2, height_unit="nm")
    np.testing.assert_allclose(found.z_um, ROWS.T * 1e-3)


def test_gwyddion(tmp_path):
    path = gwy(tmp_path / "scan.gwy", {"Height": (ROWS * 1e-9, "m"), "Phase": (ROWS, "deg")})
    found = surfaces.read_height_map(path)
    assert found.pixel_um == pytest.approx(0.01)
    np.testing.assert_allclose(found.z_um, ROWS.T * 1e-3)
    assert "channel 'Phase' is in 'deg', must be a height" in one_line(path, channel="Phase")
    assert "has no channel 'Z', must be one of: 'Height', 'Phase'" in one_line(path, channel="Z")
    several = gwy(tmp_path / "two.gwy", {"Height": (ROWS, "m"), "Back": (ROWS + 1, "nm")})
    assert "2 height channels, choose one by channel=: 'Height', 'Back'" in one_line(several)
    np.testing.assert_allclose(surfaces.read_height_map(several, channel="Back").z_um, (ROWS.T + 1) * 1e-3)
    assert "no channel in a unit of length, only: 'Phase'" in one_line(gwy(tmp_path / "p.gwy", {"Phase": (ROWS, "deg")}))
    assert "must be square" in one_line(gwy(tmp_path / "q.gwy", {"Height": (ROWS, "m")}, xreal=1e-6))
    assert "says pixels of 0 um" in one_line(gwy(tmp_path / "0.gwy", {"Height": (ROWS, "m")}, xreal=0.0, yreal=0.0))


def test_gwyddion_files_hold_more_than_heights(tmp_path):
    """Every kind of component around and inside a channel, written by hand from the format's description."""
    parts = [
        b"flag\0b\1", b"letter\0cx", b"large\0q" + struct.pack("<q", 2**40), b"text\0sa text\0",
        b"letters\0C" + struct.pack("<I", 3) + b"abc", b"large ones\0Q" + struct.pack("<Iqq", 2, 1, -1),
        b"whole\0I" + struct.pack("<Iii", 2, 5, 6), b"texts\0S" + struct.pack("<I", 2) + b"one\0two\0",
        b"empty\0D" + struct.pack("<I", 0), b"things\0O" + struct.pack("<I", 1) + b"Thing\0" + struct.pack("<I", 0),
    ]  # fmt: skip

    def wrap(name, *inside):
        body = b"".join(inside)
        return name + b"\0" + struct.pack("<I", len(body)) + body

    unit = [b"si_unit_" + axis + b"\0o" + wrap(b"GwySIUnit", b"unitstr\0s" + name + b"\0")
            for axis, name in ((b"xy", b"um"), (b"z", b"nm"))]  # fmt: skip
    size = b"xres\0i\3\0\0\0yres\0i\2\0\0\0" + b"".join(
        name + b"\0d" + struct.pack("<d", length) for name, length in ((b"xreal", 6.0), (b"yreal", 4.0))
    )
    data = b"data\0D" + struct.pack("<I", 6) + ROWS.astype("<f8").tobytes()
    field = b"/7/data\0o" + wrap(b"GwyDataField", *parts, size, *unit, data)
    path = tmp_path / "scan.gwy"
    path.write_bytes(b"GWYP" + wrap(b"GwyContainer", *parts, field, *parts))
    found = surfaces.read_height_map(path, channel="channel 7")
    np.testing.assert_allclose(found.z_um, ROWS.T * 1e-3)
    assert found.pixel_um == 2.0


def test_damaged_gwyddion_files_end_in_an_error(tmp_path):
    """Cut anywhere or with any byte changed it is read or refused, and never hangs."""
    whole = gwy(tmp_path / "scan.gwy", {"Height": (ROWS, "m"), "Phase": (ROWS, "deg")}).read_bytes()
    rng, path = np.random.default_rng(0), tmp_path / "damaged.gwy"
    refused = 0
    for trial in range(600):
        data = bytearray(whole)
        if trial < len(whole):
            del data[trial:]
        else:
            data[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(data)
        try:
            surfaces.read_height_map(path)
        except UserError as error:
            assert len(error.lines) == 1
            refused += 1
    assert refused > len(whole) - 1


def test_tiff(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "map.tif"
    tifffile.imwrite(path, ROWS.astype(np.float32))
    found = surfaces.read_height_map(path, 0.1)
    np.testing.assert_allclose(found.z_um, ROWS.T, rtol=1e-6)
    assert "does not say how large its pixels are" in one_line(path)
    tifffile.imwrite(path, ROWS.astype(np.float32), imagej=True, resolution=(20, 20), metadata={"unit": "um"})
    assert surfaces.read_height_map(path).pixel_um == pytest.approx(0.05)
    tifffile.imwrite(path, np.zeros((4, 5, 3), np.uint8), photometric="rgb")
    assert "color picture" in one_line(path, 1)
    tifffile.imwrite(path, np.zeros((4, 5, 6), np.uint8), photometric="minisblack")
    assert "must be one height a pixel" in one_line(path, 1)
    for nonsense, said in ((b"II*\0nonsense", "holds no image"), (b"nonsense", "must be a TIFF file")):
        path.write_bytes(nonsense)
        assert said in one_line(path, 1)


def test_damaged_tiff_and_numpy_files_end_in_an_error(tmp_path, caplog):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "map.tif", np.zeros((16, 16), np.float32), imagej=True, compression=None)
    np.save(tmp_path / "map.npy", ROWS)
    rng = np.random.default_rng(1)
    for suffix in (".tif", ".npy"):
        whole, path, refused = (tmp_path / f"map{suffix}").read_bytes(), tmp_path / f"damaged{suffix}", 0
        head = 128 if suffix == ".npy" else 512
        for trial in range(300):
            data = bytearray(whole)
            if trial % 2:
                del data[rng.integers(len(data)) :]
            else:
                data[rng.integers(min(head, len(data)))] = rng.integers(256)
            path.write_bytes(data)
            try:
                surfaces.read_height_map(path, 1)
            except UserError as error:
                assert len(error.lines) == 1 and "\n" not in str(error)
                refused += 1
        assert refused > 100
    assert not caplog.records


def test_without_tifffile_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "map.tif").write_bytes(b"II*\0")
    monkeypatch.setitem(__import__("sys").modules, "tifffile", None)
    assert "pip install tifffile" in one_line(tmp_path / "map.tif", 1)


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("a.csv", "1 2\n3 x\n", {}, "row 2, column 2: got 'x', must be a number"),
        ("a.csv", "1 2 3\n4 5\n", {}, "row 2 has 2 numbers, the first has 3: must be a full table"),
        ("a.csv", "x,y\n1,2\n", {}, "row 1, column 1: got 'x', must be a number"),
        ("a.csv", "# nothing\n\n", {}, "holds no numbers"),
        ("a.csv", "1 2\nnan 4\n", {}, "1 of 4 heights are missing"),
        ("a.csv", "1 2 3\n", {}, "3 x 1 heights, must be at least 2 x 2"),
        ("a.txt", "\0\0\0", {}, "must be text, but holds zero bytes"),
        ("a.txt", "1 2\n3 4\n", {"pixel_um": None}, "does not say how large its pixels are: give pixel_um"),
        ("a.txt", "1 2\n3 4\n", {"pixel_um": -1}, "pixel_um: got -1, must be a positive number"),
        ("a.txt", "1 2\n3 4\n", {"pixel_um": "wide"}, "pixel_um: got 'wide', must be a positive number"),
        ("a.txt", "1 2\n3 4\n", {"height_unit": "V"}, "heights in 'V', must be a unit of length"),
        ("a.txt", "1 2\n3 4\n", {"channel": "Z"}, "only a .gwy file has channels"),
        ("a.txt", "# Width: 3 bananas\n1 2\n3 4\n", {}, "says a width that cannot be read"),
        ("a.txt", "# Width: 3 um\n# Height: 5 um\n1 2\n3 4\n", {}, "pixels of 1.5 x 2.5 um must be square"),
        ("a.npy", "no numpy", {}, "must be a .npy file of plain numbers"),
        ("a.gwy", "no gwyddion", {}, "must be a Gwyddion file: it does not start with GWYP"),
        ("a.png", "", {}, "a file of unknown kind '.png', must be one of: .gwy, .tif"),
    ],
)
def test_bad_files_are_told_in_one_line(tmp_path, name, content, options, said):
    path = tmp_path / name
    path.write_text(content)
    assert said in one_line(path, **({"pixel_um": 1.0} | options))


def test_missing_files_and_folders(tmp_path):
    assert "there is no such file" in one_line(tmp_path / "nothing.csv", 1)
    for name in ("folder.csv", "folder.npy", "folder.gwy"):
        (tmp_path / name).mkdir()
        assert "folder" in one_line(tmp_path / name, 1)


def test_numpy_files_never_run_code_and_never_declare_more_than_they_hold(tmp_path):
    path = tmp_path / "map.npy"
    np.save(path, np.array([[{"a": 1}]], dtype=object), allow_pickle=True)
    assert "must be a .npy file of plain numbers" in one_line(path, 1)
    np.save(path, ROWS)
    path.write_bytes(path.read_bytes().replace(b"(2, 3)", b"(2, 9)"))
    assert "must be a .npy file of plain numbers" in one_line(path, 1)
    path.write_bytes(path.read_bytes().replace(b"(2, 9)", b"(2000("))
    assert "must be a .npy file of plain numbers" in one_line(path, 1)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f8", "fortran_order": False, "shape": (2_000_000, 2_000_000)}
        )
    assert "must be a .npy file of plain numbers" in one_line(path, 1)
    np.save(path, np.zeros((2, 2, 2)))
    assert "must be numbers in 2 dimensions" in one_line(path, 1)
    np.save(path, np.zeros((2, 2), dtype=complex))
    assert "must be numbers in 2 dimensions" in one_line(path, 1)


@pytest.fixture
def tilted():
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(-1, 1, 40), np.linspace(-1, 1, 30), indexing="ij")
    rough = rng.normal(size=x.shape)
    return x, y, rough


def test_plane_and_polynomials_are_taken_off_exactly(tilted):
    x, y, rough = tilted
    flat = surfaces.level(surfaces.HeightMap(rough, 1.0, "scan"))
    for background, method, order in (
        (3 + 5 * x - 2 * y, "plane", 2),
        (3 + 5 * x - 2 * y + 7 * x * y - y**2, "polynomial", 2),
        (4 * x**3 - x * y**2 + y, "polynomial", 3),
        (9.0 + 0 * x, "polynomial", 0),
    ):
        reference = surfaces.level(surfaces.HeightMap(rough, 1.0, "scan"), method, order)
        bent = surfaces.level(surfaces.HeightMap(rough + background, 1.0, "scan"), method, order)
        np.testing.assert_allclose(bent.z_um, reference.z_um, atol=1e-12)
        assert abs(bent.z_um.mean()) < 1e-12
    # least squares: nothing of the plane's terms is left
    assert abs((flat.z_um * x).mean()) < 1e-12 and abs((flat.z_um * y).mean()) < 1e-12
    assert flat.source == "scan, mean plane taken off"


def test_polynomial_equals_ordinary_least_squares(tilted):
    x, y, rough = tilted
    terms = np.stack([(x**a * y**b).ravel() for a in range(5) for b in range(5 - a)], axis=1)
    fitted = terms @ np.linalg.lstsq(terms, rough.ravel(), rcond=None)[0]
    found = surfaces.level(surfaces.HeightMap(rough, 1.0, "scan"), "polynomial", 4)
    np.testing.assert_allclose(found.z_um.ravel(), rough.ravel() - fitted, atol=1e-10)


def test_steps_between_lines_are_taken_off(tilted):
    _, _, rough = tilted
    steps = np.random.default_rng(1).normal(size=30) * 10
    found = surfaces.level(surfaces.HeightMap(rough + steps, 1.0, "scan"), "lines")
    np.testing.assert_allclose(found.z_um, rough - np.median(rough, axis=0), atol=1e-12)


def test_plane_equals_surfalize(tilted):
    surfalize = pytest.importorskip("surfalize")
    x, y, rough = tilted
    heights = rough + 5 * x - 2 * y
    oracle = surfalize.Surface(heights.T.copy(), 0.1, 0.1).level()
    found = surfaces.level(surfaces.HeightMap(heights, 0.1, "scan"))
    np.testing.assert_allclose(found.z_um, oracle.data.T - oracle.data.mean(), atol=1e-9)
    for name in ("Sa", "Sq", "Sz", "Ssk", "Sku"):
        assert getattr(morphology.roughness(found.z_um), name) == pytest.approx(getattr(oracle, name)(), rel=1e-6)


@pytest.mark.parametrize("wrong", [{"method": "parabola"}, {"method": "polynomial", "order": 11},
                                   {"method": "polynomial", "order": -1}, {"method": "polynomial", "order": 1.5}])  # fmt: skip
def test_levels_that_there_are_not(wrong):
    with pytest.raises(UserError, match="must be") as refused:
        surfaces.level(surfaces.HeightMap(np.zeros((20, 20)), 1.0, "scan"), **wrong)
    assert len(refused.value.lines) == 1


def test_from_file_to_roughness(tmp_path):
    """A tilted wave in nanometers, written and read back: Sq = a / sqrt(2), Sdq by its stencil."""
    n, pixel, a = 256, 0.02, 0.05
    y, x = np.indices((n, n))
    heights = a * np.sin(2 * np.pi * x / 32) + 0.001 * x - 0.002 * y
    np.savetxt(tmp_path / "scan.csv", heights * 1e3, delimiter=",")
    scan = surfaces.level(surfaces.read_height_map(tmp_path / "scan.csv", pixel, height_unit="nm"))
    found = morphology.measure_surface(scan.z_um, scan.pixel_um)
    assert found["roughness_Sq_um"] == pytest.approx(a / np.sqrt(2), rel=0.02)  # the plane takes some of the wave
    slope = a / np.sqrt(2) * 2 * np.sin(np.pi / 32) / pixel
    assert found["roughness_Sdq"] == pytest.approx(slope, rel=0.01)
    assert found["roughness_Sal_um"] == pytest.approx(np.arccos(0.2) / (2 * np.pi) * 32 * pixel, rel=0.05)

"""The view in three dimensions: every pixel against a ray followed voxel by voxel, cameras, light, words."""

import sys
import warnings

import numpy as np
import pytest
import synthetic
from matplotlib.colors import to_rgb
from matplotlib.text import Text

import kmc_li.figures as figures
from kmc_li.errors import UserError
from kmc_li.figures import light, raster, style, view3d
from kmc_li.figures.raster import Frame, View

VIEWS = [View(-58, 24), View(35, 50), View(140, 10), View(200, 75), View(0, 30), View(45, 90)]


def naive_ray(box, view, right, up):
    """(voxel, axis) that a ray meets first, coming from the camera: one plane of the lattice after the other."""
    r, u, d = view.axes()
    start = right * r + up * u + 1000 * d
    best = None
    for axis in range(3):
        if abs(d[axis]) < 1e-12:
            continue
        for plane in range(box.shape[axis] + 1):
            t = (start[axis] - plane) / d[axis]
            point = start - t * d
            voxel = np.floor(point).astype(int)
            voxel[axis] = plane - 1 if d[axis] > 0 else plane
            if (voxel < 0).any() or (voxel >= box.shape).any() or not box[tuple(voxel)]:
                continue
            if best is None or t < best[0]:
                best = (t, (*voxel.tolist(), axis))
    return None if best is None else best[1]


@pytest.mark.parametrize("view", VIEWS)
def test_every_pixel_sees_what_a_ray_meets(view):
    rng = np.random.default_rng(7)
    for shape, share in (((1, 1, 1), 1.0), ((4, 3, 5), 0.3), ((3, 5, 4), 0.8)):
        box = rng.random(shape) < share
        # a crooked offset keeps pixel centres off the lattice's edges, where either answer is right
        frame = raster.frame_of(shape, view, 37)
        frame = frame._replace(left=frame.left - 0.0137, bottom=frame.bottom - 0.0071)
        faces, seen = raster.visible(box, view, frame)
        assert (seen >= 0).any()
        for row in range(frame.rows):
            for column in range(frame.columns):
                right = frame.left + (column + 0.5) / frame.scale
                up = frame.bottom + (row + 0.5) / frame.scale
                k = seen[row, column]
                found = None if k < 0 else tuple(int(part[k]) for part in faces[:4])
                assert found == naive_ray(box, view, right, up), (shape, row, column)


def test_a_single_voxel_has_the_area_of_its_projection():
    view, box = View(-50, 33), np.ones((1, 1, 1), dtype=bool)
    frame = raster.frame_of((1, 1, 1), view, 160)
    faces, seen = raster.visible(box, view, frame)
    areas = np.abs(view.axes()[2])  # of a unit square normal to each axis
    for k in range(3):
        assert (faces.axis[seen[seen >= 0]] == k).sum() / frame.scale**2 == pytest.approx(areas[k], rel=0.02)


def test_metal_cut_by_the_box_is_told_from_surface():
    box = np.zeros((2, 2, 2), dtype=bool)
    box[:, 0, 0] = True  # goes on through the seam of x
    faces = raster.exposed_faces(box, View(30, 30))
    cut = {tuple(int(v) for v in face[:4]) for face in zip(*faces, strict=True) if face[4]}
    assert cut == {(1, 0, 0, 0)}
    assert {tuple(int(v) for v in f[:3]) for f in zip(*faces, strict=True) if f[3] == 0} == {(1, 0, 0)}


def test_rays_end_where_their_face_is():
    rng = np.random.default_rng(1)
    box, view = rng.random((6, 5, 7)) < 0.3, View(25, 40)
    frame = raster.frame_of(box.shape, view, 80)
    faces, seen = raster.visible(box, view, frame)
    points = light.points_seen(faces, seen, view, frame)
    row, column = np.nonzero(seen >= 0)
    face = seen[row, column]
    plane = np.stack([(column + 0.5) / frame.scale + frame.left, (row + 0.5) / frame.scale + frame.bottom], axis=1)
    np.testing.assert_allclose(view.project(points), plane, atol=1e-6)
    inside = points - np.stack([faces.x, faces.y, faces.z], axis=1)[face]
    assert inside.min() >= 0 and inside.max() <= 1
    np.testing.assert_array_equal(inside[np.arange(face.size), faces.axis[face]], 1)


def test_a_tower_throws_a_shadow_and_its_foot_is_darker():
    box = np.zeros((20, 20, 12), dtype=bool)
    box[:, :, 0] = True
    box[9:11, 9:11, :] = True
    view = View(0, 40)  # the lamp stands 75 degrees to the left of the camera: shadows fall along (-0.26, 0.97)
    points = np.array([[8.3, 16.5, 1.0], [8.3, 3.5, 1.0], [11.3, 10.0, 1.0], [18.0, 2.0, 1.0]])
    shaded, lit, foot, far = light.brightness(box, points, np.full(4, 2), view)
    assert shaded < 0.7 * lit
    assert foot < far
    assert lit == pytest.approx(far, rel=0.1)


def test_pictures_of_one_box_have_one_camera():
    """What is drawn does not move the camera: the collector's pixels stay where they are."""
    small, large = np.zeros((8, 8, 20), dtype=bool), np.zeros((8, 8, 30), dtype=bool)
    small[2, 2, :3] = large[3, 5, :25] = True
    one, two = (view3d.render(box, view3d.by_height(0, 20), layers=20, columns=120) for box in (small, large))
    assert one.frame == two.frame and one.rgba.shape == two.rgba.shape
    empty = view3d.render(small & False, view3d.by_height(0, 20), layers=20, columns=120)
    covered = empty.rgba[..., 3] == 1
    assert covered.any() and (one.rgba[covered][:, 3] == 1).all() and (two.rgba[covered][:, 3] == 1).all()


def test_colors_are_those_of_height_and_dead_metal_and_plane():
    box = np.zeros((6, 6, 8), dtype=bool)
    box[:, :, :2] = True
    box[3, 3, 4] = True
    dead = view3d.dead_metal(box)
    assert dead is not None and dead.sum() == 1 and view3d.dead_metal(box & ~dead) is None
    faces = raster.exposed_faces(box, View())
    color, gone = view3d._face_colors(faces, view3d.by_height(0, 8), dead)
    at = (faces.z == 4) & (faces.axis == 2)
    np.testing.assert_array_equal(gone, faces.z == 4)
    np.testing.assert_allclose(color[at], [to_rgb(view3d.DEAD)])
    top = (faces.z == 1) & (faces.axis == 2)
    np.testing.assert_allclose(color[top], view3d.by_value(np.full(top.sum(), 1.5 / 8)))


def test_the_rest_plane_tints_what_lies_below_it():
    box = np.zeros((6, 6, 8), dtype=bool)
    box[:, :, :2] = True
    box[3, 3, 4] = True
    plain, tinted = (view3d.render(box, view3d.by_height(0, 8), View(30, 60), 8, 90, plane) for plane in (None, 4.2))

    def pixel(picture, *point):
        u, v = ((View(30, 60).project(np.array(point)) - picture.frame.extent[::2]) * picture.frame.scale).astype(int)
        return picture.rgba[v, u]

    np.testing.assert_array_equal(pixel(plain, 3.5, 3.5, 5), pixel(tinted, 3.5, 3.5, 5))  # a top above the plane
    share, tint = view3d._PLANE_ALPHA, np.array(to_rgb(view3d.PLANE))
    expected = pixel(plain, 1.5, 4.5, 2)[:3] * (1 - share) + tint * share
    np.testing.assert_allclose(pixel(tinted, 1.5, 4.5, 2)[:3], expected, atol=0.02)
    behind = (0.2, 0.2, 4.2)  # no metal there, but the plane
    assert pixel(plain, *behind)[3] == 0 and pixel(tinted, *behind)[3] == pytest.approx(share)


def oklab(rgb):
    """Björn Ottosson's uniform color space."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lms = linear @ np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]]).T
    return np.cbrt(lms) @ np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]]).T


def deuteranopia(rgb):
    """As a deuteranope sees linear RGB, severity 1 (Machado, Oliveira, Fernandes 2009)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]).T, 0, 1)
    return np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("eye", [lambda rgb: rgb, deuteranopia], ids=["all", "deuteranopia"])
def test_palettes_are_safe_for_the_color_blind(eye):
    """0.02 of Oklab is just noticeable."""
    steps = view3d.by_value(np.linspace(0, 1, 9))
    between = np.linalg.norm(np.diff(oklab(eye(steps)), axis=0), axis=1)
    assert between.min() > 0.05
    assert (np.diff(oklab(eye(steps))[:, 0]) > 0).all()  # and on a grey printer
    for bright in (view3d._DEAD_DIMMEST, 1.0):  # dead metal against live metal in any shade
        dead = oklab(eye(np.clip(bright * np.array(to_rgb(view3d.DEAD)), 0, 1)))
        for shade in np.linspace(0.3, 1, 8):
            assert np.linalg.norm(oklab(eye(steps * shade)) - dead, axis=1).min() > 0.08


def words(figure):
    return " ".join(text.get_text().replace("\n", " ") for text in figure.findobj(Text))


@pytest.mark.parametrize(("scenario", "ny"), [("bare", 16), ("piezo", 16), ("bare", 1)])
def test_figure_of_one_deposit_says_what_it_must(scenario, ny, monkeypatch):
    monkeypatch.setattr(view3d, "_PIXELS", 5e4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = figures.deposit_figure(synthetic.synthetic_run(scenario, 0, ny=ny))
        with style.house_style():
            drawn = figure.get_tightbbox()
    said = words(figure)
    assert "seed 0 (n = 1 run, no band)" in said and "4.15×10⁻⁴ S/m" in said and "Height (µm)" in said
    assert ("Translucent: rest plane of the layer" in said) == (scenario == "piezo")
    assert said.count("1 µm") >= 1 or said.count("2 µm") >= 1
    width, height = figure.get_size_inches()
    assert drawn.x0 >= 0 and drawn.y0 >= 0 and drawn.x1 <= width and drawn.y1 <= height


def test_pyvista_sees_the_same_through_the_same_camera():
    pytest.importorskip("pyvista")
    from kmc_li.figures.pyvista_view import pyvista_picture

    run = synthetic.synthetic_run("bare", 0)
    theirs = pyvista_picture(run, View(), 300)
    ours = view3d.render(run.occupancy, view3d.by_height(0, 1), View(), view3d.box_shape(run)[2], 300)
    assert theirs.frame == ours.frame and theirs.rgba.shape == ours.rgba.shape
    metal, covered = theirs.rgba[..., :3].min(axis=2) < 0.6, ours.rgba[..., 3] > 0.5  # both: half covered pixels
    shifts = [(u, v) for u in (-1, 0, 1) for v in (-1, 0, 1)]
    agree = {shift: (np.roll(metal, shift, (0, 1)) == covered).mean() for shift in shifts}
    assert max(agree, key=agree.get) == (0, 0) and agree[0, 0] > 0.99  # to the pixel


def test_without_pyvista_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvista", None)
    with pytest.raises(UserError, match=r"pip install 'kmc_li\[viz\]'"):
        figures.deposit_figure(synthetic.synthetic_run("bare", 0), pyvista=True)


@pytest.mark.parametrize("view", [View(0, 0), View(0, -20), View(0, 91), View(float("nan"), 30)])
def test_a_view_from_below_is_refused(view):
    with pytest.raises(UserError, match="view: got azimuth"):
        figures.deposit_figure(synthetic.synthetic_run("bare", 0), view)


def test_frames_hold_the_box():
    frame = raster.frame_of((5, 7, 9), View(), 300)
    corners = View().project(np.indices((2, 2, 2)).reshape(3, 8).T * [5, 7, 9])
    left, right, bottom, top = frame.extent
    assert left < corners[:, 0].min() and right > corners[:, 0].max()
    assert bottom < corners[:, 1].min() and top > corners[:, 1].max()
    assert isinstance(frame, Frame) and frame.columns == 300

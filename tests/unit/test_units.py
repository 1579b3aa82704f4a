"""Units against values worked out by hand."""

import pytest

from kmc_li.study import units

READ = [
    ("8 um", "um", 8.0),
    ("0.1 um", "um", 0.1),
    ("250 nm", "um", 0.25),
    ("2.78 Å", "nm", 0.278),
    ("8 µm", "m", 8e-6),
    ("8 μm", "m", 8e-6),
    ("1 mA/cm^2", "A/m^2", 10.0),
    ("1 mA/cm2", "A/m^2", 10.0),
    ("1 mA cm-2", "A/m^2", 10.0),
    ("1 mA·cm⁻²", "A/m^2", 10.0),
    ("1 mA/cm**2", "A/m^2", 10.0),
    ("10 A/m²", "mA/cm^2", 1.0),
    ("1 mAh/cm^2", "C/m^2", 36000.0),
    ("1 Ah", "C", 3600.0),
    ("20 ohm cm^2", "ohm m^2", 2e-3),
    ("20 Ω cm²", "ohm cm^2", 20.0),
    ("2 kΩ*m^2", "ohm cm^2", 2e7),
    ("10 mS/cm", "S/m", 1.0),
    ("1 1/(ohm cm)", "S/m", 100.0),
    ("13 cm^3/mol", "m^3/mol", 1.3e-5),
    ("5.7 pC/N", "C/N", 5.7e-12),
    ("5.7e-12 m/V", "pC/N", 5.7),
    ("115 GPa", "Pa", 1.15e11),
    ("3.5 bar", "MPa", 0.35),
    ("500 mJ/m^2", "J/m^2", 0.5),
    ("0.5 N/m", "J/m^2", 0.5),
    ("1 eV", "J", 1.602176634e-19),
    ("150 meV", "eV", 0.15),
    ("2e12/s", "1/s", 2e12),
    ("5 1/s", "1/s", 5.0),
    ("2 THz", "1/s", 2e12),
    ("25 °C", "K", 298.15),
    ("-10 degC", "K", 263.15),
    ("1 h", "s", 3600.0),
    ("3 min", "s", 180.0),
    ("8.314 J/(mol K)", "J/mol/K", 8.314),
    ("50 %", "", 0.5),
    ("0.5", "", 0.5),
    ("1 g/cm^3", "kg/m^3", 1000.0),
    ("-33 pC/N", "pC/N", -33.0),
    (" +1.  um ", "um", 1.0),
    ("1 L", "cm^3", 1000.0),
]


@pytest.mark.parametrize(("text", "target", "expected"), READ)
def test_reads_exactly(text: str, target: str, expected: float) -> None:
    assert units.read(text, target) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 mA/kg", "not of the kind"),
        ("8 s", "not of the kind"),
        ("8 furlong", "unknown unit 'furlong'"),
        ("8 µµm", "unknown unit"),
        ("8 kmin", "unknown unit"),
        ("8", "no unit"),
        ("8 degC", "not of the kind"),
        ("", "start with a number"),
        ("um", "start with a number"),
        ("nan um", "start with a number"),
        ("inf um", "start with a number"),
        ("8,5 um", "cannot read"),
        ("8_000 um", "cannot read"),
        ("8 um +", "cannot read"),
        ("8 (um", "stays open"),
        ("8 um)", "cannot read"),
        ("8 um /", "cannot read"),
        ("8 um//s", "cannot read"),
        ("8 um s/mol K", "write brackets"),
        ("8 um^99", "above 12"),
        ("8 um^1.5", "cannot read"),
        ("8 um; import os", "cannot read"),
        ("1e300 Tm", "too large"),
        ("1e999999999 um", "cannot read"),
        ("8 " + "m" * 200, "100 characters"),
    ],
)
def test_refuses(text: str, says: str) -> None:
    with pytest.raises(units.UnitError, match=says.replace("(", r"\(")):
        units.read(text, "um")


def test_converts_and_refuses_what_is_not_finite() -> None:
    assert units.convert(1.0, "mAh/cm^2", "C/m^2") == 36000.0
    assert units.convert(0.25, "um", "m") == 2.5e-7
    for value in (float("nan"), float("inf")):
        with pytest.raises(units.UnitError, match="finite"):
            units.convert(value, "um", "m")


def test_units_multiply_as_they_should() -> None:
    assert units.unit("V") == units.unit("J/C") == units.unit("W/A")
    assert units.unit("ohm") == units.unit("V/A") == units.unit("1/S")
    assert units.unit("F/m") == units.unit("C/(V m)") == units.unit("A^2 s^4/(kg m^3)")
    assert units.unit("Pa m") == units.unit("N/m") != units.unit("N m")
    assert units.unit("a/b*c".replace("a", "m").replace("b", "s").replace("c", "K")) == units.unit("m K/s")

"""Quantities written as people write them: "8 um", "1 mA/cm^2", "20 Ω cm²", "5.7 pC/N", "1/s".

A unit is a product and quotient of symbols with whole powers; symbols take SI prefixes. Factors are exact
fractions (the electronvolt is exact since 2019), so a value is rounded once: "8 um" is the float 8.0 in um.

    read("1 mA/cm^2", "A/m^2")     -> 10.0
    convert(0.25, "um", "m")       -> 2.5e-07
"""

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

Dimensions = tuple[int, int, int, int, int, int]  # powers of m, kg, s, A, K, mol


class UnitError(ValueError):
    """A text that is no quantity, an unknown unit, or a unit of another kind than asked for."""


class Unit(NamedTuple):
    """`factor` times the SI base units to the powers `dimensions` (m, kg, s, A, K, mol)."""

    factor: Fraction
    dimensions: Dimensions

    def times(self, other: "Unit", power: int) -> "Unit":
        """The product of this unit and a power of another."""
        powers = [a + power * b for a, b in zip(self.dimensions, other.dimensions, strict=True)]
        return Unit(self.factor * other.factor**power, (*powers,))  # type: ignore[arg-type]


ONE = Unit(Fraction(1), (0, 0, 0, 0, 0, 0))

_PREFIXES = {
    "T": 12, "G": 9, "M": 6, "k": 3, "d": -1, "c": -2, "m": -3,
    "u": -6, "\u00b5": -6, "\u03bc": -6, "n": -9, "p": -12, "f": -15,
}  # fmt: skip


def _unit(factor: str, *dimensions: int) -> Unit:
    return Unit(Fraction(factor), (*dimensions,))  # type: ignore[arg-type]


_WITH_PREFIX = {
    "m": _unit("1", 1, 0, 0, 0, 0, 0),
    "g": _unit("1e-3", 0, 1, 0, 0, 0, 0),
    "s": _unit("1", 0, 0, 1, 0, 0, 0),
    "A": _unit("1", 0, 0, 0, 1, 0, 0),
    "K": _unit("1", 0, 0, 0, 0, 1, 0),
    "mol": _unit("1", 0, 0, 0, 0, 0, 1),
    "Hz": _unit("1", 0, 0, -1, 0, 0, 0),
    "N": _unit("1", 1, 1, -2, 0, 0, 0),
    "Pa": _unit("1", -1, 1, -2, 0, 0, 0),
    "bar": _unit("1e5", -1, 1, -2, 0, 0, 0),
    "J": _unit("1", 2, 1, -2, 0, 0, 0),
    "eV": _unit("1.602176634e-19", 2, 1, -2, 0, 0, 0),
    "W": _unit("1", 2, 1, -3, 0, 0, 0),
    "C": _unit("1", 0, 0, 1, 1, 0, 0),
    "Ah": _unit("3600", 0, 0, 1, 1, 0, 0),
    "V": _unit("1", 2, 1, -3, -1, 0, 0),
    "ohm": _unit("1", 2, 1, -3, -2, 0, 0),
    "S": _unit("1", -2, -1, 3, 2, 0, 0),
    "F": _unit("1", -2, -1, 4, 2, 0, 0),
    "L": _unit("1e-3", 3, 0, 0, 0, 0, 0),
}
_WITH_PREFIX |= {"Ohm": _WITH_PREFIX["ohm"], "\u03a9": _WITH_PREFIX["ohm"], "\u2126": _WITH_PREFIX["ohm"]}
_ALONE = {
    "min": _unit("60", 0, 0, 1, 0, 0, 0),
    "h": _unit("3600", 0, 0, 1, 0, 0, 0),
    "d": _unit("86400", 0, 0, 1, 0, 0, 0),
    "\u00c5": _unit("1e-10", 1, 0, 0, 0, 0, 0),
    "\u212b": _unit("1e-10", 1, 0, 0, 0, 0, 0),
    "%": _unit("1e-2", 0, 0, 0, 0, 0, 0),
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_SYMBOL = r"([A-Za-z\u00b5\u03bc\u03a9\u2126\u00c5\u212b]+|%)(?:(?:\^|\*\*)?([+-]?[0-9]{1,2})(?![0-9.]))?"
_TOKEN = re.compile(rf"\s*({_SYMBOL}|1(?=\s*/)|\*(?!\*)|[·⋅×/()])\s*")
_NUMBER = re.compile(
    r"\s*([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?)(?![0-9.])"
)


def _symbol(text: str) -> Unit:
    if text in _ALONE:
        return _ALONE[text]
    if text in _WITH_PREFIX:
        return _WITH_PREFIX[text]
    if text[0] in _PREFIXES and text[1:] in _WITH_PREFIX:
        base = _WITH_PREFIX[text[1:]]
        return Unit(base.factor * Fraction(10) ** _PREFIXES[text[0]], base.dimensions)
    raise UnitError(f"unknown unit {text!r}")


@lru_cache(maxsize=256)
def unit(text: str) -> Unit:
    """The unit a text such as "mAh/cm^2", "ohm cm²", "mA cm-2" or "J/(mol K)" names. Raises UnitError.

    "/" divides by the next symbol or bracket only; "J/mol K", which people read in two ways, is refused.
    """
    if len(text) > 100:
        raise UnitError("a unit of more than 100 characters")
    plain = _RAISED.sub(lambda run: "^" + run[0].translate(_SUPERSCRIPTS), text).strip()
    tokens, position = [], 0
    while position < len(plain):
        token = _TOKEN.match(plain, position)
        if token is None:
            raise UnitError(f"cannot read the unit {text!r}")
        tokens.append(token)
        position = token.end()
    tokens.reverse()
    total = _product(tokens, text) if tokens else ONE
    if tokens:
        raise UnitError(f"cannot read the unit {text!r}")
    return total


def _product(tokens: list[re.Match[str]], text: str) -> Unit:
    """Reads factors up to a closing bracket or the end; `tokens` is a stack with the next one last."""
    total, sign, divided = ONE, 1, False
    wants_factor = True
    while tokens and (wants_factor or tokens[-1][1] != ")"):
        token = tokens.pop()
        if token[1] == "/" and (not wants_factor or (total == ONE and not divided)):
            sign, divided, wants_factor = -1, True, True
        elif token[1] in ("*", "·", "⋅", "×") and not wants_factor:
            divided, wants_factor = False, True
        elif token[1] == "(" or token[2] or token[1] == "1":
            if divided and not wants_factor:
                raise UnitError(f"write brackets in the unit {text!r}: a/(b c), or a/b*c")
            if token[1] == "(":
                factor, power = _product(tokens, text), 1
                if not tokens:
                    raise UnitError(f"cannot read the unit {text!r}: a bracket stays open")
                tokens.pop()
            else:
                factor = _symbol(token[2]) if token[2] else ONE
                power = int(token[3] or 1)
            if abs(power) > 12:
                raise UnitError(f"a power above 12 in the unit {text!r}")
            total, sign, wants_factor = total.times(factor, sign * power), 1, False
        else:
            raise UnitError(f"cannot read the unit {text!r}")
    if wants_factor:
        raise UnitError(f"cannot read the unit {text!r}")
    return total


@lru_cache(1024)
def convert(value: float, source: str, target: str) -> float:
    """A finite value given in the unit `source`, in the unit `target`. Raises UnitError.

    The value is taken as the shortest decimal that names it, so that 0.1 um are 1e-7 m to the last bit.
    """
    if not math.isfinite(value):
        raise UnitError("not a finite number")
    return _scaled(Fraction(repr(float(value))), source, target)


def read(text: str, target: str) -> float:
    """The quantity written in `text`, number and unit, as a float in the unit `target`. Raises UnitError.

    A temperature may also be given in "degC" or "°C". A dimensionless target takes a bare number or "%".
    """
    match = _NUMBER.match(text)
    if match is None:
        raise UnitError(f"{text[:40]!r} does not start with a number")
    source = text[match.end() :].strip()
    value = Fraction(match[1])
    if source in ("degC", "\u00b0C", "\u2103"):
        value, source = value + Fraction("273.15"), "K"
    if not source and unit(target).dimensions != ONE.dimensions:
        raise UnitError("no unit given")
    return _scaled(value, source, target)


def _scaled(value: Fraction, source: str, target: str) -> float:
    given, wanted = unit(source), unit(target)
    if given.dimensions != wanted.dimensions:
        raise UnitError(f"{source!r} is not of the kind of {target!r}")
    try:
        return float(value * given.factor / wanted.factor)
    except OverflowError:
        raise UnitError("too large a number") from None

"""What a measure says of a sample that has no such number."""


class Undefined(ValueError):
    """This sample does not define this measure: a flat map has no Hurst exponent, a shut deposit no tortuosity."""

"""How sure a rate is: the Wilson score interval (domain.md §5). Pure."""

from math import sqrt

Z_95 = 1.959963984540054


def wilson(n: float, d: int, z: float = Z_95) -> tuple[float, float] | None:
    """The interval (low, high), within 0 to 1, of the rate n / d; None when d is 0.

    `z`: the normal quantile, by default of 95 %. Raises ValueError unless 0 ≤ n ≤ d.
    """
    if not 0 <= n <= d:
        raise ValueError(f"{n} of {d} is not a share.")
    if d == 0:
        return None
    rate, square = n / d, z * z
    middle = (rate + square / (2 * d)) / (1 + square / d)
    half = z / (1 + square / d) * sqrt(rate * (1 - rate) / d + square / (4 * d * d))
    # The ends are exact where nothing, or all, is counted; rounding must not say otherwise.
    low = 0.0 if n == 0 else max(0.0, middle - half)
    high = 1.0 if n == d else min(1.0, middle + half)
    return low, high

"""Numbers as text, the same in every table: the terminal, the report, the Markdown page."""

DASH = "\u2013"  # also stands for a missing value
MINUS = "\u2212"


def percent(share: float | None, digits: int = 0) -> str:
    """A share (0 to 1) in percent, without the sign."""
    return DASH if share is None else f"{100 * share:.{digits}f}"


def interval(low: float | None, high: float | None, digits: int = 0) -> str:
    """An interval of shares (0 to 1), in percent."""
    return f"{percent(low, digits)}{DASH}{percent(high, digits)}"


def decimal(value: float | None, digits: int = 1) -> str:
    return DASH if value is None else f"{value:.{digits}f}"


def points(difference: float) -> str:
    """A difference of shares (-1 to 1) in percentage points, with its sign."""
    return f"{100 * difference:+.1f}".replace("-", MINUS)


def points_interval(low: float, high: float, changed: int) -> str:
    """The interval of a paired difference in points; `changed` counts the pairs that differ."""
    if low == high and not changed:
        return "no pair differs"  # "+0.0 to +0.0" would look like certainty
    return f"{points(low)} to {points(high)}"


def p_value(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"

"""Errors that a user can fix: one line that names the field, the value and the nearest choice."""

import difflib
from collections.abc import Sequence


class UserError(ValueError):
    """A mistake that the user can fix; the message is one line that says how."""


def nearest(value: str, choices: Sequence[str]) -> str:
    """`did you mean 'x'?` with the nearest choice, or the list of choices (the first 20)."""
    close = difflib.get_close_matches(value, choices, n=1)
    more = f", ... ({len(choices)} in all)" if len(choices) > 20 else ""
    return f"did you mean '{close[0]}'?" if close else f"one of: {', '.join(choices[:20])}{more}"


def choose(what: str, value: str, choices: Sequence[str]) -> str:
    """Return `value` if it is among `choices`; otherwise raise UserError with the nearest one."""
    if value not in choices:
        raise UserError(f"{what}: '{value}' is unknown; {nearest(value, choices)}")
    return value

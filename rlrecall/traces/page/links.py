"""Build links into a page of traces: `traces.html#arm=rl&set=B&mode=think`.

links.js documents the format of the part after "#" and parses it.
"""

from urllib.parse import quote, urlencode

from rlrecall.runs.errors import choose

FIELDS = ("arm", "set", "kind", "split", "mode", "family", "run", "step")
KEYS = {name: name for name in (*FIELDS, "text", "change")}
KEYS |= {"outcome": "outcomes", "flag": "flags", "question": "q", "pair": "pair"}


def trace_link(page: str = "traces.html", **filters: object) -> str:
    """Return a link to the traces in `page` that pass all `filters`; a filter of None is left out.

    `arm`, `set`, `kind`, `split`, `mode`, `family`, `run` and `step` are fields of a trace,
    `outcome` and `flag` what it is counted as, `text` what its question or completion contains.
    `question` is the id of the question to open. `pair=("sft", "rl")` shows the answers of the
    second arm beside those of the first, and `change` then is "fixed", "broken", "right" (in both)
    or "wrong" (in both). Raises UserError for a filter with another name.
    """
    parts = {}
    for name, value in filters.items():
        choose("filter", name, list(KEYS))
        if value is not None:
            text = "~".join(map(str, value)) if isinstance(value, tuple) else str(value)
            parts[KEYS[name]] = text
    fragment = urlencode(parts, quote_via=quote, safe="/~")
    return f"{page}#{fragment}" if parts else page

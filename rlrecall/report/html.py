"""The report's page: its look, its tables, and the one door through which text gets into it.

Whatever a model wrote is hostile text: it goes through `safe`. The page is one file without scripts
and without addresses, and says so to the browser.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rlrecall.traces.escape import safe

STYLE = """
:root{color-scheme:light dark;--ink:#1c2024;--soft:#5c646c;--line:#d9dde1;--page:#fff;--box:#f5f6f8;
--c0:#0b6fb8;--c1:#c2410c;--c2:#0f7f5f;--c3:#9a3f86;--c4:#8a6a00;--c5:#5c646c;
--gold:#8a6200;--true:#0b6fb8;--false:#c0271d;--unparsable:#5c646c}
@media(prefers-color-scheme:dark){:root{--ink:#e4e7ea;--soft:#9ba4ad;--line:#3a4149;--page:#15181b;
--box:#1e2226;--c0:#5db3f0;--c1:#f28a4e;--c2:#43c59e;--c3:#d98bc6;--c4:#d6b13c;--c5:#9ba4ad;
--gold:#e2b93b;--true:#6ab7f2;--false:#ff8277;--unparsable:#9ba4ad}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:54rem;padding:1.5rem 1rem 4rem;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0 0 .5rem}h2{font-size:1.2rem;margin:2.5rem 0 .5rem}
h3{font-size:1rem;margin:1.5rem 0 .4rem}p{margin:.5rem 0}
.finding{font-size:1.15rem}.note,small,footer{color:var(--soft)}.note,footer{font-size:.875rem}
.scroll{overflow-x:auto;margin:.5rem 0}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums;width:100%;
overflow-wrap:normal}
th,td{text-align:left;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line);
vertical-align:top;white-space:nowrap}
thead th{border-bottom-color:var(--soft);vertical-align:bottom}th{font-weight:600}
tbody th{font-weight:400}tr.mode th{font-weight:600;padding-top:.8rem}
small{font-size:.8rem;font-weight:400}td small,th small{display:block;line-height:1.3}
td small.beside{display:inline;margin-left:.35rem}
figure{margin:.8rem 0;max-width:40rem}
svg{display:block;width:100%;height:auto;font-family:system-ui,sans-serif}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(21rem,100%),1fr));gap:1rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:.8rem}
.trace{background:var(--box);border-radius:6px;padding:.6rem .9rem;min-width:0}
.trace h4{margin:0;font-size:.875rem;color:var(--soft);font-weight:600}
.trace ol{margin:.4rem 0;padding-left:1.8rem;max-height:26rem;overflow-y:auto}
.trace p{margin:.3rem 0}li::marker{color:var(--soft);font-size:.8rem}
.tag{font-size:.8rem;font-weight:600;white-space:nowrap}
.gold{color:var(--gold)}.true{color:var(--true)}.false{color:var(--false)}
.unparsable{color:var(--unparsable)}.right{color:var(--c2)}
.question{font-weight:600;margin:1.8rem 0 0}
summary{cursor:pointer}pre{white-space:pre-wrap;font-size:.8rem;margin:.4rem 0}
footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.8rem}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1rem;margin:.5rem 0}
dd{margin:0}
"""
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A table in a box of its own that scrolls; cells are HTML, a row of one cell is a heading."""
    lines = []
    for cells in body:
        if len(cells) == 1:
            lines.append(f'<tr class="mode"><th colspan="{len(head)}">{cells[0]}</th></tr>')
        else:
            rest = "".join(f"<td>{cell}</td>" for cell in cells[1:])
            lines.append(f"<tr><th scope='row'>{cells[0]}</th>{rest}</tr>")
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def note(text: str) -> str:
    return f'<p class="note">{text}</p>'


def document(title: str, body: Iterable[str]) -> str:
    """The whole page; `title` is plain text, `body` is HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{safe(title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )

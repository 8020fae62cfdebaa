"""Make text that a model wrote safe to display in a terminal or a page."""

import unicodedata


class _Shown(dict[int, str]):
    """What `visible` displays for each code point; computed on first use."""

    # Letters, marks and symbols with blank glyphs; variation selectors.
    BLANK = frozenset(map(ord, "\u034f\u115f\u1160\u17b4\u17b5\u180f\u2800\u3164\uffa0"))
    BLANK |= {*range(0x180B, 0x180E), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}

    def __missing__(self, number: int) -> str:
        kinds = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        hidden = unicodedata.category(chr(number)) in kinds or number in self.BLANK
        code = f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
        return self.setdefault(number, code if hidden else chr(number))


_SHOWN = _Shown()


def visible(text: str) -> str:
    """Escape every character of `text` that is invisible or reorders its neighbors.

    All text that a model wrote passes through here on its way to a terminal or a page.
    """
    return text.translate(_SHOWN)

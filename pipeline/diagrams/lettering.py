"""How wide a text is, and where it breaks; no font is asked, so every machine draws the same."""

from __future__ import annotations

# Widths of Helvetica and of what is metrically like it (Arial, Liberation Sans), in thousandths of
# the font's size. Where none of them is there, a wider one is (DejaVu Sans): there has to be room.
_GROUPS = (
    (278, " !,./:;I[\\]ft|"),
    (222, "ijl'"),
    (333, "()-r`"),
    (389, "*"),
    (355, '"'),
    (500, "cksvxyzJ"),
    (611, "FTZ"),
    (667, "ABEKPSVXY&"),
    (722, "CDHNRUw"),
    (778, "GOQ"),
    (833, "Mm"),
    (944, "W"),
    (1015, "@"),
)
_ELSE = 556
_WIDTHS = {char: width for width, chars in _GROUPS for char in chars}
_BOLD = 1.08
_WIDER = 1.12
_MONOSPACE = 0.602


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Pixels of a text in the drawing's font."""
    units = sum(_WIDTHS.get(char, _ELSE) for char in text) / 1000
    return units * size * _WIDER * (_BOLD if bold else 1)


def monospaced(text: str, size: float) -> float:
    """The same in a font whose letters are all as wide as each other."""
    return len(text) * size * _MONOSPACE


def wrapped(text: str, size: float, room: float) -> tuple[str, ...]:
    """The text in lines that fit; a word that is wider than the room has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return tuple(lines)

"""Receipts and displays as pictures: what a printer of 58 mm and a display of two lines make of the octets that they get.

Reads the part of ESC/POS and CD5220 that the gateway writes; a command that it does not know is a fault. A character that does
not fit its line is a fault too: a printer would break the line there, and a display would lose it.
"""

import qrcode
from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
# Dots of a column and of a line, as font A of a printer has them.
COLUMN, LINE = 12, 30
INK, PAPER = 0, 255


def columns(text):
    return sum(1 if ord(c) < 128 else 2 for c in text)


def cells(draw, at, text, scale, encoding):
    """Writes text in cells of one or two columns, as a device with a font of its own does."""
    font = ImageFont.truetype(FONT, 22 * scale)
    x, y = at
    for c in text:
        assert c.encode(encoding, "replace") != b"?" or c == "?", f"{c!r} is not in {encoding}"
        wide = COLUMN * scale * (1 if ord(c) < 128 else 2)
        draw.text((x + wide / 2, y + LINE * scale / 2), c, font=font, fill=INK, anchor="mm")
        x += wide


def receipt(octets, encoding, paper_columns=32):
    """The picture of one receipt, and its lines of text."""
    lines, centred, scale, code, run = [], False, 1, b"", b""
    at = 0

    def take(count):
        nonlocal at
        at += count
        return octets[at - count : at]

    while at < len(octets):
        octet = take(1)
        if octet == b"\n":
            lines.append((run.decode(encoding), centred, scale))
            run = b""
        elif octet == b"\x1b":
            command = take(1)
            if command == b"a":
                centred = take(1) == b"\x01"
            elif command == b"d":
                lines += [("", False, 1)] * take(1)[0]
            else:
                assert command == b"@", command
        elif octet == b"\x1c":
            assert take(1) == b"&"
        elif octet == b"\x1d":
            command = take(1)
            if command == b"!":
                scale = {b"\x00": 1, b"\x11": 2}[take(1)]
            elif command == b"V":
                take(2)
            else:
                assert command == b"(" and take(1) == b"k", command
                body = take(int.from_bytes(take(2), "little"))
                if body[:3] == b"1P0":
                    code = body[3:]
                elif body[:2] == b"1Q":
                    lines.append((code, True, None))
        else:
            run += octet
    assert not run, run
    codes = {code: _code(code) for code, _, scale in lines if scale is None}
    height = sum(codes[text].height if scale is None else LINE * scale for text, _, scale in lines)
    width = paper_columns * COLUMN
    picture = Image.new("L", (width + 40, height + 40), PAPER)
    draw, y = ImageDraw.Draw(picture), 20
    for text, centred, scale in lines:
        if scale is None:
            assert codes[text].width <= width, "the code is wider than the paper"
            picture.paste(codes[text], (20 + (width - codes[text].width) // 2, y))
            y += codes[text].height
            continue
        wide = columns(text) * COLUMN * scale
        assert wide <= width, f"{text!r} does not fit the paper"
        cells(draw, (20 + ((width - wide) // 2 if centred else 0), y), text, scale, encoding)
        y += LINE * scale
    return picture, [text for text, _, scale in lines if scale is not None]


def _code(text):
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=6, border=4)
    code.add_data(text)
    return code.make_image().convert("L")


def display(pages, encoding, display_columns=20):
    """The pages of a display, one below the other."""
    height = (2 * LINE + 30) * len(pages)
    picture = Image.new("L", (display_columns * COLUMN + 40, height + 10), 200)
    draw = ImageDraw.Draw(picture)
    for nth, page in enumerate(pages):
        top = 10 + nth * (2 * LINE + 30)
        draw.rectangle((15, top, display_columns * COLUMN + 25, top + 2 * LINE + 10), fill=PAPER, outline=INK)
        for row, octets in enumerate(page):
            text = octets.decode(encoding)
            assert columns(text) <= display_columns and row < 2, f"{text!r} does not fit the display"
            cells(draw, (20, top + 5 + row * LINE), text, 1, encoding)
    return picture

"""roff.py - plain text, Markdown and the output of --help as the source of manual pages.

It knows the subset of Markdown that the pages of this project use: headings, paragraphs, lists
of one level, blocks indented by four, fenced blocks, tables, `code`, **bold** and links. The
macros are those of man(7).
"""
import re
import textwrap

SPECIAL = {"\\": "\\(rs", "-": "\\-", "'": "\\(aq", "^": "\\(ha", "~": "\\(ti", "`": "\\(ga"}
INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|(?<![\w*])\*(\w[^*\n]*?)\*(?!\w)|"
                    r"\[([^\]\n]+)\]\([^)\s]+\)")


def escape(text):
    """Text that means itself, but for where a line begins: see line()."""
    return "".join(SPECIAL.get(c, c if c.isascii() else f"\\[u{ord(c):04X}]") for c in text)


def line(text):
    """A line of the source: one that begins with . or ' would be taken for a macro."""
    return "\\&" + text if text[:1] in (".", "'") else text


def bold(text):
    return f"\\fB{text}\\fR"


def italic(text):
    return f"\\fI{text}\\fR"


def inline(text):
    """A piece of Markdown within a paragraph."""
    out, end = "", 0
    for m in INLINE.finditer(text):
        code, strong, weak, link = m.groups()
        out += escape(text[end:m.start()])
        if code is not None or strong is not None:
            out += bold(escape(code or strong))
        else:
            out += italic(escape(weak)) if weak is not None else escape(link)
        end = m.end()
    return out + escape(text[end:])


def fill(text):
    """A paragraph as lines of the source."""
    lines = textwrap.wrap(text, 80, break_long_words=False, break_on_hyphens=False)
    return [line(part) for part in lines]


def verbatim(lines):
    return [".PP", ".RS 4", ".nf", *(line(escape(part)) or "\\&" for part in lines), ".fi",
            ".RE"]


def quoted(text):
    return '"' + text.replace('"', "\\(dq") + '"'


def section(title):
    return [".SH " + quoted(escape(title.upper()))]


def tagged(tag, text):
    return [".TP", line(tag), *(fill(text) or ["\\&"])]


def head(name, number, version):
    """The first lines of a page."""
    return [f".TH {quoted(escape(name.upper()))} {number} \"\" "
            f"{quoted('cycos ' + escape(version))} \"cycos manual\"", ".ad l", ".nh"]


def name_section(names, summary):
    return [*section("name"), f"{', '.join(map(escape, names))} \\- {escape(summary)}"]


def cells(row):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def table(rows):
    """The first column as a tag; the others behind it, from the third on with their title."""
    titles, out = cells(rows[0]), []
    for row in rows[2:]:
        tag, *rest = cells(row)
        text = rest[0] if rest else ""
        for title, cell in list(zip(titles[1:], rest))[1:]:
            text += f" ({title}: {cell})" if title else f"; {cell}"
        out += tagged(inline(tag) or "\\&", inline(text.replace("\\|", "|")))
    return out


ITEM = re.compile(r"(- |\d+\. )(.*)")
BEGINS = re.compile(r"#|\||- |\d+\. |```|    ")


class Markdown:
    """Walks over the lines of a page and makes roff of them."""

    def __init__(self, text):
        self.lines, self.at, self.out = text.rstrip().split("\n"), 0, []

    def more(self):
        return self.at < len(self.lines)

    def take(self):
        self.at += 1
        return self.lines[self.at - 1]

    def take_while(self, condition):
        taken = []
        while self.more() and condition(self.lines[self.at]):
            taken.append(self.take())
        return taken

    def convert(self):
        while self.more():
            self.block()
        return self.out

    def block(self):
        now = self.lines[self.at]
        if not now.strip():
            self.at += 1
        elif now.startswith("#"):
            self.heading()
        elif now.startswith("```"):
            self.at += 1
            self.out += verbatim(self.take_while(lambda row: not row.startswith("```")))
            self.at += 1
        elif now.startswith("    "):
            self.indented()
        elif now.startswith("|"):
            self.out += table(self.take_while(lambda row: row.startswith("|")))
        elif ITEM.match(now):
            self.item()
        else:
            self.paragraph()

    def heading(self):
        marks, _, title = self.take().partition(" ")
        title = title.replace("`", "")
        self.out += section(title) if len(marks) <= 2 else [".SS " + quoted(escape(title))]

    def indented(self):
        rows = self.take_while(lambda row: row.startswith("    ") or not row.strip())
        while not rows[-1].strip():
            rows.pop()
        self.out += verbatim([row[4:] for row in rows])

    def text(self, first):
        rest = self.take_while(lambda row: row.strip() and not BEGINS.match(row))
        return inline(" ".join([first.strip(), *(row.strip() for row in rest)]))

    def item(self):
        mark, first = ITEM.match(self.take()).groups()
        rest = self.take_while(lambda row: row.startswith("  ") and row.strip())
        text = inline(" ".join([first, *(row.strip() for row in rest)]))
        mark = "\\(bu 2" if mark == "- " else mark.strip() + " 4"
        self.out += [f".IP {mark}", *fill(text)]

    def paragraph(self):
        self.out += [".PP", *fill(self.text(self.take()))]


def markdown(text):
    return Markdown(text).convert()


OPTION = re.compile(r"  (-\S.*?)(?:\s{2,}(\S.*))?")
CONTINUED = re.compile(r"\s{10,}(\S.*)")


class Help:
    """What a program says of itself: its usage, what follows, and its options by heading."""

    def __init__(self, text):
        self.usage, self.text, self.groups = [], [], []
        for row in text.rstrip().split("\n"):
            self.row(row)

    def row(self, row):
        option, continued = OPTION.fullmatch(row), CONTINUED.fullmatch(row)
        if row.startswith("usage:") or (row.startswith("       ") and self.usage
                                        and not self.text):
            self.usage.append(row.removeprefix("usage:").strip())
        elif self.groups and option:
            self.groups[-1][1].append([option.group(1), option.group(2) or ""])
        elif self.groups and continued and self.groups[-1][1]:
            last = self.groups[-1][1][-1]
            last[1] = f"{last[1]} {continued.group(1)}".strip()
        elif re.fullmatch(r"[Oo]ptions.*:", row):
            self.groups.append((row.rstrip(":"), []))
        elif not self.groups or row.strip():
            self.text.append(row)

    def synopsis(self):
        return [*section("synopsis"), ".nf", *(line(escape(u)) for u in self.usage), ".fi"]

    def description(self):
        """Indented lines are examples; the rest is filled."""
        text = "\n".join("    " + row[2:] if row.startswith("  ") else row.replace("`", "'")
                         for row in self.text)
        return markdown(text.strip("\n")) if text.strip() else []

    def options(self):
        out = []
        for heading, options in self.groups:
            out += [".SS " + quoted(escape(heading))] if len(self.groups) > 1 else []
            for option, text in options:
                out += tagged(bold(escape(option)), escape(text))
        return section("options") + out if out else []

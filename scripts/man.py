#!/usr/bin/env python3
"""man.py - writes the manual pages, from headers, from texts and from what programs say.

    scripts/man.py --version V --out FOLDER [--program NAME=PATH]...

Section 3 has a page for each public function, from its docstring, and one for each header.
Section 1 has a page for each program: what it says of its options by --help, and the text
beside its source. Section 7 has cycos(7) and cycos-metrics(7).
"""
import argparse
import ast
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import headers
import roff
import tidy

ROOT = pathlib.Path(__file__).resolve().parents[1]
KEYS = ["Context", "Ownership", "Errors", "Since"]
MANY = "are those of"  # a docstring that leaves the rest to another


class Doc:
    """A docstring, taken apart."""

    def __init__(self, comment):
        rows = [re.sub(r"^ \* ?", "", row) for row in comment.split("\n")[1:-1]]
        names, self.summary = rows[0].split(" - ", 1)
        self.names = names.split(", ")
        self.parameters, self.keys, self.text, at = [], {}, [], self.names
        for row in rows[1:]:
            parameter = re.match(r"@([\w.]+): *(.*)", row)
            key = re.match(rf"({'|'.join(KEYS)}): *(.*)", row)
            if parameter:
                at = [parameter.group(1), parameter.group(2)]
                self.parameters.append(at)
            elif key:
                at = self.keys[key.group(1)] = ["", key.group(2)]
            elif at is not self.names and row.startswith("  ") and at is not self.text:
                at[1] += " " + row.strip()
            else:
                at = self.text
                at.append(row)

    def paragraphs(self):
        return [p for p in "\n".join(self.text).strip("\n").split("\n\n") if p.strip()]


def mention(text):
    """The text of a docstring: parameters slanted, functions and codes in bold."""
    out = roff.escape(text)
    out = re.sub(r"@(\w+)", lambda m: roff.italic(m.group(1)), out)
    return re.sub(r"\b(cy_\w+)\(\)", lambda m: roff.bold(m.group(1)) + "()", out)


def paragraph(text):
    rows = text.split("\n")
    if all(row.startswith("    ") for row in rows):
        return roff.verbatim([row[4:] for row in rows])
    return [".PP", *roff.fill(mention(" ".join(row.strip() for row in rows)))]


def signature(declaration):
    """Without what is only for the compiler."""
    text = re.sub(r"\bCY_MUST_CHECK\b|\bCY_PRINTF\(.*?\)|__attribute__\s*\(\(.*?\)\)", "",
                  declaration)
    text = re.sub(r"^\s*static inline ", "", text.strip())
    return " ".join(text.split()).rstrip(";{ ") + ";"


def declarations(path):
    """{name: how it is declared} of a header's functions and macros."""
    text = path.read_text()
    found = {f.name: signature(f.declaration) for f in headers.functions_in(text)}
    for m in tidy.MACRO.finditer(text):
        found[m.group(1)] = f"{m.group(1)}({headers.balanced('(' + m.group(2), 0)})"
    return found


def header_page(path):
    return "cycos_" + path.stem


def first_comment(path):
    """What a header says at its top: its title, and what follows."""
    body = re.match(r"/\*(.*?)\*/", path.read_text(), re.DOTALL).group(1)
    text = re.sub(r"^ \* ?", "", body, flags=re.MULTILINE).strip()
    title, _, rest = text.partition("\n\n")
    return " ".join(title.split()).split(" - ", 1)[1].rstrip("."), rest


def see_also(names):
    out = ", ".join(f"{roff.bold(roff.escape(name))}({section})" for name, section in names)
    return [*roff.section("see also"), out]


def synopsis(path, rows):
    out = [*roff.section("synopsis"), ".nf", f"#include <cycos/{path.name}>", ".PP"]
    return out + [roff.line(roff.escape(row)) for row in rows] + [".fi"]


def function_page(path, doc, declared, documented, version):
    others = sorted({n for n in re.findall(r"\bcy_\w+", " ".join(doc.text))
                     if n in documented} - set(doc.names))
    out = roff.head(doc.names[0], 3, version) + roff.name_section(doc.names, doc.summary)
    out += synopsis(path, [declared[name] for name in doc.names])
    out += roff.section("description")
    for text in doc.paragraphs() or [doc.summary.capitalize() + "."]:
        out += paragraph(text)
    if doc.parameters:
        out += roff.section("parameters")
        for name, text in doc.parameters:
            out += roff.tagged(roff.italic(roff.escape(name)), mention(text))
    for key in KEYS:
        if key in doc.keys:
            out += roff.section("history" if key == "Since" else key)
            text = doc.keys[key][1]
            out += roff.fill(mention(f"Since {text}." if key == "Since" else text))
    return out + see_also([(n, 3) for n in others + [header_page(path)]] + [("cycos", 7)])


def plain_part(path):
    """Of a header what is neither a docstring nor a function that has one: types, constants."""
    text = path.read_text()
    begin = text.index("CY_BEGIN_DECLS") + len("CY_BEGIN_DECLS") \
        if "CY_BEGIN_DECLS" in text else re.search(r"#define \w+_H\n", text).end()
    text = text[begin:].split("CY_END_DECLS")[0]
    documented = r"/\*\*\n.*?\*/\n(?:(?:#define (?:[^\n\\]|\\.|\\\n)*\n)+|[^/]*?;\n)"
    text = re.sub(documented, "", text, flags=re.DOTALL)
    text = re.sub(r"^#(include|if|endif|else).*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n").split("\n")


def header_page_of(path, docs, version):
    title, text = first_comment(path)
    out = roff.head(header_page(path), 3, version)
    out += roff.name_section([header_page(path)], title)
    out += [*roff.section("synopsis"), f"#include <cycos/{path.name}>"]
    out += roff.section("description")
    for part in [p for p in text.split("\n\n") if p.strip()] or [title.capitalize() + "."]:
        out += paragraph(part)
    if docs:
        out += roff.section("functions")
        for doc in docs:
            names = ", ".join(f"{roff.bold(roff.escape(n))}(3)" for n in doc.names)
            out += roff.tagged(names, mention(doc.summary))
    plain = plain_part(path)
    if any(plain):
        out += [*roff.section("declarations"), ".nf",
                *(roff.line(roff.escape(row)) or "\\&" for row in plain), ".fi"]
    return out + see_also([("cycos", 7)])


def api_pages(root, version):
    """{file name: lines} of section 3."""
    pages = {}
    docs = {path: [Doc(comment) for comment in dict.fromkeys(
        tidy.docstrings(path.read_text()).values())] for path in headers.public(root)}
    documented = {name for some in docs.values() for doc in some for name in doc.names}
    for path, some in docs.items():
        declared = declarations(path)
        some = [doc for doc in some if all(name in declared for name in doc.names)]
        pages[f"{header_page(path)}.3"] = header_page_of(path, some, version)
        for doc in some:
            pages[f"{doc.names[0]}.3"] = function_page(path, doc, declared, documented, version)
            for name in doc.names[1:]:
                pages[f"{name}.3"] = [f".so man3/{doc.names[0]}.3"]
    return pages


def renamed(text):
    """A program is installed under a longer name than the one that it is built with."""
    text = re.sub(r"(?<![\w./-])(kv|load)(?= (?:--|\[|serve\b|compare\b))", r"cycos-\1", text)
    text = re.sub(r"(?<![\w./-])launch(?= (?:--|\[))", "cycos-launch", text)
    return re.sub(r"(?:scripts/)launch\b", "cycos-launch", text)


def lead(text):
    """(title, what comes before the first section, the sections)."""
    title, _, rest = text.partition("\n")
    at = re.search(r"^## ", rest, re.MULTILINE)
    begin, sections = (rest, "") if at is None else (rest[:at.start()], rest[at.start():])
    return title.lstrip("# "), begin, sections


def summary_of(title):
    return (title.split(": ", 1)[1] if ": " in title else title[0].lower() + title[1:])


def program_page(name, text, help_text, version):
    title, begin, sections = lead(renamed(text))
    said = roff.Help(renamed(help_text))
    out = roff.head(name, 1, version) + roff.name_section([name], summary_of(title))
    out += said.synopsis() + roff.section("description") + said.description()
    out += roff.markdown(begin) + said.options() + roff.markdown(sections)
    return out + see_also([("cycos", 7), ("cycos-metrics", 7)])


def launch_page(version):
    text = ast.get_docstring(ast.parse((ROOT / "scripts/launch").read_text()))
    title, _, rest = renamed(text).partition("\n")
    rest = rest.split("\n\n", 1)[1]  # the usage, which --help knows better
    said = roff.Help(renamed(output_of([ROOT / "scripts/launch", "--help"])))
    said.text = []
    out = roff.head("cycos-launch", 1, version)
    out += roff.name_section(["cycos-launch"], title.split(" - ", 1)[1].rstrip("."))
    out += said.synopsis() + roff.section("description") + roff.markdown(rest)
    return out + said.options() + see_also([("cycos-kv", 1), ("cycos", 7)])


def node_options(help_text):
    said = roff.Help(help_text)
    said.groups = [(h, o) for h, o in said.groups if "node" in h]
    return said.options()


def overview_page(root, help_text, version):
    title, begin, sections = lead((root / "scripts/install/cycos.md").read_text())
    out = roff.head("cycos", 7, version) + roff.name_section(["cycos"], summary_of(title))
    out += roff.section("description") + roff.markdown(begin)
    example = re.search(r"^```c\n(.*?)^```$", (root / "README.md").read_text(), re.M | re.S)
    out += roff.section("example") + roff.verbatim(example.group(1).rstrip().split("\n"))
    out += roff.section("headers")
    for path in headers.public(root):
        out += roff.tagged(f"{roff.bold(roff.escape(header_page(path)))}(3)",
                           roff.escape(first_comment(path)[0]))
    out += node_options(help_text) + roff.markdown(sections)
    return out + see_also([("cycos-kv", 1), ("cycos-load", 1), ("cycos-launch", 1),
                           ("cycos-metrics", 7)])


def metrics_page(root, version):
    title, begin, sections = lead(renamed((root / "runtime/metrics.md").read_text()))
    out = roff.head("cycos-metrics", 7, version)
    out += roff.name_section(["cycos-metrics"], summary_of(title))
    out += roff.section("description") + roff.markdown(begin) + roff.markdown(sections)
    return out + see_also([("cycos", 7)])


def output_of(command):
    return subprocess.run(list(map(str, command)), check=True, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout


def all_pages(root, version, programs):
    """{file name: lines}; programs: {name that it is installed with: path}."""
    pages = api_pages(root, version)
    helps = {name: output_of([path, "--help"]) for name, path in programs.items()}
    for name, text in helps.items():
        short = name.removeprefix("cycos-")
        page = root / "apps" / short / f"{short}.md"
        said = page.read_text() if page.is_file() else f"# {short}: a program of cycos\n"
        pages[f"{name}.1"] = program_page(name, said, text, version)
    pages["cycos-launch.1"] = launch_page(version)
    pages["cycos.7"] = overview_page(root, helps.get("cycos-kv", ""), version)
    pages["cycos-metrics.7"] = metrics_page(root, version)
    return pages


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--program", action="append", default=[], metavar="NAME=PATH")
    options = parser.parse_args(arguments)
    programs = dict(p.split("=", 1) for p in options.program)
    pages = all_pages(ROOT, options.version, programs)
    for old in options.out.glob("man*/*"):
        if old.name not in pages:
            old.unlink()
    for name, lines in pages.items():
        folder = options.out / f"man{name[-1]}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

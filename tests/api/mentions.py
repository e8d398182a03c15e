"""mentions.py - what each C test mentions, itself and by all that it uses of the tests.

It knows the layout of our tests: definitions begin in the first column, and end there.
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import tidy

WORD = re.compile(r"\b[A-Za-z_]\w*\b")
MACRO = re.compile(r"^#define (\w+)(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
FUNCTION = re.compile(r"^([a-z_]\w*)\([^;{]*\)\n\{\n.*?^\}", re.MULTILINE | re.DOTALL)
VALUE = re.compile(r"^(?:static|const|struct)[^;(){}=]*?(\w+)(?:\[\w*\])* = "
                   r"(?:\{.*?^\}|[^\n]*?);$", re.MULTILINE | re.DOTALL)


def definitions(text):
    """{name: text} of the functions, macros and values with an initializer in a file."""
    return {m.group(1): m.group() for pattern in (MACRO, VALUE, FUNCTION)
            for m in pattern.finditer(text)}


class File:
    def __init__(self, path):
        self.text = tidy.strip_comments(path.read_text())
        self.includes = re.findall(r'^#include "(\w+)\.h"', path.read_text(), re.MULTILINE)
        self.words = {name: set(WORD.findall(text))
                      for name, text in definitions(self.text).items()}


def reach(start, words):
    """All that `start` mentions, and what is mentioned by what that names, and so on."""
    seen, new = set(), {start}
    while new:
        seen |= new
        new = set().union(*(words.get(word, ()) for word in new)) - seen
    return seen


def known_to(file, helpers):
    """The definitions of a file and of the helpers whose headers it includes."""
    words, stems = {}, list(file.includes)
    for stem in stems:  # which grows
        for helper in helpers.get(stem, ()):
            words.update(helper.words)
            stems += [other for other in helper.includes if other not in stems]
    return words | file.words


def of_tests(root):
    """(path, name of the test, words) of each."""
    helpers, tests = {}, {}
    for path in sorted((Path(root) / "tests").rglob("*.[ch]")):
        if path.name.startswith("test_"):
            tests[path] = File(path)
        elif not path.name.startswith("fuzz_"):
            helpers.setdefault(path.stem, []).append(File(path))
    for path, file in tests.items():
        words = known_to(file, helpers)
        for name in re.findall(r"\bCY_TEST\((\w+)\)", file.text):
            yield path, name, reach(name, words)

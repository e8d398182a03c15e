"""headers.py - reads the public headers: which functions they declare, how they are documented.

Shared by tidy.py and by the tests of the API. It knows the subset of C that our headers use.
"""
import pathlib
import re
from dataclasses import dataclass

TOKEN = re.compile(r"""
    (?P<comment>/\*.*?\*/)
  | (?P<directive>^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
  | (?P<string>"(?:\\.|[^"\\])*")
  | (?P<open>[{(])
  | (?P<close>[})])
  | (?P<end>;)
  | (?P<other>[^/#"{}();]+|[/#])
""", re.VERBOSE | re.DOTALL | re.MULTILINE)
FUNCTION = re.compile(r"\b(cy_\w+)\s*\((?!\s*\*)")
MARKS = re.compile(r"\b(CY_BEGIN_DECLS|CY_END_DECLS)\b")


@dataclass
class Function:
    name: str
    line: int
    comment: str      # the comment right above, "" when there is none
    declaration: str  # on one line, attributes included

    def parameters(self):
        """The names of the parameters; an unnamed one is ""."""
        inner = balanced(self.declaration, self.declaration.index(self.name) + len(self.name))
        if inner.strip() in ("", "void"):
            return []
        return [parameter_name(p) for p in split_top(inner)]

    def returns(self):
        before = self.declaration[:self.declaration.index(self.name)]
        before = re.sub(r"__attribute__\s*\(\(.*?\)\)|\bCY_[A-Z_]+\b(\([^)]*\))?", " ", before)
        return " ".join(before.split())


def balanced(text, start):
    """What stands between the parenthesis at or after start and its partner."""
    begin = text.index("(", start)
    depth = 0
    for i in range(begin, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return text[begin + 1:i]
    return text[begin + 1:]


def split_top(text):
    parts, depth, current = [], 0, ""
    for c in text:
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += c
    return parts + [current]


def parameter_name(text):
    pointer = re.search(r"\(\s*\*\s*(\w+)", text)  # void (*fn)(void *)
    if pointer:
        return pointer.group(1)
    if text.strip() == "...":
        return "..."
    words = re.findall(r"\w+", re.sub(r"\[.*", "", text))
    return words[-1] if len(words) > 1 else ""


def chunks(text):
    """(line, comment above, declaration) of everything at file level, bodies left out."""
    comment, comment_end, declaration, start, depth, in_body = "", 0, "", 0, 0, False
    last_comment, last_end = "", -1
    for token in TOKEN.finditer(text):
        kind, value = token.lastgroup, token.group()
        line = text.count("\n", 0, token.start()) + 1
        if kind == "comment":
            if not declaration.strip():
                comment, comment_end = value, text.count("\n", 0, token.end()) + 1
            continue
        if kind == "directive":
            continue
        if value == "{":
            depth, in_body = depth + 1, True
        elif value == "}":
            depth -= 1
        if not in_body:
            if not declaration.strip() and value.strip():
                start = line + value[:len(value) - len(value.lstrip())].count("\n")
            declaration = MARKS.sub(" ", declaration + value)
        if depth == 0 and (kind == "end" or value == "}"):
            # `struct x { ... };` ends at its `;`, a function body at its `}`.
            if kind == "end" or "(" in declaration:
                # Declarations without a blank line between them share the comment above.
                if start == last_end + 1 and not comment:
                    comment, comment_end = last_comment, last_end
                comment = comment if start <= comment_end + 1 else ""
                yield start, comment, declaration
                last_comment, last_end = comment, text.count("\n", 0, token.end()) + 1
                comment, declaration, in_body = "", "", False


def functions_in(text):
    """The functions that a header's text declares or defines inline, in order."""
    for line, comment, declaration in chunks(text):
        flat = " ".join(declaration.split())
        found = FUNCTION.search(flat)
        if found and not flat.startswith("typedef"):
            yield Function(found.group(1), line, comment, flat)


def functions(path):
    return functions_in(pathlib.Path(path).read_text())


def public(root):
    """The public headers below root: COMPONENT/include/cycos/*.h, impl/ left out."""
    return sorted(pathlib.Path(root).glob("*/include/cycos/*.h"))

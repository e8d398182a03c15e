"""check_api.py - what the public headers promise, held against libraries and tests.

    check_api.py generate ROOT OUT    a C source that takes the address of every public function
    check_api.py documented ROOT      every public function and macro has its docstring
    check_api.py tested ROOT          every one of them is named in some test
    check_api.py promised ROOT        each error that a docstring names is expected by a test
    check_api.py readme ROOT OUT      the C example of README.md
    check_api.py exported NM PREFIXES LIBRARY...   a library defines no other global names
"""
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import headers
import mentions
import tidy

ERROR = re.compile(r"(?<![\w-])(?:-|CY_)E[A-Z0-9]+\b")
SAME = re.compile(r"\berrors are those of (\w+)")


def public_functions(root):
    for path in headers.public(root):
        for function in headers.functions(path):
            yield path, function


def macros(path):
    """{macro: what follows its name}, whether it looks like a function or not."""
    pattern = re.compile(r"^#define (\w+)((?:[^\n\\]|\\.|\\\n)*)", re.MULTILINE)
    return {m.group(1): m.group(2) for m in pattern.finditer(path.read_text())}


def generate(root, out):
    """Compiled as C and as C++: a missing definition or C linkage does not link."""
    included = "".join(f"#include <cycos/{p.name}>\n" for p in headers.public(root))
    rows = "".join(f"    (cy_any *) {f.name},\n" for _, f in public_functions(root))
    pathlib.Path(out).write_text(
        f"{included}\ntypedef void cy_any(void);\nextern cy_any *const cy_all[];\n"
        f"cy_any *const cy_all[] = {{\n{rows}    0,\n}};\n\nint\nmain(void)\n{{\n"
        "    int n = 0;\n    while (cy_all[n])\n        n++;\n    return n == 0;\n}\n")
    return []


def readme(root, out):
    text = (pathlib.Path(root) / "README.md").read_text()
    pathlib.Path(out).write_text(re.search(r"^```c\n(.*?)^```$", text, re.M | re.S).group(1))
    return []


def documented(root):
    found = []
    for path in headers.public(root):
        relative = path.relative_to(root)
        file = tidy.File(relative.as_posix(), path.read_text(), root)
        found += [f"{relative}:{n}: {message}" for n, message in tidy.public_docs(file)]
    return found


def words_of_tests(root):
    """Without those of tests/api, which name everything."""
    words = set()
    for path in (pathlib.Path(root) / "tests").rglob("*.[ch]"):
        if path.parent.name != "api":
            words.update(re.findall(r"\b(?:cy|CY)_\w+", tidy.strip_comments(path.read_text())))
    return words


def tested(root):
    """A function behind a macro counts as tested where the macro is."""
    words, found = words_of_tests(root), []
    for path in headers.public(root):
        names = {f.name for f in headers.functions(path)}
        names |= {m.group(1) for m in tidy.MACRO.finditer(path.read_text())}
        for name in sorted(names):
            users = {m for m, body in macros(path).items() if re.search(rf"\b{name}\b", body)}
            if not words & (users | {name}):
                found.append(f"{path.relative_to(root)}: {name} is in no test")
    return found


def promises(path):
    """(the functions that share a docstring, the errors that it names) of a header."""
    text, groups = path.read_text(), {}
    functions = {f.name for f in headers.functions(path)}
    behind = {m.group(1): set(re.findall(r"\bcy_\w+", m.group(2))) & functions
              for m in tidy.MACRO.finditer(text)}
    docs = tidy.docstrings(text)
    for name, comment in docs.items():
        same = SAME.search(" ".join(re.sub(r"^ \*", "", comment, flags=re.MULTILINE).split()))
        for doc in {comment, docs.get(same.group(1), comment) if same else comment}:
            groups.setdefault(doc, set()).update({name}, behind.get(name, ()))
    for comment, names in groups.items():
        said = re.search(r"Errors:(.*?)\n \* Since:", comment, re.DOTALL)
        yield names, set(ERROR.findall(said.group(1) if said else comment))


def promised(root):
    """Some test mentions the function and the error, it or what it uses of the tests."""
    root, found = pathlib.Path(root), []
    tests = [words for _, _, words in mentions.of_tests(root)]
    for path in headers.public(root):
        for names, errors in promises(path):
            known = set().union(*(words for words in tests if words & names))
            found += [f"{path.relative_to(root)}: no test expects {error} of {min(names)}"
                      for error in sorted(errors) if error.lstrip("-") not in known]
    return found


def exported(nm, prefixes, *libraries):
    found, seen = [], 0
    for library in libraries:
        output = subprocess.run([nm, "-g", "--defined-only", library], check=True, text=True,
                                capture_output=True).stdout
        for name in re.findall(r"^[0-9a-f]+ [A-Z] (\S+)$", output, re.MULTILINE):
            seen += 1
            sanitizer = name.startswith(("__odr_asan", "__tsan", "__asan", "__ubsan"))
            if not name.startswith(tuple(prefixes.split(","))) and not sanitizer:
                found.append(f"{pathlib.Path(library).name}: {name} has none of the prefixes "
                             f"{prefixes}")
    return found if seen or found else [f"no symbols at all in {' '.join(libraries)}"]


def main(action, *arguments):
    actions = (generate, readme, documented, tested, promised, exported)
    actions = {f.__name__: f for f in actions}
    found = actions[action](*arguments)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

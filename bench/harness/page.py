"""page.py - a result as Markdown, and its place in bench/README.md between two markers."""
import re

import units

BEGIN = "<!-- figures: made by scripts/bench render -->"
BEGINS = re.compile(r"<!-- figures: made by .* -->\n")
END = "<!-- end of figures -->"


def value(figure, unit):
    """A median with its extremes; the unit stands in the row."""
    text = units.number(figure["median"])
    if figure["min"] != figure["max"]:
        text += f" [{units.number(figure['min'])}..{units.number(figure['max'])}]"
    return text if unit is None else f"{text} {units.UNITS[unit][2]}"


def times(figure):
    return f" ({units.number(figure['times']['median'])} x)" if "times" in figure else ""


def limit(row):
    if not row["limit"]:
        return ""
    return f"{row['limit']['text']}" if "text" in row["limit"] else units.number(
        row["limit"]["value"])


def best_peer(row, contestants):
    """Whoever comes closest to us, the raw machine aside: (who, figure) or None."""
    peers = [(who, figure) for who, figure in row["who"].items()
             if contestants.get(who, {}).get("peer") and "times" in figure]
    return min(peers, key=lambda peer: peer[1]["times"]["median"]) if peers else None


def target(row):
    text = row["target"]
    if row["bound"] is not None and ("x" in text or "+" in text):
        text += f" = {units.number(row['bound'])}"
    return text


MET = {True: "yes", False: "**no**", None: ""}


def against_targets(result, contestants):
    yield "| workload | unit | limit | raw machine | best peer | cycos | target | met |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in result["rows"]:
        who, raw = row["who"], row["who"].get("raw")
        best = best_peer(row, contestants)
        peer = f"{contestants[best[0]]['title']} {value(best[1], None)}{times(best[1])}" \
            if best else ""
        yield (f"| {row['title']} | {units.UNITS[row['unit']][2]} | {limit(row)} "
               f"| {value(raw, None) + times(raw) if raw else ''} | {peer} "
               f"| {value(who['cycos'], None) if 'cycos' in who else ''} "
               f"| {target(row)} | {MET[row['met']]} |")


def present(result, contestants):
    """Who has a figure at all, in the order of the table."""
    return [who for who in contestants if any(who in row["who"] for row in result["rows"])]


def everybody(result, contestants):
    whos = present(result, contestants)
    titles = " | ".join(contestants[who]["title"] for who in whos)
    yield f"| workload | unit | {titles} |"
    yield "|---|---" + "|---" * len(whos) + "|"
    for row in result["rows"]:
        if len(row["who"]) > 1:
            cells = [value(row["who"][who], None) + times(row["who"][who])
                     if who in row["who"] else "" for who in whos]
            yield f"| {row['title']} | {units.UNITS[row['unit']][2]} | {' | '.join(cells)} |"


def quoted_rows(result, quoted):
    """(row, quoted figures in the row's unit), for the rows that have some."""
    for row in result["rows"]:
        found = [(entry, units.convert(entry["value"], entry["unit"], row["unit"]))
                 for entry in quoted["figures"] if entry["row"] == row["name"]]
        found = [(entry, number) for entry, number in found if number is not None]
        if found:
            yield row, found


def elsewhere(result, quoted):
    yield "| workload | unit | quoted, not measured here | cycos here |"
    yield "|---|---|---|---|"
    for row, found in quoted_rows(result, quoted):
        texts = [f"{entry['who']} {units.number(number)}"
                 + (f" ({entry['note']})" if entry.get("note") else "")
                 for entry, number in found]
        ours = row["who"].get("cycos")
        yield (f"| {row['title']} | {units.UNITS[row['unit']][2]} | {'; '.join(texts)} "
               f"| {units.number(ours['median']) if ours else ''} |")


def ours_besides(result):
    yield "| figure | of | median | min | max | unit |"
    yield "|---|---|---|---|---|---|"
    for line in result["lines"]:
        about = ", ".join(f"{k} {str(v).lower() if isinstance(v, bool) else v}"
                          for k, v in line["about"].items())
        cells = " | ".join(units.number(line[key]) for key in ("median", "min", "max"))
        yield f"| {line['bench']} | {about} | {cells} | {units.UNITS[line['unit']][2]} |"


def machine(result, contestants):
    m, load = result["machine"], result.get("load")
    yield (f"Machine: {m['cpu']}, {m['cpus']} CPUs, {m['memory_mb'] / 1024:.0f} GiB, "
           f"{m['system']}, Linux {m['kernel']}; load average {load[0]} at the start and "
           f"{load[1]} at the end." if load else f"Machine: {m}")
    names = {"compiler": "compiler", **{w: about["title"] for w, about in contestants.items()}}
    versions = [f"{names.get(who, who)} {version}" for who, version
                in result["versions"].items() if who != "unknown"]
    yield "Versions: " + ", ".join(versions) + "."
    if result.get("quick"):
        yield "**A smoke run: too little work for figures.**"
    yield (f"{result['rounds']} turns each, everybody in turn; median [min..max]. "
           "In brackets how many times as good cycos is; below 1 the other is ahead.")
    for who, why in sorted(result["left_out"].items()):
        yield f"Left out: {who}: {why}."
    for what, why in sorted(result["notes"].items()):
        yield f"Note: {what}: {why}."


def paragraphs(result, contestants, quoted, chart=None):
    yield "  \n".join(machine(result, contestants))
    if chart and result["rows"]:
        yield f"![How many times as long as cycos]({chart})"
    if result["rows"]:
        yield "\n".join(against_targets(result, contestants))
    if len(present(result, contestants)) > 1:
        yield "Everybody:"
        yield "\n".join(everybody(result, contestants))
        remarks = [f"- {row['title']}: {row['note']}" for row in result["rows"] if row["note"]]
        if remarks:
            yield "\n".join(remarks)
    if any(True for _ in quoted_rows(result, quoted)):
        yield quoted["source"]
        yield "\n".join(elsewhere(result, quoted))
    if result["lines"]:
        yield "What else our programs print:"
        yield "\n".join(ours_besides(result))


def markdown(result, contestants, quoted, chart=None):
    return "\n\n".join(paragraphs(result, contestants, quoted, chart)) + "\n"


def put_into(text, figures):
    """The page with the figures between its markers."""
    begin, end = BEGINS.search(text), text.find(END)
    if begin is None or end < begin.end():
        raise ValueError("the page has no markers for the figures")
    return f"{text[:begin.start()]}{BEGIN}\n{figures}{text[end:]}"

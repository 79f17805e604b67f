#!/usr/bin/env python3
"""Checks the links between the pages of this repository, and to headings in them. Links to other sites are not followed."""

import pathlib
import re
import subprocess
import sys

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^]]+\]: (\S+)", re.MULTILINE)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def prose(page):
    """The text of a page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page):
    """The names that GitHub gives the headings of a page."""
    seen = {}
    for heading in HEADING.findall(prose(page)):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        count = seen.get(name, 0)
        seen[name] = count + 1
        yield f"{name}-{count}" if count else name


def faults(page):
    """The links of a page that lead nowhere."""
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    for link in (first or second for first, second in LINK.findall(text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page.resolve()
        if not target.exists():
            yield f"{page}: {link}: there is no such file"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"{page}: {link}: there is no such heading"


def main():
    files = subprocess.run(["git", "ls-files", "*.md"], check=True, capture_output=True, text=True)
    pages = [pathlib.Path(name) for name in files.stdout.splitlines()]
    found = [fault for page in pages for fault in faults(page)]
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"{len(pages)} pages, {len(found)} links that lead nowhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

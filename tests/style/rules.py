# SPDX-License-Identifier: MIT
"""The style rules that a program can check. A tree is a dict from path to text; a rule yields (path, line, complaint)."""
import collections
import os
import re

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
MAX_COMPONENTS = 12

# Who may include whom: folder -> the folders it may name besides itself. The longest folder that matches counts;
# folders that are not listed here (examples, bench, tests) may include everything.
LAYERS = {
    "fermata/base": [],
    "fermata/host": ["fermata/base"],
    "fermata/time": ["fermata/base"],
    "fermata/trace": ["fermata/time", "fermata/base"],
    "fermata/wire": ["fermata/time", "fermata/base"],
    "fermata/transport": ["fermata/host", "fermata/base"],
    "fermata/record": ["fermata/wire", "fermata/transport", "fermata/trace", "fermata/host", "fermata/time",
                       "fermata/base"],
    "fermata/guest": ["fermata/state", "fermata/wire", "fermata/transport", "fermata/trace", "fermata/host", "fermata/time",
                      "fermata/base"],
    "fermata/sim/device_host": ["fermata/sim", "fermata/bus", "fermata/clock", "fermata/state", "fermata/wire",
                                "fermata/trace", "fermata/transport", "fermata/host", "fermata/time", "fermata/base"],
    "fermata/c": ["fermata/sim", "fermata/wire", "fermata/transport", "fermata/trace", "fermata/host", "fermata/time",
                  "fermata/base"],
    "fermata/sim": ["fermata/record", "fermata/guest", "fermata/wire", "fermata/transport", "fermata/trace", "fermata/host",
                    "fermata/time", "fermata/base"],
    "fermata/state": ["fermata/time", "fermata/base"],
    "fermata/clock": ["fermata/state", "fermata/host", "fermata/time", "fermata/base"],
    "fermata/loop": ["fermata/clock", "fermata/state", "fermata/host", "fermata/time", "fermata/base"],
    "fermata/bus": ["fermata/clock", "fermata/state", "fermata/time", "fermata/base"],
    "fermata/device": ["fermata/bus", "fermata/clock", "fermata/state", "fermata/time", "fermata/base"],
    "fermata/riscv": ["fermata/bus", "fermata/clock", "fermata/state", "fermata/time", "fermata/base"],
    "fermata/machine": ["fermata/device", "fermata/riscv", "fermata/loop", "fermata/guest", "fermata/bus",
                        "fermata/clock", "fermata/state", "fermata/wire", "fermata/transport", "fermata/trace",
                        "fermata/host", "fermata/time", "fermata/base"],
    "guests/machine": ["fermata/record", "fermata/machine", "fermata/device", "fermata/riscv", "fermata/loop", "fermata/guest",
                       "fermata/bus", "fermata/clock", "fermata/state", "fermata/wire", "fermata/transport",
                       "fermata/trace", "fermata/host", "fermata/time", "fermata/base"],
    "guests/qemu/devices": ["fermata/device", "fermata/bus", "fermata/time", "fermata/base"],
    "guests/qemu/stock": ["fermata/bus", "fermata/host", "fermata/time", "fermata/base"],
    "guests/qemu/agent": ["guests/qemu/stock", "fermata/record", "fermata/guest", "fermata/bus", "fermata/clock",
                          "fermata/state", "fermata/wire", "fermata/transport", "fermata/trace",
                          "fermata/host", "fermata/time", "fermata/base"],
    "guests/qemu/dropin": ["guests/qemu/agent/link", "fermata/transport", "fermata/time", "fermata/base", "fermata/host"],
    "cli": ["fermata/record", "fermata/wire", "fermata/sim", "fermata/guest", "fermata/trace", "fermata/host", "fermata/time", "fermata/base"],
}
TEST_MAY_ALSO_INCLUDE = {"fermata/guest": ["fermata/sim"], "fermata/machine": ["fermata/sim"],
                         "guests/machine": ["fermata/sim"],
                         "guests/qemu/agent": ["fermata/sim", "fermata/device"]}

HOST_CLOCK_HOME = "fermata/host/clock.cpp"
HOST_CLOCK = re.compile(
    r"\b(steady_clock|system_clock|high_resolution_clock|clock_gettime|clock_nanosleep|gettimeofday|timespec_get"
    r"|ftime|rdtscp?|__rdtscp?)\b|::time\(|\btime\((?:NULL|nullptr|0|&)|\bCLOCK_(?:MONOTONIC|REALTIME)")
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
WORDS = re.compile(r"(?i)(?<![a-z])(mas" r"ter|sla" r"ve)s?(?![a-z])")
MACHINE_PATHS = re.compile(r"(?<![\w./-])(/wor[k]/|/tm[p]/q\b|/hom[e]/[a-z]|/roo[t]/)")
REGISTRY_HOSTS = re.compile(
    r"\b(deb\.debian\.org|ftp\.(?:\w+\.)?debian\.org|snapshot\.debian\.org|security\.debian\.org|archive\.ubuntu\.com"
    r"|pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|crates\.io|proxy\.golang\.org|conan\.io)\b")

STRIPPED = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"([^()\s"]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s+"((?:fermata|guests|cli)/[^"]+)"', re.MULTILINE)


def is_cpp(path):
    return path.endswith((".cpp", ".hpp", ".c", ".h"))


def is_test(path):
    return path.endswith(("_test.cpp", "_test.py")) or path.startswith("tests/") or "/testing/" in path


def is_source(path, text):
    name = os.path.basename(path)
    return (is_cpp(path) or name == "CMakeLists.txt" or text.startswith("#!")
            or path.endswith((".cmake", ".py", ".sh", ".S", ".s", ".ld")))


def code_of(text):
    """C++ without comments and literals; every line stays where it was."""
    return STRIPPED.sub(lambda match: "\n" * match.group().count("\n") or " ", text)


def line_at(text, position):
    return text.count("\n", 0, position) + 1


def matches(pattern, path, text, complaint):
    for match in pattern.finditer(text):
        yield path, line_at(text, match.start()), complaint.format(match.group().strip())


def licence(tree):
    for path, text in tree.items():
        if not is_source(path, text):
            continue
        wanted = "GPL-2.0-or-later" if path.startswith("guests/qemu/") else "MIT"
        found = re.search(r"SPDX-License-Identifier: (\S+)", "\n".join(text.split("\n", 4)[:4]))
        if not found:
            yield path, 1, f"no SPDX-License-Identifier in the first lines; here it is {wanted}"
        elif found.group(1) != wanted:
            yield path, 1, f"licence {found.group(1)}; here it is {wanted}"


def layers(tree):
    for path, text in tree.items():
        homes = [folder for folder in LAYERS if path.startswith(folder + "/")]
        if not homes or not is_cpp(path):
            continue
        home = max(homes, key=len)
        allowed = [home, *LAYERS[home], *(TEST_MAY_ALSO_INCLUDE.get(home, []) if is_test(path) else [])]
        for match in INCLUDE.finditer(text):
            if not any(match.group(1).startswith(folder + "/") for folder in allowed):
                yield path, line_at(text, match.start(1)), f"{home} may not include {match.group(1)}"


def host_clock(tree):
    for path, text in tree.items():
        if is_cpp(path) and path.startswith(("fermata/", "guests/", "cli/")) and path != HOST_CLOCK_HOME:
            yield from matches(HOST_CLOCK, path, code_of(text), "host clock `{}`; ask a host::HostClock instead")


def file_size(tree):
    for path, text in tree.items():
        if is_source(path, text) and text.count("\n") > MAX_FILE_LINES:
            yield path, text.count("\n"), f"{text.count(chr(10))} lines; at most {MAX_FILE_LINES}"


def functions_of(text):
    """(first line, last line) of each function body: a brace after `)` outside of any function. A heuristic."""
    code = re.sub(r"^[ \t]*#[^\n]*", "", code_of(text), flags=re.MULTILINE)
    stack, head_start = [], 0
    for match in re.finditer(r"[{};]", code):
        at, token = match.start(), match.group()
        if token == "{":
            head = code[head_start:at]
            is_container = re.search(r"\b(namespace|class|struct|union|enum|extern)\b", head) and not re.search(
                r"\)[^()]*$", head)
            inside = any(kind != "container" for kind, _ in stack)
            is_function = not inside and not is_container and ")" in head and not re.search(r"=\s*$", head)
            stack.append(("container" if is_container and not inside else "function" if is_function else "block", at))
        elif token == "}" and stack:
            kind, start = stack.pop()
            if kind == "function":
                yield line_at(code, start), line_at(code, at)
        head_start = at + 1


def function_size(tree):
    for path, text in tree.items():
        if is_cpp(path):
            for first, last in functions_of(text):
                if last - first + 1 > MAX_FUNCTION_LINES:
                    yield path, first, f"function of {last - first + 1} lines; at most {MAX_FUNCTION_LINES}"


def folder_size(tree):
    components = collections.defaultdict(set)
    for path in tree:
        if is_cpp(path):
            folder, name = os.path.split(path)
            components[folder].add(re.sub(r"(_test|_fuzz)?\.\w+$", "", name))
    for folder, names in components.items():
        if len(names) > MAX_COMPONENTS:
            yield folder, 1, f"{len(names)} components; at most {MAX_COMPONENTS}"


def test_beside_source(tree):
    for path in tree:
        if path.startswith("fermata/") and path.endswith(".cpp") and not path.endswith(("_test.cpp", "_fuzz.cpp")):
            test = path[:-len(".cpp")] + "_test.cpp"
            if test not in tree:
                yield path, 1, f"no {os.path.basename(test)} beside it"


def pragma_once(tree):
    for path, text in tree.items():
        if path.endswith((".hpp", ".h")) and not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield path, 1, "no #pragma once"


def public_macros(tree):
    pattern = re.compile(r"^\s*#\s*define\s+\w+", re.MULTILINE)
    for path, text in tree.items():
        if path.startswith("fermata/") and path.endswith(".hpp"):
            yield from matches(pattern, path, text, "macro in a public header: {}")


def sleeping_tests(tree):
    for path, text in tree.items():
        if is_test(path) and path.endswith((".cpp", ".py", ".c")):
            code = code_of(text) if is_cpp(path) else text
            yield from matches(SLEEP, path, code, "tests never sleep: {}...; wait for an event, with a limit")


def words(tree):
    for path, text in tree.items():
        yield from matches(WORDS, path, text, "the word `{}`; see GLOSSARY.md")


def machine_paths(tree):
    for path, text in tree.items():
        yield from matches(MACHINE_PATHS, path, text, "path of one machine: {}")


def registry_hosts(tree):
    for path, text in tree.items():
        yield from matches(REGISTRY_HOSTS, path, text, "address of a registry: {}; ask the machine's own tools for it")


def decisions(tree):
    seen = {}
    for path in tree:
        folder, name = os.path.split(path)
        if folder != "docs/decisions":
            continue
        number = re.fullmatch(r"(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md", name)
        if not number:
            yield path, 1, "a decision is named NNNN-title-in-lower-case.md"
        elif number.group(1) in seen:
            yield path, 1, f"has the number of {seen[number.group(1)]}"
        else:
            seen[number.group(1)] = name


RULES = [licence, layers, host_clock, file_size, function_size, folder_size, test_beside_source, pragma_once,
         public_macros, sleeping_tests, words, machine_paths, registry_hosts, decisions]


def findings(tree, exceptions=()):
    """All complaints, as (rule, path, line, complaint). `exceptions` are (rule, path); one that is not needed is
    itself a complaint."""
    unused = set(exceptions)
    for rule in RULES:
        for path, line, complaint in rule(tree):
            if (rule.__name__, path) in exceptions:
                unused.discard((rule.__name__, path))
            else:
                yield rule.__name__, path, line, complaint
    for rule, path in sorted(unused):
        yield "exceptions", path, 1, f"the exception from {rule} is not needed any more"

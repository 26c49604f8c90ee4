#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Proves the rules of the tree: who may include whom, what pure files and nodes must not do, headers that
compile alone. TAP. First the rules prove themselves: each must find the violation that selftest.py
plants in a tree of its own.

  lint.py [ROOT]           the project (default: where this file lies)
  lint.py --no-compile     leaves out the compilation of headers and cppcheck
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CODE = ("nf", "plugins", "control-plane", "configs", "tests")
TEXT = ("docs", ".ci", "README.md", "meson.build", "meson_options.txt") # of these only the words are judged
LIBC = {"assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h",
        "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h"}
# behind "." or "->" it is a member, not the function of libc
IMPURE_CALLS = r"(?<![.>])\b(socket|bind|connect|sendto|sendmsg|recvfrom|recvmsg|clock_gettime|gettimeofday|time|nanosleep|usleep|" \
    r"getrandom|random|rand|srand|arc4random|randombytes_buf|wg_random|nf_clock_ns|nf_clock_wall_ns|pthread_\w+|open|fopen|getenv)\s*\("
NODE_CALLS = r"(?<![.>])\b(nf_log\w*|f?printf|puts|perror|syslog|malloc|calloc|realloc|strdup|free|rte_malloc\w*|rte_zmalloc\w*|open|read|" \
    r"write|close|send|recv|sendto|recvfrom|ioctl|poll|usleep|nanosleep|clock_gettime|gettimeofday|getrandom|syscall|" \
    r"pthread_\w+)\s*\("


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def code_of(text):
    """Without comments and strings, line numbers kept."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", blank, text, flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', lambda m: '"' + " " * (len(m.group(0)) - 2) + '"', text)


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = []
        for top in CODE:
            for folder, names, files in os.walk(os.path.join(root, top)):
                names[:] = sorted(n for n in names if not n.startswith((".", "__pycache__", "corpus")))
                self.files += [os.path.relpath(os.path.join(folder, f), root) for f in sorted(files)]
        self.words = self.files + [os.path.relpath(os.path.join(folder, f), root) for top in TEXT
                                   for folder, _, files in os.walk(os.path.join(root, top)) for f in sorted(files)]
        self.words += [f for f in TEXT if os.path.isfile(os.path.join(root, f))]
        self.texts = {}

    def text(self, path):
        if path not in self.texts:
            self.texts[path] = read(os.path.join(self.root, path))
        return self.texts[path]

    def c_files(self, *tops):
        return [f for f in self.files if f.endswith((".c", ".h")) and (not tops or f.startswith(tuple(t + "/" for t in tops)))]

    def includes(self, path):
        """(line, name, is quoted)"""
        for n, line in enumerate(self.text(path).splitlines(), 1):
            m = re.match(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', line)
            if m:
                yield n, m.group(1) or m.group(2), m.group(2) is not None

    def calls(self, path, pattern):
        code = code_of(self.text(path))
        for m in re.finditer(pattern, code):
            yield code.count("\n", 0, m.start()) + 1, m.group(1)

    def resolve(self, path, name):
        """A quoted include as a path of the tree, or None."""
        plugin = "/".join(path.split("/")[:2])
        for base in (os.path.dirname(path), plugin, "nf", "configs/reader", "configs/portal", "control-plane/core", "control-plane/log", "control-plane", ""):
            full = os.path.normpath(os.path.join(base, name))
            if full in self.files:
                return full
        return None

    def pure(self):
        """Files without IO: 'pure' in plugins/*/meson.build with their own headers, ctl_check, the whole core."""
        found = set(f for f in self.c_files("control-plane/core"))
        for f in self.files:
            m = re.fullmatch(r"(plugins/\w+)/meson\.build", f)
            if m:
                listed = re.search(r"'pure':\s*files\(([^)]*)\)", self.text(f))
                found |= {f"{m.group(1)}/{n}" for n in re.findall(r"'([^']+)'", listed.group(1))} if listed else set()
        found |= {f for f in self.files if re.fullmatch(r"nf/runtime/ctl_check\.[ch]", f)}
        return sorted(found | {f[:-2] + ".h" for f in found if f.endswith(".c") and f[:-2] + ".h" in self.files})


def pure_files_do_no_io(t):
    for f in t.pure():
        if f not in t.files:
            yield f, 1, "is listed as pure and does not exist"
            continue
        for n, name, quoted in t.includes(f):
            # advice about memory is no IO: large tables ask for large pages
            if not quoted and name not in LIBC | {"sys/mman.h"} and name != "nf/wire.h" and not ("/portal/" in f and name == "jansson.h"):
                yield f, n, f"pure file includes <{name}>"
        for n, call in t.calls(f, IMPURE_CALLS):
            yield f, n, f"pure file calls {call}()"


def core_includes_only_itself(t):
    for f in t.c_files("control-plane/core"):
        for n, name, quoted in t.includes(f):
            target = t.resolve(f, name) if quoted else None
            if quoted and not (target or "").startswith("control-plane/core/"):
                yield f, n, f'core includes "{name}"'


def shell_includes_core_only(t):
    for f in t.c_files("control-plane"):
        if f.startswith("control-plane/core/"):
            continue
        own = "/".join(f.split("/")[:2]) + "/"
        for n, name, quoted in t.includes(f):
            target = t.resolve(f, name) if quoted else None
            if name.startswith("rte_") or (not quoted and name.startswith("nf/") and name != "nf/wire.h"):
                yield f, n, f"control plane includes <{name}>"
            elif quoted and not (target or "").startswith((own, "control-plane/core/", "control-plane/log/", "configs/reader/sluice_config.h",
                                                         "configs/portal/portal_config.h")):
                yield f, n, f'control plane includes "{name}"'


def network_function_includes_its_own(t):
    for f in t.c_files("nf", "plugins"):
        folder = "/".join(f.split("/")[:2]) + "/"
        for n, name, quoted in t.includes(f):
            target = t.resolve(f, name) if quoted else None
            if not quoted or (target or "").startswith((folder, "nf/include/nf/")):
                continue
            if f.startswith("nf/runtime/") and target in ("configs/reader/sluice_config.h", "nf/nodes/nodes.h"):
                continue # the graph builder tells the infrastructure nodes of their ports
            yield f, n, f'includes "{name}" of another folder'


def the_runtime_names_no_plugin(t):
    names = {f.split("/")[1] for f in t.files if f.startswith("plugins/") and f.count("/") >= 2}
    for f in t.c_files("nf/runtime", "nf/nodes"):
        for n, line in enumerate(re.sub(r"/\*.*?\*/", blank, t.text(f), flags=re.S).splitlines(), 1):
            for p in names - {"ip"}: # "ip" is a word of its own: nf/iface.h
                if re.search(rf"\b{p}\b", line) or (p == "wireguard" and re.search(r"\bwg_", line)):
                    yield f, n, f"names plugin {p}"
            if re.search(r"sluice_ip|\"ip\"", line):
                yield f, n, "names plugin ip"


def nothing_includes_tests(t):
    for f in t.c_files("nf", "plugins", "control-plane", "configs"):
        for n, name, _ in t.includes(f):
            if re.search(r"(^|/)tests/|cmocka", name) or (t.resolve(f, name) or "").startswith("tests/"):
                yield f, n, f"includes {name}"


def wire_includes_stdint_only(t):
    for n, name, _ in t.includes("nf/include/nf/wire.h"):
        if name != "stdint.h":
            yield "nf/include/nf/wire.h", n, f"includes {name}"


def nodes_do_not_log_or_call_the_system(t):
    for f in t.c_files("nf/nodes", "plugins"):
        if not os.path.basename(f).startswith("node_") or not f.endswith(".c"):
            continue
        for n, call in t.calls(f, NODE_CALLS):
            yield f, n, f"node calls {call}()"


def every_file_has_its_licence(t):
    for f in t.files:
        if f.endswith((".c", ".h", ".py", ".sh", "meson.build")):
            if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(t.text(f).splitlines()[:2]):
                yield f, 1, "has no SPDX line"


def nothing_is_left_to_do(t):
    for f in t.words:
        for n, line in enumerate(t.text(f).splitlines(), 1):
            if re.search(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b", line):
                yield f, n, "is unfinished"


def paths_are_of_no_machine(t):
    for f in t.words:
        for n, line in enumerate(t.text(f).splitlines(), 1):
            if re.search(r"(?<![\w.$}])/(wo" r"rk|ho" r"me|ro" r"ot|Us" r"ers)/", line):
                yield f, n, "holds a path of one machine"


def counters_explain_themselves(t):
    """nf_counter_register(owner, name, kind, help), and the X-macros with (field, kind, help) that end there."""
    for f in t.c_files("nf", "plugins"):
        text = re.sub(r"/\*.*?\*/", blank, t.text(f), flags=re.S)
        for m in re.finditer(r'\bnf_counter_register\(|\bX\(\w+,\s*(?:DROP|EVENT),', text):
            depth, end = 1, m.end()
            while depth and end < len(text):
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            if re.search(r',\s*(""\s*)+\)$', text[m.end() - 1:end]):
                yield f, text.count("\n", 0, m.start()) + 1, "counter without a word of help"


RULES = [pure_files_do_no_io, core_includes_only_itself, shell_includes_core_only, network_function_includes_its_own,
         the_runtime_names_no_plugin, nothing_includes_tests, wire_includes_stdint_only, nodes_do_not_log_or_call_the_system,
         every_file_has_its_licence, nothing_is_left_to_do, paths_are_of_no_machine, counters_explain_themselves]


def pkg_cflags():
    flags = subprocess.run(["pkg-config", "--cflags", "libdpdk"], capture_output=True, text=True, check=False).stdout
    return flags.split() + ["-DALLOW_EXPERIMENTAL_API"]


def headers_compile_alone(t):
    base = [os.environ.get("CC", "cc"), "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-x", "c"] + pkg_cflags()
    for f in t.c_files("nf", "plugins", "control-plane", "configs"):
        if not f.endswith(".h"):
            continue
        own = "/".join(f.split("/")[:2])
        dirs = ["nf/include", "nf", own, "configs/reader", "configs/portal", "control-plane/core", "control-plane/log", "control-plane"]
        run = subprocess.run(base + [f"-I{os.path.join(t.root, d)}" for d in dirs] + [os.path.join(t.root, f)],
                             capture_output=True, text=True, check=False)
        if run.returncode != 0:
            yield f, 1, "does not compile alone: " + (run.stderr.splitlines() or ["?"])[0]


def cppcheck_finds_nothing(t):
    dirs = ["nf/include", "nf/runtime", "control-plane/core", "configs/reader", "configs/portal", "plugins/wireguard", "plugins/ip"]
    # internalAstError: it trips over compound literals behind a question mark
    command = ["cppcheck", "--std=c11", "--enable=warning,performance,portability", "--inline-suppr", "--quiet", "-j2",
               "--suppress=internalAstError", "--template={file}:{line}: {message} [{id}]", f"--include={os.path.join(HERE, 'cppcheck_macros.h')}"]
    command += [f"-I{os.path.join(t.root, d)}" for d in dirs]
    command += [os.path.join(t.root, d) for d in CODE if os.path.isdir(os.path.join(t.root, d))]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in (run.stderr + ("" if run.returncode == 0 else run.stdout)).splitlines():
        m = re.match(r"(.+?):(\d+): (.*)", line)
        if m:
            yield os.path.relpath(m.group(1), t.root), int(m.group(2)), m.group(3)


class Report:
    def __init__(self):
        self.n = self.failed = 0

    def line(self, name, findings):
        self.n += 1
        self.failed += bool(findings)
        print(f"{'not ok' if findings else 'ok'} {self.n} - {name}", flush=True)
        for f in findings:
            print("# " + f)


def self_test(report, rules):
    import selftest
    for rule in rules:
        for number, (path, text) in enumerate(selftest.VIOLATIONS[rule.__name__]):
            folder = tempfile.mkdtemp(prefix="lint-")
            try:
                selftest.plant(folder, {})
                clean = list(rule(Tree(folder)))
                selftest.plant(folder, {path: text})
                found = [f for f in rule(Tree(folder)) if f[0] == path]
            finally:
                shutil.rmtree(folder)
            wrong = [f"finds something in a clean tree: {clean[0]}"] if clean else [] if found else [f"missed {path}: {text!r}"]
            report.line(f"lint_finds_{rule.__name__}_{number + 1}", wrong)


def main():
    args = [a for a in sys.argv[1:] if a != "--no-compile"]
    tree = Tree(os.path.abspath(args[0] if args else os.path.join(HERE, "../..")))
    rules = RULES + ([] if "--no-compile" in sys.argv else [headers_compile_alone, cppcheck_finds_nothing])
    report = Report()
    self_test(report, rules)
    for rule in rules:
        report.line(rule.__name__, [f"{f}:{n}: {what}" for f, n, what in rule(tree)])
    print(f"1..{report.n}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    sys.exit(main())

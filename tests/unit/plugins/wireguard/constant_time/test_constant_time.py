#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Nothing that an engine does may depend on keys or data but what it writes, and the verdict on a tag. TAP.

  test_constant_time.py CT_MEMCHECK CT_STEP LEAKY_OBJECT ENGINE_LIBRARY…

memcheck with undefined secrets, for engines that valgrind can run; two executions stepped side by side, for all; and a
look at the disassembly for loads by vectors of addresses. Each tool must find functions that leak on purpose.
"""
import re
import shutil
import subprocess
import sys
import tempfile

MEMCHECK, STEP, LEAKY_OBJECT, LIBRARIES = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
BY_SECRET = re.compile(r"\b(vp?gather|vp?scatter|xlat)\w*")
OPERAND = re.compile(r"^\s*([0-9a-f]+):\s+(\S.*)$")
MEMORY = re.compile(r"\(%(r\w+)?(?:,%(r\w+))?")
count = failed = 0


def result(name, ok, detail="", skip=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}{' # SKIP ' + skip if skip else ''}", flush=True)
    for line in detail.splitlines()[-12:] if not ok or not skip else []:
        print("# " + line)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def disassembly(path):
    return run("objdump", "-d", "--no-show-raw-insn", path)[1]


def memcheck(name, subject, leaks):
    if not shutil.which("valgrind"):
        return result(name, True, skip="valgrind is not installed")
    code, text = run("valgrind", "-q", "--error-exitcode=9", MEMCHECK, subject)
    result(name, code == (9 if leaks else 0), text)


def write_table(path):
    """Where main is, and the registers of every memory operand."""
    text = disassembly(STEP)
    main = re.search(r"^([0-9a-f]+) <main>:", text, re.M).group(1)
    with open(path, "w", encoding="ascii") as f:
        f.write(main + "\n")
        for line in text.splitlines():
            m = OPERAND.match(line)
            regs = MEMORY.search(m.group(2)) if m and not re.match(r"(nop|lea)\w*\b", m.group(2)) else None
            if regs and regs.group(1) and regs.group(1) != "rip":
                f.write(" ".join([m.group(1), regs.group(1), regs.group(2) or ""]).strip() + "\n")


def step(name, subject, table, leaks):
    code, text = run(STEP, subject, table)
    if code == 2:
        return result(name, True, skip="not on this CPU")
    if code == 4:
        return result(name, True, skip="may not trace")
    result(name, code == (1 if leaks else 0), text)


def look(name, path, leaks):
    text = disassembly(path)
    found = [line for line in text.splitlines() if BY_SECRET.search(line)]
    instructions = sum(1 for line in text.splitlines() if OPERAND.match(line))
    result(name, instructions > 0 and bool(found) == leaks, "\n".join(found) or f"{instructions} instructions")


def engine_of(path):
    return re.sub(r".*_", "", path).removesuffix(".a")


def main():
    memcheck("memcheck_finds_a_leaky_branch", "leaky_branch", True)
    memcheck("memcheck_finds_a_leaky_table", "leaky_table", True)
    for engine in "portable", "avx2":
        memcheck(f"memcheck_finds_nothing_in_{engine}", engine, False)
    with tempfile.NamedTemporaryFile() as table:
        write_table(table.name)
        step("stepping_finds_a_leaky_branch", "leaky_branch", table.name, True)
        step("stepping_finds_a_leaky_table", "leaky_table", table.name, True)
        for engine in ["portable"] + [engine_of(path) for path in LIBRARIES]:
            step(f"stepping_finds_nothing_in_{engine}", engine, table.name, False)
    look("disassembly_finds_a_gather", LEAKY_OBJECT, True)
    for path in LIBRARIES:
        look(f"no_load_by_vector_in_{engine_of(path)}", path, False)
    print(f"1..{count}")
    return 1 if failed else 0


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Plants one mistake after the other into a copy of the AEAD engines, and asks the tests whether they notice.

  aead.py avx2|avx512 [NAME…]      on a CPU that has it; prints a table for docs/aead.md

A mutant is caught when a test fails, when the known-answer test of the choice refuses the engine, or when it does not
compile. The tests run with fewer random bursts than they usually do.
"""
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
FLAGS = {"avx2": ["-mavx2", "-mbmi2"],
         "avx512": ["-mavx2", "-mbmi2", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512ifma", "-mavx512vbmi2"]}
TESTS = ["test_aead_select", "test_aead", "test_aead_edges", "test_aead_poly"]

# name, file, what stands there, what stands there then
SHARED = [
    ("final subtraction: of p is left out", "poly1305.inc.c", "\th.l[0] += over + (over << 2);\n\twords_of", "\twords_of"),
    ("carry: the last one before the words is left out", "poly1305.inc.c", "words_of(carry(h), w);", "words_of(h, w);"),
    ("tag compare: the second half does not count", "engine.inc.c", "(w->tag[0][i] ^ get64(op->data + op->bytes)) | (w->tag[1][i] ^ get64(op->data + op->bytes + 8))",
     "(w->tag[0][i] ^ get64(op->data + op->bytes))"),
    ("tag compare: everything is genuine", "engine.inc.c", "op->ok = wrong == 0;", "op->ok = true;"),
    ("lane key: all lanes take the first one's", "lanes.inc.c", "l->mixed |= op->key != l->key[0];", "l->mixed |= 0;"),
    ("lane key: a lane takes its neighbour's", "lanes.inc.c", "x[j] = gather_parts(key + j,", "x[j] = gather_parts(key + (j ^ 1),"),
    ("counter: its upper half is lost", "lanes.inc.c", "l->counter_hi[i] = (uint32_t)(op->counter >> 32);", "l->counter_hi[i] = 0;"),
    ("counter: direct groups begin one block late", "lanes.inc.c", "all_words(block) + first_words()", "all_words(block + 1) + first_words()"),
    ("counter: blocks after a direct group go on from 1", "lanes.inc.c", "at += 64 * LANES, block += LANES)", "at += 64 * LANES)"),
    ("key power: r^3 is r^2", "poly1305.inc.c", "p->power[2] = power_of(multiply(r2, &p->power[0]));", "p->power[2] = power_of(r2);"),
    ("key power: r is not clamped", "poly1305.inc.c", "k[0] & all_quads(0x0ffffffc0fffffffull)", "k[0] & all_quads(0x0fffffff0fffffffull)"),
    ("length block: is zero", "poly1305.inc.c", "number_of(all_quads(0), p->bytes, all_quads(TOP))", "number_of(all_quads(0), all_quads(0), all_quads(TOP))"),
    ("block: empty ones before a shorter packet carry their bit", "poly1305.inc.c", "top[j] = where_at_least(all_quads(64ull * step + 16u * (unsigned int)j), p->skip, all_quads(TOP));",
     "top[j] = all_quads(TOP);"),
    ("block: a step too few is masked", "poly1305.inc.c", "p->first_whole = p->steps - least / 4;", "p->first_whole = p->steps - (least + 3) / 4;"),
    ("block: the last step counts as whole", "poly1305.inc.c", "p->ragged |= bytes[i] % 16 != 0;", "p->ragged |= 0;"),
    ("burst edge: the last lanes are not run", "engine.inc.c", "\tlanes_flush(&w->lanes);\n\tfor (; done < n", "\tfor (; done < n"),
    ("burst edge: the last group is thought full", "engine.inc.c", "return w->n - first < PACKETS ? w->n - first : PACKETS;", "return PACKETS;"),
    ("burst edge: tags before their lanes have run", "engine.inc.c", "end[done / PACKETS] <= w->lanes.ran", "end[done / PACKETS] <= w->lanes.pushed"),
    ("burst edge: the second chunk finds keys of the first", "engine.inc.c", "\t\tmemset(w.one_time, 0, (take + PACKETS) * sizeof(w.one_time[0]));\n", "\t\tif (ops == 0)\n\t\t\tbreak;\n"),
    ("order: a class begins inside the one before", "engine.inc.c", "first[c] = (uint8_t)(first[c] + first[c - 1]);", "first[c] = (uint8_t)(first[c] + first[c - 1] - (c == 3 && first[c]));"),
    ("failed packet: is decrypted all the same", "engine.inc.c", "\t\t\tif (w->op[i]->ok)\n\t\t\t\tpush_data(w, i);", "\t\t\tpush_data(w, i);"),
    ("failed packet: is decrypted when all fit one group", "engine.inc.c", "\t\tif (w->op[i]->ok)\n\t\t\txor_bytes", "\t\txor_bytes"),
    ("wipe: keystream in scratch stays", "engine.inc.c", "w->op[i]->bytes);\n\texplicit_bzero(w->stream, sizeof(w->stream));", "w->op[i]->bytes);"),
    ("wipe: one-time keys stay", "engine.inc.c", "\texplicit_bzero(w.one_time, sizeof(w.one_time));\n", ""),
    ("wipe: the cipher's state stays", "engine.inc.c", "\texplicit_bzero(w.lanes.start, sizeof(w.lanes.start));\n", ""),
    ("wipe: stack and registers stay", "engine.inc.c", "\twg_aead_forget(STACK_KIB);\n", ""),
    ("wipe: registers stay", "forget.h", "\twg_aead_wipe_registers();\n}", "}"),
]
OWN = {
    "avx2": [
        ("carry: from the first limb is lost", "limbs26.inc.c", "d[0] &= m, d[1] += c0, d[2] &= m, d[3] += c2;", "d[0] &= m, d[2] &= m, d[3] += c2;"),
        ("carry: out of the last limb counts four times", "limbs26.inc.c", "d[0] += c4 + (c4 << 2)", "d[0] += (c4 << 2)"),
        ("tail mask: a byte too many", "avx2.c", "to = to > 64 ? 64 : to;", "to = to > 63 ? 64 : to + 1;"),
        ("tail mask: a byte too few", "avx2.c", "for (; i < bytes; i++)\n\t\tat[i] ^= k[i];", "for (; i + 1 < bytes; i++)\n\t\tat[i] ^= k[i];"),
        ("tail mask: whole blocks are written", "avx2.c", "if (bytes == 64) {", "if (bytes > 32) {"),
    ],
    "avx512": [
        ("carry: from the first limb is lost", "limbs44.inc.c", "(d1 & m44) + (d0 >> 44)", "(d1 & m44)"),
        ("carry: out of the last limb counts four times", "limbs44.inc.c", "d0 = (d0 & m44) + over + (over << 2);", "d0 = (d0 & m44) + (over << 2);"),
        ("tail mask: a byte too many", "avx512.c", "end = M(skip + bytes - at)", "end = M(skip + bytes - at + 1)"),
        ("tail mask: a byte too few", "avx512.c", "_bzhi_u64(~0ull, bytes[i])", "_bzhi_u64(~0ull, bytes[i] - (bytes[i] < 64))"),
        ("tail mask: whole blocks are written", "avx512.c", "_bzhi_u64(~0ull, bytes[i])", "_bzhi_u64(~0ull, bytes[i] ? 64 : 0)"),
    ],
}


def run(command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=600,
                          env={**os.environ, "SLUICE_AEAD_BURSTS": "3000", "CMOCKA_MESSAGE_OUTPUT": "TAP"})


def compile_all(folder, engine):
    """The engine alone with libsodium for small bursts, so that every burst of three is its own."""
    aead, unit = f"{folder}/aead", f"{ROOT}/tests/unit/plugins/wireguard"
    base = ["cc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-w", f"-I{folder}", f"-I{unit}"]
    jobs = [subprocess.Popen(base + FLAGS[engine] + ["-c", f"{aead}/{engine}.c", "-o", "engine.o"], cwd=folder, stderr=subprocess.DEVNULL)]
    with open(f"{folder}/engines.c", "w", encoding="ascii") as f:
        f.write(f'#include "aead/aead.h"\nconst struct wg_aead_engine *const wg_aead_engines[] = {{&wg_aead_{engine}, 0}};\n')
    rest = [f"{aead}/{n}.c" for n in ("known_answer", "portable", "small", "forget")] + ["engines.c"]
    with open(f"{aead}/select.c", encoding="utf-8") as f:
        text = f.read()
    start = text.index("const struct wg_aead_engine *const wg_aead_engines[]")
    with open(f"{folder}/choose.c", "w", encoding="utf-8") as f:
        f.write(text[:start].replace('"aead.h"', '"aead/aead.h"') + text[text.index("const char *const wg_aead_names"):])
    if any(j.wait() for j in jobs):
        return False
    ok = True
    for test in TESTS:
        sources = [f"{unit}/{test}.c"] + ([f"{unit}/aead_rig.c"] if test in ("test_aead", "test_aead_edges") else [])
        within = FLAGS[engine] + [f'-DENGINE_FILE="aead/{engine}.c"', f"-Dwg_aead_{engine}=engine_under_test"] if test == "test_aead_poly" else []
        ok &= run(base + within + sources + rest + ["choose.c", "engine.o", "-lcmocka", "-lsodium", "-o", test], folder).returncode == 0
    return ok


def caught_by(folder, engine):
    if not compile_all(folder, engine):
        return ["the compiler"]
    found = []
    for test in TESTS:
        try:
            done = run([f"./{test}"], folder)
            bad = [line.split(" - ")[1] for line in done.stdout.splitlines() if line.startswith("not ok")]
            found += bad or ([test + " crashes"] if done.returncode not in (0,) else [])
        except subprocess.TimeoutExpired:
            found.append(test + " hangs")
    return found


def try_mutant(engine, mutant):
    name, file, old, new = mutant
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        shutil.copytree(f"{ROOT}/plugins/wireguard/aead", f"{folder}/aead")
        path = f"{folder}/aead/{file}"
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if old:
            if old not in text:
                sys.exit(f"{name}: {file} does not hold what is to be changed")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text.replace(old, new, 1))
        return caught_by(folder, engine)


def main():
    engine, wanted = sys.argv[1], sys.argv[2:]
    clean = try_mutant(engine, ("none", "aead.h", "", ""))
    if clean:
        sys.exit(f"without a mutant the tests fail: {clean}")
    survived = 0
    print("| mutant | caught by |\n|---|---|")
    for mutant in OWN[engine] + SHARED:
        if wanted and not any(w in mutant[0] for w in wanted):
            continue
        by = try_mutant(engine, mutant)
        survived += not by
        print(f"| {mutant[0]} | {', '.join('`' + b + '`' for b in by) or '**nothing**'} |", flush=True)
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())

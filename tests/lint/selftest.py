# SPDX-License-Identifier: Apache-2.0
"""A small clean tree, and for each rule of lint.py at least one file that breaks it."""
import os

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
MESON = "# SPDX-License-Identifier: Apache-2.0\n"

CLEAN = {
    "nf/include/nf/wire.h": SPDX + "#include <stdint.h>\n",
    "nf/include/nf/worker.h": SPDX + "#include <stdint.h>\n",
    "nf/runtime/runtime.h": SPDX + "#include <nf/worker.h>\n",
    "nf/runtime/main.c": SPDX + '#include "runtime.h"\n/* plugins like wireguard are found by name */\n',
    "nf/nodes/node_rx.c": SPDX + "#include <nf/worker.h>\nstatic int f(void) { return 0; }\n",
    "plugins/wireguard/meson.build": MESON + "nf_plugins += {\n  'name': 'wireguard',\n  'pure': files('noise.c'),\n}\n",
    "plugins/wireguard/noise.h": SPDX + "#include <stdint.h>\n",
    "plugins/wireguard/noise.c": SPDX + '#include "noise.h"\n#include <string.h>\n/* time() is an argument */\n',
    "plugins/ip/ip.h": SPDX + "#include <nf/worker.h>\n",
    "plugins/ip/plugin.c": SPDX + '#include "ip.h"\nint c = nf_counter_register("ip", "a", 1, "why");\n',
    "control-plane/core/core.h": SPDX + "#include <nf/wire.h>\n",
    "control-plane/core/base/queue.c": SPDX + '#include "core.h"\n#include <stdlib.h>\n',
    "control-plane/io/main.c": SPDX + '#include "core.h"\n#include <sys/socket.h>\n#include <nf/wire.h>\n',
    "configs/reader/sluice_config.h": SPDX + "#include <stdint.h>\n",
    "tests/unit/test_x.c": SPDX + "#include <cmocka.h>\n",
}

LEFT = "TO" + "DO"
PLACE = "/ho" + "me/somebody/x"

VIOLATIONS = {
    "pure_files_do_no_io": [
        ("plugins/wireguard/noise.c", SPDX + "#include <rte_mbuf.h>\n"),
        ("plugins/wireguard/noise.c", SPDX + "#include <sys/socket.h>\n"),
        ("plugins/wireguard/noise.h", SPDX + "#include <pthread.h>\n"),
        ("plugins/wireguard/noise.c", SPDX + "long f(void) { return time(0); }\n"),
        ("plugins/wireguard/noise.c", SPDX + "void f(void) { wg_random(0, 1); }\n"),
        ("control-plane/core/base/queue.c", SPDX + "#include <jansson.h>\n"),
        ("control-plane/core/base/queue.c", SPDX + "int f(void) { return rand(); }\n"),
    ],
    "core_includes_only_itself": [("control-plane/core/base/queue.c", SPDX + '#include "../../../configs/reader/sluice_config.h"\n')],
    "shell_includes_core_only": [
        ("control-plane/io/main.c", SPDX + "#include <nf/worker.h>\n"),
        ("control-plane/io/main.c", SPDX + '#include "../../plugins/ip/ip.h"\n'),
    ],
    "network_function_includes_its_own": [
        ("plugins/ip/plugin.c", SPDX + '#include "../wireguard/noise.h"\n'),
        ("plugins/ip/plugin.c", SPDX + '#include "../../nf/runtime/runtime.h"\n'),
        ("nf/nodes/node_rx.c", SPDX + '#include "../runtime/runtime.h"\n'),
        ("nf/runtime/main.c", SPDX + '#include "../../plugins/ip/ip.h"\n'),
    ],
    "the_runtime_names_no_plugin": [
        ("nf/runtime/main.c", SPDX + 'const char *p = "wireguard";\n'),
        ("nf/nodes/node_rx.c", SPDX + "int x = wg_peers;\n"),
    ],
    "nothing_includes_tests": [
        ("nf/runtime/main.c", SPDX + '#include "tests/unit/test_x.c"\n'),
        ("control-plane/io/main.c", SPDX + "#include <cmocka.h>\n"),
    ],
    "wire_includes_stdint_only": [("nf/include/nf/wire.h", SPDX + "#include <stdint.h>\n#include <stdbool.h>\n")],
    "nodes_do_not_log_or_call_the_system": [
        ("nf/nodes/node_rx.c", SPDX + 'static void f(void) { nf_log(NF_INFO, "x", "y"); }\n'),
        ("plugins/ip/node_a.c", SPDX + 'static void f(void) { printf("x"); }\n'),
        ("plugins/ip/node_a.c", SPDX + "static void *f(void) { return malloc(1); }\n"),
        ("plugins/ip/node_a.c", SPDX + "static void f(void) { write(1, 0, 0); }\n"),
    ],
    "every_file_has_its_licence": [
        ("plugins/ip/plugin.c", '#include "ip.h"\n'),
        ("tests/unit/run.sh", "#!/bin/sh\ntrue\n"),
    ],
    "nothing_is_left_to_do": [("plugins/ip/plugin.c", SPDX + f"/* {LEFT}: later */\n")],
    "paths_are_of_no_machine": [("configs/demo.json", f'{{"x": "{PLACE}"}}\n'), ("docs/a.md", PLACE + "\n"), ("README.md", PLACE + "\n")],
    "counters_explain_themselves": [
        ("plugins/ip/plugin.c", SPDX + 'int c = nf_counter_register("ip", "a", 1,\n\t"");\n'),
        ("plugins/ip/plugin.c", SPDX + '#define COUNTERS(X) X(ttl, DROP, "")\n'),
    ],
    "cppcheck_finds_nothing": [("nf/runtime/a.c", SPDX + "int f(void) { int a[2] = {0}; return a[3]; }\n"),
                               ("plugins/ip/b.c", SPDX + "#include <stdlib.h>\nvoid f(void) { char *p = malloc(3); if (p) p[0] = 0; }\n")],
    "headers_compile_alone": [("plugins/ip/ip.h", SPDX + "int f(struct x *, uint32_t);\n")],
}


def plant(root, extra):
    for path, text in {**CLEAN, **extra}.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)

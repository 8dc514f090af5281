#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule must be able to fail, and must let the good sample pass."""
import unittest

import rules

MIT = "// SPDX-License-Identifier: MIT\n"
GPL = "// SPDX-License-Identifier: GPL-2.0-or-later\n"
LONG_BODY = "void f() {\n" + "  g();\n" * 69 + "}\n"
MIT_HASH = MIT.replace("//", "#")

# rule -> (samples that break it, samples that do not); a sample is a tree.
SAMPLES = {
    "licence": (
        [{"fermata/a.cpp": "int a;\n"}, {"fermata/a.cpp": GPL}, {"guests/qemu/agent/a.cpp": MIT}, {"dev": "#!/bin/sh\n"}],
        [{"fermata/a.cpp": MIT}, {"guests/qemu/agent/a.cpp": GPL}, {"dev": "#!/bin/sh\n" + MIT_HASH}, {"a.md": "text"}]),
    "layers": (
        [{"fermata/time/a.cpp": '#include "fermata/host/clock.hpp"\n'},
         {"fermata/base/a.hpp": '#include "fermata/time/units.hpp"\n'},
         {"guests/qemu/dropin/a.cpp": '#include "guests/qemu/agent/b.hpp"\n'},
         {"fermata/guest/follower.cpp": '#include "fermata/sim/guest.hpp"\n'}],
        [{"fermata/time/a.cpp": '#include "fermata/base/error.hpp"\n#include "fermata/time/b.hpp"\n'},
         {"examples/a/a.cpp": '#include "fermata/sim/guest.hpp"\n'}]),
    "host_clock": (
        [{"fermata/sim/a.cpp": "auto t = std::chrono::steady_clock::now();\n"},
         {"guests/qemu/agent/a.cpp": "clock_gettime(which, &t);\n"}, {"cli/a.cpp": "auto t = ::time(nullptr);\n"}],
        [{"fermata/host/clock.cpp": "steady_clock::now();\n"}, {"fermata/sim/a.cpp": "// not steady_clock\n"},
         {"examples/a/a.cpp": "steady_clock::now();\n"}, {"fermata/sim/a.cpp": 'log("steady_clock");\n'}]),
    "file_size": ([{"fermata/a.cpp": "\n" * 401}, {"tools/a.py": "\n" * 401}],
                  [{"fermata/a.cpp": "\n" * 400}, {"a.md": "\n" * 900}]),
    "function_size": (
        [{"fermata/a.cpp": LONG_BODY}, {"fermata/a.cpp": "namespace a {\nclass B {\n" + LONG_BODY + "};\n}\n"},
         {"fermata/a_test.cpp": LONG_BODY.replace("void f()", "TEST(A, B)")},
         {"fermata/a.cpp": LONG_BODY.replace("void f()", "struct B f(int a) const noexcept")}],
        [{"fermata/a.cpp": LONG_BODY.replace("  g();\n", "", 1)},
         {"fermata/a.cpp": LONG_BODY.replace("void f()", "namespace a")},
         {"fermata/a.cpp": LONG_BODY.replace("void f()", "constexpr int table[] =")},
         {"fermata/a.cpp": "int a() { return '{'; }  // {\n" + "int b() { return 1'000; }\n" * 80}]),
    "folder_size": ([{f"fermata/a/{n}.cpp": "" for n in range(13)}],
                    [{f"fermata/a/{n}{end}": "" for n in range(12) for end in (".cpp", ".hpp", "_test.cpp")}]),
    "test_beside_source": ([{"fermata/a/b.cpp": ""}],
                           [{"fermata/a/b.cpp": "", "fermata/a/b_test.cpp": ""}, {"fermata/a/b_fuzz.cpp": ""}]),
    "pragma_once": ([{"fermata/a.hpp": "int a;\n"}], [{"fermata/a.hpp": "#pragma once\n"}]),
    "public_macros": ([{"fermata/a/b.hpp": "#define B 1\n"}], [{"fermata/a/b.cpp": "#define B 1\n"}]),
    "sleeping_tests": (
        [{"fermata/a_test.cpp": "std::this_thread::sleep_for(1ms);\n"}, {"tests/a.py": "time.sleep(1)\n"},
         {"tests/a/b.cpp": "usleep (10);\n"}],
        [{"fermata/a.cpp": "sleep_for(1ms);\n"}, {"fermata/a_test.cpp": "// sleep(1)\n"}]),
    "words": ([{"a.md": "the mas" "ter"}, {"fermata/a.cpp": "int Sla" "ves;\n"}, {"a.md": "is_sla" "ve"}],
              [{"a.md": "to bemas" "ter"}]),
    "machine_paths": ([{"a.md": "see /wor" "k/x"}, {"a.cpp": '"/roo' 't/a"'}, {"a": "/hom" "e/someone/x"}],
                      [{"a.md": "at work/x; some/wor" "k/x"}]),
    "registry_hosts": ([{"a.md": "https://deb.deb" "ian.org/debian"}, {"a": "http://ftp.de.deb" "ian.org"}],
                       [{"a.md": "https://www.debian.org"}]),
    "decisions": (
        [{"docs/decisions/1-a.md": ""}, {"docs/decisions/0001-A.md": ""}, {"docs/decisions/notes.txt": ""},
         {"docs/decisions/0001-a.md": "", "docs/decisions/0001-b.md": ""}],
        [{"docs/decisions/0001-a.md": "", "docs/decisions/0002-b-c.md": ""}]),
}


class RulesTest(unittest.TestCase):
    def test_every_rule_has_samples(self):
        self.assertEqual(sorted(SAMPLES), sorted(rule.__name__ for rule in rules.RULES))

    def test_every_rule_fails_on_bad_samples_only(self):
        for rule in rules.RULES:
            bad, good = SAMPLES[rule.__name__]
            for tree in bad:
                with self.subTest(rule=rule.__name__, tree=tree):
                    self.assertTrue(list(rule(tree)))
            for tree in good:
                with self.subTest(rule=rule.__name__, tree=tree):
                    self.assertEqual(list(rule(tree)), [])

    def test_complaints_name_the_line(self):
        tree = {"fermata/time/a.cpp": '// one\n\n#include "fermata/sim/guest.hpp"\n'}
        self.assertEqual([line for _, line, _ in rules.layers(tree)], [3])

    def test_an_exception_silences_its_rule_on_its_path_only(self):
        tree = {"fermata/a.hpp": MIT, "fermata/b.hpp": MIT}
        found = list(rules.findings(tree, [("pragma_once", "fermata/a.hpp")]))
        self.assertEqual([(rule, path) for rule, path, _, _ in found], [("pragma_once", "fermata/b.hpp")])

    def test_an_exception_that_is_not_needed_is_a_complaint(self):
        found = list(rules.findings({}, [("words", "a.md")]))
        self.assertEqual([rule for rule, _, _, _ in found], ["exceptions"])


if __name__ == "__main__":
    unittest.main()

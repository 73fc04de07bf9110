#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a C++ module with much debug information: many instantiations of templates.

    big_program.py OUTPUT [UNITS]

7 units, the default, give 34 MB. It runs, and traps if it has an argument."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

FLAGS = ["--target=wasm32-wasi", "-Wno-deprecated", "-fno-exceptions", "-std=c++20", "-g", "-O0"]
INSTANCES = 14
UNIT = """#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>
namespace unit%(unit)d {
template<int N> struct Item {
    int value = N;
    std::string name = std::to_string(N);
    std::map<int, std::vector<Item<N>*>> others;
    std::optional<std::variant<int, std::string>> extra;
    int score() const
    {
        int all = value;
        for (const auto& [key, items] : others)
            for (auto* each : items)
                all += key * each->value;
        return all + (int)name.size() + (extra ? (int)extra->index() : 0);
    }
};
template<int N> int run(int n)
{
    std::vector<Item<N>> items(n);
    for (auto& each : items) {
        each.others[n].push_back(&items.front());
        each.extra = each.name;
    }
    std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.score() < b.score(); });
    std::function<int(int)> score = [&](int k) { return items[k].score(); };
    auto owner = std::make_unique<Item<N>>(items.back());
    if (n > 1)
        __builtin_trap();
    return score(0) + owner->score();
}
int all(int n) { return %(sum)s; }
}
"""


def compile_unit(folder, name, text):
    (folder / f"{name}.cpp").write_text(text)
    subprocess.run(["clang++-22", *FLAGS, "-c", f"{name}.cpp", "-o", f"{name}.o"], cwd=folder, check=True)


def main():
    output, units = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 7
    texts = {f"unit{unit}": UNIT % {"unit": unit, "sum": " + ".join(
        f"run<{unit * INSTANCES + i}>(n)" for i in range(INSTANCES))} for unit in range(units)}
    texts["main"] = "".join(f"namespace unit{unit} {{ int all(int); }}\n" for unit in range(units)) + \
        "int main(int argc, char**) { return (" + " + ".join(
            f"unit{unit}::all(argc)" for unit in range(units)) + ") & 63; }\n"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for job in [pool.submit(compile_unit, folder, *each) for each in texts.items()]:
                job.result()
        subprocess.run(["clang++-22", *FLAGS, "--no-wasm-opt", *(f"{each}.o" for each in texts), "-o", output],
                       cwd=folder, check=True)


main()

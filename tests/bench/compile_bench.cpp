// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Measures the compiler alone: compiles all functions of modules on one thread, several times, and
// prints the best time. `./dev bench compile` builds and runs it.
//
//     compile_bench ROUNDS MODULE.wasm...
#include "jit/compiler.h"

#include "wasm/validator.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using namespace vitrine::core;

double cpu_seconds()
{
    timespec now {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// What compiling all functions of a module has made.
struct Totals {
    size_t functions = 0, refused = 0;
    uint64_t body_bytes = 0, code_bytes = 0, side_bytes = 0, exits = 0;
};

Totals compile_all(const Module& module, const TypeRegistry& types)
{
    static const jit::Processor processor = jit::Processor::current();
    const jit::VersionKey key;
    Totals totals;
    const auto imports = static_cast<uint32_t>(module.functions.size() - module.bodies.size());
    for (uint32_t i = 0; i < module.bodies.size(); ++i) {
        const auto code = jit::compile({ module, types, { imports + i }, key, processor });
        if (!code) {
            ++totals.refused;
            continue;
        }
        ++totals.functions;
        totals.body_bytes += module.bodies[i].end_offset - module.bodies[i].body_offset;
        totals.code_bytes += code->bytes.size();
        totals.exits += code->exit_count;
        totals.side_bytes +=
            code->sites.size() * sizeof(jit::CallSite) + code->entries.size() * sizeof(jit::CodeEntry);
    }
    return totals;
}

/// Whether the module could be read.
bool measure(const std::string& path, int rounds, Totals& all, double& all_seconds)
{
    std::ifstream file(path, std::ios::binary);
    TypeRegistry types;
    const auto module = load_module(
        std::vector<uint8_t> { std::istreambuf_iterator<char>(file), {} }, types, FeatureSet::all());
    if (!module) {
        std::fprintf(stderr, "compile_bench: %s: %s\n", path.c_str(), module.error().to_text().c_str());
        return false;
    }
    Totals totals;
    double best = 1e9;
    for (int i = 0; i < rounds; ++i) {
        const double before = cpu_seconds();
        totals = compile_all(**module, types);
        best = std::min(best, cpu_seconds() - before);
    }
    const auto of_body = [&](uint64_t bytes) {
        return static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(totals.body_bytes, 1));
    };
    std::printf("%-20s %9zu %8zu %10.2f %9.1f %8.1f %7.2f %7.2f\n", path.substr(path.rfind('/') + 1).c_str(),
        totals.functions, totals.refused, static_cast<double>(totals.body_bytes) / 1e6, best * 1e3,
        static_cast<double>(totals.body_bytes) / 1e6 / best, of_body(totals.code_bytes),
        of_body(totals.side_bytes));
    all.body_bytes += totals.body_bytes;
    all_seconds += best;
    return true;
}

} // namespace

int main(int count, char** words)
{
    if (count < 3) {
        std::fprintf(stderr, "compile_bench ROUNDS MODULE.wasm...\n");
        return 2;
    }
    std::printf("%-20s %9s %8s %10s %9s %8s %7s %7s\n", "all functions of", "compiled", "refused", "Wasm MB",
        "ms", "MB/s", "code", "sites");
    Totals all;
    double seconds = 0;
    for (int i = 2; i < count; ++i)
        if (!measure(words[i], std::max(1, std::atoi(words[1])), all, seconds))
            return 1;
    std::printf("%-20s %9s %8s %10.2f %9.1f %8.1f\n", "all", "", "",
        static_cast<double>(all.body_bytes) / 1e6, seconds * 1e3,
        static_cast<double>(all.body_bytes) / 1e6 / seconds);
    return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/vitrine.hpp>
#include <cstdio>
int main(int, char** argv)
{
    vitrine::Engine engine;
    auto module = vitrine::Module::from_file(engine, argv[1]);
    if (!module) return std::fprintf(stderr, "%s\n", module.error().to_text().c_str()), 1;
    vitrine::Store store(engine);
    vitrine::Linker linker(engine);
    int printed = 0;
    linker.define("host", "print", [&](std::int32_t value) { printed += value; });
    auto instance = linker.instantiate(store, *module);
    if (!instance) return std::fprintf(stderr, "%s\n", instance.error().to_text().c_str()), 1;
    auto add = instance->typed<std::int32_t(std::int32_t, std::int32_t)>("add");
    if (!add) return 2;
    auto sum = (*add)(2, 3);
    if (!sum || *sum != 5) return 3;
    auto run = instance->func("run")->typed<std::int32_t(std::int32_t)>();
    auto twice = (*run)(4);
    if (!twice || *twice != 8 || printed != 10) return 4;
    if (instance->func("run")->typed<std::int64_t()>() || instance->typed<void()>("nowhere")) return 5;
    if (instance->debug_global(0) || instance->debug_memory(0) || instance->debug_table(0) || instance->debug_function(0)) return 6;
    auto missing = vitrine::Module::from_file(engine, "no-such-file.wasm");
    return missing ? 7 : 0;
}

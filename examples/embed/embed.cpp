// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An embedder that sees into its guest: reads and changes a private global, memory and table slot and calls a
// private function, then shows that all of it is closed without guest_debug.
//   example_embed vault.wasm
#include <vitrine/vitrine.hpp>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

/// The index of a private entity, by its name in the module's name section.
template<class Rows> std::uint32_t index_of(const Rows& rows, const char* name)
{
    for (const auto& row : rows)
        if (row.name == name)
            return row.index;
    return 0xffffffff;
}

bool look_inside(const char* path)
{
    vitrine::Engine engine(vitrine::Config().guest_debug(true));
    auto module = vitrine::Module::from_file(engine, path);
    if (!module)
        return std::fprintf(stderr, "%s\n", module.error().to_text().c_str()), false;
    vitrine::Store store(engine);
    auto instance = vitrine::Linker(engine).instantiate(store, *module);
    if (!instance)
        return std::fprintf(stderr, "%s\n", instance.error().to_text().c_str()), false;
    auto open = instance->typed<std::int32_t(std::int32_t)>("open");
    if (!open || *(*open)(1) != 0)
        return false;

    auto tries = instance->debug_global(index_of(module->globals(), "tries"));
    std::printf("tries left: %s\n", tries->get().to_text().c_str());
    auto reset = instance->debug_function(index_of(module->functions(), "reset"));
    if (tries->get().i32() != 2 || !reset->call({ vitrine::Val::i32(9) }) || tries->get().i32() != 9)
        return false;
    std::printf("tries after the private function reset(9): %s\n", tries->get().to_text().c_str());
    if (!tries->set(vitrine::Val::i32(100)) || *(*open)(2) != 0 || tries->get().i32() != 99)
        return false;

    auto notes = instance->debug_memory(index_of(module->memories(), "notes"));
    std::array<std::byte, 16> text {};
    if (!notes->read(64, text) || std::memcmp(text.data(), "combination 4711", 16) != 0)
        return false;
    std::printf("notes: %.16s\n", reinterpret_cast<const char*>(text.data()));
    if (!notes->fill(64, 16, std::byte('x')))
        return false;

    // Whatever is tried, the vault welcomes from here on.
    auto answers = instance->debug_table(index_of(module->tables(), "answers"));
    auto welcome = instance->debug_function(index_of(module->functions(), "welcome"));
    if (!answers->set(0, vitrine::Val::funcref(welcome)) || *(*open)(3) != 1)
        return false;
    std::printf("answers[0]: %s\n", answers->get(0)->to_text().c_str());
    return instance->debug_function(module->exports()[0].index) == instance->func("open");
}

bool stay_outside(const char* path)
{
    vitrine::Engine engine;
    auto module = vitrine::Module::from_file(engine, path);
    vitrine::Store store(engine);
    auto instance = vitrine::Linker(engine).instantiate(store, *module);
    if (!instance || instance->debug_global(0) || instance->debug_memory(0) || instance->debug_table(0)
        || instance->debug_function(0) || module->bytecode())
        return false;
    std::printf("without guest_debug: none of it, and open(4711) still answers %d\n",
        *(*instance->typed<std::int32_t(std::int32_t)>("open"))(4711));
    return true;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2)
        return std::fprintf(stderr, "usage: %s vault.wasm\n", argv[0]), 2;
    return look_inside(argv[1]) && stay_outside(argv[1]) ? 0 : 1;
}

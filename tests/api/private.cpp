// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/vitrine.hpp>
#include <array>
#include <cstring>
#include <optional>
int main(int, char** argv)
{
    vitrine::Engine engine(vitrine::Config().guest_debug(true));
    auto module = vitrine::Module::from_file(engine, argv[1]);
    if (!module) return 1;
    vitrine::Store store(engine);
    vitrine::Linker linker(engine);
    linker.define("host", "print", [](std::int32_t) {});
    auto instance = linker.instantiate(store, *module);
    if (!instance) return 2;
    std::optional<vitrine::Global> total = instance->debug_global(1);
    if (!total || total->get().i64() != 1200) return 3;
    if (!total->set(vitrine::Val::i64(7)) || total->get().i64() != 7) return 4;
    if (instance->debug_global(2)->set(vitrine::Val::i32(1))) return 5;
    std::optional<vitrine::Memory> memory = instance->debug_memory(0);
    std::array<std::byte, 16> bytes{};
    if (!memory || !memory->read(1024, bytes) || std::memcmp(bytes.data(), "amber and jade..", 16)) return 6;
    if (memory->read(65530, bytes)) return 7;
    auto slot = instance->debug_table(0)->get(3);
    if (!slot) return 8;
    if (instance->debug_table(0)->get(4)) return 9;
    auto doubled = instance->debug_function(1)->call({ vitrine::Val::i32(21) });
    if (!doubled || doubled->size() != 1 || (*doubled)[0].i32() != 42) return 10;
    if (!instance->debug_function(0)) return 11;
    if (instance->debug_global(3) || instance->debug_global(0xffffffff) || instance->debug_tag(0) || instance->debug_shared_memory(0)) return 12;
    auto second = linker.instantiate(store, *module);
    if (*instance->debug_memory(0) != *instance->debug_memory(0) || *instance->debug_memory(0) == *second->debug_memory(0)) return 13;
    if (*instance->debug_function(2) != *instance->func("add")) return 14;
    std::size_t named = 0;
    for (const vitrine::GlobalInfo& global : module->globals()) named += global.name == "total";
    return named == 1 ? 0 : 15;
}

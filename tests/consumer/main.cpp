// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Runs a module that adds two numbers, and reads its private global.

#include <vitrine/vitrine.hpp>

#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

namespace {

// (module
//   (global (mut i64) (i64.const 42))
//   (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
const std::vector<std::uint8_t> binary { // \0asm, version 1
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
    // types
    0x01, 0x07, 0x01, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f,
    // functions
    0x03, 0x02, 0x01, 0x00,
    // globals
    0x06, 0x06, 0x01, 0x7e, 0x01, 0x42, 0x2a, 0x0b,
    // exports
    0x07, 0x07, 0x01, 0x03, 'a', 'd', 'd', 0x00, 0x00,
    // code
    0x0a, 0x09, 0x01, 0x07, 0x00, 0x20, 0x00, 0x20, 0x01, 0x6a, 0x0b
};

int fail(const vitrine::Error& error)
{
    std::fprintf(stderr, "%s\n", error.to_text().c_str());
    return 1;
}

} // namespace

int main()
{
    vitrine::Engine engine(vitrine::Config().guest_debug(true));
    auto module = vitrine::Module::from_bytes(engine, std::as_bytes(std::span(binary)));
    if (!module)
        return fail(module.error());

    vitrine::Store store(engine);
    vitrine::Linker linker(engine);
    auto instance = linker.instantiate(store, *module);
    if (!instance)
        return fail(instance.error());

    auto add = instance->typed<std::int32_t(std::int32_t, std::int32_t)>("add");
    if (!add)
        return fail(add.error());
    auto sum = (*add)(2, 3);
    if (!sum)
        return fail(sum.error());

    auto global = instance->debug_global(0);
    return *sum == 5 && global && global->get().i64() == 42 ? 0 : 2;
}

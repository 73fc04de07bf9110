// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Uses every part of the library: a WASI program that prints, and a door for LLDB on its session.

#include <vitrine/debugger.hpp>
#include <vitrine/vitrine.hpp>
#include <vitrine/wasi.hpp>

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace {

// (module
//   (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
//   (memory (export "memory") 1)
//   (data (i32.const 0) "\08\00\00\00\03\00\00\00hi\n")
//   (func (export "_start")
//     (drop (call 0 (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))
const std::vector<std::uint8_t> binary { // \0asm, version 1
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
    // types
    0x01, 0x0c, 0x02, 0x60, 0x04, 0x7f, 0x7f, 0x7f, 0x7f, 0x01, 0x7f, 0x60, 0x00, 0x00,
    // imports
    0x02, 0x23, 0x01, 0x16, 'w', 'a', 's', 'i', '_', 's', 'n', 'a', 'p', 's', 'h', 'o', 't', '_', 'p', 'r',
    'e', 'v', 'i', 'e', 'w', '1', 0x08, 'f', 'd', '_', 'w', 'r', 'i', 't', 'e', 0x00, 0x00,
    // functions
    0x03, 0x02, 0x01, 0x01,
    // memories
    0x05, 0x03, 0x01, 0x00, 0x01,
    // exports
    0x07, 0x13, 0x02, 0x06, 'm', 'e', 'm', 'o', 'r', 'y', 0x02, 0x00, 0x06, '_', 's', 't', 'a', 'r', 't',
    0x00, 0x01,
    // code
    0x0a, 0x0f, 0x01, 0x0d, 0x00, 0x41, 0x01, 0x41, 0x00, 0x41, 0x01, 0x41, 0x10, 0x10, 0x00, 0x1a, 0x0b,
    // data
    0x0b, 0x11, 0x01, 0x00, 0x41, 0x00, 0x0b, 0x0b, 0x08, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 'h', 'i',
    '\n'
};

} // namespace

int main()
{
    vitrine::Engine engine(vitrine::Config().guest_debug(true));
    auto module = vitrine::Module::from_bytes(engine, std::as_bytes(std::span(binary)));
    if (!module)
        return std::fprintf(stderr, "%s\n", module.error().to_text().c_str()), 1;
    vitrine::Store store(engine);
    vitrine::Linker linker(engine);
    std::string printed;
    auto world = vitrine::WasiConfig().stdout_to([&](std::span<const std::byte> bytes) {
        printed.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
    if (!vitrine::add_wasi(linker, store, world))
        return 2;
    auto instance = linker.instantiate(store, *module);
    if (!instance)
        return std::fprintf(stderr, "%s\n", instance.error().to_text().c_str()), 3;

    vitrine::debug::Session session(store);
    vitrine::debug::GdbServer server(session, "127.0.0.1:0");
    if (server.error() || server.address().empty())
        return 4;
    vitrine::debug::DapServer editors(session, "127.0.0.1:0");
    if (editors.error() || editors.address().empty())
        return 4;
    const auto event = session.call(*instance->func("_start"), {});
    if (!std::get<vitrine::debug::Exited>(event).results || printed != "hi\n")
        return 5;
    return vitrine::version() == PACKAGE_VERSION ? 0 : 6;
}

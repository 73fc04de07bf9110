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

const std::vector<std::uint8_t> binary {
#include "module.inc"
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

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An embedder with a door for editors: `host MODULE READER`. Runs the module's `_start` twice, each
// time in a new instance, and prints how each ended.
#include <vitrine/debugger.hpp>
#include <vitrine/wasi.hpp>

#include <cstdio>

int main(int count, char** arguments)
{
    if (count != 3)
        return 1;
    const vitrine::Engine engine(vitrine::Config().guest_debug(true));
    vitrine::Store store(engine);
    vitrine::Linker linker(engine);
    const auto module = vitrine::Module::from_file(engine, arguments[1]);
    if (!module)
        return 2;

    vitrine::debug::Session session(store);
    vitrine::debug::DapServer server(session, "0", { .name = arguments[1], .reader = arguments[2] });
    if (server.error() || !server.is_loopback())
        return 3;
    const auto send = [&](std::span<const std::byte> bytes) { server.send_output(bytes); };
    if (!vitrine::add_wasi(linker, store, vitrine::WasiConfig().stdout_to(send)))
        return 4;
    server.announce(*module, arguments[1]);
    // Without a client, nothing stops.
    const auto run = [&] {
        return server.finish(session,
            session.run(
                [&]() -> vitrine::Result<std::vector<vitrine::Val>> {
                    const auto instance = linker.instantiate(store, *module);
                    if (!instance)
                        return instance.error();
                    return instance->func("_start")->call({});
                },
                true));
    };
    const auto print = [](const vitrine::debug::Event& event) {
        const auto& results = std::get<vitrine::debug::Exited>(event).results;
        std::printf("%s\n", results ? "returned" : results.error().to_text().c_str());
        std::fflush(stdout);
    };
    print(run());
    std::printf("%s\n", server.address().c_str());
    std::fflush(stdout);
    server.wait_for_client();
    print(run());
    print(run());
    std::printf("%zu unread\n", server.close());
    return 0;
}

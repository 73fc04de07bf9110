// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An embedder with two stores whose guests run on two threads, behind one door: `threads_host
// MODULE`. Calls `work` in both after a client has resumed the guest, and prints their results.
#include <vitrine/debugger.hpp>

#include <cstdio>
#include <thread>

int main(int, char** arguments)
{
    const vitrine::Engine engine(vitrine::Config().guest_debug(true));
    vitrine::Store first(engine);
    vitrine::Store second(engine);
    const vitrine::Linker linker(engine);
    const auto module = vitrine::Module::from_file(engine, arguments[1]);
    if (!module)
        return 1;
    vitrine::debug::Session session(first);
    if (!session.add_store(second))
        return 2;
    vitrine::debug::GdbServer server(session, "0");
    server.announce(*module, arguments[1]);
    std::fprintf(stderr, "%s\n", server.address().c_str());
    server.wait_for_client();
    const auto instance = linker.instantiate(first, *module);
    std::int32_t of_second = -1;
    std::thread runner([&] {
        const auto other = linker.instantiate(second, *module);
        if (const auto results = other->func("work")->call({ vitrine::Val::i32(2) }))
            of_second = results->front().i32();
    });
    const vitrine::debug::Event end = session.call(*instance->func("work"), { vitrine::Val::i32(1) });
    const auto& results = std::get<vitrine::debug::Exited>(end).results;
    runner.join();
    std::printf("%d %d\n", results ? results->front().i32() : -1, of_second);
    return 0;
}

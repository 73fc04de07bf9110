// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/vitrine.hpp>
#include <variant>
int main(int, char** argv)
{
    vitrine::Engine engine(vitrine::Config().guest_debug(true));
    auto module = vitrine::Module::from_file(engine, argv[1]);
    if (!module) return 1;
    vitrine::Store store(engine);
    vitrine::Linker linker(engine);
    int printed = 0;
    linker.define("host", "print", [&](std::int32_t) { ++printed; });
    auto instance = linker.instantiate(store, *module);
    if (!instance) return 2;
    vitrine::debug::Session session(store);
    std::uint32_t twice = 0;
    for (const vitrine::FuncInfo& f : module->functions()) if (f.name == "twice") twice = f.offset;
    auto breakpoint = session.add_breakpoint({ .module = *module, .offset = twice });
    if (!breakpoint) return 3;
    vitrine::debug::Event event = session.call(*instance->func("run"), { vitrine::Val::i32(3) });
    int stops = 0, steps = 0;
    while (auto* stopped = std::get_if<vitrine::debug::Stopped>(&event)) {
        auto frames = stopped->frames();
        if (stops++ == 0) {
            if (frames.size() != 2 || printed != 3) return 4;
            if (frames.front().locals().front().value.i32() != 3) return 5;
            if (!frames.front().set_local(0, vitrine::Val::i32(50))) return 6;
            if (frames.front().set_local(9, vitrine::Val::i32(50))) return 7;
        }
        event = ++steps < 3 ? session.step(std::move(*stopped)) : session.resume(std::move(*stopped));
    }
    auto& results = std::get<vitrine::debug::Exited>(event).results;
    if (!results || results->front().i32() != 100) return 8;
    return stops >= 3 ? 0 : 9;
}

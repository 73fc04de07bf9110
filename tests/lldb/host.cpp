// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An embedder with a door: `host MODULE...`. Instantiates the modules one after another and calls
// `add` of each; from the second on, the first client may stop the call at its entry. Then it calls
// all of them again.
#include <vitrine/debugger.hpp>

#include <cstdio>
#include <vector>

namespace {

/// The result of `add`, or -1.
std::int32_t add(
    vitrine::debug::Session& session, const vitrine::Instance& instance, std::int32_t more, bool stops)
{
    const auto function = instance.func("add");
    if (!function)
        return -1;
    const vitrine::debug::Event end = session.call(*function, { vitrine::Val::i32(more) }, stops);
    const auto& results = std::get<vitrine::debug::Exited>(end).results;
    return results ? results->front().i32() : -1;
}

} // namespace

int main(int count, char** paths)
{
    const vitrine::Engine engine(vitrine::Config().guest_debug(true));
    vitrine::Store store(engine);
    const vitrine::Linker linker(engine);
    vitrine::debug::Session session(store);
    vitrine::debug::GdbServer server(session, "0");
    std::vector<vitrine::Instance> instances;
    std::vector<std::int32_t> sums;
    for (int i = 1; i < count; ++i) {
        const auto module = vitrine::Module::from_file(engine, paths[i]);
        if (!module)
            return 1;
        server.announce(*module, paths[i]);
        if (i == 1) {
            std::fprintf(stderr, "%s\n", server.address().c_str());
            server.wait_for_client();
        }
        const auto instance = linker.instantiate(store, *module);
        if (!instance)
            return 2;
        instances.push_back(*instance);
        sums.push_back(add(session, *instance, 1, i > 1));
    }
    for (const vitrine::Instance& instance : instances)
        sums.push_back(add(session, instance, 10, false));
    for (const std::int32_t sum : sums)
        std::printf("%d ", sum);
    return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a module and runs it: a valid one is instantiated with imports made to fit,
// and its exported functions are called with zeros and edge values. Every feature is on. Every
// second input collects garbage at each allocation. Time and memory are bounded.
//
// It runs twice: in the interpreter, and as the bytes decide in compiled code, which may return to
// the interpreter anywhere. Results, traps with their backtraces, memories and globals must be
// equal.

#include "ending.h"

using namespace vitrine::core;
using namespace vitrine::fuzz;

namespace {

End run(std::span<const uint8_t> bytes, bool stress, const Tiering& tiering)
{
    End end;
    Guest guest(stress, tiering);
    auto owned = decode_module({ bytes.begin(), bytes.end() }, FeatureSet::all());
    if (!owned || !bound(**owned) || !validate_module(**owned, guest.engine->types, FeatureSet::all()))
        return end;
    const std::shared_ptr<const Module> module = std::move(*owned);
    const auto imports = make_imports(guest.store, *module);
    if (!imports)
        return end;
    const auto instance = instantiate(guest.store, module, *imports);
    if (!instance)
        return end;
    if (module->start) {
        const auto started = invoke(guest.thread, *(*instance)->functions[module->start->value], {});
        end.outcomes.push_back(text_of(started));
        if (!started) {
            note_state(**instance, end);
            return end;
        }
    }
    call_exports(guest.thread, **instance, 3, end);
    guest.store.heap.collect();
    note_state(**instance, end);
    return end;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::span bytes(data, size);
    const End interpreted = run(bytes, size % 2, {});
    if (interpreted.is_cut_short || interpreted.outcomes.empty())
        return 0;
    const End compiled = run(bytes, size % 2, tiering_of(hash_of(bytes)));
    ASSERT(compiled.is_cut_short || compiled == interpreted);
    return 0;
}

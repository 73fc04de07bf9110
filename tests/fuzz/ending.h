// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// What a guest leaves, so that two runs of it can be compared.

#include "base/text.h"
#include "guest.h"

#include <string>
#include <vector>

namespace vitrine::fuzz {

/// What a guest leaves, as texts and numbers.
struct End {
    std::vector<std::string> outcomes;
    std::vector<std::vector<uint8_t>> memories;
    std::vector<std::array<uint64_t, 2>> globals;
    /// Something other than the guest's own code ended it.
    bool is_cut_short = false;

    bool operator==(const End&) const = default;
};

/// Numbers by their bits, and references only by their presence. A trap with its backtrace.
inline std::string text_of(const OrTrapped<std::vector<Value>>& outcome)
{
    if (!outcome) {
        const Trap& trap = outcome.error();
        ASSERT(!trap.to_text().empty());
        std::string text = "trap " + std::to_string(static_cast<int>(trap.kind));
        for (const TraceEntry& entry : trap.trace)
            text += " " + std::to_string(entry.function->index.value) + "@" + hex(entry.offset);
        return text;
    }
    std::string text;
    for (const Value& value : *outcome) {
        ASSERT(!value.to_text().empty());
        text += value.type.is_ref() ? "ref " : value.to_text() + " ";
    }
    return text;
}

/// Calls the exported functions several times, with other arguments each time.
inline void call_exports(Thread& thread, const Instance& instance, size_t rounds, End& end)
{
    size_t calls = 0;
    for (size_t round = 0; round < rounds; ++round)
        for (const Export& item : instance.module->exports) {
            if (item.kind != ExternKind::Func)
                continue;
            if (++calls > max_calls || watchdog().is_over())
                return;
            Function& function = *instance.functions[item.index];
            const FuncType& type = *thread.store.engine().types[function.type].func();
            std::optional<std::vector<Value>> arguments;
            {
                const Heap::Pause pause(thread.store.heap);
                arguments = make_all(Values(thread.store, &instance), type.params, round * (item.index + 1));
            }
            if (!arguments)
                continue;
            const auto outcome = invoke(thread, function, *arguments);
            ASSERT(!outcome || outcome->size() == type.results.size());
            end.outcomes.push_back(text_of(outcome));
        }
}

inline void note_state(const Instance& instance, End& end)
{
    for (const Memory* memory : instance.memories)
        end.memories.emplace_back(memory->bytes().begin(), memory->bytes().end());
    for (const Global* global : instance.globals)
        if (!global->type.type.is_ref())
            end.globals.push_back(
                { global->slots()[0], global->type.type.slots() == 2 ? global->slots()[1] : 0 });
    end.is_cut_short = end.is_cut_short || watchdog().is_over();
}

} // namespace vitrine::fuzz

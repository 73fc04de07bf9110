// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a module and runs it: a valid one is instantiated with imports made to fit,
// and its exported functions are called with zeros and edge values. Every feature is on. Every
// second input collects garbage at each allocation. Time and memory are bounded.

#include "guest.h"

using namespace vitrine::core;
using namespace vitrine::fuzz;

namespace {

void check_outcome(const OrTrapped<std::vector<Value>>& outcome, const FuncType& type)
{
    if (!outcome) {
        ASSERT(!outcome.error().to_text().empty());
        return;
    }
    ASSERT(outcome->size() == type.results.size());
    for (const Value& value : *outcome)
        ASSERT(!value.to_text().empty());
}

void call_exports(Thread& thread, const Instance& instance)
{
    size_t calls = 0;
    for (const size_t round : { 0, 1, 2 })
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
            if (arguments)
                check_outcome(invoke(thread, function, *arguments), type);
        }
}

void run(std::unique_ptr<Module> owned, bool stress)
{
    Guest guest(stress);
    if (!validate_module(*owned, guest.engine->types, FeatureSet::all()))
        return;
    const std::shared_ptr<const Module> module = std::move(owned);
    const auto imports = make_imports(guest.store, *module);
    if (!imports)
        return;
    const auto instance = instantiate(guest.store, module, *imports);
    if (!instance)
        return;
    if (module->start && !invoke(guest.thread, *(*instance)->functions[module->start->value], {}))
        return;
    call_exports(guest.thread, **instance);
    guest.store.heap.collect();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    auto module = decode_module({ data, data + size }, FeatureSet::all());
    if (module && bound(**module))
        run(std::move(*module), size % 2);
    return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/breakpoints.h"

#include "base/text.h"
#include "exec/code.h"
#include "wasm/validator.h"

#include <algorithm>

namespace vitrine::core::debug {

Result<uint32_t> Breakpoints::add(BreakpointSpec spec)
{
    const auto function = spec.module->find_function(spec.offset);
    const auto offset =
        function ? find_instruction_boundary(*spec.module, *function, spec.offset) : std::nullopt;
    if (!offset)
        return failure("no instruction of the module is at or behind this place of a function", spec.offset);
    list_.push_back({ next_id_, std::move(spec), *offset });
    return next_id_++;
}

Result<void> Breakpoints::remove(uint32_t id)
{
    if (std::erase_if(list_, [&](const Breakpoint& breakpoint) { return breakpoint.id == id; }) == 0)
        return failure("there is no breakpoint " + std::to_string(id));
    return {};
}

void Breakpoints::add_internal(const Function& function, CodeOffset offset)
{
    internal_.emplace_back(function.instance->functions[function.index.value], offset);
}

void Breakpoints::clear_internal() { internal_.clear(); }

std::vector<Breakpoints::Place> Breakpoints::wanted_marks() const
{
    std::vector<Place> wanted = internal_;
    for (const Breakpoint& breakpoint : list_) {
        const FuncIndex function = *breakpoint.spec.module->find_function(breakpoint.offset);
        for (const Instance& instance : store_.instances()) {
            const bool is_meant = !breakpoint.spec.instance || breakpoint.spec.instance == &instance;
            if (instance.module == breakpoint.spec.module && is_meant)
                wanted.emplace_back(instance.functions[function.value], breakpoint.offset);
        }
    }
    std::ranges::sort(wanted);
    wanted.erase(std::ranges::unique(wanted).begin(), wanted.end());
    return wanted;
}

void Breakpoints::sync()
{
    std::vector<Place> wanted = wanted_marks();
    std::vector<Place> difference;
    std::ranges::set_difference(marks_, wanted, std::back_inserter(difference));
    for (const auto& [function, offset] : difference)
        unmark(*function, offset);
    difference.clear();
    std::ranges::set_difference(wanted, marks_, std::back_inserter(difference));
    for (const auto& [function, offset] : difference)
        mark(*function, offset);
    marks_ = std::move(wanted);
}

const Breakpoint* Breakpoints::hit(const Frame& frame)
{
    const auto found = std::ranges::find_if(list_, [&](const Breakpoint& breakpoint) {
        const Instance* instance = frame.function->instance;
        return breakpoint.offset == frame.offset && breakpoint.spec.module == instance->module
            && (!breakpoint.spec.instance || breakpoint.spec.instance == instance);
    });
    if (found == list_.end())
        return nullptr;
    ++found->hits;
    return &*found;
}

} // namespace vitrine::core::debug

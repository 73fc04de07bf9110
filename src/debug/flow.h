// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace vitrine::core::debug {

/// The instructions of a function, and where its frame can go on after each of them. A handler
/// that catches an exception is no such place: the probe reports it when that happens.
class Flow {
public:
    /// The function must be defined in the module, which must be valid.
    Flow(const Module& module, FuncIndex function);

    uint32_t size() const { return static_cast<uint32_t>(instructions_.size()); }
    CodeOffset offset(uint32_t instruction) const { return instructions_[instruction].offset; }
    /// The first instruction at or after the offset.
    std::optional<uint32_t> find(CodeOffset offset) const;
    bool is_call(uint32_t instruction) const { return instructions_[instruction].is_call; }
    bool is_tail_call(uint32_t instruction) const
    {
        return is_call(instruction) && !instructions_[instruction].falls_through;
    }

    /// Calls `visit` with each instruction that can come next in the frame.
    template<class Visit> void for_each_next(uint32_t instruction, Visit visit) const
    {
        const Step& step = instructions_[instruction];
        if (step.falls_through && instruction + 1 < size())
            visit(instruction + 1);
        const uint32_t end =
            instruction + 1 < size() ? instructions_[instruction + 1].first : uint32_t(targets_.size());
        for (uint32_t i = step.first; i < end; ++i)
            if (targets_[i] < size())
                visit(targets_[i]);
    }

private:
    struct Step {
        CodeOffset offset;
        /// Its first element of `targets_`.
        uint32_t first;
        bool falls_through = true;
        bool is_call = false;
    };
    class Builder;

    std::vector<Step> instructions_;
    std::vector<uint32_t> targets_;
};

} // namespace vitrine::core::debug

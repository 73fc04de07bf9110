// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/watch.h"
#include "interp/atomic.h"
#include "wasm/opcode.h"

#include <algorithm>
#include <array>
#include <span>

namespace vitrine::core::interp {

/// How an instruction uses the state that can be watched.
struct StateUse {
    StateKind kind {};
    bool reads = false;
    bool writes = false;
    /// What it grows may lie elsewhere then.
    bool may_move = false;

    /// As a set of `access_bit`.
    constexpr uint16_t accesses() const
    {
        return static_cast<uint16_t>(
            (reads ? access_bit(kind, false) : 0) | (writes ? access_bit(kind, true) : 0));
    }
};

/// By the shape of a load or store and the name of the others. An atomic that exchanges counts as a write, whatever it finds.
constexpr StateUse state_use(const OpInfo& row)
{
    if (row.shape == Shape::Atomic) {
        const AtomicKind kind = atomic_kind(row.text);
        using enum AtomicKind;
        return { StateKind::Memory, kind != Store && kind != Notify,
            kind != Load && kind != Wait && kind != Notify };
    }
    if (row.access_bytes != 0)
        return { StateKind::Memory, row.signature.has_result, !row.signature.has_result };
    if (row.immediate == core::Immediate::CallIndirect)
        return { StateKind::Table, true };
    constexpr std::pair<std::string_view, StateKind> nouns[] { { "memory.", StateKind::Memory },
        { "global.", StateKind::Global }, { "table.", StateKind::Table }, { "local.", StateKind::Local },
        { "struct.", StateKind::Object }, { "array.", StateKind::Object } };
    for (const auto& [noun, kind] : nouns) {
        if (!row.text.starts_with(noun))
            continue;
        const std::string_view verb = row.text.substr(noun.size());
        const bool copies = verb == "copy";
        return { kind, copies || verb.starts_with("get"),
            copies || verb == "set" || verb == "tee" || verb == "fill" || verb.starts_with("init"),
            verb == "grow" };
    }
    return {};
}

/// Of every instruction.
inline constexpr auto state_uses = [] {
    std::array<StateUse, op_table.size()> uses;
    std::ranges::transform(op_table, uses.begin(), state_use);
    return uses;
}();

/// What an instruction is about to touch of what is watched.
struct Touched {
    /// Somebody wants to look when it is executed.
    bool is_pending = false;
    uint8_t count = 0;
    std::array<TouchedRange, 2> ranges {};

    std::span<const TouchedRange> list() const { return { ranges.data(), count }; }
};

/// Of the instruction at `pc`, which is executed next in a frame of the function. When it will trap, the answer means nothing.
Touched find_touched(
    const Watches& watches, const Function& function, const uint8_t* pc, const Slot* fp, const Slot* sp);

} // namespace vitrine::core::interp

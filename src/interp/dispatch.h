// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"
#include "interp/access.h"

#include <array>
#include <initializer_list>
#include <map>
#include <mutex>

namespace vitrine::core::interp {

/// The address of the code that executes an instruction.
using Handler = const void*;
/// Handlers by opcode byte.
using HandlerTable = std::array<Handler, 256>;

/// All tables that lead from one instruction to the next.
class Handlers {
public:
    struct OfOp {
        Op op;
        Handler handler;
    };
    /// Handlers that do not belong to a single instruction.
    struct Others {
        Handler prefixes[4];
        Handler watched_prefixes[4];
        Handler mark;
        Handler step;
        Handler touched;
    };

    /// `by_op` and `watched` have one handler per row of the instruction table: the one that
    /// executes the instruction, and the one that first checks whether it touches watched state.
    /// The handlers in `wide` replace those of `by_op` in functions with v128.
    Handlers(
        const Handler* by_op, const Handler* watched, const Others& others, std::initializer_list<OfOp> wide);

    /// Handlers that execute an instruction without checking for watches.
    const HandlerTable& plain(bool is_wide) const { return is_wide ? wide_ : normal_; }
    /// Handlers that execute an instruction, and check for watches if the thread has any.
    const HandlerTable& executing(const Thread& thread, bool is_wide) const
    {
        return thread.watches() ? watching(thread.watches()->accesses(), is_wide) : plain(is_wide);
    }
    /// The table to use after an instruction.
    const HandlerTable& next(const Thread& thread, bool is_wide, const Touched& touched) const;
    /// The handler for an opcode with a prefix, 0xfb to 0xfe.
    Handler prefixed(uint8_t prefix, uint32_t code) const { return prefixed_[prefix - 0xfb][code].handler; }
    /// The same for a thread that watches some accesses.
    Handler watched_prefixed(uint8_t prefix, uint32_t code, uint16_t accesses) const
    {
        const Prefixed& row = prefixed_[prefix - 0xfb][code];
        return row.uses & accesses ? row.watched : row.handler;
    }

private:
    /// Variants of `normal_` and `wide_` for threads that watch some kinds of accesses.
    struct Watching {
        HandlerTable normal;
        HandlerTable wide;
    };

    /// An instruction with a prefix.
    struct Prefixed {
        Handler handler;
        Handler watched;
        /// The accesses that make `watched` the handler to use.
        uint16_t uses;
    };

    const HandlerTable& watching(uint16_t accesses, bool is_wide) const;

    HandlerTable normal_ {};
    HandlerTable wide_ {};
    HandlerTable stepping_ {};
    HandlerTable touched_ {};
    std::array<std::array<Prefixed, 0x120>, 4> prefixed_ {};
    const Handler* watched_;
    std::array<Handler, 4> watched_prefixes_ {};
    /// Made when first needed, by any thread.
    mutable std::mutex mutex_;
    mutable std::map<uint16_t, Watching> watching_;
};

} // namespace vitrine::core::interp

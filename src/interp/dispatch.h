// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"
#include "interp/access.h"

#include <array>
#include <initializer_list>
#include <map>
#include <mutex>

namespace vitrine::core::interp {

/// Where the code of an instruction begins.
using Handler = const void*;
/// By opcode byte.
using HandlerTable = std::array<Handler, 256>;

/// All tables that lead from one instruction to the next.
class Handlers {
public:
    struct OfOp {
        Op op;
        Handler handler;
    };
    /// Handlers of what is no instruction of its own.
    struct Others {
        Handler prefixes[4];
        Handler watched_prefixes[4];
        Handler mark;
        Handler step;
        Handler touched;
    };

    /// `by_op` and `watched` have one handler for each row of the table: what executes it, and what finds out first what it
    /// touches of what is watched. `wide` is executed instead in functions with v128.
    Handlers(
        const Handler* by_op, const Handler* watched, const Others& others, std::initializer_list<OfOp> wide);

    /// What executes an instruction whatever it touches.
    const HandlerTable& plain(bool is_wide) const { return is_wide ? wide_ : normal_; }
    /// What executes an instruction, if need be when it has been found out what it touches.
    const HandlerTable& executing(const Thread& thread, bool is_wide) const
    {
        return thread.watches() ? watching(thread.watches()->accesses(), is_wide) : plain(is_wide);
    }
    /// What comes after an instruction.
    const HandlerTable& next(const Thread& thread, bool is_wide, const Touched& touched) const;
    /// By what follows a prefix, 0xfb to 0xfe.
    Handler prefixed(uint8_t prefix, uint32_t code) const { return prefixed_[prefix - 0xfb][code].handler; }
    /// The same for a thread that watches accesses.
    Handler watched_prefixed(uint8_t prefix, uint32_t code, uint16_t accesses) const
    {
        const Prefixed& row = prefixed_[prefix - 0xfb][code];
        return row.uses & accesses ? row.watched : row.handler;
    }

private:
    /// `normal_` and `wide_` for threads that watch some kinds of accesses.
    struct Watching {
        HandlerTable normal;
        HandlerTable wide;
    };

    /// An instruction behind a prefix.
    struct Prefixed {
        Handler handler;
        Handler watched;
        /// The accesses for which it is `watched`.
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
    /// Made when they are first needed. Any thread may be the first.
    mutable std::mutex mutex_;
    mutable std::map<uint16_t, Watching> watching_;
};

} // namespace vitrine::core::interp

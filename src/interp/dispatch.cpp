// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/dispatch.h"

#include "exec/code.h"

#include <algorithm>

namespace vitrine::core::interp {

namespace {

/// The watched accesses for which an instruction must be checked before it is executed. An
/// instruction that may move watched state must always be checked.
uint16_t watched_for(const StateUse& use) { return use.may_move ? UINT16_MAX : access_bits(use); }

} // namespace

Handlers::Handlers(
    const Handler* by_op, const Handler* watched, const Others& others, std::initializer_list<OfOp> wide)
    : watched_(watched)
{
    stepping_.fill(others.step);
    touched_.fill(others.touched);
    for (size_t op = 0; op < op_table.size(); ++op) {
        const OpInfo& row = op_table[op];
        if (!row.is_prefixed())
            normal_[row.code] = by_op[op];
        else
            prefixed_[row.prefix() - 0xfb].at(
                row.subcode()) = { by_op[op], watched[op], watched_for(row.state) };
    }
    std::ranges::copy(others.watched_prefixes, watched_prefixes_.begin());
    std::ranges::copy(others.prefixes, normal_.begin() + 0xfb);
    normal_[mark_opcode] = others.mark;
    wide_ = normal_;
    for (const auto [op, handler] : wide)
        wide_[info(op).code] = handler;
}

const HandlerTable& Handlers::next(const Thread& thread, bool is_wide, const Touched& touched) const
{
    if (touched.is_pending)
        return touched_;
    return thread.is_any_stepping() ? stepping_ : executing(thread, is_wide);
}

const HandlerTable& Handlers::watching(uint16_t accesses, bool is_wide) const
{
    const std::lock_guard lock(mutex_);
    const auto [found, is_new] = watching_.try_emplace(accesses, normal_, wide_);
    Watching& tables = found->second;
    for (size_t op = 0; is_new && op < op_table.size(); ++op) {
        const OpInfo& row = op_table[op];
        if ((watched_for(row.state) & accesses) == 0)
            continue;
        const uint32_t byte = row.is_prefixed() ? row.prefix() : row.code;
        tables.normal[byte] = tables.wide[byte] =
            row.is_prefixed() ? watched_prefixes_[byte - 0xfb] : watched_[op];
    }
    return is_wide ? tables.wide : tables.normal;
}

} // namespace vitrine::core::interp

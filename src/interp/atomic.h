// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "interp/operand.h"

#include <string_view>

namespace vitrine::core::interp {

/// What an atomic instruction does with the number in memory.
enum class AtomicKind : uint8_t {
    Load,
    Store,
    Add,
    Sub,
    And,
    Or,
    Xor,
    Exchange,
    CompareExchange,
    Wait,
    Notify
};

/// By the instruction's name.
constexpr AtomicKind atomic_kind(std::string_view text)
{
    using enum AtomicKind;
    constexpr std::pair<std::string_view, AtomicKind> words[] { { ".notify", Notify }, { ".wait", Wait },
        { ".load", Load }, { ".store", Store }, { ".add", Add }, { ".sub", Sub }, { ".and", And },
        { ".or", Or }, { ".xor", Xor }, { ".xchg", Exchange }, { ".cmpxchg", CompareExchange } };
    for (const auto& [word, kind] : words)
        if (text.contains(word))
            return kind;
    std::unreachable();
}

/// Reads, changes and writes in one: answers with the number that was there. `operands` begin behind the address.
/// All sequentially consistent. [spec: exec/instructions, atomic memory instructions]
template<AtomicKind kind, class T> Slot run_atomic(uint8_t* bytes, const Slot* operands)
{
    auto* at = reinterpret_cast<T*>(bytes);
    [[maybe_unused]] const auto operand = [&] { return static_cast<T>(operands[0]); };
    using enum AtomicKind;
    if constexpr (kind == Load) {
        return __atomic_load_n(at, __ATOMIC_SEQ_CST);
    } else if constexpr (kind == Store) {
        __atomic_store_n(at, operand(), __ATOMIC_SEQ_CST);
        return 0;
    } else if constexpr (kind == Add) {
        return __atomic_fetch_add(at, operand(), __ATOMIC_SEQ_CST);
    } else if constexpr (kind == Sub) {
        return __atomic_fetch_sub(at, operand(), __ATOMIC_SEQ_CST);
    } else if constexpr (kind == And) {
        return __atomic_fetch_and(at, operand(), __ATOMIC_SEQ_CST);
    } else if constexpr (kind == Or) {
        return __atomic_fetch_or(at, operand(), __ATOMIC_SEQ_CST);
    } else if constexpr (kind == Xor) {
        return __atomic_fetch_xor(at, operand(), __ATOMIC_SEQ_CST);
    } else if constexpr (kind == Exchange) {
        return __atomic_exchange_n(at, operand(), __ATOMIC_SEQ_CST);
    } else {
        static_assert(kind == CompareExchange);
        // A narrow one compares the whole operand: with bits beyond its width set it never matches.
        T found = static_cast<T>(operands[0]);
        if (found != operands[0])
            return __atomic_load_n(at, __ATOMIC_SEQ_CST);
        __atomic_compare_exchange_n(
            at, &found, static_cast<T>(operands[1]), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        return found;
    }
}

} // namespace vitrine::core::interp

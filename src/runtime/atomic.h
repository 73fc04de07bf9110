// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/value.h"
#include "wasm/opcode.h"

#include <cstdint>

namespace vitrine::core {

/// Performs an atomic instruction on `bytes` and returns the old value. `operands` are those after
/// the address. All accesses are sequentially consistent.
/// [spec: exec/instructions, atomic memory instructions]
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
        // A narrow compare-and-exchange wraps both operands to its width.
        T found = static_cast<T>(operands[0]);
        __atomic_compare_exchange_n(
            at, &found, static_cast<T>(operands[1]), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        return found;
    }
}

} // namespace vitrine::core

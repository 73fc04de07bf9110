// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/frame.h"
#include "runtime/store.h"

#include <optional>
#include <string>
#include <vector>

namespace vitrine::core::debug {

/// Where a value of a frame lies, and of which type it is.
struct Home {
    ValueType type;
    Slot* slots;
};

/// That of a local; none when the frame has no such local.
std::optional<Home> find_local_home(const Frame& frame, uint32_t index);

/// That of an operand, counted from the bottom.
std::optional<Home> find_operand_home(const Frame& frame, uint32_t index);

/// A local of a frame: `name` from the name section, else empty.
struct Local {
    std::string name;
    Value value;
};

/// Parameters and locals of a guest frame, in order; empty for a host frame.
std::vector<Local> locals_of(const Frame& frame);
/// Operands of a guest frame, bottom first.
std::vector<Value> operands_of(const Frame& frame);

/// Changes a local or operand; the type must be the same, a reference of the frame's store.
Result<void> set_local(const Frame& frame, uint32_t index, const Value& value);
Result<void> set_operand(const Frame& frame, uint32_t index, const Value& value);

/// `$name` or `func[3]`, for messages and lists.
std::string text_of(const Function& function);

} // namespace vitrine::core::debug

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/frame.h"
#include "runtime/store.h"

#include <optional>
#include <string>
#include <vector>

namespace vitrine::core::debug {

/// The slots and the type of a value in a frame.
struct Home {
    ValueType type;
    Slot* slots;
};

/// The home of a local; none if the frame does not have it.
std::optional<Home> find_local_home(const Frame& frame, uint32_t index);

/// The home of an operand. Index 0 is the bottom of the stack.
std::optional<Home> find_operand_home(const Frame& frame, uint32_t index);

/// A local of a frame. `name` comes from the name section and may be empty.
struct Local {
    std::string name;
    Value value;
};

/// The parameters and locals of a guest frame, in order. Empty for a host frame.
std::vector<Local> locals_of(const Frame& frame);
/// The operands of a guest frame, bottom first.
std::vector<Value> operands_of(const Frame& frame);

/// Changes a local or operand. The value must have the same type; a reference must belong to the
/// frame's store.
Result<void> set_local(const Frame& frame, uint32_t index, const Value& value);
Result<void> set_operand(const Frame& frame, uint32_t index, const Value& value);

/// `$name` or `func[3]`, for messages and lists.
std::string text_of(const Function& function);

} // namespace vitrine::core::debug

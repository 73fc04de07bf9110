// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "gdb/view.h"

#include <string>
#include <string_view>

namespace vitrine::core::gdb {

/// [doc] Commands of our own
///
/// A guest has things that LLDB has no name for: globals, tables, tags, operands, references and what they refer to.
/// `process plugin packet monitor TEXT` asks for them in words, and the answer is text; `help` lists the commands.
/// LLDB does not say which frame it is looking at: a command means the innermost one and its instance, unless it ends with `in FRAME` or `of INSTANCE`.
///
/// Never fails: what makes no sense is answered with a text that begins with `error:`.
std::string answer_monitor(View& view, std::string_view command);

} // namespace vitrine::core::gdb

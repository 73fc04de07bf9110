// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "gdb/place.h"

#include <string>

// The commands that say where the guest stops, and where it goes on. What they set belongs to the client, as its own
// breakpoints do. LLDB does not know of them: such a stop is told in words.

namespace vitrine::core::gdb {

/// `ADDRESS|FUNCTION [ignore N] [log "MESSAGE"] [if EXPRESSION]`: the engine evaluates the expression, so that LLDB is not asked.
Result<std::string> set_break(const Scope& scope, Words& words);
Result<std::string> set_temporary(const Scope& scope, Words& words);
Result<std::string> set_condition(const Scope& scope, Words& words);
Result<std::string> set_ignore(const Scope& scope, Words& words);
Result<std::string> enable(const Scope& scope, Words& words);
Result<std::string> disable(const Scope& scope, Words& words);
/// `PLACE [read|write|access]`, where the place is an expression or words, or `memory N ADDRESS SIZE`; without a word changes stop.
Result<std::string> set_watch(const Scope& scope, Words& words);
/// `[throw|uncaught|trap|host|load [off]]`
Result<std::string> catch_events(const Scope& scope, Words& words);
Result<std::string> list_stops(const Scope& scope, Words& words);
Result<std::string> delete_stop(const Scope& scope, Words& words);

// Where the stopped thread is changes at once, and LLDB, which believes that its frames are as they were, learns of it with the
// next step: that executes nothing.
Result<std::string> skip(const Scope& scope, Words& words);
/// `[VALUE[, VALUE...]]`
Result<std::string> return_values(const Scope& scope, Words& words);
/// `TAG [VALUE[, VALUE...]]`: thrown when the guest goes on.
Result<std::string> throw_tag(const Scope& scope, Words& words);
Result<std::string> clear_exception(const Scope& scope, Words& words);

} // namespace vitrine::core::gdb

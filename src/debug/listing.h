// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/breakpoints.h"
#include "debug/watchpoints.h"

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::debug {

// One line of text for everything that a guest has and that stops it, the same for every debugger.
// `place` is how the debugger writes a place in code or memory; the line leaves an empty one out.

/// `local[3]`, or with a name `local[3] size`. The name is escaped.
std::string label_of(std::string_view kind, uint64_t index, std::string_view name);
/// A type as the module writes it: `(ref null $node)`, or without a name `(ref null 3)`.
std::string type_text(const Module& module, ValueType type);
/// `[2] next = null ((ref null $node))`, or without a name `[2] 7 (i32)`: a field, element or value
/// of an object; not beyond `part_count`.
std::string part_line(const Module& module, const Object& object, uint32_t index);
/// `5 (i32)`
std::string typed_text(const Module& module, const Value& value);

/// `local[0] n = 5 (i32)`: parameters and locals of a guest frame.
std::vector<std::string> local_lines(const Frame& frame);
/// `stack[0] = 5 (i32)`: its operands, the lowest first.
std::vector<std::string> operand_lines(const Frame& frame);

/// Turns the name of a compiled function into that of the source: `hello::main`. Other names stay
/// as they are.
using Demangle = std::string (*)(std::string_view name);

/// `$count`, or without a name `global[0]`. Names of functions are demangled if there is a way.
std::string short_label(const Module& module, ExternKind kind, uint32_t index, Demangle demangle = nullptr);
/// `global[0] $count`, or without a name `global[0]`.
std::string row_label(const Module& module, ExternKind kind, uint32_t index, Demangle demangle = nullptr);
/// `$add`, or `env.log` for a function of the host.
std::string function_text(const Function& function, Demangle demangle);

/// `func[1] $add: (param i32 i32) (result i32) at 0x62, private`
std::string function_line(
    const Module& module, FuncIndex index, std::string_view place, Demangle demangle = nullptr);
/// `global[0] $count = 7 (mut i32), private`
std::string global_line(const Module& module, GlobalIndex index, std::string_view value);
/// The disassembly of the function that has code at the offset.
Result<std::string> code_text(const Module& module, CodeOffset offset);
/// `table[0] $calls: 3 elements (funcref)`
std::string table_line(const Module& module, TableIndex index, uint64_t size);
/// `memory[1] $large: 65536 bytes, 64-bit, private`
std::string memory_line(const Module& module, MemoryIndex index, uint64_t size, std::string_view place);
/// `tag[0] $error: (param i32)`
std::string tag_line(const Module& module, TagIndex index);
/// `instance 0 of $app`
std::string instance_line(const Module& module, uint32_t number);

/// `ignore 2, every 3`, as the console takes it, behind a separator each; empty for the defaults.
std::string hit_count_text(uint64_t ignore_count, uint64_t every, std::string_view separator);

/// Whether the breakpoint stops at another instruction than the one asked for. The first
/// instruction of a function counts as what was asked for if the request was the function itself.
bool has_slipped(const Breakpoint& breakpoint);
/// `, 2 hits`; empty for none.
std::string hits_text(uint64_t hits);
/// `watchpoint 2: rwatch table[2], 1 hit`; `place` is what the user called it.
std::string watchpoint_line(const Watchpoint& watchpoint, std::string_view place);

/// The events at which a session can stop, by their names. `StopsOn` is the session's or that of
/// the public API.
template<class StopsOn> struct StopEvent {
    std::string_view name;
    bool StopsOn::* flag;
};
template<class StopsOn>
inline constexpr StopEvent<StopsOn> stop_events[] {
    { "throw", &StopsOn::caught_throw },
    { "uncaught", &StopsOn::uncaught_throw },
    { "trap", &StopsOn::trap },
    { "host", &StopsOn::host_error },
    { "load", &StopsOn::load },
    { "exit", &StopsOn::exit },
    { "component", &StopsOn::component },
};
inline constexpr std::string_view expected_stop_event =
    "expected throw, uncaught, trap, host, load, exit or component";

/// `trap: stops`, `trap: off`
std::string stop_event_line(std::string_view name, bool is_on);

// Errors about values that the user lists for parameters, results or a tag.
std::string too_many_values(std::string_view word, size_t expected);
std::string too_few_values(size_t actual, size_t expected);
std::string other_type(std::string_view word, std::string_view actual, std::string_view expected);

/// An error message about a text. If the position in the text is known, the text and a mark below
/// that position follow.
std::string marked_text(std::string_view message, std::optional<uint64_t> offset, std::string_view text);

} // namespace vitrine::core::debug

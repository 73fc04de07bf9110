// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/console.h"
#include "debug/line_step.h"

#include <string_view>

namespace vitrine::core::console {

// What verbs of several files do.

/// Whether the arguments of `set` are those of a setting.
bool is_setting(std::string_view arguments);
Result<void> change_setting(Console& console, Words& words);

/// Whether the argument of `show` is something of the console, and no name of the program.
bool is_of_console(const Console& console, std::string_view argument);
Result<void> show_of_console(Console& console, Words& words);

/// `info types`
Result<void> show_types(Console& console, Words& words);
/// `info functions`, `info variables`
Result<void> show_functions_of_source(Console& console, Words& words);
Result<void> show_variables_of_source(Console& console, Words& words);
/// Types of the source whose names match. False if there are none, or no debug information.
Result<bool> show_types_of_source(Console& console, Words& words);

/// A place as an argument: a place in code as users write it, or the client's address.
Result<std::vector<CodePlace>> take_places(Console& console, Words& words);

/// `breakpoint 1: deposit at bank.c:25, if amount > 10, 2 hits`, with a line for each location if
/// there are several.
std::string request_text(Console& console, const debug::Request& request);

/// `watchpoint 2: watch total (int at 0x11f8c), if total > 3`
std::string watchpoint_text(const Stops::WatchRow& row);

/// Whether the text is a call as in the source: `deposit(&accounts[0], 20)`.
bool is_source_call(const Scope& scope, std::string_view text);
/// How the result of a call is told: as `print` shows values, perhaps in a format.
struct CallStyle {
    bool is_print = false;
    std::optional<Format> format {};
};
/// Calls a function of the source, and shows and remembers what it returns.
Result<void> call_source(Console& console, std::string_view text, const CallStyle& style);

/// Lists lines of source as the words say. False if they mean code, or nothing that has a source.
Result<bool> list_source(Console& console, Words& words);

/// A step by lines of the thread of the scope; null where there are none.
std::shared_ptr<debug::Step> line_step(Console& console, debug::LineStepKind kind);

/// What `step` does not enter: `function REGEX`, `file GLOB`, `library on`, `list`, `delete 1`.
/// False for other words.
Result<bool> change_skips(Console& console, Words& words);

/// Whether the source says which variables the selected frame has.
bool has_source_variables(const Console& console);
/// The arguments of the selected frame, or its other variables.
Result<void> show_source_variables(Console& console, Words& words, bool are_arguments);

/// A form of `info`: see console/info.inc.
struct InfoForm {
    std::string_view name, forms;
    /// The verb that it is a form of; empty if it is a verb of its own.
    std::string_view verb;
    std::string_view arguments;
    Needs needs;
    std::string_view summary;
    Result<void> (*perform)(Console&, Words&);
};
std::span<const InfoForm> info_table();

} // namespace vitrine::core::console

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/console.h"

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

/// A place as an argument: a place in code as users write it, or the client's address.
Result<std::vector<CodePlace>> take_places(Console& console, Words& words);

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

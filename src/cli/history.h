// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

/// The lines that a user typed into the debugger, in a file that several debuggers may use at once.
/// Each line is written when it is entered, so none is lost, however the debugger ends. Anything
/// but a regular file is left unchanged.
class History {
public:
    /// If `path` is empty, nothing is saved.
    explicit History(std::string path) : path_(std::move(path)) {}

    /// The user's file, `$XDG_STATE_HOME/vitrine/debug_history`. Creates its directory. Empty if
    /// there is no such place.
    static std::string user_path();

    /// At most the last `max_lines` lines, oldest first. A file with many more lines is truncated
    /// to these.
    std::vector<std::string> load(size_t max_lines);
    /// Appends a line unless it equals the previous one.
    void append(std::string_view line);

private:
    std::string path_;
    std::string last_;
};

} // namespace vitrine::cli

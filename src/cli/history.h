// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

/// The lines that users of the debugger have typed, in a file that several debuggers may use at once.
/// Each line is written when it is typed, so none is lost however the debugger ends. What is no
/// regular file is left alone.
class History {
public:
    /// `path` may be empty: then nothing is kept.
    explicit History(std::string path) : path_(std::move(path)) {}

    /// The file of the user: `$XDG_STATE_HOME/vitrine/debug_history`, with its folder made; empty if
    /// there is no such place.
    static std::string user_path();

    /// At most the last `max_lines` lines, oldest first. A file with many more is cut to them.
    std::vector<std::string> load(size_t max_lines);
    /// Adds a line at the end, unless it is the same as the last one.
    void append(std::string_view line);

private:
    std::string path_;
    std::string last_;
};

} // namespace vitrine::cli

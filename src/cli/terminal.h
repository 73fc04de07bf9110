// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

/// Reads the lines that the user types. On a terminal, with editing, history and completion.
/// Otherwise it reads not a byte beyond the line, because the guest may read the same stream.
class Terminal {
public:
    /// Returns the possible completions of the last word of an unfinished line.
    using Completer = std::function<std::vector<std::string>(std::string_view line)>;

    explicit Terminal(Completer completer);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    bool is_interactive() const { return editor_ != nullptr; }
    /// The next line without its line feed. Empty at the end of the input. Only a terminal shows
    /// the prompt.
    std::optional<std::string> read_line(std::string_view prompt);
    /// The lines that were typed here and in earlier debuggers, the oldest first.
    const std::vector<std::string>& typed() const { return typed_; }

private:
    struct Editor;
    std::unique_ptr<Editor> editor_;
    std::vector<std::string> typed_;
};

} // namespace vitrine::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

/// Reads the lines that the user types: with editing, history and completion on a terminal, else plainly, and then not a byte more than
/// the line, as the guest may read the same stream.
class Terminal {
public:
    /// What the last word of an unfinished line may become.
    using Completer = std::function<std::vector<std::string>(std::string_view line)>;

    Terminal(std::string prompt, Completer completer);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    bool is_interactive() const { return editor_ != nullptr; }
    /// The next line without its end; none at the end of the input.
    std::optional<std::string> read_line();

private:
    struct Editor;
    std::unique_ptr<Editor> editor_;
};

} // namespace vitrine::cli

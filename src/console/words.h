// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vitrine::core::console {

/// The text without blanks at both ends.
std::string_view trimmed(std::string_view text);

/// The arguments of a verb, taken from the front. The text must outlive it.
class Words {
public:
    /// `takes_none`: the verb has no arguments, which the error of `end` then says.
    explicit Words(std::string_view text, bool takes_none = false);

    bool at_end() const { return text_.empty(); }
    /// All that is left.
    std::string_view rest() const { return text_; }
    /// The next word, which ends at a blank outside of quotes and brackets; empty at the end.
    std::string_view peek() const;
    /// Takes the next word.
    std::string_view next();
    /// Takes the next word if it is this one.
    bool take(std::string_view word);
    /// Takes the last word if it is this one and not the only one.
    bool take_last(std::string_view word);
    /// Takes the next word as a number; `what` names it in the error.
    Result<uint64_t> number(std::string_view what);
    /// Takes a text in quotes, and replaces its escapes `\"` and `\\`.
    Result<std::string> quoted(std::string_view what);
    /// Takes the last two words if they are `key` and a number.
    Result<std::optional<uint64_t>> trailing(std::string_view key);
    /// Fails if anything is left.
    Result<void> end() const;

private:
    std::string_view text_;
    bool takes_none_;
};

} // namespace vitrine::core::console

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/scope.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace vitrine::core::console {

/// How `x` shows a memory, or `print` a value: gdb's `/8xw`.
struct Format {
    uint64_t count = 1;
    /// x d u o t c f a, or s for a text.
    char letter = 'x';
    /// The size of an element: 1, 2, 4 or 8 bytes.
    uint32_t bytes = 4;
    /// Whether it has a count or a size: such a format is one of memory.
    bool is_of_memory = false;
    /// The word itself.
    std::string text {};
};

/// Parses a word that begins with `/`. What it does not say is as in `last`.
Result<Format> parse_format(std::string_view word, const Format& last);

/// Takes the format that the words begin with.
Result<Format> take_format(Words& words, const Format& last);

/// Shows memory in a format, and remembers where it ended.
class Examiner {
public:
    /// Takes a line of the answer.
    using Write = std::function<void(const std::string& line)>;

    /// The format that was used last.
    const Format& last() const { return last_; }
    /// Whether `x` can continue.
    bool has_place() const { return has_place_; }

    /// Shows what is at a place of a memory, which is `number` in the scope's instance. Texts have
    /// at most `max_text` characters. An element that is not wholly in the memory ends it.
    Result<void> show(const Scope& scope, std::string_view place, const Format& format, uint64_t max_text,
        const Write& write);
    /// Shows what comes behind that.
    Result<void> go_on(const Scope& scope, const Format& format, uint64_t max_text, const Write& write);

private:
    Result<void> show_at(
        const eval::MemoryRange& place, const Format& format, uint64_t max_text, const Write& write);
    void show_numbers(const eval::MemoryRange& place, const Format& format, const Write& write);
    void show_texts(const eval::MemoryRange& place, uint64_t count, uint64_t max_text, const Write& write);

    Format last_;
    /// `1:`: the memory in the text of a place, in any instance.
    std::string memory_;
    uint64_t next_ = 0;
    bool has_place_ = false;
};

/// `0x00000010`
std::string address_text(uint64_t address);

} // namespace vitrine::core::console

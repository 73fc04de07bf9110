// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/symbols.h"
#include "source/text.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace vitrine::core::source {

/// What a part of a line of source is.
enum class Word : uint8_t { Plain, Comment, String, Number, Keyword, Type, Directive };

/// Bytes `begin` up to, but without, `end` of a line.
struct WordSpan {
    uint32_t begin = 0, end = 0;
    Word word = Word::Plain;

    friend bool operator==(const WordSpan&, const WordSpan&) = default;
};

/// The language of a file by the ending of its name; `fallback` if that says nothing.
Language language_of(std::string_view path, Language fallback = Language::Unknown);

/// Finds comments, strings, numbers and keywords, by tables of words rather than by grammars: wrong
/// in rare cases, but fast, and never lost in a file that does not compile.
class Highlighter {
public:
    /// What a line continues from the line before it.
    struct State {
        /// 0 for nothing, else 1 more than the index of a comment or string of the language.
        uint8_t open = 0;
        /// The nesting of a comment; for a raw string, the number of `#` behind its quote.
        uint16_t depth = 0;
    };

    Highlighter(std::shared_ptr<const Text> text, Language language)
        : text_(std::move(text)), language_(language)
    {}

    /// The parts of a line that are not plain, from left to right. Reads the lines before it, once.
    std::vector<WordSpan> spans_of(uint32_t line);

private:
    std::shared_ptr<const Text> text_;
    Language language_;
    /// What each line, from the first, continues. Lines after these have not been read.
    std::vector<State> states_ { State {} };
};

/// The parts of one line that are not plain. Updates what the next line continues.
std::vector<WordSpan> highlight(std::string_view line, Language language, Highlighter::State& state);

} // namespace vitrine::core::source

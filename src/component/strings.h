// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "component/component.h"
#include "component/fault.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>

// [doc] Strings between encodings
//
// Each side of a call has one of three encodings. How a string is stored in the receiver's memory
// is prescribed to the byte, because the receiver's allocator sees it: the memory that is asked for
// first is a guess, which may grow when the first character is found that does not fit, and shrinks
// at the end. [component model: Canonical ABI, storing]

namespace vitrine::core::component {

/// How the code units of one string are encoded.
enum class Units : uint8_t { Utf8, Utf16, Latin1 };

/// A string in memory.
struct SourceString {
    Units units = Units::Utf8;
    /// The encoding of its side is `latin1+utf16`.
    bool has_two_encodings = false;
    /// The number of code units.
    uint32_t count = 0;
    /// In memory that may change or move: never keep it while the guest runs.
    Bytes bytes {};
};

/// The bit of a length that says that a string of `latin1+utf16` is UTF-16.
inline constexpr uint32_t utf16_tag = 1u << 31;

/// Checks that the string is well-formed.
Faulty<void> check_string(const SourceString& string);
/// A well-formed string as UTF-8.
std::string to_utf8(const SourceString& string);

/// One allocation, and what is written to it.
struct StringStage {
    enum class Content : uint8_t {
        Nothing,
        /// The characters in front of the first that does not fit.
        Prefix,
        /// What follows. The prefix is there already, as the previous stage has written it.
        Rest,
        Whole,
        /// All of a UTF-16 string, and then over it the same as Latin-1. What remains of UTF-16 is
        /// given back by the next stage.
        Narrowed,
    };

    /// In bytes.
    uint32_t size = 0;
    uint32_t alignment = 1;
    Units units = Units::Utf8;
    Content content = Content::Whole;
};

/// How a string is stored: one to three allocations. After the first, each reallocates the previous
/// one.
struct StringPlan {
    std::array<StringStage, 3> stages {};
    uint32_t count = 0;
    /// The length that is stored: code units, with `utf16_tag` where needed.
    uint32_t length = 0;
};
/// The plan for a well-formed string.
StringPlan plan_string(const SourceString& string, StringEncoding encoding);

/// Writes what the stage says. `to` has its size. Never writes beyond it, even if the string has
/// changed since the plan was made.
void write_string(const SourceString& string, const StringStage& stage, std::span<uint8_t> to);

} // namespace vitrine::core::component

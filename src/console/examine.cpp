// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/examine.h"

#include "base/number.h"
#include "base/text.h"
#include "console/values.h"
#include "eval/format.h"

#include <algorithm>
#include <cstring>

namespace vitrine::core::console {

namespace {

constexpr std::string_view sizes = "bhwg";
/// As many bytes, or texts, are shown at most.
constexpr uint64_t max_bytes = 1 << 20;
constexpr uint64_t max_texts = 1 << 16;

/// How many elements are on a line, and how many characters an element has at most.
struct Columns {
    uint64_t count, width;
};

Columns columns_of(const Format& format)
{
    const uint64_t bytes = format.bytes;
    const uint64_t count = bytes <= 2 ? 8 : 16 / bytes;
    switch (format.letter) {
    case 't': return { bytes == 1 ? 4 : 8 / bytes, 2 + 8 * bytes };
    case 'c': return { count, 6 };
    case 'x':
    case 'a': return { count, 2 + 2 * bytes };
    case 'f': return { count, 2 + 3 * bytes };
    // Octal digits, with a zero in front.
    default: return { count, 1 + (8 * bytes + 2) / 3 };
    }
}

/// An element, as wide as the others where that makes it easier to read.
std::string element_text(const Format& format, Bytes bytes)
{
    uint64_t bits = 0;
    std::memcpy(&bits, bytes.data(), bytes.size());
    const auto width = static_cast<unsigned>(8 * bytes.size());
    if (format.letter == 'x')
        return "0x" + hex_digits(bits, static_cast<int>(width / 4));
    std::string text = *eval::formatted(bits, width, format.letter);
    if (format.letter == 't')
        text.insert(2, 2 + width - text.size(), '0');
    return text;
}

} // namespace

std::string address_text(uint64_t address)
{
    return "0x" + hex_digits(address, address > UINT32_MAX ? 16 : 8);
}

Result<Format> parse_format(std::string_view word, const Format& last)
{
    Format format { .letter = last.letter, .bytes = last.bytes, .text = std::string(word) };
    std::string_view letters = word.substr(1);
    const size_t digits = std::min(letters.find_first_not_of("0123456789"), letters.size());
    bool has_letter = false, has_size = false;
    if (digits > 0) {
        const auto count = parse_unsigned(letters.substr(0, digits));
        if (!count)
            return failure(std::string(word) + ": the count is too large");
        format.count = *count;
        format.is_of_memory = true;
        letters.remove_prefix(digits);
    }
    for (const char letter : letters) {
        if (letter == 'i')
            return failure("/i: code is not in a memory; `list` and `disassemble` show instructions");
        const bool is_size = sizes.contains(letter);
        if ((is_size ? has_size : has_letter)
            || (!is_size && letter != 's' && letter != 'r' && !eval::value_formats.contains(letter)))
            return failure(
                std::string(word) + ": expected /COUNT, one of x d u o t c f a s r, and one of b h w g");
        if (is_size)
            format.bytes = 1u << sizes.find(letter);
        else
            format.letter = letter;
        (is_size ? has_size : has_letter) = true;
    }
    format.is_of_memory |= has_size;
    // A size that the last format cannot have.
    if (has_size && !has_letter && (format.letter == 's' || (format.letter == 'f' && format.bytes < 4)))
        format.letter = 'x';
    if (!has_size && has_letter && (format.letter == 'c' || format.letter == 'a'))
        format.bytes = format.letter == 'c' ? 1 : 4;
    if (format.letter == 'f' && format.bytes < 4) {
        if (has_size)
            return failure(std::string(word) + ": a float has 4 or 8 bytes: /fw or /fg");
        format.bytes = 8;
    }
    if (format.letter == 's' && has_size && format.bytes != 1)
        return failure(std::string(word) + ": a text has characters of one byte");
    return format;
}

Result<Format> take_format(Words& words, const Format& last)
{
    // `x/8xw` and `x /8xw`: the expression begins behind the word.
    return parse_format(words.next(), last);
}

Result<void> Examiner::show(
    const Scope& scope, std::string_view place, const Format& format, uint64_t max_text, const Write& write)
{
    const eval::MemoryRange range = TRY(find_memory_place(scope, place));
    const auto& memories = scope.instance->memories;
    const auto found = std::ranges::find(memories, range.memory);
    memory_ = std::to_string(found - memories.begin()) + ":";
    return show_at(range, format, max_text, write);
}

Result<void> Examiner::go_on(const Scope& scope, const Format& format, uint64_t max_text, const Write& write)
{
    return show_at(
        TRY(find_memory_place(scope, memory_ + std::to_string(next_) + "uL")), format, max_text, write);
}

Result<void> Examiner::show_at(
    const eval::MemoryRange& place, const Format& format, uint64_t max_text, const Write& write)
{
    if (format.letter == 'r')
        return failure("/r is a format of `print`");
    if (place.address >= place.memory->size())
        return failure("address " + hex(place.address) + " is beyond the end of the memory, "
            + hex(place.memory->size()));
    last_ = format;
    next_ = place.address;
    has_place_ = true;
    if (format.letter == 's')
        show_texts(place, format.count, max_text, write);
    else
        show_numbers(place, format, write);
    return {};
}

void Examiner::show_numbers(const eval::MemoryRange& place, const Format& format, const Write& write)
{
    const uint64_t bytes = format.bytes;
    const Bytes memory = place.memory->bytes();
    const uint64_t count = std::min(format.count, max_bytes / bytes);
    const uint64_t there = std::min(count, (memory.size() - place.address) / bytes);
    const auto [columns, width] = columns_of(format);
    for (uint64_t i = 0; i < there; i += columns) {
        std::string line = address_text(next_);
        for (uint64_t j = i; j < std::min(i + columns, there); ++j) {
            const std::string text = element_text(format, memory.subspan(next_, bytes));
            line += "  " + text + std::string(width - std::min(width, text.size()), ' ');
            next_ += bytes;
        }
        write(line.substr(0, line.find_last_not_of(' ') + 1));
    }
    if (there < count)
        write("the memory ends here");
    else if (there < format.count)
        write(std::to_string(format.count - there) + " more");
}

void Examiner::show_texts(
    const eval::MemoryRange& place, uint64_t count, uint64_t max_text, const Write& write)
{
    const Bytes memory = place.memory->bytes();
    for (uint64_t i = 0; i < std::min(count, max_texts); ++i) {
        if (next_ >= memory.size())
            return write("the memory ends here");
        const Bytes rest =
            memory.subspan(next_, std::min(memory.size() - next_, std::min(max_text, max_bytes)));
        const auto end = std::ranges::find(rest, 0);
        const auto length = static_cast<size_t>(end - rest.begin());
        const bool is_whole = end != rest.end();
        write(address_text(next_) + "  \"" + escaped({ reinterpret_cast<const char*>(rest.data()), length })
            + "\"" + (is_whole ? "" : "..."));
        next_ += length + (is_whole ? 1 : 0);
    }
    if (count > max_texts)
        write(std::to_string(count - max_texts) + " more");
}

} // namespace vitrine::core::console

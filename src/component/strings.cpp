// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/strings.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace vitrine::core::component {

namespace {

constexpr char32_t replacement = 0xfffd;

bool is_surrogate(char32_t c) { return c >= 0xd800 && c < 0xe000; }

/// Reads the characters of a string in order. Of malformed strings, it reads replacement
/// characters, and notes it.
class Characters {
public:
    explicit Characters(const SourceString& string) : units_(string.units), bytes_(string.bytes) {}

    bool is_at_end() const { return at_ >= bytes_.size(); }
    std::optional<Fault> problem;

    /// Skips characters that are less than `limit`. Returns their number.
    size_t skip_below(char32_t limit)
    {
        for (size_t count = 0;; ++count) {
            const size_t here = at_;
            if (is_at_end() || next() >= limit) {
                at_ = here;
                return count;
            }
        }
    }

    char32_t next()
    {
        switch (units_) {
        case Units::Utf8: return next_utf8();
        case Units::Utf16: return next_utf16();
        case Units::Latin1: return bytes_[at_++];
        }
        std::unreachable();
    }

private:
    char32_t bad(FaultKind kind)
    {
        if (!problem)
            problem = Fault { kind, at_ };
        return replacement;
    }

    char32_t next_utf8()
    {
        const uint8_t first = bytes_[at_];
        if (first < 0x80) {
            ++at_;
            return first;
        }
        const unsigned more = first >= 0xc2 && first < 0xe0 ? 1
            : first >= 0xe0 && first < 0xf0                 ? 2
            : first >= 0xf0 && first < 0xf5                 ? 3
                                                            : 0;
        if (more == 0) {
            bad(FaultKind::InvalidUtf8);
            ++at_;
            return replacement;
        }
        char32_t c = first & (0x3f >> more);
        for (unsigned i = 1; i <= more; ++i) {
            if (at_ + i >= bytes_.size()) {
                bad(FaultKind::IncompleteUtf8);
                at_ = bytes_.size();
                return replacement;
            }
            const uint8_t byte = bytes_[at_ + i];
            if ((byte & 0xc0) != 0x80) {
                bad(FaultKind::InvalidUtf8);
                at_ += i;
                return replacement;
            }
            c = c << 6 | (byte & 0x3f);
        }
        constexpr char32_t least[] = { 0, 0x80, 0x800, 0x10000 };
        if (c < least[more] || is_surrogate(c) || c > 0x10ffff)
            c = bad(FaultKind::InvalidUtf8);
        at_ += more + 1;
        return c;
    }

    char32_t next_utf16()
    {
        const char32_t first = load<uint16_t>(bytes_.data() + at_);
        if (!is_surrogate(first)) {
            at_ += 2;
            return first;
        }
        if (first < 0xdc00 && at_ + 4 <= bytes_.size()) {
            const char32_t second = load<uint16_t>(bytes_.data() + at_ + 2);
            if (second >= 0xdc00 && second < 0xe000) {
                at_ += 4;
                return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            }
        }
        bad(FaultKind::InvalidUtf16);
        at_ += 2;
        return replacement;
    }

    Units units_;
    Bytes bytes_;
    size_t at_ = 0;
};

uint32_t size_in_utf8(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

/// Stores a character. Returns how many bytes it took, or nothing if there is no room.
size_t encode(char32_t c, Units units, std::span<uint8_t> to)
{
    switch (units) {
    case Units::Latin1:
        if (to.empty())
            return 0;
        to[0] = static_cast<uint8_t>(c);
        return 1;
    case Units::Utf16: {
        const bool is_pair = c >= 0x10000;
        const uint16_t pair[] = { static_cast<uint16_t>(is_pair ? 0xd800 + ((c - 0x10000) >> 10) : c),
            static_cast<uint16_t>(0xdc00 + (c & 0x3ff)) };
        const size_t size = is_pair ? 4 : 2;
        if (to.size() < size)
            return 0;
        std::memcpy(to.data(), pair, size);
        return size;
    }
    case Units::Utf8: {
        const uint32_t size = size_in_utf8(c);
        if (to.size() < size)
            return 0;
        if (size == 1) {
            to[0] = static_cast<uint8_t>(c);
            return 1;
        }
        for (uint32_t i = size; i-- > 1; c >>= 6)
            to[i] = static_cast<uint8_t>(0x80 | (c & 0x3f));
        to[0] = static_cast<uint8_t>((0xf00u >> size) | c);
        return size;
    }
    }
    std::unreachable();
}

/// Whether the bytes are all ASCII.
bool is_ascii(Bytes bytes)
{
    uint64_t all = 0;
    size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8)
        all |= load<uint64_t>(bytes.data() + i);
    for (; i < bytes.size(); ++i)
        all |= bytes[i];
    return (all & 0x8080808080808080) == 0;
}

/// The sizes that a string would have in each encoding, in bytes.
struct Sizes {
    uint32_t utf8 = 0;
    uint32_t utf16 = 0;
    uint32_t characters = 0;
    bool is_ascii = true;
    bool is_latin1 = true;
};

Sizes measure(const SourceString& string)
{
    if (string.units != Units::Utf16 && is_ascii(string.bytes))
        return { string.count, 2 * string.count, string.count };
    Sizes sizes;
    for (Characters characters(string); !characters.is_at_end(); ++sizes.characters) {
        const char32_t c = characters.next();
        sizes.utf8 += size_in_utf8(c);
        sizes.utf16 += c < 0x10000 ? 2 : 4;
        sizes.is_ascii &= c < 0x80;
        sizes.is_latin1 &= c < 0x100;
    }
    return sizes;
}

using Content = StringStage::Content;

StringPlan one_stage(uint32_t size, uint32_t alignment, Units units, uint32_t length)
{
    return { { StringStage { size, alignment, units, Content::Whole } }, 1, length };
}

/// Adds the stage that gives memory back, if there is any to give.
void shrink(StringPlan& plan, uint32_t size, uint32_t alignment)
{
    const StringStage& last = plan.stages[plan.count - 1];
    if (size < last.size)
        plan.stages[plan.count++] = { size, alignment, last.units, Content::Nothing };
}

StringPlan plan_utf8(const SourceString& string, const Sizes& sizes)
{
    if (string.units == Units::Utf8 || sizes.is_ascii)
        return one_stage(string.count, 1, Units::Utf8, string.count);
    const uint32_t worst = (string.units == Units::Utf16 ? 3 : 2) * string.count;
    StringPlan plan { { StringStage { string.count, 1, Units::Utf8, Content::Prefix },
                          StringStage { worst, 1, Units::Utf8, Content::Rest } },
        2, sizes.utf8 };
    shrink(plan, sizes.utf8, 1);
    return plan;
}

StringPlan plan_utf16(const SourceString& string, const Sizes& sizes)
{
    StringPlan plan = one_stage(2 * string.count, 2, Units::Utf16, sizes.utf16 / 2);
    if (string.units == Units::Utf8)
        shrink(plan, sizes.utf16, 2);
    return plan;
}

StringPlan plan_latin1_or_utf16(const SourceString& string, const Sizes& sizes)
{
    const uint32_t tagged = sizes.utf16 / 2 | utf16_tag;
    if (string.units == Units::Latin1)
        return one_stage(string.count, 2, Units::Latin1, string.count);
    if (string.has_two_encodings) {
        // It was UTF-16 over there, so it is expected to be UTF-16 here.
        if (!sizes.is_latin1)
            return one_stage(2 * string.count, 2, Units::Utf16, tagged);
        StringPlan plan = one_stage(2 * string.count, 2, Units::Latin1, string.count);
        plan.stages[0].content = Content::Narrowed;
        plan.stages[plan.count++] = { string.count, 1, Units::Latin1, Content::Nothing };
        return plan;
    }
    if (sizes.is_latin1) {
        StringPlan plan = one_stage(string.count, 2, Units::Latin1, sizes.characters);
        shrink(plan, sizes.characters, 2);
        return plan;
    }
    StringPlan plan { { StringStage { string.count, 2, Units::Latin1, Content::Prefix },
                          StringStage { 2 * string.count, 2, Units::Utf16, Content::Rest } },
        2, tagged };
    shrink(plan, sizes.utf16, 2);
    return plan;
}

} // namespace

Faulty<void> check_string(const SourceString& string)
{
    if (string.units == Units::Latin1 || (string.units == Units::Utf8 && is_ascii(string.bytes)))
        return {};
    Characters characters(string);
    while (!characters.is_at_end()) {
        characters.next();
        if (characters.problem)
            return std::unexpected(*characters.problem);
    }
    return {};
}

std::string to_utf8(const SourceString& string)
{
    if (string.units == Units::Utf8)
        return std::string(text_of(string.bytes));
    std::string text;
    text.reserve(string.count);
    std::array<uint8_t, 4> bytes;
    for (Characters characters(string); !characters.is_at_end();)
        text.append(text_of(Bytes(bytes).first(encode(characters.next(), Units::Utf8, bytes))));
    return text;
}

StringPlan plan_string(const SourceString& string, StringEncoding encoding)
{
    if (encoding == StringEncoding::Utf8 && string.units == Units::Utf8)
        return one_stage(string.count, 1, Units::Utf8, string.count);
    const Sizes sizes = measure(string);
    switch (encoding) {
    case StringEncoding::Utf8: return plan_utf8(string, sizes);
    case StringEncoding::Utf16: return plan_utf16(string, sizes);
    case StringEncoding::Latin1Utf16: return plan_latin1_or_utf16(string, sizes);
    }
    std::unreachable();
}

namespace {

/// Makes room for UTF-16 where `count` characters of Latin-1 are, in place.
void widen(std::span<uint8_t> bytes, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        bytes[2 * i] = bytes[i];
        bytes[2 * i + 1] = 0;
    }
}

} // namespace

void write_string(const SourceString& string, const StringStage& stage, std::span<uint8_t> to)
{
    if (stage.content == Content::Nothing || string.bytes.empty())
        return;
    if (stage.content == Content::Narrowed
        || (stage.content == Content::Whole && stage.units == string.units)) {
        std::memcpy(to.data(), string.bytes.data(), std::min(to.size(), string.bytes.size()));
        if (stage.content == Content::Whole)
            return;
    }
    Characters characters(string);
    char32_t limit = 0x110000;
    if (stage.content == Content::Prefix) {
        limit = stage.units == Units::Latin1 ? 0x100 : 0x80;
    } else if (stage.content == Content::Rest && stage.units == Units::Utf8) {
        to = to.subspan(std::min(characters.skip_below(0x80), to.size()));
    } else if (stage.content == Content::Rest) {
        const size_t count = std::min(characters.skip_below(0x100), to.size() / 2);
        widen(to, count);
        to = to.subspan(2 * count);
    }
    while (!characters.is_at_end()) {
        const char32_t c = characters.next();
        const size_t written = c < limit ? encode(c, stage.units, to) : 0;
        if (written == 0)
            return;
        to = to.subspan(written);
    }
}

} // namespace vitrine::core::component

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/variables.h"

#include "base/number.h"
#include "base/text.h"
#include "console/words.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace vitrine::core::console {

namespace {

/// How many values the history keeps.
constexpr size_t max_history = 1000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// As the lexer of expressions has it.
bool is_name_part(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
        || static_cast<uint8_t>(c) >= 0x80;
}

/// The length of a text in quotes at the front; all of it if it does not end.
size_t quoted_length(std::string_view text)
{
    size_t at = 1;
    while (at < text.size() && text[at] != text.front())
        at += text[at] == '\\' ? 2 : 1;
    return std::min(at + 1, text.size());
}

/// The length of a name with its `$` at the front: `$`, `$$`, `$$2`, `$#7`, `$name`.
size_t name_length(std::string_view text)
{
    const bool is_value = text.starts_with("$$") || text.starts_with("$#");
    size_t length = is_value ? 2 : 1;
    while (length < text.size() && (is_value ? is_digit(text[length]) : is_name_part(text[length])))
        ++length;
    return length;
}

std::string in_parentheses(const std::string& text)
{
    return text.starts_with('-') ? "(" + text + ")" : text;
}

template<class Float> std::string float_constant(Float number, std::string_view suffix)
{
    if (std::isnan(number))
        return suffix.empty() ? "(0.0/0.0)" : "f32(0.0/0.0)";
    const bool is_single = !suffix.empty();
    if (std::isinf(number))
        return std::string(is_single ? "f32" : "") + (number < 0 ? "(-1.0/0.0)" : "(1.0/0.0)");
    std::string text = float_text(number);
    if (text.find_first_of(".e") == std::string::npos)
        text += ".0";
    return in_parentheses(text + std::string(suffix));
}

/// The value as an expression.
Result<std::string> constant(const Computed& computed, std::string_view name)
{
    if (!computed.again.empty())
        return computed.again;
    if (computed.is_aggregate)
        return failure(std::string(name) + " was " + computed.text + ": no expression means it now");
    if (!computed.value)
        return "\"" + computed.text + "\"";
    const Value& value = *computed.value;
    switch (value.type.kind()) {
    case ValueKind::I32: {
        const auto number = static_cast<int32_t>(value.low);
        if (computed.is_unsigned)
            return std::to_string(static_cast<uint32_t>(value.low)) + "u";
        return number == INT32_MIN ? "i32(0x80000000)" : in_parentheses(std::to_string(number));
    }
    case ValueKind::I64: {
        const auto number = static_cast<int64_t>(value.low);
        if (computed.is_unsigned)
            return std::to_string(value.low) + "uL";
        return number == INT64_MIN ? "i64(0x8000000000000000)" : in_parentheses(std::to_string(number) + "L");
    }
    case ValueKind::F32: return float_constant(std::bit_cast<float>(static_cast<uint32_t>(value.low)), "f");
    case ValueKind::F64: return float_constant(std::bit_cast<double>(value.low), "");
    case ValueKind::V128: return failure(std::string(name) + " is a v128, for which there is no constant");
    default:
        return failure(std::string(name) + " was " + computed.text
            + ": a reference is not kept when the program goes on");
    }
}

} // namespace

void Variables::remember(Computed value)
{
    if (history_.size() == max_history) {
        history_.erase(history_.begin());
        ++first_number_;
    }
    value.source = nullptr;
    history_.push_back(std::move(value));
}

void Variables::set(std::string_view name, Computed value)
{
    all_.insert_or_assign(std::string(name), std::move(value));
}

const Computed* Variables::find_from_last(uint64_t back) const
{
    return back < history_.size() ? &history_[history_.size() - 1 - back] : nullptr;
}

/// What a name with its `$` means here; null if it is the program's, or nobody's.
const Computed* Variables::find(std::string_view name, const IsKnown& is_known) const
{
    if (name == "$")
        return find_from_last(0);
    if (name == "$$")
        return find_from_last(1);
    const auto number = parse_unsigned(name.substr(std::min<size_t>(2, name.size())));
    if (name.starts_with("$$"))
        return number ? find_from_last(*number) : nullptr;
    if (name.starts_with("$#")) {
        const bool is_kept = number && *number >= first_number_ && *number - first_number_ < history_.size();
        return is_kept ? &history_[*number - first_number_] : nullptr;
    }
    const std::string_view bare = name.substr(1);
    const auto variable = all_.find(bare);
    return variable != all_.end() && !is_known(bare) ? &variable->second : nullptr;
}

Result<Variables::Text> Variables::replace(std::string_view text, const IsKnown& is_known) const
{
    Text made;
    for (size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        size_t length = 1;
        if (rest.starts_with("$\""))
            length = 1 + quoted_length(rest.substr(1));
        else if (rest.starts_with('"') || rest.starts_with('\''))
            length = quoted_length(rest);
        else if (rest.starts_with('$'))
            length = name_length(rest);
        const std::string_view piece = rest.substr(0, length);
        const bool is_name = piece.starts_with('$') && !piece.starts_with("$\"");
        const Computed* const value = is_name ? find(piece, is_known) : nullptr;
        if (!value && is_name && piece.starts_with("$#"))
            return failure("there is no value " + std::string(piece)
                + (history_.empty()
                        ? ""
                        : ": the last one is $#" + std::to_string(first_number_ + history_.size() - 1)));
        if (value) {
            const size_t begin = made.text.size();
            made.text += TRY(constant(*value, piece));
            made.changes.push_back({ begin, made.text.size(), at, at + length });
        } else {
            made.text += piece;
        }
        at += length;
    }
    return made;
}

uint64_t Variables::Text::original(uint64_t offset) const
{
    int64_t longer = 0;
    for (const Change& change : changes) {
        if (offset < change.begin)
            break;
        if (offset < change.end)
            return change.original_begin;
        longer = static_cast<int64_t>(change.end) - static_cast<int64_t>(change.original_end);
    }
    return static_cast<uint64_t>(static_cast<int64_t>(offset) - longer);
}

std::optional<VariableAssignment> variable_assignment(std::string_view text)
{
    text = trimmed(text);
    if (!text.starts_with('$') || text.starts_with("$$") || text.starts_with("$\""))
        return std::nullopt;
    const size_t length = name_length(text);
    const std::string_view name = text.substr(1, length - 1);
    if (name.empty() || is_digit(name.front()))
        return std::nullopt;
    text = trimmed(text.substr(length));
    const size_t sign = text.find('=');
    const std::string_view operation = text.substr(0, std::min(sign, text.size()));
    constexpr std::string_view operations[] { "", "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>" };
    if (sign == text.npos || std::ranges::find(operations, operation) == std::end(operations)
        || text.substr(sign).starts_with("=="))
        return std::nullopt;
    return VariableAssignment { name, operation, trimmed(text.substr(sign + 1)) };
}

} // namespace vitrine::core::console

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/message.h"

#include <algorithm>

namespace vitrine::core::eval {

namespace {

/// Parses `}` or `:format}` at `at` and moves past it.
Result<Expression::Format> read_format(std::string_view text, size_t& at)
{
    using Format = Expression::Format;
    Format format = Format::Plain;
    if (at < text.size() && text[at] == ':') {
        const char letter = at + 1 < text.size() ? text[at + 1] : '\0';
        if (letter != 'd' && letter != 'u' && letter != 'x')
            return failure("a format is `d`, `u` or `x`", at + 1);
        format = letter == 'd' ? Format::Signed : letter == 'u' ? Format::Unsigned : Format::Hex;
        at += 2;
    }
    if (at >= text.size() || text[at] != '}')
        return failure("`}` expected", at);
    ++at;
    return format;
}

} // namespace

Result<LogMessage> LogMessage::compile(std::string_view text, const Scope& scope)
{
    return in_text(parse(text, scope));
}

Result<LogMessage> LogMessage::parse(std::string_view text, const Scope& scope)
{
    SourceNames names(scope);
    LogMessage message;
    std::string plain;
    for (size_t at = 0; at < text.size();) {
        const char c = text[at];
        const bool is_brace = c == '{' || c == '}';
        if (!is_brace || (at + 1 < text.size() && text[at + 1] == c)) {
            plain += c;
            at += is_brace ? 2 : 1;
            continue;
        }
        if (c == '}')
            return failure("`}` without `{`: for a brace write `}}`", at);
        auto [node, end] = TRY(parse_expression(text, at + 1, names.type_test()));
        SourceExpression expression = TRY(SourceExpression::compile(node, scope, names));
        const size_t format_at = end;
        const Expression::Format format = TRY(read_format(text, end));
        if (auto fits = expression.check_format(format); !fits)
            return failure(fits.error().message, format_at);
        at = end;
        message.parts_.push_back({ std::move(plain), std::move(expression), format });
        plain.clear();
    }
    message.parts_.push_back({ std::move(plain), {} });
    return message;
}

bool LogMessage::is_slow() const
{
    return std::ranges::any_of(
        parts_, [](const Part& part) { return part.expression && part.expression->is_of_source(); });
}

std::string LogMessage::text(const Frame& frame) const
{
    std::string result;
    for (const Part& part : parts_) {
        result += part.text;
        if (!part.expression)
            continue;
        auto value = part.expression->text(frame, part.format);
        result += value ? *value : "<" + value.error().message + ">";
    }
    return result;
}

} // namespace vitrine::core::eval

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/wave.h"

#include "base/bytes.h"
#include "base/guard.h"
#include "base/text.h"
#include "component/names.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <unordered_map>

namespace vitrine::core::component {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string in_quotes(std::string_view text)
{
    constexpr size_t longest = 40;
    const bool is_long = text.size() > longest;
    return "\"" + escaped(is_long ? text.substr(0, longest) : text) + (is_long ? "...\"" : "\"");
}

/// `"a", "b" or "c"`: how the cases, fields or flags of this type are written. Long lists are cut.
std::string list_of(const Shape& shape)
{
    constexpr size_t most = 8;
    const std::vector<ShapePart>& parts = shape.parts;
    std::string text;
    for (size_t i = 0; i < parts.size(); ++i) {
        if (i == most)
            return text + ", ...";
        if (i > 0)
            text += i + 1 == parts.size() ? " or " : ", ";
        const bool is_escaped = shape.has_cases() && is_wave_keyword(parts[i].name);
        text += in_quotes((is_escaped ? "%" : "") + std::string(parts[i].name));
    }
    return text;
}

/// What a text of this type looks like.
std::string form_of(const Shape& shape)
{
    switch (shape.kind) {
    case ComponentKind::Bool: return "true or false";
    case ComponentKind::S8:
    case ComponentKind::U8:
    case ComponentKind::S16:
    case ComponentKind::U16:
    case ComponentKind::S32:
    case ComponentKind::U32:
    case ComponentKind::S64:
    case ComponentKind::U64: return "an integer";
    case ComponentKind::F32:
    case ComponentKind::F64: return "a number";
    case ComponentKind::Char: return "a character in single quotes";
    case ComponentKind::String: return "a string in double quotes";
    case ComponentKind::List: return "a list, such as [x, y]";
    case ComponentKind::Map: return "a list of pairs, such as [(key, value)]";
    case ComponentKind::Record: return "a record, such as {label: x}";
    case ComponentKind::Tuple: return "a tuple, such as (x, y)";
    case ComponentKind::Flags: return "flags, such as {read, write}";
    case ComponentKind::Variant:
    case ComponentKind::Enum: return list_of(shape);
    case ComponentKind::Option: return "none or some(...)";
    case ComponentKind::Result: return "ok or err";
    case ComponentKind::ErrorContext:
    case ComponentKind::Own:
    case ComponentKind::Borrow:
    case ComponentKind::Stream:
    case ComponentKind::Future: return "a value that has a text";
    }
    std::unreachable();
}

struct IntegerRange {
    int64_t least;
    uint64_t most;
    std::string_view name;
};

template<class T> IntegerRange range_of(std::string_view name)
{
    return { static_cast<int64_t>(std::numeric_limits<T>::min()),
        static_cast<uint64_t>(std::numeric_limits<T>::max()), name };
}

IntegerRange range_of(ComponentKind kind)
{
    switch (kind) {
    case ComponentKind::S8: return range_of<int8_t>("s8");
    case ComponentKind::U8: return range_of<uint8_t>("u8");
    case ComponentKind::S16: return range_of<int16_t>("s16");
    case ComponentKind::U16: return range_of<uint16_t>("u16");
    case ComponentKind::S32: return range_of<int32_t>("s32");
    case ComponentKind::U32: return range_of<uint32_t>("u32");
    case ComponentKind::S64: return range_of<int64_t>("s64");
    default: return range_of<uint64_t>("u64");
    }
}

struct Label {
    std::string_view name;
    size_t at;
    /// Written with `%`, so that it is no keyword.
    bool is_escaped;

    bool is_keyword(std::string_view word) const { return !is_escaped && name == word; }
};

class WaveParser {
public:
    explicit WaveParser(std::string_view text, size_t at = 0) : text_(text), at_(at) {}

    /// The depth of the recursion is that of the type.
    Result<Value> value(const Shape& shape)
    {
        skip_blanks();
        switch (shape.kind) {
        case ComponentKind::Bool: return boolean(shape);
        case ComponentKind::S8:
        case ComponentKind::U8:
        case ComponentKind::S16:
        case ComponentKind::U16:
        case ComponentKind::S32:
        case ComponentKind::U32:
        case ComponentKind::S64:
        case ComponentKind::U64: return integer(shape);
        case ComponentKind::F32:
        case ComponentKind::F64: return floating(shape);
        case ComponentKind::Char: return character(shape);
        case ComponentKind::String: return string(shape);
        case ComponentKind::List: return list(shape);
        case ComponentKind::Map: return sequence(shape, shape.element());
        case ComponentKind::Record: return record(shape);
        case ComponentKind::Tuple: return tuple(shape);
        case ComponentKind::Variant:
        case ComponentKind::Enum: return variant(shape);
        case ComponentKind::Option: return option(shape);
        case ComponentKind::Result: return result(shape);
        case ComponentKind::Flags: return flags(shape);
        case ComponentKind::Own:
        case ComponentKind::Borrow: return failure("a resource cannot be written as text", at_);
        case ComponentKind::ErrorContext: return failure("an error context cannot be written as text", at_);
        case ComponentKind::Stream: return failure("a stream cannot be written as text", at_);
        case ComponentKind::Future: return failure("a future cannot be written as text", at_);
        }
        std::unreachable();
    }

    Result<std::vector<Value>> arguments(const FuncShape& func)
    {
        const std::vector<ShapePart>& params = func.params.parts;
        std::vector<Value> values;
        bool has_comma = true;
        while (skip_blanks(), !at_end() && next() != ')') {
            if (!has_comma)
                return expected("\",\" or \")\"");
            if (values.size() == params.size())
                return failure("too many arguments: the function takes "
                        + (params.empty() ? "none" : std::to_string(params.size())),
                    at_);
            values.push_back(TRY(value(*params[values.size()].shape)));
            has_comma = take(',');
        }
        for (size_t i = values.size(); i < params.size(); ++i) {
            if (params[i].shape->kind != ComponentKind::Option)
                return failure("argument " + in_quotes(params[i].name) + " is missing", at_);
            values.emplace_back();
        }
        CHECK(need(')'));
        CHECK(end("the call"));
        return values;
    }

    /// Fails unless nothing follows.
    Result<void> end(std::string_view what)
    {
        skip_blanks();
        if (!at_end())
            return failure("unexpected text after " + std::string(what) + ": " + found(), at_);
        return {};
    }

private:
    // -- Tokens

    bool at_end() const { return at_ == text_.size(); }
    /// Must not be called at the end.
    char next() const { return text_[at_]; }
    std::string_view rest() const { return text_.substr(at_); }

    /// Skips white space and comments.
    void skip_blanks()
    {
        while (true) {
            at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
            if (!rest().starts_with("//"))
                return;
            at_ = std::min(text_.find('\n', at_), text_.size());
        }
    }

    bool take(char c)
    {
        skip_blanks();
        if (at_end() || next() != c)
            return false;
        ++at_;
        return true;
    }

    Result<void> need(char c)
    {
        if (!take(c))
            return expected({ '"', c, '"' });
        return {};
    }

    /// What is at this place, for a message.
    std::string found() const
    {
        if (at_end())
            return "the end";
        if (next() == '"')
            return "a string";
        if (next() == '\'')
            return "a character";
        size_t end = at_;
        while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]) || text_[end] == '-'))
            ++end;
        if (end == at_)
            end += std::max<size_t>(character_at(bytes_of(rest())).length, 1);
        return in_quotes(text_.substr(at_, end - at_));
    }

    std::unexpected<Error> expected(const std::string& what) const
    {
        return failure("expected " + what + ", found " + found(), at_);
    }

    /// A label or keyword, if there is one.
    std::optional<Label> peek_label() const
    {
        const bool is_escaped = rest().starts_with('%');
        const size_t begin = at_ + is_escaped;
        size_t end = begin;
        while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]) || text_[end] == '-'))
            ++end;
        const std::string_view name = text_.substr(begin, end - begin);
        if (!is_label(name))
            return std::nullopt;
        return Label { name, at_, is_escaped };
    }

    std::optional<Label> take_label()
    {
        skip_blanks();
        auto label = peek_label();
        if (label)
            at_ += label->name.size() + label->is_escaped;
        return label;
    }

    bool take_keyword(std::string_view word)
    {
        const auto label = peek_label();
        if (!label || !label->is_keyword(word))
            return false;
        at_ += word.size();
        return true;
    }

    /// A number as in JSON. Empty if there is none.
    std::string_view take_number()
    {
        size_t end = at_;
        const auto digits = [&] {
            const size_t begin = end;
            while (end < text_.size() && is_digit(text_[end]))
                ++end;
            return end > begin;
        };
        const auto skip = [&](std::string_view any) {
            const bool is_there = end < text_.size() && any.contains(text_[end]);
            end += is_there;
            return is_there;
        };
        skip("-");
        if (skip("0") ? false : !digits())
            return {};
        // Without digits behind it, neither a dot nor an `e` belongs to the number.
        if (const size_t whole = end; skip(".") && !digits())
            end = whole;
        if (const size_t whole = end; skip("eE") && (skip("+-"), !digits()))
            end = whole;
        const std::string_view number = text_.substr(at_, end - at_);
        at_ = end;
        return number;
    }

    // -- Numbers and characters

    Result<Value> boolean(const Shape& shape)
    {
        if (take_keyword("true"))
            return Value { .bits = 1 };
        if (take_keyword("false"))
            return Value { .bits = 0 };
        return expected(form_of(shape));
    }

    Result<Value> integer(const Shape& shape)
    {
        const size_t start = at_;
        const std::string_view number = take_number();
        const IntegerRange range = range_of(shape.kind);
        const std::string wanted = form_of(shape) + " (" + std::string(range.name) + ")";
        if (number.empty())
            return expected(wanted);
        CHECK(check_number_end(start));
        const bool is_negative = number.starts_with('-');
        const std::string_view digits = number.substr(is_negative);
        if (!std::ranges::all_of(digits, is_digit))
            return failure("expected " + wanted + ", found " + in_quotes(number), start);
        uint64_t magnitude = 0;
        const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude).ec;
        const uint64_t limit = is_negative ? uint64_t { 0 } - static_cast<uint64_t>(range.least) : range.most;
        if (error != std::errc() || magnitude > limit)
            return failure(in_quotes(number) + " is out of range for " + std::string(range.name) + ": "
                    + std::to_string(range.least) + " to " + std::to_string(range.most),
                start);
        return Value { .bits = is_negative ? uint64_t { 0 } - magnitude : magnitude };
    }

    /// Fails if a number is directly followed by something that could be part of it: `007`, `0x1f`.
    Result<void> check_number_end(size_t start) const
    {
        if (!at_end() && (is_digit(next()) || is_letter(next()) || next() == '.' || next() == '_'))
            return failure("expected a decimal number without leading zeros, found "
                    + in_quotes(text_.substr(start, at_ + 1 - start)),
                start);
        return {};
    }

    Result<Value> floating(const Shape& shape)
    {
        const size_t start = at_;
        std::string number;
        if (take_keyword("nan"))
            number = "nan";
        else if (take_keyword("inf"))
            number = "inf";
        else if (rest().starts_with("-inf"))
            number = text_.substr(std::exchange(at_, at_ + 4), 4);
        else
            number = take_number();
        if (number.empty())
            return expected(form_of(shape));
        CHECK(check_number_end(start));
        // A number that is too large becomes infinite.
        if (shape.kind == ComponentKind::F32)
            return Value { .bits = std::bit_cast<uint32_t>(std::strtof(number.c_str(), nullptr)) };
        return Value { .bits = std::bit_cast<uint64_t>(std::strtod(number.c_str(), nullptr)) };
    }

    /// Appends the escape sequence at this place, which begins with a backslash.
    Result<void> take_escape_to(std::string& to)
    {
        constexpr std::string_view known = "'\"\\tnru";
        const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        const size_t length = known.contains(kind) ? take_escape(rest(), to) : 0;
        if (length == 0)
            return failure(kind == 'u'
                    ? "invalid escape sequence: expected the code point of a character, as in \\u{7f}"
                    : "invalid escape sequence: expected \\' \\\" \\\\ \\t \\n \\r or \\u{7f}",
                at_);
        at_ += length;
        return {};
    }

    Result<Value> character(const Shape& shape)
    {
        const size_t start = at_;
        if (at_end() || next() != '\'')
            return expected(form_of(shape));
        ++at_;
        std::string content;
        if (!at_end() && next() == '\\') {
            CHECK(take_escape_to(content));
        } else if (!at_end() && next() != '\'' && next() != '\n') {
            content = rest().substr(0, character_at(bytes_of(rest())).length);
            at_ += content.size();
        }
        if (content.empty() || at_end() || next() != '\'')
            return failure("expected one character between single quotes", start);
        ++at_;
        return Value { .bits = character_at(bytes_of(content)).code_point };
    }

    // -- Strings

    Result<Value> string(const Shape& shape)
    {
        if (at_end() || next() != '"')
            return expected(form_of(shape));
        const size_t start = at_;
        std::string content;
        if (rest().starts_with("\"\"\"")) {
            content = TRY(long_string());
        } else {
            ++at_;
            CHECK(string_content(content, start));
            ++at_;
        }
        if (!is_utf8(bytes_of(content)))
            return failure("the string is not valid UTF-8", start);
        return Value { .bits = 0, .content = std::move(content) };
    }

    /// Up to the closing quote.
    Result<void> string_content(std::string& content, size_t start)
    {
        while (true) {
            const size_t special = text_.find_first_of("\"\\\n", at_);
            if (special == text_.npos)
                return failure("the string has no closing quote", start);
            content += text_.substr(at_, special - at_);
            at_ = special;
            if (next() == '"')
                return {};
            if (next() == '\n')
                return failure("a string in double quotes cannot contain a line break: expected \\n", at_);
            CHECK(take_escape_to(content));
        }
    }

    /// A string of several lines, from `"""` to `"""`. The indentation of the closing quotes is
    /// removed from all lines.
    Result<std::string> long_string()
    {
        constexpr std::string_view quotes = "\"\"\"";
        const size_t start = at_;
        const size_t close = text_.find(quotes, start + quotes.size());
        if (close == text_.npos)
            return failure("the string has no closing quotes", start);
        at_ += quotes.size();
        if (!take_line_break())
            return failure("a string in triple quotes begins on a line of its own", at_);
        size_t last_line = close;
        while (last_line > at_ && text_[last_line - 1] == ' ')
            --last_line;
        const size_t indent = close - last_line;
        if (text_[last_line - 1] != '\n')
            return failure("the closing quotes stand on a line of their own", close);
        std::string content;
        for (bool is_first = true; at_ < last_line; is_first = false) {
            if (!is_first)
                content += '\n';
            const size_t text = text_.find_first_not_of(' ', at_);
            if (text - at_ < indent)
                return failure("the line is indented less than the closing quotes", at_);
            at_ += indent;
            CHECK(line_content(content));
        }
        at_ = close + quotes.size();
        return content;
    }

    bool take_line_break()
    {
        const size_t length = rest().starts_with('\n') ? 1 : rest().starts_with("\r\n") ? 2 : 0;
        at_ += length;
        return length > 0;
    }

    /// The rest of a line that has an end.
    Result<void> line_content(std::string& content)
    {
        while (!take_line_break()) {
            if (next() == '\\') {
                CHECK(take_escape_to(content));
                continue;
            }
            const size_t special = text_.find_first_of("\\\r\n", at_ + 1);
            content += text_.substr(at_, special - at_);
            at_ = special;
        }
        return {};
    }

    // -- Values with parts

    Result<void> open(const Shape& shape, char bracket)
    {
        if (!take(bracket))
            return expected(form_of(shape));
        return {};
    }

    /// Takes the comma after an item, or the bracket after the last one, which may be preceded by a
    /// comma. Whether it was the last item.
    Result<bool> is_last(char bracket)
    {
        const bool has_comma = take(',');
        if (take(bracket))
            return true;
        if (!has_comma)
            return expected(std::string("\",\" or \"") + bracket + "\"");
        return false;
    }

    Result<Value> list(const Shape& shape)
    {
        const size_t start = at_;
        size_t count = 0;
        const Shape& element = shape.element();
        Value list;
        if (is_packed(shape)) {
            CHECK(open(shape, '['));
            auto& bytes = list.content.emplace<std::vector<std::byte>>();
            for (bool is_done = take(']'); !is_done; is_done = TRY(is_last(']'))) {
                const uint64_t bits = TRY(value(element)).bits;
                const auto* const begin = reinterpret_cast<const std::byte*>(&bits);
                bytes.insert(bytes.end(), begin, begin + element.size);
                ++count;
            }
        } else {
            list = TRY(sequence(shape, element));
            count = list.nodes().size();
        }
        if (shape.length && count != *shape.length)
            return failure("the list has " + count_text(count, "element") + "; expected "
                    + std::to_string(*shape.length),
                start);
        return list;
    }

    /// A list of values that are not packed.
    Result<Value> sequence(const Shape& shape, const Shape& element)
    {
        CHECK(open(shape, '['));
        Value::Nodes nodes;
        for (bool is_done = take(']'); !is_done; is_done = TRY(is_last(']')))
            nodes.push_back(TRY(value(element)));
        return Value { .bits = 0, .content = std::move(nodes) };
    }

    Result<Value> tuple(const Shape& shape)
    {
        const size_t start = at_;
        CHECK(open(shape, '('));
        Value::Nodes nodes;
        const auto wrong_count = [&](std::string_view found) {
            return failure("the tuple has " + std::string(found) + " values than the "
                    + std::to_string(shape.parts.size()) + " of its type",
                start);
        };
        for (bool is_done = take(')'); !is_done; is_done = TRY(is_last(')'))) {
            if (nodes.size() == shape.parts.size())
                return wrong_count("more");
            nodes.push_back(TRY(value(*shape.parts[nodes.size()].shape)));
        }
        if (nodes.size() < shape.parts.size())
            return wrong_count("fewer");
        return Value { .bits = 0, .content = std::move(nodes) };
    }

    /// The position of a part with this name. Parts are looked for in an index, so that the time
    /// does not depend on their number.
    std::optional<size_t> find_part(const Shape& shape, std::string_view name)
    {
        auto& positions = positions_[&shape];
        if (positions.empty())
            for (size_t i = 0; i < shape.parts.size(); ++i)
                positions.emplace(shape.parts[i].name, i);
        const auto found = positions.find(name);
        return found == positions.end() ? std::nullopt : std::optional(found->second);
    }

    Result<Value> record(const Shape& shape)
    {
        const size_t start = at_;
        CHECK(open(shape, '{'));
        Value::Nodes nodes(shape.parts.size());
        std::vector<bool> is_given(shape.parts.size());
        // `{:}` has no fields. `{}` would be flags.
        bool is_done = take(':');
        if (is_done)
            CHECK(need('}'));
        for (; !is_done; is_done = TRY(is_last('}'))) {
            const auto label = take_label();
            if (!label)
                return expected("a field: " + list_of(shape));
            const auto field = find_part(shape, label->name);
            if (!field)
                return failure(
                    "the record has no field " + in_quotes(label->name) + ", expected " + list_of(shape),
                    label->at);
            if (is_given[*field])
                return failure("field " + in_quotes(label->name) + " is given twice", label->at);
            CHECK(need(':'));
            nodes[*field] = TRY(value(*shape.parts[*field].shape));
            is_given[*field] = true;
        }
        for (size_t i = 0; i < nodes.size(); ++i) {
            if (is_given[i])
                continue;
            if (shape.parts[i].shape->kind != ComponentKind::Option)
                return failure("field " + in_quotes(shape.parts[i].name) + " is missing", start);
            // A short text must not become an arbitrarily large value.
            if (++omitted_ > most_omitted)
                return failure("more than " + std::to_string(most_omitted) + " fields are omitted", start);
        }
        return Value { .bits = 0, .content = std::move(nodes) };
    }

    Result<Value> flags(const Shape& shape)
    {
        CHECK(open(shape, '{'));
        uint64_t bits = 0;
        for (bool is_done = take('}'); !is_done; is_done = TRY(is_last('}'))) {
            const auto label = take_label();
            const auto flag = label ? find_part(shape, label->name) : std::nullopt;
            if (!label)
                return expected("a flag: " + list_of(shape));
            if (!flag)
                return failure(
                    "there is no flag " + in_quotes(label->name) + ", expected " + list_of(shape), label->at);
            if (bits >> *flag & 1)
                return failure("flag " + in_quotes(label->name) + " is given twice", label->at);
            bits |= uint64_t { 1 } << *flag;
        }
        return Value { .bits = bits };
    }

    /// The payload of a case whose name was taken.
    Result<Value> payload(uint64_t chosen, const ShapePart& part)
    {
        Value value { .bits = chosen };
        if (!part.shape) {
            if (take('('))
                return failure("case " + in_quotes(part.name) + " has no payload", at_ - 1);
            return value;
        }
        if (!take('('))
            return expected("\"(\" and the payload of " + in_quotes(part.name));
        Value::Nodes nodes;
        nodes.push_back(TRY(this->value(*part.shape)));
        CHECK(need(')'));
        value.content = std::move(nodes);
        return value;
    }

    Result<Value> variant(const Shape& shape)
    {
        const auto label = take_label();
        if (!label)
            return expected(form_of(shape));
        const auto chosen = find_part(shape, label->name);
        if (!chosen)
            return failure(
                "there is no case " + in_quotes(label->name) + ", expected " + form_of(shape), label->at);
        if (!label->is_escaped && is_wave_keyword(label->name))
            return failure(in_quotes(label->name) + " is a keyword: write %" + std::string(label->name)
                    + " for the case of this name",
                label->at);
        return payload(*chosen, shape.parts[*chosen]);
    }

    Result<Value> option(const Shape& shape)
    {
        if (take_keyword("none"))
            return payload(0, shape.parts[0]);
        if (take_keyword("some"))
            return payload(1, shape.parts[1]);
        return flat(shape, 1);
    }

    Result<Value> result(const Shape& shape)
    {
        if (take_keyword("ok"))
            return payload(0, shape.parts[0]);
        if (take_keyword("err"))
            return payload(1, shape.parts[1]);
        return flat(shape, 0);
    }

    /// A payload without the name of its case.
    Result<Value> flat(const Shape& shape, uint64_t chosen)
    {
        const Shape* const part = shape.parts[chosen].shape;
        if (!part || part->kind == ComponentKind::Option || part->kind == ComponentKind::Result)
            return expected(form_of(shape));
        Value::Nodes nodes;
        nodes.push_back(TRY(value(*part)));
        return Value { .bits = chosen, .content = std::move(nodes) };
    }

    static constexpr size_t most_omitted = 1'000'000;

    const std::string_view text_;
    size_t at_;
    size_t omitted_ = 0;
    std::unordered_map<const Shape*, std::unordered_map<std::string_view, size_t>> positions_;
};

/// Runs a parser. A failed allocation becomes an error.
template<class Parse> auto parse(const Parse& parse) -> decltype(parse())
{
    return in_text(
        guarded(parse, [](const Thrown& thrown) -> decltype(parse()) { return failure(thrown.text, 0); }));
}

} // namespace

Result<Value> parse_wave(std::string_view text, const Shape& shape)
{
    return parse([&]() -> Result<Value> {
        WaveParser parser(text);
        Value value = TRY(parser.value(shape));
        CHECK(parser.end("the value"));
        return value;
    });
}

Result<WaveCall> parse_call(std::string_view text)
{
    const size_t open = text.find('(');
    const size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
    std::string_view name = text.substr(begin, std::max(open, begin) - begin);
    name = name.substr(0, name.find_last_not_of(" \t\r\n") + 1);
    if (name.empty())
        return failure("expected the name of a function", begin);
    if (open == text.npos)
        return failure("expected \"(\" and arguments after the name of the function", text.size());
    return WaveCall { text, name, open + 1 };
}

Result<std::vector<Value>> parse_arguments(const WaveCall& call, const FuncShape& func)
{
    return parse([&] { return WaveParser(call.text, call.arguments).arguments(func); });
}

} // namespace vitrine::core::component

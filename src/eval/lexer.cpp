// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/lexer.h"

#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace vitrine::core::eval {

namespace {

/// Longer ones come first.
constexpr std::string_view signs[] = { "<<=", ">>=", "->", "::", "||", "&&", "==", "!=", "<=", ">=", "<<",
    ">>", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "+", "-", "*", "/", "%", "&", "|", "^", "!", "~",
    "<", ">", "=", "?", ":", "(", ")", "[", "]", "{", "}", ",", ".", "@" };

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr std::optional<uint8_t> digit_of(char c)
{
    if (is_digit(c))
        return static_cast<uint8_t>(c - '0');
    const char lower = static_cast<char>(c | 0x20);
    if (lower >= 'a' && lower <= 'f')
        return static_cast<uint8_t>(lower - 'a' + 10);
    return {};
}

/// Reads one token.
class Lexer {
public:
    Lexer(std::string_view text, size_t at) : text_(text), at_(at) {}

    Result<Token> token()
    {
        while (std::string_view(" \t\r\n").contains(peek()) && at_ < text_.size())
            ++at_;
        token_.begin = at_;
        if (at_ < text_.size())
            CHECK(read());
        token_.end = at_;
        return std::move(token_);
    }

private:
    char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    bool take(char c)
    {
        if (at_ >= text_.size() || text_[at_] != c)
            return false;
        ++at_;
        return true;
    }

    Result<void> read()
    {
        const char c = peek();
        if (is_digit(c) && is_after('.'))
            return read_member_number();
        if (is_digit(c) || (c == '.' && is_digit(peek(1)) && !is_after_value()))
            return read_number();
        if (c == '$')
            return read_name();
        if (c == '"') {
            token_.kind = TokenKind::Text;
            return read_quoted('"');
        }
        if (c == '\'')
            return read_character();
        if (c == '@' && peek(1) == '"') {
            ++at_;
            token_.kind = TokenKind::Word;
            return read_quoted('"');
        }
        if (is_name_part(c)) {
            token_.kind = TokenKind::Word;
            take_word();
            return {};
        }
        return read_sign();
    }

    /// The last character before this token that is no blank, or 0.
    char previous() const
    {
        for (size_t i = token_.begin; i > 0; --i)
            if (!std::string_view(" \t\r\n").contains(text_[i - 1]))
                return text_[i - 1];
        return '\0';
    }
    /// Whether a `.` is followed by a member.
    bool is_after_value() const
    {
        const char c = previous();
        return is_name_part(c) || c == ')' || c == ']' || c == '"';
    }
    bool is_after(char c) const { return previous() == c; }
    bool is_after_arrow() const
    {
        std::string_view before = text_.substr(0, token_.begin);
        before = before.substr(0, before.find_last_not_of(" \t\r\n") + 1);
        return before.ends_with("->");
    }

    /// `0` in `pair.0.1`
    Result<void> read_member_number()
    {
        token_.kind = TokenKind::Word;
        while (is_digit(peek()))
            token_.text += text_[at_++];
        return {};
    }

    Result<void> read_sign()
    {
        const auto sign = std::ranges::find_if(
            signs, [rest = text_.substr(at_)](std::string_view each) { return rest.starts_with(each); });
        if (sign == std::end(signs))
            return failure("`" + escaped(text_.substr(at_, 1)) + "` has no meaning here", at_);
        token_.kind = TokenKind::Sign;
        token_.sign = *sign;
        at_ += sign->size();
        return {};
    }

    void take_word()
    {
        while (at_ < text_.size() && is_name_part(peek()))
            token_.text += text_[at_++];
    }

    /// `$0`, `$name`, `$"any name"`
    Result<void> read_name()
    {
        ++at_;
        token_.kind = TokenKind::Name;
        if (peek() == '"')
            return read_quoted('"');
        take_word();
        if (token_.text.empty())
            return failure("`$` needs a name, an index, or a name in quotes", token_.begin);
        if (std::ranges::all_of(token_.text, is_digit)) {
            token_.kind = TokenKind::Index;
            const auto* end = token_.text.data() + token_.text.size();
            if (std::from_chars(token_.text.data(), end, token_.number).ec != std::errc()
                || token_.number > UINT32_MAX)
                return failure("index is too large", token_.begin);
        }
        return {};
    }

    /// `'a'`; a name in quotes before `::` and as a member.
    Result<void> read_character()
    {
        const bool is_member = is_after('.') || is_after_arrow();
        token_.kind = TokenKind::Character;
        CHECK(read_quoted('\''));
        if (is_member || text_.substr(at_).starts_with("::")) {
            token_.kind = TokenKind::Text;
            return {};
        }
        if (token_.text.size() == 1) {
            token_.number = static_cast<uint8_t>(token_.text[0]);
            return {};
        }
        const Character first = token_.text.empty() ? Character {} : character_at(bytes_of(token_.text));
        if (first.length == 0 || first.length != token_.text.size())
            return failure("one character is in single quotes", token_.begin);
        token_.number = first.code_point;
        return {};
    }

    Result<void> read_quoted(char quote)
    {
        const size_t begin = at_++;
        while (!take(quote)) {
            if (at_ >= text_.size())
                return failure("the closing quote is missing", begin);
            if (peek() != '\\') {
                token_.text += text_[at_++];
                continue;
            }
            const size_t length = take_escape(text_.substr(at_), token_.text);
            if (length == 0)
                return failure("unknown escape", at_);
            at_ += length;
        }
        return {};
    }

    // -- Numbers

    Result<void> read_number()
    {
        if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X'))
            return read_integer(16);
        if (peek() == '0' && (peek(1) == 'b' || peek(1) == 'B'))
            return read_integer(2);
        size_t end = at_;
        while (is_digit(at(end)) || at(end) == '_')
            ++end;
        const bool has_exponent = (at(end) | 0x20) == 'e'
            && (is_digit(at(end + 1))
                || ((at(end + 1) == '+' || at(end + 1) == '-') && is_digit(at(end + 2))));
        return at(end) == '.' || at(end) == 'f' || has_exponent ? read_float() : read_integer(10);
    }
    char at(size_t index) const { return index < text_.size() ? text_[index] : '\0'; }

    Result<void> read_integer(uint64_t base)
    {
        token_.kind = TokenKind::Integer;
        token_.is_hex = base != 10;
        if (base != 10)
            at_ += 2;
        size_t digits = 0;
        for (;; ++at_) {
            if (peek() == '_' && digits > 0)
                continue;
            const auto digit = digit_of(peek());
            if (!digit || *digit >= base)
                break;
            if (token_.number > (UINT64_MAX - *digit) / base)
                return failure("number does not fit into 64 bits", token_.begin);
            token_.number = token_.number * base + *digit;
            ++digits;
        }
        if (digits == 0)
            return failure("number without digits", token_.begin);
        token_.is_unsigned = take('u') || take('U');
        token_.is_long = take('l') || take('L');
        return end_of_number();
    }

    Result<void> read_float()
    {
        token_.kind = TokenKind::Float;
        std::string digits;
        const auto take_digits = [&] {
            for (; is_digit(peek()) || peek() == '_'; ++at_)
                if (peek() != '_')
                    digits += peek();
        };
        take_digits();
        if (take('.')) {
            digits += '.';
            take_digits();
        }
        if ((peek() | 0x20) == 'e') {
            digits += text_[at_++];
            if (peek() == '+' || peek() == '-')
                digits += text_[at_++];
            take_digits();
        }
        const auto* end = digits.data() + digits.size();
        const auto parsed = std::from_chars(digits.data(), end, token_.real);
        if (parsed.ec == std::errc::result_out_of_range)
            return failure("number is too large or too small for f64", token_.begin);
        if (parsed.ec != std::errc() || parsed.ptr != end)
            return failure("malformed number", token_.begin);
        token_.is_single = take('f');
        if (token_.is_single && token_.real > std::numeric_limits<float>::max())
            return failure("number is too large for f32", token_.begin);
        return end_of_number();
    }

    Result<void> end_of_number() const
    {
        if (is_name_part(peek()) || (peek() == '.' && is_digit(peek(1))))
            return failure("malformed number", token_.begin);
        return {};
    }

    std::string_view text_;
    size_t at_;
    Token token_;
};

} // namespace

bool is_name_part(char c) { return is_digit(c) || is_letter(c) || static_cast<uint8_t>(c) >= 0x80; }

Result<Token> next_token(std::string_view text, size_t at) { return Lexer(text, at).token(); }

} // namespace vitrine::core::eval

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/syntax.h"

#include "base/text.h"
#include "eval/lexer.h"

#include <algorithm>
#include <array>

namespace vitrine::core::eval {

namespace {

/// Binary operators with their precedence, as in C.
struct Operator {
    std::string_view sign;
    uint8_t strength;
};
constexpr Operator operators[] = { { "||", 1 }, { "&&", 2 }, { "|", 3 }, { "^", 4 }, { "&", 5 }, { "==", 6 },
    { "!=", 6 }, { "<", 7 }, { "<=", 7 }, { ">", 7 }, { ">=", 7 }, { "<<", 8 }, { ">>", 8 }, { "+", 9 },
    { "-", 9 }, { "*", 10 }, { "/", 10 }, { "%", 10 } };

/// Words that read memory before `[` and convert before `(`.
constexpr std::string_view memory_words[] = { "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32",
    "f64", "v128", "cstr" };
constexpr std::string_view cast_words[] = { "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32",
    "f64" };

/// Words before `[` that take an index or a name in the brackets, and the nodes they make.
struct SpaceWord {
    std::string_view word;
    Syntax syntax;
    /// Whether `(value)` follows the brackets.
    bool has_value;
};
constexpr SpaceWord space_words[] = { { "local", Syntax::Local, false }, { "global", Syntax::Global, false },
    { "func", Syntax::Function, false }, { "type", Syntax::AsType, true }, { "tag", Syntax::AsTag, true } };

/// The entry of the table that equals `text`; empty if there is none.
template<size_t N> std::string_view known(const std::string_view (&words)[N], std::string_view text)
{
    const auto found = std::ranges::find(words, text);
    return found == std::end(words) ? std::string_view() : *found;
}

class Parser {
public:
    Parser(std::string_view text, size_t at, const IsType& is_type) : text_(text), end_(at), is_type_(is_type)
    {}

    Result<void> begin()
    {
        if (text_.size() > max_expression_bytes)
            return failure("an expression has at most " + std::to_string(max_expression_bytes) + " bytes",
                max_expression_bytes);
        return advance();
    }

    Result<Node> choice()
    {
        const Depth depth(*this);
        Node condition = TRY(binary(1));
        if (!is_sign("?"))
            return condition;
        const uint32_t position = here();
        CHECK(advance());
        Node one = TRY(choice());
        CHECK(expect(":"));
        Node other = TRY(choice());
        return make({ .syntax = Syntax::Choice, .position = position }, std::move(condition), std::move(one),
            std::move(other));
    }

    bool at_end() const { return token_.kind == TokenKind::End; }
    bool is_sign(std::string_view sign) const
    {
        return token_.kind == TokenKind::Sign && token_.sign == sign;
    }
    std::string_view sign() const { return token_.sign; }
    uint32_t here() const { return static_cast<uint32_t>(token_.begin); }
    Result<void> advance()
    {
        token_ = TRY(next_token(text_, end_));
        end_ = token_.end;
        return {};
    }
    std::unexpected<Error> unexpected(const std::string& wanted) const
    {
        const std::string found = at_end()
            ? "the text ends"
            : "`" + escaped(text_.substr(token_.begin, token_.end - token_.begin)) + "`";
        return failure(wanted + " expected, but " + (at_end() ? "" : "found ") + found, here());
    }
    template<class... Children> Result<Node> make(Node node, Children... children) const
    {
        node.children.reserve(sizeof...(children));
        (node.children.push_back(std::move(children)), ...);
        for (const Node& child : node.children)
            node.depth = std::max(node.depth, child.depth + 1);
        if (node.depth > max_expression_depth)
            return too_deep(node.position);
        return node;
    }

private:
    /// Counts the recursion. `unary`, which every recursion passes, refuses what is too deep.
    struct Depth {
        explicit Depth(Parser& parser) : parser(parser) { ++parser.depth_; }
        ~Depth() { --parser.depth_; }
        Depth(const Depth&) = delete;
        Depth& operator=(const Depth&) = delete;
        Parser& parser;
    };

    static std::unexpected<Error> too_deep(uint32_t position)
    {
        return failure("too deeply nested", position);
    }

    Result<void> expect(std::string_view sign)
    {
        if (!is_sign(sign))
            return unexpected("`" + std::string(sign) + "`");
        return advance();
    }

    Result<Node> binary(uint8_t weakest)
    {
        Node left = TRY(operand());
        for (;;) {
            const auto* const found =
                std::ranges::find_if(operators, [this](const Operator& each) { return is_sign(each.sign); });
            if (found == std::end(operators) || found->strength < weakest)
                return left;
            const uint32_t position = here();
            CHECK(advance());
            Node right = TRY(binary(found->strength + 1));
            const Syntax syntax = found->sign == "&&" ? Syntax::And
                : found->sign == "||"                 ? Syntax::Or
                                                      : Syntax::Binary;
            left = TRY(make({ .syntax = syntax, .position = position, .word = found->sign }, std::move(left),
                std::move(right)));
        }
    }

    /// A value, followed by any number of `as TYPE` and `@ COUNT`.
    Result<Node> operand()
    {
        Node node = TRY(unary());
        for (;;) {
            const uint32_t position = here();
            if (is_sign("@")) {
                CHECK(advance());
                node = TRY(
                    make({ .syntax = Syntax::Range, .position = position }, std::move(node), TRY(unary())));
            } else if (token_.kind == TokenKind::Word && token_.text == "as") {
                std::string type = TRY(take_type());
                node = TRY(make({ .syntax = Syntax::ToType, .position = position, .text = std::move(type) },
                    std::move(node)));
            } else
                return node;
        }
    }

    Result<Node> unary()
    {
        const Depth depth(*this);
        if (depth_ > 2 * max_expression_depth)
            return too_deep(here());
        const uint32_t position = here();
        for (const std::string_view sign : { "!", "~", "-" })
            if (is_sign(sign)) {
                CHECK(advance());
                return make({ .syntax = Syntax::Unary, .position = position, .word = sign }, TRY(unary()));
            }
        if (is_sign("*") || is_sign("&")) {
            const Syntax syntax = is_sign("*") ? Syntax::Deref : Syntax::AddressOf;
            CHECK(advance());
            return make({ .syntax = syntax, .position = position }, TRY(unary()));
        }
        if (auto type = type_in_brackets()) {
            CHECK(advance());
            return make(
                { .syntax = Syntax::ToType, .position = position, .text = std::move(*type) }, TRY(unary()));
        }
        if (is_size_of())
            return size_of();
        return postfix();
    }

    // -- Types

    /// At `(`: if a type follows, the type, and moves to the closing bracket.
    std::optional<std::string> type_in_brackets()
    {
        if (!is_sign("(") || !is_type_)
            return {};
        int open = 0;
        for (size_t at = token_.begin; at < text_.size(); ++at) {
            const char c = text_[at];
            open += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (open == 0) {
                std::string type(text_.substr(token_.begin + 1, at - token_.begin - 1));
                if (!is_type_(type))
                    return {};
                end_ = at + 1;
                return type;
            }
            if (std::string_view("$\"\'{}=!?+-/%^|~").contains(c))
                return {};
        }
        return {};
    }

    /// At `as`: takes the type that follows, and moves behind it.
    Result<std::string> take_type()
    {
        static constexpr std::string_view prefixes[] = { "*", "&", "const", "mut", "struct", "union", "enum",
            "unsigned", "signed", "long", "short" };
        const size_t begin = end_;
        for (;;) {
            CHECK(advance());
            const bool is_prefix = std::ranges::any_of(
                prefixes, [this](std::string_view each) { return is_sign(each) || is_word(each); });
            if (!is_prefix)
                break;
        }
        size_t end = begin;
        if (token_.kind == TokenKind::Word) {
            end = end_;
            CHECK(advance());
            while (is_sign("::") || is_sign("<")) {
                if (is_sign("<"))
                    CHECK(skip_template_arguments());
                else
                    CHECK(advance());
                end = end_;
                CHECK(advance());
            }
        } else
            end = token_.begin;
        std::string type(text_.substr(begin, end - begin));
        if (std::ranges::all_of(type, [](char c) { return c == ' '; }))
            return unexpected("a type");
        return type;
    }

    /// At `<`: moves to the matching `>`.
    Result<void> skip_template_arguments()
    {
        int open = 0;
        for (size_t at = token_.begin; at < text_.size(); ++at) {
            open += text_[at] == '<' ? 1 : text_[at] == '>' ? -1 : 0;
            if (open == 0) {
                end_ = at + 1;
                return {};
            }
        }
        return unexpected("a type");
    }

    bool is_word(std::string_view word) const
    {
        return token_.kind == TokenKind::Word && token_.text == word;
    }

    /// Whether this is `sizeof` with something behind it.
    bool is_size_of() const
    {
        if (!is_word("sizeof"))
            return false;
        const auto next = next_token(text_, end_);
        return next
            && (next->kind == TokenKind::Word || next->kind == TokenKind::Name
                || next->kind == TokenKind::Index
                || (next->kind == TokenKind::Sign
                    && (next->sign == "(" || (is_type_ && (next->sign == "*" || next->sign == "&")))));
    }

    Result<Node> size_of()
    {
        Node node { .syntax = Syntax::SizeOf, .position = here() };
        CHECK(advance());
        if (auto type = type_in_brackets()) {
            CHECK(advance());
            node.text = std::move(*type);
            return node;
        }
        return make(std::move(node), TRY(unary()));
    }

    // -- Values

    /// A value, followed by any number of `[index]`, `.member`, `->member` and `(arguments)`.
    Result<Node> postfix()
    {
        Node node = TRY(primary());
        for (;;) {
            const uint32_t position = here();
            if (is_sign("[")) {
                CHECK(advance());
                Node index = TRY(choice());
                CHECK(expect("]"));
                node = TRY(make(
                    { .syntax = Syntax::Part, .position = position }, std::move(node), std::move(index)));
            } else if (is_sign(".") || is_sign("->"))
                node = TRY(member(std::move(node)));
            else if (is_sign("(") && is_callable(node.syntax))
                node = TRY(call(std::move(node)));
            else
                return node;
        }
    }

    static bool is_callable(Syntax syntax)
    {
        return syntax == Syntax::Name || syntax == Syntax::Scoped || syntax == Syntax::Member
            || syntax == Syntax::Deref || syntax == Syntax::Part;
    }

    /// At `.` or `->`. Zig dereferences with `.*`, and unwraps with `.?`.
    Result<Node> member(Node object)
    {
        Node node { .syntax = Syntax::Member, .position = here() };
        CHECK(advance());
        if (is_sign("*") || is_sign("?"))
            node.syntax = Syntax::Deref;
        else if (token_.kind == TokenKind::Word || token_.kind == TokenKind::Text)
            node.text = token_.text;
        else
            return unexpected("a member");
        CHECK(advance());
        return make(std::move(node), std::move(object));
    }

    /// At `(` after a function.
    Result<Node> call(Node function)
    {
        Node node { .syntax = Syntax::Call, .position = function.position };
        node.depth = function.depth + 1;
        node.children.push_back(std::move(function));
        CHECK(advance());
        while (!is_sign(")")) {
            Node argument = TRY(choice());
            node.depth = std::max(node.depth, argument.depth + 1);
            node.children.push_back(std::move(argument));
            if (!is_sign(")"))
                CHECK(expect(","));
        }
        CHECK(advance());
        return make(std::move(node));
    }

    /// At `::`, behind what is in the selector's name: `b` and `c::d` in `a::b::c::d`.
    Result<Node> scoped(Node node)
    {
        node.syntax = Syntax::Scoped;
        while (is_sign("::")) {
            CHECK(advance());
            if (token_.kind != TokenKind::Word && token_.kind != TokenKind::Text)
                return unexpected("a name");
            node.selector.name +=
                (node.text.empty() || !node.selector.name.empty() ? "::" : "") + token_.text;
            CHECK(advance());
        }
        return node;
    }

    /// If this is the `file` of `file.c::x`, moves to `::` and returns it.
    Result<std::optional<std::string>> file_prefix()
    {
        size_t at = token_.begin;
        bool has_dot = false;
        while (at < text_.size() && (text_[at] == '.' || is_name_part(text_[at])))
            has_dot |= text_[at++] == '.';
        if (!has_dot || !text_.substr(at).starts_with("::"))
            return std::nullopt;
        std::string file(text_.substr(token_.begin, at - token_.begin));
        end_ = at;
        CHECK(advance());
        return file;
    }

    Result<Node> primary()
    {
        Node node { .syntax = Syntax::Integer, .position = here(), .number = token_.number };
        switch (token_.kind) {
        case TokenKind::Character:
        case TokenKind::Integer:
            node.is_hex = token_.is_hex;
            node.is_unsigned = token_.is_unsigned;
            node.is_long = token_.is_long;
            break;
        case TokenKind::Float:
            node.syntax = Syntax::Float;
            node.real = token_.real;
            node.is_single = token_.is_single;
            break;
        case TokenKind::Text:
            node.syntax = Syntax::Text;
            node.text = token_.text;
            CHECK(advance());
            if (!is_sign("::"))
                return node;
            node.selector.is_given = true;
            return scoped(std::move(node));
        case TokenKind::Index:
            node.syntax = Syntax::Local;
            node.selector = { true, static_cast<uint32_t>(token_.number) };
            break;
        case TokenKind::Name:
            node.syntax = Syntax::Name;
            node.selector = { true, {}, token_.text, true };
            break;
        case TokenKind::Word: return word();
        case TokenKind::Sign:
            if (is_sign("(")) {
                CHECK(advance());
                Node inner = TRY(choice());
                CHECK(expect(")"));
                return inner;
            }
            if (is_sign("."))
                return literal();
            if (is_sign("::"))
                return scoped({ .syntax = Syntax::Scoped, .position = here(), .selector = { true, {}, {} } });
            return unexpected("a value");
        case TokenKind::End: return unexpected("a value");
        }
        CHECK(advance());
        return node;
    }

    /// At the `.` of an enumerator of Zig, `.red`: a name that no variable has.
    Result<Node> literal()
    {
        Node node { .syntax = Syntax::Name, .position = here(), .word = "." };
        CHECK(advance());
        if (token_.kind != TokenKind::Word)
            return unexpected("a name");
        node.selector = { true, {}, token_.text };
        CHECK(advance());
        return node;
    }

    /// What begins with a word: a keyword if the right bracket follows, else a name.
    Result<Node> word()
    {
        const std::string word = token_.text;
        Node node { .syntax = Syntax::Name, .position = here(), .selector = { true, {}, word } };
        if (auto file = TRY(file_prefix())) {
            node.selector.name.clear();
            node.text = std::move(*file);
            return scoped(std::move(node));
        }
        CHECK(advance());
        if (is_sign("<") && is_type_ && word.ends_with("_cast"))
            return cast_of_cpp(node);
        if (is_sign("::"))
            return scoped(std::move(node));
        if (is_sign("["))
            return bracketed(word, std::move(node));
        if (is_sign("("))
            return called(word, std::move(node));
        if (word == "null")
            return Node { .syntax = Syntax::Null, .position = node.position };
        return node;
    }

    /// At `<` after `static_cast` and the like: all casts are the same here.
    Result<Node> cast_of_cpp(const Node& name)
    {
        const size_t begin = token_.begin + 1;
        CHECK(skip_template_arguments());
        Node node { .syntax = Syntax::ToType, .position = name.position };
        node.text = text_.substr(begin, end_ - 1 - begin);
        CHECK(advance());
        CHECK(expect("("));
        return close(std::move(node), ")");
    }

    /// At `[` after a word.
    Result<Node> bracketed(std::string_view word, Node name)
    {
        Node node { .syntax = Syntax::Memory, .position = name.position, .word = known(memory_words, word) };
        if (!node.word.empty() || word == "table") {
            if (word == "table")
                node.syntax = Syntax::Slot;
            CHECK(advance());
            node.selector = TRY(selector_before_colon());
            return close(std::move(node), "]");
        }
        if (word == "stack") {
            node.syntax = Syntax::Operand;
            CHECK(advance());
            return close(std::move(node), "]");
        }
        for (const SpaceWord& space : space_words) {
            if (word != space.word)
                continue;
            CHECK(advance());
            node.syntax = space.syntax;
            node.selector = TRY(selector());
            CHECK(expect("]"));
            if (!space.has_value)
                return node;
            CHECK(expect("("));
            return close(std::move(node), ")");
        }
        return name;
    }

    /// At `(` after a word. If that has no meaning of its own, it is a function.
    Result<Node> called(std::string_view word, Node name)
    {
        Node node { .syntax = Syntax::Cast, .position = name.position, .word = known(cast_words, word) };
        if (word == "size")
            return size(name.position);
        if (word == "is_null")
            node.syntax = Syntax::IsNull;
        else if (word == "length")
            node.syntax = Syntax::Length;
        else if (node.word.empty())
            return name;
        CHECK(advance());
        return close(std::move(node), ")");
    }

    /// `size(memory)`, `size(table 1)`, `size(memory $name)`
    Result<Node> size(uint32_t position)
    {
        static constexpr std::string_view words[] = { "memory", "table" };
        CHECK(advance());
        const std::string_view word =
            token_.kind == TokenKind::Word ? known(words, token_.text) : std::string_view();
        if (word.empty())
            return unexpected("`memory` or `table`");
        CHECK(advance());
        Node node { .syntax = Syntax::Size, .position = position, .word = word };
        if (!is_sign(")"))
            node.selector = TRY(selector());
        CHECK(expect(")"));
        return node;
    }

    /// The only child and its closing bracket.
    Result<Node> close(Node node, std::string_view sign)
    {
        Node child = TRY(choice());
        CHECK(expect(sign));
        return make(std::move(node), std::move(child));
    }

    /// `3`, `name`, `$name`, `$"any name"`
    Result<Selector> selector()
    {
        Selector result { .is_given = true };
        switch (token_.kind) {
        case TokenKind::Integer:
            if (token_.number > UINT32_MAX)
                return failure("index is too large", here());
            result.index = static_cast<uint32_t>(token_.number);
            break;
        case TokenKind::Word:
        case TokenKind::Name:
        case TokenKind::Text: result.name = token_.text; break;
        default: return unexpected("an index or a name");
        }
        CHECK(advance());
        return result;
    }

    /// `1:` before an address or index, or nothing.
    Result<Selector> selector_before_colon()
    {
        const bool may_be = token_.kind == TokenKind::Integer || token_.kind == TokenKind::Word
            || token_.kind == TokenKind::Name || token_.kind == TokenKind::Text;
        if (!may_be)
            return Selector {};
        const auto colon = next_token(text_, end_);
        if (!colon || colon->kind != TokenKind::Sign || colon->sign != ":")
            return Selector {};
        Selector result = TRY(selector());
        CHECK(expect(":"));
        return result;
    }

    std::string_view text_;
    /// The offset after the token.
    size_t end_;
    const IsType& is_type_;
    Token token_;
    uint32_t depth_ = 0;
};

} // namespace

Result<Parsed> parse_expression(std::string_view text, size_t start, const IsType& is_type)
{
    Parser parser(text, start, is_type);
    CHECK(parser.begin());
    Node node = TRY(parser.choice());
    return Parsed { std::move(node), parser.here() };
}

Result<Node> parse_whole_expression(std::string_view text, const IsType& is_type)
{
    Parser parser(text, 0, is_type);
    CHECK(parser.begin());
    Node node = TRY(parser.choice());
    if (parser.is_sign("="))
        return failure("`=` assigns; to compare write `==`", parser.here());
    if (!parser.at_end())
        return parser.unexpected("an operator or the end");
    return node;
}

Result<ParsedAssignment> parse_assignment(std::string_view text, const IsType& is_type)
{
    Parser parser(text, 0, is_type);
    CHECK(parser.begin());
    Node place = TRY(parser.choice());
    const std::string_view sign = parser.sign();
    const bool assigns = !parser.at_end() && sign.ends_with("=") && sign != "==" && sign != "!="
        && sign != "<=" && sign != ">=";
    if (!assigns)
        return parser.unexpected("`=`");
    const uint32_t position = parser.here();
    CHECK(parser.advance());
    Node value = TRY(parser.choice());
    if (!parser.at_end())
        return parser.unexpected("an operator or the end");
    if (sign.size() > 1)
        value = TRY(parser.make(
            { .syntax = Syntax::Binary, .position = position, .word = sign.substr(0, sign.size() - 1) },
            Node(place), std::move(value)));
    return ParsedAssignment { std::move(place), std::move(value) };
}

} // namespace vitrine::core::eval

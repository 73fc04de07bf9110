// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/highlight.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

namespace vitrine::core::source {

namespace {

/// Longer lines are left plain: they were not written by hand.
constexpr size_t max_line_bytes = 10'000;
/// The longest ending of a C++ raw string: `)`, 16 characters, `"`. Only the plain form is known.
constexpr std::string_view raw_end = ")\"";

/// What begins with `begin`: a comment or a string.
struct Region {
    std::string_view begin, end;
    Word word = Word::Comment;
    bool ends_with_line = false, can_be_nested = false, has_escapes = false;
    /// A single character, which a lifetime of Rust is not.
    bool is_character = false;
    /// The number of `#` before the opening quote follows the closing one.
    bool counts_hashes = false;
};

/// A language, as the table says it.
struct Rules {
    std::vector<std::string_view> extensions {};
    std::vector<Region> regions {};
    std::string_view prefixes {};
    std::unordered_map<std::string_view, Word> words {};
    /// The characters that words consist of, and those that may begin a region.
    std::array<bool, 256> is_letter {}, begins_region {};
};

std::vector<std::string_view> words_of(std::string_view text)
{
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const size_t end = std::min(text.find(' '), text.size());
        if (end > 0)
            words.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

Region comment_of(std::string_view text)
{
    const size_t dots = text.find("..");
    if (dots == std::string_view::npos)
        return { .begin = text, .end = {}, .ends_with_line = true };
    std::string_view end = text.substr(dots + 2);
    const bool can_be_nested = end.starts_with('+');
    end.remove_prefix(can_be_nested);
    return { .begin = text.substr(0, dots), .end = end, .can_be_nested = can_be_nested };
}

Region string_of(std::string_view text)
{
    if (text == "r\"")
        return { .begin = text, .end = "\"", .word = Word::String, .counts_hashes = true };
    if (text == "R\"")
        return { .begin = "R\"(", .end = raw_end, .word = Word::String };
    if (text == "\\\\")
        return { .begin = text, .end = {}, .word = Word::String, .ends_with_line = true };
    const std::string_view quote = text.substr(0, 1);
    return { .begin = quote,
        .end = quote,
        .word = Word::String,
        .ends_with_line = !text.ends_with('*'),
        .has_escapes = !text.contains('!'),
        .is_character = text.ends_with('c') };
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Rules make_rules(std::string_view extensions, std::string_view comments, std::string_view strings,
    std::string_view prefixes, std::string_view letters, std::string_view keywords, std::string_view types)
{
    Rules rules { .extensions = words_of(extensions), .prefixes = prefixes };
    for (const std::string_view text : words_of(comments))
        rules.regions.push_back(comment_of(text));
    for (const std::string_view text : words_of(strings))
        rules.regions.push_back(string_of(text));
    for (const std::string_view word : words_of(keywords))
        rules.words.emplace(word, Word::Keyword);
    for (const std::string_view word : words_of(types))
        rules.words.emplace(word, Word::Type);
    for (int c = 0; c < 256; ++c) {
        const char letter = static_cast<char>(c);
        rules.is_letter[static_cast<size_t>(c)] = is_digit(letter) || (letter >= 'a' && letter <= 'z')
            || (letter >= 'A' && letter <= 'Z') || letter == '_' || c >= 0x80
            || (letter != '\0' && letters.contains(letter));
    }
    for (const Region& region : rules.regions)
        rules.begins_region[static_cast<uint8_t>(region.begin[0])] = true;
    return rules;
}

struct Entry {
    Language language;
    Rules rules;
};

const std::vector<Entry>& entries()
{
    static const std::vector<Entry> all {
#define LANGUAGE(name, ...) { Language::name, make_rules(__VA_ARGS__) },
#include "source/languages.inc"
    };
    return all;
}

const Rules* find_rules(Language language)
{
    const auto found = std::ranges::find(entries(), language, &Entry::language);
    return found == entries().end() ? nullptr : &found->rules;
}

/// Reads a line.
class Scanner {
public:
    Scanner(std::string_view line, const Rules& rules, Highlighter::State& state)
        : line_(line), rules_(rules), state_(state)
    {}

    std::vector<WordSpan> scan()
    {
        if (state_.open != 0)
            read_region(0);
        while (at_ < line_.size()) {
            const char c = line_[at_];
            if (rules_.begins_region[static_cast<uint8_t>(c)] && open_region())
                continue;
            if (is_digit(c) || (c == '.' && is_digit(peek(1)) && (at_ == 0 || line_[at_ - 1] != '.')))
                read_number();
            else if (is_letter(c))
                read_word();
            else if (rules_.prefixes.contains(c))
                read_directive();
            else
                ++at_;
        }
        return std::move(spans_);
    }

private:
    char peek(size_t distance) const { return at_ + distance < line_.size() ? line_[at_ + distance] : '\0'; }
    bool is_letter(char c) const { return rules_.is_letter[static_cast<uint8_t>(c)]; }
    std::string_view rest() const { return line_.substr(at_); }
    void add(size_t begin, Word word)
    {
        spans_.push_back({ static_cast<uint32_t>(begin), static_cast<uint32_t>(at_), word });
    }

    /// Reads the comment or string that begins here, if one does.
    bool open_region()
    {
        for (size_t i = 0; i < rules_.regions.size(); ++i) {
            const Region& region = rules_.regions[i];
            const size_t begin = at_;
            if (region.counts_hashes ? !take_raw_quote() : !rest().starts_with(region.begin))
                continue;
            if (region.is_character && !is_character())
                continue;
            if (!region.counts_hashes) {
                at_ += region.begin.size();
                state_.depth = 0;
            }
            state_.open = static_cast<uint8_t>(i + 1);
            read_region(begin);
            return true;
        }
        return false;
    }

    /// `r"`, `r#"`, `r##"`: counts the `#`.
    bool take_raw_quote()
    {
        size_t hashes = 0;
        while (peek(1 + hashes) == '#')
            ++hashes;
        if (line_[at_] != 'r' || peek(1 + hashes) != '"')
            return false;
        at_ += hashes + 2;
        state_.depth = static_cast<uint16_t>(std::min<size_t>(hashes, UINT16_MAX));
        return true;
    }

    /// Whether the quote here begins a character: a second one follows.
    bool is_character() const
    {
        if (peek(1) == '\\')
            return true;
        size_t length = 1;
        while ((static_cast<uint8_t>(peek(1 + length)) & 0xc0) == 0x80)
            ++length;
        return peek(1 + length) == '\'';
    }

    /// Reads the rest of the open region, as far as the line goes.
    void read_region(size_t begin)
    {
        const Region& region = rules_.regions[state_.open - 1];
        if (region.end.empty())
            at_ = line_.size();
        while (at_ < line_.size()) {
            if (region.has_escapes && line_[at_] == '\\') {
                at_ = std::min(at_ + 2, line_.size());
            } else if (region.can_be_nested && rest().starts_with(region.begin)) {
                at_ += region.begin.size();
                state_.depth += state_.depth < UINT16_MAX;
            } else if (rest().starts_with(region.end)) {
                if (ends_here(region))
                    return add(begin, region.word);
            } else {
                ++at_;
            }
        }
        if (at_ > begin)
            add(begin, region.word);
        // A string that a backslash continues goes on.
        if (region.end.empty() || (region.ends_with_line && !line_.ends_with('\\')))
            state_ = {};
    }

    /// At the end of a region: whether it closes. Goes past the end.
    bool ends_here(const Region& region)
    {
        at_ += region.end.size();
        if (region.counts_hashes) {
            for (size_t i = 0; i < state_.depth; ++i)
                if (peek(i) != '#')
                    return false;
            at_ += state_.depth;
        } else if (region.can_be_nested && state_.depth > 0) {
            --state_.depth;
            return false;
        }
        state_ = {};
        return true;
    }

    void read_number()
    {
        const size_t begin = at_;
        while (at_ < line_.size()) {
            const char c = line_[at_];
            // `1e-5`, `0x1p+3`; `1..3` is a range.
            const bool is_sign = (c == '+' || c == '-') && std::string_view("eEpP").contains(line_[at_ - 1])
                && at_ > begin && is_digit(peek(1));
            const bool is_point = c == '.' && peek(1) != '.';
            const bool is_separator = c == '\'' && is_digit(peek(1));
            if (!is_letter(c) && !is_sign && !is_point && !is_separator)
                break;
            ++at_;
        }
        add(begin, Word::Number);
    }

    void read_word()
    {
        const size_t begin = at_;
        while (at_ < line_.size() && is_letter(line_[at_]))
            ++at_;
        const std::string_view word = line_.substr(begin, at_ - begin);
        if (word.size() > 1 && (word[0] == '-' || word[0] == '+') && is_digit(word[1]))
            return add(begin, Word::Number);
        // WAT: `local.get`, `offset=8`.
        const auto found = rules_.words.find(word.substr(0, word.find_first_of(".=")));
        if (found != rules_.words.end())
            add(begin, found->second);
    }

    /// `#include`, `@builtin`, `#[derive(..)]`
    void read_directive()
    {
        const size_t begin = at_++;
        if (peek(0) == '!')
            ++at_;
        if (peek(0) == '[') {
            at_ = std::min(line_.find(']', at_), line_.size() - 1) + 1;
            return add(begin, Word::Directive);
        }
        while (peek(0) == ' ')
            ++at_;
        while (at_ < line_.size() && is_letter(line_[at_]))
            ++at_;
        if (is_letter(line_[at_ - 1]))
            add(begin, Word::Directive);
    }

    std::string_view line_;
    const Rules& rules_;
    Highlighter::State& state_;
    size_t at_ = 0;
    std::vector<WordSpan> spans_;
};

} // namespace

Language language_of(std::string_view path, Language fallback)
{
    const size_t dot = path.rfind('.');
    if (dot == std::string_view::npos)
        return fallback;
    const std::string_view extension = path.substr(dot + 1);
    // A header of C may be one of C++.
    if (extension == "h" && (fallback == Language::C || fallback == Language::Cpp))
        return fallback;
    for (const Entry& entry : entries())
        if (std::ranges::find(entry.rules.extensions, extension) != entry.rules.extensions.end())
            return entry.language;
    return fallback;
}

std::vector<WordSpan> highlight(std::string_view line, Language language, Highlighter::State& state)
{
    const Rules* rules = find_rules(language);
    if (!rules || line.size() > max_line_bytes || state.open > rules->regions.size())
        return {};
    return Scanner(line, *rules, state).scan();
}

std::vector<WordSpan> Highlighter::spans_of(uint32_t line)
{
    if (line == 0 || line > text_->line_count())
        return {};
    while (states_.size() < line) {
        State state = states_.back();
        highlight(text_->line(static_cast<uint32_t>(states_.size())), language_, state);
        states_.push_back(state);
    }
    State state = states_[line - 1];
    return highlight(text_->line(line), language_, state);
}

} // namespace vitrine::core::source

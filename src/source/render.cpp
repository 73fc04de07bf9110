// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A value to one line of text, and to children. show.cpp says how each kind of type is shown.

#include "source/render.h"

#include "base/text.h"
#include "source/renderer.h"

#include <algorithm>
#include <charconv>

namespace vitrine::core::source {
namespace {

/// Lists longer than this are not looked through for repeats.
constexpr uint64_t max_scanned = 4096;
/// As in gdb: fewer equal elements are written one by one.
constexpr uint64_t min_repeats = 10;
constexpr size_t max_line = 16 << 10;

struct Brackets {
    std::string_view open, close, empty;
};

Brackets brackets(Shown::Shape shape, Language language, bool has_name)
{
    const bool is_list = shape == Shown::Shape::Elements;
    if (language == Language::Rust) {
        if (is_list)
            return { "[", "]", "[]" };
        if (shape == Shown::Shape::Tuple)
            return { "(", ")", has_name ? "" : "()" };
        if (shape == Shown::Shape::Fields)
            return { has_name ? " { " : "{ ", " }", has_name ? "" : "{}" };
        return { "{", "}", "{}" };
    }
    if (language == Language::Zig)
        return is_list ? Brackets { "{ ", " }", "{}" } : Brackets { ".{ ", " }", ".{}" };
    return { "{", "}", "{}" };
}

bool is_word(std::string_view name)
{
    return std::ranges::all_of(name, [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || static_cast<uint8_t>(c) >= 0x80;
    });
}

/// `name = ` in front of a child.
std::string label(const Shown& shown, const Child& child, Language language)
{
    const bool is_entry = shown.shape == Shown::Shape::Entries;
    if ((shown.shape != Shown::Shape::Fields && !is_entry) || child.name.empty())
        return {};
    if (language == Language::Rust) {
        const bool is_bracketed = is_entry && child.name.size() >= 2;
        return (is_bracketed ? child.name.substr(1, child.name.size() - 2) : child.name) + ": ";
    }
    if (child.name.starts_with('<') && child.name.ends_with('>'))
        return {};
    if (language != Language::Zig || is_entry)
        return child.name + " = ";
    return (is_word(child.name) ? "." + child.name : ".@\"" + child.name + "\"") + " = ";
}

} // namespace

// NOLINTNEXTLINE(misc-no-recursion): at most max_nesting deep.
std::string Renderer::line(const Value& value, uint32_t depth)
{
    constexpr uint32_t max_nesting = 64;
    if (nesting_ >= max_nesting || !access_.spend())
        return "...";
    ++nesting_;
    std::string text = line(show(value), value, depth);
    --nesting_;
    return text;
}

// NOLINTNEXTLINE(misc-no-recursion): see above.
std::string Renderer::line(const Shown& shown, const Value& value, uint32_t depth)
{
    const Language language = access_.type_of(value).language;
    const bool is_too_deep = depth >= style_.max_depth;
    if (shown.shape == Shown::Shape::Text)
        return shown.before + shown.after;
    if (shown.shape == Shown::Shape::Alias) {
        if (shown.address && is_too_deep)
            return *shown.address;
        return shown.before + line(shown.value, shown.address ? depth + 1 : depth) + shown.after;
    }
    if (is_too_deep && shown.count != 0)
        return shown.before + elided(shown, language) + shown.after;
    if (auto text = list(shown, language, depth))
        return shown.before + *std::move(text) + shown.after;
    // A formatter has promised too much.
    const Shown raw = show_raw(value);
    if (raw.shape == Shown::Shape::Text || raw.shape == Shown::Shape::Alias)
        return raw.before + raw.after;
    return raw.before + list(raw, language, depth).value_or("<unreadable>") + raw.after;
}

std::string Renderer::elided(const Shown& shown, Language language) const
{
    const Brackets around = brackets(shown.shape, language, !shown.before.empty());
    std::string_view open = around.open, close = around.close;
    const auto is_space = [](char c) { return c == ' '; };
    while (!open.empty() && is_space(open.back()))
        open.remove_suffix(1);
    while (!close.empty() && is_space(close.front()))
        close.remove_prefix(1);
    return std::string(open) + "..." + std::string(close);
}

namespace {

/// The text of a list. Equal neighbours are written once.
class ListText {
public:
    explicit ListText(uint32_t max_elements) : max_elements_(max_elements) {}

    bool is_full() const { return written_ >= max_elements_ || text_.size() >= max_line; }

    void add(std::string element, bool may_repeat)
    {
        if (repeats_ != 0 && may_repeat && element == last_) {
            ++repeats_;
            return;
        }
        flush();
        last_ = std::move(element);
        repeats_ = 1;
    }

    /// The whole text for a list of `count` elements.
    std::string finish(uint64_t count)
    {
        flush();
        if (covered_ < count)
            text_ += (written_ != 0 ? ", ... " : "... ") + std::to_string(count - covered_) + " more";
        return std::move(text_);
    }

private:
    void flush()
    {
        const bool is_run = repeats_ >= min_repeats;
        for (uint64_t left = is_run ? 1 : repeats_; left > 0 && !is_full(); --left) {
            text_ += (written_ != 0 ? ", " : "") + last_;
            if (is_run)
                text_ += " <repeats " + std::to_string(repeats_) + " times>";
            covered_ += is_run ? repeats_ : 1;
            ++written_;
        }
        repeats_ = 0;
    }

    uint32_t max_elements_;
    std::string text_ {}, last_ {};
    /// How often `last_` was added, and is not written yet.
    uint64_t repeats_ = 0;
    /// Elements that the text stands for, and what it has written for them.
    uint64_t covered_ = 0, written_ = 0;
};

} // namespace

// NOLINTNEXTLINE(misc-no-recursion): see line.
std::optional<std::string> Renderer::list(const Shown& shown, Language language, uint32_t depth)
{
    const Brackets around = brackets(shown.shape, language, !shown.before.empty());
    if (shown.count == 0)
        return std::string(around.empty);
    constexpr uint64_t page = 64;
    ListText text(style_.max_elements);
    const uint64_t end = std::min(shown.count, max_scanned);
    for (uint64_t at = 0; at < end && !text.is_full(); at += page) {
        const uint64_t wanted = std::min(page, end - at);
        const std::vector<Child> children = shown.children(at, wanted);
        for (const Child& child : children) {
            if (text.is_full() || access_.is_exhausted())
                break;
            text.add(label(shown, child, language) + line(child.value, depth + 1),
                shown.shape == Shown::Shape::Elements);
        }
        if (access_.is_exhausted())
            break;
        if (children.size() < wanted)
            return {};
    }
    return std::string(around.open) + text.finish(shown.count) + std::string(around.close);
}

std::string render(Reader& reader, const Value& value, const Style& style)
{
    Renderer renderer(reader, style);
    return printable(renderer.line(value, 0));
}

namespace {

/// What has the children of a value, and what leads to it from the value.
struct Parent {
    Shown shown;
    Value value;
    std::optional<std::string> suffix { "" };
};

/// `.x` behind `->` is `->x`, and `[3]` is `[0][3]`.
std::string joined(const std::string& first, const std::string& second)
{
    if (first.ends_with("->") && second.starts_with('['))
        return first.substr(0, first.size() - 2) + "[0]" + second;
    return first.ends_with("->") && second.starts_with('.') ? first + second.substr(1) : first + second;
}

Parent parent_of(Renderer& renderer, const Value& value)
{
    constexpr uint32_t max_steps = 16;
    Parent result { renderer.show(value), value };
    // What counts if a pointer leads to a value without children.
    std::optional<Parent> pointer;
    for (uint32_t i = 0; i < max_steps; ++i) {
        const Shown& shown = result.shown;
        const bool is_alias = shown.shape == Shown::Shape::Alias;
        if (!is_alias && !shown.children_of)
            break;
        const Value next = is_alias ? shown.value : *shown.children_of;
        if (!is_alias)
            pointer = result;
        else if (shown.address && !shown.is_reference)
            pointer = Parent { fields(Shown::Shape::Fields, { { "*", next } }), next };
        std::optional<std::string> suffix;
        if (result.suffix && shown.suffix)
            suffix = *result.suffix + *shown.suffix;
        result = { renderer.show(next), next, std::move(suffix) };
    }
    if (result.shown.shape == Shown::Shape::Alias)
        result.shown = {};
    return result.shown.count == 0 && pointer ? *std::move(pointer) : result;
}

} // namespace

uint64_t child_count(Reader& reader, const Value& value, const Style& style)
{
    Renderer renderer(reader, style);
    return parent_of(renderer, value).shown.count;
}

std::vector<Child> children(
    Reader& reader, const Value& value, uint64_t from, uint64_t count, const Style& style)
{
    constexpr uint64_t max_children = 100'000;
    Renderer renderer(reader, style);
    const Parent parent = parent_of(renderer, value);
    if (from >= parent.shown.count || count == 0)
        return {};
    std::vector<Child> result =
        parent.shown.children(from, std::min({ count, parent.shown.count - from, max_children }));
    for (Child& child : result) {
        child.name = printable(child.name);
        // Other names are written in quotes.
        if (child.suffix.starts_with('.') && child.suffix.find_first_of(".[", 1) == std::string::npos
            && !is_word(std::string_view(child.suffix).substr(1)))
            child.suffix = ".\"" + escaped(child.suffix.substr(1)) + "\"";
        if (!child.suffix.empty())
            child.suffix = parent.suffix ? joined(*parent.suffix, child.suffix) : "";
    }
    return result;
}

std::optional<Value> child_named(
    Reader& reader, const Value& value, std::string_view name, const Style& style)
{
    constexpr uint64_t page = 100, max_searched = 10'000;
    Renderer renderer(reader, style);
    const Parent parent = parent_of(renderer, value);
    const Shown& shown = parent.shown;
    const auto find = [&](uint64_t from, uint64_t count) -> std::optional<Value> {
        for (Child& child : shown.children(from, std::min(count, shown.count - from)))
            if (child.name == name)
                return std::move(child.value);
        return {};
    };
    uint64_t index = 0;
    const bool is_index = name.starts_with('[')
        && std::from_chars(name.data() + 1, name.data() + name.size(), index).ec == std::errc();
    if (is_index && index < shown.count)
        if (auto found = find(index, 1))
            return found;
    for (uint64_t from = 0; from < std::min(shown.count, max_searched); from += page)
        if (auto found = find(from, page))
            return found;
    const auto hidden = renderer.access().member(value, name);
    return hidden ? hidden : renderer.access().member(parent.value, name);
}

} // namespace vitrine::core::source

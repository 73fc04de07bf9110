// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions, variables and types of the source, by their names.
#include "console/verbs.h"

#include "base/guard.h"
#include "base/text.h"
#include "debug/listing.h"
#include "debug/locations.h"

#include <algorithm>
#include <regex>

namespace vitrine::core::console {

namespace {

constexpr uint32_t max_listed = 1000;

/// A regular expression that all names match if the user gives none.
Result<source::Pattern> take_regex(Words& words)
{
    const std::string text(words.rest());
    words = Words("");
    // The reader, which may be another process, says nothing of a malformed one.
    const auto is_valid = guarded(
        [&] { return std::regex(text, std::regex::ECMAScript), true; }, [](const Thrown&) { return false; });
    if (!is_valid)
        return failure(text + " is not a regular expression");
    return source::Pattern { .text = text, .match = source::Pattern::Match::Regex, .limit = max_listed };
}

/// Names with what is said of them, each once.
class Listing {
public:
    Listing(Console& console, debug::ModuleSource& source) : console_(console), source_(source) {}

    void add(const std::string& text, const source::Place& declared)
    {
        ++count_;
        std::string line = text;
        if (const source::File* file = source_.file(declared.file); file && declared.line != 0)
            line += ", " + printable(debug::file_name(file->path)) + ":" + std::to_string(declared.line);
        if (std::ranges::find(lines_, line) == lines_.end())
            lines_.push_back(std::move(line));
    }

    /// Whether there was anything.
    bool write()
    {
        std::ranges::sort(lines_);
        for (const std::string& line : lines_)
            console_.write(line);
        if (count_ >= max_listed)
            console_.write("these are the first " + std::to_string(max_listed));
        return !lines_.empty();
    }

private:
    Console& console_;
    debug::ModuleSource& source_;
    size_t count_ = 0;
    std::vector<std::string> lines_;
};

/// Writes what `list` finds. Without debug information another verb answers.
template<class List> Result<void> show(Console& console, Words& words, std::string_view otherwise, List list)
{
    const auto source = console.sources().of(console.scope().module);
    if (!source)
        return console.perform_as(otherwise, words);
    const source::Pattern pattern = TRY(take_regex(words));
    Listing listing(console, *source);
    list(source->symbols(), pattern, listing);
    if (!listing.write())
        console.write("the source has none" + (pattern.text.empty() ? "" : " that match " + pattern.text));
    return {};
}

} // namespace

Result<void> show_functions_of_source(Console& console, Words& words)
{
    return show(console, words, "functions",
        [](source::Symbols& symbols, const source::Pattern& pattern, Listing& listing) {
            for (const source::Function& each : symbols.functions_named(pattern))
                listing.add(
                    printable(each.name) + ": " + source::function_type_text(symbols, each), each.declared);
        });
}

Result<void> show_variables_of_source(Console& console, Words& words)
{
    return show(console, words, "globals",
        [](source::Symbols& symbols, const source::Pattern& pattern, Listing& listing) {
            for (const source::Variable& each : symbols.globals(pattern))
                listing.add(
                    printable(each.name) + ": " + source::type_text(symbols, each.type), each.declared);
        });
}

Result<bool> show_types_of_source(Console& console, Words& words)
{
    const auto source = console.sources().of(console.scope().module);
    if (!source)
        return false;
    Words copy = words;
    const auto pattern = take_regex(copy);
    if (!pattern)
        return false;
    Listing listing(console, *source);
    for (const source::TypeId id : source->symbols().types_named(*pattern))
        listing.add(source::type_text(source->symbols(), id), source->symbols().type(id).declared);
    return listing.write();
}

} // namespace vitrine::core::console

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/debugger.h"

#include "cli/file.h"
#include "cli/number.h"
#include "cli/place.h"

#include "wasm/printer.h"

#include <algorithm>

namespace vitrine::cli {

namespace {

constexpr VerbRow verbs_in_order[] = {
#define VERB(function, name, forms, arguments, completion, is_repeated, group, summary, example) \
    { name, forms, arguments, Completion::completion, is_repeated, group, summary, example, verbs::function },
#include "cli/debugger_verbs.inc"
};

/// How deep files that read files may be nested.
constexpr uint32_t max_depth = 8;

bool is_space(char letter) { return letter == ' ' || letter == '\t'; }

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (is_space(text.front()) || text.front() == '\r'))
        text.remove_prefix(1);
    while (!text.empty() && (is_space(text.back()) || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

bool has_form(const VerbRow& row, std::string_view word)
{
    for (Words forms(row.forms); !forms.at_end();)
        if (forms.next() == word)
            return true;
    return row.name == word;
}

/// The end of the verb in a line: `p/x` is the verb `p`, as are `x/64` and `set!x` not.
size_t verb_end(std::string_view line) { return std::min(line.find_first_of(" \t/"), line.size()); }

} // namespace

// -- Words

Words::Words(std::string_view text) : text_(trimmed(text)) {}

std::string_view Words::next()
{
    int depth = 0;
    bool is_quoted = false;
    size_t end = 0;
    for (; end < text_.size(); ++end) {
        const char letter = text_[end];
        if (is_quoted && letter == '\\' && end + 1 < text_.size()) {
            ++end;
            continue;
        }
        if (letter == '"')
            is_quoted = !is_quoted;
        if (is_quoted)
            continue;
        depth += (letter == '[' || letter == '(') - (letter == ']' || letter == ')');
        if (is_space(letter) && depth <= 0)
            break;
    }
    const std::string_view word = text_.substr(0, end);
    text_ = trimmed(text_.substr(end));
    return word;
}

bool Words::take(std::string_view word)
{
    Words copy(text_);
    if (copy.next() != word)
        return false;
    text_ = copy.text_;
    return true;
}

Result<uint64_t> Words::number(std::string_view what)
{
    const std::string_view word = next();
    if (word.empty())
        return Error(fmt::format("expected {}", what));
    if (const auto value = parse_unsigned(word))
        return *value;
    return Error(fmt::format("expected {} instead of {}", what, word));
}

Result<std::string> Words::quoted(std::string_view what)
{
    const std::string_view word = next();
    if (word.size() < 2 || !word.starts_with('"') || !word.ends_with('"'))
        return Error(fmt::format("expected {} in quotes", what));
    std::string text;
    for (size_t i = 1; i + 1 < word.size(); ++i) {
        const bool is_escape = word[i] == '\\' && (word[i + 1] == '"' || word[i + 1] == '\\');
        text += word[is_escape ? ++i : i];
    }
    return text;
}

Result<void> Words::end() const
{
    if (at_end())
        return {};
    return Error(fmt::format("unexpected {}", text_));
}

// -- Verbs

std::span<const VerbRow> verb_table() { return verbs_in_order; }

Result<const VerbRow*> find_verb(std::string_view word)
{
    std::vector<const VerbRow*> found;
    std::string names;
    for (const VerbRow& row : verb_table()) {
        if (has_form(row, word))
            return &row;
        if (!row.name.starts_with(word))
            continue;
        names += (found.empty() ? "" : ", ") + std::string(row.name);
        found.push_back(&row);
    }
    if (found.empty())
        return Error(fmt::format("there is no verb {}; `help` lists them", word));
    if (found.size() > 1)
        return Error(fmt::format("{} may be {}", word, names));
    return found.front();
}

void Debugger::perform(std::string_view line)
{
    line = trimmed(line);
    if (line.starts_with('#'))
        return;
    const std::string repeated = last_line_;
    if (line.empty())
        line = repeated;
    last_line_.clear();
    if (line.empty())
        return;
    const size_t end = verb_end(line);
    const auto verb = find_verb(line.substr(0, end));
    Words words(line.substr(end));
    const auto done = verb ? (*verb)->perform(*this, words) : verb.error();
    if (!done) {
        std::string_view text = done.error().message();
        write("error: " + std::string(text.substr(0, text.find('\n'))), Style::Error);
        for (size_t at = text.find('\n'); at != std::string_view::npos;) {
            const size_t next = text.find('\n', at + 1);
            write(text.substr(at + 1, next == std::string_view::npos ? next : next - at - 1));
            at = next;
        }
        return;
    }
    if ((*verb)->is_repeated)
        last_line_ = line;
}

Result<void> Debugger::read(const std::string& path)
{
    if (depth_ == max_depth)
        return Error(fmt::format("{}: files are nested too deep", path));
    const auto bytes = read_file(path);
    if (!bytes)
        return Error(bytes.error().message);
    ++depth_;
    std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    while (!text.empty() && !is_over_) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        write(std::string(depth_, '>') + " " + std::string(line));
        perform(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    --depth_;
    return {};
}

Result<Instance> Debugger::instance() const
{
    if (const auto found = guest_.instance())
        return *found;
    return Error("there is no instance yet: `run` or `start` makes it");
}

Result<Scope> Debugger::scope() const
{
    const auto of = TRY(instance());
    Scope scope { of, std::nullopt };
    if (auto frame = guest_.frame(); frame && frame->instance())
        scope.frame = *std::move(frame);
    return scope;
}

Result<Val> Scope::evaluate(std::string_view expression) const
{
    return frame ? frame->evaluate(expression) : instance.debug_evaluate(expression);
}

Result<std::string> Scope::text_of(std::string_view expression) const
{
    return frame ? frame->text_of(expression) : instance.debug_text_of(expression);
}

Result<void> Scope::assign(std::string_view assignment) const
{
    return frame ? frame->assign(assignment) : instance.debug_assign(assignment);
}

Result<debug::WatchPlace> Scope::place(std::string_view expression) const
{
    return frame ? frame->place(expression) : instance.debug_place(expression);
}

// -- Completion

namespace {

template<class Info>
void add_labels(std::vector<std::string>& names, const std::vector<Info>& rows, std::string_view kind)
{
    for (const Info& row : rows)
        names.push_back(label_of(row, kind));
}

/// All words that may stand at a place of that kind.
std::vector<std::string> words_for(Completion kind, Debuggee& guest)
{
    std::vector<std::string> names;
    switch (kind) {
    case Completion::Nothing: break;
    case Completion::Verb:
        for (const VerbRow& row : verb_table())
            names.emplace_back(row.name);
        break;
    case Completion::Function: add_labels(names, guest.module_in_view().functions(), "func"); break;
    case Completion::Tag: add_labels(names, guest.module_in_view().tags(), "tag"); break;
    case Completion::Event: names = { "throw", "uncaught", "trap", "host", "load" }; break;
    case Completion::Expression:
        if (const auto frame = guest.stopped() ? guest.frame() : Error(""))
            for (const debug::Local& local : frame->locals())
                if (!local.name.empty())
                    names.push_back(core::identifier(local.name, "", 0));
        add_labels(names, guest.module_in_view().globals(), "global");
        break;
    }
    return names;
}

} // namespace

std::vector<std::string> Debugger::completions(std::string_view line) const
{
    const size_t end = verb_end(line);
    Completion kind = Completion::Verb;
    if (end < line.size()) {
        const auto verb = find_verb(line.substr(0, end));
        kind = verb ? (*verb)->completion : Completion::Nothing;
    }
    const size_t start = line.find_last_of(" \t[(") + 1;
    const std::string_view begun = line.substr(start);
    std::vector<std::string> found;
    for (std::string& name : words_for(kind, guest_)) {
        // A name may be written without its `$`.
        if (!begun.starts_with('$') && name.starts_with('$') && !name.starts_with("$\""))
            name.erase(0, 1);
        if (name.starts_with(begun))
            found.push_back(std::move(name));
    }
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

// -- Verbs of the debugger itself

namespace verbs {

Result<void> help(Debugger& debugger, Words& words)
{
    if (!words.at_end()) {
        const auto verb = TRY(find_verb(words.next()));
        const VerbRow& row = *verb;
        debugger.print("{}{}{}", row.name, row.arguments.empty() ? "" : " ", row.arguments);
        debugger.print("    {}", row.summary);
        if (!row.forms.empty())
            debugger.print("    short: {}", row.forms);
        debugger.print("    example: {}", row.example);
        return words.end();
    }
    std::string_view group;
    for (const VerbRow& row : verb_table()) {
        if (row.group != group)
            debugger.print("{}:", row.group);
        group = row.group;
        const std::string forms = row.forms.empty() ? "" : fmt::format(" ({})", row.forms);
        debugger.print("  {:<22} {}", std::string(row.name) + forms, row.summary);
    }
    debugger.write(
        "`help VERB` has an example. The beginning of a verb is enough. An empty line repeats a step.");
    return {};
}

Result<void> read_script(Debugger& debugger, Words& words)
{
    const std::string path(words.rest());
    if (path.empty())
        return Error("expected a file");
    return debugger.read(path);
}

Result<void> quit(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    debugger.end();
    return {};
}

} // namespace verbs

} // namespace vitrine::cli

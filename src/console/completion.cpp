// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the last word of an unfinished line can become.
#include "console/places.h"
#include "console/verbs.h"
#include "debug/inspect.h"
#include "debug/listing.h"
#include "eval/names.h"
#include "source/render.h"
#include "wasm/printer.h"

#include <algorithm>
#include <filesystem>

namespace vitrine::core::console {

namespace {

void add_entities(
    std::vector<std::string>& words, const Module& module, ExternKind kind, Demangle demangle = nullptr)
{
    for (uint32_t i = 0; i < module.count(kind); ++i) {
        words.push_back(debug::short_label(module, kind, i));
        if (demangle)
            words.push_back(debug::short_label(module, kind, i, demangle));
    }
}

void add_modules(std::vector<std::string>& words, Target& target, std::string_view suffix)
{
    for (const LoadedModule& loaded : target.modules()) {
        const std::string_view name = loaded.module->names().module;
        for (const std::string_view each : { name, std::string_view(loaded.preload) })
            if (!each.empty())
                words.push_back(identifier(each, "", 0) + std::string(suffix));
    }
}

/// The paths that begin like that; a folder ends with `/`.
std::vector<std::string> files_like(std::string_view begun)
{
    namespace fs = std::filesystem;
    const std::string folder(begun.substr(0, begun.find_last_of('/') + 1));
    std::vector<std::string> paths;
    std::error_code error;
    for (fs::directory_iterator at(folder.empty() ? "." : folder, error), end; !error && at != end;
        at.increment(error))
        paths.push_back(folder + at->path().filename().string() + (at->is_directory(error) ? "/" : ""));
    return paths;
}

constexpr uint32_t max_source_words = 200;

/// Variables of the source: those of the selected frame, and others that begin like that.
void add_variables(std::vector<std::string>& words, const Scope& scope, std::string_view begun)
{
    if (!scope.symbols)
        return;
    if (const auto row = scope.row(); row && scope.guest_frame())
        for (const source::Scope& block : row->scopes)
            for (const source::Variable& variable : scope.symbols->variables(block.variables))
                words.push_back(variable.name);
    for (const source::Variable& variable :
        scope.symbols->globals({ std::string(begun), source::Pattern::Match::Prefix, max_source_words }))
        words.push_back(variable.name);
}

/// `account->balance` for `account->ba`: what the value in front of the last `.` or `->` consists
/// of.
void add_members(std::vector<std::string>& words, const Scope& scope, std::string_view begun)
{
    const size_t dot = begun.find_last_of(".>");
    if (dot == std::string_view::npos || !scope.symbols || !scope.instance)
        return;
    const bool is_arrow = begun[dot] == '>';
    if (is_arrow && (dot == 0 || begun[dot - 1] != '-'))
        return;
    const std::string_view parent = begun.substr(0, is_arrow ? dot - 1 : dot);
    const auto computed = scope.compute(parent);
    if (!computed || !computed->source)
        return;
    auto reader = computed->source->reader(*scope.instance);
    for (const source::Child& child :
        source::children(reader, *computed->source->value, 0, max_source_words, { .is_raw = true })) {
        const size_t name = child.suffix.find_last_of(".>");
        if (name != std::string::npos)
            words.push_back(std::string(begun.substr(0, dot + 1)) + child.suffix.substr(name + 1));
    }
}

/// Functions and files of the source that begin like that.
void add_source_places(std::vector<std::string>& words, const Scope& scope, std::string_view begun)
{
    if (!scope.symbols || begun.empty())
        return;
    for (const source::Function& function : scope.symbols->functions_named(
             { std::string(begun), source::Pattern::Match::Prefix, max_source_words }))
        words.push_back(function.name);
    for (const source::File& file : scope.symbols->summary().files)
        words.push_back(std::string(debug::file_name(file.path)) + ":");
}

void add_expression_words(std::vector<std::string>& words, const Scope& scope, std::string_view begun)
{
    add_variables(words, scope, begun);
    add_members(words, scope, begun);
    if (const Frame* frame = scope.guest_frame())
        for (const debug::Local& local : debug::locals_of(*frame))
            if (!local.name.empty())
                words.push_back(identifier(local.name, "", 0));
    if (scope.module)
        add_entities(words, *scope.module, ExternKind::Global);
    if (scope.variables)
        for (const auto& [name, value] : scope.variables->all())
            words.push_back("$" + name);
}

void add_settings(std::vector<std::string>& words)
{
    for (const Setting& setting : setting_table()) {
        // The second word of a name is typed as it is.
        words.emplace_back(setting.name.substr(0, setting.name.find(' ')));
        words.emplace_back(setting.name.substr(setting.name.find(' ') + 1));
        for (Words forms(setting.forms); !forms.at_end();)
            words.emplace_back(forms.next());
    }
}

/// All words that fit an argument of that kind.
std::vector<std::string> words_for(
    Completion kind, Target& target, const Scope& scope, std::string_view begun)
{
    std::vector<std::string> words;
    switch (kind) {
    case Completion::Nothing: break;
    case Completion::Verb:
        for (const Verb& verb : verb_table())
            words.emplace_back(verb.name);
        break;
    case Completion::Function:
        add_source_places(words, scope, begun);
        if (scope.module)
            add_entities(words, *scope.module, ExternKind::Func, target.demangle());
        add_modules(words, target, ":");
        break;
    case Completion::Tag:
        if (scope.module)
            add_entities(words, *scope.module, ExternKind::Tag);
        break;
    case Completion::Event:
        for (const auto& event : debug::stop_events<debug::StopsOn>)
            words.emplace_back(event.name);
        break;
    case Completion::Module: add_modules(words, target, ""); break;
    case Completion::File: words = files_like(begun); break;
    case Completion::Expression: add_expression_words(words, scope, begun); break;
    case Completion::Info:
        for (const InfoForm& form : info_table())
            words.emplace_back(form.name);
        break;
    case Completion::Set:
        add_expression_words(words, scope, begun);
        add_settings(words);
        words.insert(words.end(), { "on", "off", "unlimited", "var" });
        break;
    case Completion::Show:
        add_expression_words(words, scope, begun);
        add_settings(words);
        words.insert(words.end(), { "convenience", "user", "values" });
        break;
    }
    return words;
}

/// The functions of the module that is named in front of a colon.
std::vector<std::string> functions_of(Target& target, std::string_view begun)
{
    std::vector<std::string> words;
    const size_t colon = begun.find(':');
    if (colon == std::string_view::npos)
        return words;
    const std::vector<LoadedModule> modules = target.modules();
    const auto loaded = find_module(modules, begun.substr(0, colon));
    if (loaded)
        add_entities(words, *loaded->module, ExternKind::Func, target.demangle());
    for (std::string& word : words)
        word.insert(0, begun.substr(0, colon + 1));
    return words;
}

/// What comes next in an unfinished line. An alias is completed as what it stands for; the lines
/// that stand in other lines, as they are.
Completion completion_of(std::string_view line, const Macros& macros)
{
    const auto split = [](std::string_view text) {
        const size_t end = std::min(text.find_first_of(" \t/"), text.size());
        return std::pair(text.substr(0, end), text.substr(end));
    };
    auto [word, rest] = split(line);
    if (rest.empty())
        return Completion::Verb;
    const Macros::Macro* const macro = macros.find(word);
    if (macro && macro->is_alias)
        word = split(macro->lines.front()).first;
    const auto verb = find_verb(word);
    if (!verb)
        return Completion::Nothing;
    // The word that is being typed is not counted.
    Words words(rest.substr(0, rest.find_last_of(" \t") + 1));
    if ((*verb)->completion == Completion::Info && !words.at_end()) {
        const std::string_view what = words.next();
        const auto form = std::ranges::find(info_table(), what, &InfoForm::name);
        const auto same = form != info_table().end() ? find_verb(form->verb) : failure("");
        if (what == "symbol")
            return Completion::Function;
        return same ? (*same)->completion : Completion::Nothing;
    }
    return (*verb)->completion;
}

} // namespace

std::vector<std::string> Console::completions(std::string_view line)
{
    const Completion kind = completion_of(line, macros_);
    refresh_selection();
    Scope scope = scope_of(target_, selection_);
    scope.variables = &variables_;
    const bool is_path = kind == Completion::File;
    const std::string_view begun = line.substr(line.find_last_of(is_path ? " \t" : " \t[(") + 1);
    std::vector<std::string> words = words_for(kind, target_, scope, begun);
    if (kind == Completion::Verb)
        for (const auto& [name, macro] : macros_.all())
            words.push_back(name);
    if (kind == Completion::Function)
        std::ranges::move(functions_of(target_, begun), std::back_inserter(words));
    std::vector<std::string> found;
    for (std::string& word : words) {
        // A name can be written without its `$`.
        if (!begun.starts_with('$') && word.starts_with('$') && !word.starts_with("$\""))
            word.erase(0, 1);
        if (word.starts_with(begun))
            found.push_back(std::move(word));
    }
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

} // namespace vitrine::core::console

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/source_names.h"

#include "base/text.h"
#include "eval/lexer.h"

#include <algorithm>
#include <ranges>

namespace vitrine::core::eval {

namespace {

using source::Location;
using source::Variable;

/// Larger variables are taken for malformed.
constexpr uint64_t max_variable_bytes = uint64_t { 1 } << 40;
constexpr size_t max_ranges_shown = 3;

uint8_t address_bytes_of(const Scope& scope)
{
    const Module& module = *scope.module;
    const MemoryIndex memory { scope.source.memory };
    return module.memories.contains(memory) && module.memories[memory].type.limits.is_64 ? 8 : 4;
}

/// `x` in `a::b::x`
std::string_view last_component(std::string_view name)
{
    const size_t colons = name.rfind("::"), dot = name.rfind('.');
    return colons != std::string_view::npos ? name.substr(colons + 2)
        : dot != std::string_view::npos     ? name.substr(dot + 1)
                                            : name;
}

/// How many scopes of a function contain the variable: 1 for a global one, 2 for `a::x` seen from
/// `a::f`. 0 if none does, not even the outermost.
size_t closeness(std::string_view variable, std::string_view name, std::string_view function)
{
    if (!variable.ends_with(name))
        return 0;
    const std::string_view scope = variable.substr(0, variable.size() - name.size());
    return scope.empty() ? 1 : function.starts_with(scope) ? 1 + scope.size() : 0;
}

bool is_file(std::string_view path, std::string_view wanted)
{
    return path == wanted
        || (path.ends_with(wanted) && path.size() > wanted.size()
            && path[path.size() - wanted.size() - 1] == '/');
}

bool is_same_place(const Variable& a, const Variable& b)
{
    return a.name == b.name && a.locations == b.locations && a.constant == b.constant;
}

/// `from 0x40 to 0x5c`
std::string ranges_text(const std::vector<Location>& locations)
{
    std::string text;
    size_t shown = 0;
    for (const Location& location : locations) {
        if (shown++ == max_ranges_shown)
            return text + ", ..";
        text += (text.empty() ? "from " : ", from ") + hex(location.range.begin) + " to "
            + hex(location.range.end);
    }
    return text;
}

} // namespace

SourceNames::SourceNames(const Scope& scope)
    : scope_(scope),
      types_(std::make_shared<SourceTypes>(scope.source.symbols, address_bytes_of(scope))),
      offset_(scope.function ? scope.offset : std::nullopt)
{
    if (offset_ && scope.is_caller && *offset_ > 0)
        --*offset_;
}

/// The line of the instruction; line 0 if it has none.
source::Place SourceNames::place()
{
    source::Place place;
    if (!offset_ || !has_symbols())
        return place;
    if (const auto row = types_->row_at(*offset_))
        place = row->place;
    return place;
}

/// The variables of the logical frame, by scope, innermost first.
const std::vector<std::vector<Variable>>& SourceNames::local_variables()
{
    if (locals_)
        return *locals_;
    locals_.emplace();
    if (!offset_ || !has_symbols())
        return *locals_;
    uint32_t level = scope_.source.level;
    for (const source::Scope& scope : types_->scopes_at(*offset_)) {
        if (level == 0)
            locals_->push_back(types_->variables(scope.variables));
        if (scope.kind == source::Scope::Kind::Block)
            continue;
        if (level == 0)
            break;
        --level;
    }
    return *locals_;
}

std::optional<Variable> SourceNames::find_local_variable(std::string_view name)
{
    // Only the innermost logical frame is at that line.
    const source::Place here = scope_.source.level == 0 ? place() : source::Place {};
    std::optional<Variable> later;
    for (const auto& scope : local_variables())
        for (const Variable& variable : scope | std::views::reverse) {
            if (variable.name != name)
                continue;
            const bool is_later =
                here.line != 0 && variable.declared.file == here.file && variable.declared.line > here.line;
            if (!is_later)
                return variable;
            if (!later)
                later = variable;
        }
    return later;
}

Result<std::optional<Variable>> SourceNames::find(std::string_view name, uint32_t position)
{
    if (!has_symbols())
        return std::nullopt;
    if (const auto known = found_.find(name); known != found_.end())
        return known->second;
    auto found = TRY(look_up(name, position));
    found_.emplace(name, found);
    return found;
}

Result<std::optional<Variable>> SourceNames::look_up(std::string_view name, uint32_t position)
{
    if (auto local = find_local_variable(name))
        return local;
    std::vector<Variable> found = types_->globals({ .text = std::string(name), .limit = 100 });
    std::erase_if(found, [&](const Variable& each) { return last_component(each.name) != name; });
    if (found.empty())
        return std::nullopt;
    const source::Place here = place();
    const auto function = this->function();
    const auto rank = [&](const Variable& each) {
        const bool is_of_file = here.line != 0 && each.declared.file == here.file;
        return std::pair(closeness(each.name, name, function ? function->name : ""), is_of_file);
    };
    const Variable best = *std::ranges::max_element(found, {}, rank);
    for (const Variable& each : found)
        if (rank(each) == rank(best) && !is_same_place(each, best)) {
            const std::string files = each.name == best.name
                ? file_of(best) + "::" + best.name + "` or `" + file_of(each) + "::" + each.name
                : best.name + "` or `" + each.name;
            return failure(
                "`" + escaped(name) + "` is the name of several variables: write `" + escaped(files) + "`",
                position);
        }
    return best;
}

const std::vector<source::File>& SourceNames::files()
{
    if (!files_)
        files_ = types_->summary().files;
    return *files_;
}

std::string SourceNames::file_of(const Variable& variable)
{
    const auto index = static_cast<size_t>(variable.declared.file);
    if (index >= files().size())
        return "?";
    const std::string& path = files()[index].path;
    return path.substr(path.rfind('/') + 1);
}

bool SourceNames::is_of_file(const source::Place& place, std::string_view file)
{
    const auto index = static_cast<size_t>(place.file);
    return file.empty() || (index < files().size() && is_file(files()[index].path, file));
}

/// Static variables with this name in the blocks of functions.
std::vector<Variable> SourceNames::statics_of_functions(
    std::string_view function, std::string_view name, std::string_view file)
{
    constexpr uint32_t max_functions = 20;
    constexpr size_t max_rows = 2000;
    size_t rows = 0;
    std::vector<Variable> found;
    const auto add = [&](const source::Function& of, const source::Scope& scope) {
        if (scope.name != of.name)
            return;
        for (Variable& each : types_->variables(scope.variables))
            if (each.kind == Variable::Kind::Static && each.name == name
                && std::ranges::none_of(found, [&](const Variable& other) { return other.id == each.id; }))
                found.push_back(std::move(each));
    };
    for (const source::Function& each :
        types_->functions_named({ .text = std::string(function), .limit = max_functions })) {
        if (!is_of_file(each.declared, file))
            continue;
        std::vector<source::Range> ranges = each.ranges;
        for (const source::InlinedCopy& copy : each.copies)
            ranges.insert(ranges.end(), copy.ranges.begin(), copy.ranges.end());
        for (const source::Range& range : ranges)
            for (const source::Row& row : types_->rows_in(range))
                if (found.empty() && ++rows <= max_rows)
                    for (const source::Scope& scope : types_->scopes_at(row.range.begin))
                        add(each, scope);
    }
    return found;
}

Result<Variable> SourceNames::find_scoped(std::string_view name, std::string_view file, uint32_t position)
{
    // The crate of the function.
    constexpr std::string_view crate = "crate::";
    std::string in_crate;
    if (name.starts_with(crate)) {
        const auto function = this->function();
        const std::string whole = function ? function->name : "";
        in_crate = whole.substr(0, whole.find("::")) + std::string(name.substr(crate.size() - 2));
        name = in_crate;
    }
    const bool is_rooted = name.starts_with("::");
    const std::string_view bare = is_rooted ? name.substr(2) : name;
    std::vector<Variable> found = types_->globals({ .text = std::string(bare), .limit = 100 });
    std::erase_if(found, [&](const Variable& each) { return !is_of_file(each.declared, file); });
    if (is_rooted)
        std::erase_if(found, [&](const Variable& each) { return each.name != bare; });
    if (const size_t colons = bare.rfind("::"); found.empty() && colons != bare.npos)
        found = statics_of_functions(bare.substr(0, colons), bare.substr(colons + 2), file);
    // What is in quotes can be a function too.
    if (found.empty() && !file.empty())
        found = statics_of_functions(file, bare, {});
    if (found.empty())
        return unknown(
            file.empty() ? std::string(name) : std::string(file) + "::" + std::string(name), position);
    const auto exact = std::ranges::find(found, bare, &Variable::name);
    const Variable& best = exact != found.end() ? *exact : found.front();
    for (const Variable& each : found)
        if ((each.name == bare) == (best.name == bare) && !is_same_place(each, best))
            return failure("`" + escaped(name) + "` is the name of several variables, of "
                    + escaped(file_of(best)) + " and " + escaped(file_of(each)),
                position);
    return best;
}

bool SourceNames::has_own_member(std::string_view name)
{
    const auto self = has_symbols() ? find_local_variable("this") : std::nullopt;
    if (!self)
        return false;
    const source::Type pointer = types_->resolved(self->type);
    return pointer.kind == source::Type::Kind::Pointer
        && types_->find_member(types_->resolved(pointer.target), name);
}

std::optional<std::pair<source::TypeId, int64_t>> SourceNames::find_enumerator(std::string_view name)
{
    const std::string_view last = last_component(name);
    std::string_view type_name = name.substr(0, name.size() - last.size());
    for (const std::string_view sign : { "::", "." })
        if (type_name.ends_with(sign))
            type_name.remove_suffix(sign.size());
    if (type_name.starts_with("::"))
        type_name.remove_prefix(2);
    const auto type = type_name.empty() ? std::nullopt : types_->find_type(type_name);
    if (!type)
        return {};
    const auto value = types_->find_enumerator(types_->resolved(*type), last);
    return value ? std::optional(std::pair(*type, *value)) : std::nullopt;
}

Result<std::optional<std::pair<source::TypeId, int64_t>>> SourceNames::find_enumerator_of_any(
    std::string_view name, uint32_t position)
{
    constexpr uint32_t max_types = 100;
    std::optional<std::pair<source::TypeId, int64_t>> found;
    for (const source::TypeId id :
        types_->types_named(
            { .text = std::string(name), .match = source::Pattern::Match::Enumerator, .limit = max_types })) {
        const auto value = types_->find_enumerator(types_->type(id), name);
        if (!value || (found && found->second == *value))
            continue;
        if (found)
            return failure("`" + escaped(name) + "` is an enumerator of several types: write `"
                    + escaped(types_->name_of(found->first)) + "::" + escaped(name) + "` or `"
                    + escaped(types_->name_of(id)) + "::" + escaped(name) + "`",
                position);
        found.emplace(id, *value);
    }
    return found;
}

Result<std::optional<source::Function>> SourceNames::find_function(std::string_view name, uint32_t position)
{
    const std::vector<source::Function> found = find_functions(name);
    if (found.empty())
        return std::nullopt;
    for (const source::Function& each : found)
        if (each.ranges != found.front().ranges)
            return failure("`" + escaped(name) + "` is the name of several functions: `"
                    + escaped(found.front().name) + "` and `" + escaped(each.name) + "`",
                position);
    return found.front();
}

std::vector<source::Function> SourceNames::find_functions(std::string_view name)
{
    if (!has_symbols())
        return {};
    if (name.starts_with("::"))
        name.remove_prefix(2);
    std::vector<source::Function> found =
        types_->functions_named({ .text = std::string(name), .limit = 100 });
    std::erase_if(found, [](const source::Function& each) { return each.ranges.empty(); });
    if (std::ranges::find(found, name, &source::Function::name) != found.end())
        std::erase_if(found, [&](const source::Function& each) { return each.name != name; });
    return found;
}

std::optional<source::Function> SourceNames::function()
{
    return offset_ && has_symbols() ? types_->function_at(*offset_) : std::nullopt;
}

/// Behind the prologue the frame base is in its local. Empty if that is so.
const std::string& SourceNames::why_no_frame_base(const source::Function& function)
{
    if (no_frame_base_)
        return *no_frame_base_;
    no_frame_base_.emplace();
    for (const source::Range& range : function.ranges) {
        if (!range.contains(*offset_))
            continue;
        const std::vector<source::Row> rows = types_->rows_in(range);
        const auto end = std::ranges::find_if(rows, &source::Row::is_prologue_end);
        if (end != rows.end() && *offset_ < end->range.begin)
            *no_frame_base_ = "not set up yet (from " + hex(end->range.begin) + ", line "
                + std::to_string(end->place.line) + ")";
    }
    return *no_frame_base_;
}

std::vector<LocationPart> SourceNames::locate(const Variable& variable, uint32_t position)
{
    const uint64_t bytes = types_->size_of(variable.type).value_or(0);
    const auto missing = [&](std::string why) { return std::vector { missing_part(bytes, std::move(why)) }; };
    if (bytes > max_variable_bytes)
        return missing("not known: it is too large");
    if (variable.constant) {
        auto constant = *variable.constant;
        constant.resize(std::min<uint64_t>(bytes, constant.size() + 16));
        return { constant_part(std::move(constant)) };
    }
    if (variable.locations.empty())
        return missing("optimized out");
    const auto found = std::ranges::find_if(variable.locations, [&](const Location& each) {
        return each.range.contains(offset_.value_or(scope_.module->bytes().size() - 1));
    });
    if (found == variable.locations.end())
        return missing("not here (" + ranges_text(variable.locations) + ")");
    const auto function = this->function();
    return lower_location(found->expression,
        { .address_bytes = types_->address_bytes(),
            .memory = scope_.source.memory,
            .bytes = bytes,
            .frame_base = function ? &function->frame_base : nullptr,
            .no_frame_base = function ? why_no_frame_base(*function) : "",
            .position = position });
}

bool SourceNames::is_type(std::string_view text)
{
    if (!has_symbols())
        return false;
    // A variable hides a type.
    std::string_view core = text;
    const auto is_sign = [](char c) { return c == '*' || c == '&' || c == ' '; };
    while (!core.empty() && is_sign(core.front()))
        core.remove_prefix(1);
    while (!core.empty() && is_sign(core.back()))
        core.remove_suffix(1);
    if (core.empty() || (core[0] >= '0' && core[0] <= '9'))
        return false;
    if (std::ranges::all_of(core, is_name_part)) {
        const auto variable = find(core, 0);
        if (!variable || *variable || (text == core && has_own_member(core)))
            return false;
    }
    return types_->find_text(text).has_value();
}

IsType SourceNames::type_test()
{
    return has_symbols() ? IsType([this](std::string_view text) { return is_type(text); }) : IsType();
}

std::unexpected<Error> SourceNames::unknown(std::string_view name, uint32_t position)
{
    NearNames near(name);
    for (const auto& scope : local_variables())
        for (const Variable& variable : scope)
            near.add(variable.name);
    const std::vector<Variable> globals = types_->globals(
        { .text = std::string(name.substr(0, 1)), .match = source::Pattern::Match::Prefix, .limit = 1000 });
    for (const Variable& variable : globals) {
        near.add(variable.name);
        near.add(last_component(variable.name));
    }
    return failure("no variable is called `" + escaped(name) + "`" + near.to_text(), position);
}

} // namespace vitrine::core::eval

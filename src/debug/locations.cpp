// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/locations.h"

#include "base/guard.h"
#include "base/number.h"
#include "base/text.h"
#include "debug/source_view.h"
#include "debug/wat_source.h"
#include "wasm/validator.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <regex>
#include <set>
#include <tuple>

namespace vitrine::core::debug {

namespace {

/// More than a program has copies of a line; debug information may claim anything.
constexpr size_t max_rows = 20'000;
constexpr uint32_t max_functions = 5'000;
/// How many functions are searched for inlined calls.
constexpr size_t max_searched = 1'000;

std::vector<std::string_view> components_of(std::string_view path)
{
    std::vector<std::string_view> components;
    while (!path.empty()) {
        const size_t end = std::min(path.find_first_of("/\\"), path.size());
        const std::string_view component = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        if (component == ".." && !components.empty() && components.back() != "..")
            components.pop_back();
        else if (!component.empty() && component != ".")
            components.push_back(component);
    }
    return components;
}

/// A text as far as its form says what it means.
struct Parsed {
    enum class Kind : uint8_t { Function, Line, Regex, Wasm, Generated };

    Kind kind = Kind::Function;
    /// A module's name; empty for all.
    std::string module {};
    /// The function, the file, the expression, or the place in the module.
    std::string text {};
    uint32_t line = 0, column = 0;
    /// That of a generated source.
    FuncIndex index {};
};

/// A line of a file, which can be a generated source.
Parsed line_of_file(std::string_view file, uint32_t line, uint32_t column)
{
    Parsed parsed { .kind = Parsed::Kind::Line, .text = std::string(file), .line = line, .column = column };
    if (const auto function = function_of_wat_path(file)) {
        parsed.kind = Parsed::Kind::Generated;
        parsed.index = *function;
    }
    return parsed;
}

Result<uint32_t> take_number(std::string_view digits, const char* what)
{
    const auto number = parse_unsigned(digits);
    if (!number || *number == 0 || *number > UINT32_MAX)
        return failure(std::string(what) + " must be a number from 1 on, not " + std::string(digits));
    return static_cast<uint32_t>(*number);
}

bool is_decimal(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// The position of the last colon that is no part of `::`, if digits follow it.
std::optional<size_t> line_colon(std::string_view text)
{
    const size_t colon = text.rfind(':');
    const bool splits =
        colon != text.npos && colon != 0 && text[colon - 1] != ':' && is_decimal(text.substr(colon + 1));
    return splits ? std::optional(colon) : std::nullopt;
}

/// `FILE:LINE` or `FILE:LINE:COLUMN`; none if the text is no such thing.
Result<std::optional<Parsed>> parse_line(std::string_view text)
{
    const auto last = line_colon(text);
    if (!last)
        return std::nullopt;
    const std::string_view before = text.substr(0, *last), number = text.substr(*last + 1);
    if (const auto first = line_colon(before))
        return line_of_file(before.substr(0, *first), TRY(take_number(before.substr(*first + 1), "a line")),
            TRY(take_number(number, "a column")));
    return line_of_file(before, TRY(take_number(number, "a line")), 0);
}

/// Parses what follows the name of a module, or the whole text.
Result<Parsed> parse_place(const AskedPlace& asked, std::string_view text)
{
    using Kind = Parsed::Kind;
    if (text.empty())
        return failure("expected a place");
    if (text.size() > 2 && text.starts_with('/') && text.ends_with('/'))
        return Parsed { .kind = Kind::Regex, .text = std::string(text.substr(1, text.size() - 2)) };
    if (text.starts_with('$') || text.starts_with('"') || text.starts_with("func[") || text.starts_with("0x"))
        return Parsed { .kind = Kind::Wasm, .text = std::string(text) };
    if (is_decimal(text)) {
        if (asked.file_in_view.empty())
            return Parsed { .kind = Kind::Wasm, .text = std::string(text) };
        return line_of_file(asked.file_in_view, TRY(take_number(text, "a line")), 0);
    }
    if (auto line = TRY(parse_line(text)))
        return *line;
    if (function_of_wat_path(text))
        return line_of_file(text, 1, 0);
    return Parsed { .text = std::string(text) };
}

/// Where the name of a module ends, if the text can begin with one.
std::optional<size_t> module_colon(std::string_view text)
{
    const size_t colon = text.find(':');
    const bool splits = colon != text.npos && colon != 0 && text.substr(colon + 1, 1) != ":"
        && !text.starts_with('/') && !text.starts_with('"') && !text.starts_with('$');
    return splits ? std::optional(colon) : std::nullopt;
}

Result<Parsed> parse(const AskedPlace& asked, std::span<const LoadedModule> modules)
{
    if (!asked.file.empty())
        return line_of_file(asked.file, asked.line, asked.column);
    const std::string_view text = asked.text;
    if (const auto colon = module_colon(text)) {
        const std::string_view module = text.substr(0, *colon), rest = text.substr(*colon + 1);
        if (find_module(modules, module)) {
            AskedPlace without_file = asked;
            without_file.file_in_view.clear();
            Parsed parsed = TRY(parse_place(without_file, rest));
            parsed.module = module;
            return parsed;
        }
    }
    return parse_place(asked, text);
}

/// Looks for the locations of one request.
class Search {
public:
    Search(const SearchedCode& code, const AskedPlace& asked) : code_(code), asked_(asked) {}

    Result<std::vector<CodeLocation>> run();

private:
    struct In {
        const LoadedModule& loaded;
        ModuleSource& source;
    };

    void add_functions(const In& in, const source::Pattern& pattern);
    void add_compiled(const In& in, const source::Function& function);
    void add_copy(const In& in, const source::Function& function, const source::InlinedCopy& copy);
    void add_lines(const In& in, const Parsed& parsed);
    bool add_rows(const In& in, std::vector<source::Row> rows, uint32_t column);
    void add_next_line(const In& in, std::span<const source::FileId> files, uint32_t line);
    struct InlinedCall;
    std::vector<InlinedCall> calls_from(const In& in, std::span<const source::FileId> files, uint32_t line);
    void add_calls(const In& in, std::span<const InlinedCall> calls);
    bool is_line_in_caller(const In& in, const InlinedCall& call, uint32_t line);
    bool is_line_in_function(const In& in, const source::Row& row, uint32_t line);
    void add_row(const In& in, const source::Row& row);
    void add_wasm(const LoadedModule& loaded, CodeOffset offset, const Instance* instance);
    Result<void> add_by_module_names(const Parsed& parsed);
    Result<void> add_generated_line(const Parsed& parsed);
    void add_matching_names(const LoadedModule& loaded, const std::regex& regex);
    void add(CodeLocation location);
    std::vector<source::FileId> files_of(const In& in, std::string_view path) const;

    const SearchedCode& code_;
    const AskedPlace& asked_;
    std::vector<CodeLocation> found_;
    /// Whether there is a file of the name that was asked for.
    bool has_file_ = false;
};

void Search::add(CodeLocation location)
{
    if (asked_.instance && asked_.instance->module == location.module)
        location.instance = asked_.instance;
    if (const auto source = location.entered != UINT32_MAX ? code_.sources.of(location.module) : nullptr) {
        const auto lines = source->lines_of(*location.module->find_function(location.offset));
        const uint32_t beginning = lines->beginning_at(*lines->flow().find(location.offset));
        location.level = beginning - std::min(beginning, location.entered);
    }
    if (std::ranges::find(found_, location) == found_.end())
        found_.push_back(std::move(location));
}

CodeLocation location_at(const std::shared_ptr<const Module>& module, CodeOffset offset)
{
    CodeLocation location;
    location.module = module;
    location.offset = offset;
    return location;
}

/// Fills in the line of a location.
void set_place(ModuleSource& source, CodeLocation& location, std::optional<source::Place> place)
{
    location.place = place;
    if (const source::File* file = place ? source.file(place->file) : nullptr)
        location.file = file->path;
}

/// The compiled function, behind its prologue.
void Search::add_compiled(const In& in, const source::Function& function)
{
    const Module& module = *in.loaded.module;
    for (const source::Range& range : function.ranges) {
        const auto index = module.find_function(range.begin);
        if (!index)
            continue;
        const auto lines = in.source.lines_of(*index);
        const uint32_t at = lines->behind_prologue();
        CodeLocation location = location_at(in.loaded.module, lines->flow().offset(at));
        location.function = function.name;
        location.entered = 0;
        set_place(in.source, location, lines->position(at).place);
        add(std::move(location));
        // What else it has is the rest of the same function.
        return;
    }
}

/// An inlined copy, where execution enters it.
void Search::add_copy(const In& in, const source::Function& function, const source::InlinedCopy& copy)
{
    const Module& module = *in.loaded.module;
    const auto index = module.find_function(copy.entry);
    const auto offset = index ? find_instruction_boundary(module, *index, copy.entry) : std::nullopt;
    if (!offset)
        return;
    CodeLocation location = location_at(in.loaded.module, *offset);
    location.function = function.name;
    location.is_inlined = true;
    // Bodies that begin here and are inside of the copy have not been entered.
    location.entered = 0;
    bool is_inside = false;
    for (const source::Scope& scope : in.source.symbols().scopes_at(*offset)) {
        if (scope.kind != source::Scope::Kind::Inlined)
            continue;
        is_inside = is_inside || scope.function == function.id;
        const bool begins = std::ranges::any_of(
            scope.ranges, [&](const source::Range& range) { return range.begin == copy.entry; });
        if (!begins)
            break;
        location.entered += is_inside;
    }
    const auto lines = in.source.lines_of(*index);
    set_place(in.source, location, lines->position(*lines->flow().find(*offset), location.entered).place);
    add(std::move(location));
}

void Search::add_functions(const In& in, const source::Pattern& pattern)
{
    for (const source::Function& function : in.source.symbols().functions_named(pattern)) {
        add_compiled(in, function);
        for (const source::InlinedCopy& copy : function.copies)
            add_copy(in, function, copy);
    }
}

// -- Lines

std::vector<source::FileId> Search::files_of(const In& in, std::string_view path) const
{
    const auto& files = in.source.summary().files;
    std::vector<source::FileId> found;
    const auto add_if = [&](const auto& is_meant) {
        for (size_t i = 0; i < files.size(); ++i)
            if (is_meant(files[i]))
                found.push_back(source::FileId(i));
    };
    add_if([&](const source::File& file) { return is_end_of_path(path, path_of(file)); });
    // The user's path may have folders that the compiler did not record.
    if (found.empty())
        add_if([&](const source::File& file) {
            return is_end_of_path(file.path, path) || (code_.is_same_file && code_.is_same_file(path, file));
        });
    return found;
}

void Search::add_lines(const In& in, const Parsed& parsed)
{
    const std::vector<source::FileId> files = files_of(in, parsed.text);
    has_file_ = has_file_ || !files.empty();
    std::vector<source::Row> rows;
    for (const source::FileId file : files)
        std::ranges::move(
            in.source.symbols().rows_of(file, parsed.line, parsed.line), std::back_inserter(rows));
    if (!add_rows(in, std::move(rows), parsed.column))
        add_next_line(in, files, parsed.line);
}

/// A call whose code is all inlined.
struct Search::InlinedCall {
    std::shared_ptr<const CodeLines> lines;
    CodeLines::Body body;

    const source::Place& place() const { return lines->inlined(body).call; }
};

/// Inlined calls at a line of the files, or behind it. Looks for them in functions with code of
/// lines nearby, or at least of the files.
std::vector<Search::InlinedCall> Search::calls_from(
    const In& in, std::span<const source::FileId> files, uint32_t line)
{
    constexpr uint32_t near = 50;
    std::vector<InlinedCall> calls;
    std::set<uint32_t> searched;
    const auto search = [&](uint32_t first, uint32_t last) {
        for (const source::FileId file : files)
            for (const source::Row& row : in.source.symbols().rows_of(file, first, last)) {
                const auto index = in.loaded.module->find_function(row.range.begin);
                if (!index || searched.size() >= max_searched || !searched.insert(index->value).second)
                    continue;
                const auto lines = in.source.lines_of(*index);
                for (CodeLines::Body body = 0; body < lines->body_count(); ++body) {
                    const source::Place& call = lines->inlined(body).call;
                    if (call.line >= line && std::ranges::find(files, call.file) != files.end())
                        calls.push_back({ lines, body });
                }
            }
    };
    search(line - std::min(line - 1, near), line + std::min(UINT32_MAX - line, near));
    if (searched.empty())
        search(1, UINT32_MAX);
    std::ranges::sort(calls, {}, [](const InlinedCall& call) {
        return std::tuple(call.place().line, call.lines->function().value, call.body);
    });
    return calls;
}

/// Adds calls of one line: in each function and inlined copy only the first.
void Search::add_calls(const In& in, std::span<const InlinedCall> calls)
{
    std::map<std::pair<uint32_t, CodeLines::Body>, CodeLocation> firsts;
    for (const InlinedCall& call : calls) {
        const CodeLines& lines = *call.lines;
        const CodeLines::Body caller = lines.caller_of(call.body);
        const auto [instruction, entered] = lines.call_of(call.body);
        CodeLocation location = location_at(in.loaded.module, lines.flow().offset(instruction));
        location.entered = entered;
        location.is_inlined = caller != CodeLines::function_body;
        if (location.is_inlined)
            location.function = lines.inlined(caller).name;
        else if (lines.description())
            location.function = lines.description()->name;
        set_place(in.source, location, call.place());
        const auto [first, is_new] = firsts.try_emplace({ lines.function().value, caller }, location);
        if (!is_new && location.offset < first->second.offset)
            first->second = std::move(location);
    }
    for (auto& [where, location] : firsts)
        add(std::move(location));
}

/// Whether a line before a call's belongs to the function that makes the call.
bool Search::is_line_in_caller(const In& in, const InlinedCall& call, uint32_t line)
{
    const CodeLines::Body caller = call.lines->caller_of(call.body);
    const auto described = caller == CodeLines::function_body
        ? call.lines->description()
        : in.source.symbols().function(call.lines->inlined(caller).function);
    return !described || described->declared.line == 0 || described->declared.file != call.place().file
        || described->declared.line <= line;
}

/// Adds the statements among rows of one line: in each block only the first, and if a column is
/// asked for, only what begins there or behind it.
bool Search::add_rows(const In& in, std::vector<source::Row> rows, uint32_t column)
{
    std::erase_if(rows, [](const source::Row& row) { return !row.is_statement || row.place.line == 0; });
    const bool has_column =
        std::ranges::any_of(rows, [&](const source::Row& row) { return row.place.column >= column; });
    if (column != 0 && has_column) {
        std::erase_if(rows, [&](const source::Row& row) { return row.place.column < column; });
        const uint32_t first =
            std::ranges::min(rows, {}, [](auto& row) { return row.place.column; }).place.column;
        std::erase_if(rows, [&](const source::Row& row) { return row.place.column != first; });
    }
    std::ranges::sort(rows, {}, [](const source::Row& row) { return row.range.begin; });
    if (rows.size() > max_rows)
        rows.resize(max_rows);
    // The function, and the ranges of the block, by which it is known.
    std::vector<std::pair<FuncIndex, std::vector<source::Range>>> blocks;
    bool has_added = false;
    for (const source::Row& row : rows) {
        const auto index = in.loaded.module->find_function(row.range.begin);
        if (!index)
            continue;
        const auto scopes = in.source.symbols().scopes_at(row.range.begin);
        std::pair block(*index, scopes.empty() ? std::vector<source::Range>() : scopes.front().ranges);
        if (std::ranges::find(blocks, block) != blocks.end())
            continue;
        blocks.push_back(std::move(block));
        add_row(in, row);
        has_added = true;
    }
    return has_added;
}

/// Adds the beginning of a row. In a prologue, the place behind it.
void Search::add_row(const In& in, const source::Row& row)
{
    const FuncIndex index = *in.loaded.module->find_function(row.range.begin);
    const auto lines = in.source.lines_of(index);
    auto at = lines->flow().find(row.range.begin);
    if (!at)
        return;
    const CodeLines::Position position = lines->inside(*at);
    if (position.body == CodeLines::function_body)
        at = std::max(*at, lines->behind_prologue());
    CodeLocation location = location_at(in.loaded.module, lines->flow().offset(*at));
    const CodeLines::Position stop = lines->inside(*at);
    if (stop.body != CodeLines::function_body) {
        location.function = lines->inlined(stop.body).name;
        location.is_inlined = true;
    } else if (lines->description()) {
        location.function = lines->description()->name;
    }
    set_place(in.source, location, stop.place);
    add(std::move(location));
}

/// Whether a line before a row's belongs to the row's function.
bool Search::is_line_in_function(const In& in, const source::Row& row, uint32_t line)
{
    std::optional<source::FunctionId> function;
    for (const source::Scope& scope : in.source.symbols().scopes_at(row.range.begin))
        if (scope.kind != source::Scope::Kind::Block && !function)
            function = scope.function;
    const auto described = function ? in.source.symbols().function(*function) : std::nullopt;
    // Without a declaration, the lines before the first function's code are its too.
    return !described || described->declared.line == 0 || described->declared.file != row.place.file
        || described->declared.line <= line;
}

/// For a line without statements: adds its inlined calls, or else the first line behind it that has
/// statements or such calls, if that is in the same function.
void Search::add_next_line(const In& in, std::span<const source::FileId> files, uint32_t line)
{
    std::vector<InlinedCall> calls = calls_from(in, files, line);
    std::erase_if(calls, [&](const InlinedCall& call) {
        return call.place().line != line && !is_line_in_caller(in, call, line);
    });
    const uint32_t call_line = calls.empty() ? UINT32_MAX : calls.front().place().line;
    const auto end =
        std::ranges::find_if(calls, [&](const InlinedCall& call) { return call.place().line != call_line; });
    calls.erase(end, calls.end());
    if (call_line == line)
        return add_calls(in, calls);
    std::map<uint32_t, std::vector<source::Row>> by_line;
    // Most lines without code are just before one that has some.
    for (uint64_t reach = 8; by_line.empty() && reach <= uint64_t { UINT32_MAX } * 64; reach *= 64) {
        const auto last = static_cast<uint32_t>(std::min<uint64_t>(line + reach, UINT32_MAX));
        for (const source::FileId file : files)
            if (line != UINT32_MAX)
                for (const source::Row& row : in.source.symbols().rows_of(file, line + 1, last))
                    if (row.is_statement && row.place.line != 0)
                        by_line[row.place.line].push_back(row);
        if (last == UINT32_MAX)
            break;
    }
    for (auto& [next, rows] : by_line) {
        if (next > call_line)
            break;
        std::erase_if(rows, [&](const source::Row& row) { return !is_line_in_function(in, row, line); });
        if (add_rows(in, std::move(rows), 0))
            return;
    }
    add_calls(in, calls);
}

// -- The module's own names

void Search::add_wasm(const LoadedModule& loaded, CodeOffset offset, const Instance* instance)
{
    const Module& module = *loaded.module;
    const auto index = module.find_function(offset);
    if (!index)
        return;
    CodeLocation location = location_at(loaded.module, offset);
    location.instance = instance;
    location.function = module.name_of(ExternKind::Func, index->value);
    if (const auto source = code_.sources.of(loaded.module)) {
        const auto lines = source->lines_of(*index);
        if (const auto at = lines->flow().find(offset); at && lines->has_lines())
            set_place(*source, location, lines->inside(*at).place);
        if (lines->description())
            location.function = lines->description()->name;
    }
    add(std::move(location));
}

Result<void> Search::add_by_module_names(const Parsed& parsed)
{
    if (code_.modules.empty())
        return failure("there is no module yet");
    const auto& in_view = asked_.module_in_view ? asked_.module_in_view : code_.modules.front().module;
    const std::string text = (parsed.module.empty() ? "" : parsed.module + ":") + parsed.text;
    for (const CodePlace& place : TRY(find_places(code_.modules, in_view, text, code_.demangle)))
        add_wasm({ place.module, "" }, place.offset, place.instance);
    return {};
}

/// The instruction at a line of a generated source.
Result<void> Search::add_generated_line(const Parsed& parsed)
{
    const auto named = find_module(code_.modules, module_of_wat_path(parsed.text));
    const std::shared_ptr<const Module> module = named ? named->module : asked_.module_in_view;
    if (!module)
        return std::unexpected(named.error());
    const auto source = TRY(WatSource::of(*module, parsed.index));
    const auto offset = source->offset_of(parsed.line);
    if (!offset)
        return failure(parsed.text + " has " + count_text(source->text()->line_count(), "line"));
    add_wasm({ module, "" }, *offset, nullptr);
    return {};
}

void Search::add_matching_names(const LoadedModule& loaded, const std::regex& regex)
{
    // The standard library's matcher needs stack for each character of a name.
    constexpr size_t max_name = 1000;
    const Module& module = *loaded.module;
    uint32_t added = 0;
    for (uint32_t i = module.imported(ExternKind::Func); i < module.functions.size() && added < max_functions;
        ++i) {
        const std::string_view own = module.names().functions.find(i);
        const std::string name =
            (code_.demangle ? code_.demangle(own) : std::string(own)).substr(0, max_name);
        if (!name.empty() && std::regex_search(name, regex)) {
            add_wasm(loaded, module.meta(FuncIndex { i }).body_offset, nullptr);
            ++added;
        }
    }
}

Result<std::regex> compiled(const std::string& text)
{
    return guarded([&]() -> Result<std::regex> { return std::regex(text); },
        [&](const Thrown&) -> Result<std::regex> {
            return failure("malformed regular expression: " + text);
        });
}

Result<std::vector<CodeLocation>> Search::run()
{
    const Parsed parsed = TRY(parse(asked_, code_.modules));
    std::optional<std::regex> regex;
    if (parsed.kind == Parsed::Kind::Regex)
        regex = TRY(compiled(parsed.text));
    if (parsed.kind == Parsed::Kind::Generated) {
        CHECK(add_generated_line(parsed));
        return std::move(found_);
    }
    std::shared_ptr<const Module> only;
    if (!parsed.module.empty())
        only = TRY(find_module(code_.modules, parsed.module)).module;
    for (const LoadedModule& loaded : code_.modules) {
        if (parsed.kind == Parsed::Kind::Wasm || (only && loaded.module != only))
            continue;
        const auto source = code_.sources.of(loaded.module);
        using enum source::Pattern::Match;
        const size_t before = found_.size();
        if (source && parsed.kind == Parsed::Kind::Line)
            add_lines({ loaded, *source }, parsed);
        else if (source)
            add_functions({ loaded, *source },
                { .text = parsed.text, .match = regex ? Regex : Name, .limit = max_functions });
        if (regex && found_.size() == before)
            guarded([&] { add_matching_names(loaded, *regex); }, [](const Thrown&) {});
    }
    if (!found_.empty())
        return std::move(found_);
    const std::string what = asked_.file.empty()
        ? asked_.text
        : std::string(file_name(asked_.file)) + ":" + std::to_string(asked_.line);
    if (parsed.kind == Parsed::Kind::Line && (has_file_ || !asked_.file.empty() || !line_colon(asked_.text)))
        return failure(
            has_file_ ? what + ": there is no code at this line" : what + ": there is no such source file");
    if (regex)
        return failure(what + ": no function has such a name");
    if (const auto added = add_by_module_names(parsed); !added) {
        if (parsed.kind == Parsed::Kind::Line)
            return failure(what + ": there is no such source file");
        return std::unexpected(added.error());
    }
    return std::move(found_);
}

} // namespace

bool is_end_of_path(std::string_view end, std::string_view path)
{
    const auto part = components_of(end), whole = components_of(path);
    return !part.empty() && part.size() <= whole.size()
        && std::ranges::equal(part, whole | std::views::drop(whole.size() - part.size()));
}

Result<std::vector<CodeLocation>> find_locations(const SearchedCode& code, const AskedPlace& asked)
{
    return Search(code, asked).run();
}

Result<void> check_form(const AskedPlace& asked)
{
    if (!asked.file.empty() && asked.line == 0)
        return failure("a line must be a number from 1 on");
    const Parsed parsed = TRY(parse(asked, {}));
    if (parsed.kind == Parsed::Kind::Regex)
        CHECK(compiled(parsed.text));
    return {};
}

} // namespace vitrine::core::debug

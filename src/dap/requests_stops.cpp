// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Requests: breakpoints of all kinds, and exceptions.
#include "dap/adapter.h"

#include "base/number.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "debug/locations.h"

#include <algorithm>

namespace vitrine::core::dap {

namespace {

/// Takes a hit condition such as `5`, `>= 5`, `> 4` or `% 3`.
template<class Spec> Result<void> take_hit_condition(std::string_view condition, Spec& spec)
{
    std::string_view text = console::trimmed(condition);
    std::string_view sign;
    for (const std::string_view each : { ">=", ">", "%" })
        if (sign.empty() && text.starts_with(each))
            sign = each;
    text.remove_prefix(sign.size());
    const auto number = parse_unsigned(console::trimmed(text));
    if (!number || (*number == 0 && sign != ">"))
        return failure("hit condition: expected the number of the first hit that stops (`5`, `>= 5` or "
                       "`> 4`), or which hits do (`% 3`: every third)");
    if (sign == "%")
        spec.every = *number;
    else
        spec.ignore_count = sign == ">" ? *number : *number - 1;
    return {};
}

} // namespace

// -- Breakpoints

Result<Adapter::AskedBreakpoint> Adapter::asked_breakpoint(
    const Arguments& row, debug::AskedPlace place) const
{
    AskedBreakpoint asked { .key = place.file + "\n" + std::to_string(place.line) + "\n"
            + std::to_string(place.column) + "\n" + place.text };
    asked.spec.place = std::move(place);
    asked.spec.may_be_pending = true;
    asked.spec.condition = TRY(row.text_or("condition", ""));
    asked.spec.message = TRY(row.text_or("logMessage", ""));
    const std::string hits = TRY(row.text_or("hitCondition", ""));
    if (!hits.empty())
        CHECK(take_hit_condition(hits, asked.spec));
    const std::string mode = TRY(row.text_or("mode", "stop"));
    if (mode != "stop" && mode != "once")
        return failure("mode: expected stop or once");
    asked.spec.is_temporary = mode == "once";
    return asked;
}

/// Sets the breakpoints of a group, instead of those that it had. One at the same place as before
/// keeps its number and hits.
json::Array Adapter::set_stops(const std::string& group, std::vector<Result<AskedBreakpoint>> asked)
{
    console::Stops& stops = console_->stops();
    std::vector<AskedBreakpoint> before = std::exchange(stops_[group], {});
    json::Array rows;
    for (Result<AskedBreakpoint>& each : asked) {
        Result<uint32_t> id = each ? Result<uint32_t>(0u) : std::unexpected(each.error());
        const auto known = each ? std::ranges::find(before, each->key, &AskedBreakpoint::key) : before.end();
        if (known != before.end()) {
            const auto changed = stops.change(known->id, each->spec);
            id = changed ? Result<uint32_t>(known->id) : std::unexpected(changed.error());
            if (changed)
                before.erase(known);
        } else if (each) {
            id = stops.add(each->spec);
        }
        const auto request = id ? stops.find_breakpoint(*id) : std::unexpected(id.error());
        if (!request) {
            rows.push_back(json::Object { { "verified", false }, { "reason", "failed" },
                { "message", json::to_string(request.error().message) } });
            continue;
        }
        each->id = *id;
        rows.push_back(breakpoint_row(*request));
        stops_[group].push_back(*std::move(each));
    }
    for (const AskedBreakpoint& gone : before) {
        if (const auto request = stops.find_breakpoint(gone.id))
            forget_message_places(*request);
        (void)stops.remove(gone.id);
    }
    // The client knows what has changed.
    (void)stops.take_changed();
    return rows;
}

json::Object Adapter::breakpoint_row(const debug::Request& request)
{
    json::Object row { { "id", request.id } };
    const auto set = std::ranges::find_if(
        request.locations, [](const debug::RequestLocation& location) { return location.breakpoint != 0; });
    row["verified"] = set != request.locations.end();
    if (set == request.locations.end()) {
        const std::string& problem =
            request.locations.empty() ? request.problem : request.locations.front().problem;
        row["message"] = json::to_string(problem);
        row["reason"] = request.locations.empty() ? "pending" : "failed";
        return row;
    }
    const Module& module = *set->at.module;
    row["instructionReference"] = code_reference(module, set->at.offset);
    if (auto position = position_of(request, set->at)) {
        row["source"] = std::move(position->source);
        row["line"] = shown_line(position->line);
        // Clients show a column as a breakpoint of its own within the line.
        if (request.spec.place.column != 0 && position->column > 1)
            row["column"] = shown_column(position->column);
    }
    note_message_places(request);
    return row;
}

/// Where a location of a breakpoint is in its source.
std::optional<Adapter::Position> Adapter::position_of(
    const debug::Request& request, const debug::CodeLocation& at)
{
    // A breakpoint in WAT stays there, even if the code has a source.
    const bool is_of_wat = request.spec.place.text.starts_with("0x");
    return position_of(*at.module, at.offset, is_of_wat ? std::nullopt : at.place);
}

/// Notes where the messages of a breakpoint come from.
void Adapter::note_message_places(const debug::Request& request)
{
    forget_message_places(request);
    for (const debug::RequestLocation& location : request.locations) {
        if (request.spec.message.empty() || location.breakpoint == 0)
            continue;
        auto position = position_of(request, location.at);
        if (!position)
            continue;
        const std::lock_guard lock(mutex_);
        message_places_[location.breakpoint] = { { "source", std::move(position->source) },
            { "line", shown_line(position->line) } };
    }
}

void Adapter::forget_message_places(const debug::Request& request)
{
    const std::lock_guard lock(mutex_);
    for (const debug::RequestLocation& location : request.locations)
        message_places_.erase(location.breakpoint);
}

/// The source and line of a breakpoint that logs a message. Called on the guest's thread.
json::Object Adapter::place_of_message(uint32_t breakpoint)
{
    const std::lock_guard lock(mutex_);
    const auto found = message_places_.find(breakpoint);
    return found == message_places_.end() ? json::Object() : found->second;
}

/// The path that the compiler recorded for a file of the client, if the client's own path does not
/// end like it: the launch configuration says where sources are.
std::string Adapter::recorded_path(const std::string& path)
{
    for (const debug::LoadedModule& loaded : program_->modules()) {
        const auto source = console_->sources().of(loaded.module);
        const auto& files = source ? source->summary().files : std::vector<source::File>();
        for (size_t i = 0; i < files.size(); ++i) {
            const std::string recorded = debug::path_of(files[i]);
            if (debug::file_name(recorded) != debug::file_name(path))
                continue;
            const auto shown = source_of(*source, static_cast<source::FileId>(i));
            const json::Value* const at = shown ? shown->if_contains("path") : nullptr;
            if (at && json::plain_text(*at) == path)
                return recorded;
        }
    }
    return path;
}

/// The place that a line of a source means.
debug::AskedPlace Adapter::line_place(const Arguments& source, uint32_t line, uint32_t column)
{
    const auto made = find_made_source(source);
    if (!made) {
        const auto path = source.optional_text("path");
        const auto name = source.optional_text("name");
        const std::string file = path && *path ? recorded_path(**path) : name && *name ? **name : "?";
        return { .file = file, .line = line, .column = column };
    }
    if (const auto* function = std::get_if<FuncIndex>(&made->what)) {
        const auto wat = debug::WatSource::of(*made->module, *function);
        const auto offset = wat ? (*wat)->offset_of(line) : std::nullopt;
        if (!offset)
            return { .file = made->name, .line = line };
        return { .text = hex(*offset), .module_in_view = made->module };
    }
    return { .file = made->name, .line = line, .column = column, .module_in_view = made->module };
}

Result<json::Object> Adapter::set_breakpoints(const Arguments& arguments)
{
    const Arguments source = TRY(arguments.object("source"));
    const int64_t reference = TRY(source.number_or("sourceReference", 0));
    const std::string path = TRY(source.text_or("path", TRY(source.text_or("name", ""))));
    std::vector<Result<AskedBreakpoint>> asked;
    // Old clients have only lines.
    const bool has_rows = !TRY(arguments.items("breakpoints")).empty();
    for (const int64_t number : has_rows ? std::vector<int64_t>() : TRY(arguments.numbers("lines")))
        asked.push_back(AskedBreakpoint { .key = "line " + std::to_string(number),
            .spec = { .place = line_place(source, TRY(asked_line(number)), 0), .may_be_pending = true } });
    for (const Arguments& row : TRY(arguments.items("breakpoints"))) {
        const uint32_t line = TRY(asked_line(TRY(row.number("line"))));
        const auto said = TRY(row.optional_number("column"));
        const auto column = said ? std::clamp<int64_t>(*said + (columns_from_1_ ? 0 : 1), 0, INT32_MAX) : 0;
        asked.push_back(asked_breakpoint(row, line_place(source, line, static_cast<uint32_t>(column))));
    }
    const std::string group = "source " + (reference != 0 ? std::to_string(reference) : path);
    return Body { { "breakpoints", set_stops(group, std::move(asked)) } };
}

Result<json::Object> Adapter::set_function_breakpoints(const Arguments& arguments)
{
    std::vector<Result<AskedBreakpoint>> asked;
    const auto& modules = program_->modules();
    for (const Arguments& row : TRY(arguments.items("breakpoints")))
        asked.push_back(asked_breakpoint(row,
            { .text = TRY(row.text("name")),
                .module_in_view = modules.empty() ? nullptr : modules.front().module }));
    return Body { { "breakpoints", set_stops("functions", std::move(asked)) } };
}

Result<json::Object> Adapter::set_instruction_breakpoints(const Arguments& arguments)
{
    std::vector<Result<AskedBreakpoint>> asked;
    for (const Arguments& row : TRY(arguments.items("breakpoints"))) {
        const auto at =
            CodeReference::parse(TRY(row.text("instructionReference")), TRY(row.number_or("offset", 0)));
        if (!at)
            asked.push_back(std::unexpected(at.error()));
        else if (at->module >= program_->modules().size())
            asked.push_back(failure("there is no such module"));
        else
            asked.push_back(asked_breakpoint(
                row, { .text = hex(at->offset), .module_in_view = program_->modules()[at->module].module }));
    }
    return Body { { "breakpoints", set_stops("instructions", std::move(asked)) } };
}

Result<json::Object> Adapter::breakpoint_locations(const Arguments& arguments)
{
    const Arguments asked_source = TRY(arguments.object("source"));
    const uint32_t first = TRY(asked_line(TRY(arguments.number("line"))));
    const uint32_t last = TRY(asked_line(TRY(arguments.number_or("endLine", TRY(arguments.number("line"))))));
    std::map<uint32_t, std::set<uint32_t>> columns;
    if (const auto made = find_made_source(asked_source);
        made && std::holds_alternative<FuncIndex>(made->what)) {
        const auto wat = TRY(wat_.find(made->module, std::get<FuncIndex>(made->what)));
        for (uint32_t line = first; line <= std::min(last, wat->text()->line_count()); ++line)
            columns[line].insert(0);
    } else {
        const std::string path = line_place(asked_source, first, 0).file;
        for (const debug::LoadedModule& loaded : program_->modules()) {
            const auto source = console_->sources().of(loaded.module);
            const auto& files = source ? source->summary().files : std::vector<source::File>();
            for (size_t i = 0; i < files.size(); ++i)
                if (debug::is_end_of_path(path, debug::path_of(files[i]))
                    || debug::is_end_of_path(debug::path_of(files[i]), path))
                    for (const source::Row& row :
                        source->symbols().rows_of(static_cast<source::FileId>(i), first, last))
                        if (row.is_statement && row.place.line != 0)
                            columns[row.place.line].insert(row.place.column);
        }
    }
    json::Array rows;
    for (const auto& [line, columns_of_line] : columns)
        for (const uint32_t column : columns_of_line) {
            json::Object row { { "line", shown_line(line) } };
            // A line with one place needs no choice: clients would show it within the line.
            if (column != 0 && columns_of_line.size() > 1)
                row["column"] = shown_column(column);
            rows.push_back(std::move(row));
        }
    return Body { { "breakpoints", std::move(rows) } };
}

// -- Data

namespace {

/// Behind the id of a place, if a write of the same value is to stop, too.
constexpr std::string_view any_write = " write";

/// The text that means a watched place in every run; empty for a local.
std::string data_id_of(const eval::WatchPlace& place, const Instance& instance, size_t number)
{
    const auto in = [&](const auto& entities, const auto* entity, std::string_view kind) {
        const auto found = std::ranges::find(entities, entity);
        return found == entities.end() ? std::string()
                                       : std::to_string(number) + " " + std::string(kind) + " "
                + std::to_string(found - entities.begin());
    };
    return std::visit(Overloaded {
                          [&](const eval::MemoryRange& range) {
                              const std::string text = in(instance.memories, range.memory, "memory");
                              return text.empty() ? text
                                                  : text + " " + std::to_string(range.address) + " "
                                      + std::to_string(range.size);
                          },
                          [&](const Global* global) { return in(instance.globals, global, "global"); },
                          [&](const eval::TableSlot& slot) {
                              const std::string text = in(instance.tables, slot.table, "table");
                              return text.empty() ? text : text + " " + std::to_string(slot.index);
                          },
                          [](const eval::FrameLocal&) { return std::string(); },
                      },
        place);
}

/// The reverse.
std::optional<std::pair<eval::WatchPlace, Instance*>> data_of_id(
    std::string_view id, const std::vector<Instance*>& all)
{
    console::Words words(id);
    const auto instance = words.number("");
    const std::string_view kind = words.next();
    const auto index = words.number("");
    if (!instance || !index || *instance >= all.size())
        return std::nullopt;
    Instance& there = *all[*instance];
    if (kind == "global" && *index < there.globals.size() && words.at_end())
        return std::pair { eval::WatchPlace(there.globals[*index]), &there };
    const auto at = words.number("");
    if (kind == "table" && at && *index < there.tables.size() && words.at_end())
        return std::pair { eval::WatchPlace(eval::TableSlot { there.tables[*index], *at }), &there };
    const auto size = words.number("");
    if (kind != "memory" || !at || !size || *index >= there.memories.size() || !words.at_end())
        return std::nullopt;
    Memory* const memory = there.memories[*index];
    return std::pair {
        eval::WatchPlace(eval::MemoryRange { memory, *at, *size, there.store->find_shared(memory) }), &there
    };
}

} // namespace

Result<Adapter::DataPlace> Adapter::find_data(const std::string& id)
{
    if (is_running())
        return failure("the program is running");
    const auto known = data_places_.find(id);
    if (known != data_places_.end()) {
        const auto* const local = std::get_if<eval::FrameLocal>(&known->second.place);
        if (local && (ending_ || !is_alive(local->frame)))
            return failure("the function has returned");
        return known->second;
    }
    std::string_view place = id;
    const bool is_any_write = place.ends_with(any_write);
    if (is_any_write)
        place.remove_suffix(any_write.size());
    if (auto found = data_of_id(place, console::instances_of(run_->session())))
        return DataPlace { id, std::move(found->first), found->second, {}, is_any_write };
    return failure("what was watched is not there");
}

Result<json::Object> Adapter::data_breakpoint_info(const Arguments& arguments)
{
    const std::string name = TRY(arguments.text("name"));
    const int64_t number = TRY(arguments.number_or("variablesReference", 0));
    std::shared_ptr<const console::Scope> scope;
    std::string expression = name;
    if (number != 0) {
        const Told& told = *TRY(find_container(number));
        const auto known = told.expressions.find(name);
        if (known == told.expressions.end() || known->second.empty())
            return Body { { "dataId", nullptr },
                { "description", json::to_string("`" + printable(name) + "` cannot be watched") } };
        expression = known->second;
        scope = told.container.scope;
    } else {
        scope = TRY(scope_of(TRY(arguments.optional_number("frameId"))));
    }
    const std::string mode = TRY(arguments.text_or("mode", "change"));
    if (mode != "change" && mode != "write")
        return failure("mode: expected change or write");
    const auto bytes = TRY(arguments.optional_number("bytes"));
    if (bytes && (*bytes <= 0 || *bytes > INT32_MAX))
        return failure("bytes: expected a number of bytes");
    auto place = [&]() -> Result<eval::WatchPlace> {
        if (!TRY(arguments.flag_or("asAddress", false)))
            return scope->place(expression);
        const MemoryReference reference = TRY(MemoryReference::parse(name));
        const auto all = console::instances_of(run_->session());
        Instance* const instance = !reference.instance ? scope->instance
            : *reference.instance < all.size()         ? all[*reference.instance]
                                                       : nullptr;
        if (!instance || reference.memory >= instance->memories.size())
            return failure("there is no such memory");
        Memory* const memory = instance->memories[reference.memory];
        return eval::MemoryRange { memory, reference.address, 1, instance->store->find_shared(memory) };
    }();
    if (!place)
        return Body { { "dataId", nullptr }, { "description", json::to_string(place.error().message) } };
    if (auto* range = std::get_if<eval::MemoryRange>(&*place); range && bytes)
        range->size = static_cast<uint64_t>(*bytes);
    const std::vector<Instance*> all = console::instances_of(run_->session());
    const auto at = std::ranges::find(all, scope->instance);
    std::string id = data_id_of(*place, *scope->instance, static_cast<size_t>(at - all.begin()));
    const bool is_local = std::holds_alternative<eval::FrameLocal>(*place);
    if (id.empty())
        id = "local " + std::to_string(next_number_++);
    if (mode == "write")
        id += any_write;
    auto value = bytes ? std::nullopt : console::watched_value(*scope, expression, *place);
    data_places_.insert_or_assign(
        id, DataPlace { expression, *std::move(place), scope->instance, std::move(value), mode == "write" });
    return Body { { "dataId", json::to_string(id) }, { "description", json::to_string(expression) },
        { "accessTypes", json::Array { "read", "write", "readWrite" } }, { "canPersist", !is_local } };
}

Result<uint32_t> Adapter::set_data_stop(const Arguments& row)
{
    const DataPlace data = TRY(find_data(TRY(row.text("dataId"))));
    const std::string access = TRY(row.text_or("accessType", "write"));
    debug::WatchpointSpec spec { .what = data.place };
    using enum debug::WatchpointSpec::Access;
    if (access != "read" && access != "write" && access != "readWrite")
        return failure("accessType: expected read, write or readWrite");
    spec.access = access == "read" ? Read
        : access == "readWrite"    ? ReadWrite
        : data.is_any_write        ? Write
                                   : Change;
    const auto* range = std::get_if<eval::MemoryRange>(&spec.what);
    spec.store = range && range->shared ? nullptr : data.instance->store;
    spec.condition = TRY(row.text_or("condition", ""));
    const std::string hits = TRY(row.text_or("hitCondition", ""));
    if (!hits.empty())
        CHECK(take_hit_condition(hits, spec));
    return console_->stops().add(std::move(spec), data.text, *data.instance, data.value);
}

Result<json::Object> Adapter::set_data_breakpoints(const Arguments& arguments)
{
    // Watchpoints are made anew: nothing but their hits would be kept.
    for (const uint32_t number : std::exchange(data_stops_, {}))
        (void)console_->stops().remove(number);
    json::Array rows;
    for (const Arguments& row : TRY(arguments.items("breakpoints"))) {
        const auto number = set_data_stop(row);
        if (number) {
            data_stops_.push_back(*number);
            rows.push_back(json::Object { { "id", *number }, { "verified", true } });
        } else {
            rows.push_back(json::Object {
                { "verified", false }, { "message", json::to_string(number.error().message) } });
        }
    }
    return Body { { "breakpoints", std::move(rows) } };
}

} // namespace vitrine::core::dap

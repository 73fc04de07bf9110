// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Requests: threads, frames, scopes, variables; and the numbers that clients ask with.
#include "dap/adapter.h"

#include "base/text.h"
#include "debug/inspect.h"
#include "debug/listing.h"
#include "runtime/host_activity.h"

#include <algorithm>
#include <iterator>

namespace vitrine::core::dap {

// -- Numbers

void Adapter::refresh()
{
    if (resumes_ != run_->session().resumes())
        forget();
}

void Adapter::forget()
{
    resumes_ = run_ ? run_->session().resumes() : 0;
    frames_.clear();
    containers_.clear();
    goto_targets_.clear();
    step_in_targets_.clear();
    located_.clear();
}

Result<std::shared_ptr<const console::Scope>> Adapter::scope_of(std::optional<int64_t> frame)
{
    const auto make = [&](const console::Selection& selection) {
        auto scope = std::make_shared<console::Scope>(console::scope_of(*this, selection));
        scope->variables = &console_->variables();
        return scope;
    };
    if (!frame)
        return make({});
    const auto found = frames_.find(*frame);
    if (found == frames_.end())
        return failure("there is no such frame any more");
    FrameNumber& number = found->second;
    if (!number.scope)
        number.scope = make({ .thread = number.thread, .frame = number.row });
    return number.scope;
}

Result<Adapter::Told*> Adapter::find_container(int64_t number)
{
    const auto found = containers_.find(number);
    if (found == containers_.end())
        return failure("there are no such variables any more");
    return &found->second;
}

int64_t Adapter::number_of(Located located)
{
    const int64_t number = next_number_++;
    located_.emplace(number, std::move(located));
    return number;
}

int64_t Adapter::number_of(Container container)
{
    const int64_t number = next_number_++;
    containers_[number] = { .container = std::move(container) };
    return number;
}

std::string Adapter::reference_text(const MemoryPlace& place) const
{
    const std::vector<Instance*> all = console::instances_of(run_->session());
    const auto found = std::ranges::find(all, place.instance);
    return MemoryReference { static_cast<uint32_t>(found - all.begin()), place.memory, place.address }
        .to_text();
}

/// A variable as the protocol has it, without its name. `module` is the one whose source declares
/// it; it can be null.
json::Object Adapter::row_of(const Variable& variable, const std::shared_ptr<const Module>& module)
{
    json::Object row { { "value", json::to_string(variable.value) } };
    if (takes_types_ && !variable.type.empty())
        row["type"] = json::to_string(variable.type);
    row["variablesReference"] = variable.parts ? number_of(*variable.parts) : 0;
    if (variable.parts)
        row[variable.is_indexed ? "indexedVariables" : "namedVariables"] = variable.count;
    if (!variable.expression.empty())
        row["evaluateName"] = json::to_string(variable.expression);
    if (takes_memory_references_ && variable.memory)
        row["memoryReference"] = reference_text(*variable.memory);
    json::Array attributes;
    if (variable.is_error || variable.is_read_only)
        attributes.push_back("readOnly");
    if (variable.is_error)
        attributes.push_back("failedEvaluation");
    if (!attributes.empty())
        row["presentationHint"] = json::Object { { "attributes", std::move(attributes) } };
    if (variable.declared && module)
        row["declarationLocationReference"] = number_of(Located { module, *variable.declared });
    if (variable.function && !variable.function->is_host())
        row["valueLocationReference"] =
            number_of(Located { variable.function->instance->module, variable.function->index });
    return row;
}

// -- Requests

Result<json::Object> Adapter::threads(const Arguments&)
{
    json::Array rows;
    const auto& main = program_->modules();
    const std::string name = main.empty() ? "guest" : std::string(debug::file_name(main.front().path));
    for (const debug::ThreadInfo& info : run_->session().threads())
        if (!ended_threads_.contains(info.id))
            rows.push_back(json::Object { { "id", info.id },
                { "name", json::to_string(info.id == 1 ? name : "thread " + std::to_string(info.id)) } });
    return Body { { "threads", std::move(rows) } };
}

std::string Adapter::frame_name(const debug::LogicalFrame& row, const Frame& frame) const
{
    if (frame.is_host())
        return "host " + (frame.activity ? frame.activity->title() : debug::text_of(*frame.function));
    const std::string name =
        row.name.empty() ? debug::function_text(*frame.function, program_->demangle()) : printable(row.name);
    return row.is_inlined ? name + " [inlined]" : name;
}

/// The name with what the client wants to see besides: `bank.wasm!deposit(int amount = 20) Line 25`
Result<std::string> Adapter::formatted_name(std::string name, const Arguments& format,
    const FrameNumber& number, const debug::LogicalFrame& row, const Frame& frame)
{
    const bool has_types = TRY(format.flag_or("parameterTypes", false));
    const bool has_names = TRY(format.flag_or("parameterNames", false));
    const bool has_values = TRY(format.flag_or("parameterValues", false));
    const bool has_parameters =
        TRY(format.flag_or("parameters", false)) || has_types || has_names || has_values;
    const bool has_module = TRY(format.flag_or("module", false));
    const bool has_line = TRY(format.flag_or("line", false));
    const bool is_hex = TRY(format.flag_or("hex", false));
    if (frame.is_host())
        return name;
    if (const auto module = number_of(frame.function->module()); has_module && module)
        name = module_name(*module) + "!" + name;
    if (has_parameters) {
        const console::Selection selection { .thread = number.thread, .frame = number.row };
        auto scope = std::make_shared<const console::Scope>(console::scope_of(*this, selection));
        const Container container { .scope = std::move(scope), .which = ScopeKind::Arguments };
        std::string parameters;
        for (const Variable& each :
            list(container, 0, max_rows, console_->sources(), {}, is_hex ? hexadecimal : source::Style())) {
            std::string text = has_types ? each.type : "";
            if (has_names || !has_types)
                text += (text.empty() ? "" : " ") + each.name;
            parameters += (parameters.empty() ? "" : ", ") + text + (has_values ? " = " + each.value : "");
        }
        name += "(" + parameters + ")";
    }
    if (has_line && row.place && row.place->line != 0)
        name += " Line " + std::to_string(row.place->line);
    return name;
}

Result<json::Object> Adapter::stack_trace(const Arguments& arguments)
{
    const int64_t thread = TRY(arguments.number("threadId"));
    const auto first = static_cast<size_t>(std::max<int64_t>(0, TRY(arguments.number_or("startFrame", 0))));
    const int64_t levels = TRY(arguments.number_or("levels", 0));
    const auto threads = run_->session().threads();
    if (std::ranges::find(threads, thread, &debug::ThreadInfo::id) == threads.end())
        return failure("there is no thread " + std::to_string(thread));
    const auto id = static_cast<uint32_t>(thread);
    const auto format = TRY(arguments.optional_object("format"));
    constexpr size_t max_frames = 1000;
    const size_t count = levels <= 0 ? max_frames : std::min(max_frames, static_cast<size_t>(levels));
    const std::vector<Frame> frames = run_->session().frames(id);
    const size_t wanted = std::min(first, frames.size()) + count;
    const std::vector<debug::LogicalFrame> rows = console::rows_of(run_->session(), id, frames, wanted);
    json::Array shown;
    for (size_t i = first; i < std::min(first + count, rows.size()); ++i) {
        const debug::LogicalFrame& row = rows[i];
        const Frame& frame = frames[row.frame];
        const int64_t number = next_number_++;
        frames_[number] = { .thread = id, .row = i };
        json::Object each { { "id", number }, { "line", 0 }, { "column", 0 } };
        std::string name = frame_name(row, frame);
        if (format)
            name = TRY(formatted_name(std::move(name), *format, frames_[number], row, frame));
        if (frame.is_host()) {
            each["presentationHint"] = "subtle";
        } else {
            const Module& module = frame.function->module();
            each["instructionPointerReference"] = code_reference(module, frame.offset);
            if (const auto module_number = number_of(module))
                each["moduleId"] = *module_number;
            if (auto position = position_of(module, debug::lookup_offset(frame), row.place)) {
                each["source"] = std::move(position->source);
                each["line"] = shown_line(position->line);
                each["column"] = shown_column(position->column);
                name += position->note;
            }
        }
        each["name"] = json::to_string(name);
        shown.push_back(std::move(each));
    }
    // Those that were not looked at count as one each.
    const size_t unseen = rows.empty() ? 0 : frames.size() - rows.back().frame - 1;
    return Body { { "stackFrames", std::move(shown) }, { "totalFrames", rows.size() + unseen } };
}

Result<json::Object> Adapter::scopes(const Arguments& arguments)
{
    const auto scope = TRY(scope_of(TRY(arguments.number("frameId"))));
    struct Row {
        ScopeKind kind;
        std::string_view name, hint;
        bool is_expensive;
    };
    constexpr Row table[] {
#define SCOPE(kind, name, hint, is_expensive) { ScopeKind::kind, name, hint, is_expensive },
#include "dap/scopes.inc"
    };
    json::Array rows;
    const auto row = scope->row();
    const std::vector<Instance*> instances = console::instances_of(run_->session());
    const bool has_source = row && !row->scopes.empty();
    for (const Row& each : table) {
        Container container { .scope = scope, .which = each.kind };
        // The source's variables are not counted: that would take as long as to list them.
        const bool is_of_source = each.kind <= ScopeKind::Statics;
        const uint64_t count = is_of_source ? 0 : count_of(container, console_->sources(), instances);
        if (is_of_source ? !has_source : count == 0)
            continue;
        json::Object shown { { "name", each.name }, { "expensive", each.is_expensive } };
        if (!each.hint.empty())
            shown["presentationHint"] = each.hint;
        if (!is_of_source)
            shown[is_indexed(container) ? "indexedVariables" : "namedVariables"] = count;
        shown["variablesReference"] = number_of(std::move(container));
        rows.push_back(std::move(shown));
    }
    return Body { { "scopes", std::move(rows) } };
}

/// What the function has returned that the thread has just stepped out of, if the container is the
/// scope that shows it: the locals of the frame to which it returned.
std::vector<Variable> Adapter::returned_to(const Container& container) const
{
    std::vector<Variable> rows;
    const auto reason = run_->session().stopped();
    const console::Scope& scope = *container.scope;
    if (container.kind != Container::Kind::Scope || !reason || !reason->results || scope.frame_number != 0
        || scope.thread != reason->thread)
        return rows;
    const debug::FunctionResults& results = *reason->results;
    const auto row = scope.row();
    const ScopeKind shows = row && !row->scopes.empty() ? ScopeKind::Locals : ScopeKind::WasmLocals;
    if (container.which != shows || results.function->instance != scope.instance)
        return rows;
    const std::string name =
        "(return) " + (results.source ? printable(results.source->name) : debug::text_of(*results.function));
    if (!results.source) {
        for (const Value& value : results.values)
            rows.push_back(
                variable_of(name, "", { .text = value.to_text(), .value = value }, container.scope));
        return rows;
    }
    source::Value value { .type = results.source->type, .address = results.source->address };
    if (!value.address && !results.values.empty()) {
        const uint64_t size = results.source->symbols->type(value.type).size;
        for (size_t i = 0; i < std::min<uint64_t>(size, sizeof(Slot)); ++i)
            value.bytes.push_back(static_cast<uint8_t>(results.values.front().low >> (8 * i)));
    }
    auto result = std::make_shared<eval::SourceResult>();
    result->symbols = results.source->symbols;
    result->value = std::move(value);
    console::Computed computed;
    computed.source = std::move(result);
    rows.push_back(variable_of(name, "", computed, container.scope));
    return rows;
}

Result<json::Object> Adapter::variables(const Arguments& arguments)
{
    const int64_t number = TRY(arguments.number("variablesReference"));
    const std::string filter = TRY(arguments.text_or("filter", ""));
    const int64_t start = std::max<int64_t>(0, TRY(arguments.number_or("start", 0)));
    const int64_t count = TRY(arguments.number_or("count", 0));
    const source::Style style = TRY(asked_style(arguments));
    const Container container = TRY(find_container(number))->container;
    std::vector<Variable> listed;
    if (filter.empty() || (filter == "indexed") == is_indexed(container))
        listed = list(container, static_cast<uint64_t>(start),
            count <= 0 ? max_rows : static_cast<uint64_t>(count), console_->sources(),
            console::instances_of(run_->session()), style);
    if (start == 0)
        std::ranges::move(returned_to(container), std::inserter(listed, listed.begin()));
    json::Array rows;
    for (const Variable& variable : listed) {
        json::Object row = row_of(variable, container.scope->module);
        row["name"] = json::to_string(variable.name);
        rows.push_back(std::move(row));
        containers_[number].expressions[variable.name] = variable.expression;
    }
    return Body { { "variables", std::move(rows) } };
}

} // namespace vitrine::core::dap

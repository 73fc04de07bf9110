// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Requests: exceptions, that is, traps, exceptions of the program, and its exit; and the conditions
// of their filters.
#include "dap/adapter.h"

#include "base/number.h"
#include "base/text.h"
#include "debug/listing.h"
#include "eval/syntax.h"
#include "runtime/heap.h"

#include <algorithm>
#include <array>
#include <span>

namespace vitrine::core::dap {

namespace {

/// The kinds of traps that the filter `trap` is about.
constexpr std::array trap_kinds { TrapKind::Unreachable, TrapKind::MemoryOutOfBounds,
    TrapKind::TableOutOfBounds, TrapKind::UndefinedElement, TrapKind::UninitializedElement,
    TrapKind::IndirectCallTypeMismatch, TrapKind::IntegerDivideByZero, TrapKind::IntegerOverflow,
    TrapKind::InvalidConversionToInteger, TrapKind::StackOverflow, TrapKind::NullReference,
    TrapKind::NullFunction, TrapKind::NullStruct, TrapKind::NullArray, TrapKind::NullI31,
    TrapKind::NullException, TrapKind::ArrayOutOfBounds, TrapKind::CastFailure, TrapKind::UnalignedAtomic,
    TrapKind::NotShared, TrapKind::OutOfMemory, TrapKind::Interrupted };

/// Whether the text has these words, one behind the other.
bool has_words(std::string_view text, std::string_view words)
{
    for (size_t at = text.find(words); at != text.npos && !words.empty(); at = text.find(words, at + 1)) {
        const size_t end = at + words.size();
        if ((at == 0 || text[at - 1] == ' ') && (end == text.size() || text[end] == ' '))
            return true;
    }
    return false;
}

bool means_trap(std::string_view item)
{
    return std::ranges::any_of(trap_kinds, [&](TrapKind kind) { return has_words(to_text(kind), item); });
}

/// What stands between the commas.
std::vector<std::string_view> items_of(std::string_view condition)
{
    std::vector<std::string_view> items;
    for (;;) {
        const size_t comma = condition.find(',');
        items.push_back(console::trimmed(condition.substr(0, comma)));
        if (comma == condition.npos)
            return items;
        condition.remove_prefix(comma + 1);
    }
}

/// Whether each item is a tag of a module.
bool are_tags(std::span<const std::string_view> items, std::span<const debug::LoadedModule> modules)
{
    const auto is_tag = [&](std::string_view item) {
        return std::ranges::any_of(modules, [&](const debug::LoadedModule& loaded) {
            return debug::find_entity(*loaded.module, ExternKind::Tag, item).has_value();
        });
    };
    return std::ranges::all_of(items, is_tag);
}

/// The filter that a stop belongs to; empty if there is none.
std::string_view filter_of(const debug::StopReason& reason)
{
    switch (reason.kind) {
    case debug::StopKind::Throw: return "throw";
    case debug::StopKind::Exit: return "exit";
    case debug::StopKind::Load: return "load";
    case debug::StopKind::ComponentCall: return "component";
    case debug::StopKind::Trap:
        return reason.trap == TrapKind::UncaughtException ? "uncaught"
            : reason.trap == TrapKind::HostError          ? "host"
                                                          : "trap";
    default: return "";
    }
}

/// `3` and `!= 0` are about the status with which the program exits.
std::string status_condition(const std::string& condition, const std::string& status)
{
    const bool is_number = parse_unsigned(condition).has_value();
    const bool is_comparison = !condition.empty() && std::string_view("=!<>").contains(condition.front());
    return is_number ? status + " == " + condition : is_comparison ? status + " " + condition : condition;
}

const ExceptionObject* exception_of(const debug::StopReason& reason)
{
    const Object* const object = reason.exception ? reason.exception->object() : nullptr;
    return object && object->kind == Object::Kind::Exception ? static_cast<const ExceptionObject*>(object)
                                                             : nullptr;
}

} // namespace

bool Adapter::has_tag(const Tag& tag, std::string_view text) const
{
    return std::ranges::any_of(console::instances_of(run_->session()), [&](const Instance* instance) {
        const auto index = debug::find_entity(*instance->module, ExternKind::Tag, text);
        return index && instance->tags[*index] == &tag;
    });
}

/// `$odd`; empty if no instance has it.
std::string Adapter::text_of(const Tag& tag) const
{
    for (const Instance* const instance : console::instances_of(run_->session()))
        for (uint32_t i = 0; i < instance->tags.size(); ++i)
            if (instance->tags[i] == &tag)
                return debug::short_label(*instance->module, ExternKind::Tag, i);
    return {};
}

/// Fails for a condition that can mean nothing.
Result<void> Adapter::check_condition(std::string_view filter, const std::string& condition) const
{
    const auto items = items_of(condition);
    if (filter == "trap" && std::ranges::all_of(items, means_trap))
        return {};
    if ((filter == "throw" || filter == "uncaught") && are_tags(items, program_->modules()))
        return {};
    const std::string expression = filter == "exit" ? status_condition(condition, "0") : condition;
    // With debug information it may have names of types.
    const auto finder = run_->session().symbols();
    const bool has_types = finder
        && std::ranges::any_of(program_->modules(),
            [&](const debug::LoadedModule& loaded) { return finder->symbols_of(loaded.module) != nullptr; });
    if (const auto parsed = eval::parse_whole_expression(expression); !parsed && !has_types)
        return console::with_mark(parsed.error(), expression);
    return {};
}

Result<json::Object> Adapter::set_exception_breakpoints(const Arguments& arguments)
{
    debug::StopsOn on { .uncaught_throw = false, .trap = false, .host_error = false };
    std::map<std::string, std::string> conditions;
    std::vector<std::string> filters = TRY(arguments.texts("filters"));
    for (const Arguments& option : TRY(arguments.items("filterOptions"))) {
        filters.push_back(TRY(option.text("filterId")));
        const std::string condition(console::trimmed(TRY(option.text_or("condition", ""))));
        if (!condition.empty())
            conditions[filters.back()] = condition;
    }
    json::Array rows;
    for (const std::string& filter : filters) {
        std::string problem = "there is no filter `" + printable(filter) + "`";
#define FILTER(flag, name, label, is_on, condition) \
    if (filter == name) {                           \
        on.flag = true;                             \
        problem.clear();                            \
    }
#include "dap/requests.inc"
        if (const auto condition = conditions.find(filter); problem.empty() && condition != conditions.end())
            if (const auto checked = check_condition(filter, condition->second); !checked)
                problem = checked.error().message;
        json::Object row { { "verified", problem.empty() } };
        if (!problem.empty())
            row["message"] = json::to_string(problem);
        rows.push_back(std::move(row));
    }
    exception_conditions_ = std::move(conditions);
    console_->stops().stop_on(on);
    return Body { { "breakpoints", std::move(rows) } };
}

/// The condition of the filter that a stop belongs to; empty if it has none.
std::string Adapter::condition_of(const debug::StopReason& reason) const
{
    const auto found = exception_conditions_.find(std::string(filter_of(reason)));
    return found == exception_conditions_.end() ? "" : found->second;
}

Result<bool> Adapter::evaluate_condition(const std::string& condition)
{
    const auto computed = TRY(TRY(scope_of(std::nullopt))->compute(condition));
    if (!computed.value)
        return failure("it is no number");
    return computed.value->low != 0 || computed.value->high != 0;
}

bool Adapter::is_wanted(const debug::StopReason& reason, std::string& problem)
{
    std::string condition = condition_of(reason);
    if (condition.empty())
        return true;
    const auto items = items_of(condition);
    if (filter_of(reason) == "trap" && std::ranges::all_of(items, means_trap))
        return std::ranges::any_of(
            items, [&](std::string_view item) { return has_words(to_text(reason.trap), item); });
    if (const ExceptionObject* const exception = exception_of(reason);
        exception && are_tags(items, program_->modules()))
        return std::ranges::any_of(
            items, [&](std::string_view item) { return has_tag(*exception->tag, item); });
    if (reason.kind == debug::StopKind::Exit)
        condition = status_condition(condition, std::to_string(reason.exit_status));
    const auto holds = evaluate_condition(condition);
    if (!holds)
        problem = ", and its condition failed: " + holds.error().message;
    return holds.value_or(true);
}

Result<json::Object> Adapter::exception_info(const Arguments& arguments)
{
    const auto reason = run_->session().stopped();
    const int64_t thread = TRY(arguments.number("threadId"));
    using enum debug::StopKind;
    if (!reason || reason->thread != thread
        || (reason->kind != Trap && reason->kind != Throw && reason->kind != Exit))
        return failure("the thread has not stopped at an exception");
    const std::string_view id = reason->kind == Trap ? "trap" : reason->kind == Throw ? "throw" : "exit";
    const bool is_caught = reason->kind == Throw;
    const auto scope = TRY(scope_of(std::nullopt));
    std::string description = console_->reason_text(*reason);
    json::Object details { { "message", json::to_string(reason->text) }, { "typeName", id } };
    if (const ExceptionObject* const exception = exception_of(*reason)) {
        if (const std::string tag = text_of(*exception->tag); !tag.empty()) {
            details["typeName"] = json::to_string(tag);
            description += " with tag " + tag;
        }
    } else if (reason->kind == Trap) {
        details["typeName"] = to_text(reason->trap);
    }
    details["fullTypeName"] = json::to_string(std::string(id) + ": " + json::plain_text(details["typeName"]));
    std::string trace;
    for (const debug::LogicalFrame& row :
        console::rows_of(run_->session(), scope->thread, scope->frames, 20)) {
        const Frame& frame = scope->frames[row.frame];
        const std::string text = console::source_text(console_->sources(), { &frame, &row });
        trace += (text.empty() ? console_->place_text(frame) : text) + "\n";
    }
    details["stackTrace"] = json::to_string(trace);
    return Body { { "exceptionId", id }, { "description", json::to_string(description) },
        { "breakMode", is_caught ? "always" : "unhandled" }, { "details", std::move(details) } };
}

} // namespace vitrine::core::dap

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/debugger.h"

#include "cli/number.h"
#include "cli/place.h"

#include "base/text.h"
#include "debug/listing.h"
#include "wasm/printer.h"

namespace vitrine::cli {

std::string label_of(const Func& function)
{
    const auto index = function.index();
    return index ? core::identifier(function.name(), "func", *index)
                 : "host " + core::escaped(function.name());
}

std::string place_text(const debug::Frame& frame)
{
    if (frame.is_host())
        return label_of(frame.function());
    return fmt::format("{} at {:#x}", label_of(frame.function()), frame.offset());
}

namespace {

/// `, n=21, $1=0`
std::string parameters_text(const debug::Frame& frame)
{
    const std::vector<debug::Local> locals = frame.locals();
    const size_t count = frame.function().type().params.size();
    std::string text;
    for (size_t i = 0; i < std::min(count, locals.size()); ++i)
        text += fmt::format(", {}={}",
            locals[i].name.empty() ? fmt::format("${}", i) : core::escaped(locals[i].name),
            locals[i].value.to_text());
    return text;
}

bool is_at_beginning(const debug::Frame& frame)
{
    const auto module = frame.module();
    const auto index = frame.function().index();
    return module && index && frame.offset() == first_instruction(*module, *index);
}

} // namespace

std::string position_text(const debug::Frame& frame)
{
    std::string text = place_text(frame);
    if (is_at_beginning(frame))
        return text + parameters_text(frame);
    const std::vector<Val> operands = frame.operands();
    if (!operands.empty())
        text += ", operands [" + join(operands) + "]";
    return text;
}

std::string join(std::span<const Val> values)
{
    std::string text;
    for (const Val& value : values)
        text += (text.empty() ? "" : ", ") + value.to_text();
    return text;
}

Error with_mark(const Error& error, std::string_view text)
{
    return Error(core::debug::marked_text(error.message(), error.offset(), text));
}

Result<std::vector<Val>> take_values(Debugger& debugger, Words& words, const std::vector<ValKind>& kinds)
{
    std::vector<Val> values;
    while (!words.at_end()) {
        std::string_view word = words.next();
        if (word.ends_with(','))
            word.remove_suffix(1);
        if (values.size() == kinds.size())
            return Error(core::debug::too_many_values(word, kinds.size()));
        const ValKind kind = kinds[values.size()];
        auto value = parse_number(word, kind);
        if (const auto scope = debugger.scope(); !value && scope) {
            value = scope->evaluate(word);
            if (!value)
                return with_mark(value.error(), word);
        }
        if (!value)
            return value.error();
        if (value->kind() != kind)
            return Error(core::debug::other_type(word, to_text(value->kind()), to_text(kind)));
        values.push_back(*std::move(value));
    }
    if (values.size() < kinds.size())
        return Error(core::debug::too_few_values(values.size(), kinds.size()));
    return values;
}

Result<std::vector<CodePlace>> find_code(Debuggee& guest, std::string_view text)
{
    const Module in_view = guest.module_in_view();
    const auto here = find_place(in_view, text);
    if (here)
        return std::vector { CodePlace { in_view, *here } };
    std::vector<CodePlace> places;
    if (!text.starts_with("0x"))
        for (const LoadedModule& loaded : guest.modules())
            if (const auto offset = find_place(loaded.module, text))
                places.push_back({ loaded.module, *offset });
    if (!places.empty())
        return places;
    return Error(fmt::format("{}: {}", text, here.error().message()));
}

// -- Events

namespace {

/// What the reason of a stop is called, with the debugger's own numbers.
std::string reason_text(const debug::StopReason& reason, uint32_t id)
{
    debug::StopReason ours = reason;
    ours.id = id;
    return ours.to_text();
}

std::string end_text(const Result<std::vector<Val>>& results)
{
    if (results)
        return results->empty() ? "exited" : "exited: " + join(*results);
    const Trap* trap = results.error().trap();
    if (!trap)
        return "refused: " + results.error().to_text();
    if (trap->kind == TrapKind::Exit)
        return fmt::format("exited with status {}", trap->exit_status);
    if (trap->kind == TrapKind::Killed)
        return "killed";
    return "trap: " + trap->text;
}

} // namespace

void Debugger::tell()
{
    if (auto* stopped = guest_.stopped())
        tell_stop(*stopped);
    else if (const auto* results = guest_.end())
        write(end_text(*results) + (guest_.is_late() ? ": its time is over (--timeout)" : ""), Style::Event);
    for (const uint32_t id : guest_.take_ended_watchpoints())
        print("watchpoint {} deleted: its frame has ended", id);
}

void Debugger::tell_stop(debug::Stopped& stopped)
{
    const debug::StopReason& reason = stopped.reason();
    if (reason.kind == debug::StopKind::CallEnd && reason.results) {
        const std::string end = end_text(*reason.results);
        const bool is_return = reason.results->has_value();
        write(is_return
                ? "returned" + end.substr(end.find_first_of(":") == std::string::npos ? end.size() : 6)
                : "call ended: " + end,
            Style::Event);
        return;
    }
    if (reason.results && *reason.results && !(*reason.results)->empty())
        print("returned: {}", join(**reason.results));
    std::string text = "stopped: " + reason_text(reason, guest_.id_of(reason.id));
    if (stopped.threads().size() > 1)
        text += fmt::format(" in thread {}", reason.thread);
    const std::vector<debug::Frame> frames = stopped.frames();
    if (!frames.empty())
        text += " in " + position_text(frames.front());
    write(text, Style::Event);
}

} // namespace vitrine::cli

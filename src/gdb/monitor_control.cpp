// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/monitor_control.h"

#include "base/text.h"

#include <algorithm>
#include <cctype>

namespace vitrine::core::gdb {

namespace {

using Answer = Result<std::string>;

/// A place in code that a word names: a function, LLDB's address, or an offset in the instance's module.
struct CodePlace {
    const Instance* instance;
    CodeOffset offset;
};

Result<CodePlace> find_code(const Scope& scope, Words& words)
{
    const std::string_view word = words.peek();
    for (const Function* function : scope.instance.functions)
        if (function->name() == word) {
            if (function->is_host())
                return failure("'" + escaped(word) + "' is a function of the host");
            words.next();
            return CodePlace { function->instance, function->meta->code_offset };
        }
    if (word.empty() || !std::isdigit(static_cast<unsigned char>(word.front())))
        return failure("the instance has no function '" + escaped(word) + "'");
    const uint64_t number = TRY(words.number("a place"));
    const Address address = Address::of(number);
    if (number == address.offset)
        return CodePlace { &scope.instance, address.offset };
    for (const Instance* instance : scope.view.instances())
        if (scope.view.place_of(*instance, address.offset) == address)
            return CodePlace { instance, address.offset };
    return failure("no module is at " + hex(number));
}

/// The values of these types that are left, separated by commas.
Result<std::vector<Value>> parse_values(
    const Scope& scope, std::span<const ValueType> types, std::string_view what, Words& words)
{
    std::string_view text = words.rest();
    std::vector<Value> values;
    while (!text.empty()) {
        const size_t comma = std::min(text.find(','), text.size());
        if (values.size() == types.size())
            break;
        Words one(text.substr(0, comma));
        values.push_back(TRY(parse_value(scope, types[values.size()], one)));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    if (!text.empty() || values.size() != types.size())
        return failure(std::string(what) + " " + std::to_string(types.size()) + " values");
    return values;
}

Result<debug::WatchpointSpec> find_watched(const Scope& scope, Words& words)
{
    debug::WatchpointSpec spec { .what = static_cast<Global*>(nullptr), .store = scope.instance.store };
    const Instance& instance = scope.instance;
    const std::string_view kind = words.next();
    if (kind == "global") {
        const uint64_t index = TRY(words.number("a global"));
        if (index >= instance.globals.size())
            return failure("the instance has no global " + std::to_string(index));
        spec.what = instance.globals[index];
    } else if (kind == "local") {
        const uint64_t index = TRY(words.number("a local"));
        if (!scope.frame)
            return failure("the guest executes nothing");
        if (index >= debug::locals_of(*scope.frame).size())
            return failure("the frame has no local " + std::to_string(index));
        spec.what = debug::FrameLocal { *scope.frame, static_cast<uint32_t>(index) };
    } else if (kind == "element") {
        const uint64_t index = TRY(words.number("a table"));
        if (index >= instance.tables.size())
            return failure("the instance has no table " + std::to_string(index));
        spec.what = debug::TableSlot { instance.tables[index], TRY(words.number("an element")) };
    } else if (kind == "memory") {
        const uint64_t index = TRY(words.number("a memory"));
        if (index >= instance.memories.size())
            return failure("the instance has no memory " + std::to_string(index));
        Memory* memory = instance.memories[index];
        const uint64_t address = TRY(words.number("an address"));
        const auto shared = instance.store->find_shared(memory);
        spec.what = debug::MemoryRange
        {
            memory, address, TRY(words.number("bytes"))
            , shared
        };
        if (shared)
            spec.store = nullptr;
    } else {
        return failure("expected local, global, element or memory, not '" + escaped(kind) + "'");
    }
    return spec;
}

Result<void> need_stopped_thread(const Scope& scope)
{
    if (!scope.frame || scope.view.thread() != scope.view.stopped_thread())
        return failure("only the thread that stopped can be sent elsewhere");
    return {};
}

std::string where_now(const Scope& scope)
{
    scope.view.move_secretly();
    const uint64_t pc = scope.view.pc();
    if (pc == 0)
        return "the call has its results when the guest goes on\n";
    return "the guest is at " + hex(pc) + "; LLDB learns of it with `stepi`, which executes nothing now\n";
}

} // namespace

Answer set_break(const Scope& scope, Words& words)
{
    const CodePlace place = TRY(find_code(scope, words));
    debug::BreakpointSpec spec {
        .module = place.instance->module, .offset = place.offset, .instance = place.instance
    };
    constexpr std::string_view log = "log";
    if (words.peek() == "if") {
        words.next();
        const std::string_view text = words.rest();
        while (!words.at_end() && words.peek() != log)
            words.next();
        const size_t size = text.size() - words.rest().size();
        spec.condition = text.substr(0, size);
        if (spec.condition.empty())
            return failure("expected an expression after 'if'");
    }
    if (words.peek() == log) {
        words.next();
        spec.message = words.rest();
        if (spec.message.empty())
            return failure("expected a message after 'log'");
    } else {
        CHECK(words.end());
    }
    const uint32_t id = TRY(scope.view.session().add_breakpoint(std::move(spec)));
    scope.view.own_stop(id);
    return "breakpoint " + std::to_string(id) + "\n";
}

Answer set_watch(const Scope& scope, Words& words)
{
    debug::WatchpointSpec spec = TRY(find_watched(scope, words));
    using enum debug::WatchpointSpec::Access;
    const std::string_view access = words.next();
    CHECK(words.end());
    if (access == "read")
        spec.access = Read;
    else if (access == "write")
        spec.access = Write;
    else if (access == "access")
        spec.access = ReadWrite;
    else if (!access.empty())
        return failure("expected read, write or access, not '" + escaped(access) + "'");
    const uint32_t id = TRY(scope.view.session().add_watchpoint(std::move(spec)));
    scope.view.own_stop(id);
    return "watchpoint " + std::to_string(id) + "\n";
}

Answer list_stops(const Scope& scope, Words& words)
{
    CHECK(words.end());
    std::string text;
    for (const debug::Breakpoint& breakpoint : scope.view.session().breakpoints()) {
        if (!scope.view.owns_stop(breakpoint.id))
            continue;
        text += "breakpoint " + std::to_string(breakpoint.id) + " at "
            + hex(scope.view.place_of(*breakpoint.spec.instance, breakpoint.offset).bits())
            + (breakpoint.spec.condition.empty() ? "" : " if " + escaped(breakpoint.spec.condition))
            + (breakpoint.spec.message.empty() ? "" : " log " + escaped(breakpoint.spec.message)) + ": "
            + std::to_string(breakpoint.hits) + " hits\n";
    }
    for (const debug::Watchpoint& watchpoint : scope.view.session().watchpoints())
        if (scope.view.owns_stop(watchpoint.id))
            text += "watchpoint " + std::to_string(watchpoint.id) + ": " + std::to_string(watchpoint.hits)
                + " hits\n";
    return text.empty() ? "none\n" : text;
}

Answer delete_stop(const Scope& scope, Words& words)
{
    const uint64_t id = TRY(words.number("a breakpoint or watchpoint"));
    CHECK(words.end());
    if (id > UINT32_MAX || !scope.view.owns_stop(static_cast<uint32_t>(id)))
        return failure("none with the number " + std::to_string(id) + " was set with a command");
    scope.view.disown_stop(static_cast<uint32_t>(id));
    return "deleted\n";
}

Answer skip(const Scope& scope, Words& words)
{
    CHECK(words.end());
    CHECK(need_stopped_thread(scope));
    CHECK(scope.view.session().skip());
    return where_now(scope);
}

Answer return_values(const Scope& scope, Words& words)
{
    CHECK(need_stopped_thread(scope));
    const FuncType& type = *scope.instance.store->engine().types[scope.frame->function->type].func();
    const auto results = TRY(parse_values(scope, type.results, "the function returns", words));
    CHECK(scope.view.session().return_from(*scope.frame, results));
    return where_now(scope);
}

Answer throw_tag(const Scope& scope, Words& words)
{
    CHECK(need_stopped_thread(scope));
    const uint64_t index = TRY(words.number("a tag"));
    if (index >= scope.instance.tags.size())
        return failure("the instance has no tag " + std::to_string(index));
    const Tag& tag = *scope.instance.tags[index];
    const auto values = TRY(parse_values(scope, tag.type->type.func()->params, "the tag has", words));
    CHECK(scope.view.session().throw_exception(tag, values));
    return "thrown when the guest goes on\n";
}

} // namespace vitrine::core::gdb

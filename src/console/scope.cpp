// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/scope.h"

#include "base/number.h"
#include "base/text.h"
#include "debug/inspect.h"
#include "debug/listing.h"
#include "eval/names.h"
#include "source/render.h"

#include <algorithm>

namespace vitrine::core::console {

namespace {

/// The instance of the selected frame or, if that is a host function's, of its caller; in front of
/// the first instruction that of the program.
Instance* instance_in_view(Target& target, const Scope& scope)
{
    const auto reason = target.session().stopped();
    if (reason && reason->instance)
        return reason->instance;
    const size_t selected =
        scope.frame_number < scope.rows.size() ? scope.rows[scope.frame_number].frame : scope.frames.size();
    for (size_t i = selected; i < scope.frames.size(); ++i)
        if (!scope.frames[i].is_host())
            return scope.frames[i].function->instance;
    const std::vector<Instance*> all = instances_of(target.session());
    const std::vector<LoadedModule> modules = target.modules();
    const auto is_program = [&](const Instance* instance) {
        return !modules.empty() && instance->module == modules.front().module;
    };
    const auto program = std::ranges::find_if(all, is_program);
    return program != all.end() ? *program : all.empty() ? nullptr : all.front();
}

std::shared_ptr<const Module> module_in_view(Target& target, const Scope& scope)
{
    if (scope.instance && target.session().stopped())
        return scope.instance->module;
    const std::vector<LoadedModule> modules = target.modules();
    return modules.empty() ? nullptr : modules.front().module;
}

} // namespace

std::vector<debug::LogicalFrame> rows_of(
    const debug::Session& session, uint32_t thread, std::span<const Frame> frames, size_t count)
{
    frames = frames.first(std::min(count, frames.size()));
    if (const std::shared_ptr<debug::SymbolFinder> finder = session.symbols()) {
        const auto reason = session.stopped();
        return debug::logical_frames(
            *finder, frames, reason && reason->thread == thread ? reason->entered : 0);
    }
    std::vector<debug::LogicalFrame> rows(frames.size());
    for (size_t i = 0; i < rows.size(); ++i)
        rows[i].frame = i;
    return rows;
}

std::vector<Instance*> instances_of(const debug::Session& session)
{
    std::vector<Instance*> all;
    for (const debug::ThreadInfo& info : session.threads())
        for (Instance& instance : info.thread->store.instances())
            all.push_back(&instance);
    return all;
}

Scope scope_of(Target& target, const Selection& selection)
{
    Scope scope;
    scope.is_thread_named = selection.thread != 0;
    if (const auto reason = target.session().stopped()) {
        const uint32_t guessed = target.guessed_thread();
        scope.thread = selection.thread != 0 ? selection.thread : guessed != 0 ? guessed : reason->thread;
        scope.frames = target.frames(scope.thread);
        scope.rows = rows_of(target.session(), scope.thread, scope.frames, selection.frame + 1);
    }
    scope.frame_number = selection.frame;
    scope.instance = selection.instance ? selection.instance : instance_in_view(target, scope);
    scope.module = selection.module ? selection.module
        : selection.instance        ? selection.instance->module
                                    : module_in_view(target, scope);
    if (const auto finder = target.session().symbols(); finder && scope.instance) {
        scope.symbols = finder->symbols_of(scope.instance->module);
        scope.source_memory = finder->memory_of(*scope.instance->module);
    }
    return scope;
}

Result<Scope> find_scope(Target& target, const Selection& selected, Words& words)
{
    Selection selection = selected;
    Instance* named = nullptr;
    bool has_frame = false;
    for (;;) {
        if (const auto thread = TRY(words.trailing("on"))) {
            const auto threads = target.session().threads();
            if (std::ranges::find(threads, *thread, &debug::ThreadInfo::id) == threads.end())
                return failure("there is no thread " + std::to_string(*thread));
            selection.thread = static_cast<uint32_t>(*thread);
            if (!has_frame)
                selection.frame = 0;
            selection.instance = nullptr;
        } else if (const auto frame = TRY(words.trailing("in"))) {
            selection.frame = *frame;
            selection.instance = nullptr;
            has_frame = true;
        } else if (const auto number = TRY(words.trailing("of"))) {
            const std::vector<Instance*> all = instances_of(target.session());
            if (*number >= all.size())
                return failure("there is no instance " + std::to_string(*number));
            selection.instance = named = all[*number];
            selection.module = nullptr;
        } else {
            break;
        }
    }
    Scope scope = scope_of(target, selection);
    scope.named_instance = named;
    if (has_frame)
        CHECK(scope.frame());
    return scope;
}

Result<Frame> Scope::frame() const
{
    if (frames.empty())
        return failure("there is no frame here: the guest executes nothing");
    return frames[TRY(row()).frame];
}

Result<debug::LogicalFrame> Scope::row() const
{
    if (frame_number >= rows.size())
        return failure("there is no frame " + std::to_string(frame_number) + ": the number of frames is "
            + std::to_string(rows.size()));
    return rows[frame_number];
}

const Frame* Scope::guest_frame() const
{
    if (frame_number >= rows.size())
        return nullptr;
    const Frame& frame = frames[rows[frame_number].frame];
    return !frame.is_host() && frame.function->instance == instance ? &frame : nullptr;
}

eval::SourceContext Scope::source() const
{
    return { symbols, guest_frame() ? rows[frame_number].inlined_inside : 0, source_memory };
}

uint8_t Scope::address_bytes() const
{
    const MemoryIndex memory { source().memory };
    return module && module->memories.contains(memory) && module->memories[memory].type.limits.is_64 ? 8 : 4;
}

bool Scope::knows(std::string_view name) const
{
    const Frame* frame = guest_frame();
    if (const auto index = parse_unsigned(name))
        return frame && *index < debug::locals_of(*frame).size();
    if (!module)
        return false;
    const eval::ModuleNames names(*module);
    if (frame && !names.locals_named({ frame->function->index }, name).empty())
        return true;
    for (const auto kind :
        { ExternKind::Global, ExternKind::Func, ExternKind::Memory, ExternKind::Table, ExternKind::Tag })
        if (!names.entities_named(kind, name).empty())
            return true;
    return !names.types_named(name).empty();
}

Result<Variables::Text> Scope::replaced(std::string_view text) const
{
    if (!variables)
        return Variables::Text { std::string(text) };
    return variables->replace(text, [&](std::string_view name) { return knows(name); });
}

Computed computed_from(eval::SourceResult result, Instance& instance, uint32_t memory)
{
    Computed computed { {}, result.number, result.is_unsigned };
    if (!result.value) {
        computed.text = !result.number ? ""
            : result.is_unsigned       ? std::to_string(result.number->low)
                                       : result.number->to_text(instance.module.get());
        return computed;
    }
    auto reader = result.reader(instance);
    computed.text = source::render(reader, *result.value);
    computed.is_aggregate = !result.number;
    const auto kind = result.symbols->type(result.value->type).kind;
    const std::string type = source::type_text(*result.symbols, result.value->type);
    if (kind == source::Type::Kind::Pointer && result.number)
        computed.again = "((" + type + ")" + hex(result.number->low) + ")";
    if (computed.is_aggregate && result.value->address && result.memory == memory
        && result.value->bit_size == 0 && kind != source::Type::Kind::Array)
        computed.again = "(*(" + type + " *)" + hex(*result.value->address) + ")";
    computed.source = std::make_shared<const eval::SourceResult>(std::move(result));
    return computed;
}

namespace {

/// Users of gdb expect a printed value where `$1` is no local.
std::string hint_at_values(const Scope& scope, std::string_view name)
{
    const bool is_number = name.size() > 1 && name[0] == '$' && name[1] >= '1' && name[1] <= '9';
    return is_number && scope.variables && !scope.variables->history().empty()
        ? "; printed values are called `$#1` and so on"
        : "";
}

/// Calls `use` with the frame of a scope, or with its instance, and with the expression as it is
/// without the console's variables. Marks the error in the text.
template<class Use>
auto use_scope(const Scope& scope, std::string_view text, Use use)
    -> decltype(use(*scope.instance, std::string_view()))
{
    if (!scope.instance)
        return failure("there is no instance yet: `run` or `start` makes it");
    const Variables::Text replaced = TRY(scope.replaced(text));
    const Frame* frame = scope.guest_frame();
    auto result = frame ? use(*frame, std::string_view(replaced.text))
                        : use(*scope.instance, std::string_view(replaced.text));
    if (!result) {
        Error error = result.error();
        if (error.offset)
            error.offset = replaced.original(*error.offset);
        error.message +=
            hint_at_values(scope, text.substr(std::min<size_t>(error.offset.value_or(0), text.size())));
        result = with_mark(error, text);
    }
    return result;
}

Result<eval::Scope> scope_in(const Frame& frame, const eval::SourceContext& source)
{
    return eval::Scope::of(frame, source);
}

Result<eval::Scope> scope_in(const Instance& instance, const eval::SourceContext& source)
{
    return eval::Scope::of(instance, source);
}

Instance& instance_of(const Frame& frame) { return *frame.function->instance; }
Instance& instance_of(Instance& instance) { return instance; }

template<class Place>
Result<Computed> compute_in(Place& place, std::string_view text, const eval::SourceContext& source)
{
    const auto expression = TRY(eval::SourceExpression::compile(text, TRY(scope_in(place, source))));
    auto result = TRY(expression.evaluate(place));
    if (!result.value && result.text) {
        Computed computed;
        computed.text = TRY(expression.text(place));
        return computed;
    }
    return computed_from(std::move(result), instance_of(place), source.memory);
}

} // namespace

Result<Value> Scope::evaluate(std::string_view text) const
{
    return use_scope(*this, text,
        [&](auto& place, std::string_view plain) { return eval::evaluate(place, plain, source()); });
}

Result<Computed> Scope::compute(std::string_view text) const
{
    return use_scope(
        *this, text, [&](auto& place, std::string_view plain) { return compute_in(place, plain, source()); });
}

Result<eval::Type> Scope::type_of(std::string_view text) const
{
    return use_scope(*this, text, [&](auto& place, std::string_view plain) -> Result<eval::Type> {
        return TRY(eval::Expression::compile(plain, TRY(scope_in(place, source())))).type();
    });
}

Result<void> Scope::assign(std::string_view text) const
{
    return use_scope(*this, text,
        [&](auto& place, std::string_view plain) { return eval::assign(place, plain, source()); });
}

Result<eval::WatchPlace> Scope::place(std::string_view text) const
{
    return use_scope(*this, text,
        [&](auto& place, std::string_view plain) { return eval::find_place(place, plain, source()); });
}

std::unexpected<Error> with_mark(const Error& error, std::string_view text)
{
    return failure(debug::marked_text(error.message, error.offset, text));
}

} // namespace vitrine::core::console

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/scope.h"

#include "base/number.h"
#include "debug/inspect.h"
#include "debug/listing.h"
#include "eval/names.h"

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
    for (size_t i = scope.frame_number; i < scope.frames.size(); ++i)
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
    }
    scope.frame_number = selection.frame;
    scope.instance = selection.instance ? selection.instance : instance_in_view(target, scope);
    scope.module = selection.module ? selection.module
        : selection.instance        ? selection.instance->module
                                    : module_in_view(target, scope);
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
    if (frame_number >= frames.size())
        return failure("there is no frame " + std::to_string(frame_number) + ": the number of frames is "
            + std::to_string(frames.size()));
    return frames[frame_number];
}

const Frame* Scope::guest_frame() const
{
    if (frame_number >= frames.size() || frames[frame_number].is_host())
        return nullptr;
    return frames[frame_number].function->instance == instance ? &frames[frame_number] : nullptr;
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

namespace {

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
        result = with_mark(error, text);
    }
    return result;
}

Result<eval::Expression> compile(const Frame& frame, std::string_view text)
{
    return eval::Expression::compile(text, TRY(eval::Scope::of(frame)));
}

Result<eval::Expression> compile(const Instance& instance, std::string_view text)
{
    return eval::Expression::compile(text, eval::Scope::of(instance));
}

const Module& module_of(const Frame& frame) { return frame.function->module(); }
const Module& module_of(const Instance& instance) { return *instance.module; }

template<class Place> Result<Computed> compute_in(Place& place, std::string_view text)
{
    const eval::Expression expression = TRY(compile(place, text));
    const auto kind = expression.type().kind;
    if (kind == eval::Type::Kind::Text || kind == eval::Type::Kind::Aggregate)
        return Computed { TRY(expression.text(place)), std::nullopt, false };
    const Value value = TRY(expression.evaluate(place));
    const bool is_unsigned =
        expression.type().is(eval::NumberKind::U32) || expression.type().is(eval::NumberKind::U64);
    return Computed { is_unsigned ? std::to_string(value.low) : value.to_text(&module_of(place)), value,
        is_unsigned };
}

} // namespace

Result<Value> Scope::evaluate(std::string_view text) const
{
    return use_scope(
        *this, text, [](auto& place, std::string_view plain) { return eval::evaluate(place, plain); });
}

Result<Computed> Scope::compute(std::string_view text) const
{
    return use_scope(
        *this, text, [](auto& place, std::string_view plain) { return compute_in(place, plain); });
}

Result<eval::Type> Scope::type_of(std::string_view text) const
{
    return use_scope(*this, text, [](auto& place, std::string_view plain) -> Result<eval::Type> {
        return TRY(compile(place, plain)).type();
    });
}

Result<void> Scope::assign(std::string_view text) const
{
    return use_scope(
        *this, text, [](auto& place, std::string_view plain) { return eval::assign(place, plain); });
}

Result<eval::WatchPlace> Scope::place(std::string_view text) const
{
    return use_scope(
        *this, text, [](auto& place, std::string_view plain) { return eval::find_place(place, plain); });
}

std::unexpected<Error> with_mark(const Error& error, std::string_view text)
{
    return failure(debug::marked_text(error.message, error.offset, text));
}

} // namespace vitrine::core::console

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/scope.h"

#include "debug/listing.h"

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

namespace {

/// Calls `use` with the frame of a scope, or with its instance, and marks the error in the text.
template<class Use> auto use_scope(const Scope& scope, std::string_view text, Use use)
{
    const Frame* frame = scope.guest_frame();
    auto result = frame ? use(*frame) : use(*scope.instance);
    if (!result)
        result = with_mark(result.error(), text);
    return result;
}

} // namespace

Result<Value> Scope::evaluate(std::string_view text) const
{
    return use_scope(*this, text, [&](auto& place) { return eval::evaluate(place, text); });
}

Result<std::string> Scope::text_of(std::string_view text) const
{
    return use_scope(*this, text, [&](auto& place) { return eval::evaluate_text(place, text); });
}

Result<void> Scope::assign(std::string_view text) const
{
    return use_scope(*this, text, [&](auto& place) { return eval::assign(place, text); });
}

Result<eval::WatchPlace> Scope::place(std::string_view text) const
{
    return use_scope(*this, text, [&](auto& place) { return eval::find_place(place, text); });
}

std::unexpected<Error> with_mark(const Error& error, std::string_view text)
{
    return failure(debug::marked_text(error.message, error.offset, text));
}

} // namespace vitrine::core::console

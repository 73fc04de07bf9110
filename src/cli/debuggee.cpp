// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/debuggee.h"

#include "base/text.h"
#include "console/scope.h"
#include "door/inner.h"
#include "dwarf/demangle.h"
#include "eval/user_names.h"

#include <algorithm>

#include <fmt/format.h>

namespace vitrine::cli {

namespace {

/// The path of a loaded module.
std::string path_of(const std::vector<core::debug::LoadedModule>& modules, const core::Module& module)
{
    const auto loaded = std::ranges::find_if(
        modules, [&](const core::debug::LoadedModule& each) { return each.module.get() == &module; });
    return loaded == modules.end() ? "" : loaded->path;
}

/// A public error as an inner one.
std::unexpected<core::Error> failure_of(const Error& error)
{
    return core::failure(error.message(), error.offset());
}

} // namespace

Debuggee::Life::Life(std::unique_ptr<Program> runs)
    : program(std::move(runs)), session(program->store()), inner(door::inner(session))
{}

Result<std::unique_ptr<Debuggee>> Debuggee::create(
    const Binary& binary, const Engine& engine, const GuestOptions& options, MessageSink sink)
{
    CHECK(check_options(binary, options));
    std::unique_ptr<Debuggee> debuggee(new Debuggee(binary, engine, options, std::move(sink)));
    auto wasi = TRY(options.wasi());
    CHECK(options.listen(wasi));
    debuggee->wasi_ = std::move(wasi);
    auto preloads = TRY(options.load_preloads(engine));
    debuggee->modules_ = inner_modules(binary, options, preloads);
    debuggee->preloads_ = std::move(preloads);
    debuggee->symbols_ = std::make_shared<SymbolFinder>(
        [&modules = debuggee->modules_](
            const core::Module& module) { return SymbolFinder::File { path_of(modules, module) }; },
        options.debug_info);
    CHECK(debuggee->begin_life());
    return debuggee;
}

/// Makes a store and a session.
Result<void> Debuggee::begin_life()
{
    auto life = std::make_unique<Life>(Program::create(engine_, binary_, options_, preloads_));
    if (const Error* error = life->session.error())
        return *error;
    auto client =
        core::debug::Client::attach(*life->inner, "the terminal", core::debug::Client::Kind::Shared);
    if (!client)
        return door::error_of(client.error());
    life->client = *std::move(client);
    if (auto added = life->program->add_wasi(wasi_); !added)
        return Error("--dir: " + added.error().message());
    CHECK(life->session.on_message(sink_));
    life->inner->set_symbols(symbols_);
    limits_.reset();
    has_ended_ = false;
    {
        const std::lock_guard lock(mutex_);
        std::swap(life_, life);
    }
    return {};
}

Result<void> Debuggee::start(const GuestOptions& options, bool stop_at_entry, const Prepare& prepare)
{
    // A wrong function does not end the program that there is.
    CHECK(Program::create(engine_, binary_, options_, preloads_)->find_entry(options));
    if (session().stopped() || has_ended_) {
        CHECK(begin_life());
    }
    if (auto prepared = prepare(); !prepared)
        return door::error_of(prepared.error());
    CHECK(life_->program->find_entry(options));
    CHECK(life_->program->check_imports());
    const auto seconds = TRY(options_.seconds());
    if (seconds > 0) {
        limits_ = std::make_unique<Limits>(seconds, false);
        limits_->watch([session = life_->inner] { session->kill(); });
    }
    auto body = [&life = *life_] {
        life.ending = life.program->run();
        return door::outcome_of(*life.ending ? Result<std::vector<Val>>(std::vector<Val>())
                                             : Result<std::vector<Val>>(life.ending->error()));
    };
    if (auto started = session().start(std::move(body), stop_at_entry); !started)
        return door::error_of(started.error());
    return {};
}

core::Result<void> Debuggee::run(
    const std::vector<std::string>& words, bool stop_at_entry, const Prepare& prepare)
{
    GuestOptions options = options_;
    if (!words.empty()) {
        options.invoke = core::eval::bare_name(words.front());
        options.arguments.assign(words.begin() + 1, words.end());
    }
    before_run();
    if (auto started = start(options, stop_at_entry, prepare); !started)
        return failure_of(started.error());
    return wait();
}

void Debuggee::before_run() const
{
    if (front_.before_run)
        front_.before_run();
}

/// Waits until the program has stopped or ended.
core::Result<void> Debuggee::wait()
{
    const core::debug::Event event = TRY(session().wait());
    const auto* outcome = std::get_if<core::debug::Outcome>(&event);
    if (!outcome)
        return {};
    // Its thread may have had no memory for the results.
    if (!life_->ending)
        life_->ending = Error("out of memory");
    if (limits_)
        limits_->stop();
    status_ = status_of(*life_->ending, limits_ ? limits_->status() : std::nullopt);
    limits_.reset();
    has_ended_ = true;
    return {};
}

core::Result<void> Debuggee::resume(const core::debug::Resume& how)
{
    CHECK(check(core::console::Needs::Stopped, ""));
    before_run();
    CHECK(client().resume(how));
    return wait();
}

core::Result<void> Debuggee::call(const std::function<void()>& body, uint32_t thread)
{
    before_run();
    CHECK(session().call(body, thread));
    return wait();
}

void Debuggee::kill() { (void)resume({ .kind = core::debug::Resume::Kind::Kill }); }

void Debuggee::interrupt()
{
    const std::lock_guard lock(mutex_);
    if (life_)
        life_->inner->interrupt();
}

std::string Debuggee::end_text()
{
    if (!has_ended_)
        return "";
    return text_of(*life_->ending) + (status_ == status::timeout ? ": its time is over (--timeout)" : "");
}

core::Result<void> Debuggee::check(core::console::Needs needs, std::string_view)
{
    using enum core::console::Needs;
    if (needs == Instance && core::console::instances_of(session()).empty())
        return core::failure("there is no instance yet: `run` or `start` makes it");
    if ((needs == Stopped || needs == Resume) && !session().stopped())
        return core::failure(has_ended_ ? "the program has exited: `run` starts it again"
                                        : "the program is not running: `run` starts it");
    return {};
}

std::string Debuggee::place_text(const core::Module&, core::CodeOffset offset, const core::Instance*)
{
    return core::hex(offset);
}

core::source::PathOptions Debuggee::path_options(const core::Module& module)
{
    // The command line was checked before.
    return options_.debug_info.paths(path_of(modules_, module)).value_or(core::source::PathOptions());
}

core::console::Demangle Debuggee::demangle() { return core::dwarf::demangled; }

std::string Debuggee::module_suffix(const core::Module& module)
{
    const auto loaded = std::ranges::find_if(
        modules_, [&](const core::debug::LoadedModule& each) { return each.module.get() == &module; });
    return loaded == modules_.end() || loaded->preload.empty() ? "" : " in " + core::escaped(loaded->preload);
}

} // namespace vitrine::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/debuggee.h"

#include <algorithm>

#include <fmt/format.h>

namespace vitrine::cli {

namespace {

/// The status of a process whose guest has ended so; `limit` when it was a limit that ended it.
int status_of(const Result<std::vector<Val>>& results, const std::optional<int>& limit)
{
    if (results)
        return 0;
    const Trap* trap = results.error().trap();
    if (!trap)
        return status::refused;
    switch (trap->kind) {
    case TrapKind::Exit: return trap->exit_status & 0xff;
    case TrapKind::Killed: return limit.value_or(status::killed);
    default: return status::trap;
    }
}

Error nothing_with(uint32_t id) { return Error(fmt::format("there is no breakpoint or watchpoint {}", id)); }

} // namespace

Result<std::unique_ptr<Debuggee>> Debuggee::create(
    const Module& module, const Engine& engine, const GuestOptions& options, MessageSink sink)
{
    std::unique_ptr<Debuggee> debuggee(new Debuggee(module, engine, options, std::move(sink)));
    auto wasi = TRY(options.wasi());
    CHECK(options.listen(wasi));
    auto preloads = TRY(options.load_preloads(engine));
    debuggee->wasi_ = std::move(wasi);
    debuggee->preloads_ = std::move(preloads);
    CHECK(debuggee->begin_life());
    return debuggee;
}

Debuggee::~Debuggee() = default;

/// Makes store and session, with the breakpoints of those before.
Result<void> Debuggee::begin_life()
{
    auto life = std::make_unique<Life>(engine_);
    if (const Error* error = life->session.error())
        return *error;
    options_.treat_unknown_imports(life->linker, module_, preloads_);
    if (auto added = add_wasi(life->linker, life->store, wasi_); !added)
        return Error("--dir: " + added.error().message());
    CHECK(life->session.on_message(sink_));
    CHECK(life->session.stop_on(stops_on_));
    std::map<uint32_t, uint32_t> ids;
    if (life_)
        for (const debug::Breakpoint& former : life_->session.breakpoints()) {
            const auto added = TRY(life->session.add_breakpoint(former.spec));
            ids[added] = id_of(former.id);
        }
    limits_.reset();
    stopped_.reset();
    end_.reset();
    watched_.clear();
    ids_ = std::move(ids);
    {
        const std::lock_guard lock(mutex_);
        std::swap(life_, life);
    }
    return {};
}

Result<void> Debuggee::run(Entry entry, bool stop_at_entry)
{
    entry.preloads = preloads_;
    if (stopped_ || end_)
        CHECK(begin_life());
    CHECK(check_imports(life_->linker, life_->store, module_, entry));
    const auto seconds = TRY(options_.seconds());
    if (seconds > 0) {
        limits_ = std::make_unique<Limits>(seconds, false);
        limits_->watch([&session = life_->session] { session.kill(); });
    }
    return take(life_->session.run(
        [&life = *life_, module = module_, entry = std::move(entry)] {
            return run_guest(life.linker, life.store, module, entry);
        },
        stop_at_entry));
}

/// Those on locals end with their frames: the session has dropped them, or the run is over.
void Debuggee::drop_ended_watchpoints()
{
    std::vector<uint32_t> alive;
    if (stopped_)
        for (const debug::Watchpoint& row : life_->session.watchpoints())
            alive.push_back(id_of(row.id));
    std::erase_if(watched_, [&](const auto& entry) {
        const auto& [id, watched] = entry;
        if (!watched.is_local || std::ranges::find(alive, id) != alive.end())
            return false;
        std::erase_if(ids_, [&](const auto& ours) { return ours.second == id; });
        ended_.push_back(id);
        return true;
    });
}

Result<void> Debuggee::take(debug::Event event)
{
    if (auto* stopped = std::get_if<debug::Stopped>(&event)) {
        select_innermost();
        stopped_.emplace(std::move(*stopped));
        drop_ended_watchpoints();
        return {};
    }
    auto& results = std::get<debug::Exited>(event).results;
    // What was refused has changed nothing: the guest stands where it stood.
    if (!results && life_->session.stopped()) {
        const Error refusal = results.error();
        if (auto still = life_->session.wait(); auto* stopped = std::get_if<debug::Stopped>(&still))
            stopped_.emplace(std::move(*stopped));
        return refusal;
    }
    select_innermost();
    if (limits_)
        limits_->stop();
    status_ = status_of(results, limits_ ? limits_->status() : std::nullopt);
    limits_.reset();
    end_.emplace(std::move(results));
    drop_ended_watchpoints();
    return {};
}

void Debuggee::kill()
{
    if (stopped_)
        (void)go_on([](debug::Session& session, debug::Stopped stopped, uint32_t) {
            return session.kill(std::move(stopped));
        });
}

Result<void> Debuggee::detach()
{
    if (!stopped_)
        return not_stopped();
    for (const BreakpointRow& row : breakpoints())
        (void)remove(row.id);
    for (const WatchpointRow& row : watchpoints())
        (void)remove(row.id);
    CHECK(life_->session.stop_on({ .uncaught_throw = false, .trap = false, .host_error = false }));
    return go_on([](debug::Session& session, debug::Stopped stopped, uint32_t) {
        return session.resume(std::move(stopped));
    });
}

void Debuggee::interrupt()
{
    const std::lock_guard lock(mutex_);
    if (life_)
        life_->session.interrupt();
}

std::vector<Instance> Debuggee::instances() const { return life_->store.instances(); }

std::optional<Instance> Debuggee::instance()
{
    if (stopped_) {
        if (const auto loaded = stopped_->reason().instance)
            return loaded;
        if (const auto all = frames())
            for (size_t i = frame_; i < all->size(); ++i)
                if (auto of = (*all)[i].instance())
                    return of;
    }
    const std::vector<Instance> all = instances();
    const auto program =
        std::ranges::find_if(all, [&](const Instance& instance) { return instance.module() == module_; });
    if (program != all.end())
        return *program;
    return all.empty() ? std::nullopt : std::optional(all.front());
}

Error Debuggee::not_stopped() const
{
    return Error(end_ ? "the program has exited: `run` starts it again"
                      : "the program is not running: `run` starts it");
}

Module Debuggee::module_in_view()
{
    const auto here = stopped_ ? instance() : std::nullopt;
    return here ? here->module() : module_;
}

std::vector<LoadedModule> Debuggee::modules() const
{
    std::vector<LoadedModule> all { { module_, options_.module } };
    for (const auto& [name, preload] : preloads_)
        all.push_back(preload);
    return all;
}

std::string Debuggee::preload_name(const Module& module) const
{
    for (const auto& [name, preload] : preloads_)
        if (preload.module == module)
            return name;
    return "";
}

// -- What is selected

void Debuggee::select_innermost()
{
    frame_ = 0;
    thread_ = 0;
}

Result<std::vector<debug::Frame>> Debuggee::frames()
{
    if (!stopped_)
        return not_stopped();
    if (thread_ == 0)
        return stopped_->frames();
    for (const debug::GuestThread& thread : stopped_->threads())
        if (thread.id() == thread_)
            return thread.frames();
    return Error(fmt::format("thread {} is gone", thread_));
}

Result<debug::Frame> Debuggee::frame()
{
    const auto all = TRY(frames());
    if (frame_ >= all.size())
        return Error("there is no frame here: the guest executes nothing");
    return all[frame_];
}

Result<void> Debuggee::select_frame(size_t number)
{
    const auto all = TRY(frames());
    if (number >= all.size())
        return Error(fmt::format("there is no frame {}: the number of frames is {}", number, all.size()));
    frame_ = number;
    return {};
}

Result<void> Debuggee::select_thread(uint32_t id)
{
    if (!stopped_)
        return not_stopped();
    for (const debug::GuestThread& thread : stopped_->threads())
        if (thread.id() == id) {
            thread_ = id;
            frame_ = 0;
            return {};
        }
    return Error(fmt::format("there is no thread {}", id));
}

// -- What stops it

uint32_t Debuggee::id_of(uint32_t session_id) const
{
    const auto found = ids_.find(session_id);
    return found == ids_.end() ? 0 : found->second;
}

Result<uint32_t> Debuggee::add_breakpoint(const debug::BreakpointSpec& spec)
{
    const auto added = TRY(life_->session.add_breakpoint(spec));
    return ids_[added] = next_id_++;
}

Result<void> Debuggee::change_breakpoint(uint32_t id, const debug::BreakpointSpec& spec)
{
    for (const debug::Breakpoint& row : life_->session.breakpoints())
        if (id_of(row.id) == id)
            return life_->session.change_breakpoint(row.id, spec);
    return Error(fmt::format("there is no breakpoint {}", id));
}

std::vector<BreakpointRow> Debuggee::breakpoints() const
{
    std::vector<BreakpointRow> rows;
    for (debug::Breakpoint& row : life_->session.breakpoints())
        rows.push_back({ id_of(row.id), std::move(row.spec), row.offset, row.hits });
    return rows;
}

Result<uint32_t> Debuggee::add_watchpoint(const debug::WatchpointSpec& spec, std::string place)
{
    const auto added = TRY(life_->session.add_watchpoint(spec));
    const uint32_t id = ids_[added] = next_id_++;
    watched_[id] = { std::move(place), std::holds_alternative<debug::FrameLocal>(spec.what) };
    return id;
}

std::vector<WatchpointRow> Debuggee::watchpoints() const
{
    std::vector<WatchpointRow> rows;
    for (const debug::Watchpoint& row : life_->session.watchpoints())
        if (const auto watched = watched_.find(id_of(row.id)); watched != watched_.end())
            rows.push_back({ watched->first, watched->second.place, row.access, row.hits });
    return rows;
}

Result<void> Debuggee::remove(uint32_t id)
{
    const auto found = std::ranges::find(ids_, id, [](const auto& entry) { return entry.second; });
    if (found == ids_.end())
        return nothing_with(id);
    const uint32_t session_id = found->first;
    ids_.erase(found);
    const bool is_watchpoint = watched_.erase(id) > 0;
    auto removed = is_watchpoint ? life_->session.remove_watchpoint(session_id)
                                 : life_->session.remove_breakpoint(session_id);
    return removed ? Result<void>() : nothing_with(id);
}

Result<void> Debuggee::stop_on(const debug::StopsOn& what)
{
    CHECK(life_->session.stop_on(what));
    stops_on_ = what;
    return {};
}

} // namespace vitrine::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/host.h"

#include <algorithm>
#include <filesystem>

namespace vitrine::core::dap {

namespace {

/// The exit statuses of the command: a trap ends a guest as SIGABRT ends a process.
constexpr int status_of_trap = 134;
constexpr int status_of_kill = 137;

Run::Ending ending_of(const debug::Outcome& outcome)
{
    if (outcome)
        return { .text = "exited" };
    const Trap* const trap = std::get_if<Trap>(&outcome.error());
    if (!trap)
        return { .status = 1, .text = std::get<Error>(outcome.error()).message, .is_trap = true };
    if (trap->kind == TrapKind::Exit)
        return { .status = static_cast<uint8_t>(trap->exit_status),
            .text = "exited with status " + std::to_string(trap->exit_status) };
    if (trap->kind == TrapKind::Killed)
        return { .status = status_of_kill, .text = "killed" };
    return { .status = status_of_trap, .text = "trap: " + trap->to_text(), .is_trap = true };
}

class AttachedRun final : public Run {
public:
    AttachedRun(std::shared_ptr<Host> host, std::shared_ptr<Host::Receiver> receiver)
        : host_(std::move(host)), receiver_(std::move(receiver))
    {
        host_->enter();
    }
    ~AttachedRun() override
    {
        if (!has_left_)
            host_->leave(false);
    }

    debug::Session& session() override { return host_->session(); }
    Result<void> start(bool stop_at_entry) override
    {
        host_->let_go(stop_at_entry);
        return {};
    }
    Ending ending() override { return host_->ending(); }
    void leave(debug::Client& client, bool suspends) override
    {
        client.remove_all_stops();
        has_left_ = true;
        host_->remove(receiver_, false);
        host_->leave(suspends);
    }

private:
    const std::shared_ptr<Host> host_;
    const std::shared_ptr<Host::Receiver> receiver_;
    bool has_left_ = false;
};

class AttachedProgram final : public Program {
public:
    AttachedProgram(std::shared_ptr<Host> host, const AttachSpec& spec, Launcher::Output output)
        : host_(std::move(host)),
          source_maps_(spec.source_maps),
          modules_(host_->modules()),
          receiver_(std::make_shared<Host::Receiver>())
    {
        receiver_->sink = std::move(output);
        number_ = host_->add(receiver_);
    }
    ~AttachedProgram() override { host_->remove(receiver_, true); }

    const std::vector<debug::LoadedModule>& modules() const override { return modules_; }
    debug::Demangle demangle() const override { return host_->guest().demangle; }
    source::PathOptions path_options(const Module& module) const override
    {
        source::PathOptions options;
        const auto loaded = std::ranges::find_if(
            modules_, [&](const debug::LoadedModule& each) { return each.module.get() == &module; });
        if (host_->guest().path_options)
            options = host_->guest().path_options(module);
        else if (loaded != modules_.end() && !loaded->path.empty())
            options.module_folder = std::filesystem::path(loaded->path).parent_path();
        for (const auto& [from, to] : source_maps_)
            options.mappings.push_back({ from, to.value_or("") });
        return options;
    }
    Result<std::unique_ptr<Run>> prepare() override
    {
        return std::make_unique<AttachedRun>(host_, receiver_);
    }

    std::string name() const override { return host_->guest().name; }
    std::string client_name() const override { return "editor " + std::to_string(number_); }
    bool is_attached() const override { return true; }
    bool ends_with_call() const override { return host_->guest().serves != Serves::Owner; }
    void update_modules() override
    {
        const std::vector<debug::LoadedModule> now = host_->modules();
        modules_.insert(modules_.end(), now.begin() + static_cast<ptrdiff_t>(modules_.size()), now.end());
    }

private:
    const std::shared_ptr<Host> host_;
    const LaunchSpec::TextMap source_maps_;
    std::vector<debug::LoadedModule> modules_;
    const std::shared_ptr<Host::Receiver> receiver_;
    size_t number_ = 0;
};

} // namespace

Host::Host(debug::Session& session, HostedGuest guest)
    : session_(session),
      guest_(std::move(guest)),
      is_waiting_(guest_.serves == Serves::Call),
      is_released_(guest_.serves == Serves::FreeCall)
{}

/// The listener may be called once more after its end.
std::shared_ptr<Host> Host::create(debug::Session& session, HostedGuest guest)
{
    std::shared_ptr<Host> host(new Host(session, std::move(guest)));
    const auto with_host = [weak = std::weak_ptr(host)](auto act) {
        return [weak, act](auto& told) {
            if (const auto there = weak.lock())
                act(*there, told);
        };
    };
    host->listener_ = session.add_listener({
        .events = with_host([](Host& to, const debug::Event& event) { to.on_event(event); }),
        .resumes = with_host([](Host& to, const debug::Resumed&) { to.on_resume(); }),
        .instances = with_host([](Host& to, Instance& instance) { to.announce({ instance.module, "" }); }),
    });
    return host;
}

Host::~Host() { session_.remove_listener(listener_); }

void Host::announce(debug::LoadedModule module)
{
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(modules_, module.module, &debug::LoadedModule::module) == modules_.end())
        modules_.push_back(std::move(module));
}

std::vector<debug::LoadedModule> Host::modules()
{
    {
        // Those that the listener was not there for.
        Store& store = session_.store();
        const debug::Session::Use use(session_, store, debug::Session::Use::Purpose::Data);
        if (use)
            for (Instance& instance : store.instances())
                announce({ instance.module, "" });
    }
    const std::lock_guard lock(mutex_);
    return modules_;
}

// Output.

void Host::send_output(Launcher::Stream stream, std::string_view bytes)
{
    std::vector<std::shared_ptr<Receiver>> receivers;
    {
        const std::lock_guard lock(mutex_);
        receivers = receivers_;
    }
    for (const auto& receiver : receivers) {
        const std::lock_guard lock(receiver->mutex);
        if (receiver->sink)
            receiver->sink(stream, bytes);
    }
}

size_t Host::add(std::shared_ptr<Receiver> receiver)
{
    const std::lock_guard lock(mutex_);
    receivers_.push_back(std::move(receiver));
    return ++last_number_;
}

void Host::remove(const std::shared_ptr<Receiver>& receiver, bool waits)
{
    {
        const std::lock_guard lock(mutex_);
        std::erase(receivers_, receiver);
    }
    if (!waits)
        return;
    const std::lock_guard lock(receiver->mutex);
    receiver->sink = nullptr;
}

// Clients.

std::unique_ptr<Program> Host::attach(const AttachSpec& spec, const Launcher::Output& output)
{
    return std::make_unique<AttachedProgram>(shared_from_this(), spec, output);
}

void Host::enter()
{
    const std::lock_guard lock(mutex_);
    ++clients_;
}

void Host::let_go(bool stop_at_entry)
{
    bool was_waiting = false;
    {
        const std::lock_guard lock(mutex_);
        was_waiting = std::exchange(is_waiting_, false);
        is_released_ = is_released_ || (was_waiting && !stop_at_entry);
        is_suspended_ = false;
        had_client_ = true;
        changed_.notify_all();
    }
    const auto reason = session_.stopped();
    if (stop_at_entry && !was_waiting && !reason)
        session_.interrupt();
    if (!stop_at_entry && was_waiting && reason && reason->kind == debug::StopKind::Entry)
        resume_from(*reason);
}

void Host::leave(bool suspends)
{
    bool stays = suspends;
    {
        const std::lock_guard lock(mutex_);
        --clients_;
        is_suspended_ = is_suspended_ || suspends;
        stays = !has_nobody();
        changed_.notify_all();
    }
    if (suspends)
        session_.interrupt();
    const auto reason = session_.stopped();
    if (!stays && reason)
        resume_from(*reason);
}

/// Fails if somebody else has resumed it, or if another client has exclusive control.
void Host::resume_from(const debug::StopReason& reason) { (void)session_.resume({}, reason.number); }

// Events, on the guest's threads.

void Host::on_event(const debug::Event& event)
{
    if (const auto* reason = std::get_if<debug::StopReason>(&event))
        return on_stop(*reason);
    Run::Ending ending = ending_of(std::get<debug::Outcome>(event));
    const std::lock_guard lock(mutex_);
    ending_ = std::move(ending);
    ++resumes_;
    changed_.notify_all();
}

void Host::on_resume()
{
    const std::lock_guard lock(mutex_);
    is_waiting_ = is_suspended_ = false;
    ++resumes_;
    changed_.notify_all();
}

void Host::on_stop(const debug::StopReason& reason)
{
    if (guest_.serves == Serves::Owner)
        return;
    bool goes_on = false;
    {
        const std::lock_guard lock(mutex_);
        goes_on = has_nobody() || (is_released_ && reason.kind == debug::StopKind::Entry);
    }
    if (goes_on)
        resume_from(reason);
}

Run::Ending Host::ending() const
{
    if (guest_.ending)
        return guest_.ending();
    const std::lock_guard lock(mutex_);
    return ending_.value_or(Run::Ending { .text = "ended" });
}

void Host::wait_for_client()
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return had_client_; });
}

void Host::wait_while_stopped()
{
    uint64_t before = 0;
    {
        const std::lock_guard lock(mutex_);
        before = resumes_;
    }
    const auto reason = session_.stopped();
    if (!reason)
        return;
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return resumes_ != before || has_nobody() || is_closed_; });
        if (resumes_ != before)
            return;
    }
    resume_from(*reason);
}

void Host::close()
{
    const std::lock_guard lock(mutex_);
    had_client_ = is_closed_ = true;
    changed_.notify_all();
}

// The launcher.

Result<std::unique_ptr<Program>> HostLauncher::load(const LaunchSpec&, Output)
{
    return failure("a guest runs here already: use `attach` instead of `launch`");
}

Result<Launcher::Attached> HostLauncher::attach(const AttachSpec& spec, const Output& output)
{
    return host_->attach(spec, output);
}

} // namespace vitrine::core::dap

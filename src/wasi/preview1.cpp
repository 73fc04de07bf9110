// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview1.h"

#include "wasi/descriptor.h"

#include <array>
#include <cerrno>
#include <climits>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

// Everything that is no file: arguments, clocks, random numbers, waiting, ending; and the table's entry into the linker.

namespace vitrine::core::wasi {

// Calls.

std::optional<std::span<uint8_t>> Call::bytes(uint32_t address, uint64_t count) const
{
    if (!memory_.contains(address, count))
        return std::nullopt;
    return std::span(memory_.base() + address, count);
}

std::optional<std::string_view> Call::text(uint32_t address, uint32_t length) const
{
    const auto span = bytes(address, length);
    return span ? std::optional(text_of(*span)) : std::nullopt;
}

// The host.

Preview1::Preview1(Config config) : config_(std::move(config))
{
    for (const auto& [name, value] : config_.env)
        env_.push_back(name + "=" + value);
}

Result<std::shared_ptr<Preview1>> Preview1::create(Config config)
{
    std::shared_ptr<Preview1> host(new Preview1(std::move(config)));
    for (int fd = 0; fd < 3; ++fd)
        host->add({ .shared_fd = fd, .is_terminal = isatty(fd) == 1 });
    host->find(1)->sink = host->config_.stdout_sink;
    host->find(2)->sink = host->config_.stderr_sink;
    for (const Preopen& preopen : host->config_.preopens) {
        UniqueFd folder(open(preopen.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!folder)
            return failure("cannot open the folder " + preopen.host_path + ": " + std::strerror(errno));
        host->add({ .own_fd = std::move(folder), .is_folder = true, .preopen = preopen.guest_path });
    }
    return host;
}

/// Waits until the descriptor is ready, the time is over or the guest must end. Without a descriptor `fd` is -1.
Preview1::Ready Preview1::wait_for(Call& call, int fd, short events, std::optional<uint64_t> nanoseconds)
{
    std::array<pollfd, 2> polled { pollfd { config_.wake_fd, POLLIN, 0 }, pollfd { fd, events, 0 } };
    timespec start {};
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (;;) {
        std::optional<timespec> left;
        if (nanoseconds) {
            timespec now {};
            clock_gettime(CLOCK_MONOTONIC, &now);
            const auto passed = static_cast<uint64_t>(
                (now.tv_sec - start.tv_sec) * 1'000'000'000 + (now.tv_nsec - start.tv_nsec));
            const uint64_t rest = *nanoseconds > passed ? *nanoseconds - passed : 0;
            left = timespec { static_cast<time_t>(rest / 1'000'000'000),
                static_cast<long>(rest % 1'000'000'000) };
        }
        const int count = ppoll(polled.data(), polled.size(), left ? &*left : nullptr, nullptr);
        if (count > 0 && polled[0].revents) {
            uint64_t drained = 0;
            eventfd_read(config_.wake_fd, &drained);
            if (config_.on_wake && config_.on_wake())
                continue;
            call.trap = Trap { .kind = TrapKind::Interrupted };
            return Ready::Ended;
        }
        if (count >= 0 || errno != EINTR)
            return Ready::Yes;
    }
}

// Arguments and environment.

Errno Preview1::list_strings(Call& call, std::span<const std::string> strings) const
{
    uint32_t pointer = call.i(0), buffer = call.i(1);
    for (const std::string& text : strings) {
        const auto to = call.bytes(buffer, text.size() + 1);
        if (!to || !call.store(pointer, buffer))
            return Errno::Fault;
        std::memcpy(to->data(), text.c_str(), text.size() + 1);
        pointer += 4;
        buffer += static_cast<uint32_t>(text.size() + 1);
    }
    return Errno::Success;
}

Errno Preview1::list_sizes(Call& call, std::span<const std::string> strings) const
{
    uint64_t bytes = 0;
    for (const std::string& text : strings)
        bytes += text.size() + 1;
    if (bytes > UINT32_MAX)
        return Errno::Overflow;
    const bool stored = call.store(call.i(0), static_cast<uint32_t>(strings.size()))
        && call.store(call.i(1), static_cast<uint32_t>(bytes));
    return stored ? Errno::Success : Errno::Fault;
}

Errno Preview1::args_get(Call& call) { return list_strings(call, config_.args); }
Errno Preview1::args_sizes_get(Call& call) { return list_sizes(call, config_.args); }
Errno Preview1::environ_get(Call& call) { return list_strings(call, env_); }
Errno Preview1::environ_sizes_get(Call& call) { return list_sizes(call, env_); }

// Clocks and random numbers.

namespace {

constexpr uint64_t second = 1'000'000'000;

std::optional<clockid_t> clock_of(uint32_t id)
{
    constexpr std::array clocks { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
        CLOCK_THREAD_CPUTIME_ID };
    return id < clocks.size() ? std::optional(clocks[id]) : std::nullopt;
}

uint64_t nanoseconds_of(const timespec& time)
{
    return static_cast<uint64_t>(time.tv_sec) * second + static_cast<uint64_t>(time.tv_nsec);
}

} // namespace

Errno Preview1::clock_res_get(Call& call)
{
    const auto clock = clock_of(call.i(0));
    timespec resolution {};
    if (!clock)
        return Errno::Invalid;
    if (clock_getres(*clock, &resolution) != 0)
        return errno_of(errno);
    return call.store(call.i(1), nanoseconds_of(resolution)) ? Errno::Success : Errno::Fault;
}

Errno Preview1::clock_time_get(Call& call)
{
    const auto clock = clock_of(call.i(0));
    timespec now {};
    if (!clock)
        return Errno::Invalid;
    if (clock_gettime(*clock, &now) != 0)
        return errno_of(errno);
    return call.store(call.i(2), nanoseconds_of(now)) ? Errno::Success : Errno::Fault;
}

Errno Preview1::random_get(Call& call)
{
    const auto to = call.bytes(call.i(0), call.i(1));
    if (!to)
        return Errno::Fault;
    for (size_t done = 0; done < to->size();) {
        const ssize_t count = getrandom(to->data() + done, to->size() - done, 0);
        if (count < 0 && errno != EINTR)
            return errno_of(errno);
        done += count > 0 ? static_cast<size_t>(count) : 0;
    }
    return Errno::Success;
}

// The process.

Errno Preview1::proc_exit(Call& call)
{
    call.trap = Trap { .kind = TrapKind::Exit, .exit_status = static_cast<int32_t>(call.i(0)) };
    return Errno::Success;
}

Errno Preview1::proc_raise(Call&) { return Errno::NotSupported; }

Errno Preview1::sched_yield(Call&)
{
    ::sched_yield();
    return Errno::Success;
}

// Waiting. [wasi: preview1, subscription and event]

namespace {

struct Subscription {
    static constexpr uint32_t bytes = 48;
    enum class Kind : uint8_t { Clock, Read, Write };

    explicit Subscription(const uint8_t* from)
        : user_data(load<uint64_t>(from)),
          kind(static_cast<Kind>(from[8])),
          id(load<uint32_t>(from + 16)),
          timeout(load<uint64_t>(from + 24)),
          is_absolute(load<uint16_t>(from + 40) & 1)
    {}

    uint64_t user_data;
    Kind kind;
    /// The clock or the descriptor.
    uint32_t id;
    uint64_t timeout;
    bool is_absolute;
};

struct Event {
    static constexpr uint32_t bytes = 32;

    void store(uint8_t* to) const
    {
        std::memset(to, 0, bytes);
        std::memcpy(to, &user_data, 8);
        std::memcpy(to + 8, &error, 2);
        to[10] = static_cast<uint8_t>(kind);
        std::memcpy(to + 16, &available, 8);
    }

    uint64_t user_data;
    Errno error;
    Subscription::Kind kind;
    uint64_t available = 0;
};

/// How long from now a clock's subscription lasts.
OrErrno<uint64_t> duration_of(const Subscription& subscription)
{
    const auto clock = clock_of(subscription.id);
    timespec now {};
    if (!clock || clock_gettime(*clock, &now) != 0)
        return std::unexpected(Errno::Invalid);
    if (!subscription.is_absolute)
        return subscription.timeout;
    const uint64_t passed = nanoseconds_of(now);
    return subscription.timeout > passed ? subscription.timeout - passed : 0;
}

} // namespace

Errno Preview1::poll_oneoff(Call& call)
{
    const uint32_t count = call.i(2);
    if (count == 0)
        return Errno::Invalid;
    const auto in = call.bytes(call.i(0), uint64_t { count } * Subscription::bytes);
    const auto out = call.bytes(call.i(1), uint64_t { count } * Event::bytes);
    if (!in || !out || !call.bytes(call.i(3), 4))
        return Errno::Fault;
    std::vector<Event> events;
    std::optional<std::pair<uint64_t, Subscription>> first_clock;
    std::vector<std::pair<Subscription, int>> waiting;
    for (uint32_t i = 0; i < count; ++i) {
        const Subscription subscription(in->data() + size_t { i } * Subscription::bytes);
        if (subscription.kind == Subscription::Kind::Clock) {
            const auto duration = duration_of(subscription);
            if (!duration)
                events.push_back({ subscription.user_data, duration.error(), subscription.kind });
            else if (!first_clock || *duration < first_clock->first)
                first_clock.emplace(*duration, subscription);
        } else if (subscription.kind <= Subscription::Kind::Write) {
            const Descriptor* descriptor = find(subscription.id);
            const int fd = system_fd(subscription.id);
            if (!descriptor)
                events.push_back({ subscription.user_data, Errno::BadFd, subscription.kind });
            else if (fd < 0 || subscription.kind == Subscription::Kind::Write)
                events.push_back({ subscription.user_data, Errno::Success, subscription.kind, 1 });
            else
                waiting.emplace_back(subscription, fd);
        } else {
            return Errno::Invalid;
        }
    }
    for (const auto& [subscription, fd] : waiting) {
        pollfd polled { fd, POLLIN, 0 };
        if (poll(&polled, 1, 0) > 0)
            events.push_back({ subscription.user_data, Errno::Success, subscription.kind, 1 });
    }
    if (events.empty()) {
        // One descriptor is waited for; of several the first, for as long as the clock allows.
        const int fd = waiting.empty() ? -1 : waiting.front().second;
        if (wait_for(call, fd, POLLIN, first_clock ? std::optional(first_clock->first) : std::nullopt)
            == Ready::Ended)
            return Errno::Interrupted;
        pollfd polled { fd, POLLIN, 0 };
        if (fd >= 0 && poll(&polled, 1, 0) > 0)
            events.push_back(
                { waiting.front().first.user_data, Errno::Success, Subscription::Kind::Read, 1 });
        else if (first_clock)
            events.push_back({ first_clock->second.user_data, Errno::Success, Subscription::Kind::Clock });
    }
    for (size_t i = 0; i < events.size(); ++i)
        events[i].store(out->data() + i * Event::bytes);
    call.store(call.i(3), static_cast<uint32_t>(events.size()));
    return Errno::Success;
}

// Sockets: there are none to be had.

Errno Preview1::sock_accept(Call& call) { return find(call.i(0)) ? Errno::NotSocket : Errno::BadFd; }
Errno Preview1::sock_recv(Call& call) { return find(call.i(0)) ? Errno::NotSocket : Errno::BadFd; }
Errno Preview1::sock_send(Call& call) { return find(call.i(0)) ? Errno::NotSocket : Errno::BadFd; }
Errno Preview1::sock_shutdown(Call& call) { return find(call.i(0)) ? Errno::NotSocket : Errno::BadFd; }

// The table.

namespace {

struct Row {
    std::string_view name;
    std::string_view parameters;
    Errno (Preview1::*function)(Call&);
};

constexpr Row rows[] {
#define FUNCTION(name, parameters) { #name, #parameters, &Preview1::name },
#include "wasi/preview1.inc"
};

constexpr std::string_view names[] {
#define FUNCTION(name, parameters) #name,
#include "wasi/preview1.inc"
};

FuncType type_of(const Row& row)
{
    FuncType type;
    for (const char letter : row.parameters)
        type.params.push_back(letter == 'i' ? ValueType::i32 : ValueType::i64);
    if (row.name != "proc_exit")
        type.results.push_back(ValueType::i32);
    return type;
}

HostOutcome run(Preview1& host, const Row& row, HostCall& call)
{
    const auto exported = call.caller ? call.caller->find_export("memory") : std::nullopt;
    Memory* const* memory = exported ? std::get_if<Memory*>(&*exported) : nullptr;
    if (!memory)
        return Trap { .kind = TrapKind::HostError,
            .message = std::string(row.name) + " needs a caller that exports its memory as \"memory\"" };
    Call arguments(call, **memory);
    const Errno error = (host.*row.function)(arguments);
    if (arguments.trap)
        return std::move(*arguments.trap);
    if (!call.slots.empty())
        call.slots[0] = static_cast<Slot>(error);
    return Returned {};
}

} // namespace

Result<void> define(Linker& linker, std::shared_ptr<Preview1> host)
{
    constexpr auto module = "wasi_snapshot_preview1";
    for (const Row& row : rows) {
        const auto callback = [host, &row](HostCall& call) { return run(*host, row, call); };
        CHECK(linker.define(module, std::string(row.name),
            std::make_shared<const HostFunction>(
                HostFunction { module, std::string(row.name), type_of(row), callback })));
    }
    return {};
}

std::span<const std::string_view> function_names() { return names; }

} // namespace vitrine::core::wasi

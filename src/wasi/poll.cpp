// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview1.h"
#include "wasi/wait.h"

#include <algorithm>
#include <ctime>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unordered_map>

namespace vitrine::core::wasi {

namespace {

constexpr uint64_t second = 1'000'000'000;
/// More than a guest has descriptors, and not so many that they cost the host much memory.
constexpr Number max_subscriptions = 8192;

/// The rest of the time as ppoll takes it; none is left behind a deadline.
timespec time_until(uint64_t deadline)
{
    const uint64_t now = host_time(CLOCK_MONOTONIC);
    const uint64_t rest = deadline > now ? deadline - now : 0;
    return { static_cast<time_t>(rest / second), static_cast<long>(rest % second) };
}

/// What a guest subscribes to.
struct Subscription {
    enum class Kind : uint8_t { Clock, Read, Write };
    static constexpr uint16_t absolute = 1;

    uint64_t user_data;
    Kind kind;
    /// Of a clock: when its event happens on the host's monotonic clock.
    uint64_t deadline = 0;
    /// Of a file: the file, and its place among those that are polled.
    std::shared_ptr<File> file {};
    size_t polled = 0;
    /// Why there is nothing to wait for.
    Errno error = Errno::Success;
};

constexpr short events_of(Subscription::Kind kind)
{
    return kind == Subscription::Kind::Read ? POLLIN : POLLOUT;
}

struct Event {
    uint64_t user_data;
    Errno error;
    uint8_t kind;
    uint64_t bytes;
    uint16_t flags;
};

constexpr size_t event_bytes = 32;
constexpr uint16_t hangup = 1;

void put_event(uint8_t* at, const Event& event)
{
    std::memset(at, 0, event_bytes);
    std::memcpy(at, &event.user_data, 8);
    std::memcpy(at + 8, &event.error, 2);
    std::memcpy(at + 10, &event.kind, 1);
    std::memcpy(at + 16, &event.bytes, 8);
    std::memcpy(at + 24, &event.flags, 2);
}

/// When a subscribed clock strikes, on the host's monotonic clock.
Answer<uint64_t> deadline_of(Call& call, const uint8_t* clock)
{
    const auto id = load<uint32_t>(clock);
    const auto timeout = load<uint64_t>(clock + 8);
    const auto flags = load<uint16_t>(clock + 24);
    if (id > static_cast<uint32_t>(Clock::Monotonic))
        return refuse(id < clock_count ? Errno::Notsup : Errno::Inval);
    const uint64_t now = host_time(CLOCK_MONOTONIC);
    uint64_t rest = timeout;
    if (flags & Subscription::absolute) {
        const uint64_t present = time_of(call, static_cast<Clock>(id));
        rest = timeout > present ? timeout - present : 0;
    }
    return now > UINT64_MAX - rest ? UINT64_MAX : now + rest;
}

Subscription subscription_of(Call& call, const uint8_t* at)
{
    Subscription wanted { load<uint64_t>(at), static_cast<Subscription::Kind>(at[8]) };
    if (wanted.kind > Subscription::Kind::Write) {
        wanted.error = Errno::Inval;
    } else if (wanted.kind == Subscription::Kind::Clock) {
        const auto deadline = deadline_of(call, at + call.snapshot.clock_at);
        wanted.deadline = deadline.value_or(0);
        wanted.error = deadline ? Errno::Success : deadline.error();
    } else if (auto file = call.file(load<Fd>(at + 16))) {
        wanted.file = std::move(*file);
    } else {
        wanted.error = file.error();
    }
    return wanted;
}

/// How much can be read at once.
uint64_t readable_bytes(const File& file)
{
    struct stat status;
    if (file.type() == FileType::RegularFile) {
        const off_t at = ::lseek(file.host(), 0, SEEK_CUR);
        return ::fstat(file.host(), &status) == 0 && at >= 0 && at < status.st_size
            ? static_cast<uint64_t>(status.st_size - at)
            : 0;
    }
    int count = 0;
    return ::ioctl(file.host(), FIONREAD, &count) == 0 && count > 0 ? static_cast<uint64_t>(count) : 0;
}

/// The event of a subscription, if it has happened.
std::optional<Event> event_of(const Subscription& wanted, const std::vector<pollfd>& polled, uint64_t now)
{
    Event event { wanted.user_data, wanted.error, static_cast<uint8_t>(wanted.kind), 0, 0 };
    if (wanted.error != Errno::Success)
        return event;
    if (wanted.kind == Subscription::Kind::Clock)
        return now >= wanted.deadline ? std::optional(event) : std::nullopt;
    // The file may be ready for what another subscription wants.
    const auto happened = static_cast<short>(
        polled[wanted.polled].revents & (events_of(wanted.kind) | POLLERR | POLLHUP | POLLNVAL));
    if (happened == 0)
        return std::nullopt;
    if (wanted.kind == Subscription::Kind::Read)
        event.bytes = readable_bytes(*wanted.file);
    if (happened & (POLLHUP | POLLERR))
        event.flags = hangup;
    return event;
}

} // namespace

uint64_t host_time(clockid_t clock)
{
    timespec time {};
    ::clock_gettime(clock, &time);
    return static_cast<uint64_t>(time.tv_sec) * second + static_cast<uint64_t>(time.tv_nsec);
}

Answer<void> wait(Call& call, std::vector<pollfd>& polled, std::optional<uint64_t> deadline)
{
    // Most often something is ready, and nobody needs to be able to wake us.
    const int at_once = ::poll(polled.data(), polled.size(), 0);
    if (at_once > 0 || (deadline && *deadline <= host_time(CLOCK_MONOTONIC)))
        return {};
    const auto& may_go_on = call.host.config().may_go_on;
    const int waker = call.host.wake_fd(call.store);
    bool is_ended = false;
    while (!is_ended) {
        // What is asked before this is noticed by the question, what is asked after it by the poll.
        eventfd_t forgotten;
        ::eventfd_read(waker, &forgotten);
        if (may_go_on && !may_go_on(call.store))
            break;
        const timespec rest = deadline ? time_until(*deadline) : timespec {};
        polled.push_back({ waker, POLLIN, 0 });
        const int ready = ::ppoll(polled.data(), polled.size(), deadline ? &rest : nullptr, nullptr);
        const bool is_woken = ready > 0 && polled.back().revents != 0;
        polled.pop_back();
        if (ready < 0 && errno != EINTR)
            return host_error();
        if (ready > (is_woken ? 1 : 0) || (deadline && *deadline <= host_time(CLOCK_MONOTONIC)))
            return {};
        is_ended = is_woken && !may_go_on;
    }
    call.trap = Trap { .kind = TrapKind::Interrupted };
    return refuse(Errno::Intr);
}

Answer<void> Call::check_requests()
{
    const auto& may_go_on = host.config().may_go_on;
    eventfd_t forgotten;
    const bool is_ended =
        may_go_on ? !may_go_on(store) : ::eventfd_read(host.wake_fd(store), &forgotten) == 0;
    if (!is_ended)
        return {};
    trap = Trap { .kind = TrapKind::Interrupted };
    return refuse(Errno::Intr);
}

bool is_ready(const File& file, short events)
{
    pollfd polled { file.host(), events, 0 };
    const int ready = ::poll(&polled, 1, 0);
    if (ready == 0)
        errno = EAGAIN;
    return ready > 0;
}

Answer<void> wait_for(Call& call, const File& file, short events)
{
    if (file.is_nonblocking())
        return refuse(Errno::Again);
    std::vector<pollfd> polled { { file.host(), events, 0 } };
    return wait(call, polled, std::nullopt);
}

Answer<void> poll_oneoff(Call& call, Pointer subscriptions, Pointer events, Number count, Pointer event_count)
{
    if (count == 0 || count > max_subscriptions)
        return refuse(Errno::Inval);
    const uint32_t stride = call.snapshot.subscription_bytes;
    const auto list = TRY(call.bytes(subscriptions, uint64_t { count } * stride));
    (void)TRY(call.bytes(events, uint64_t { count } * event_bytes));
    const auto event_count_out = TRY(call.out<Number>(event_count));

    std::vector<Subscription> wanted;
    // Each file once: the host takes no more than a process may have open.
    std::vector<pollfd> polled;
    std::unordered_map<const File*, size_t> places;
    std::optional<uint64_t> deadline;
    for (Number i = 0; i < count; ++i) {
        Subscription& next = wanted.emplace_back(subscription_of(call, &list[i * size_t { stride }]));
        if (next.file) {
            const auto [place, is_new] = places.try_emplace(next.file.get(), polled.size());
            if (is_new)
                polled.push_back({ next.file->host(), 0, 0 });
            next.polled = place->second;
            polled[next.polled].events |= events_of(next.kind);
        } else {
            // What is wrong is told at once.
            deadline =
                std::min(deadline.value_or(UINT64_MAX), next.error == Errno::Success ? next.deadline : 0);
        }
    }
    CHECK(wait(call, polled, deadline));

    const uint64_t now = host_time(CLOCK_MONOTONIC);
    const auto room = TRY(call.bytes(events, uint64_t { count } * event_bytes));
    Number happened = 0;
    for (const Subscription& subscription : wanted)
        if (const auto event = event_of(subscription, polled, now))
            put_event(&room[happened++ * event_bytes], *event);
    event_count_out.put(happened);
    return {};
}

} // namespace vitrine::core::wasi

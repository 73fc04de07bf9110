// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/io.h"
#include "host/wait.h"
#include "wasi/fields.h"
#include "wasi/preview1.h"

// The function poll_oneoff.

namespace vitrine::core::wasi {

namespace {

/// More than a guest can have descriptors, but few enough to cost the host little memory.
constexpr Number max_subscriptions = 8192;

/// What a guest subscribes to.
struct Subscription {
    enum class Kind : uint8_t { Clock, Read, Write };
    static constexpr uint16_t absolute = 1;

    uint64_t user_data;
    Kind kind;
    /// For a clock: the time of its event on the host's monotonic clock.
    uint64_t deadline = 0;
    /// For a file: the file, and its place in the set.
    std::shared_ptr<File> file {};
    size_t place = 0;
    /// Why this subscription cannot be waited for.
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

Fields<event_bytes> fields_of(const Event& event)
{
    Fields<event_bytes> fields;
    fields.put(0, event.user_data);
    fields.put(8, event.error);
    fields.put(10, event.kind);
    fields.put(16, event.bytes);
    fields.put(24, event.flags);
    return fields;
}

/// The time of a clock subscription's event on the host's monotonic clock.
Answer<uint64_t> deadline_of(Call& call, const uint8_t* clock)
{
    const auto id = load<uint32_t>(clock);
    const auto timeout = load<uint64_t>(clock + 8);
    const auto flags = load<uint16_t>(clock + 24);
    if (id > static_cast<uint32_t>(Clock::Monotonic))
        return refuse(id < clock_count ? Errno::Notsup : Errno::Inval);
    if (flags & Subscription::absolute)
        return call.process.world().deadline_at(static_cast<Clock>(id), timeout);
    return host::deadline_after(timeout);
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

/// The event of a subscription, if it has happened.
std::optional<Event> event_of(const Subscription& wanted, const host::WaitSet& set, uint64_t now)
{
    Event event { wanted.user_data, wanted.error, static_cast<uint8_t>(wanted.kind), 0, 0 };
    if (wanted.error != Errno::Success)
        return event;
    if (wanted.kind == Subscription::Kind::Clock)
        return now >= wanted.deadline ? std::optional(event) : std::nullopt;
    // The file may be ready only for what another subscription wants.
    const short happened = set.happened(wanted.place, events_of(wanted.kind));
    if (happened == 0)
        return std::nullopt;
    if (wanted.kind == Subscription::Kind::Read)
        event.bytes = host::readable_bytes(*wanted.file);
    if (happened & (POLLHUP | POLLERR))
        event.flags = hangup;
    return event;
}

} // namespace

Answer<void> poll_oneoff(Call& call, Pointer subscriptions, Pointer events, Number count, Pointer event_count)
{
    if (count == 0 || count > max_subscriptions)
        return refuse(Errno::Inval);
    const uint32_t stride = call.snapshot.subscription_bytes;
    const auto list = TRY(call.in(subscriptions, uint64_t { count } * stride));
    const auto room = TRY(call.room(events, uint64_t { count } * event_bytes));
    const auto event_count_out = TRY(call.out<Number>(event_count));

    std::vector<Subscription> wanted;
    host::WaitSet set;
    for (Number i = 0; i < count; ++i) {
        Subscription& next = wanted.emplace_back(subscription_of(call, &list[i * size_t { stride }]));
        if (next.file) {
            next.place = set.add(*next.file, events_of(next.kind));
        } else {
            // An invalid subscription is reported without waiting.
            set.add(next.error == Errno::Success ? next.deadline : 0);
        }
    }
    CHECK(set.wait(call));

    const uint64_t now = host::time_of(Clock::Monotonic);
    Number happened = 0;
    for (const Subscription& subscription : wanted)
        if (const auto event = event_of(subscription, set, now))
            room.put(event_bytes * uint64_t { happened++ }, fields_of(*event).bytes());
    event_count_out.put(happened);
    return {};
}

} // namespace vitrine::core::wasi

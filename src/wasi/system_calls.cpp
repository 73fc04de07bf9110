// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview1.h"
#include "wasi/wait.h"

#include <algorithm>
#include <sched.h>
#include <sys/random.h>

// What is not about files: arguments, environment, clocks, random bytes, the end.

namespace vitrine::core::wasi {

namespace {

Number size_of(const std::vector<std::string>& strings)
{
    Number size = 0;
    for (const std::string& string : strings)
        size += static_cast<Number>(string.size()) + 1;
    return size;
}

/// Writes strings, each with a NUL behind it, and their addresses.
Answer<void> put_strings(
    Call& call, const std::vector<std::string>& strings, Pointer addresses, Pointer buffer)
{
    const auto list = TRY(call.bytes(addresses, strings.size() * sizeof(Pointer)));
    const auto room = TRY(call.bytes(buffer, size_of(strings)));
    size_t used = 0;
    for (size_t i = 0; i < strings.size(); ++i) {
        const auto address = static_cast<uint32_t>(static_cast<uint32_t>(buffer) + used);
        std::memcpy(&list[i * sizeof address], &address, sizeof address);
        std::memcpy(&room[used], strings[i].c_str(), strings[i].size() + 1);
        used += strings[i].size() + 1;
    }
    return {};
}

Answer<void> put_sizes(Call& call, const std::vector<std::string>& strings, Pointer count, Pointer size)
{
    const auto count_out = TRY(call.out<Number>(count));
    const auto size_out = TRY(call.out<Number>(size));
    count_out.put(static_cast<Number>(strings.size()));
    size_out.put(size_of(strings));
    return {};
}

constexpr clockid_t host_clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
    CLOCK_THREAD_CPUTIME_ID };
static_assert(std::size(host_clocks) == clock_count);

} // namespace

uint64_t time_of(const Call& call, Clock clock)
{
    const auto& replaced = call.host.config().clock;
    return replaced ? replaced(clock) : host_time(host_clocks[static_cast<uint32_t>(clock)]);
}

Answer<void> args_get(Call& call, Pointer addresses, Pointer buffer)
{
    return put_strings(call, call.host.config().args, addresses, buffer);
}

Answer<void> args_sizes_get(Call& call, Pointer count, Pointer size)
{
    return put_sizes(call, call.host.config().args, count, size);
}

Answer<void> environ_get(Call& call, Pointer addresses, Pointer buffer)
{
    return put_strings(call, call.host.environment(), addresses, buffer);
}

Answer<void> environ_sizes_get(Call& call, Pointer count, Pointer size)
{
    return put_sizes(call, call.host.environment(), count, size);
}

Answer<void> clock_res_get(Call& call, Number clock, Pointer result)
{
    const auto out = TRY(call.out<Long>(result));
    if (clock >= clock_count)
        return refuse(Errno::Inval);
    timespec resolution {};
    if (::clock_getres(host_clocks[clock], &resolution) != 0)
        return host_error();
    out.put(call.host.config().clock
            ? 1
            : static_cast<Long>(resolution.tv_sec) * 1'000'000'000 + static_cast<Long>(resolution.tv_nsec));
    return {};
}

Answer<void> clock_time_get(Call& call, Number clock, Long, Pointer result)
{
    const auto out = TRY(call.out<Long>(result));
    if (clock >= clock_count)
        return refuse(Errno::Inval);
    out.put(time_of(call, static_cast<Clock>(clock)));
    return {};
}

Answer<void> proc_exit(Call& call, Number status)
{
    call.trap = Trap { .kind = TrapKind::Exit, .exit_status = static_cast<int32_t>(status) };
    return {};
}

Answer<void> proc_raise(Call&, Number) { return refuse(Errno::Notsup); }

Answer<void> sched_yield(Call&)
{
    ::sched_yield();
    return {};
}

Answer<void> random_get(Call& call, Pointer buffer, Number length)
{
    (void)TRY(call.bytes(buffer, length));
    const auto& replaced = call.host.config().random;
    for (Number done = 0; done < length;) {
        if (done != 0)
            CHECK(call.check_requests());
        const Number size = std::min<Number>(length - done, bytes_at_once);
        const auto piece = TRY(call.bytes(Pointer { static_cast<Number>(buffer) + done }, size));
        ssize_t got = size;
        if (replaced)
            replaced(std::as_writable_bytes(piece));
        else
            got = ::getrandom(piece.data(), piece.size(), 0);
        if (got < 0 && errno != EINTR)
            return host_error();
        done += static_cast<Number>(std::max<ssize_t>(got, 0));
    }
    return {};
}

} // namespace vitrine::core::wasi

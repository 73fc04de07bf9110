// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/fields.h"
#include "wasi/preview1.h"

#include <algorithm>
#include <sched.h>

// The functions that have nothing to do with files: arguments, environment, clocks, random bytes,
// exit.

namespace vitrine::core::wasi {

namespace {

Number size_of(const std::vector<std::string>& strings)
{
    Number size = 0;
    for (const std::string& string : strings)
        size += static_cast<Number>(string.size()) + 1;
    return size;
}

/// Writes strings, each followed by a NUL, and their addresses.
Answer<void> put_strings(
    Call& call, const std::vector<std::string>& strings, Pointer addresses, Pointer buffer)
{
    const auto list = TRY(call.room(addresses, strings.size() * sizeof(Pointer)));
    const auto room = TRY(call.room(buffer, size_of(strings)));
    size_t used = 0;
    for (size_t i = 0; i < strings.size(); ++i) {
        Fields<sizeof(Pointer)> address;
        address.put(0, static_cast<uint32_t>(static_cast<uint32_t>(buffer) + used));
        list.put(i * sizeof(Pointer), address.bytes());
        room.put(used, bytes_of(std::string_view(strings[i].c_str(), strings[i].size() + 1)));
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

} // namespace

Answer<void> args_get(Call& call, Pointer addresses, Pointer buffer)
{
    return put_strings(call, call.process.world().config().args, addresses, buffer);
}

Answer<void> args_sizes_get(Call& call, Pointer count, Pointer size)
{
    return put_sizes(call, call.process.world().config().args, count, size);
}

Answer<void> environ_get(Call& call, Pointer addresses, Pointer buffer)
{
    return put_strings(call, call.process.world().environment(), addresses, buffer);
}

Answer<void> environ_sizes_get(Call& call, Pointer count, Pointer size)
{
    return put_sizes(call, call.process.world().environment(), count, size);
}

Answer<void> clock_res_get(Call& call, Number clock, Pointer result)
{
    const auto out = TRY(call.out<Long>(result));
    if (clock >= clock_count)
        return refuse(Errno::Inval);
    out.put(TRY(call.process.world().resolution(static_cast<Clock>(clock))));
    return {};
}

Answer<void> clock_time_get(Call& call, Number clock, Long, Pointer result)
{
    const auto out = TRY(call.out<Long>(result));
    if (clock >= clock_count)
        return refuse(Errno::Inval);
    out.put(call.process.world().time(static_cast<Clock>(clock)));
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
    const auto room = TRY(call.room(buffer, length));
    for (uint64_t done = 0; done < length;) {
        if (done != 0)
            CHECK(call.check_requests());
        const Edit piece = room.edit(done, std::min<uint64_t>(length - done, host::bytes_at_once));
        const size_t size = TRY(call.process.world().random(std::as_writable_bytes(piece.bytes())));
        piece.commit(size);
        done += size;
    }
    return {};
}

} // namespace vitrine::core::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/fields.h"

namespace vitrine::core::wasi {

void put_filestat(const Snapshot& snapshot, const Room& room, const host::Stat& status)
{
    Fields<64> fields;
    fields.put(0, status.device);
    fields.put(8, status.inode);
    fields.put(16, number_of(status.type));
    if (snapshot.link_count_bytes == 8)
        fields.put(snapshot.size_at - 8, status.links);
    else
        fields.put(snapshot.size_at - 4, static_cast<uint32_t>(status.links));
    fields.put(snapshot.size_at, status.size);
    fields.put(snapshot.size_at + 8, status.accessed);
    fields.put(snapshot.size_at + 16, status.modified);
    fields.put(snapshot.size_at + 24, status.changed);
    room.put(0, fields.bytes(room.size()));
}

Answer<host::NewTimes> times_of(uint64_t atim, uint64_t mtim, uint32_t flags)
{
    const auto both = [&](uint32_t bits) { return (flags & bits) == bits; };
    if (flags & ~time_flags::all || both(time_flags::atim | time_flags::atim_now)
        || both(time_flags::mtim | time_flags::mtim_now))
        return refuse(Errno::Inval);
    const auto time = [&](uint64_t value, uint32_t given, uint32_t now) {
        return flags & given ? host::new_time::of(value)
            : flags & now    ? host::new_time::now
                             : host::new_time::unchanged;
    };
    return host::NewTimes { .accessed = time(atim, time_flags::atim, time_flags::atim_now),
        .modified = time(mtim, time_flags::mtim, time_flags::mtim_now) };
}

} // namespace vitrine::core::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call.h"

#include "wasi/preview1.h"

#include <algorithm>
#include <climits>
#include <limits>

namespace vitrine::core::wasi {

Errno errno_of(int host)
{
    switch (host) {
    case 0: return Errno::Success;
#define ERRNO(name, host) \
    case host: return Errno::name;
#include "wasi/errno.inc"
    default: return Errno::Io;
    }
}

std::vector<iovec> part_of(std::span<const iovec> buffers, size_t from, size_t most)
{
    std::vector<iovec> part;
    for (const iovec& buffer : buffers) {
        const size_t skipped = std::min(from, buffer.iov_len);
        const size_t length = std::min(buffer.iov_len - skipped, most);
        if (length > 0)
            part.push_back({ static_cast<char*>(buffer.iov_base) + skipped, length });
        from -= skipped;
        most -= length;
    }
    return part;
}

size_t size_of(std::span<const iovec> buffers)
{
    size_t size = 0;
    for (const iovec& buffer : buffers)
        size += buffer.iov_len;
    return size;
}

Answer<std::shared_ptr<File>> Call::file(Fd fd) const { return host.files().find(fd); }

Answer<std::span<uint8_t>> Call::bytes(Pointer at, uint64_t count) const
{
    const auto address = static_cast<uint32_t>(at);
    if (!memory_->contains(address, count))
        return refuse(Errno::Fault);
    return std::span(memory_->base() + address, count);
}

Answer<std::string> Call::path(Pointer at, Number length) const
{
    const auto from = TRY(bytes(at, length));
    if (length >= PATH_MAX)
        return refuse(Errno::Nametoolong);
    std::string path(text_of(from));
    if (path.contains('\0'))
        return refuse(Errno::Inval);
    return path;
}

Answer<std::vector<iovec>> Call::buffers(Pointer at, Number count) const
{
    if (count > IOV_MAX)
        return refuse(Errno::Inval);
    const auto list = TRY(bytes(at, uint64_t { count } * 8));
    std::vector<iovec> buffers;
    buffers.reserve(count);
    uint64_t total = 0;
    for (Number i = 0; i < count; ++i) {
        const auto buffer = load<Pointer>(&list[i * 8]);
        const auto length = load<Number>(&list[i * 8 + 4]);
        const auto checked = TRY(bytes(buffer, length));
        buffers.push_back({ checked.data(), checked.size() });
        total += length;
    }
    if (total > std::numeric_limits<Number>::max())
        return refuse(Errno::Inval);
    return buffers;
}

} // namespace vitrine::core::wasi

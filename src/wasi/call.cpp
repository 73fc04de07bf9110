// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call.h"

#include "wasi/preview1.h"

namespace vitrine::core::wasi {

Answer<std::shared_ptr<File>> Call::file(Fd fd) const { return process.files().find(fd); }

Answer<Bytes> Call::in(Pointer at, uint64_t count) const
{
    const auto address = static_cast<uint32_t>(at);
    if (!memory_->contains(address, count))
        return refuse(Errno::Fault);
    return Bytes(memory_->base() + address, count);
}

Answer<Room> Call::room(Pointer at, uint64_t count) const
{
    if (!memory_->contains(static_cast<uint32_t>(at), count))
        return refuse(Errno::Fault);
    return Room(store.mutator, *memory_, at, count);
}

Answer<std::string> Call::path(Pointer at, Number length) const
{
    const auto from = TRY(in(at, length));
    const std::string_view path = text_of(from);
    CHECK(host::check_path(path));
    return std::string(path);
}

host::Path Call::path_in(const File& folder, const std::string& name) const
{
    return { process.world().sandbox(), folder, name };
}

Answer<void> Call::check_requests()
{
    CHECK(host::check_requests(*this));
    return {};
}

int Call::wake_fd() { return process.wake_fd(thread); }

bool Call::may_go_on(bool is_woken)
{
    if (process.may_go_on(thread, is_woken))
        return true;
    trap = Trap { .kind = TrapKind::Interrupted };
    return false;
}

} // namespace vitrine::core::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi2/call.h"

#include "exec/invoke.h"

namespace vitrine::core::wasi2 {

std::unexpected<host::Errno> Call::fail(std::string message)
{
    trap = Trap { .kind = TrapKind::HostError, .message = std::move(message) };
    return refuse(host::Errno::Ended);
}

bool Call::may_go_on(bool)
{
    if (poll_in_host(thread))
        return true;
    trap = Trap { .kind = TrapKind::Interrupted };
    return false;
}

} // namespace vitrine::core::wasi2

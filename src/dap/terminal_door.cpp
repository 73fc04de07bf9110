// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/terminal_door.h"

#include "net/guests.h"

#include <chrono>
#include <utility>

#include <unistd.h>

namespace vitrine::core::dap {

Result<void> TerminalDoor::open()
{
    const std::string folder = TRY(net::folder_of_guests());
    CHECK(listener_.open(
        folder + "/" + std::to_string(::getpid()) + ".terminal-" + std::to_string(::gettid())));
    listener_.accept([this](net::Socket socket) {
        accepted_ = net::Descriptor(socket.release());
        listener_.close();
    });
    return {};
}

std::optional<net::Descriptor> TerminalDoor::accept()
{
    io_.restart();
    io_.run_for(std::chrono::milliseconds(100));
    return std::exchange(accepted_, std::nullopt);
}

} // namespace vitrine::core::dap

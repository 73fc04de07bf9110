// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/find_guest.h"

#include "base/text.h"

#include <algorithm>

namespace vitrine::cli {

using core::net::RunningGuest;

std::string line_of(const RunningGuest& guest)
{
    std::string text = std::to_string(guest.process) + " " + core::printable(guest.module);
    for (const std::string& argument : guest.arguments)
        text += " " + core::printable(argument);
    return text;
}

namespace {

/// `: 4242 app.wasm; 4243 app.wasm`
std::string list_of(const std::vector<RunningGuest>& guests)
{
    std::string text;
    for (const RunningGuest& guest : guests)
        text += (text.empty() ? ": " : "; ") + line_of(guest);
    return text;
}

} // namespace

core::Result<std::string> find_door(std::string_view text)
{
    const auto list = TRY(core::net::list_guests());
    const std::string wanted = text.empty() ? "" : " `" + core::printable(text) + "`";
    std::vector<RunningGuest> found = text.empty() ? list.guests : core::net::guests_named(list.guests, text);
    if (found.empty() && list.guests.empty())
        return core::failure(
            "there is no guest" + wanted + ": none runs with a door for editors (`vitrine run --dap`)");
    if (found.empty())
        return core::failure("there is no guest" + wanted + "; these run" + list_of(list.guests));
    const auto has_no_door = [](const RunningGuest& guest) { return guest.editors.empty(); };
    if (std::ranges::all_of(found, has_no_door))
        return core::failure(
            "the door of this guest is for LLDB only (`run -g`); `run --dap` opens one for editors"
            + list_of(found));
    std::erase_if(found, has_no_door);
    if (found.size() > 1)
        return core::failure("several guests could be meant; say which by its process id" + list_of(found));
    return found.front().editors;
}

} // namespace vitrine::cli

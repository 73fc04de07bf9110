// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/text.h"
#include "cli/commands.h"
#include "cli/message.h"
#include "net/guests.h"
#include "json/document.h"

namespace vitrine::cli {

namespace {

using core::net::RunningGuest;

std::string doors_of(const RunningGuest& guest)
{
    std::string text;
    if (!guest.editors.empty())
        text = "dap=" + guest.editors;
    if (!guest.lldb.empty())
        text += (text.empty() ? "lldb=" : " lldb=") + guest.lldb;
    return core::printable(text);
}

core::json::Object described(const RunningGuest& guest)
{
    using core::json::to_string;
    core::json::Object doors;
    if (!guest.editors.empty())
        doors["dap"] = to_string(guest.editors);
    if (!guest.lldb.empty())
        doors["lldb"] = to_string(guest.lldb);
    core::json::Array arguments;
    for (const std::string& argument : guest.arguments)
        arguments.push_back(to_string(argument));
    return { { "pid", guest.process }, { "module", to_string(guest.module) },
        { "arguments", std::move(arguments) }, { "doors", std::move(doors) } };
}

void print_table(const std::vector<RunningGuest>& guests)
{
    size_t width = 0;
    for (const RunningGuest& guest : guests)
        width = std::max(width, doors_of(guest).size());
    if (!guests.empty())
        print("{:>8}  {:<{}}  {}\n", "PID", "DOORS", width, "GUEST");
    for (const RunningGuest& guest : guests) {
        std::string line = core::printable(guest.module);
        for (const std::string& argument : guest.arguments)
            line += " " + core::printable(argument);
        print("{:>8}  {:<{}}  {}\n", guest.process, doors_of(guest), width, line);
    }
    if (guests.empty())
        print_note("no guest with a door for debuggers is running");
}

} // namespace

Action add_ps(CLI::App& app)
{
    const auto is_json = std::make_shared<bool>(false);
    app.add_flag("--json", *is_json, "Print JSON");
    return [is_json](const std::vector<std::string>& words) {
        if (!words.empty())
            return usage_error(Error("unexpected argument " + words.front()), "ps");
        const auto list = core::net::list_guests();
        if (!list)
            return report(Error(list.error().message));
        for (const std::string& problem : list->problems)
            print_warning(core::printable(problem));
        if (!*is_json)
            return print_table(list->guests), 0;
        core::json::Array rows;
        for (const RunningGuest& guest : list->guests)
            rows.push_back(described(guest));
        print("{}\n", core::json::to_text(rows));
        return 0;
    };
}

} // namespace vitrine::cli

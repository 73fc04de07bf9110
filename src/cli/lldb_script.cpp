// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/lldb_script.h"

#include "cli/commands.h"
#include "cli/message.h"
#include "console/console.h"
#include "json/document.h"

#include <algorithm>
#include <memory>
#include <string_view>

namespace vitrine::cli {

namespace {

constexpr std::string_view script =
#include "cli/lldb_script.inc"
    ;

using core::console::Needs;
using core::console::Verb;

/// LLDB resumes, starts and ends the program, selects frames and threads, and has aliases and help
/// of its own.
bool is_lldbs_own(const Verb& verb)
{
    namespace verbs = core::console::verbs;
    if (verb.needs == Needs::Resume || verb.needs == Needs::Owner || verb.group == "Console")
        return true;
    const auto selections = { verbs::select_frame, verbs::up, verbs::down, verbs::select_thread,
        verbs::select_instance, verbs::select_module };
    return std::ranges::find(selections, verb.perform) != selections.end();
}

} // namespace

std::string lldb_script(bool is_rust)
{
    // An array of strings and numbers means the same in JSON and in Python.
    std::string text = "VERBS = [\n";
    for (const Verb& verb : core::console::verb_table())
        if (!is_lldbs_own(verb))
            text += "    "
                + core::json::to_line(core::json::Array { verb.name, verb.forms, verb.arguments, verb.summary,
                    verb.example, verb.needs == Needs::Nothing ? 0 : 1 })
                + ",\n";
    text += "]\nIS_RUST = ";
    text += is_rust ? "True\n\n" : "False\n\n";
    return text + std::string(script);
}

std::string lldb_start_file(const std::string& path)
{
    return "command regex vitrine 's/(.+)/process plugin packet monitor %1/'\n"
           "command regex monitor 's/(.+)/process plugin packet monitor %1/'\n"
           "command script import \""
        + path + "\"\n";
}

Action add_lldb_script(CLI::App& app)
{
    const auto is_rust = std::make_shared<bool>(false);
    app.add_flag("--rust", *is_rust, "Also load rustc's formatters");
    return [is_rust](const std::vector<std::string>& words) {
        if (!words.empty())
            return usage_error(Error("unexpected argument " + words.front()), "lldb-script");
        write(lldb_script(*is_rust));
        return 0;
    };
}

} // namespace vitrine::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/message.h"

#include "api/access.h"
#include "wasm/printer.h"

#include <cstdio>
#include <fmt/format.h>
#include <memory>

namespace vitrine::cli {

namespace {

struct Options {
    bool disassemble = false;
    bool headers = false;
    bool details = false;
    std::string file;
};

void print_sections(const core::Module& module)
{
    constexpr std::string_view names[] { "custom", "type", "import", "func", "table", "memory", "global",
        "export", "start", "elem", "code", "data", "datacount", "tag" };
    for (const core::Section& section : module.sections)
        fmt::print("{:#010x} {:>10} {}\n", section.offset, section.size,
            section.id < std::size(names) ? names[section.id] : "?");
}

int dump(const Options& options)
{
    const Engine engine;
    const auto module = Module::from_file(engine, options.file);
    if (!module)
        return report(module.error());
    const core::Module& inner = *detail::Access::body(*module)->module;
    if (options.headers)
        print_sections(inner);
    if (options.details)
        print_description(describe(*module, options.file));
    if (options.disassemble || !(options.headers || options.details)) {
        const std::string text = core::disassemble(inner);
        std::fwrite(text.data(), 1, text.size(), stdout);
    }
    return 0;
}

} // namespace

Command add_objdump(CLI::App& app)
{
    CLI::App& command = *app.add_subcommand("objdump", "Show a module's code as text, with offsets");
    command.set_help_flag("--help", "Print this help");
    const auto options = std::make_shared<Options>();
    command.add_flag("-d,--disassemble", options->disassemble, "Disassemble everything (the default)");
    command.add_flag("-h,--headers", options->headers, "List the sections");
    command.add_flag("-x,--details", options->details, "Show the structure");
    command.add_option("file", options->file, "The module")->required();
    command.footer("Example: vitrine objdump -d app.wasm");
    return [options] { return dump(*options); };
}

Command add_opcodes(CLI::App& app)
{
    CLI::App& command = *app.add_subcommand("opcodes", "Print the table of instructions");
    const auto as_json = std::make_shared<bool>(false);
    command.add_flag("--json", *as_json, "As JSON");
    command.footer("Example: vitrine opcodes --json");
    return [as_json] {
        boost::json::array rows;
        for (const core::OpInfo& row : core::op_table) {
            if (!*as_json) {
                fmt::print("{:#08x} {:<32} {}\n", row.code, row.text, core::info(row.feature).flag);
                continue;
            }
            rows.push_back(boost::json::object { { "name", row.text },
                { "prefix",
                    row.is_prefixed() ? boost::json::value(row.prefix()) : boost::json::value(nullptr) },
                { "code", row.is_prefixed() ? row.subcode() : row.code },
                { "feature", core::info(row.feature).flag },
                { "supported", core::info(row.feature).is_supported } });
        }
        if (*as_json)
            fmt::print("{}\n", to_text(rows));
        return 0;
    };
}

} // namespace vitrine::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast_script.h"

#include <algorithm>

namespace vitrine::cli {

namespace {

/// A kind of command and the fields it has.
struct KindInfo {
    std::string_view type;
    WastKind kind;
    unsigned parts = 0;
};

constexpr unsigned has_module = 1, has_action = 2, has_text = 4;

constexpr KindInfo kind_table[] {
    { "module", WastKind::Module, has_module },
    { "module_definition", WastKind::ModuleDefinition, has_module },
    { "module_instance", WastKind::ModuleInstance },
    { "register", WastKind::Register },
    { "action", WastKind::Action, has_action },
    { "assert_return", WastKind::AssertReturn, has_action },
    { "assert_trap", WastKind::AssertTrap, has_action | has_text },
    { "assert_exhaustion", WastKind::AssertExhaustion, has_action | has_text },
    { "assert_exception", WastKind::AssertException, has_action },
    { "assert_malformed", WastKind::AssertMalformed, has_module | has_text },
    { "assert_malformed_custom", WastKind::AssertMalformed, has_module | has_text },
    { "assert_invalid", WastKind::AssertInvalid, has_module | has_text },
    { "assert_invalid_custom", WastKind::AssertInvalidCustom, has_module | has_text },
    { "assert_unlinkable", WastKind::AssertUnlinkable, has_module | has_text },
    { "assert_uninstantiable", WastKind::AssertUninstantiable, has_module | has_text },
};

core::Result<WastAction> read_action(const json::Node& node)
{
    const json::Node type_node = TRY(node.field("type"));
    const std::string type = TRY(type_node.text());
    if (type != "invoke" && type != "get")
        return type_node.wrong("expected invoke or get");
    WastAction action {
        .is_get = type == "get",
        .module = TRY(node.optional_text("module")),
        .field = TRY(node.text("field")),
        .arguments = {},
    };
    if (!action.is_get) {
        const json::Node arguments = TRY(node.field("args"));
        action.arguments = TRY(read_wast_values(arguments));
    }
    return action;
}

/// The module's binary: the file itself or, for a text, the file it was converted to.
core::Result<std::optional<std::string>> read_binary(const json::Node& node)
{
    const std::string type = TRY(node.optional_text("module_type")).value_or("binary");
    if (type == "binary")
        return TRY(node.text("filename"));
    return node.optional_text("binary_filename");
}

core::Result<WastCommand> read_command(const json::Node& node)
{
    const json::Node line = TRY(node.field("line"));
    WastCommand command { .kind = WastKind::Unknown,
        .type = TRY(node.text("type")),
        .line = TRY(line.number()),
        .name = {},
        .definition = {},
        .as = {},
        .file = {},
        .text = {},
        .action = {},
        .expected = {} };
    const auto* info = std::ranges::find(kind_table, command.type, &KindInfo::type);
    if (info == std::end(kind_table))
        return command;
    command.kind = info->kind;
    if (info->parts & has_module)
        command.file = TRY(read_binary(node));
    if (info->parts & has_text)
        command.text = TRY(node.text("text"));
    if (info->parts & has_action) {
        const json::Node action = TRY(node.field("action"));
        command.action = TRY(read_action(action));
    }
    switch (info->kind) {
    case WastKind::Module:
    case WastKind::ModuleDefinition: command.name = TRY(node.optional_text("name")); break;
    case WastKind::Register:
        command.name = TRY(node.optional_text("name"));
        command.as = TRY(node.text("as"));
        break;
    case WastKind::ModuleInstance:
        command.name = TRY(node.optional_text("instance"));
        command.definition = TRY(node.optional_text("module"));
        break;
    case WastKind::AssertReturn: {
        const json::Node expected = TRY(node.field("expected"));
        command.expected = TRY(read_wast_values(expected));
        break;
    }
    default: break;
    }
    return command;
}

} // namespace

core::Result<WastScript> read_wast_script(std::string_view json)
{
    const json::Value document = TRY(json::parse(json));
    const json::Node root(document);
    WastScript script { TRY(root.text("source_filename")), {} };
    const json::Node commands = TRY(root.field("commands"));
    const std::vector<json::Node> items = TRY(commands.items());
    script.commands.reserve(items.size());
    for (const json::Node& item : items)
        script.commands.push_back(TRY(read_command(item)));
    return script;
}

} // namespace vitrine::cli

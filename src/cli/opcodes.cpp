// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/message.h"
#include "json/document.h"

#include "wasm/opcode.h"

namespace vitrine::cli {

namespace json = core::json;

namespace {

/// `0x6a`, or with a prefix `0xfc 0x08`.
std::string code_text(const core::OpInfo& row)
{
    return row.is_prefixed() ? fmt::format("{:#04x} {:#04x}", row.prefix(), row.subcode())
                             : fmt::format("{:#04x}", row.code);
}

/// The type of an instruction that has only one.
std::string type_text(const core::Signature& signature)
{
    const auto* params = signature.params.begin();
    core::FuncType type { .params = { params, params + signature.param_count }, .results = {} };
    if (signature.has_result)
        type.results.emplace_back(signature.result);
    return type.to_text();
}

json::Value row_of(const core::OpInfo& row)
{
    const core::FeatureInfo& feature = core::info(row.feature);
    json::Object object { { "name", row.text } };
    if (row.is_prefixed())
        object["prefix"] = row.prefix();
    object["code"] = row.is_prefixed() ? row.subcode() : row.code;
    if (!row.signature.is_poly)
        object["type"] = type_text(row.signature);
    object["feature"] = feature.flag;
    object["default"] = feature.is_default;
    return object;
}

int print_opcodes(bool as_json, const std::vector<std::string>& words)
{
    if (!words.empty())
        return usage_error(Error("unexpected argument " + words.front()), "opcodes");
    json::Array rows;
    for (const core::OpInfo& row : core::op_table)
        if (as_json)
            rows.push_back(row_of(row));
        else
            print("{:<10} {:<36} {}\n", code_text(row), row.text, core::info(row.feature).flag);
    if (as_json)
        print("{}\n", json::to_text(rows));
    return 0;
}

} // namespace

Action add_opcodes(CLI::App& app)
{
    const auto as_json = std::make_shared<bool>(false);
    app.add_flag("--json", *as_json, "Print JSON");
    return [as_json](const std::vector<std::string>& words) { return print_opcodes(*as_json, words); };
}

} // namespace vitrine::cli

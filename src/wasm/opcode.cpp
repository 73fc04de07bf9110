// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/opcode.h"

#include <algorithm>

namespace vitrine::core {

namespace {

constexpr bool has_unique_codes()
{
    std::array<uint32_t, op_table.size()> codes {};
    std::ranges::transform(op_table, codes.begin(), &OpInfo::code);
    std::ranges::sort(codes);
    return std::ranges::adjacent_find(codes) == codes.end();
}
static_assert(has_unique_codes(), "two instructions have one code");

constexpr uint16_t no_op = 0xffff;
constexpr uint8_t first_prefix = 0xfb;
constexpr uint32_t max_subcodes = 0x120;

constexpr bool has_room_for_codes()
{
    return std::ranges::all_of(op_table, [](const OpInfo& row) {
        return row.is_prefixed() ? is_prefix(row.prefix()) && row.subcode() < max_subcodes
                                 : row.code < first_prefix;
    });
}
static_assert(has_room_for_codes(), "a code beyond the tables below");

/// Numbers of the instructions by their byte, and by prefix and what follows it.
struct CodeTables {
    std::array<uint16_t, 256> bytes;
    std::array<std::array<uint16_t, max_subcodes>, 4> prefixed;
};

constexpr CodeTables make_code_tables()
{
    CodeTables tables;
    tables.bytes.fill(no_op);
    for (auto& codes : tables.prefixed)
        codes.fill(no_op);
    for (uint16_t number = 0; number < op_table.size(); ++number) {
        const OpInfo& row = op_table[number];
        if (row.is_prefixed())
            tables.prefixed[row.prefix() - first_prefix][row.subcode()] = number;
        else
            tables.bytes[row.code] = number;
    }
    return tables;
}

constexpr CodeTables code_tables = make_code_tables();

std::optional<Op> op_of(uint16_t number)
{
    return number == no_op ? std::nullopt : std::optional(static_cast<Op>(number));
}

} // namespace

std::optional<Op> find_op(uint8_t byte) { return op_of(code_tables.bytes[byte]); }

std::optional<Op> find_op(uint8_t prefix, uint32_t code)
{
    if (!is_prefix(prefix) || code >= max_subcodes)
        return std::nullopt;
    return op_of(code_tables.prefixed[prefix - first_prefix][code]);
}

std::optional<Op> find_op(std::string_view text)
{
    const auto* row = std::ranges::find(op_table, text, &OpInfo::text);
    if (row == op_table.end())
        return std::nullopt;
    return static_cast<Op>(row - op_table.begin());
}

} // namespace vitrine::core

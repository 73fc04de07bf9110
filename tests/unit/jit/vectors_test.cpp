// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Machine code for instructions on v128, compared with the interpreter.
#include "unit/jit/levels.h"

namespace vitrine::core::test {
namespace {

using enum ValueKind;

std::string get(size_t local) { return fmt::format("local.get {} ", local); }

/// Functions that execute an instruction with its operands and result in various places.
void add_shapes(TestFunctions& functions, const OpInfo& row, const std::string& immediate)
{
    const std::string instruction = std::string(row.text) + " " + immediate + " ";
    const Signature& signature = row.signature;
    const std::vector<ValueKind> params(
        signature.params.begin(), signature.params.begin() + signature.param_count);
    const ValueKind result = signature.result;
    const size_t count = params.size();
    std::string operands;
    for (size_t i = 0; i < count; ++i)
        operands += get(i);

    functions.add(row.text, params, { result }, operands + instruction);

    // The result replaces an operand.
    std::vector<ValueKind> all = params;
    for (size_t i = 0; i < count; ++i)
        if (params[i] == result)
            functions.add(
                row.text, params, all, operands + instruction + fmt::format("local.set {} ", i) + operands);

    // The same operand several times, also replaced.
    if (count > 1 && params[0] == params[1]) {
        const std::string twice = get(0) + get(0) + (count == 3 ? get(2) : "");
        functions.add(row.text, params, { result }, twice + instruction);
        if (params[0] == result)
            functions.add(row.text, params, { V128 }, twice + instruction + "local.set 0 local.get 0");
    }

    // All in temporaries, with more below.
    std::string stores, loads, below;
    for (size_t i = 0; i < count; ++i) {
        const std::string type = type_text(params[i]);
        stores += fmt::format("i32.const {} local.get {} {}.store ", 1024 + 16 * i, i, type);
        loads += fmt::format("i32.const {} {}.load ", 1024 + 16 * i, type);
    }
    for (size_t i = 0; i < 4; ++i)
        below += fmt::format("i32.const {} v128.load ", 2048 + 16 * i);
    functions.add(row.text, params, { result, V128 },
        fmt::format("(local $r {}) (local $x v128) ", type_text(result)) + stores + below + loads
            + instruction + "local.set $r v128.xor v128.xor v128.xor local.set $x local.get $r local.get $x");

    // Operands are locals without a register.
    std::string locals, fill, sum = get(0) + "drop ";
    for (size_t i = 0; i < 12; ++i) {
        locals += fmt::format("(local $l{} v128) (local $i{} i32) ", i, i);
        fill += fmt::format(
            "i32.const {} v128.load local.set $l{} i32.const {} local.set $i{} ", 2048 + 16 * i, i, i, i);
        sum += fmt::format("local.get $l{0} local.get $l{0} v128.not v128.xor local.set $l{0} ", i);
        sum += fmt::format("local.get $i{0} local.get $i{0} i32.add local.set $i{0} ", i);
    }
    std::string rest = "local.get $l0 ";
    for (size_t i = 1; i < 12; ++i)
        rest += fmt::format("local.get $l{} i8x16.add ", i);
    functions.add(row.text, params, { result, V128 }, locals + fill + sum + operands + instruction + rest);

    // Constants.
    static constexpr std::string_view vectors[] { "i32x4 0 0 0 0", "i32x4 -1 -1 -1 -1",
        "i8x16 0 15 16 31 32 64 127 128 129 200 255 1 2 3 4 5", "f32x4 1.5 -0.0 nan inf",
        "f64x2 -2.5 4294967295.5" };
    static constexpr std::string_view counts[] { "0", "1", "7", "8", "15", "31", "32", "63", "-1" };
    const auto constants = [&](ValueKind kind) {
        std::vector<std::string> texts;
        if (kind == V128)
            for (const std::string_view vector : vectors)
                texts.push_back(fmt::format("v128.const {} ", vector));
        else if (kind == I32 || kind == I64)
            for (const std::string_view number : counts)
                texts.push_back(fmt::format("{}.const {} ", type_text(kind), number));
        else
            texts.push_back(fmt::format("{}.const -1.5 ", type_text(kind)));
        return texts;
    };
    for (size_t place = 0; place < count; ++place)
        for (const std::string& constant : constants(params[place])) {
            std::string body;
            for (size_t i = 0; i < count; ++i)
                body += i == place ? constant : get(i);
            functions.add(row.text, params, { result }, body + instruction);
            // The constant is also on the stack below, and in a local.
            if (params[place] == V128)
                functions.add(row.text, params, { V128, V128, result },
                    "(local $c v128) " + constant + constant + "local.tee $c " + body + instruction);
        }

    // Conditions.
    if (result == I32) {
        functions.add(row.text, params, { I32 },
            operands + instruction + "if (result i32) i32.const 3 else i32.const 4 end");
        functions.add(row.text, params, { I32 },
            "block " + operands + instruction + "i32.eqz br_if 0 i32.const 5 return end i32.const 6");
        functions.add(row.text, params, { V128 },
            "local.get 0 v128.const i32x4 1 2 3 4 " + operands + instruction + "select");
        functions.add(row.text, params, { I32 },
            "(local i32 i64) " + operands + instruction
                + fmt::format("local.tee {0} local.get {0} i32.add", count));
    }
}

std::string with_memory(const TestFunctions& functions)
{
    std::string bytes;
    Numbers numbers(7);
    for (int i = 0; i < 512; ++i)
        bytes += fmt::format("\\{:02x}", numbers.below(256));
    return "(module (memory 1) (data (i32.const 2048) \"" + bytes + "\")\n" + functions.text + ")";
}

void run_all(const TestFunctions& functions, uint32_t rounds, Ways ways = {})
{
    Levels levels(with_memory(functions), ways);
    Numbers numbers(1);
    int failed = 0;
    for (const auto& function : functions.list) {
        for (uint32_t round = 0; round < rounds && failed < 10; ++round) {
            std::vector<Value> arguments;
            for (const ValueKind kind : function.params)
                arguments.push_back(numbers.value(kind));
            if (!levels.agree(function.name, arguments)) {
                ++failed;
                break;
            }
        }
    }
    ways.exit_percent == 0 ? levels.expect_no_exits() : levels.expect_exits();
}

TEST(CompiledVectors, ComputeWhatTheInterpreterComputes)
{
    TestFunctions functions;
    for (const OpInfo& row : op_table)
        if (row.shape == Shape::Vector)
            add_shapes(functions, row, "");
    run_all(functions, 40);
    run_all(functions, 4, { .exit_percent = 10 });
}

TEST(CompiledVectors, ReadAndReplaceLanes)
{
    TestFunctions functions;
    for (const OpInfo& row : op_table) {
        if (row.shape != Shape::Lane || row.immediate != Immediate::Lane)
            continue;
        const uint32_t lanes = row.lanes;
        for (const uint32_t lane : { 0u, 1u, lanes / 2, lanes - 1 })
            add_shapes(functions, row, std::to_string(lane));
    }
    run_all(functions, 20);
    run_all(functions, 4, { .exit_percent = 10 });
}

TEST(CompiledVectors, Shuffle)
{
    TestFunctions functions;
    const OpInfo& row = info(Op::I8x16Shuffle);
    using Order = std::array<uint32_t, 16>;
    const auto add = [&](const Order& order) {
        std::string lanes;
        for (const uint32_t lane : order)
            lanes += fmt::format("{} ", lane % 32);
        functions.add(row.text, { V128, V128 }, { V128 }, "local.get 0 local.get 1 i8x16.shuffle " + lanes);
        functions.add(row.text, { V128, V128 }, { V128 }, "local.get 0 local.get 0 i8x16.shuffle " + lanes);
        functions.add(row.text, { V128, V128 }, { V128, V128 },
            "local.get 0 local.get 1 i8x16.shuffle " + lanes + "local.set 0 local.get 0 local.get 1");
        functions.add(row.text, { V128, V128 }, { V128, V128 },
            "local.get 0 local.get 1 i8x16.shuffle " + lanes + "local.set 1 local.get 0 local.get 1");
        functions.add(row.text, { V128, V128 }, { V128 },
            "local.get 0 v128.not local.get 1 v128.not i8x16.shuffle " + lanes);
        functions.add(row.text, { V128, V128 }, { V128 },
            "local.get 0 v128.const i32x4 1 2 3 4 i8x16.shuffle " + lanes);
    };
    const auto make = [&](const auto& f) {
        Order order {};
        for (uint32_t i = 0; i < 16; ++i)
            order[i] = f(i);
        add(order);
    };
    for (uint32_t first = 0; first < 32; ++first)
        make([&](uint32_t i) { return first + i; });
    for (const uint32_t size : { 1u, 2u, 4u, 8u })
        for (const uint32_t first : { 0u, 8u })
            for (const uint32_t swap : { 0u, 16u })
                make([&](uint32_t i) {
                    const uint32_t unit = i / size;
                    return (unit % 2 * 16 + first + unit / 2 * size + i % size) ^ swap;
                });
    Numbers numbers(3);
    for (int round = 0; round < 40; ++round) {
        // Single bytes; words in place; whole words, ints and longs.
        make([&](uint32_t) { return static_cast<uint32_t>(numbers.below(32)); });
        make([&](uint32_t) { return static_cast<uint32_t>(numbers.below(16)); });
        make([&](uint32_t) { return 16 + static_cast<uint32_t>(numbers.below(16)); });
        const uint64_t from = numbers.below(256);
        make([&](uint32_t i) { return i + (from >> i / 2 & 1) * 16; });
        for (const uint32_t size : { 2u, 4u, 8u }) {
            std::array<uint32_t, 8> units {};
            for (uint32_t& unit : units)
                unit = static_cast<uint32_t>(numbers.below(32 / size));
            make([&](uint32_t i) { return units[i / size] * size + i % size; });
        }
        // Two of one, then two of the other.
        std::array<uint32_t, 4> ints {};
        const uint32_t swap = round % 2 * 4;
        for (uint32_t i = 0; i < 4; ++i)
            ints[i] = (static_cast<uint32_t>(numbers.below(4)) + (i < 2 ? 0 : 4)) ^ swap;
        make([&](uint32_t i) { return ints[i / 4] * 4 + i % 4; });
    }
    run_all(functions, 4);
}

// -- Memory

/// Loads and stores with their operands and results in various places. `memory` is its name in the
/// text.
void add_access(
    TestFunctions& functions, const OpInfo& row, const std::string& memory, const std::string& immediate)
{
    const Signature& signature = row.signature;
    std::vector<ValueKind> params(signature.params.begin(), signature.params.begin() + signature.param_count);
    const bool is_long = memory == "$long";
    if (is_long)
        params[0] = I64;
    const std::string address = is_long ? "i64" : "i32";
    const bool stores = !signature.has_result;
    const auto add = [&](const std::string& offset, const std::string& before, const std::string& after,
                         const std::vector<ValueKind>& results) {
        functions.add(row.text, params, results,
            before + std::string(row.text) + " " + memory + " " + offset + " " + immediate + " " + after);
    };
    std::string operands;
    for (size_t i = 0; i < params.size(); ++i)
        operands += get(i);
    const std::string rest = params.size() > 1 ? get(1) : "";
    const std::vector<ValueKind> result = stores ? std::vector { I32 } : std::vector { V128 };
    const std::string end = stores ? "i32.const 1" : "";
    for (const std::string offset :
        { "", "offset=3", "offset=65000", "offset=0x7fffffff", "offset=0xfffffff0" }) {
        add(offset, operands, end, result);
        add(offset, fmt::format("{}.const 40 ", address) + rest, end, result);
    }
    add("", operands + (params.size() > 1 ? "v128.not " : ""), end, result);
    add("", get(0) + fmt::format("{}.const 1 {}.or ", address, address) + rest, end, result);
    if (params.size() > 1 && !stores)
        add("", operands, "local.set 1 local.get 1 local.get 1", { V128, V128 });
    if (params.size() > 1 && stores)
        add("", get(0) + "v128.const i32x4 1 2 3 4 ", end, result);
    if (!stores)
        add("", "(local $r v128) " + operands, "local.tee $r local.get $r v128.not", { V128, V128 });
}

void run_accesses(Ways ways)
{
    TestFunctions functions;
    for (const OpInfo& row : op_table)
        for (const std::string memory : { "$m", "$other", "$long" }) {
            if (row.shape == Shape::VectorMemory)
                add_access(functions, row, memory, "");
            if (row.shape != Shape::Lane || row.immediate != Immediate::MemArgLane)
                continue;
            for (const uint32_t lane : { 0u, 1u, 16u / row.access_bytes - 1 })
                add_access(functions, row, memory, std::to_string(lane));
        }
    Levels levels(
        "(module (memory $m 1) (memory $other 1) (memory $long i64 1)\n" + functions.text + ")", ways);
    levels.for_each([](LevelInstance& instance) {
        Numbers numbers(5);
        for (size_t i = 0; i < instance.memories(); ++i)
            for (uint8_t& byte : instance.memory(i))
                byte = static_cast<uint8_t>(numbers.below(256));
    });
    Numbers numbers(2);
    int failed = 0;
    for (const auto& function : functions.list) {
        for (uint32_t round = 0; round < 12 && failed < 10; ++round) {
            std::vector<Value> arguments;
            for (const ValueKind kind : function.params)
                arguments.push_back(numbers.value(kind));
            uint64_t& address = arguments.front().low;
            if (round < 4)
                address = numbers.below(65536 - 32);
            else if (round < 8)
                address = 65536 - numbers.below(20);
            else if (round < 10)
                address = numbers.below(536);
            failed += !levels.agree(function.name, arguments);
        }
        if (failed < 10 && !levels.have_same_memories()) {
            ADD_FAILURE() << function.name << ": memories differ";
            failed = 10;
        }
    }
}

TEST(CompiledVectors, LoadAndStore) { run_accesses({}); }
TEST(CompiledVectors, LoadAndStoreWithChecks) { run_accesses({ .signal_handlers = false }); }
TEST(CompiledVectors, LoadAndStoreWithExits) { run_accesses({ .exit_percent = 10 }); }

} // namespace
} // namespace vitrine::core::test

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Machine code for atomic accesses, compared with the interpreter.
#include "unit/jit/levels.h"

namespace vitrine::core::test {
namespace {

using enum ValueKind;

std::string get(size_t local) { return fmt::format("local.get {} ", local); }

void add_atomic(TestFunctions& functions, const OpInfo& row, const std::string& memory)
{
    const Signature& signature = row.signature;
    std::vector<ValueKind> params(signature.params.begin(), signature.params.begin() + signature.param_count);
    const bool is_long = memory == "$long";
    if (is_long)
        params[0] = I64;
    const std::string address = is_long ? "i64" : "i32";
    const bool has_result = signature.has_result;
    const auto add = [&](const std::string& offset, const std::string& before, std::string after,
                         std::vector<ValueKind> results) {
        if (!has_result)
            after = "i32.const 1 " + after, results.insert(results.begin(), I32);
        else
            results.insert(results.begin(), signature.result);
        functions.add(row.text, params, results,
            before + std::string(row.text) + " " + memory + " " + offset + " " + after);
    };
    std::string operands, rest;
    for (size_t i = 0; i < params.size(); ++i) {
        operands += get(i);
        rest += i == 0 ? "" : get(i);
    }
    for (const std::string offset :
        { "", "offset=8", "offset=3", "offset=65000", "offset=0x80000000", "offset=0xfffffff8" })
        add(offset, operands, "", {});
    for (const std::string constant : { "40", "41", "65528", "65535" })
        add("", fmt::format("{}.const {} ", address, constant) + rest, "", {});
    // Operands in temporaries, with more below.
    std::string stores, loads, below;
    for (size_t i = 0; i < params.size(); ++i) {
        stores += fmt::format("i32.const {} local.get {} {}.store ", 16 * i, i, type_text(params[i]));
        loads += fmt::format("i32.const {} {}.load ", 16 * i, type_text(params[i]));
    }
    for (size_t i = 0; i < 4; ++i)
        below += fmt::format("i32.const {} i32.load ", 128 + 4 * i);
    functions.add(row.text, params, { has_result ? signature.result : I32, I32 },
        fmt::format("(local $r {}) (local $x i32) ", type_text(has_result ? signature.result : I32)) + stores
            + below + loads + std::string(row.text) + " " + memory + " " + (has_result ? "" : "i32.const 0 ")
            + "local.set $r i32.sub i32.sub i32.sub local.set $x local.get $r local.get $x");
    add("", stores + loads, "", {});
    // Constants as operands.
    for (const std::string constant : { "0", "1", "-1", "0x1234567" }) {
        std::string constants;
        for (size_t i = 1; i < params.size(); ++i)
            constants += fmt::format("{}.const {} ", type_text(params[i]), constant);
        add("", get(0) + constants, "", {});
    }
    if (!has_result)
        return;
    // The result is dropped, or replaces an operand.
    functions.add(
        row.text, params, { I32 }, operands + std::string(row.text) + " " + memory + " drop i32.const 1");
    functions.add(row.text, params, { V128 },
        "(local v128) " + operands + std::string(row.text) + " " + memory + " drop "
            + fmt::format("local.get {}", params.size()));
    for (size_t i = 0; i < params.size(); ++i)
        if (params[i] == signature.result)
            functions.add(row.text, params, params,
                operands + std::string(row.text) + " " + memory + fmt::format(" local.set {} ", i)
                    + operands);
}

void run_atomics(Ways ways)
{
    TestFunctions functions;
    for (const OpInfo& row : op_table) {
        if (row.shape != Shape::Atomic)
            continue;
        // The outcome of a wait depends on time.
        if (&row == &info(Op::MemoryAtomicWait32) || &row == &info(Op::MemoryAtomicWait64))
            continue;
        for (const std::string memory : { "$m", "$other", "$long" })
            add_atomic(functions, row, memory);
    }
    functions.add("atomic.fence", { I32 }, { I32 }, "local.get 0 atomic.fence");
    Levels levels(
        "(module (memory $m 1) (memory $other 1 1 shared) (memory $long i64 1)\n" + functions.text + ")",
        ways);
    levels.for_each([](LevelInstance& instance) {
        Numbers numbers(5);
        for (size_t i = 0; i < instance.memories(); ++i)
            for (uint8_t& byte : instance.memory(i))
                byte = static_cast<uint8_t>(numbers.below(256));
    });
    Numbers numbers(2);
    int failed = 0;
    for (const auto& function : functions.list) {
        for (uint32_t round = 0; round < 16 && failed < 10; ++round) {
            std::vector<Value> arguments;
            for (const ValueKind kind : function.params)
                arguments.push_back(numbers.value(kind));
            uint64_t& address = arguments.front().low;
            if (round < 8)
                address = numbers.below(32) * 8;
            else if (round < 10)
                address = numbers.below(256);
            else if (round < 13)
                address = 65536 - numbers.below(20);
            // A compare-and-exchange that succeeds.
            if (round % 2 == 0 && arguments.size() == 3)
                levels.for_each([&](LevelInstance& instance) {
                    for (size_t i = 0; i < instance.memories(); ++i)
                        if (address < 65536 - 8)
                            std::memcpy(instance.memory(i).data() + address, &arguments[1].low, 8);
                });
            failed += !levels.agree(function.name, arguments);
        }
        if (failed < 10 && !levels.have_same_memories()) {
            ADD_FAILURE() << function.name << ": memories differ";
            failed = 10;
        }
    }
}

TEST(CompiledAtomics, DoWhatTheInterpreterDoes) { run_atomics({}); }
TEST(CompiledAtomics, DoWhatTheInterpreterDoesWithChecks) { run_atomics({ .signal_handlers = false }); }
TEST(CompiledAtomics, DoWhatTheInterpreterDoesWithExits) { run_atomics({ .exit_percent = 10 }); }

} // namespace
} // namespace vitrine::core::test

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions that are compiled together with others, compared with the interpreter.
#include "unit/jit/levels.h"

namespace vitrine::core::test {
namespace {

using enum ValueKind;

/// A body whose result is a condition, used in all ways.
void add_condition(TestFunctions& functions, std::string_view name, const std::vector<ValueKind>& params,
    const std::string& body)
{
    functions.add(name, params, { I32 }, body);
    functions.add(name, params, { I32 }, body + " i32.eqz");
    functions.add(name, params, { I32 }, body + " i32.eqz i32.eqz");
    functions.add(name, params, { I32 }, body + " if (result i32) i32.const 3 else i32.const 4 end");
    functions.add(name, params, { I32 }, "block " + body + " br_if 0 i32.const 5 return end i32.const 6");
    functions.add(
        name, params, { I32 }, "block " + body + " i32.eqz br_if 0 i32.const 5 return end i32.const 6");
    functions.add(name, params, { I64 }, "i64.const 7 i64.const 8 " + body + " select");
    functions.add(name, params, { F64 }, "f64.const 7 f64.const 8 " + body + " select");
    functions.add(name, params, { I32 }, "(local i64 i64) " + body + " i32.const 1 i32.add");
}

void run_all(const TestFunctions& functions, Ways ways)
{
    Levels levels("(module (memory 1) (memory $other 1)\n" + functions.text + ")", ways);
    levels.for_each([](LevelInstance& instance) {
        Numbers numbers(5);
        for (size_t i = 0; i < instance.memories(); ++i)
            for (size_t at = 0; at < 65536; at += 8) {
                const uint64_t number = numbers.below(2) ? numbers.f64() : numbers.integer(64);
                std::memcpy(instance.memory(i).data() + at, &number, 8);
            }
    });
    Numbers numbers(2);
    int failed = 0;
    for (const auto& function : functions.list)
        for (uint32_t round = 0; round < 40 && failed < 10; ++round) {
            std::vector<Value> arguments;
            for (const ValueKind kind : function.params)
                arguments.push_back(numbers.value(kind));
            // The first i32 may be an address.
            if (function.params.back() == I32)
                arguments.back().low = round < 30 ? numbers.below(8192) * 8 : 65536 - numbers.below(12);
            // Equal operands.
            if (round % 3 == 0 && arguments.size() == 2 && function.params[0] == function.params[1])
                arguments[1] = arguments[0];
            failed += !levels.agree(function.name, arguments);
        }
}

TEST(CompiledFusions, Conditions)
{
    TestFunctions functions;
    for (const std::string type : { "f32", "f64" })
        for (const std::string op : { "eq", "ne", "lt", "gt", "le", "ge" }) {
            const std::vector<ValueKind> params(2, type == "f32" ? F32 : F64);
            add_condition(functions, op, params, fmt::format("local.get 0 local.get 1 {}.{}", type, op));
            add_condition(functions, op, params, fmt::format("local.get 0 {0}.const 1.5 {0}.{1}", type, op));
        }
    for (const std::string value : { "0", "1", "-1", "0x80000000", "255", "0x7fffffff" }) {
        add_condition(functions, "and", { I64, I64 },
            fmt::format("local.get 0 i32.wrap_i64 i32.const {} i32.and", value));
        add_condition(functions, "and", { I64, I64 },
            fmt::format("i32.const {} local.get 0 i32.wrap_i64 i32.and", value));
        add_condition(
            functions, "and", { I64, I64 }, fmt::format("local.get 0 i64.const {} i64.and i64.eqz", value));
        add_condition(
            functions, "and", { I64, I64 }, fmt::format("i64.const {} local.get 0 i64.and i64.eqz", value));
        add_condition(
            functions, "and", { I64, I64 }, fmt::format("i64.const {} i64.const 3 i64.and i64.eqz", value));
        add_condition(functions, "and", { I64, I64 }, fmt::format("i32.const {} i32.const 3 i32.and", value));
    }
    add_condition(functions, "and", { I64, I64 }, "local.get 0 local.get 1 i64.and i64.eqz");
    add_condition(
        functions, "and", { I64, I64 }, "local.get 0 i32.wrap_i64 local.get 1 i32.wrap_i64 i32.and");
    run_all(functions, {});
    run_all(functions, { .exit_percent = 10 });
}

TEST(CompiledFusions, SignExtensionsByShifts)
{
    TestFunctions functions;
    for (const std::string type : { "i32", "i64" })
        for (const std::string left : { "0", "8", "16", "24", "31", "32", "48", "56", "-8" })
            for (const std::string right : { "8", "16", "24", "32", "48", "56", "-8" })
                for (const std::string shift : { "shr_s", "shr_u" }) {
                    const std::string body =
                        fmt::format("{0}.const {1} {0}.shl {0}.const {2} {0}.{3} ", type, left, right, shift);
                    const std::vector<ValueKind> params(2, type == "i32" ? I32 : I64);
                    functions.add(shift, params, { params[0] }, "local.get 0 " + body);
                    functions.add(
                        shift, params, params, "local.get 0 " + body + "local.set 0 local.get 0 local.get 1");
                    functions.add(shift, params, { params[0] },
                        fmt::format("local.get 0 local.get 1 {0}.xor {1} local.get 0 {0}.add", type, body));
                }
    run_all(functions, {});
    run_all(functions, { .exit_percent = 10 });
}

void run_loads(Ways ways)
{
    TestFunctions functions;
    for (const auto& [type, kind] :
        { std::pair("i32", I32), { "i64", I64 }, { "f32", F32 }, { "f64", F64 } }) {
        std::vector<std::string> ops { "add", "sub", "mul" }, comparisons { "eq", "ne" };
        if (kind == I32 || kind == I64) {
            ops.insert(ops.end(), { "and", "or", "xor", "shl", "rotl" });
            comparisons.insert(
                comparisons.end(), { "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u" });
        } else {
            ops.insert(ops.end(), { "div", "min", "copysign" });
            comparisons.insert(comparisons.end(), { "lt", "gt", "le", "ge" });
        }
        const std::vector<ValueKind> params { kind, kind, I32 };
        for (const std::string memory : { "", "$other" })
            for (const std::string offset : { "", "offset=8", "offset=0x80000000" }) {
                const std::string load = fmt::format("local.get 2 {}.load {} {} ", type, memory, offset);
                for (const std::string& op : ops) {
                    const std::string use = fmt::format("{}.{} ", type, op);
                    // The other operand is a local, a temporary, a constant, or below others.
                    functions.add(op, params, { kind }, "local.get 0 " + load + use);
                    functions.add(op, params, { kind },
                        fmt::format("local.get 0 local.get 1 {}.add {}", type, load + use));
                    functions.add(op, params, { kind }, fmt::format("{}.const 3 {}", type, load + use));
                    functions.add(op, params, { kind, kind },
                        "local.get 0 " + load + use + "local.set 0 local.get 0 local.get 1");
                    functions.add(op, params, { kind, kind },
                        fmt::format("local.get 0 local.get 1 {}.add {} local.set 1 local.get 0 local.get 1",
                            type, load + use));
                    functions.add(op, params, { kind },
                        fmt::format(
                            "local.get 0 local.get 1 {0}.sub local.get 0 {1} {0}.mul", type, load + use));
                    // The load's address is a temporary too.
                    functions.add(op, params, { kind },
                        fmt::format("local.get 0 local.get 1 {0}.add local.get 2 i32.const 16 i32.xor "
                                    "{0}.load {1} {2}",
                            type, memory, use));
                }
                for (const std::string& comparison : comparisons) {
                    add_condition(functions, comparison, params,
                        fmt::format("local.get 0 {} {}.{}", load, type, comparison));
                    add_condition(functions, comparison, params,
                        fmt::format("local.get 0 local.get 1 {0}.add {1} {0}.{2}", type, load, comparison));
                }
            }
    }
    run_all(functions, ways);
}

TEST(CompiledFusions, Loads) { run_loads({}); }
TEST(CompiledFusions, LoadsWithChecks) { run_loads({ .signal_handlers = false }); }
TEST(CompiledFusions, LoadsWithExits) { run_loads({ .exit_percent = 10 }); }

} // namespace
} // namespace vitrine::core::test

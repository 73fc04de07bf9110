// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/random_guest.h"

#include <functional>
#include <random>
#include <string_view>

namespace vitrine::core::test {

std::string random_module(uint32_t seed, int functions, uint32_t turns)
{
    std::mt19937 random(seed);
    const auto below = [&](uint32_t end) { return std::to_string(random() % end); };
    const auto number = [&](std::string_view type) {
        return "(" + std::string(type) + ".const " + below(100) + ")";
    };
    const auto address = [&] { return "(i32.const " + below(96) + ")"; };
    const std::function<std::string()> statement = [&]() -> std::string {
        switch (random() % 15) {
        case 0: return "(i32.store8 " + address() + number("i32") + ")";
        case 1: return "(i64.store " + address() + "(i64.load32_u " + address() + "))";
        case 2: return "(memory.fill " + address() + number("i32") + address() + ")";
        case 3: return "(memory.copy " + address() + address() + address() + ")";
        case 4: return "(v128.store " + address() + "(v128.load " + address() + "))";
        case 5: return "(v128.store16_lane " + below(8) + address() + "(local.get $v))";
        case 6: return "(local.set $v (v128.load " + address() + "))";
        case 7: return "(global.set $g (local.tee $x (i64.add (global.get $g)" + number("i64") + ")))";
        case 8: return "(local.set $x (i64.load16_s " + address() + "))";
        case 9: return "(table.set (i32.const " + below(8) + ") (table.get (i32.const " + below(8) + ")))";
        case 10:
            return "(table.copy (i32.const " + below(4) + ")(i32.const " + below(4) + ")(i32.const "
                + below(4) + "))";
        case 11:
            return "(drop (i32.atomic.rmw16.xchg_u (i32.const " + std::to_string(random() % 48 * 2) + ")"
                + number("i32") + "))";
        case 12: return "(local.set $x (call $mix (local.get $x) (i32.load " + address() + ")))";
        case 13:
            if (random() % 16 == 0)
                return "(local.set $x (i64.div_s (local.get $x) (i64.load8_u " + address() + ")))";
            [[fallthrough]];
        default:
            return "(if (i64.lt_u (local.get $x)" + number("i64") + ") (then " + statement() + ") (else "
                + statement() + "))";
        }
    };
    std::string text = R"((module (memory 1) (global $g (mut i64) (i64.const 3)) (table 8 funcref)
      (func $mix (param $x i64) (param $by i32) (result i64)
        (i64.rotl (i64.xor (local.get $x) (i64.const 0x9e3779b97f4a7c15)) (i64.extend_i32_u (local.get $by))))
      (elem (i32.const 0) $f0 $f0) (data (i32.const 0) "The quick brown fox jumps over the lazy dog 0123456789"))";
    for (int i = 0; i < functions; ++i) {
        const std::string name = "f" + std::to_string(i);
        text += "(func $" + name + " (export \"" + name
            + "\") (result i64) (local $v v128) (local $x i64) (local $n i32)";
        text += "(local.set $n (i32.const " + std::to_string(turns) + ")) (loop $again ";
        for (int j = 0; j < 12; ++j)
            text += statement() + "\n";
        text += "(br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $x))";
    }
    return text + ")";
}

} // namespace vitrine::core::test

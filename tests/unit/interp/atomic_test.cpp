// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/guest.h"

#include <string>

namespace vitrine::core::test {
namespace {

/// A `cmpxchg`: the type of its operands, and how many bytes of memory it compares.
struct Exchange {
    const char* name;
    uint32_t bits;
    uint32_t bytes;
};

constexpr Exchange exchanges[] {
    { "i32.atomic.rmw8.cmpxchg_u", 32, 1 },
    { "i32.atomic.rmw16.cmpxchg_u", 32, 2 },
    { "i32.atomic.rmw.cmpxchg", 32, 4 },
    { "i64.atomic.rmw8.cmpxchg_u", 64, 1 },
    { "i64.atomic.rmw16.cmpxchg_u", 64, 2 },
    { "i64.atomic.rmw32.cmpxchg_u", 64, 4 },
    { "i64.atomic.rmw.cmpxchg", 64, 8 },
};

constexpr uint64_t initial = 0x1111'1111'1111'1111;

uint64_t low_bits(uint64_t value, uint32_t bits)
{
    return bits == 64 ? value : value & ((uint64_t { 1 } << bits) - 1);
}

/// The operands are wrapped to the width that is compared; the bits above it do not matter.
TEST(Atomics, AnExchangeComparesTheBitsOfItsWidth)
{
    Guest guest;
    for (const char* shared : { "1", "1 1 shared" })
        for (const Exchange& exchange : exchanges) {
            const std::string type = exchange.bits == 32 ? "i32" : "i64";
            Instance& instance = guest.instantiate("(module (memory " + std::string(shared) + ")"
                + "(func (export \"init\") (i64.store (i32.const 0) (i64.const " + std::to_string(initial)
                + ")))" + "(func (export \"read\") (result i64) (i64.load (i32.const 0)))"
                + "(func (export \"exchange\") (param " + type + " " + type + ") (result " + type + ") ("
                + exchange.name + " (i32.const 0) (local.get 0) (local.get 1))))");
            const auto value = [&](uint64_t number) {
                return exchange.bits == 32 ? Value::i32(static_cast<uint32_t>(number)) : Value::i64(number);
            };
            const uint32_t width = 8 * exchange.bytes;
            const uint64_t held = low_bits(initial, width);
            // Values that differ above the width, and in the lowest bits.
            for (const uint64_t above :
                { uint64_t { 0 }, uint64_t { 1 }, uint64_t { 0x42 }, ~uint64_t { 0 } })
                for (const uint64_t below : { held, held ^ 1, uint64_t { 0 } }) {
                    const uint64_t expected = width == 64 ? below : below | above << width;
                    const uint64_t replacement = 0xabcd'ef01'2345'6789;
                    ASSERT_TRUE(guest.call(instance, "init", {}));
                    const auto found =
                        guest.call(instance, "exchange", { value(expected), value(replacement) });
                    ASSERT_TRUE(found);
                    EXPECT_EQ(found->front(), value(held)) << exchange.name;
                    const uint64_t wanted = low_bits(below, width) == held
                        ? (initial ^ held) | low_bits(replacement, width)
                        : initial;
                    EXPECT_EQ(guest.call(instance, "read", {})->front(), Value::i64(wanted))
                        << exchange.name << " " << std::hex << expected;
                }
        }
}

} // namespace
} // namespace vitrine::core::test

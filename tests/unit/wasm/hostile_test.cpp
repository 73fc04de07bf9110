// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small modules that are built to be expensive. Each bound is many times what the module takes, and
// a small part of what it would take at a quadratic cost.
#include "support/module_builder.h"
#include "support/sanitizer.h"
#include "wasm/validator.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <string>

namespace vitrine::core::test {
namespace {

struct Outcome {
    std::string verdict;
    /// Processor time of all threads together, which hardly depends on other load.
    double seconds;
};

double processor_seconds()
{
    timespec now {};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

Outcome load(const ByteVector& bytes)
{
    TypeRegistry types;
    const double begin = processor_seconds();
    const auto module = load_module(bytes, types);
    const double took = processor_seconds() - begin;
    return { module ? "valid" : module.error().to_text(), is_sanitized ? took / 8 : took };
}

ByteVector repeated(const ByteVector& unit, size_t count)
{
    ByteVector all;
    all.reserve(unit.size() * count);
    for (size_t i = 0; i < count; ++i)
        all.insert(all.end(), unit.begin(), unit.end());
    return all;
}

/// `count` struct types, each a subtype of the one before.
ByteVector chain_of_subtypes(uint32_t count)
{
    ByteWriter types;
    types.leb(count);
    types.append(hex_bytes("50 00 5f 00"));
    for (uint32_t i = 1; i < count; ++i) {
        types.append(hex_bytes("50 01"));
        types.leb(i - 1);
        types.append(hex_bytes("5f 00"));
    }
    return module_with({ section(1, types.bytes()) });
}

TEST(HostileModules, AChainOfSubtypesIsMeasuredBeforeItIsRegistered)
{
    EXPECT_EQ(load(chain_of_subtypes(64)).verdict, "valid");
    EXPECT_EQ(
        load(chain_of_subtypes(65)).verdict, "subtype hierarchy too deep: the limit is 64 (at offset 0x14b)");
    const Outcome outcome = load(chain_of_subtypes(500'000));
    EXPECT_EQ(outcome.verdict, "subtype hierarchy too deep: the limit is 64 (at offset 0x14f)");
    EXPECT_LT(outcome.seconds, 10);
}

TEST(HostileModules, ManyTypesMayHaveOneSupertype)
{
    ByteWriter types;
    types.leb(uint32_t { 100'000 });
    types.append(hex_bytes("50 00 5f 00"));
    for (uint32_t i = 1; i < 100'000; ++i)
        types.append(hex_bytes("50 01 00 5f 00"));
    EXPECT_EQ(load(module_with({ section(1, types.bytes()) })).verdict, "valid");
}

/// Names of 16 bytes with the same hash in the GNU library's `std::hash`, which has a fixed seed.
class OneHash {
public:
    std::string next()
    {
        for (;;) {
            // Eight letters from `A` to `P`.
            uint64_t first = 0;
            for (uint64_t number = counter_++, i = 0; i < 8; ++i, number >>= 4)
                first |= uint64_t { 'A' + (number & 15) } << 8 * i;
            const uint64_t second = preimage(((seed ^ 16 * multiplier ^ mixed(first)) * multiplier) ^ target);
            if ((second & 0x8080808080808080) == 0)
                return std::string(reinterpret_cast<const char*>(&first), 8)
                    + std::string(reinterpret_cast<const char*>(&second), 8);
        }
    }

private:
    static constexpr uint64_t seed = 0xc70f6907, multiplier = 0xc6a4a7935bd1e995, target = 0x0123456789abcdef;

    static constexpr uint64_t inverse()
    {
        uint64_t x = multiplier;
        for (int i = 0; i < 6; ++i)
            x *= 2 - multiplier * x;
        return x;
    }
    static uint64_t shifted(uint64_t x) { return x ^ x >> 47; }
    static uint64_t mixed(uint64_t block) { return shifted(block * multiplier) * multiplier; }
    static uint64_t preimage(uint64_t mixed) { return shifted(mixed * inverse()) * inverse(); }

    uint64_t counter_ = 0;
};

TEST(HostileModules, NamesOfExportsWithOneHash)
{
    constexpr uint32_t count = 100'000;
    OneHash names;
    ByteWriter exports;
    exports.leb(count);
    std::string first, last;
    for (uint32_t i = 0; i < count; ++i) {
        last = names.next();
        if (i == 0)
            first = last;
        exports.name(last);
        exports.append(hex_bytes("02 00"));
    }
#if defined(__GLIBCXX__)
    EXPECT_EQ(std::hash<std::string>()(first), std::hash<std::string>()(last));
#endif
    const Outcome outcome = load(module_with({ hex_bytes("05 03 01 00 01"), section(7, exports.bytes()) }));
    EXPECT_EQ(outcome.verdict, "valid");
    EXPECT_LT(outcome.seconds, 15);
}

TEST(HostileModules, TheFirstDuplicateOfAnExportIsNamed)
{
    const auto verdict_on = [](std::initializer_list<const char*> names) {
        ByteWriter exports;
        exports.leb(static_cast<uint32_t>(names.size()));
        for (const char* name : names) {
            exports.name(name);
            exports.append(hex_bytes("02 00"));
        }
        return load(module_with({ hex_bytes("05 03 01 00 01"), section(7, exports.bytes()) })).verdict;
    };
    EXPECT_EQ(verdict_on({ "b", "a", "c" }), "valid");
    EXPECT_EQ(verdict_on({ "b", "a", "b", "a" }), "duplicate export name \"b\" (at offset 0x18)");
    EXPECT_EQ(verdict_on({ "b", "b", "b" }), "duplicate export name \"b\" (at offset 0x14)");
}

/// A function of unreachable code that repeats `unit`.
ByteVector unreachable_code(const ByteVector& type, const ByteVector& unit, size_t bytes)
{
    const ByteVector code = joined({ hex_bytes("00"), repeated(unit, bytes / unit.size()), hex_bytes("0b") });
    return module_with({ section(1, std::vector<ByteVector> { hex_bytes("60 00 00"), type }),
        hex_bytes("03 02 01 00"), section(10, std::vector<ByteVector> { body_of(code) }) });
}

TEST(HostileModules, OperandsThatAreNotThereCostNothing)
{
    const ByteVector fields = joined({ hex_bytes("5f 90 4e"), repeated(hex_bytes("7f 00"), 10'000) });
    const Outcome structs = load(unreachable_code(fields, hex_bytes("fb 00 01 1a"), 4'000'000));
    EXPECT_EQ(structs.verdict, "valid");
    EXPECT_LT(structs.seconds, 8);
    const Outcome arrays =
        load(unreachable_code(hex_bytes("5e 7f 00"), hex_bytes("fb 08 01 90 4e 1a"), 4'000'000));
    EXPECT_EQ(arrays.verdict, "valid");
    EXPECT_LT(arrays.seconds, 8);
    // Operands that exist are checked.
    EXPECT_EQ(
        load(unreachable_code(hex_bytes("5f 02 7f 00 7e 00"), hex_bytes("42 00 fb 00 01 1a"), 1)).verdict,
        "valid");
    EXPECT_EQ(
        load(unreachable_code(hex_bytes("5f 02 7f 00 7e 00"), hex_bytes("41 00 fb 00 01 1a"), 6)).verdict,
        "type mismatch: instruction requires [i32 i64] but stack has [i32] in struct.new (at offset 0x20)");
}

TEST(HostileModules, BlocksWithAThousandParameters)
{
    const ByteVector thousand = joined({ hex_bytes("e8 07"), repeated(hex_bytes("7f"), 1000) });
    const ByteVector both = joined({ hex_bytes("60"), thousand, thousand });
    const ByteVector source = joined({ hex_bytes("60 00"), thousand });
    const ByteVector code =
        joined({ hex_bytes("10 00"), repeated(hex_bytes("02 00 0b"), 500'000), hex_bytes("00 0b") });
    const Outcome outcome =
        load(module_with({ section(1, std::vector<ByteVector> { both, source, hex_bytes("60 00 00") }),
            hex_bytes("02 05 01 00 00 00 01"), hex_bytes("03 02 01 02"),
            section(10, std::vector<ByteVector> { body_of(code) }) }));
    EXPECT_EQ(outcome.verdict, "valid");
    EXPECT_LT(outcome.seconds, 30);
}

} // namespace
} // namespace vitrine::core::test

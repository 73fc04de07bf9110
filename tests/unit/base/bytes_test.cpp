// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/bytes.h"

#include "support/module_builder.h"

#include <gtest/gtest.h>

#include <limits>

namespace vitrine::core::test {
namespace {

struct GoodLeb {
    const char* hex;
    int64_t value;
};

template<class T, unsigned Width = sizeof(T) * 8> void expect_values(std::initializer_list<GoodLeb> table)
{
    for (const auto& [hex, value] : table) {
        const ByteVector bytes = hex_bytes(hex);
        ByteReader in(bytes);
        const auto read = in.leb<T, Width>();
        ASSERT_TRUE(read.has_value()) << hex << ": " << read.error().to_text();
        EXPECT_EQ(*read, static_cast<T>(value)) << hex;
        EXPECT_TRUE(in.at_end()) << hex;
        if constexpr (Width == sizeof(T) * 8) {
            const uint8_t* at = bytes.data();
            EXPECT_EQ(read_valid_leb<T>(at), static_cast<T>(value)) << hex;
            EXPECT_EQ(at, bytes.data() + bytes.size());
        }
    }
}

struct BadLeb {
    const char* hex;
    const char* message;
    uint64_t offset;
};

template<class T, unsigned Width = sizeof(T) * 8> void expect_errors(std::initializer_list<BadLeb> table)
{
    for (const auto& [hex, message, offset] : table) {
        const ByteVector bytes = hex_bytes(hex);
        ByteReader in(bytes, 100);
        const auto read = in.leb<T, Width>();
        ASSERT_FALSE(read.has_value()) << hex;
        EXPECT_EQ(read.error().message, message) << hex;
        EXPECT_EQ(read.error().offset, 100 + offset) << hex;
    }
}

TEST(Leb, ReadsEveryLengthAndSign)
{
    expect_values<uint32_t>({ { "00", 0 }, { "7f", 127 }, { "80 01", 128 }, { "80 80 80 80 00", 0 },
        { "ff ff ff ff 0f", 0xffffffff } });
    expect_values<int32_t>({ { "00", 0 }, { "3f", 63 }, { "40", -64 }, { "7f", -1 }, { "ff 7f", -1 },
        { "80 80 80 80 78", std::numeric_limits<int32_t>::min() },
        { "ff ff ff ff 07", std::numeric_limits<int32_t>::max() }, { "ff ff ff ff 7f", -1 } });
    expect_values<uint64_t>(
        { { "ff ff ff ff ff ff ff ff ff 01", -1 }, { "80 80 80 80 80 80 80 80 80 00", 0 } });
    expect_values<int64_t>({ { "80 80 80 80 80 80 80 80 80 7f", std::numeric_limits<int64_t>::min() },
        { "ff ff ff ff ff ff ff ff ff 00", std::numeric_limits<int64_t>::max() }, { "c0 bb 78", -123456 } });
    expect_values<int64_t, 33>(
        { { "ff ff ff ff 0f", 0xffffffff }, { "80 80 80 80 70", -0x100000000 }, { "70", -16 } });
    expect_values<int8_t, 7>({ { "60", -0x20 }, { "3f", 63 } });
}

TEST(Leb, RefusesWhatIsTooLongOrTooLarge)
{
    constexpr const char *too_long = "integer representation too long", *too_large = "integer too large";
    constexpr const char* end = "unexpected end of section or function";
    expect_errors<uint32_t>(
        { { "", end, 0 }, { "80", end, 1 }, { "80 80 80 80", end, 4 }, { "80 80 80 80 80 00", too_long, 0 },
            { "80 80 80 80 10", too_large, 0 }, { "ff ff ff ff 1f", too_large, 0 } });
    expect_errors<int32_t>({ { "80 80 80 80 80 00", too_long, 0 }, { "80 80 80 80 08", too_large, 0 },
        { "ff ff ff ff 77", too_large, 0 }, { "80 80 80 80 70", too_large, 0 } });
    expect_errors<uint64_t>({ { "80 80 80 80 80 80 80 80 80 02", too_large, 0 },
        { "80 80 80 80 80 80 80 80 80 80 00", too_long, 0 } });
    expect_errors<int64_t>({ { "80 80 80 80 80 80 80 80 80 01", too_large, 0 },
        { "80 80 80 80 80 80 80 80 80 7e", too_large, 0 },
        { "80 80 80 80 80 80 80 80 80 80 00", too_long, 0 } });
    expect_errors<int64_t, 33>({ { "80 80 80 80 10", too_large, 0 }, { "80 80 80 80 80 00", too_long, 0 } });
    expect_errors<int8_t, 7>({ { "e0 7f", too_long, 0 } });
}

TEST(Leb, WrittenNumbersReadBack)
{
    ByteWriter out;
    const int64_t numbers[] = { 0, 1, -1, 63, 64, -64, -65, 127, 128, 1 << 20, -(1 << 20),
        std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max() };
    for (const int64_t number : numbers) {
        out.leb(number);
        out.leb(static_cast<uint64_t>(number));
    }
    ByteReader in(out.bytes());
    for (const int64_t number : numbers) {
        EXPECT_EQ(in.leb<int64_t>(), number);
        EXPECT_EQ(in.leb<uint64_t>(), static_cast<uint64_t>(number));
    }
    EXPECT_TRUE(in.at_end());
}

TEST(ByteReader, CountsOffsetsFromItsBase)
{
    const ByteVector bytes = hex_bytes("01 02 03 04 05");
    ByteReader in(bytes, 0x20);
    EXPECT_EQ(in.byte(), 1);
    EXPECT_EQ(in.offset(), 0x21u);
    ByteReader part = *in.sub_reader(3);
    EXPECT_EQ(part.offset(), 0x21u);
    EXPECT_EQ(part.fixed<uint16_t>(), 0x0302);
    EXPECT_EQ(part.remaining(), 1u);
    EXPECT_EQ(part.fixed<uint16_t>().error().offset, 0x23u);
    EXPECT_EQ(in.offset(), 0x24u);
    EXPECT_EQ(in.byte(), 5);
    EXPECT_EQ(in.byte().error().message, "unexpected end of section or function");
}

TEST(ByteReader, ALengthIsAtMostWhatRemains)
{
    const ByteVector bytes = hex_bytes("02 61 62");
    EXPECT_EQ(ByteReader(bytes).length(), 2u);
    const auto error = ByteReader(Bytes(bytes).first(2), 7).length();
    EXPECT_EQ(error.error().message, "length out of bounds");
    EXPECT_EQ(error.error().offset, 7u);
}

TEST(ByteReader, NamesAreUtf8)
{
    EXPECT_EQ(ByteReader(hex_bytes("03 e2 82 ac")).name(), "\u20ac");
    EXPECT_EQ(ByteReader(hex_bytes("00")).name(), "");
    const auto error = ByteReader(hex_bytes("02 c0 80")).name();
    EXPECT_EQ(error.error().message, "malformed UTF-8 encoding");
    EXPECT_EQ(error.error().offset, 1u);
    EXPECT_EQ(ByteReader(hex_bytes("04 61")).name().error().message, "length out of bounds");
}

} // namespace
} // namespace vitrine::core::test

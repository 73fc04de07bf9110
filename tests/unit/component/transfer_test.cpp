// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/transfer.h"

#include "component/components.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace vitrine::core::component::test {
namespace {

using enum Primitive;

constexpr uint64_t memory_size = 4096;

class TransferTest : public testing::Test {
protected:
    struct Side {
        explicit Side(Components& components)
            : instance(components, nullptr, nullptr, nullptr, ""),
              memory(*components.store.add_memory({ { .min = memory_size, .max = memory_size }, 0 }))
        {}
        Options options(StringEncoding encoding = StringEncoding::Utf8) const
        {
            return { .encoding = encoding, .memory = memory };
        }
        template<class T> void put(uint32_t address, const T& value)
        {
            std::memcpy(&memory->expose()[address], &value, sizeof(T));
        }
        template<class T> T get(uint32_t address) const { return load<T>(&memory->bytes()[address]); }

        Instance instance;
        Memory* memory;
    };

    const Shape& shape(ValueDef def) { return shapes_.of(*types_.add(std::move(def))); }
    const Shape& shape(Primitive type) { return shapes_.of(type); }
    GuestSource source(StringEncoding encoding = StringEncoding::Utf8, std::span<const Slot> flats = {})
    {
        return { from_.instance, from_.options(encoding), flats, from_.instance, nullptr };
    }
    /// The fault of lifting a value, or nothing.
    std::string fault_of(const Shape& shape, Place at, StringEncoding encoding = StringEncoding::Utf8)
    {
        const auto lifted = lift(components_, source(encoding), shape, at);
        return lifted ? "" : to_text(lifted.error());
    }
    /// Lifts a value of one core value.
    Faulty<Value> lifted(const Shape& shape, Slot flat)
    {
        const Slot flats[] = { flat };
        return lift(components_, source(StringEncoding::Utf8, flats), shape, Place::flat(0));
    }
    /// Passes a value on, with the results of `realloc`.
    Faulty<void> send(
        const Shape& shape, Place at, std::vector<uint32_t> addresses, std::span<const Slot> flats = {})
    {
        Lowering<GuestSource> lowering(
            source(StringEncoding::Utf8, flats), to_.instance, to_.options(), received_, scope_);
        received_ = {};
        lowering.start(shape, at, at);
        asked_.clear();
        for (auto needed = lowering.run();;) {
            if (!needed)
                return std::unexpected(needed.error());
            if (!*needed)
                return {};
            asked_.push_back(**needed);
            needed = lowering.run(addresses.at(asked_.size() - 1));
        }
    }

    Types types_;
    Shapes shapes_ { types_ };
    Store store_ { std::make_shared<EngineState>() };
    Components& components_ = **Components::create(store_);
    Side from_ { components_ }, to_ { components_ };
    HandleScope scope_;
    std::array<Slot, FlatTypes::max> received_ {};
    std::vector<Reallocation> asked_;
};

TEST_F(TransferTest, CoreValuesAreNarrowed)
{
    const Slot all = 0xffff'ffff'ffff'fff0;
    EXPECT_EQ(lifted(shape(U8), all)->bits, 0xf0u);
    EXPECT_EQ(lifted(shape(S8), all)->bits, static_cast<uint64_t>(-16));
    EXPECT_EQ(lifted(shape(U16), all)->bits, 0xfff0u);
    EXPECT_EQ(lifted(shape(S16), all)->bits, static_cast<uint64_t>(-16));
    EXPECT_EQ(lifted(shape(U32), all)->bits, 0xffff'fff0u);
    EXPECT_EQ(lifted(shape(F32), all)->bits, 0xffff'fff0u);
    EXPECT_EQ(lifted(shape(U64), all)->bits, all);
    // Any bits but zero are true. The upper half of an i32 in an i64 does not count.
    EXPECT_EQ(lifted(shape(Bool), 2)->bits, 1u);
    EXPECT_EQ(lifted(shape(Bool), Slot { 1 } << 32)->bits, 0u);
    EXPECT_EQ(lifted(shape(FlagsType { { "a", "b", "c" } }), all)->bits, 0u);
    EXPECT_EQ(lifted(shape(FlagsType { { "a", "b", "c" } }), ~Slot { 0 })->bits, 7u);
    EXPECT_EQ(
        lifted(shape(FlagsType { std::vector<std::string_view>(32, "a") }), ~Slot { 0 })->bits, 0xffff'ffffu);
}

TEST_F(TransferTest, InvalidCharsAndCases)
{
    for (const uint32_t good : { 0u, 0xd7ffu, 0xe000u, 0x10ffffu })
        EXPECT_TRUE(lifted(shape(Char), good));
    for (const uint32_t bad : { 0xd800u, 0xdfffu, 0x110000u, UINT32_MAX })
        EXPECT_EQ(lifted(shape(Char), bad).error().kind, FaultKind::InvalidChar);
    const Shape& color = shape(EnumType { { "red", "green" } });
    EXPECT_TRUE(lifted(color, 1));
    for (const uint32_t bad : { 2u, 256u, UINT32_MAX })
        EXPECT_EQ(lifted(color, bad).error().kind, FaultKind::InvalidCase);
    // In memory, a discriminant has one byte.
    from_.put<uint32_t>(0, 0xffff'ff01);
    EXPECT_EQ(fault_of(color, Place::memory(0)), "");
    from_.put<uint8_t>(0, 2);
    EXPECT_EQ(fault_of(color, Place::memory(0)), "invalid variant discriminant: 2");
}

TEST_F(TransferTest, PointersAndLengths)
{
    const Shape& list = shape(ListType { U32 });
    const Shape& string = shape(String);
    const auto at = Place::memory(0);
    const auto put = [&](uint32_t address, uint32_t length) {
        from_.put(0, address);
        from_.put(4, length);
    };
    put(4096, 0);
    EXPECT_EQ(fault_of(list, at), "");
    EXPECT_EQ(fault_of(string, at), "");
    put(4092, 1);
    EXPECT_EQ(fault_of(list, at), "");
    put(4092, 2);
    EXPECT_EQ(fault_of(list, at), "list content out-of-bounds");
    put(4095, 0);
    EXPECT_EQ(fault_of(list, at), "unaligned pointer");
    EXPECT_EQ(fault_of(string, at), "");
    EXPECT_EQ(fault_of(string, at, StringEncoding::Utf16), "unaligned pointer");
    EXPECT_EQ(fault_of(string, at, StringEncoding::Latin1Utf16), "unaligned pointer");
    put(4097, 0);
    EXPECT_EQ(fault_of(string, at), "string content out-of-bounds");
    put(0xffff'fffc, 4);
    EXPECT_EQ(fault_of(list, at), "list content out-of-bounds");
    EXPECT_EQ(fault_of(string, at), "string content out-of-bounds");
    // Sizes do not wrap around.
    put(0, 0x4000'0001);
    EXPECT_EQ(fault_of(list, at), "list of 4294967300 bytes is too long");
    put(0, 0x8000'0000);
    EXPECT_EQ(fault_of(string, at), "string of 2147483648 bytes is too long");
    EXPECT_EQ(fault_of(string, at, StringEncoding::Utf16), "string of 4294967296 bytes is too long");
    // A tag without characters.
    EXPECT_EQ(fault_of(string, at, StringEncoding::Latin1Utf16), "");
    put(0, 0x1000'0000);
    EXPECT_EQ(fault_of(string, at), "string of 268435456 bytes is too long");
    put(0, 0x0fff'ffff);
    EXPECT_EQ(fault_of(string, at), "string content out-of-bounds");
}

TEST_F(TransferTest, NumbersAreCopiedTogether)
{
    const Shape& point = shape(TupleType { { U32, U32 } });
    const Shape& list = shape(ListType { *types_.add(TupleType { { U32, U32 } }) });
    EXPECT_TRUE(point.is_plain);
    from_.put<std::array<uint32_t, 2>>(0, { 16, 3 });
    for (uint32_t i = 0; i < 6; ++i)
        from_.put(16 + 4 * i, 100 + i);
    ASSERT_TRUE(send(list, Place::memory(0), { 256 }));
    EXPECT_EQ(asked_[0].new_size, 24u);
    EXPECT_EQ(asked_[0].alignment, 4u);
    EXPECT_EQ(to_.get<uint32_t>(0), 256u);
    EXPECT_EQ(to_.get<uint32_t>(4), 3u);
    for (uint32_t i = 0; i < 6; ++i)
        EXPECT_EQ(to_.get<uint32_t>(256 + 4 * i), 100 + i);
}

/// Padding belongs to the receiver.
TEST_F(TransferTest, PaddingIsNotCopied)
{
    const Shape& padded = shape(TupleType { { U8, U32 } });
    EXPECT_FALSE(padded.is_plain);
    from_.put<uint64_t>(0, 0x0807'0605'0403'0201);
    to_.put<uint64_t>(0, 0xffff'ffff'ffff'ffff);
    ASSERT_TRUE(send(padded, Place::memory(0), {}));
    EXPECT_EQ(to_.get<uint64_t>(0), 0x0807'0605'ffff'ff01u);
    const Shape& option = shape(OptionType { U32 });
    from_.put<uint64_t>(0, 0x0807'0605'0403'0200);
    to_.put<uint64_t>(0, 0xffff'ffff'ffff'ffff);
    ASSERT_TRUE(send(option, Place::memory(0), {}));
    EXPECT_EQ(to_.get<uint64_t>(0), 0xffff'ffff'ffff'ff00u);
}

TEST_F(TransferTest, CharsAndBoolsInListsAreChecked)
{
    from_.put<std::array<uint32_t, 4>>(0, { 16, 2, 0, 0 });
    from_.put<std::array<uint32_t, 2>>(16, { 'a', 0xd800 });
    EXPECT_EQ(send(shape(ListType { Char }), Place::memory(0), { 64 }).error().kind, FaultKind::InvalidChar);
    from_.put<std::array<uint8_t, 2>>(16, { 7, 0 });
    ASSERT_TRUE(send(shape(ListType { Bool }), Place::memory(0), { 64 }));
    EXPECT_EQ(to_.get<uint16_t>(64), 1u);
}

TEST_F(TransferTest, ListsOfFixedLength)
{
    const Shape& list = shape(ListType { *types_.add(TupleType { { U8, U16 } }), 3 });
    EXPECT_EQ(list.size, 12u);
    EXPECT_EQ(list.flat_count, 6u);
    for (uint16_t i = 0; i < 6; ++i)
        from_.put<uint16_t>(2 * i, static_cast<uint16_t>(i + 1));
    ASSERT_TRUE(send(list, Place::memory(0), {}));
    EXPECT_EQ(to_.get<uint16_t>(10), 6u);
    EXPECT_EQ(to_.get<uint8_t>(8), 5u);
    const std::array<Slot, 6> flats { 0x101, 2, 3, 0x10004, 5, 6 };
    ASSERT_TRUE(send(list, Place::flat(0), {}, flats));
    EXPECT_TRUE(std::ranges::equal(std::span(received_).first(6), std::array<Slot, 6> { 1, 2, 3, 4, 5, 6 }));
}

TEST_F(TransferTest, MapsAreListsOfPairs)
{
    const Shape& map = shape(MapType { String, U64 });
    EXPECT_EQ(map.element().size, 16u);
    from_.put<std::array<uint32_t, 2>>(0, { 16, 1 });
    from_.put<std::array<uint32_t, 4>>(16, { 64, 2, 7, 0 });
    from_.put<std::array<char, 2>>(64, { 'h', 'i' });
    ASSERT_TRUE(send(map, Place::memory(0), { 128, 301 }));
    EXPECT_EQ(to_.get<uint32_t>(128), 301u);
    EXPECT_EQ(to_.get<uint64_t>(136), 7u);
    EXPECT_EQ(to_.get<char>(302), 'i');
    const auto lifted = lift(components_, source(), map, Place::memory(0));
    ASSERT_TRUE(lifted);
    EXPECT_EQ(lifted->nodes().at(0).nodes().at(0).text(), "hi");
}

/// A case that needs fewer core values than others leaves zeros behind.
TEST_F(TransferTest, JoinedCoreValues)
{
    const Shape& variant = shape(VariantType { { { "a", F32 }, { "b", U64 }, { "c", {} } } });
    ASSERT_EQ(variant.flat_count, 2u);
    ASSERT_TRUE(send(variant, Place::flat(0), {}, std::array<Slot, 2> { 0, 0xdead'beef'3f80'0000 }));
    EXPECT_EQ(received_[1], 0x3f80'0000u);
    ASSERT_TRUE(send(variant, Place::flat(0), {}, std::array<Slot, 2> { 1, 0xdead'beef'3f80'0000 }));
    EXPECT_EQ(received_[1], 0xdead'beef'3f80'0000u);
    ASSERT_TRUE(send(variant, Place::flat(0), {}, std::array<Slot, 2> { 0xffff'ffff'0000'0002, 5 }));
    EXPECT_EQ(received_[0], 2u);
    EXPECT_EQ(received_[1], 0u);
}

/// Deep types are passed on without recursion, and empty lists are allocated too.
TEST_F(TransferTest, NestedLists)
{
    ValType type = U8;
    for (int i = 0; i < 90; ++i)
        type = *types_.add(ListType { type });
    // A list that contains itself.
    from_.put<std::array<uint32_t, 2>>(0, { 0, 1 });
    std::vector<uint32_t> addresses(90);
    for (uint32_t i = 0; i < 90; ++i)
        addresses[i] = 8 * (i + 1);
    ASSERT_TRUE(send(shapes_.of(type), Place::memory(0), addresses));
    EXPECT_EQ(asked_.size(), 90u);
    EXPECT_EQ(to_.get<uint32_t>(8 * 89), 8 * 90u);
    EXPECT_EQ(to_.get<uint8_t>(8 * 90), 0u);
    EXPECT_EQ(fault_of(shapes_.of(type), Place::memory(0)), "");
}

TEST_F(TransferTest, ValuesOfTheHostMustFit)
{
    const auto does_fit = [&](const Shape& shape, const Value& value) { return fits(value, shape); };
    const Shape& list = shape(ListType { U16 });
    EXPECT_TRUE(does_fit(list, { 0, std::vector<std::byte>(4) }));
    EXPECT_FALSE(does_fit(list, { 0, std::vector<std::byte>(3) }));
    EXPECT_FALSE(does_fit(list, { 0, Value::Nodes {} }));
    EXPECT_FALSE(does_fit(list, {}));
    const Shape& fixed = shape(ListType { U16, 2 });
    EXPECT_TRUE(does_fit(fixed, { 0, std::vector<std::byte>(4) }));
    EXPECT_FALSE(does_fit(fixed, { 0, std::vector<std::byte>(2) }));
    const Shape& option = shape(OptionType { U8 });
    EXPECT_TRUE(does_fit(option, { 0 }));
    EXPECT_TRUE(does_fit(option, { 1, Value::Nodes { { 5 } } }));
    EXPECT_FALSE(does_fit(option, { 1 }));
    EXPECT_FALSE(does_fit(option, { 0, Value::Nodes { { 5 } } }));
    EXPECT_FALSE(does_fit(option, { 2 }));
    EXPECT_FALSE(does_fit(shape(Bool), { 2 }));
    EXPECT_FALSE(does_fit(shape(FlagsType { { "a" } }), { 2 }));
    EXPECT_FALSE(does_fit(shape(String), { 0, std::string("\xff") }));
    EXPECT_FALSE(does_fit(shape(TupleType { { U8, U8 } }), { 0, Value::Nodes { { 1 } } }));
}

} // namespace
} // namespace vitrine::core::component::test

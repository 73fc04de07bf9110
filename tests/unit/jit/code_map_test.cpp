// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/code_map.h"

#include "jit/module_code.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace vitrine::core::jit {
namespace {

class CodeMapTest : public testing::Test {
protected:
    static constexpr uintptr_t begin = 0x10000;

    const uint8_t* at(uintptr_t offset) const { return reinterpret_cast<const uint8_t*>(begin + offset); }
    std::unique_ptr<Version> version(uintptr_t offset, uint32_t size)
    {
        return std::unique_ptr<Version>(new Version { .owner = owner,
            .function = {},
            .key = {},
            .begin = at(offset),
            .size = size,
            .sites = {},
            .entries = {},
            .sites_by_offset = {} });
    }

    ModuleCode owner { nullptr };
    CodeMap map { at(0), 1 << 20 };
};

TEST_F(CodeMapTest, FindsByAnyAddressInside)
{
    const auto first = version(0, 100), second = version(128, 64), third = version(192, 1);
    for (const auto* added : { &first, &second, &third })
        map.add(**added);
    EXPECT_EQ(map.find(begin), first.get());
    EXPECT_EQ(map.find(begin + 99), first.get());
    EXPECT_EQ(map.find(begin + 128), second.get());
    EXPECT_EQ(map.find(begin + 191), second.get());
    EXPECT_EQ(map.find(begin + 192), third.get());
    EXPECT_EQ(map.find(begin + 256), nullptr);
}

TEST_F(CodeMapTest, FindsNothingOutside)
{
    const auto only = version(0, 64);
    map.add(*only);
    EXPECT_EQ(map.find(begin - 1), nullptr);
    EXPECT_EQ(map.find(begin + (1 << 20)), nullptr);
    EXPECT_EQ(map.find(0), nullptr);
    EXPECT_EQ(map.find(UINTPTR_MAX), nullptr);
}

TEST_F(CodeMapTest, ForgetsWhatIsRemoved)
{
    const auto first = version(0, 64), second = version(64, 640);
    map.add(*first);
    map.add(*second);
    map.remove(*first);
    EXPECT_EQ(map.find(begin), nullptr);
    EXPECT_EQ(map.find(begin + 64), second.get());
    const auto third = version(0, 64);
    map.add(*third);
    EXPECT_EQ(map.find(begin + 1), third.get());
    EXPECT_EQ(map.find(begin + 700), second.get());
}

TEST_F(CodeMapTest, OtherThreadsReadWhileItChanges)
{
    const auto fixed = version(0, 64), changing = version(64, 4096);
    map.add(*fixed);
    std::atomic<bool> is_done = false;
    std::thread reader([&] {
        while (!is_done) {
            EXPECT_EQ(map.find(begin + 5), fixed.get());
            const Version* const found = map.find(begin + 2000);
            EXPECT_TRUE(!found || found == changing.get());
        }
    });
    for (int i = 0; i < 2000; ++i) {
        map.add(*changing);
        map.remove(*changing);
    }
    is_done = true;
    reader.join();
}

} // namespace
} // namespace vitrine::core::jit

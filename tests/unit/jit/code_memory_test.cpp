// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/code_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace vitrine::core::jit {
namespace {

using Way = CodeMemory::Way;

/// A function that returns a number, padded to `size` bytes.
std::vector<uint8_t> code_of(uint32_t number, size_t size = 6)
{
    std::vector<uint8_t> code(size, 0xcc);
    code[0] = 0xb8; // mov eax, number
    std::memcpy(&code[1], &number, sizeof number);
    code[5] = 0xc3; // ret
    return code;
}

// The sanitizer would look for the function's type before its first byte.
#if defined(__clang__)
[[clang::no_sanitize("function")]]
#endif
uint32_t call(const uint8_t* code)
{
    return reinterpret_cast<uint32_t (*)()>(reinterpret_cast<uintptr_t>(code))();
}

class CodeMemoryTest : public testing::TestWithParam<Way> {
protected:
    std::unique_ptr<CodeMemory> create(uint64_t bytes)
    {
        auto memory = CodeMemory::create(bytes, GetParam());
        EXPECT_TRUE(memory.has_value());
        return std::move(*memory);
    }
};

INSTANTIATE_TEST_SUITE_P(Ways, CodeMemoryTest, testing::Values(Way::TwoViews, Way::Protect),
    [](const auto& tested) { return tested.param == Way::TwoViews ? "TwoViews" : "Protect"; });

TEST_P(CodeMemoryTest, CodeRunsWhereItWasAdded)
{
    const auto memory = create(1 << 20);
    std::vector<const uint8_t*> added;
    for (uint32_t i = 0; i < 100; ++i)
        added.push_back(memory->add(code_of(i, 6 + i * 10)));
    for (uint32_t i = 0; i < 100; ++i) {
        ASSERT_NE(added[i], nullptr);
        EXPECT_TRUE(added[i] >= memory->begin() && added[i] < memory->end());
        EXPECT_EQ(reinterpret_cast<uintptr_t>(added[i]) % CodeMemory::granule, 0u);
        EXPECT_EQ(call(added[i]), i);
    }
}

TEST_P(CodeMemoryTest, RefusesWhatDoesNotFit)
{
    const auto memory = create(8192);
    EXPECT_EQ(memory->add(code_of(1, 8193)), nullptr);
    ASSERT_NE(memory->add(code_of(2, 8000)), nullptr);
    EXPECT_EQ(memory->add(code_of(3, 4097)), nullptr);
}

TEST_P(CodeMemoryTest, FreedMemoryIsUsedAgain)
{
    const auto memory = create(4 << 12);
    for (uint32_t round = 0; round < 50; ++round) {
        std::vector<const uint8_t*> added;
        for (uint32_t i = 0; i < 4; ++i)
            added.push_back(memory->add(code_of(round + i, 4096)));
        for (uint32_t i = 0; i < 4; ++i) {
            ASSERT_NE(added[i], nullptr);
            EXPECT_EQ(call(added[i]), round + i);
        }
        // In an order in which free neighbours must be joined on either side.
        for (const uint32_t i : { 0u, 2u, 1u, 3u })
            memory->remove(added[i], 4096);
        EXPECT_EQ(memory->used(), 0u);
        const uint8_t* const whole = memory->add(code_of(round, 4 << 12));
        ASSERT_NE(whole, nullptr);
        memory->remove(whole, 4 << 12);
    }
}

TEST_P(CodeMemoryTest, ForkedProcessRunsCodeAndAddsNone)
{
    const auto memory = create(1 << 16);
    const uint8_t* const code = memory->add(code_of(7));
    ASSERT_NE(code, nullptr);
    const pid_t child = fork();
    if (child == 0)
        _exit(call(code) == 7 && !memory->add(code_of(8)) ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_NE(memory->add(code_of(9)), nullptr);
}

TEST(CodeMemory, NoRoomIsAnError)
{
    EXPECT_FALSE(CodeMemory::create(0).has_value());
    EXPECT_FALSE(CodeMemory::create(4095).has_value());
}

} // namespace
} // namespace vitrine::core::jit

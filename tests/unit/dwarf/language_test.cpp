// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/language.h"

#include <gtest/gtest.h>

namespace vitrine::core::dwarf {
namespace {

using source::Language;

TEST(Languages, AreThoseOfTheProducer)
{
    constexpr uint64_t c99 = 0x0c, cpp14 = 0x21, rust = 0x1c, assembler = 0x8001;
    EXPECT_EQ(language_of("Debian clang version 22.1.8 (1~deb12u1)", c99), Language::C);
    EXPECT_EQ(language_of("Debian clang version 22.1.8 (1~deb12u1)", cpp14), Language::Cpp);
    EXPECT_EQ(language_of("clang LLVM (rustc version 1.95.0 (59807616e 2026-04-14))", rust), Language::Rust);
    EXPECT_EQ(language_of("zig 0.17.1", c99), Language::Zig);
    EXPECT_EQ(language_of("wast 262.0.0", c99), Language::Wat);
    EXPECT_EQ(language_of("clang version 18.1.2", assembler), Language::Unknown);
    EXPECT_EQ(language_of("", 0), Language::Unknown);
}

} // namespace
} // namespace vitrine::core::dwarf

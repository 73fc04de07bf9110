// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/version.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vitrine {

TEST(Version, IsThatOfTheHeadersInOneBuild)
{
    EXPECT_EQ(version(),
        fmt::format("{}.{}.{}", VITRINE_VERSION_MAJOR, VITRINE_VERSION_MINOR, VITRINE_VERSION_PATCH));
    EXPECT_EQ(version().data()[version().size()], '\0');
}

} // namespace vitrine

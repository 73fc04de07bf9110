// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace vitrine::core::host::test {
namespace {

TEST(Listeners, ListenWhereTheyAreTold)
{
    EXPECT_THAT(address_of(*listen_on("0")), testing::StartsWith("127.0.0.1:"));
    EXPECT_THAT(address_of(*listen_on("localhost:0")), testing::StartsWith("127.0.0.1:"));
    const auto taken = listen_on("127.0.0.1:0");
    for (const auto& [address, text] : std::map<std::string, std::string> {
             { "", "expected ADDRESS:PORT" },
             { "x", "expected ADDRESS:PORT" },
             { ":80", "expected ADDRESS:PORT" },
             { "127.0.0.1:65536", "expected ADDRESS:PORT" },
             { "127.0.0.1:-1", "expected ADDRESS:PORT" },
             { "::1:80", "brackets" },
             { "300.1.1.1.1:80", "cannot listen on" },
             { address_of(*taken), "in use" },
         }) {
        const auto refused = listen_on(address);
        ASSERT_FALSE(refused) << address;
        EXPECT_THAT(refused.error().message, testing::HasSubstr(text)) << address;
    }
}

} // namespace
} // namespace vitrine::core::host::test

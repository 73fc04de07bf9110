// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/outbox.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace vitrine::core::dap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const auto nothing_asked = [] { return false; };

std::vector<std::string> written(Outbox& outbox)
{
    outbox.finish();
    std::vector<std::string> all;
    while (const auto message = outbox.next()) {
        outbox.on_written(*message);
        all.push_back(message->bytes.substr(message->bytes.find('{')));
    }
    return all;
}

TEST(Outbox, JoinsOutputThatWaits)
{
    Outbox outbox;
    outbox.send_output("stdout", "one\n", nothing_asked);
    outbox.send_output("stdout", "two \xc3", nothing_asked);
    outbox.send_output("stdout", "\xa4\n", nothing_asked);
    outbox.send_output("stderr", "three\n", nothing_asked);
    outbox.send_event("stopped");
    outbox.send_output("stderr", "four\n", nothing_asked);
    outbox.send_output("console", "five\n", nothing_asked, { { "line", 5 } });
    outbox.send_output("console", "five\n", nothing_asked, { { "line", 5 } });
    outbox.send_output("console", "six\n", nothing_asked, { { "line", 6 } });
    outbox.send_output("console", "\xe2\x82", nothing_asked);
    outbox.flush_output();
    EXPECT_THAT(written(outbox),
        ElementsAre(HasSubstr(R"("output":"one\ntwo )"
                              "\xc3\xa4"
                              R"(\n")"),
            HasSubstr(R"("output":"three\n")"), HasSubstr(R"("seq":3)"), HasSubstr(R"("output":"four\n")"),
            HasSubstr(R"("output":"five\nfive\n")"), HasSubstr(R"("line":6)"), HasSubstr(R"("seq":7)")));
    EXPECT_EQ(outbox.unread_output(), 0u);
}

TEST(Outbox, KeepsMessagesShort)
{
    Outbox outbox;
    const std::string line(1000, 'x');
    for (int i = 0; i < 200; ++i)
        outbox.send_output("stdout", line, nothing_asked);
    const auto all = written(outbox);
    EXPECT_EQ(all.size(), 7u);
    for (const std::string& each : all)
        EXPECT_LT(each.size(), 34'000u);
}

} // namespace
} // namespace vitrine::core::dap

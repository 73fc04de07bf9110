// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/message.h"

#include "dap/references.h"

#include <gmock/gmock.h>

#include <array>

namespace vitrine::core::dap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The contents of the messages in these pieces, and the error at which reading ends.
std::vector<std::string> read(const std::vector<std::string>& pieces)
{
    MessageReader reader;
    std::vector<std::string> contents;
    for (const std::string& piece : pieces) {
        reader.add(piece);
        for (;;) {
            auto content = reader.next();
            if (!content) {
                contents.push_back("error: " + content.error().message);
                return contents;
            }
            if (!*content)
                break;
            contents.push_back(**content);
        }
    }
    return contents;
}

TEST(MessageReader, FindsMessagesWhereverTheBytesAreCut)
{
    const std::string bytes = framed("{}") + "content-length:3\r\nContent-Type: x\r\n\r\nabc" + framed("");
    EXPECT_THAT(read({ bytes }), ElementsAre("{}", "abc", ""));
    std::vector<std::string> single;
    for (const char letter : bytes)
        single.emplace_back(1, letter);
    EXPECT_THAT(read(single), ElementsAre("{}", "abc", ""));
}

TEST(MessageReader, EndsAtTheFirstByteOfAnotherProtocol)
{
    const auto stranger = ElementsAre("error: the client does not speak the Debug Adapter Protocol");
    for (const std::string bytes :
        { "G", "P", "OPTIONS / HTTP/1.1\r\n", "{", "\n", "Content-Range", "\x16\x03" })
        EXPECT_THAT(read({ bytes }), stranger) << bytes;
    // Also after messages, and it stays so.
    MessageReader reader;
    reader.add(framed("{}") + "GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_TRUE(reader.next());
    EXPECT_FALSE(reader.next());
    reader.add(framed("{}"));
    EXPECT_FALSE(reader.next());
}

TEST(MessageReader, RefusesWhatIsTooLong)
{
    EXPECT_THAT(read({ "Content-Length: 8388609\r\n\r\n" }),
        ElementsAre("error: a message is longer than 8388608 bytes"));
    EXPECT_THAT(read({ "Content-Length: 99999999999999999999999\r\n\r\n" }),
        ElementsAre("error: the Content-Length of a message is not a number"));
    EXPECT_THAT(read({ "Content-Length: -1\r\n\r\n" }),
        ElementsAre("error: the Content-Length of a message is not a number"));
    EXPECT_THAT(read({ "Content-Type: " + std::string(2000, 'x') }),
        ElementsAre("error: a header is longer than 1024 bytes"));
    EXPECT_THAT(read({ "Content-Type: x\r\n\r\n" }), ElementsAre("error: a message has no Content-Length"));
}

TEST(Request, NamesWhatIsWrong)
{
    const auto problem = [](std::string_view text) {
        const auto message = parse_message(text);
        constexpr std::array kinds { "ignored", "a request", "an answer" };
        return message ? std::string(kinds[message->index()]) : message.error().message;
    };
    EXPECT_EQ(problem(R"({"seq": 1, "type": "request", "command": "x"})"), "a request");
    EXPECT_EQ(problem(R"({"seq": 1, "type": "response", "request_seq": 3})"), "an answer");
    EXPECT_EQ(problem(R"({"seq": 1, "type": "event"})"), "ignored");
    EXPECT_THAT(problem(R"({"seq": 1, "type": "response"})"), HasSubstr("request_seq"));
    EXPECT_THAT(problem("{"), HasSubstr("invalid JSON"));
    EXPECT_THAT(problem("7"), HasSubstr("expected an object"));
    EXPECT_THAT(problem(R"({"seq": "1", "type": "request", "command": "x"})"), HasSubstr("seq"));
    EXPECT_THAT(problem(R"({"seq": 1, "type": "request"})"), HasSubstr("command"));
    EXPECT_THAT(problem(std::string(100'000, '[')), HasSubstr("invalid JSON"));
}

TEST(References, AreReadAsTheyAreWritten)
{
    EXPECT_EQ((CodeReference { 2, 0x51 }.to_text()), "0x300000051");
    EXPECT_EQ(CodeReference::parse("0x300000051", 4)->offset, 0x55u);
    EXPECT_EQ(CodeReference::parse("0x300000051", 4)->module, 2u);
    EXPECT_FALSE(CodeReference::parse("0x51", 0));
    EXPECT_FALSE(CodeReference::parse("0x300000051", -0x52));
    EXPECT_FALSE(CodeReference::parse("0x300000051", INT64_MAX));
    EXPECT_EQ((MemoryReference { 1, 2, 16 }.to_text()), "1.2:0x10");
    EXPECT_EQ(MemoryReference::parse("1.2:0x10")->memory, 2u);
    EXPECT_EQ(MemoryReference::parse("0x10")->address, 16u);
    for (const char* text : { "", ":", "1:2", "x", "1.2:", "1.2:x", "99999999999.0:1" })
        EXPECT_FALSE(MemoryReference::parse(text)) << text;
}

TEST(Base64, GoesBothWays)
{
    const auto round = [](std::vector<uint8_t> bytes) { return bytes_of_base64(base64_of(bytes)) == bytes; };
    EXPECT_EQ(base64_of(std::vector<uint8_t> { 'a', 'b', 'c', 'd' }), "YWJjZA==");
    for (size_t size = 0; size < 10; ++size)
        EXPECT_TRUE(round(std::vector<uint8_t>(size, 0xfb))) << size;
    for (const char* text : { "a", "abc", "ab=c", "????", "=====" })
        EXPECT_FALSE(bytes_of_base64(text)) << text;
}

} // namespace
} // namespace vitrine::core::dap

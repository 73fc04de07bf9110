// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/packet.h"

#include "gdb/address.h"

#include <gmock/gmock.h>

namespace vitrine::core::gdb {
namespace {

using testing::ElementsAre;
using Kind = Item::Kind;

/// What the reader finds in the bytes, as text: `packet c`, `ack`, ...
std::vector<std::string> items_of(PacketReader& reader, std::string_view bytes)
{
    static constexpr const char* names[] = { "packet ", "interrupt", "ack", "nack", "bad checksum ",
        "too long", "noise" };
    std::vector<std::string> items;
    while (auto item = reader.next(bytes))
        items.push_back(names[static_cast<size_t>(item->kind)] + item->payload);
    return items;
}

std::vector<std::string> items_of(std::string_view bytes)
{
    PacketReader reader;
    return items_of(reader, bytes);
}

TEST(Packet, AStreamIsCutIntoItsParts)
{
    EXPECT_THAT(items_of("+$c#63\3-$qC#b4$#00"),
        ElementsAre("ack", "packet c", "interrupt", "nack", "packet qC", "packet "));
}

TEST(Packet, ItDoesNotMatterHowTheBytesArrive)
{
    constexpr std::string_view bytes = "+$m100,20#bb\3$vCont;s:1#23x$D#44";
    const auto whole = items_of(bytes);
    EXPECT_EQ(whole.size(), 6);
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
        PacketReader reader;
        auto items = items_of(reader, bytes.substr(0, cut));
        const auto rest = items_of(reader, bytes.substr(cut));
        items.insert(items.end(), rest.begin(), rest.end());
        EXPECT_EQ(items, whole) << "cut at " << cut;
    }
    PacketReader reader;
    std::vector<std::string> items;
    for (const char& byte : bytes)
        for (std::string& item : items_of(reader, { &byte, 1 }))
            items.push_back(std::move(item));
    EXPECT_EQ(items, whole);
}

TEST(Packet, AWrongChecksumIsNoticed)
{
    EXPECT_THAT(items_of("$c#64$c#6x$c##3$c#63"),
        ElementsAre("bad checksum c", "bad checksum c", "bad checksum c", "packet c"));
}

TEST(Packet, ChecksumsMayBeInCapitals)
{
    EXPECT_THAT(items_of("$O+#7A$-#2D"), ElementsAre("packet O+", "packet -"));
}

TEST(Packet, EscapesAreResolved)
{
    // The checksum covers the escaped bytes.
    EXPECT_THAT(items_of("$a}\3b#43"), ElementsAre("packet a#b"));
    EXPECT_THAT(items_of("$}]#da"), ElementsAre("packet }"));
    EXPECT_EQ(escape_binary(bytes_of("a#$*}b")), "a}\3}\4}\n}]b");
}

TEST(Packet, EscapingAndReadingGiveEveryByteBack)
{
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte)
        bytes += static_cast<char>(byte);
    const std::string wire = encode_packet(escape_binary(bytes_of(bytes)));
    PacketReader reader;
    std::string_view input = wire;
    const auto item = reader.next(input);
    ASSERT_TRUE(item);
    EXPECT_EQ(item->kind, Kind::Packet);
    EXPECT_EQ(item->payload, bytes);
    EXPECT_TRUE(input.empty());
}

TEST(Packet, APacketThatStartsInAnotherReplacesIt)
{
    EXPECT_THAT(items_of("$m100$c#63"), ElementsAre("packet c"));
}

TEST(Packet, BytesOutsideAreNoise)
{
    EXPECT_THAT(items_of("GE#$c#63"), ElementsAre("noise", "noise", "noise", "packet c"));
}

TEST(Packet, TheLongestIsReadAndALongerOneIsNot)
{
    const std::string longest(max_payload_size, 'a');
    EXPECT_THAT(items_of(encode_packet(longest)), ElementsAre("packet " + longest));
    EXPECT_THAT(items_of(encode_packet(longest + "a") + "$c#63"), ElementsAre("too long", "packet c"));
    const std::string escapes(max_packet_size * 4, '}');
    EXPECT_THAT(items_of(encode_packet(escapes)), ElementsAre("too long"));
}

TEST(Packet, AnEndlessOneIsNotKept)
{
    PacketReader reader;
    const std::string bytes(1 << 20, 'a');
    EXPECT_THAT(items_of(reader, "$"), ElementsAre());
    for (int i = 0; i < 100; ++i)
        EXPECT_THAT(items_of(reader, bytes), ElementsAre());
    EXPECT_THAT(items_of(reader, "#00"), ElementsAre("too long"));
}

TEST(Packet, ChecksumsAreWritten)
{
    EXPECT_EQ(encode_packet(""), "$#00");
    EXPECT_EQ(encode_packet("OK"), "$OK#9a");
    EXPECT_EQ(encode_packet("\xff\xff"), "$\xff\xff#fe");
}

TEST(Address, PartsAndBitsAreTheSame)
{
    constexpr Address code { Address::Space::Object, 1, 0x279 };
    static_assert(code.bits() == 0x4000'0001'0000'0279);
    EXPECT_EQ(Address::of(code.bits()), code);
    EXPECT_EQ(Address::of(0x109d0), (Address { Address::Space::Memory, 0, 0x109d0 }));
    constexpr Address last { Address::Space::Reserved3, Address::max_id, 0xffff'ffff };
    EXPECT_EQ(Address::of(UINT64_MAX), last);
    EXPECT_EQ(last.bits(), UINT64_MAX);
}

TEST(Greeting, IsOneFirstPacketAndNothingElse)
{
    using enum Greeting;
    const auto expect = [](const std::string& bytes, Greeting whole) {
        // A prefix of what a debugger sends is not rejected. Anything else is rejected at once.
        bool was_stranger = false;
        for (size_t size = 0; size < bytes.size(); ++size) {
            const Greeting part = greeting_of(std::string_view(bytes).substr(0, size));
            EXPECT_FALSE(was_stranger && part != Stranger) << bytes << " " << size;
            EXPECT_TRUE(whole == Stranger || part == Incomplete) << bytes << " " << size;
            was_stranger = part == Stranger;
        }
        EXPECT_EQ(greeting_of(bytes), whole) << bytes;
    };
    for (const std::string_view first : { "QStartNoAckMode", "qSupported",
             "qSupported:xmlRegisters=i386,arm,mips,arc;multiprocess+;swbreak+" }) {
        const std::string packet = encode_packet(first);
        for (const std::string plus : { "", "+" }) {
            expect(plus + packet, Debugger);
            for (const auto* more : { " ", "+", "$", "\3", "\r\n", "$k#6b" })
                expect(plus + packet + more, Stranger);
        }
        for (const auto* before : { "++", "-", " ", "\3", "G", "$", "$$", "#" })
            expect(before + packet, Stranger);
    }
    for (const auto* other : { "k", "c", "D", "?", "qC", "qSupporte", "qSupportedX", "QStartNoAckModeX", "" })
        expect(encode_packet(other), Stranger);
    for (const auto* inner : { " ", "\r\n", "$k", "\x80", "\t" })
        expect(encode_packet("qSupported:a" + std::string(inner)), Stranger);
    expect("$QStartNoAckMode#b1", Stranger);
    expect("$QStartNoAckMode#zz", Stranger);
    expect(encode_packet("qSupported:" + std::string(900, 'a')), Debugger);
    expect(encode_packet("qSupported:" + std::string(1024, 'a')), Stranger);
    expect("GET / HTTP/1.1\r\n\r\n", Stranger);
}

} // namespace
} // namespace vitrine::core::gdb

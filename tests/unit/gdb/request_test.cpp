// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/request.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace vitrine::core::gdb {
namespace {

/// The request, which must be of this kind.
template<class Ask> Ask as(std::string_view payload)
{
    const Request request = parse_request(payload);
    const Ask* asked = std::get_if<Ask>(&request);
    EXPECT_TRUE(asked) << payload << " is of kind " << request.index();
    return asked ? *asked : Ask {};
}

bool is_malformed(std::string_view payload)
{
    return std::holds_alternative<ask::Malformed>(parse_request(payload));
}

bool is_unknown(std::string_view payload)
{
    return std::holds_alternative<ask::Unknown>(parse_request(payload));
}

TEST(Request, WhatTheHandshakeAsks)
{
    as<ask::StopAcks>("QStartNoAckMode");
    as<ask::Features>("qSupported:xmlRegisters=i386,arm,mips,arc;multiprocess+;fork-events+;vfork-events+;"
                      "swbreak+;hwbreak+");
    as<ask::Features>("qSupported");
    as<ask::Agree>("QThreadSuffixSupported");
    as<ask::Agree>("QListThreadsInStopReply");
    as<ask::Agree>("qSymbol::");
    as<ask::HostInfo>("qHostInfo");
    as<ask::ProcessInfo>("qProcessInfo");
    as<ask::ResumeActions>("vCont?");
    as<ask::ErrorTexts>("QEnableErrorStrings");
    as<ask::LastStop>("?");
    EXPECT_EQ(as<ask::Monitor>("qRcmd,68656c70").command, "help");
    EXPECT_EQ(as<ask::Monitor>("qRcmd,").command, "");
    EXPECT_EQ(as<ask::RegisterInfo>("qRegisterInfo0").number, 0);
    EXPECT_EQ(as<ask::RegisterInfo>("qRegisterInfo1f").number, 0x1f);
    const auto libraries = as<ask::Libraries>("qXfer:libraries:read::10,1ffff");
    EXPECT_EQ(libraries.offset, 0x10);
    EXPECT_EQ(libraries.length, 0x1ffff);
}

TEST(Request, NumbersMayHave64BitsAndNoMore)
{
    EXPECT_EQ(
        as<ask::Libraries>("qXfer:libraries:read::ffffffffffffffff,ffffffffffffffff").offset, UINT64_MAX);
    EXPECT_EQ(as<ask::MemoryRegion>("qMemoryRegionInfo:ffffffffffffffff").address, UINT64_MAX);
    EXPECT_EQ(as<ask::ReadMemory>("m000000000000000000000000000010,1").address, 0x10);
    EXPECT_EQ(as<ask::ReadLocal>("qWasmLocal:18446744073709551615;0").frame, UINT64_MAX);
    EXPECT_TRUE(is_malformed("qXfer:libraries:read::10000000000000000,1"));
    EXPECT_TRUE(is_malformed("m0,10000000000000000"));
    EXPECT_TRUE(is_malformed("qWasmLocal:18446744073709551616;0"));
    EXPECT_TRUE(is_malformed("m-1,4"));
    EXPECT_TRUE(is_malformed("m0x10,4"));
}

TEST(Request, Threads)
{
    EXPECT_EQ(as<ask::CallStack>("qWasmCallStack:1").thread, 1);
    EXPECT_EQ(as<ask::CallStack>("qWasmCallStack:1f").thread, 0x1f);
    EXPECT_EQ(as<ask::SelectThread>("Hg0").thread, std::nullopt);
    EXPECT_EQ(as<ask::SelectThread>("Hg2").thread, 2);
    EXPECT_FALSE(as<ask::SelectThread>("Hg2").is_for_going_on);
    EXPECT_EQ(as<ask::SelectThread>("Hc-1").thread, std::nullopt);
    EXPECT_TRUE(as<ask::SelectThread>("Hc-1").is_for_going_on);
    as<ask::ThreadsInfo>("jThreadsInfo");
    EXPECT_EQ(as<ask::ThreadExists>("T2").thread, 2);
    EXPECT_EQ(as<ask::ThreadStop>("qThreadStopInfo1").thread, 1);
    EXPECT_TRUE(as<ask::ThreadList>("qfThreadInfo").is_first);
    EXPECT_FALSE(as<ask::ThreadList>("qsThreadInfo").is_first);
    as<ask::CurrentThread>("qC");
    EXPECT_TRUE(is_malformed("Hx1"));
    EXPECT_TRUE(is_malformed("H"));
    EXPECT_TRUE(is_malformed("T"));
    EXPECT_TRUE(is_malformed("T-2"));
}

TEST(Request, ValuesOfFrames)
{
    // These numbers are decimal.
    const auto local = as<ask::ReadLocal>("qWasmLocal:10;12");
    EXPECT_EQ(local.frame, 10);
    EXPECT_EQ(local.index, 12);
    EXPECT_EQ(as<ask::ReadOperand>("qWasmStackValue:2;0").frame, 2);
    EXPECT_EQ(as<ask::ReadGlobal>("qWasmGlobal:0;3").index, 3);
    const auto global = as<ask::ReadGlobalOf>("qWasmGlobal:3;instance:7;");
    EXPECT_EQ(global.index, 3);
    EXPECT_EQ(global.instance, 7);
    for (const auto payload :
        { "qWasmLocal:", "qWasmLocal:1", "qWasmLocal:1;", "qWasmLocal:a;1", "qWasmLocal:1;2;3",
            "qWasmGlobal:1;instance:", "qWasmGlobal:1;instance:2;3", "qWasmGlobal:1;instance=2" })
        EXPECT_TRUE(is_malformed(payload)) << payload;
}

TEST(Request, Registers)
{
    EXPECT_EQ(as<ask::ReadRegister>("p0").number, 0);
    EXPECT_EQ(as<ask::ReadRegister>("p0").thread, std::nullopt);
    EXPECT_EQ(as<ask::ReadRegister>("p0;thread:000f;").thread, 15);
    const auto written = as<ask::WriteRegister>("P0=8103000001000040;thread:0002;");
    EXPECT_EQ(written.number, 0);
    EXPECT_EQ(written.value, 0x4000000100000381);
    EXPECT_EQ(written.thread, 2);
    EXPECT_EQ(as<ask::WriteRegister>("P0=8103000001000040").thread, std::nullopt);
    EXPECT_TRUE(is_malformed("p"));
    EXPECT_TRUE(is_malformed("p0;thread:;"));
    EXPECT_TRUE(is_malformed("p0;frame:1"));
    for (const auto payload : { "P0", "P0=", "P0=00", "P0=81030000010000401",
             "P0=8103000001000040;thread:", "P0=810300000100004g" })
        EXPECT_TRUE(is_malformed(payload)) << payload;
}

TEST(Request, Memory)
{
    const auto read = as<ask::ReadMemory>("m4000000100000279,200");
    EXPECT_EQ(read.address, 0x4000000100000279);
    EXPECT_EQ(read.length, 0x200);
    EXPECT_FALSE(read.is_binary);
    EXPECT_TRUE(as<ask::ReadMemory>("x0,0").is_binary);
    const auto write = as<ask::WriteMemory>("Mff48,4:07aBfe00");
    EXPECT_EQ(write.address, 0xff48);
    EXPECT_THAT(write.bytes, testing::ElementsAre(7, 0xab, 0xfe, 0));
    EXPECT_TRUE(as<ask::WriteMemory>("M0,0:").bytes.empty());
    for (const auto payload : { "m", "m1", "m1,", "m,1", "m1,2,3", "x1", "M1,1", "M1,1:", "M1,1:a",
             "M1,1:abcd", "M1,2:ab", "M1,1:g0", "M1,1:+1", "M1,ffffffffffffffff:00", "qMemoryRegionInfo:" })
        EXPECT_TRUE(is_malformed(payload)) << payload;
}

TEST(Request, Breakpoints)
{
    EXPECT_EQ(as<ask::SetBreakpoint>("Z0,40000001000005a2,1").address, 0x40000001000005a2);
    EXPECT_EQ(as<ask::SetBreakpoint>("Z1,10,1").address, 0x10);
    EXPECT_EQ(as<ask::RemoveBreakpoint>("z0,10,1").address, 0x10);
    const auto watch = as<ask::SetWatchpoint>("Z2,109d0,4").watch;
    EXPECT_EQ(watch, (ask::Watch { ask::Watch::Kind::Write, 0x109d0, 4 }));
    EXPECT_EQ(as<ask::SetWatchpoint>("Z3,1,2").watch.kind, ask::Watch::Kind::Read);
    EXPECT_EQ(as<ask::RemoveWatchpoint>("z4,109d0,4").watch.kind, ask::Watch::Kind::Access);
    EXPECT_TRUE(is_unknown("Z5,109d0,4"));
    as<ask::WatchpointCount>("qWatchpointSupportInfo:");
    for (const auto payload : { "Z", "Z0", "Z0,", "Z0,10", "Z0,10,", "z0,10,1;X1,22", "Z0,zz,1" })
        EXPECT_TRUE(is_malformed(payload)) << payload;
}

TEST(Request, WaysToGoOn)
{
    const auto actions = [](std::string_view payload) {
        std::string text;
        for (const auto& [is_step, thread] : as<ask::Resume>(payload).actions)
            text += (is_step ? "s" : "c") + (thread ? std::to_string(*thread) : "") + " ";
        return text;
    };
    EXPECT_EQ(actions("c"), "c ");
    EXPECT_EQ(actions("C05"), "c ");
    EXPECT_EQ(actions("s"), "s ");
    EXPECT_EQ(actions("S02"), "s ");
    EXPECT_EQ(actions("vCont;c"), "c ");
    EXPECT_EQ(actions("vCont;s:1"), "s1 ");
    EXPECT_EQ(actions("vCont;S02:1"), "s1 ");
    EXPECT_EQ(actions("vCont;C12:1f"), "c31 ");
    EXPECT_EQ(actions("vCont;s:2;c"), "s2 c ");
    EXPECT_EQ(actions("vCont;s:-1;c:1;c:0"), "s c1 c ");
    for (const auto payload : { "c100", "C", "s1", "vCont;", "vCont;t", "vCont;s:", "vCont;c;", "vCont;cc",
             "vCont;C", "vCont;r1,2:1" })
        EXPECT_TRUE(is_malformed(payload)) << payload;
    as<ask::Kill>("k");
    EXPECT_FALSE(as<ask::Detach>("D").stays_stopped);
    EXPECT_FALSE(as<ask::Detach>("D;1").stays_stopped);
    EXPECT_TRUE(as<ask::Detach>("D1").stays_stopped);
    EXPECT_TRUE(is_malformed("Dx"));
}

TEST(Request, TheRestIsUnknown)
{
    for (const auto payload : { "", "qVAttachOrWaitSupported", "qStructuredDataPlugins", "qShlibInfoAddr",
             "jThreadsInfos", "_M1000,rwx", "_m1000", "qModuleInfo:00;00", "qCRC:1,2", "qHostInfos",
             "QPassSignals", "bc", "bs", "X0,0:", "vKill;1", "qXfer:features:read:target.xml:0,100",
             "qOffsets", "!", "qWasmGlobalX", "vCont" })
        EXPECT_TRUE(is_unknown(payload)) << payload;
}

/// Tests the table itself: every row is reached, and no truncated packet causes a crash.
TEST(Request, EachPacketOfTheTableIsReached)
{
    const auto prefixes = known_packets();
    EXPECT_EQ(std::set(prefixes.begin(), prefixes.end()).size(), prefixes.size());
    EXPECT_EQ(prefixes.size(), 41);
    for (const std::string_view prefix : prefixes) {
        const std::string payload = std::string(prefix) + "\1";
        const Request request = parse_request(payload);
        if (const auto* malformed = std::get_if<ask::Malformed>(&request)) {
            EXPECT_EQ(malformed->packet, prefix);
        }
        for (size_t size = 0; size < prefix.size(); ++size)
            (void)parse_request(prefix.substr(0, size));
    }
}

} // namespace
} // namespace vitrine::core::gdb

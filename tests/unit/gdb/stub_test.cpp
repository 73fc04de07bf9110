// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/stub.h"

#include "base/text.h"
#include "gdb/packet.h"
#include "unit/gdb/door.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

namespace vitrine::core::gdb {
namespace {

using test::Conversation;
using test::Debugged;
using test::zoo;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

std::string hex_text(std::string_view text) { return hex_of(bytes_of(text)); }

/// The encoding in registers and call stacks.
std::string little_endian(uint64_t value)
{
    std::string text;
    for (int i = 0; i < 8; ++i, value >>= 8)
        text += hex_digits(value & 0xff, 2);
    return text;
}

std::string set(uint64_t address) { return "Z0," + hex_digits(address, 16) + ",1"; }
std::string unset(uint64_t address) { return "z0," + hex_digits(address, 16) + ",1"; }

/// The pc in a stop reply.
uint64_t pc_of(std::string_view reply)
{
    const size_t at = reply.find("thread-pcs:");
    EXPECT_NE(at, std::string_view::npos) << reply;
    return std::strtoull(std::string(reply.substr(at + 11, 16)).c_str(), nullptr, 16);
}

/// A guest that is stopped at the start of a call, with a client.
struct StubTest : testing::Test {
    ~StubTest() override { guest.session->close(); }

    std::string begin(std::string_view function, std::vector<Value> arguments = {})
    {
        guest.start(function, std::move(arguments));
        return client.ask("?");
    }

    Debugged guest;
    Conversation client { *guest.session };
};

TEST_F(StubTest, TheHandshakeIsAsLldbWantsIt)
{
    begin("run", { Value::i32(21) });
    EXPECT_THAT(client.ask("qSupported:xmlRegisters=i386"),
        AllOf(StartsWith("PacketSize=20000;"), HasSubstr("qXfer:libraries:read+"),
            HasSubstr("binary-upload+"), Not(HasSubstr("multiprocess")), Not(HasSubstr("Reverse"))));
    // With a system in the triple, LLDB would refuse the file.
    const std::string triple =
        "triple:" + hex_text("wasm32-unknown-unknown-wasm") + ";endian:little;ptrsize:4;";
    EXPECT_EQ(client.ask("qHostInfo"), triple);
    EXPECT_EQ(client.ask("qProcessInfo"), "pid:1;" + triple);
    EXPECT_EQ(client.ask("vCont?"), "vCont;c;C;s;S");
    EXPECT_EQ(client.ask("qRegisterInfo0"),
        "name:pc;alt-name:pc;bitsize:64;offset:0;encoding:uint;format:hex;set:General Purpose "
        "Registers;gcc:16;dwarf:16;"
        "generic:pc;");
    EXPECT_EQ(client.ask("qRegisterInfo1"), "E45");
    for (const auto payload : { "QThreadSuffixSupported", "QListThreadsInStopReply", "QEnableErrorStrings",
             "qSymbol::", "Hg0", "Hc-1", "T1" })
        EXPECT_EQ(client.ask(payload), "OK") << payload;
    EXPECT_EQ(client.ask("qfThreadInfo"), "m1");
    EXPECT_EQ(client.ask("qsThreadInfo"), "l");
    EXPECT_EQ(client.ask("qC"), "QC1");
    EXPECT_THAT(client.ask("T2"), StartsWith("E01"));
    EXPECT_THAT(client.ask("Hg2"), StartsWith("E01"));
}

TEST_F(StubTest, WhatIsNotKnownHasTheEmptyAnswer)
{
    begin("run", { Value::i32(21) });
    for (const auto payload : { "qVAttachOrWaitSupported", "qStructuredDataPlugins", "qShlibInfoAddr",
             "jThreadExtendedInfo:{\"thread\":1}", "_M1000,rwx", "qModuleInfo:00;00", "qOffsets", "Z5,10,4",
             "z5,10,4", "bc", "" })
        EXPECT_EQ(client.ask(payload), "") << payload;
}

TEST_F(StubTest, TheFirstStopIsBeforeTheFirstInstruction)
{
    const std::string pc = little_endian(Debugged::code(guest.meta(2).code_offset));
    EXPECT_EQ(begin("run", { Value::i32(21) }),
        "T05thread:1;name:main;threads:1;thread-pcs:"
            + hex_digits(Debugged::code(guest.meta(2).code_offset), 16) + ";00:" + pc + ";reason:signal;");
    EXPECT_EQ(client.ask("p0"), pc);
    EXPECT_EQ(client.ask("p0;thread:0001;"), pc);
    EXPECT_EQ(client.ask("qWasmCallStack:1"), pc);
    EXPECT_EQ(client.ask("qWasmLocal:0;0"), "15000000");
}

TEST_F(StubTest, TheEndIsTold)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask("c"), "W00");
    EXPECT_EQ(client.ask("?"), "W00");
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, TheGuestsOwnStatusIsTold)
{
    guest.on_tick = [](HostCall& call) -> HostOutcome {
        return Trap { .kind = TrapKind::Exit, .exit_status = static_cast<int32_t>(call.slots[0]) };
    };
    begin("tick", { Value::i32(0x12a) });
    EXPECT_EQ(client.ask("c"), "W2a");
}

TEST_F(StubTest, HostFunctionsThatWaitForEachOtherAreNoFramesForLldb)
{
    Function* self = nullptr;
    guest.on_tick = [&](HostCall& call) -> HostOutcome {
        // Asks for itself first, then for the guest.
        call.callee_slots[0] = call.slots[0] - 1;
        Function* const callee = call.slots[0] == 2 ? self : guest.instance->functions[1];
        return CallGuest { callee, [](void*, HostCall&, OrTrapped<void>&& called) -> HostOutcome {
                              EXPECT_TRUE(called);
                              return Returned {};
                          } };
    };
    self = guest.instance->functions[0];
    begin("tick", { Value::i32(2) });
    EXPECT_EQ(client.ask(set(Debugged::code(guest.meta(1).code_offset))), "OK");
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:breakpoint;"));
    EXPECT_EQ(frames_of(guest.thread).size(), 4u);
    const FuncMeta& tick = guest.meta(5);
    EXPECT_EQ(client.ask("qWasmCallStack:1"),
        little_endian(Debugged::code(guest.meta(1).code_offset))
            + little_endian(Debugged::code(tick.end_offset - 1)));
    EXPECT_EQ(client.ask("qWasmLocal:0;0"), "00000000");
    EXPECT_EQ(client.ask("qWasmLocal:1;0"), "02000000");
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, ABreakpointStopsWhereItWasAskedFor)
{
    begin("run", { Value::i32(21) });
    const FuncMeta& meta = guest.meta(1);
    // The body begins with the declarations of locals. Compilers say that the function begins
    // there.
    ASSERT_LT(meta.body_offset, meta.code_offset);
    EXPECT_EQ(client.ask(set(Debugged::code(meta.body_offset))), "OK");
    EXPECT_EQ(client.ask(set(Debugged::code(meta.body_offset))), "OK");
    const std::string stop = client.ask("c");
    EXPECT_THAT(stop, AllOf(StartsWith("T05thread:1;"), EndsWith(";reason:breakpoint;")));
    EXPECT_EQ(pc_of(stop), Debugged::code(meta.body_offset));
    const std::string pc = little_endian(Debugged::code(meta.body_offset));
    EXPECT_EQ(client.ask("p0"), pc);
    EXPECT_THAT(client.ask("qWasmCallStack:1"), StartsWith(pc));
    // LLDB continues like this: it removes the breakpoint, makes one step, and sets the breakpoint
    // again.
    EXPECT_EQ(client.ask(unset(Debugged::code(meta.body_offset))), "OK");
    const std::string step = client.ask("vCont;s:1");
    EXPECT_THAT(step, EndsWith(";reason:trace;"));
    EXPECT_EQ(pc_of(step), Debugged::code(meta.code_offset + 2));
    EXPECT_EQ(client.ask(set(Debugged::code(meta.body_offset))), "OK");
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, ABreakpointInsideAnInstructionMovesOn)
{
    begin("run", { Value::i32(21) });
    // local.get 0 takes two bytes.
    const CodeOffset inside = guest.meta(1).code_offset + 1;
    EXPECT_EQ(client.ask(set(Debugged::code(inside))), "OK");
    const std::string stop = client.ask("c");
    EXPECT_THAT(stop, EndsWith(";reason:breakpoint;"));
    EXPECT_EQ(pc_of(stop), Debugged::code(inside));
    EXPECT_EQ(client.ask("qWasmStackValue:0;0"), "15000000");
}

TEST_F(StubTest, OfTwoBreakpointsOnOneInstructionTheExactOneIsReported)
{
    begin("run", { Value::i32(21) });
    const FuncMeta& meta = guest.meta(1);
    EXPECT_EQ(client.ask(set(Debugged::code(meta.body_offset))), "OK");
    EXPECT_EQ(client.ask(set(Debugged::code(meta.code_offset))), "OK");
    EXPECT_EQ(pc_of(client.ask("c")), Debugged::code(meta.code_offset));
}

TEST_F(StubTest, GoingOnFromABreakpointDoesNotMeetItAgain)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask(set(Debugged::code(guest.meta(1).code_offset))), "OK");
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:breakpoint;"));
    EXPECT_THAT(client.ask("s"), EndsWith(";reason:trace;"));
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, BreakpointsOutsideOfCodeAreRefused)
{
    begin("run", { Value::i32(21) });
    const uint64_t size = guest.instance->module->bytes().size();
    for (const uint64_t address : { Debugged::code(0), Debugged::code(size), Debugged::code(UINT32_MAX),
             uint64_t { 16 }, Address { Address::Space::Object, 0, guest.meta(1).code_offset }.bits(),
             Address { Address::Space::Object, 2, guest.meta(1).code_offset }.bits(),
             Address { Address::Space::Object, Address::max_id, 40 }.bits(), UINT64_MAX })
        EXPECT_EQ(client.ask(set(address)), "E01") << std::hex << address;
    EXPECT_EQ(client.ask(unset(Debugged::code(0))), "OK");
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, StepsGoIntoCallsAndOutOfThem)
{
    std::string places;
    std::string reply = begin("run", { Value::i32(21) });
    for (; reply.starts_with('T'); reply = client.ask("vCont;s:1")) {
        if (!places.empty()) {
            EXPECT_THAT(reply, EndsWith(";reason:trace;"));
        }
        places += std::to_string(pc_of(reply) - Debugged::code(guest.meta(1).code_offset)) + " ";
    }
    EXPECT_EQ(reply, "W00");
    const auto run = guest.meta(2).code_offset - guest.meta(1).code_offset;
    std::string expected;
    for (const unsigned offset :
        { run, run + 2, run + 4, 0u, 2u, 4u, 5u, run + 6, run + 8, run + 9, run + 11 })
        expected += std::to_string(offset) + " ";
    EXPECT_EQ(places, expected);
}

TEST_F(StubTest, AHostCallIsOneStep)
{
    guest.start("tick", { Value::i32(1) });
    const uint64_t start = pc_of(client.ask("?"));
    EXPECT_EQ(pc_of(client.ask("s")), start + 2);
    EXPECT_EQ(pc_of(client.ask("s")), start + 4);
    EXPECT_EQ(client.ask("s"), "W00");
}

TEST_F(StubTest, CallersAreAtTheirReturnAddress)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask(set(Debugged::code(guest.meta(1).code_offset))), "OK");
    client.ask("c");
    const uint64_t caller = Debugged::code(guest.meta(2).code_offset + 6);
    EXPECT_EQ(client.ask("qWasmCallStack:1"),
        little_endian(Debugged::code(guest.meta(1).code_offset)) + little_endian(caller));
    // This is what `finish` does.
    EXPECT_EQ(client.ask(set(caller)), "OK");
    const std::string stop = client.ask("c");
    EXPECT_EQ(pc_of(stop), caller);
    EXPECT_EQ(client.ask("qWasmStackValue:0;1"), "2a000000");
}

TEST_F(StubTest, ValuesHaveTheWidthOfTheirTypes)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask(set(Debugged::code(guest.meta(1).code_offset + 4))), "OK");
    client.ask("c");
    EXPECT_EQ(client.ask("qWasmLocal:0;0"), "15000000");
    EXPECT_EQ(client.ask("qWasmLocal:0;1"), "0000000000000000");
    EXPECT_EQ(client.ask("qWasmLocal:0;2"), "0000000000000000");
    EXPECT_EQ(client.ask("qWasmLocal:1;0"), "15000000");
    // Index 0 is the bottom of the frame's own operands. A caller's operands end where its callee's
    // arguments began.
    EXPECT_EQ(client.ask("qWasmStackValue:0;0"), "15000000");
    EXPECT_EQ(client.ask("qWasmStackValue:0;1"), "02000000");
    EXPECT_EQ(client.ask("qWasmStackValue:1;0"), "0500000000000000");
    EXPECT_EQ(client.ask("qWasmGlobal:0;0"), "07000000");
    EXPECT_EQ(client.ask("qWasmGlobal:1;1"), "8877665544332211");
    EXPECT_EQ(client.ask("qWasmGlobal:1;instance:1;"), "8877665544332211");
    for (const auto payload :
        { "qWasmLocal:0;3", "qWasmLocal:2;0", "qWasmLocal:4294967296;0", "qWasmLocal:0;4294967296",
            "qWasmLocal:18446744073709551615;18446744073709551615", "qWasmStackValue:0;2",
            "qWasmStackValue:2;0", "qWasmGlobal:0;2", "qWasmGlobal:2;0", "qWasmGlobal:0;instance:0;",
            "qWasmGlobal:0;instance:2;", "qWasmGlobal:0;instance:4294967297;", "qWasmGlobal:9;instance:1;" })
        EXPECT_EQ(client.ask(payload), "E01") << payload;
}

TEST_F(StubTest, ErrorsHaveTextsForThoseWhoWantThem)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask("qWasmLocal:0;9"), "E01");
    EXPECT_EQ(client.ask("QEnableErrorStrings"), "OK");
    EXPECT_EQ(client.ask("qWasmLocal:0;9"), "E01;" + hex_text("the frame has no local 9"));
    EXPECT_EQ(client.ask("m"), "E01;" + hex_text("malformed packet m"));
    // The end of the register list must not have a text.
    EXPECT_EQ(client.ask("qRegisterInfo1"), "E45");
}

TEST_F(StubTest, MemoryIsReadAndWritten)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask("m10,5"), hex_text("hello"));
    EXPECT_EQ(client.ask("x10,5"), "bhello");
    EXPECT_EQ(client.ask("M11,2:7a7a"), "OK");
    EXPECT_EQ(client.ask("m10,5"), hex_text("hzzlo"));
    // Under the instance's id; the second memory has the next id.
    EXPECT_EQ(client.ask("m100000010,5"), hex_text("hzzlo"));
    EXPECT_EQ(client.ask("m200000010,5"), hex_text("world"));
    EXPECT_EQ(client.ask("M20000000f,1:23"), "OK");
    EXPECT_EQ(client.stub.answer(parse_request("x20000000f,2")).payload, "b}\3w");
    EXPECT_EQ(client.ask("x0,0"), "b");
}

TEST_F(StubTest, ReadsAcrossTheEndAreShort)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask("mfffe,200"), "0000");
    EXPECT_EQ(client.ask("mfffe,ffffffffffffffff"), "0000");
    for (const auto payload :
        { "m10000,4", "x10000,4", "xffff0110,4", "m300000000,1", "m0,0", "mffffffffffffffff,1",
            "m4000000000000000,1", "m4000000200000000,1", "m8000000000000000,1", "mc000000000000000,1" })
        EXPECT_EQ(client.ask(payload), "E02") << payload;
    // As much as fits into a packet.
    const std::string much = client.ask("m0,ffffffff");
    EXPECT_LE(much.size(), max_payload_size);
    EXPECT_GE(much.size(), 0x1f000);
}

TEST_F(StubTest, WritesAreAllOrNothingAndNeverOfCode)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask("Mffff,2:0102"), "E09");
    EXPECT_EQ(client.ask("mffff,1"), "00");
    EXPECT_EQ(client.ask("M10000,1:01"), "E09");
    EXPECT_EQ(client.ask("M4000000100000030,1:00"), "E09");
    EXPECT_EQ(client.ask("M300000000,1:00"), "E09");
    EXPECT_EQ(client.ask("P0=0000000000000000;thread:0001;"), "E01");
}

TEST_F(StubTest, CodeIsTheOriginalFile)
{
    begin("run", { Value::i32(21) });
    const Bytes file = guest.instance->module->bytes();
    // Also where there is a breakpoint.
    EXPECT_EQ(client.ask(set(Debugged::code(guest.meta(1).code_offset))), "OK");
    client.ask("c");
    EXPECT_EQ(client.ask("m4000000100000000," + hex_digits(file.size(), 8)), hex_of(file));
    EXPECT_EQ(client.ask("x4000000100000000,4"), std::string("b\0asm", 5));
    EXPECT_EQ(
        client.ask("m" + hex_digits(Debugged::code(file.size() - 2), 16) + ",400"), hex_of(file.last(2)));
    EXPECT_EQ(client.ask("m" + hex_digits(Debugged::code(file.size()), 16) + ",400"), "E02");
}

/// The parts of the answer to `qMemoryRegionInfo`.
struct RegionAnswer {
    uint64_t start;
    uint64_t size;
    bool is_there;
};

TEST_F(StubTest, RegionsCoverEverythingOnce)
{
    begin("run", { Value::i32(21) });
    const auto region_at = [&](uint64_t address) {
        const std::string answer = client.ask("qMemoryRegionInfo:" + hex_digits(address, 16));
        unsigned long long start = 1;
        unsigned long long size = 0;
        EXPECT_EQ(std::sscanf(answer.c_str(), "start:%llx;size:%llx;", &start, &size), 2) << answer;
        return RegionAnswer { start, size, answer.contains("permissions:") };
    };
    // Regions have no gaps between them and do not overlap.
    std::vector<uint64_t> starts;
    uint64_t address = 0;
    do {
        const RegionAnswer region = region_at(address);
        EXPECT_EQ(region.start, address);
        ASSERT_NE(region.size, 0);
        const uint64_t last = region.start + region.size - 1;
        for (const uint64_t inside : { last, region.start + region.size / 2 }) {
            EXPECT_EQ(region_at(inside).start, region.start) << std::hex << inside;
            EXPECT_EQ(region_at(inside).size, region.size) << std::hex << inside;
        }
        if (region.is_there)
            starts.push_back(region.start);
        address = last + 1;
    } while (address != 0);
    EXPECT_THAT(starts, testing::ElementsAre(0, 0x1'0000'0000, 0x2'0000'0000, 0x4000'0001'0000'0000));
    EXPECT_THAT(client.ask("qMemoryRegionInfo:ffff"), StartsWith("start:0;size:10000;permissions:rw;name:"));
    EXPECT_EQ(client.ask("qMemoryRegionInfo:10000"), "start:10000;size:ffff0000;");
    EXPECT_THAT(client.ask("qMemoryRegionInfo:4000000100000008"), HasSubstr("permissions:rx;"));
}

TEST_F(StubTest, TheListOfModulesIsReadInPieces)
{
    begin("run", { Value::i32(21) });
    const std::string list = "<library-list><library name=\"zoo#1\"><section "
                             "address=\"0x4000000100000000\"/></library></library-list>";
    EXPECT_EQ(client.ask("qXfer:libraries:read::0,1ffff"), "l" + list);
    EXPECT_EQ(client.ask("qXfer:libraries:read::0,10"), "m" + list.substr(0, 16));
    EXPECT_EQ(client.ask("qXfer:libraries:read::10,ffffffffffffffff"), "l" + list.substr(16));
    EXPECT_EQ(client.ask("qXfer:libraries:read::ffffffffffffffff,ffffffffffffffff"), "l");
    EXPECT_EQ(client.ask("qXfer:libraries:read::" + hex_digits(list.size(), 4) + ",10"), "l");
    EXPECT_EQ(client.ask("qXfer:libraries:read::0,0"), "m");
}

TEST_F(StubTest, ATrapIsAStopWithItsText)
{
    begin("trap", { Value::i32(0) });
    const std::string stop = client.ask("c");
    EXPECT_THAT(stop,
        AllOf(StartsWith("T08thread:1;"),
            EndsWith(";reason:exception;description:" + hex_text("trap: integer divide by zero") + ";")));
    // At the trapping instruction, with its operands.
    EXPECT_EQ(pc_of(stop), Debugged::code(guest.meta(4).code_offset + 4));
    EXPECT_EQ(client.ask("qWasmStackValue:0;0"), "01000000");
    EXPECT_EQ(client.ask("c"), "X06");
}

TEST(Stub, ATrapHasTheSignalThatAUnixProcessWouldHave)
{
    for (const auto& [body, signal] : std::vector<std::pair<std::string, std::string>> {
             { "unreachable", "T06" },
             { "(drop (i32.load (i32.const 65536)))", "T0b" },
             { "(drop (i32.div_s (i32.const 1) (i32.const 0)))", "T08" },
             { "(drop (i32.trunc_f32_s (f32.const nan)))", "T08" },
             { "(call_indirect (i32.const 0))", "T05" },
         }) {
        Debugged guest(R"((module (memory 1) (table 1 funcref) (func (export "run") )" + body + "))");
        Conversation client(*guest.session);
        guest.start("run", {});
        client.ask("?");
        EXPECT_THAT(client.ask("c"), AllOf(StartsWith(signal), HasSubstr(";reason:exception;"))) << body;
        guest.session->close();
    }
}

TEST(Stub, AFreeCallDoesNotWaitForItsFirstClient)
{
    Debugged guest;
    Stub stub(*guest.session, Process::FreeCall);
    EXPECT_TRUE(stub.was_let_go());
    std::promise<debug::Event> stopped, ended;
    ASSERT_TRUE(stub.open({ .events = [&](const debug::Event& event) {
        (std::holds_alternative<debug::StopReason>(event) ? stopped : ended).set_value(event);
    } }));
    guest.start("run", { Value::i32(21) });
    EXPECT_EQ(stub.on_event(stopped.get_future().get()), std::nullopt);
    EXPECT_EQ(stub.on_event(ended.get_future().get()), std::nullopt);
    ASSERT_TRUE(stub.attach());
    EXPECT_EQ(stub.answer(parse_request("?")).payload, "W00");
    guest.session->close();
}

/// A client that connects before the guest has begun finds it at its entry.
TEST(Stub, AClientOfAFreeCallMayBeFirst)
{
    Debugged guest;
    Conversation client(*guest.session, Process::FreeCall);
    EXPECT_EQ(client.stub.answer(parse_request("?")).payload, std::nullopt);
    guest.start("run", { Value::i32(21) });
    EXPECT_THAT(client.wait(), EndsWith(";reason:signal;"));
    EXPECT_EQ(client.ask("c"), "W00");
    guest.session->close();
}

/// Another client of the session, which is attached beside LLDB.
std::unique_ptr<debug::Client> attach_beside(const Debugged& guest)
{
    return *debug::Client::attach(*guest.session, "the page", debug::Client::Kind::Shared);
}

TEST(Stub, AloneResumesWhileItIsAttached)
{
    Debugged guest;
    const auto page = attach_beside(guest);
    Conversation client(*guest.session, Process::Owner);
    guest.start("run", { Value::i32(21) });
    EXPECT_THAT(client.ask("?"), StartsWith("T"));
    EXPECT_EQ(page->resume({}).error().message, "the guest is controlled by LLDB");
    EXPECT_EQ(guest.session->resume({}).error().message, "the guest is controlled by LLDB");
    EXPECT_EQ(client.stub.answer(parse_request("D1")).payload, "OK");
    EXPECT_EQ(guest.session->controller(), std::nullopt);
    ASSERT_TRUE(page->resume({}));
    EXPECT_TRUE(std::holds_alternative<debug::Outcome>(*guest.session->wait()));
}

/// Without other clients the guest waits for the next LLDB.
TEST(Stub, ALostClientLeavesTheGuestToOthers)
{
    for (const bool has_company : { false, true }) {
        Debugged guest;
        const auto page = has_company ? attach_beside(guest) : nullptr;
        Conversation client(*guest.session, Process::Owner);
        guest.start("spin", {});
        EXPECT_THAT(client.ask("?"), StartsWith("T"));
        EXPECT_EQ(client.stub.answer(parse_request("c")).payload, std::nullopt);
        client.stub.lose();
        if (!has_company)
            (void)client.next_event();
        EXPECT_EQ(guest.session->controller().has_value(), !has_company);
        EXPECT_EQ(guest.session->stopped().has_value(), !has_company);
        guest.session->close();
    }
}

TEST(Stub, ABreakpointThatAnotherClientHasTooIsItsOwn)
{
    Debugged guest;
    const auto page = attach_beside(guest);
    const CodeOffset start = guest.meta(1).code_offset;
    ASSERT_TRUE(page->add_breakpoint({ .module = guest.instance->module, .offset = start }));
    Conversation client(*guest.session);
    guest.start("run", { Value::i32(21) });
    client.ask("?");
    EXPECT_EQ(client.ask(set(Debugged::code(start))), "OK");
    const std::string stop = client.ask("c");
    EXPECT_THAT(stop, EndsWith(";reason:breakpoint;"));
    EXPECT_EQ(pc_of(stop), Debugged::code(start));
    // That of the other client alone is described in words.
    EXPECT_EQ(client.ask("c"), "W00");
    client.stub.lose();
    EXPECT_EQ(guest.session->breakpoints().size(), 1u);
    ASSERT_TRUE(client.stub.attach());
    guest.session->close();
}

TEST(Stub, SaysWhatStopsTheGuestAlthoughAnotherClientAsksForIt)
{
    Debugged guest;
    const auto page = attach_beside(guest);
    page->stop_on({ .caught_throw = true });
    Conversation client(*guest.session);
    guest.start("run", { Value::i32(21) });
    client.ask("?");
    EXPECT_EQ(client.monitor("catch throw off"), client.monitor("catch throw"));
    EXPECT_TRUE(guest.session->stops_on().caught_throw);
    client.stub.lose();
    EXPECT_TRUE(guest.session->stops_on().caught_throw);
    guest.session->close();
}

TEST_F(StubTest, ATrapDuringAStepIsATrap)
{
    begin("trap", { Value::i32(0) });
    EXPECT_THAT(client.ask("s"), EndsWith(";reason:trace;"));
    EXPECT_THAT(client.ask("s"), EndsWith(";reason:trace;"));
    EXPECT_THAT(client.ask("s"), HasSubstr(";reason:exception;"));
    EXPECT_EQ(client.ask("s"), "X06");
}

TEST_F(StubTest, AnExhaustedStackStopsToo)
{
    begin("dive");
    const std::string stop = client.ask("c");
    EXPECT_THAT(stop, HasSubstr(hex_text("trap: call stack exhausted")));
    // As many frames as fit into a packet.
    const std::string stack = client.ask("qWasmCallStack:1");
    EXPECT_EQ(stack.size() % 16, 0);
    EXPECT_LE(stack.size(), max_payload_size);
    EXPECT_GE(stack.size(), 1000 * 16);
    EXPECT_EQ(client.ask("c"), "X06");
}

TEST_F(StubTest, AnEndlessLoopIsInterrupted)
{
    begin("spin");
    EXPECT_EQ(client.stub.interrupt(), std::nullopt) << "it stands still already";
    const auto going_on = client.stub.answer(parse_request("c"));
    EXPECT_EQ(going_on.payload, std::nullopt);
    // Packets that need a stopped guest get one reply each, and the stop is still reported only
    // once.
    EXPECT_EQ(client.stub.answer(parse_request("c")).payload, "E01");
    EXPECT_EQ(client.stub.answer(parse_request("?")).payload, "E01");
    EXPECT_EQ(client.stub.answer(parse_request("m10,5")).payload, "E02");
    EXPECT_EQ(client.stub.answer(parse_request("qWasmCallStack:1")).payload, "");
    EXPECT_EQ(client.stub.answer(parse_request("qWasmLocal:0;0")).payload, "E01");
    EXPECT_EQ(client.stub.interrupt(), std::nullopt);
    EXPECT_EQ(client.stub.interrupt(), std::nullopt);
    const std::string stop = client.wait();
    EXPECT_THAT(stop, AllOf(StartsWith("T02thread:1;"), EndsWith(";reason:signal;")));
    EXPECT_EQ(client.ask("m10,5"), hex_text("hello"));
    EXPECT_NE(pc_of(client.ask("s")), pc_of(stop));
    client.stub.answer(parse_request("k"));
}

TEST_F(StubTest, AStepFromAnInterruptExecutesAnInstruction)
{
    guest.on_tick = [&](HostCall&) -> HostOutcome {
        guest.session->interrupt();
        return Returned {};
    };
    begin("tick-and-double");
    // The guest notices the request at the next function entry.
    const uint64_t entry = Debugged::code(guest.meta(1).code_offset);
    EXPECT_EQ(pc_of(client.ask("c")), entry);
    EXPECT_EQ(pc_of(client.ask("s")), entry + 2);
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, ABreakpointSetWhileTheGuestRunsStopsIt)
{
    begin("spin");
    EXPECT_EQ(client.stub.answer(parse_request("c")).payload, std::nullopt);
    EXPECT_EQ(
        client.stub.answer(parse_request(set(Debugged::code(guest.meta(3).code_offset + 2)))).payload, "OK");
    EXPECT_THAT(client.wait(), EndsWith(";reason:breakpoint;"));
    client.stub.answer(parse_request("k"));
}

TEST_F(StubTest, KillingEndsTheGuest)
{
    begin("spin");
    const auto killed = client.stub.answer(parse_request("k"));
    EXPECT_EQ(killed.payload, "X09");
    EXPECT_EQ(killed.after, Stub::Answer::After::Close);
    const debug::Event event = *guest.session->wait();
    EXPECT_EQ(std::get<Trap>(std::get<debug::Outcome>(event).error()).kind, TrapKind::Killed);
}

TEST_F(StubTest, KillingBeforeTheCallBeginsEndsItToo)
{
    EXPECT_EQ(client.ask("k"), "X09");
    guest.start("spin", {});
    EXPECT_EQ(client.stub.on_event(client.next_event()), std::nullopt);
    const debug::Event event = *guest.session->wait();
    EXPECT_EQ(std::get<Trap>(std::get<debug::Outcome>(event).error()).kind, TrapKind::Killed);
}

TEST_F(StubTest, DetachingRemovesTheBreakpointsAndLetsTheGuestGoOn)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask(set(Debugged::code(guest.meta(1).code_offset))), "OK");
    const auto detached = client.stub.answer(parse_request("D"));
    EXPECT_EQ(detached.payload, "OK");
    EXPECT_EQ(detached.after, Stub::Answer::After::Close);
    const debug::Event event = client.next_event();
    ASSERT_TRUE(std::holds_alternative<debug::Outcome>(event));
    EXPECT_EQ(std::get<debug::Outcome>(event)->front(), Value::i32(42));
    EXPECT_TRUE(guest.session->breakpoints().empty());
}

TEST_F(StubTest, ABreakpointAtAFunctionsSizeStopsAtItsFirstInstruction)
{
    begin("run", { Value::i32(21) });
    const FuncMeta& twice = guest.meta(1);
    // The size takes one byte.
    const uint64_t size = Debugged::code(twice.body_offset - 1);
    EXPECT_EQ(client.ask(set(size)), "OK");
    EXPECT_EQ(guest.session->breakpoints().front().offset, twice.code_offset);
    EXPECT_THAT(client.ask("c"),
        AllOf(HasSubstr("thread-pcs:" + hex(size).substr(2) + ";"), EndsWith(";reason:breakpoint;")));
    EXPECT_EQ(client.ask("z" + set(size).substr(1)), "OK");
    EXPECT_TRUE(guest.session->breakpoints().empty());
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, ABreakpointBehindTheFunctionThatIsLeftStopsInItsCaller)
{
    begin("run", { Value::i32(21) });
    const FuncMeta& twice = guest.meta(1);
    const std::string inside = set(Debugged::code(twice.code_offset));
    const std::string behind = set(Debugged::code(twice.end_offset));
    EXPECT_EQ(client.ask(inside), "OK");
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:breakpoint;"));
    EXPECT_EQ(client.ask(behind), "OK");
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:trace;"));
    EXPECT_EQ(client.ask("qWasmCallStack:1").size(), 16u);
    // A breakpoint that was set before does not matter to the function that runs now.
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, ABreakpointBehindTheLastFunctionIsAccepted)
{
    begin("run", { Value::i32(21) });
    const CodeOffset end = guest.instance->module->bodies.back().end_offset;
    EXPECT_EQ(client.ask(set(Debugged::code(end))), "OK");
    EXPECT_TRUE(guest.session->breakpoints().empty());
    EXPECT_EQ(client.ask("z" + set(Debugged::code(end)).substr(1)), "OK");
    EXPECT_THAT(client.ask(set(Debugged::code(end + 1))), StartsWith("E01"));
    EXPECT_THAT(client.ask(set(Debugged::code(0))), StartsWith("E01"));
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, WatchpointsAreLimitedInNumberAndSize)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask("qWatchpointSupportInfo:"), "num:64;");
    EXPECT_EQ(client.ask("QEnableErrorStrings"), "OK");
    EXPECT_THAT(client.ask("Z2,0,10001"), StartsWith("E01;"));
    EXPECT_EQ(client.ask("Z2,0,10000"), "OK");
    for (int i = 1; i < 64; ++i)
        EXPECT_EQ(client.ask("Z2," + hex(i).substr(2) + ",1"), "OK");
    EXPECT_EQ(client.ask("Z2,100,4"),
        "E01;" + hex_of(bytes_of("there are 64 watchpoints already, and no more can be set")));
    EXPECT_THAT(client.monitor("watch global 0"), HasSubstr("there are 64 watchpoints already"));
    // Setting it again does not make a second one.
    EXPECT_EQ(client.ask("Z2,1,1"), "OK");
    EXPECT_EQ(client.ask("z2,1,1"), "OK");
    EXPECT_EQ(client.ask("Z2,100,4"), "OK");
    client.stub.answer(parse_request("k"));
}

TEST_F(StubTest, ALaunchedGuestEndsWhenItsClientLeaves)
{
    for (const auto* leaving : { "D", "D1", "" }) {
        begin("spin", {});
        ASSERT_TRUE(client.stub.attach(true));
        EXPECT_THAT(client.ask("?"), StartsWith("T0"));
        if (*leaving)
            EXPECT_EQ(client.stub.answer(parse_request(leaving)).payload, "OK");
        else
            client.stub.lose();
        const debug::Event event = client.next_event();
        const auto& outcome = std::get<debug::Outcome>(event);
        ASSERT_FALSE(outcome) << leaving;
        EXPECT_EQ(std::get<Trap>(outcome.error()).kind, TrapKind::Killed) << leaving;
    }
}

TEST_F(StubTest, ADetachedGuestMayTrapWithNobodyThere)
{
    begin("trap", { Value::i32(0) });
    client.stub.answer(parse_request("D"));
    EXPECT_EQ(client.stub.on_event(client.next_event()), std::nullopt);
    EXPECT_TRUE(std::holds_alternative<debug::Outcome>(client.next_event()));
}

TEST_F(StubTest, ADetachedGuestMayStayStopped)
{
    begin("run", { Value::i32(21) });
    client.stub.answer(parse_request("D1"));
    EXPECT_TRUE(guest.session->stopped());
    ASSERT_TRUE(client.stub.attach());
    EXPECT_THAT(client.ask("?"), EndsWith(";reason:signal;"));
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, TheNextClientFindsARunningGuestStopped)
{
    begin("spin");
    client.stub.answer(parse_request("D"));
    EXPECT_TRUE(guest.session->is_running());
    ASSERT_TRUE(client.stub.attach());
    EXPECT_THAT(client.ask("?"), StartsWith("T02thread:1;"));
    client.stub.answer(parse_request("k"));
}

TEST_F(StubTest, AVanishedClientsRunningGuestIsStoppedForTheNext)
{
    begin("spin");
    EXPECT_EQ(client.ask(set(Debugged::code(guest.meta(1).code_offset))), "OK");
    EXPECT_EQ(client.stub.answer(parse_request("c")).payload, std::nullopt);
    client.stub.lose();
    EXPECT_FALSE(client.stub.is_attached());
    EXPECT_EQ(client.stub.on_event(client.next_event()), std::nullopt);
    EXPECT_TRUE(guest.session->stopped());
    EXPECT_TRUE(guest.session->breakpoints().empty());
    ASSERT_TRUE(client.stub.attach());
    EXPECT_THAT(client.ask("?"), StartsWith("T02thread:1;"));
    client.stub.answer(parse_request("k"));
}

TEST_F(StubTest, AVanishedClientsStoppedGuestStaysStopped)
{
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask(set(Debugged::code(guest.meta(1).code_offset))), "OK");
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:breakpoint;"));
    client.stub.lose();
    EXPECT_TRUE(guest.session->stopped());
    ASSERT_TRUE(client.stub.attach());
    // Its breakpoint is gone, so the stop is described in words.
    const std::string stop = client.ask("?");
    EXPECT_THAT(stop, HasSubstr(";reason:exception;"));
    EXPECT_EQ(pc_of(stop), Debugged::code(guest.meta(1).code_offset));
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(StubTest, AnOwnersBreakpointIsToldInWords)
{
    begin("run", { Value::i32(21) });
    const auto id = guest.session->add_breakpoint({ guest.instance->module, guest.meta(1).code_offset });
    ASSERT_TRUE(id);
    EXPECT_THAT(client.ask("c"),
        EndsWith(";reason:exception;description:" + hex_text("another client's breakpoint") + ";"));
    client.stub.answer(parse_request("D"));
    EXPECT_EQ(guest.session->breakpoints().size(), 1);
}

TEST_F(StubTest, OneInstancesBreakpointsAreNotTheOthers)
{
    Instance& second = guest.instantiate(zoo);
    const auto module = guest.instance->module;
    auto third = instantiate(guest.thread, guest.linker, module);
    ASSERT_TRUE(third);
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask("qXfer:libraries:read::0,1ffff"),
        "l<library-list><library name=\"zoo#1\"><section address=\"0x4000000100000000\"/></library>"
        "<library name=\"zoo#2\"><section address=\"0x4000000300000000\"/></library>"
        "<library name=\"zoo#3\"><section address=\"0x4000000500000000\"/></library></library-list>");
    const CodeOffset offset = guest.meta(1).code_offset;
    for (const uint32_t id : { 3u, 5u })
        EXPECT_EQ(client.ask(set(Address { Address::Space::Object, id, offset }.bits())), "OK");
    EXPECT_EQ(client.ask("M10,1:78"), "OK");
    EXPECT_EQ(client.ask("m300000010,1"), "68");
    EXPECT_EQ(client.ask("c"), "W00");
    EXPECT_EQ(second.memories[0]->base()[16], 'h');
}

/// Code of an instance sees the instance's own memory as memory id 0, and its own globals.
TEST_F(StubTest, MemoryZeroIsThatOfTheInnermostFrame)
{
    Instance& second = guest.instantiate(zoo);
    second.memories[0]->writable_base()[16] = 'j';
    guest.instance = &second;
    begin("run", { Value::i32(21) });
    EXPECT_EQ(client.ask("m10,5"), hex_text("jello"));
    EXPECT_EQ(client.ask("m100000010,5"), hex_text("hello"));
    EXPECT_EQ(client.ask("m300000010,5"), hex_text("jello"));
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST(Stub, ASharedMemoryIsReadAndWritten)
{
    Debugged guest(R"((module (import "host" "tick" (func $tick (param i32)))
        (memory 1 2 shared)
        (data (i32.const 32) "shared")
        (func (export "f") (result i32) (i32.atomic.load8_u (i32.const 32)))))");
    {
        Conversation client(*guest.session);
        guest.start("f", {});
        EXPECT_THAT(client.ask("?"), StartsWith("T05"));
        EXPECT_EQ(client.ask("m20,6"), hex_text("shared"));
        EXPECT_EQ(client.ask("M20,1:2b"), "OK");
        EXPECT_EQ(client.ask("m100000020,6"), hex_text("+hared"));
        EXPECT_EQ(client.ask("mffff,4"), "00");
        EXPECT_EQ(client.ask("Mffff,2:0000"), "E09");
        EXPECT_EQ(client.ask("c"), "W00");
        guest.session->close();
    }
    EXPECT_EQ(guest.instance->memories[0]->base()[32], '+');
}

/// A guest whose module is known before it is instantiated.
struct Announced {
    explicit Announced(Process process = Process::Call)
        : session(*debug::Session::create(guest.store, guest.thread)),
          module(core::test::module_of(*guest.engine, text)),
          client(*session, process)
    {}
    ~Announced() { session->close(); }

    static constexpr auto text = R"((module
        (func $start i32.const 1 drop)
        (start $start)))";

    void start()
    {
        const auto body = [this]() -> debug::Outcome {
            for (int i = 0; i < 2; ++i) {
                auto instance = instantiate(guest.thread, guest.linker, module);
                if (!instance)
                    return std::unexpected(std::move(instance).error());
            }
            return std::vector<Value> {};
        };
        EXPECT_TRUE(session->start(body, true));
    }

    core::test::Guest guest;
    std::unique_ptr<debug::Session> session;
    std::shared_ptr<const Module> module;
    Conversation client;
};

TEST(Stub, AnAnnouncedModuleIsShownBeforeItLives)
{
    Announced door(Process::Owner);
    door.client.stub.view().modules().announce(door.module, "/somewhere/a&b.wasm");
    // Nothing runs: there are no frames, but there is code, and breakpoints can be set.
    EXPECT_THAT(door.client.ask("?"), StartsWith("T02thread:1;"));
    EXPECT_EQ(door.client.ask("qWasmCallStack:1"), "");
    EXPECT_EQ(door.client.ask("p0"), "0000000000000000");
    EXPECT_EQ(door.client.ask("m0,10"), "E02");
    EXPECT_EQ(door.client.ask("qXfer:libraries:read::0,1ffff"),
        "l<library-list><library name=\"/somewhere/a&amp;b.wasm\"><section "
        "address=\"0x4000000100000000\"/></library>"
        "</library-list>");
    const uint64_t start = Debugged::code(door.module->meta(FuncIndex { 0 }).code_offset + 2);
    EXPECT_EQ(door.client.ask(set(start)), "OK");
    EXPECT_EQ(door.client.stub.answer(parse_request("c")).payload, std::nullopt);
    EXPECT_TRUE(door.client.stub.was_let_go());
    door.start();
    EXPECT_THAT(door.client.wait(), EndsWith(";reason:signal;"));
    // From now on it only belongs to the first instance.
    const std::string stop = door.client.ask("c");
    EXPECT_THAT(stop, EndsWith(";reason:breakpoint;"));
    EXPECT_EQ(pc_of(stop), start);
    EXPECT_EQ(door.session->breakpoints().front().spec.instance, &door.guest.store.instances().front());
    EXPECT_EQ(door.client.stub.answer(parse_request("c")).payload, std::nullopt);
    EXPECT_TRUE(std::holds_alternative<debug::Outcome>(door.client.next_event()));
}

/// The client sets its breakpoints in a new instance before the instance executes anything.
TEST(Stub, NewInstancesAreToldBeforeTheyRun)
{
    Announced door;
    door.client.listen_to_loads(*door.session);
    door.client.stub.view().modules().announce(door.module, "/somewhere/a.wasm");
    door.start();
    EXPECT_THAT(door.client.ask("?"), EndsWith(";reason:signal;")) << "an announced module is no news";
    EXPECT_THAT(door.client.ask("qXfer:libraries:read::0,1ffff"), Not(HasSubstr("a.wasm#2")));
    EXPECT_THAT(door.client.ask("c"),
        MatchesRegex("T00thread:1;name:main;threads:1;thread-pcs:[0-9a-f]+;00:[0-9a-f]{16};library:;"));
    EXPECT_THAT(door.client.ask("qXfer:libraries:read::0,1ffff"), HasSubstr("a.wasm#2"));
    const CodeOffset start = door.module->meta(FuncIndex { 0 }).code_offset;
    EXPECT_EQ(door.client.ask(set(Address { Address::Space::Object, 2, start }.bits())), "OK");
    EXPECT_THAT(door.client.ask("c"), EndsWith(";reason:breakpoint;"));
    EXPECT_EQ(door.client.ask("c"), "W00");
}

/// An instance that the embedder makes on a thread other than the guest's is reported when the
/// guest next runs.
TEST(Stub, InstancesMadeBetweenCallsAreToldAtTheNextCall)
{
    Debugged guest;
    Conversation client(*guest.session, Process::Owner);
    client.listen_to_loads(*guest.session);
    client.ask("?");
    EXPECT_EQ(client.stub.answer(parse_request("c")).payload, std::nullopt);
    guest.start("run", { Value::i32(21) }, false);
    // Nobody has asked for the modules so far.
    EXPECT_EQ(client.stub.on_event(client.next_event()), std::nullopt);
    client.stub.interrupt();
    client.ask("qXfer:libraries:read::0,1ffff");
    EXPECT_EQ(client.stub.answer(parse_request("c")).payload, std::nullopt);
    guest.instance = &guest.instantiate(zoo);
    guest.start("run", { Value::i32(21) }, false);
    const std::string stop = client.wait();
    EXPECT_THAT(stop, AllOf(StartsWith("T00thread:1;"), EndsWith(";library:;")));
    EXPECT_EQ(pc_of(stop), Address({ Address::Space::Object, 3, guest.meta(2).code_offset }).bits());
    EXPECT_EQ(client.stub.answer(parse_request("c")).payload, std::nullopt);
    EXPECT_EQ(client.stub.on_event(client.next_event()), std::nullopt);
    guest.session->close();
}

TEST(Stub, LaterInstancesAreNewsAtTheNextStop)
{
    Announced door;
    door.client.stub.view().modules().announce(door.module, "/somewhere/a.wasm");
    door.start();
    EXPECT_THAT(door.client.ask("?"), Not(HasSubstr("library:")));
    EXPECT_THAT(door.client.ask("qXfer:libraries:read::0,1ffff"), Not(HasSubstr("a.wasm#2")));
    for (int i = 0; i < 3; ++i)
        EXPECT_THAT(door.client.ask("s"), StartsWith("T05")) << i;
    EXPECT_THAT(door.client.ask("?"), HasSubstr(";library:;reason:trace;"));
    EXPECT_THAT(door.client.ask("qXfer:libraries:read::0,1ffff"),
        HasSubstr(
            "<library name=\"/somewhere/a.wasm#2\"><section address=\"0x4000000200000000\"/></library>"));
    EXPECT_THAT(door.client.ask("s"), Not(HasSubstr("library:")));
    EXPECT_EQ(door.client.ask("c"), "W00");
}

TEST(Stub, ThePathOfNoUseForXmlIsReplaced)
{
    Announced door(Process::Owner);
    door.client.stub.view().modules().announce(door.module, "/somewhere/\xff.wasm");
    door.client.stub.view().modules().announce(door.module, "");
    EXPECT_EQ(door.client.ask("qXfer:libraries:read::0,1ffff"),
        "l<library-list><library name=\"module#1\"><section address=\"0x4000000100000000\"/></library>"
        "<library name=\"module#2\"><section address=\"0x4000000200000000\"/></library></library-list>");
}

TEST(Stub, RegionsCoverASpaceWithNothingInIt)
{
    Debugged guest;
    Conversation client(*guest.session, Process::Owner);
    EXPECT_EQ(client.ask("qMemoryRegionInfo:0"), "start:0;size:8000000000000000;");
    EXPECT_EQ(client.ask("qMemoryRegionInfo:7fffffffffffffff"), "start:0;size:8000000000000000;");
    EXPECT_EQ(
        client.ask("qMemoryRegionInfo:ffffffffffffffff"), "start:8000000000000000;size:8000000000000000;");
    guest.session->close();
}

TEST(Stub, CallsOfAnOwnerComeAndGo)
{
    Debugged guest;
    Conversation client(*guest.session, Process::Owner);
    EXPECT_THAT(client.ask("?"), StartsWith("T02thread:1;"));
    EXPECT_FALSE(client.stub.was_let_go());
    EXPECT_EQ(client.stub.answer(parse_request("c")).payload, std::nullopt);
    EXPECT_TRUE(client.stub.was_let_go());
    for (int i = 0; i < 3; ++i) {
        guest.start("run", { Value::i32(21) }, false);
        // The end of a call is not the end of the process.
        EXPECT_EQ(client.stub.on_event(client.next_event()), std::nullopt);
    }
    EXPECT_THAT(*client.stub.interrupt(), StartsWith("T02thread:1;"));
    EXPECT_EQ(client.ask("qWasmCallStack:1"), "");
    // A stop that happens while the client believes that the guest is stopped is kept for it.
    guest.start("run", { Value::i32(21) });
    EXPECT_EQ(client.stub.on_event(client.next_event()), std::nullopt);
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:signal;"));
    EXPECT_EQ(client.ask("qWasmCallStack:1"), little_endian(Debugged::code(guest.meta(2).code_offset)));
    EXPECT_EQ(client.stub.answer(parse_request("c")).payload, std::nullopt);
    EXPECT_EQ(client.stub.on_event(client.next_event()), std::nullopt);
    EXPECT_EQ(client.stub.close(), "W00");
    guest.session->close();
}

/// The place must have its operands. A refused jump changes nothing.
TEST_F(StubTest, WritingThePlaceSendsTheGuestThere)
{
    begin("run", { Value::i32(21) });
    const CodeOffset start = guest.meta(2).code_offset;
    const auto jump = [&](uint64_t to) { return client.ask("P0=" + little_endian(to) + ";thread:0001;"); };
    EXPECT_EQ(client.ask("QEnableErrorStrings"), "OK");
    EXPECT_THAT(jump(Debugged::code(start + 4)), StartsWith("E01;"));
    EXPECT_THAT(jump(Debugged::code(start + 1)), StartsWith("E01;"));
    EXPECT_THAT(jump(16), StartsWith("E01;"));
    EXPECT_THAT(jump(Address { Address::Space::Object, 2, start }.bits()), StartsWith("E01;"));
    EXPECT_THAT(
        client.ask("P0=" + little_endian(Debugged::code(start)) + ";thread:0002;"), StartsWith("E01;"));
    EXPECT_EQ(client.ask("p0"), little_endian(Debugged::code(start)));
    EXPECT_EQ(jump(Debugged::code(start)), "OK");
    // `global.get 0` at the end: the calls before it are skipped.
    EXPECT_EQ(jump(Debugged::code(start + 9)), "OK");
    EXPECT_EQ(client.ask("p0"), little_endian(Debugged::code(start + 9)));
    EXPECT_EQ(client.ask("qWasmCallStack:1"), little_endian(Debugged::code(start + 9)));
    EXPECT_EQ(client.ask("qWasmLocal:0;0"), "15000000");
    EXPECT_EQ(pc_of(client.ask("s")), Debugged::code(start + 11));
    EXPECT_EQ(client.ask("qWasmStackValue:0;0"), "07000000");
    EXPECT_EQ(client.ask("c"), "W00");
}

/// Reads and writes its memory at 8, 16 and 24.
constexpr auto scribe = R"((module (memory 1) (memory 1)
    (func (export "run")
      (i32.store (i32.const 8) (i32.const 5))
      (i32.store (i32.const 8) (i32.const 5))
      (drop (i32.load (i32.const 8)))
      (i64.store (i32.const 16) (i64.const 1))
      (i32.store 1 (i32.const 8) (i32.const 9))
      (i32.store (i32.const 8) (i32.const 6)))))";

struct WatchTest : testing::Test {
    WatchTest()
    {
        guest.start("run", {});
        client.ask("?");
    }
    ~WatchTest() override { guest.session->close(); }

    Debugged guest { scribe };
    Conversation client { *guest.session };
};

TEST_F(WatchTest, WritesAreToldBehindTheInstruction)
{
    EXPECT_THAT(client.ask("qWatchpointSupportInfo:"), MatchesRegex("num:[0-9]+;"));
    EXPECT_EQ(client.ask("Z2,8,4"), "OK");
    EXPECT_EQ(client.ask("Z2,8,4"), "OK");
    EXPECT_EQ(guest.session->watchpoints().size(), 1);
    const std::string stop = client.ask("c");
    EXPECT_THAT(stop, AllOf(StartsWith("T05thread:1;"), EndsWith(";reason:watchpoint;watch:8;")));
    EXPECT_EQ(pc_of(stop), Debugged::code(guest.meta(0).code_offset + 7));
    EXPECT_EQ(client.ask("m8,4"), "05000000");
    EXPECT_THAT(client.ask("jThreadsInfo"), HasSubstr("\"reason\":\"watchpoint\",\"description\":\"8 0 8\""));
    // Writing the same value is a write too. Like LLDB, remove the watchpoint to continue and set
    // it again.
    EXPECT_EQ(client.ask("z2,8,4"), "OK");
    EXPECT_EQ(client.ask("z2,8,4"), "OK");
    EXPECT_EQ(client.ask("Z2,8,4"), "OK");
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:watchpoint;watch:8;"));
    // Neither for the read nor for the write to the other memory.
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:watchpoint;watch:8;"));
    EXPECT_EQ(client.ask("m8,4"), "06000000");
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(WatchTest, EachKindHasItsAccesses)
{
    EXPECT_EQ(client.ask("Z3,8,4"), "OK");
    EXPECT_EQ(client.ask("Z4,14,4"), "OK");
    EXPECT_EQ(client.ask("Z2,200000008,1"), "OK");
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:watchpoint;rwatch:8;"));
    // The upper half of eight bytes.
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:watchpoint;awatch:14;"));
    EXPECT_THAT(client.ask("c"), EndsWith(";reason:watchpoint;watch:200000008;"));
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(WatchTest, WhatCannotBeWatchedIsRefused)
{
    for (const auto payload : { "Z2,10000,4", "Z2,fffe,4", "Z2,8,0", "Z2,4000000100000008,4",
             "Z2,900000000,4", "Z2,8,ffffffffffffffff" })
        EXPECT_EQ(client.ask(payload), "E01") << payload;
    EXPECT_EQ(client.ask("z2,10000,4"), "OK");
    EXPECT_TRUE(guest.session->watchpoints().empty());
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(WatchTest, AClientTakesItsWatchpointsAlong)
{
    EXPECT_EQ(client.ask("Z2,8,4"), "OK");
    client.stub.answer(parse_request("D"));
    EXPECT_TRUE(std::holds_alternative<debug::Outcome>(client.next_event()));
    EXPECT_TRUE(guest.session->watchpoints().empty());
}

TEST_F(WatchTest, AnOwnersWatchpointIsToldInWords)
{
    const auto id = guest.session->add_watchpoint(
        { .what = eval::MemoryRange { guest.instance->memories[0], 8, 4 }, .store = &guest.store });
    ASSERT_TRUE(id);
    EXPECT_THAT(client.ask("c"),
        EndsWith(";reason:exception;description:" + hex_text("another client's watchpoint: 0 -> 5") + ";"));
    EXPECT_EQ(client.ask("z2,8,4"), "OK");
    EXPECT_EQ(guest.session->watchpoints().size(), 1);
    client.stub.answer(parse_request("D"));
}

/// An exception that is caught where the client waits for a return, or further out or in.
constexpr auto catcher = R"((module
    (tag $e (param i32))
    (func $thrower (param $x i32) (result i32)
      (if (i32.gt_s (local.get $x) (i32.const 2)) (then (throw $e (local.get $x))))
      (local.get $x))
    (func $inner (param $x i32) (result i32)
      (block $h (result i32)
        (try_table (result i32) (catch $e $h) (call $thrower (local.get $x)))))
    (func $middle (param $x i32) (result i32) (i32.add (call $thrower (local.get $x)) (i32.const 1)))
    (func $outer (param $x i32) (result i32)
      (block $h (result i32)
        (try_table (result i32) (catch $e $h) (call $middle (local.get $x)))))
    (func (export "within") (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 5)))
    (func (export "out") (param i32) (result i32) (i32.add (call $outer (local.get 0)) (i32.const 7)))))";

struct CatchTest : testing::Test {
    static std::string at(CodeOffset offset) { return hex_digits(Debugged::code(offset), 16); }
    /// Stops in a function and sets a mark where the frame `depth` levels further out continues, as
    /// LLDB does to step over a call or out of it.
    std::string stop_and_expect_return(std::string_view name, uint32_t function, size_t depth)
    {
        guest.start(name, { Value::i32(4) });
        EXPECT_THAT(client.ask("?"), StartsWith("T05"));
        EXPECT_EQ(client.ask("Z0," + at(guest.meta(function).code_offset) + ",1"), "OK");
        EXPECT_THAT(client.ask("c"), EndsWith(";reason:breakpoint;"));
        EXPECT_EQ(client.ask("z0," + at(guest.meta(function).code_offset) + ",1"), "OK");
        const CodeOffset offset = guest.session->frames()[depth].offset;
        EXPECT_EQ(client.ask("Z0," + at(offset) + ",1"), "OK");
        return "z0," + at(offset) + ",1";
    }
    static bool is_caught(const std::string& stop)
    {
        return stop.contains(";reason:exception;description:" + hex_of(bytes_of("exception caught")));
    }

    Debugged guest { catcher };
    Conversation client { *guest.session };
};

/// Without this stop the guest would run away: it never reaches the mark after the call.
TEST_F(CatchTest, StopsWhereTheCallerOfAStepCatches)
{
    // Over the call in $outer, and from there over the call that waits for $outer.
    const std::string unset = stop_and_expect_return("out", 0, 2);
    EXPECT_TRUE(is_caught(client.ask("c")));
    EXPECT_EQ(guest.session->frames()[0].function->index.value, 3u);
    EXPECT_EQ(client.ask(unset), "OK");
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(CatchTest, StopsWhereItIsCaughtFurtherOut)
{
    const std::string unset = stop_and_expect_return("out", 0, 1);
    EXPECT_TRUE(is_caught(client.ask("c")));
    EXPECT_EQ(guest.session->frames()[0].function->index.value, 3u);
    EXPECT_EQ(client.ask("c"), "W00") << "once";
}

TEST_F(CatchTest, GoesOnWhereItIsCaughtWithinTheCall)
{
    stop_and_expect_return("within", 0, 2);
    const std::string stop = client.ask("c");
    EXPECT_THAT(stop, EndsWith(";reason:breakpoint;")) << "the mark is met";
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(CatchTest, GoesOnOnceTheMarkIsGone)
{
    const std::string unset = stop_and_expect_return("out", 0, 2);
    EXPECT_EQ(client.ask(unset), "OK");
    EXPECT_EQ(client.ask("c"), "W00");
}

} // namespace
} // namespace vitrine::core::gdb

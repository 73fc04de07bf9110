// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/requests.h"

#include "support/sourced_guest.h"

#include <gmock/gmock.h>

namespace vitrine::core::debug {
namespace {

using test::SourcedGuest;
using test::SourceWriter;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// `square` is compiled and inlined into `main`; `Account::deposit` is another than `deposit`.
constexpr auto program = R"((module $app
    (func $square (param $n i32) (result i32)
      nop
      local.get $n
      local.get $n
      i32.mul)
    (func $deposit (param $n i32) (result i32)
      local.get $n
      i32.const 1
      i32.add)
    (func $Account_deposit (param $n i32) (result i32)
      local.get $n
      i32.const 2
      i32.add)
    (func $plain (param $n i32) (result i32)
      local.get $n)
    (func $main (export "main") (param $n i32) (result i32)
      nop
      (call $deposit (local.get $n))
      (call $Account_deposit)
      (call $square)
      nop
      local.get $n
      local.get $n
      i32.mul
      i32.add
      (call $plain))))";

struct Asked : SourcedGuest {
    Asked() : writer(load(program))
    {
        using enum source::Language;
        writer.lines("square", { 5, 6, 6, 6, 7 }, C);
        writer.symbols->rows[1].is_prologue_end = true;
        writer.lines("deposit", { 10, 11, 12, 13 }, C);
        writer.lines("Account_deposit", { 20, 21, 22, 23 }, C,
            { .name = "bank::Account::deposit", .linkage_name = "_ZN4bank7Account7depositEv" });
        writer.lines("main", { 30, 31, 31, 32, 33, 6, 6, 6, 6, 40, 41, 42 }, C);
        writer.inlined("main", "square", 39, 5, 9);
        client = *Client::attach(*session, "test", Client::Kind::Shared);
        requests.attach(*client, sources, { { instance->module, "/tmp/app.wasm" } });
    }
    ~Asked() { requests.detach(); }

    /// `1.1 deposit:11, 1.2 bank::Account::deposit:21`, or the error.
    std::string request(RequestSpec spec)
    {
        const auto id = requests.add(std::move(spec));
        return id ? text_of(*requests.find(*id)) : "error: " + id.error().message;
    }
    std::string add(std::string text) { return request({ .place = { .text = std::move(text) } }); }
    static std::string text_of(const Request& request)
    {
        std::string text;
        for (const RequestLocation& location : request.locations) {
            text += (text.empty() ? "" : ", ") + std::to_string(request.id) + "."
                + std::to_string(location.number) + " " + location.at.function + ":"
                + (location.at.place ? std::to_string(location.at.place->line) : "?");
            if (location.at.is_inlined)
                text += " inlined";
            if (location.hits != 0)
                text += " " + std::to_string(location.hits) + " hits";
            if (!location.problem.empty())
                text += " (" + location.problem + ")";
        }
        return text.empty() ? "pending: " + request.problem : text;
    }
    std::string shown(uint32_t id)
    {
        const auto request = requests.find(id);
        return request ? text_of(*request) : "none";
    }
    /// The stop with the request's number in place of the session's.
    std::string hit()
    {
        const auto reason = session->stopped();
        if (!reason)
            return "not stopped";
        const auto hit = requests.find_hit(reason->id);
        return position()
            + (hit ? " (" + std::to_string(hit->request) + "." + std::to_string(hit->location) + ")" : "");
    }

    SourceWriter writer;
    std::unique_ptr<Client> client;
    std::vector<std::string> events {};
    Requests requests { [this](const Requests::Event& event) {
        events.push_back((event.kind == Requests::Event::Kind::Removed ? "removed " : "changed ")
            + text_of(event.request));
    } };
};

TEST(Requests, AFunctionIsFoundByEachEndOfItsName)
{
    Asked guest;
    EXPECT_EQ(guest.add("main"), "1.1 main:31") << "behind the prologue";
    EXPECT_EQ(guest.add("deposit"), "2.1 deposit:11, 2.2 bank::Account::deposit:21");
    EXPECT_EQ(guest.add("Account::deposit"), "3.1 bank::Account::deposit:21");
    EXPECT_EQ(guest.add("_ZN4bank7Account7depositEv"), "4.1 bank::Account::deposit:21");
    EXPECT_EQ(guest.add("count::deposit"),
        "error: count::deposit: no such function (expected a name, $name, "
        "func[3] or an offset like 0x51); near: `Account_deposit`");
    EXPECT_EQ(guest.add("square"), "5.1 square:6, 5.2 square:6 inlined");
    EXPECT_EQ(guest.add("/^bank::/"), "6.1 bank::Account::deposit:21");
    EXPECT_THAT(guest.add("/(/"), HasSubstr("malformed regular expression"));
    EXPECT_THAT(guest.add("/nothing/"), HasSubstr("no function has such a name"));
}

TEST(Requests, NamesOfTheModuleAreFoundToo)
{
    Asked guest;
    EXPECT_EQ(guest.add("plain"), "1.1 plain:?");
    EXPECT_EQ(guest.add("$deposit"), "2.1 deposit:10") << "its first instruction";
    EXPECT_EQ(guest.add("func[0]"), "3.1 square:5");
    const CodeOffset offset = guest.writer.offset("deposit", 1);
    EXPECT_EQ(guest.add(std::to_string(offset)), "4.1 deposit:11");
    EXPECT_EQ(guest.add("app:deposit"), "5.1 deposit:11, 5.2 bank::Account::deposit:21");
    EXPECT_EQ(guest.add("app:$deposit"), "6.1 deposit:10");
    EXPECT_EQ(guest.add("app:" + std::to_string(offset)), "7.1 deposit:11");
    EXPECT_EQ(guest.add("app:app.c:21"), "8.1 bank::Account::deposit:21");
    EXPECT_THAT(guest.add("other:deposit"), HasSubstr("error: "));
    EXPECT_THAT(guest.add("0x1"), HasSubstr("error: "));
    EXPECT_THAT(guest.add(""), HasSubstr("expected a place"));
}

TEST(Requests, ALineIsFoundInFilesWhosePathsEndAlike)
{
    Asked guest;
    EXPECT_EQ(guest.add("app.c:21"), "1.1 bank::Account::deposit:21");
    EXPECT_EQ(guest.add("src/app.c:21"), "2.1 bank::Account::deposit:21");
    EXPECT_EQ(guest.add("/src/./lib/../app.c:21"), "3.1 bank::Account::deposit:21");
    EXPECT_EQ(guest.add("pp.c:21"), "error: pp.c:21: there is no such source file");
    EXPECT_EQ(guest.add("lib/app.c:21"), "error: lib/app.c:21: there is no such source file");
    EXPECT_EQ(guest.request({ .place = { .file = "app.c", .line = 21 } }), "4.1 bank::Account::deposit:21");
    EXPECT_EQ(guest.request({ .place = { .text = "21", .file_in_view = "/src/app.c" } }),
        "5.1 bank::Account::deposit:21");
    guest.requests.set_file_test([](std::string_view asked, const source::File& file) {
        return asked == "/home/me/app.c" && file.path == "/src/app.c";
    });
    EXPECT_EQ(guest.request({ .place = { .file = "/home/me/app.c", .line = 21 } }),
        "6.1 bank::Account::deposit:21");
    EXPECT_THAT(guest.add("app.c:0"), HasSubstr("a line must be a number from 1 on"));
}

TEST(Requests, ALineWithoutCodeMeansTheNextOneOfItsFunction)
{
    Asked guest;
    EXPECT_EQ(guest.add("app.c:34"), "1.1 main:39") << "a call whose code is all inlined";
    EXPECT_EQ(guest.add("app.c:24"), "error: app.c:24: there is no code at this line") << "main begins later";
    EXPECT_EQ(guest.add("app.c:43"), "error: app.c:43: there is no code at this line");
    EXPECT_EQ(guest.add("app.c:30"), "2.1 main:31") << "the first line of a function";
    EXPECT_EQ(guest.add("app.c:5"), "3.1 square:6");
    EXPECT_EQ(guest.add("app.c:6"), "4.1 square:6, 4.2 square:6 inlined");
    EXPECT_EQ(guest.add("app.c:4294967295"), "error: app.c:4294967295: there is no code at this line");
}

TEST(Requests, ALineWhoseCodeIsAllInlinedMeansItsCalls)
{
    Asked guest;
    EXPECT_EQ(guest.add("app.c:39"), "1.1 main:39");
    guest.start("main", { Value::i32(3) });
    guest.go();
    EXPECT_EQ(guest.hit(), "main:39 (1.1)") << "the body has not been entered";
    EXPECT_EQ(guest.step(), "square:6");
}

TEST(Requests, EachBlockHasALocation)
{
    Asked guest;
    // Line 31 of `main` is also in a block that begins at its second instruction.
    test::LiteralSymbols::Block block {};
    block.kind = source::Scope::Kind::Block;
    block.function = guest.writer.symbols->functions.back().id;
    block.ranges = { { guest.writer.offset("main", 10), guest.writer.offset("main", 11) } };
    block.parent = guest.writer.symbols->block_of(
        guest.logical().empty() ? source::FunctionId { 4 } : source::FunctionId {});
    guest.writer.symbols->add_block(block);
    guest.writer.symbols->rows[guest.writer.symbols->rows.size() - 2].place.line = 31;
    EXPECT_EQ(guest.add("app.c:31"), "1.1 main:31, 1.2 main:31");
}

TEST(Requests, HitsAreCountedForAllLocationsTogether)
{
    Asked guest;
    EXPECT_EQ(guest.request({ .place = { .text = "square" }, .ignore_count = 1 }),
        "1.1 square:6, 1.2 square:6 inlined");
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:30");
    (void)guest.go();
    EXPECT_EQ(guest.hit(), "square:6 (1.2)") << "the second hit; in the inlined copy";
    EXPECT_EQ(guest.shown(1), "1.1 square:6 1 hits, 1.2 square:6 inlined 1 hits");
    EXPECT_EQ(guest.requests.find(1)->hits(), 2u);
    EXPECT_EQ(guest.go(), "ended: 89");
}

TEST(Requests, ATemporaryRequestEndsWithItsFirstStop)
{
    Asked guest;
    EXPECT_EQ(guest.request({ .place = { .text = "square" }, .is_temporary = true }),
        "1.1 square:6, 1.2 square:6 inlined");
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:30");
    (void)guest.go();
    EXPECT_EQ(guest.hit(), "square:6 (1.1)") << "it is still known at the stop";
    EXPECT_EQ(guest.shown(1), "none");
    EXPECT_THAT(guest.events, ElementsAre("removed 1.1 square:6, 1.2 square:6 inlined"));
    EXPECT_THAT(guest.session->breakpoints(), IsEmpty());
    EXPECT_EQ(guest.go(), "ended: 89");
}

TEST(Requests, ChangesConcernAllLocations)
{
    Asked guest;
    EXPECT_EQ(guest.add("deposit"), "1.1 deposit:11, 1.2 bank::Account::deposit:21");
    RequestSpec spec = guest.requests.find(1)->spec;
    spec.condition = "$n == 6";
    ASSERT_TRUE(guest.requests.change(1, spec));
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:30");
    (void)guest.go();
    EXPECT_EQ(guest.hit(), "bank::Account::deposit:21 (1.2)");
    spec.condition = "$nothing == 6";
    const auto refused = guest.requests.change(1, spec);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("condition: "));
    EXPECT_EQ(guest.requests.find(1)->spec.condition, "$n == 6");
    EXPECT_EQ(guest.session->breakpoints().front().spec.condition, "$n == 6");
    EXPECT_EQ(guest.go(), "ended: 89");
    ASSERT_TRUE(guest.requests.set_location_enabled(1, 2, false));
    EXPECT_FALSE(guest.requests.set_location_enabled(1, 3, false));
    EXPECT_FALSE(guest.requests.set_location_enabled(2, 1, false));
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:30");
    EXPECT_EQ(guest.go(), "ended: 89");
    ASSERT_TRUE(guest.requests.remove(1));
    EXPECT_FALSE(guest.requests.remove(1));
    EXPECT_THAT(guest.session->breakpoints(), IsEmpty());
}

/// Functions of the same name need not have the same variables.
TEST(Requests, AConditionNeedNotFitEverywhere)
{
    Asked guest;
    EXPECT_EQ(guest.request({ .place = { .text = "/deposit|main/" }, .condition = "local[1] == 0" }),
        "error: condition: no local 1: the function has 1")
        << "it fits nowhere";
    EXPECT_THAT(guest.session->breakpoints(), IsEmpty());
}

TEST(Requests, ARequestSurvivesItsSession)
{
    Asked guest;
    EXPECT_EQ(guest.add("square"), "1.1 square:6, 1.2 square:6 inlined");
    ASSERT_TRUE(guest.requests.set_location_enabled(1, 1, false));
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:30");
    (void)guest.go();
    EXPECT_EQ(guest.hit(), "square:6 (1.2)");
    guest.requests.detach();
    EXPECT_EQ(guest.shown(1), "1.1 square:6, 1.2 square:6 inlined");
    guest.client.reset();
    guest.session.reset();
    EXPECT_EQ(guest.requests.add({ .place = { .text = "main" } }).error().message, "there is no program yet");
    EXPECT_EQ(guest.request({ .place = { .text = "main" }, .may_be_pending = true }),
        "pending: there is no program yet");

    guest.session = *Session::create(guest.store, guest.thread);
    guest.session->set_symbols(guest.finder);
    guest.client = *Client::attach(*guest.session, "test", Client::Kind::Shared);
    guest.requests.attach(*guest.client, guest.sources, { { guest.instance->module, "/tmp/app.wasm" } });
    EXPECT_EQ(guest.shown(1), "1.1 square:6, 1.2 square:6 inlined");
    EXPECT_EQ(guest.shown(2), "2.1 main:31");
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:30");
    (void)guest.go();
    EXPECT_EQ(guest.hit(), "main:31 (2.1)");
    (void)guest.go();
    EXPECT_EQ(guest.hit(), "square:6 (1.2)") << "the first location is still disabled";
    EXPECT_EQ(guest.requests.take_id(), 3u);
}

/// The breakpoint is there before the start function runs.
TEST(Requests, APendingRequestIsSetWhenItsModuleIsLoaded)
{
    Asked guest;
    EXPECT_EQ(guest.request({ .place = { .text = "late.c:3" }, .may_be_pending = true }),
        "pending: late.c:3: there is no such source file");
    EXPECT_EQ(guest.request({ .place = { .text = "late" }, .may_be_pending = true }),
        "pending: late: no such function (expected a name, $name, func[3] or an offset like 0x51)");
    EXPECT_EQ(guest.request({ .place = { .text = "/(/" }, .may_be_pending = true }).substr(0, 6), "error:");
    EXPECT_EQ(guest.add("main"), "3.1 main:31");

    const auto module = test::module_of(*guest.engine, R"((module
        (func $late nop nop)
        (start $late)))");
    SourceWriter writer(module, "/src/late.c");
    writer.lines("late", { 2, 3, 4 });
    guest.finder->symbols[module.get()] = writer.symbols;
    ASSERT_TRUE(guest.session->start([&]() -> Outcome {
        auto instance = core::instantiate(guest.thread, guest.linker, module);
        if (!instance)
            return std::unexpected(instance.error());
        return std::vector<Value>();
    }));
    (void)guest.wait();
    EXPECT_EQ(guest.hit(), "late:2 (2.1)");
    (void)guest.go();
    EXPECT_EQ(guest.hit(), "late:3 (1.1)");
    EXPECT_THAT(guest.events, ElementsAre("changed 1.1 late:3", "changed 2.1 late:2"));
    EXPECT_EQ(guest.go(), "ended:");
}

TEST(Requests, DebugInformationThatComesLaterMovesThem)
{
    Asked guest;
    const auto symbols = guest.finder->symbols[guest.instance->module.get()];
    guest.finder->symbols.clear();
    guest.requests.attach(
        *guest.client, std::make_shared<Sources>(guest.finder), { { guest.instance->module, "app" } });
    EXPECT_EQ(guest.add("deposit"), "1.1 deposit:?") << "the name of the module";
    EXPECT_EQ(guest.request({ .place = { .text = "app.c:21" }, .may_be_pending = true }),
        "pending: app.c:21: there is no such source file");
    guest.finder->symbols[guest.instance->module.get()] = symbols;
    guest.requests.refresh();
    EXPECT_EQ(guest.shown(1), "1.1 deposit:11, 1.2 bank::Account::deposit:21");
    EXPECT_EQ(guest.shown(2), "2.1 bank::Account::deposit:21");
    EXPECT_EQ(guest.events.size(), 2u);
    guest.events.clear();
    guest.requests.refresh();
    EXPECT_THAT(guest.events, IsEmpty()) << "nothing has changed";
}

TEST(Locations, PathsAreComparedByComponents)
{
    EXPECT_TRUE(is_end_of_path("b.c", "/a/b.c"));
    EXPECT_TRUE(is_end_of_path("a/b.c", "/a/b.c"));
    EXPECT_TRUE(is_end_of_path("/a/b.c", "/a/b.c"));
    EXPECT_TRUE(is_end_of_path("a\\b.c", "C:\\x\\a\\b.c"));
    EXPECT_TRUE(is_end_of_path("./x/../b.c", "/a/b.c"));
    EXPECT_FALSE(is_end_of_path("b.c", "/a/bb.c"));
    EXPECT_FALSE(is_end_of_path("c/b.c", "/a/b.c"));
    EXPECT_FALSE(is_end_of_path("", "/a/b.c"));
    EXPECT_FALSE(is_end_of_path("x/a/b.c", "a/b.c"));
}

TEST(Skips, RulesMatchNamesAndPaths)
{
    Skips skips;
    const source::File file { .path = "lib/list.h", .directory = "/src/app" };
    EXPECT_FALSE(skips.skips("std::list", &file));
    const auto id = skips.add_function("^std::");
    ASSERT_TRUE(id);
    EXPECT_TRUE(skips.skips("std::list", nullptr));
    EXPECT_FALSE(skips.skips("my::std::list", nullptr));
    ASSERT_TRUE(skips.set_enabled(*id, false));
    EXPECT_FALSE(skips.skips("std::list", nullptr));
    EXPECT_FALSE(skips.add_function("["));
    for (const std::string glob :
        { "list.h", "*.h", "lib/*", "/src/app/*", "/src/*.h", "l??t.h", "app/lib/list.h" }) {
        const uint32_t file_id = skips.add_file(glob);
        EXPECT_TRUE(skips.skips("f", &file)) << glob;
        ASSERT_TRUE(skips.remove(file_id));
    }
    for (const std::string glob : { "ist.h", "*.c", "other/*", "list", "" }) {
        const uint32_t file_id = skips.add_file(glob);
        EXPECT_FALSE(skips.skips("f", &file)) << glob;
        ASSERT_TRUE(skips.remove(file_id));
    }
    EXPECT_FALSE(skips.remove(99));
    EXPECT_TRUE(matches_glob("a*b*c", "aXbXbc"));
    EXPECT_FALSE(matches_glob("a*b*c", "aXbXbd"));
    EXPECT_TRUE(matches_glob("*", ""));
    // Takes no time that grows with the number of stars.
    EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*b", std::string(10'000, 'a')));
}

} // namespace
} // namespace vitrine::core::debug

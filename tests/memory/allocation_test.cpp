// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs scenarios in which each allocation fails once alone, and once together with all later ones.
// The result must be an error, a trap, or the embedder's own std::bad_alloc, and the same objects
// must work when memory is available again.
#include "memory/sweep.h"
#include "support/wat.h"

#include <vitrine/debugger.hpp>
#include <vitrine/vitrine.hpp>
#include <vitrine/wasi.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vitrine {
namespace {

using debug::Event;
using debug::Exited;
using debug::Resume;
using debug::Session;
using debug::Stopped;

constexpr auto guest_text = R"((module $m
    (import "host" "call" (func $call (param i32) (result i32)))
    (import "host" "value" (func $value (param i32 externref) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (type $node (struct (field $n (mut i32)) (field $next (mut (ref null $node)))))
    (type $row (array (mut i32)))
    (tag $t (param i32))
    (memory (export "memory") 1 4)
    (table $t 2 1000 funcref)
    (elem (i32.const 0) $leaf $leaf)
    (elem $more func $leaf)
    (global $list (mut (ref null $node)) (ref.null $node))
    (global $text externref (ref.null extern))
    (data (i32.const 0) "\10\00\00\00\04\00\00\00....text")
    (func $leaf (export "leaf") (param $n i32) (result i32) (i32.add (local.get $n) (i32.const 1)))
    (func $deep (export "deep") (param $n i32) (result i32)
      (if (result i32) (local.get $n)
        (then (i32.add (call $deep (i32.sub (local.get $n) (i32.const 1))) (i32.const 1)))
        (else (call $call (i32.const 4)))))
    (func (export "all") (param $n i32) (result i32) (local $i i32)
      (local.set $i (i32.const 3))
      (loop $l
        (global.set $list (struct.new $node (local.get $i) (global.get $list)))
        (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (drop (memory.grow (i32.const 0)))
      (drop (table.grow $t (ref.null func) (i32.const 10)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (drop (block $h (result i32)
        (try_table (catch $t $h) (throw $t (i32.const 5)))
        (i32.const 0)))
      (drop (call $value (i32.const 1) (ref.null extern)))
      (i32.add (call $deep (i32.const 5)) (call_indirect (param i32) (result i32) (local.get $n) (i32.const 0))))
    ;; More than it takes for the collector to run.
    (func (export "collects")
      (drop (array.new_default $row (i32.const 300000)))
      (drop (array.new_default $row (i32.const 900000))))
    (func (export "fails") (result i32) (i32.div_u (i32.const 1) (i32.const 0)))
    (func (export "throws") (throw $t (i32.const 5)))))";

constexpr std::int32_t answer_of_all = 5 + 5 + 8;

const std::vector<std::uint8_t>& guest_bytes()
{
    static const std::vector<std::uint8_t> bytes = core::test::wasm_of(guest_text);
    return bytes;
}

Result<Module> load(const Engine& engine)
{
    return Module::from_bytes(engine, std::as_bytes(std::span(guest_bytes())));
}

/// A guest with its host, created while memory is available.
struct Guest {
    explicit Guest(Config config = Config().guest_debug(true)) : engine(config), store(engine), linker(engine)
    {
        define();
        module.emplace(load(engine).value());
        instance.emplace(linker.instantiate(store, *module).value());
    }
    void define()
    {
        linker.define("host", "call", [this](std::int32_t n) -> Result<std::int32_t> {
            const auto leaf = instance->typed<std::int32_t(std::int32_t)>("leaf");
            if (!leaf)
                return leaf.error();
            return (*leaf)(n);
        });
        linker.define("host", "value", FuncType { { ValKind::I32, ValKind::ExternRef }, { ValKind::I32 } },
            [](Caller&, std::span<const Val> values) -> Result<std::vector<Val>> {
                return std::vector { values[0] };
            });
        EXPECT_TRUE(add_wasi(linker, store, WasiConfig().stdout_to([](auto) {})));
    }
    void expect_that_it_works()
    {
        const auto answer = instance->func("all")->call({ Val::i32(7) });
        ASSERT_TRUE(answer) << answer.error().message();
        EXPECT_EQ(answer->front(), Val::i32(answer_of_all));
    }

    Engine engine;
    Store store;
    Linker linker;
    std::optional<Module> module;
    std::optional<Instance> instance;
};

auto make_guest() { return std::make_unique<Guest>(); }

void expect_that_it_works(Guest& guest) { guest.expect_that_it_works(); }

/// An error is clean if it has a message.
template<class T> bool is_clean(const Result<T>& result)
{
    return result || !result.error().message().empty();
}

TEST(Allocation, FailsWhileAModuleIsLoaded)
{
    sweep([] { return std::make_unique<Engine>(Config().guest_debug(true)); },
        [](Engine& engine) { EXPECT_TRUE(is_clean(load(engine))); },
        [](Engine& engine) { EXPECT_TRUE(load(engine)); });
}

TEST(Allocation, FailsWhileAnInstanceIsMade)
{
    sweep(
        make_guest,
        [](Guest& guest) {
            Store store(guest.engine);
            EXPECT_TRUE(is_clean(guest.linker.instantiate(guest.store, *guest.module)));
            guest.instance.emplace(guest.store.instances().front());
        },
        [](Guest& guest) {
            guest.expect_that_it_works();
            // Whatever was left half made can be inspected.
            for (const Instance& instance : guest.store.instances()) {
                EXPECT_TRUE(instance.debug_function(3));
                EXPECT_TRUE(instance.debug_table(0));
            }
            const auto again = guest.linker.instantiate(guest.store, *guest.module);
            EXPECT_TRUE(again) << again.error().message();
        });
}

TEST(Allocation, FailsInDefinitions)
{
    sweep(
        make_guest,
        [](Guest& guest) {
            Linker linker(guest.engine);
            linker.define("a", "f", [](std::int32_t n) { return n; })
                .define("a", "memory", *guest.instance->memory("memory"))
                .define_instance("b", *guest.instance);
            EXPECT_TRUE(is_clean(linker.check(guest.store, *guest.module)));
            EXPECT_TRUE(is_clean(Global::create(guest.store, { ValKind::I32 }, Val::i32(3))));
            EXPECT_TRUE(is_clean(Memory::create(guest.store, { .min = 1 })));
            EXPECT_TRUE(is_clean(SharedMemory::create(guest.engine, { .min = 1, .max = 2 })));
            EXPECT_TRUE(is_clean(Table::create(guest.store, { .min = 9 }, Val::null(ValKind::FuncRef))));
            EXPECT_TRUE(is_clean(Tag::create(guest.store, { { ValKind::I64 }, {} })));
            EXPECT_TRUE(is_clean(Func::wrap(guest.store, [] {})));
        },
        expect_that_it_works);
}

TEST(Allocation, FailsWhileTheGuestRuns)
{
    sweep(
        make_guest,
        [](Guest& guest) {
            EXPECT_TRUE(is_clean(guest.instance->func("collects")->call({})));
            for (const char* name : { "fails", "throws" })
                EXPECT_FALSE(guest.instance->func(name)->call({}));
            const auto answer = guest.instance->func("all")->call({ Val::i32(7) });
            if (answer) {
                EXPECT_EQ(answer->front(), Val::i32(answer_of_all));
            } else {
                EXPECT_FALSE(answer.error().message().empty());
            }
        },
        expect_that_it_works);
}

TEST(Allocation, FailsWithACollectorThatAlwaysRuns)
{
    sweep([] { return std::make_unique<Guest>(Config().guest_debug(true).stress_collector(true)); },
        [](Guest& guest) { EXPECT_TRUE(is_clean(guest.instance->func("all")->call({ Val::i32(7) }))); },
        expect_that_it_works);
}

/// Makes the requests that a debugger makes at a stop.
void look_around(const Stopped& stop)
{
    (void)stop.reason().to_text();
    for (const debug::Frame& frame : stop.frames()) {
        (void)frame.locals();
        (void)frame.operands();
        EXPECT_TRUE(is_clean(frame.text_of("$n + 1")));
        EXPECT_TRUE(is_clean(frame.assign("$n = $n")));
        EXPECT_TRUE(is_clean(frame.set_local(0, Val::i32(7))) || frame.is_host());
    }
    (void)stop.threads();
}

TEST(Allocation, FailsInASessionThatRunsTheGuest)
{
    sweep(
        make_guest,
        [](Guest& guest) {
            Session session(guest.store);
            if (session.error())
                return;
            const auto offset = guest.module->functions()[3].offset;
            EXPECT_TRUE(is_clean(session.add_breakpoint({ .module = *guest.module,
                .offset = offset,
                .condition = "$n == 7",
                .message = "n is {$n}" })));
            EXPECT_TRUE(is_clean(session.add_breakpoint({ .module = *guest.module, .offset = offset })));
            EXPECT_TRUE(is_clean(session.on_message([](std::string_view) {})));
            EXPECT_TRUE(is_clean(session.add_watchpoint({ .what = *guest.instance->debug_global(0) })));
            Event event = session.call(*guest.instance->func("all"), { Val::i32(7) });
            for (int steps = 0; auto* const stop = std::get_if<Stopped>(&event); ++steps) {
                look_around(*stop);
                event = steps < 4 ? session.step(std::move(*stop))
                    : steps < 6   ? session.step_over(std::move(*stop))
                    : steps < 8
                    ? session.call(std::move(*stop), *guest.instance->func("leaf"), { Val::i32(1) })
                    : steps < 10 ? session.resume(std::move(*stop))
                                 : session.kill(std::move(*stop));
            }
        },
        expect_that_it_works);
}

TEST(Allocation, FailsInAHandler)
{
    sweep(
        make_guest,
        [](Guest& guest) {
            Session session(guest.store, [](Stopped& stop) {
                look_around(stop);
                return Resume::go();
            });
            if (session.error())
                return;
            EXPECT_TRUE(is_clean(session.stop_on({ .caught_throw = true, .load = true })));
            EXPECT_TRUE(is_clean(session.add_breakpoint(
                { .module = *guest.module, .offset = guest.module->functions()[3].offset })));
            EXPECT_TRUE(is_clean(guest.instance->func("all")->call({ Val::i32(7) })));
            EXPECT_FALSE(guest.instance->func("fails")->call({}));
        },
        expect_that_it_works);
}

TEST(Allocation, FailsInExpressions)
{
    sweep(
        make_guest,
        [](Guest& guest) {
            for (const char* text :
                { "1 + 2 * 3", "global[0]", "i32[0] == 16 && table[0] != null", "$list", "(", "cstr[16]" }) {
                EXPECT_TRUE(is_clean(guest.instance->debug_evaluate(text)));
                EXPECT_TRUE(is_clean(guest.instance->debug_text_of(text)));
            }
            EXPECT_TRUE(is_clean(guest.instance->debug_assign("i32[64] = 5")));
            EXPECT_TRUE(is_clean(guest.instance->debug_place("i32[64]")));
        },
        expect_that_it_works);
}

detail::ComponentNode record_of_all()
{
    using detail::ComponentNode;
    const ComponentNode text { 0, std::string(100, 'x') };
    const ComponentNode bytes { 0, std::vector<std::byte>(100) };
    return { 0, ComponentNode::Nodes { text, bytes, { 7 }, { 0, ComponentNode::Nodes { text, bytes } } } };
}

TEST(Allocation, FailsWhileValuesOfComponentsAreCopied)
{
    sweep([] { return std::make_unique<detail::ComponentNode>(record_of_all()); },
        [](const detail::ComponentNode& record) {
            const detail::ComponentNode copy = record;
            detail::ComponentNode assigned;
            assigned = copy;
            EXPECT_EQ(assigned.nodes()[3].nodes()[0].text().size(), 100u);
        },
        [](const detail::ComponentNode& record) { EXPECT_EQ(record.nodes()[0].text().size(), 100u); });
}

/// A client of a door that allocates no memory itself.
class Client {
public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address {};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        is_open_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    ~Client() { ::close(socket_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// The first byte of the reply's payload; 0 if the connection is closed or no reply comes.
    char ask(std::string_view payload)
    {
        char wire[256];
        unsigned sum = 0;
        for (const char byte : payload)
            sum += static_cast<unsigned char>(byte);
        const int size = std::snprintf(
            wire, sizeof wire, "$%.*s#%02x", static_cast<int>(payload.size()), payload.data(), sum & 0xff);
        if (!is_open_ || ::send(socket_, wire, static_cast<std::size_t>(size), MSG_NOSIGNAL) != size)
            return 0;
        // Acknowledgements and output (O and digits) come before a reply. A reply may be empty.
        for (;;) {
            char byte = 0, second = 0;
            while (byte != '$')
                if (!receive(byte))
                    return 0;
            if (!receive(byte) || (byte == 'O' && !receive(second)))
                return 0;
            if (byte != 'O' || second == 'K')
                return byte;
        }
    }

private:
    bool receive(char& byte)
    {
        pollfd ready { socket_, POLLIN, 0 };
        return ::poll(&ready, 1, 5000) == 1 && ::recv(socket_, &byte, 1, 0) == 1;
    }

    int socket_;
    bool is_open_ = false;
};

/// A guest that waits at its entry for a client of the door.
struct Served : Guest {
    Served() : session(store), server(session, "127.0.0.1:0", debug::GdbServer::Serves::OneCall)
    {
        const std::string address = server.address();
        port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
        runner = std::thread([this] {
            (void)session.call(*instance->func("all"), { Val::i32(7) }, true);
            has_ended = true;
        });
        while (!session.stopped())
            std::this_thread::yield();
    }
    ~Served()
    {
        session.kill();
        runner.join();
    }

    Session session;
    debug::GdbServer server;
    std::uint16_t port = 0;
    std::atomic<bool> has_ended = false;
    std::thread runner;
};

/// The thread of the door cannot report a failure to anyone: it drops the client and serves the
/// next one.
TEST(Allocation, FailsInADoor)
{
    sweep([] { return std::make_unique<Served>(); },
        [](Served& served) {
            Client client(served.port);
            for (const char* const packet :
                { "QStartNoAckMode", "qSupported", "?", "qXfer:libraries:read::0,ffff", "jThreadsInfo",
                    "qWasmCallStack:1", "qRcmd,676c6f62616c73", "Z0,4000000100000100,1", "vCont;s:1", "p0" })
                if (client.ask(packet) == 0)
                    return;
        },
        [](Served& served) {
            Client client(served.port);
            EXPECT_NE(client.ask("qSupported"), 0);
            const char state = client.ask("?");
            // The door may not hear of the guest's end when there is no memory to report it.
            EXPECT_TRUE(state == 'T' || state == 'W' || state == 'X' || served.has_ended);
        });
}

} // namespace
} // namespace vitrine

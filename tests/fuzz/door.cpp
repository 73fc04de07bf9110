// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a series of gdb door clients. Each sends packets from a table, with arguments
// taken from the bytes, to a running guest. Every packet must get one answer, a resumed guest must
// report back, all statements about where it is must agree, and a client must leave nothing behind.
// The guest must end as it does without a debugger, unless a client has changed it.

#include "base/text.h"
#include "engine/engine.h"
#include "exec/invoke.h"
#include "gdb/packet.h"
#include "gdb/stub.h"
#include "wasm/validator.h"

#include "fuzz/small_module.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

using namespace vitrine::core;
using vitrine::fuzz::module_bytes;

namespace {

constexpr size_t max_requests = 200;

/// The guest under a session. Keeps the events for the client's thread.
class Guest {
public:
    Guest()
    {
        auto loaded = load_module({ std::begin(module_bytes), std::end(module_bytes) }, engine_->types);
        ASSERT(loaded);
        module = *loaded;
        auto made = instantiate(thread_, Linker(), module);
        ASSERT(made);
        instance = &**made;
        session = *debug::Session::create(store_, thread_);
    }

    void take(const debug::Event& event)
    {
        const std::scoped_lock lock(mutex_);
        events_.push_back(event);
        changed_.notify_one();
    }

    void start()
    {
        ASSERT(session->start([this] { return run(); }, true));
    }
    debug::Outcome run()
    {
        const Value argument = Value::i32(7);
        auto results = invoke(thread_, *instance->functions[2], { &argument, 1 });
        if (!results)
            return std::unexpected(std::move(results).error());
        return *results;
    }

    /// The next event, waiting for it at most this long.
    std::optional<debug::Event> next_event(std::chrono::milliseconds patience)
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, patience, [this] { return !events_.empty(); }))
            return std::nullopt;
        debug::Event event = std::move(events_.front());
        events_.pop_front();
        return event;
    }

    /// What the guest leaves: results, memory, global, table.
    std::string end_text(const debug::Outcome& outcome) const
    {
        std::string text;
        if (!outcome)
            text = std::visit([](const auto& failure) { return failure.to_text(); }, outcome.error());
        else
            for (const Value& value : *outcome)
                text += value.to_text() + " ";
        text += instance->globals[0]->get().to_text();
        text += hex_of(Bytes(instance->memories[0]->bytes()).first(128));
        for (const Ref& element : instance->tables[0]->elements())
            text += element.is_null() ? "-" : "+";
        return text;
    }

private:
    std::shared_ptr<Engine> engine_ =
        std::make_shared<Engine>(EngineConfig { .guest_debug = true, .max_stack_bytes = 1 << 16 });
    GuestStore guest_ { engine_ };
    Store& store_ = guest_.store;
    Thread& thread_ = guest_.thread;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<debug::Event> events_;

public:
    std::shared_ptr<const Module> module;
    Instance* instance = nullptr;
    std::unique_ptr<debug::Session> session;
};

/// Packets and commands. `%c` stands for a code address, `%m` for a memory address, `%d` for a
/// small number, `%x` for a byte.
constexpr auto packets = std::to_array<std::string_view>({ "?", "vCont;c", "vCont;s:1", "vCont;s:1;c", "c",
    "s", "C05", "Z0,%c,1", "Z0,%c,1", "Z1,%c,1", "z0,%c,1", "Z2,%m,%d", "Z3,%m,%d", "Z4,%m,%d", "z2,%m,%d",
    "m%m,%x", "x%m,%d", "m%c,8", "p0", "p0;thread:%d;", "P0=%p", "jThreadsInfo", "qWasmCallStack:1",
    "qWasmLocal:%d;%d", "qWasmStackValue:%d;%d", "qWasmGlobal:%d;%d", "qThreadStopInfo1", "qThreadStopInfo%d",
    "qfThreadInfo", "qsThreadInfo", "Hg%d", "Hc%d", "T%d", "qC", "qMemoryRegionInfo:%m",
    "qMemoryRegionInfo:%c", "qXfer:libraries:read::0,%x", "qXfer:libraries:read::%x,ffff", "M%m,1:%x",
    "vCont;t", "vCont;s:%d", "QEnableErrorStrings", "qProcessInfo" });

constexpr auto commands = std::to_array<std::string_view>({ "instances", "functions", "globals", "tables",
    "elements 0", "memories", "bytes 0 %d 9", "tags", "locals", "locals in %d", "stack", "stack in %d",
    "code", "code 0x%c", "print $n + %d", "print /x $i in %d", "show local 0", "set $n = %d",
    "set local %d = %d", "set global 0 = %d", "set operand 0 = %d", "set element 0 1 = func[0]",
    "set $nobody = 1", "break triple", "break 0x%c if $n > %d", "break 0x%c log \"at {$n}\"",
    "tbreak 0x%c ignore %d", "break check if $n / $n", "break fuzzed:triple of %d", "condition %d $n == %d",
    "condition %d", "ignore %d %d", "disable %d", "enable %d", "watch global 0", "watch local %d access",
    "watch memory 0 %d 4 write", "watch element 0 0 read", "rwatch $n in %d", "stops", "delete %d", "catch",
    "catch throw", "catch throw off", "catch uncaught off", "catch trap off", "catch load", "skip", "return",
    "return %d", "return %d in %d", "throw 0 %d", "clear", "jump 0x%c", "help", "bt", "bt all", "frame %d",
    "up", "down %d", "threads", "thread %d", "instance %d", "module fuzzed", "modules", "info", "find 00",
    "find \"a\" %d on %d", "list", "list 0x%c %d", "memory %d 9 of %d", "set! $sum = %d", "continue",
    "call $triple %d", "run", "quit" });

/// The input bytes, followed by zeros.
class Script {
public:
    Script(const uint8_t* data, size_t size) : data_(data), size_(size) {}

    bool at_end() const { return size_ == 0; }
    uint8_t next()
    {
        if (at_end())
            return 0;
        --size_;
        return *data_++;
    }
    std::string filled(std::string_view form)
    {
        std::string text;
        for (size_t at = 0; at < form.size(); ++at) {
            if (form[at] != '%') {
                text += form[at];
                continue;
            }
            switch (form[++at]) {
            case 'c': text += hex_digits(code(), 16); break;
            case 'm': text += hex_digits(memory(), 16); break;
            case 'p': text += register_text(code()); break;
            case 'x': text += hex_digits(next(), 2); break;
            default: text += std::to_string(next() % 6);
            }
        }
        return text;
    }

private:
    /// A code address, almost always inside the module.
    uint64_t code()
    {
        const uint32_t id = next() % 32 == 31 ? 2 : 1;
        return gdb::Address { gdb::Address::Space::Object, id, next() % uint32_t { sizeof module_bytes + 2 } }
            .bits();
    }
    uint64_t memory()
    {
        const uint8_t where = next();
        return gdb::Address { gdb::Address::Space::Memory, where % 3u,
            where % 32 == 31 ? 65535u : next() % 64u }
            .bits();
    }
    static std::string register_text(uint64_t value)
    {
        std::string text;
        for (int byte = 0; byte < 8; ++byte)
            text += hex_digits(value >> 8 * byte & 0xff, 2);
        return text;
    }

    const uint8_t* data_;
    size_t size_;
};

/// The clients, one after another, on the thread of the door.
class Client {
public:
    explicit Client(Guest& guest) : guest_(guest), stub_(*guest.session, gdb::Process::Call)
    {
        ASSERT(stub_.open({ .events = [this](const debug::Event& event) { guest_.take(event); },
            .messages = [](const std::string&) {},
            .stops_at_loads = true }));
    }

    void attach()
    {
        take_events();
        if (!stub_.is_attached())
            ASSERT(stub_.attach());
        is_awaiting_ = false;
    }

    void perform(Script& script)
    {
        if (!stub_.is_attached() && script.next() % 2 == 0)
            attach();
        if (!stub_.is_attached())
            return;
        const uint8_t choice = script.next();
        if (choice < 160)
            request(script.filled(packets[choice % packets.size()]));
        else if (choice < 244)
            command(script.filled(commands[script.next() % commands.size()]));
        else if (choice < 249)
            interrupt();
        else if (choice < 254)
            request(choice % 2 ? "D" : "D1");
        else if (choice == 254)
            lose();
        else
            request("k");
        // Sometimes sends a packet while the guest runs.
        if (is_awaiting_ && script.next() % 4 != 3)
            hear();
    }

    /// The last client lets the guest run to its end. Returns the outcome.
    debug::Outcome finish()
    {
        attach();
        request("?");
        if (is_awaiting_)
            hear();
        // A guest that was changed may run for a long time.
        request(has_changed_ ? "k" : "D");
        ASSERT(!stub_.is_attached());
        ASSERT(guest_.session->breakpoints().empty() && guest_.session->watchpoints().empty());
        ASSERT(guest_.session->stops_on().trap && !guest_.session->stops_on().caught_throw);
        while (!outcome_)
            take_event(patience);
        return *outcome_;
    }
    bool has_changed() const { return has_changed_; }

private:
    static constexpr std::chrono::milliseconds patience { 20000 };

    void request(const std::string& payload)
    {
        const bool was_awaiting = is_awaiting_;
        const gdb::Request asked = gdb::parse_request(payload);
        const auto answer = stub_.answer(asked);
        using After = gdb::Stub::Answer::After;
        ASSERT((answer.after == After::Close) == (payload[0] == 'D' || payload == "k"));
        const bool may_wait = std::holds_alternative<gdb::ask::Resume>(asked) || payload == "?";
        ASSERT(answer.payload || (may_wait && !was_awaiting));
        if (answer.after == After::Close) {
            is_awaiting_ = false;
            has_changed_ |= payload == "k";
        } else if (!answer.payload) {
            is_awaiting_ = true;
        }
        if (!answer.payload)
            return;
        ASSERT(gdb::encode_packet(*answer.payload).size() <= gdb::max_packet_size);
        has_changed_ |= *answer.payload == "OK" && (payload[0] == 'M' || payload[0] == 'P');
        if (may_wait && answer.payload->starts_with('T'))
            check_stop(*answer.payload);
    }

    void command(const std::string& text)
    {
        const auto answer = stub_.answer(gdb::parse_request("qRcmd," + hex_of(bytes_of(text))));
        ASSERT(answer.payload == "OK" && (!answer.output.empty() || text.starts_with("set")));
        const bool is_change = text.starts_with("set") || text.starts_with("skip")
            || text.starts_with("return") || text.starts_with("throw") || text.starts_with("clear")
            || text.starts_with("jump");
        has_changed_ |= is_change && !answer.output.starts_with("error: ");
    }

    void lose()
    {
        stub_.lose();
        is_awaiting_ = false;
    }

    void interrupt()
    {
        const auto payload = stub_.interrupt();
        ASSERT(!payload || is_awaiting_);
        if (payload)
            is_awaiting_ = false;
    }

    /// Waits for the next report to the client. A guest that was changed may never end.
    void hear()
    {
        while (is_awaiting_)
            if (!take_event(has_changed_ ? std::chrono::milliseconds(100) : patience))
                interrupt();
    }

    void take_events()
    {
        while (take_event(std::chrono::milliseconds(0))) {}
    }

    bool take_event(std::chrono::milliseconds wait)
    {
        const auto event = guest_.next_event(wait);
        ASSERT(event || wait < patience);
        if (!event)
            return false;
        if (const auto* outcome = std::get_if<debug::Outcome>(&*event))
            outcome_ = *outcome;
        const auto payload = stub_.on_event(*event);
        ASSERT(!payload || is_awaiting_);
        if (payload) {
            is_awaiting_ = false;
            ASSERT(payload->starts_with('T') || payload->starts_with('W') || payload->starts_with('X'));
            if (payload->starts_with('T'))
                check_stop(*payload);
        }
        return true;
    }

    /// All packets that tell where the stopped thread is must agree.
    void check_stop(std::string_view stop)
    {
        const size_t at = stop.find(";00:");
        ASSERT(at != std::string_view::npos);
        const std::string_view place = stop.substr(at + 4, 16);
        ASSERT(stub_.answer(gdb::parse_request("p0;thread:1;")).payload == place);
        const auto stack = stub_.answer(gdb::parse_request("qWasmCallStack:1")).payload;
        ASSERT(stack && (stack->empty() ? place == "0000000000000000" : stack->starts_with(place)));
    }

    Guest& guest_;
    gdb::Stub stub_;
    /// The client knows that the guest runs, and waits for it.
    bool is_awaiting_ = false;
    bool has_changed_ = false;
    std::optional<debug::Outcome> outcome_;
};

const std::string& end_alone()
{
    static const std::string text = [] {
        Guest guest;
        const auto outcome = guest.run();
        return guest.end_text(outcome);
    }();
    return text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    Script script(data, size);
    Guest guest;
    Client client(guest);
    guest.start();
    client.attach();
    for (size_t i = 0; i < max_requests && !script.at_end(); ++i)
        client.perform(script);
    const debug::Outcome outcome = client.finish();
    ASSERT(client.has_changed() || guest.end_text(outcome) == end_alone());
    return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as what a client sends to the adapter of a stopped guest; or of one that has not
// been started, or before anything was said. However they are split, the same messages must come
// out. Each request must get one answer, unless the client disconnects, and the adapter must end
// with its client.

#include "dap/adapter.h"
#include "engine/engine.h"
#include "exec/invoke.h"
#include "wasm/validator.h"

#include "fuzz/small_module.h"

#include <iterator>
#include <span>
#include <string_view>
#include <thread>

using namespace vitrine::core;
using vitrine::fuzz::module_bytes;

namespace {

/// What all runs share.
struct Shared {
    Shared()
    {
        auto loaded = load_module({ std::begin(module_bytes), std::end(module_bytes) }, engine->types);
        ASSERT(loaded);
        modules.push_back({ *loaded, "app.wasm" });
    }

    std::shared_ptr<Engine> engine =
        std::make_shared<Engine>(EngineConfig { .guest_debug = true, .max_stack_bytes = 1 << 16 });
    std::vector<debug::LoadedModule> modules;
};

const Shared& shared()
{
    static const Shared shared;
    return shared;
}

class OneRun final : public dap::Run {
public:
    OneRun()
    {
        auto made = instantiate(thread_, Linker(), shared().modules.front().module);
        ASSERT(made);
        instance_ = *made;
        session_ = *debug::Session::create(store_, thread_);
    }
    ~OneRun() override { session_->close(); }
    debug::Session& session() override { return *session_; }
    Result<void> start(bool stop_at_entry) override
    {
        return session_->start(
            [this]() -> debug::Outcome {
                Function& function = *instance_->functions[instance_->functions.size() - 1];
                std::vector<Value> arguments;
                for (const ValueType type : store_.engine().types[function.type].func()->params)
                    arguments.push_back({ type });
                auto results = invoke(thread_, function, arguments);
                if (!results)
                    return std::unexpected(std::move(results).error());
                return *results;
            },
            stop_at_entry);
    }
    Ending ending() override { return { 0, "exited", false }; }

private:
    GuestStore guest_ { shared().engine };
    Store& store_ = guest_.store;
    Thread& thread_ = guest_.thread;
    Instance* instance_;
    std::unique_ptr<debug::Session> session_;
};

class Loaded final : public dap::Program {
public:
    const std::vector<debug::LoadedModule>& modules() const override { return shared().modules; }
    Result<std::unique_ptr<dap::Run>> prepare() override { return std::make_unique<OneRun>(); }
};

class Launcher final : public dap::Launcher {
public:
    Result<std::unique_ptr<dap::Program>> load(const dap::LaunchSpec&, Output) override
    {
        return std::make_unique<Loaded>();
    }
};

/// The contents of the messages in these bytes; the last one is the error, if there is one.
std::vector<std::string> contents_of(std::string_view bytes, size_t piece)
{
    dap::MessageReader reader;
    std::vector<std::string> contents;
    while (!bytes.empty()) {
        reader.add(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        for (;;) {
            auto content = reader.next();
            if (!content) {
                contents.push_back("error");
                return contents;
            }
            if (!*content)
                break;
            contents.push_back(**std::move(content));
        }
    }
    return contents;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    constexpr size_t max_messages = 50;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    std::vector<std::string> contents = contents_of(bytes, SIZE_MAX);
    if (contents.size() > max_messages)
        return 0;
    ASSERT(contents == contents_of(bytes, 1));

    Launcher launcher;
    dap::Inbox inbox;
    dap::Outbox outbox;
    dap::Adapter adapter(launcher, inbox, outbox);
    std::thread thread([&] {
        adapter.serve();
        outbox.finish();
    });
    constexpr std::string_view begin[] {
        R"({"seq": 4000000001, "type": "request", "command": "initialize", "arguments": {)"
        R"("supportsVariableType": true, "supportsMemoryReferences": true, "supportsMemoryEvent": true,)"
        R"("supportsInvalidatedEvent": true, "supportsANSIStyling": true}})",
        R"({"seq": 4000000002, "type": "request", "command": "launch",)"
        R"( "arguments": {"program": "app.wasm", "stopOnEntry": true}})",
        R"({"seq": 4000000003, "type": "request", "command": "configurationDone"})",
    };
    // How many of them come first.
    size_t asked = size % 8 == 7 ? 0 : size % 8 == 6 ? 2 : 3;
    for (const std::string_view content : std::span(begin).first(asked))
        adapter.receive(content);
    const auto take = [&] {
        auto message = outbox.next();
        if (message)
            outbox.on_written(*message);
        return message;
    };
    size_t answered = 0;
    const auto count = [&](const dap::Outbox::Message& message) {
        answered += message.bytes.contains(R"("type":"response")") ? 1 : 0;
    };
    while (asked == std::size(begin)) {
        const auto message = take();
        ASSERT(message);
        count(*message);
        if (message->bytes.contains(R"("event":"stopped")"))
            break;
    }
    bool has_left = false;
    for (const std::string& content : contents) {
        const auto message = dap::parse_message(content);
        if (const auto* request = message ? std::get_if<dap::Request>(&*message) : nullptr) {
            ++asked;
            has_left = has_left || request->command == "disconnect";
        }
        adapter.receive(content);
    }
    inbox.close();
    while (const auto message = take())
        count(*message);
    thread.join();
    ASSERT(has_left ? answered <= asked : answered == asked);
    return 0;
}

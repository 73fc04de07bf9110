// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dap/adapter.h"
#include "support/guest.h"
#include "json/node.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace vitrine::core::test {

/// Runs the export `go` of a module, for adapters.
class WatLauncher final : public dap::Launcher {
public:
    explicit WatLauncher(std::string wat) : wat_(std::move(wat)) {}

    /// What the host function `host.print` writes goes to the client.
    Result<std::unique_ptr<dap::Program>> load(const dap::LaunchSpec& spec, Output output) override
    {
        if (before_load)
            before_load();
        if (*spec.program != "app.wasm")
            return failure("there is no such file");
        return std::make_unique<Loaded>(wat_, std::move(output));
    }

    std::function<void()> before_load {};

private:
    class OneRun final : public dap::Run {
    public:
        OneRun(std::shared_ptr<Engine> engine, std::shared_ptr<const Module> module, Output output)
            : guest_(std::move(engine)),
              module_(std::move(module)),
              session_(*debug::Session::create(guest_.store, guest_.thread))
        {
            guest_.define("host", "print", FuncType { { ValueType::i32 }, {} },
                [output = std::move(output)](HostCall& call) -> HostOutcome {
                    output(Stream::Out, std::to_string(call.slots[0]) + "\n");
                    return Returned {};
                });
        }
        ~OneRun() override { session_->close(); }
        debug::Session& session() override { return *session_; }
        Result<void> start(bool stop_at_entry) override
        {
            return session_->start(
                [this]() -> debug::Outcome {
                    const auto instance = core::instantiate(guest_.thread, guest_.linker, module_);
                    if (!instance)
                        return std::unexpected(instance.error());
                    auto results = invoke(guest_.thread, Guest::function(**instance, "go"), {});
                    ending_.is_trap = !results;
                    if (!results) {
                        ending_ = { 134, "trap: " + results.error().to_text(), true };
                        return std::unexpected(std::move(results).error());
                    }
                    return *results;
                },
                stop_at_entry);
        }
        Ending ending() override { return ending_; }

    private:
        Guest guest_;
        std::shared_ptr<const Module> module_;
        Ending ending_ { 0, "exited", false };
        std::unique_ptr<debug::Session> session_;
    };

    class Loaded final : public dap::Program {
    public:
        Loaded(std::string_view wat, Output output) : output_(std::move(output))
        {
            modules_.push_back({ module_of(*engine_, wat), "/folder/app.wasm" });
        }
        const std::vector<debug::LoadedModule>& modules() const override { return modules_; }
        Result<std::unique_ptr<dap::Run>> prepare() override
        {
            return std::make_unique<OneRun>(engine_, modules_.front().module, output_);
        }

    private:
        std::shared_ptr<Engine> engine_ = std::make_shared<Engine>(EngineConfig { .guest_debug = true });
        std::vector<debug::LoadedModule> modules_;
        Output output_;
    };

    const std::string wat_;
};

/// A client of an adapter, in one process. What it sends, it sends at once; what it gets, it waits
/// for.
class DapClient {
public:
    explicit DapClient(std::string wat) : launcher_(std::move(wat))
    {
        thread_ = std::thread([this] {
            adapter_.serve();
            outbox_.finish();
        });
    }
    ~DapClient()
    {
        inbox_.close();
        thread_.join();
    }
    DapClient(const DapClient&) = delete;
    DapClient& operator=(const DapClient&) = delete;

    void send_text(std::string_view content) { adapter_.receive(content); }
    /// `arguments` is the text of an object. Returns the number of the request.
    int64_t send(std::string_view command, std::string_view arguments = "{}")
    {
        const int64_t seq = ++sent_;
        send_text(R"({"seq": )" + std::to_string(seq) + R"(, "type": "request", "command": ")"
            + std::string(command) + R"(", "arguments": )" + std::string(arguments) + "}");
        return seq;
    }
    /// The next message; none when the adapter has ended.
    std::optional<json::Object> next()
    {
        const auto message = outbox_.next();
        if (!message)
            return std::nullopt;
        outbox_.on_written(*message);
        const size_t begin = message->bytes.find("\r\n\r\n") + 4;
        return json::parse(message->bytes.substr(begin))->as_object();
    }
    /// The response to a request. The events before it are kept.
    json::Object response(int64_t seq)
    {
        while (auto message = next()) {
            if (message->at("type") != "response")
                events_.push_back(*std::move(message));
            else if (message->at("request_seq") == seq)
                return *std::move(message);
            else
                others_.push_back(*std::move(message));
        }
        ADD_FAILURE() << "no response to " << seq;
        return {};
    }
    /// The body of a response that must succeed.
    json::Object ask(std::string_view command, std::string_view arguments = "{}")
    {
        json::Object answer = response(send(command, arguments));
        EXPECT_TRUE(answer["success"] == true) << command << ": " << json::to_text(answer);
        json::Value* const body = answer.if_contains("body");
        return body ? body->as_object() : json::Object();
    }
    /// The sentence of one that must fail.
    std::string refused(std::string_view command, std::string_view arguments = "{}")
    {
        json::Object answer = response(send(command, arguments));
        EXPECT_TRUE(answer["success"] == false) << command << ": " << json::to_text(answer);
        return json::plain_text(answer["message"]);
    }
    /// The body of the next event of that name.
    json::Object event(std::string_view name)
    {
        for (;;) {
            while (!events_.empty()) {
                json::Object event = std::move(events_.front());
                events_.erase(events_.begin());
                if (json::plain_text(event["event"]) == name) {
                    json::Value* const body = event.if_contains("body");
                    return body ? body->as_object() : json::Object();
                }
            }
            auto message = next();
            if (!message) {
                ADD_FAILURE() << "no event " << name;
                return {};
            }
            if (message->at("type") == "event")
                events_.push_back(*std::move(message));
        }
    }

    /// What an editor that has everything says of itself.
    static constexpr std::string_view abilities =
        R"({"supportsVariableType": true, "supportsVariablePaging": true, "supportsMemoryReferences": true,
            "supportsProgressReporting": true, "supportsInvalidatedEvent": true, "supportsMemoryEvent": true})";

    WatLauncher& launcher() { return launcher_; }
    /// Up to where breakpoints can be set.
    json::Object launch(std::string_view attributes = R"({"program": "app.wasm"})")
    {
        json::Object capabilities = ask("initialize", abilities);
        ask("launch", attributes);
        event("initialized");
        return capabilities;
    }
    /// Runs to the entry.
    void start()
    {
        launch(R"({"program": "app.wasm", "stopOnEntry": true})");
        ask("configurationDone");
        event("stopped");
    }
    /// The frame that is innermost.
    json::Object frame()
    {
        json::Object body = ask("stackTrace", R"({"threadId": 1})");
        return body["stackFrames"].as_array().at(0).as_object();
    }
    std::string evaluate(std::string_view expression, std::string_view context = "watch")
    {
        const std::string id = std::to_string(frame()["id"].as_int64());
        json::Object body = ask("evaluate",
            R"({"expression": ")" + std::string(expression) + R"(", "context": ")" + std::string(context)
                + R"(", "frameId": )" + id + "}");
        return json::plain_text(body["result"]);
    }

private:
    WatLauncher launcher_;
    dap::Inbox inbox_;
    dap::Outbox outbox_;
    dap::Adapter adapter_ { launcher_, inbox_, outbox_ };
    std::thread thread_;
    int64_t sent_ = 0;
    std::vector<json::Object> events_, others_;
};

} // namespace vitrine::core::test

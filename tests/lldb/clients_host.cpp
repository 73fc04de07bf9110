// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An embedder whose session has two clients of its own, `editor` and `page`, and a door for LLDB:
// `clients_host MODULE SOCKET`. Prints the socket's path, then does what it reads:
//
//     run N                      calls `run` of the module with N
//     editor break INDEX         sets a breakpoint on a function of the module
//     page resume | step | leave
//     embedder resume
//     stops                      the ids of all breakpoints and what else stops
//
// and answers each with a line that begins with `>`. What a client hears is a line of its own.
#include "api/session_body.h"
#include "debug/client.h"
#include "debug/session.h"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include <vitrine/debugger.hpp>

namespace {

namespace core = vitrine::core::debug;
using vitrine::detail::Access;

void say(const std::string& who, const std::string& what)
{
    std::printf("%s: %s\n", who.c_str(), what.c_str());
    std::fflush(stdout);
}

std::string text_of(const core::Event& event)
{
    if (const auto* reason = std::get_if<core::StopReason>(&event))
        return reason->to_text();
    return std::get<core::Outcome>(event) ? "ended" : "failed";
}

class Host {
public:
    Host(const std::string& module, const std::string& socket)
        : module_(*vitrine::Module::from_file(engine_, module)),
          instance_(*linker_.instantiate(store_, module_)),
          server_(session_, socket)
    {
        if (server_.error()) {
            std::fprintf(stderr, "%s\n", server_.error()->to_text().c_str());
            std::exit(1);
        }
        server_.announce(module_, module);
        for (const std::string name : { "editor", "page" })
            clients_[name] = *core::Client::attach(inner(), name, core::Client::Kind::Shared,
                { .events = [name](const core::Event& event) { say(name, text_of(event)); },
                    .resumes =
                        [name](const core::Resumed& resumed) { say(name, "resumed by " + resumed.by); } });
        inner().add_listener({ .resumes = [this](const core::Resumed&) {
            const std::lock_guard lock(mutex_);
            ++resumes_;
            changed_.notify_all();
        } });
        std::printf("%s\n", server_.address().c_str());
        std::fflush(stdout);
    }
    ~Host()
    {
        session_.kill();
        {
            const std::lock_guard lock(mutex_);
            is_over_ = true;
            changed_.notify_all();
        }
        if (embedder_.joinable())
            embedder_.join();
    }

    std::string perform(const std::string& line)
    {
        std::istringstream words(line);
        std::string who, verb;
        words >> who >> verb;
        if (who == "run") {
            embedder_ = std::thread([this, turns = std::stoi(verb)] { embed(turns); });
            return "ok";
        }
        if (who == "stops")
            return stops();
        if (who == "embedder")
            return resume_as_embedder();
        const auto client = clients_.find(who);
        if (client == clients_.end() || !client->second)
            return "there is no such client";
        if (verb == "leave") {
            client->second.reset();
            return "ok";
        }
        uint32_t function = 0;
        if (verb == "break" && words >> function) {
            const uint32_t offset = module_.functions()[function].offset;
            const auto id =
                client->second->add_breakpoint({ .module = Access::body(module_)->module, .offset = offset });
            return id ? std::to_string(*id) : id.error().message;
        }
        using Kind = core::Resume::Kind;
        const auto resumed = client->second->resume({ verb == "step" ? Kind::Step : Kind::Go });
        return resumed ? "ok" : resumed.error().message;
    }

private:
    core::Session& inner() { return *Access::body(session_)->session; }

    /// The session's owner: calls the guest, and takes its events until the end.
    void embed(int turns)
    {
        const auto run = *instance_.func("run");
        int seen = 0;
        auto event = session_.call(run, { vitrine::Val::i32(turns) });
        while (auto* stopped = std::get_if<vitrine::debug::Stopped>(&event)) {
            std::unique_lock lock(mutex_);
            say("embedder", stopped->reason().to_text());
            stopped_ = std::move(*stopped);
            changed_.wait(lock, [&] { return resumes_ > seen || is_over_; });
            seen = resumes_;
            lock.unlock();
            event = session_.wait();
        }
        const auto& results = std::get<vitrine::debug::Exited>(event).results;
        say("embedder", results ? "ended: " + (*results)[0].to_text() : results.error().message());
    }

    std::string resume_as_embedder()
    {
        std::unique_lock lock(mutex_);
        if (!stopped_)
            return "there is no stop";
        vitrine::debug::Stopped stopped = *std::exchange(stopped_, std::nullopt);
        lock.unlock();
        const auto gone = session_.go(std::move(stopped));
        return gone ? "ok" : gone.error().message();
    }

    std::string stops()
    {
        std::string text;
        for (const auto& breakpoint : session_.breakpoints())
            text += std::to_string(breakpoint.id) + " ";
        return text + (inner().stops_on().caught_throw ? "throw" : "");
    }

    const vitrine::Engine engine_ { vitrine::Config().guest_debug(true) };
    vitrine::Store store_ { engine_ };
    const vitrine::Linker linker_ { engine_ };
    vitrine::Module module_;
    vitrine::Instance instance_;
    vitrine::debug::Session session_ { store_ };
    vitrine::debug::GdbServer server_;
    std::map<std::string, std::unique_ptr<core::Client>> clients_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int resumes_ = 0;
    bool is_over_ = false;
    std::optional<vitrine::debug::Stopped> stopped_;
    std::thread embedder_;
};

} // namespace

int main(int count, char** arguments)
{
    if (count != 3)
        return 2;
    Host host(arguments[1], arguments[2]);
    for (std::string line; std::getline(std::cin, line);) {
        std::printf("> %s\n", host.perform(line).c_str());
        std::fflush(stdout);
    }
    return 0;
}

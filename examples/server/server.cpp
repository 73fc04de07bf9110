// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A server with thousands of tenants, each an instance with state of its own. One that misbehaves can be
// debugged while the others answer.
//   server tenant.wasm [TENANTS]
// Lines of its input stand for the network, and its output has the answers:
//   4711 20      charges tenant 4711: `4711: 999980`
//   debug 4711   opens a door for debuggers at this tenant, and prints how to attach
//   close        closes the door
// A few threads answer, so requests may overtake each other. The end of the input ends the server.
#include <vitrine/debugger.hpp>
#include <vitrine/vitrine.hpp>

#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using Charge = vitrine::TypedFunc<std::int64_t(std::int64_t)>;

void print_answer(std::size_t tenant, const vitrine::Result<std::int64_t>& credit)
{
    const std::string text = credit ? std::to_string(*credit) : credit.error().message();
    std::printf("%zu: %s\n", tenant, text.c_str());
}

/// Lets debuggers attach to one tenant, and answers its requests as long as it exists. A call that a
/// debugger has stopped waits on a thread of its own, and holds up nobody else.
class Door {
public:
    explicit Door(vitrine::Store& store) : session_(store), server_(session_, "tenant.sock") {}
    ~Door()
    {
        // Debuggers leave with their breakpoints, and a stopped call continues. One that does not return
        // is ended.
        server_.close();
        while (call_.valid() && call_.wait_for(1s) != std::future_status::ready)
            session_.kill();
    }
    Door(const Door&) = delete;

    const vitrine::debug::DapServer& server() const { return server_; }

    void answer(std::size_t tenant, const vitrine::Func& charge, std::int64_t amount)
    {
        if (call_.valid() && call_.wait_for(100ms) != std::future_status::ready)
            return print_answer(tenant, vitrine::Error("is being debugged"));
        call_ = std::async(std::launch::async, [=, this] {
            // Returns when the call has ended, however often debuggers stop it.
            const auto event = server_.finish(session_, session_.call(charge, { vitrine::Val::i64(amount) }));
            print_answer(tenant,
                std::get<vitrine::debug::Exited>(event).results.transform(
                    [](const auto& values) { return values.front().i64(); }));
        });
    }

private:
    vitrine::debug::Session session_;
    vitrine::debug::DapServer server_;
    std::future<void> call_;
};

/// An instance in a store of its own. The mutex is held by the thread that uses the store.
struct Tenant {
    explicit Tenant(const vitrine::Engine& engine) : store(engine) {}

    std::timed_mutex mutex;
    vitrine::Store store;
    std::optional<Charge> charge;
    std::unique_ptr<Door> door;
};

class Server {
public:
    vitrine::Result<void> add_tenant(const vitrine::Engine& engine, const vitrine::Module& module)
    {
        Tenant& tenant = tenants_.emplace_back(engine);
        const auto instance = vitrine::Linker(engine).instantiate(tenant.store, module);
        if (!instance)
            return instance.error();
        auto charge = instance->typed<std::int64_t(std::int64_t)>("charge");
        if (!charge)
            return charge.error();
        tenant.charge.emplace(*std::move(charge));
        return {};
    }

    /// Answers the lines of the input, until it ends. May run on several threads.
    void serve()
    {
        while (const auto line = next_line()) {
            std::size_t number = 0;
            std::int64_t amount = 0;
            if (std::sscanf(line->c_str(), "debug %zu", &number) == 1 && number < tenants_.size()) {
                open_door(tenants_[number]);
            } else if (*line == "close") {
                close_door();
                std::printf("closed\n");
            } else if (std::sscanf(line->c_str(), "%zu %" SCNd64, &number, &amount) == 2
                && number < tenants_.size()) {
                charge(number, amount);
            } else {
                std::printf("what is `%s`?\n", line->c_str());
            }
        }
    }
    void close_door()
    {
        const std::lock_guard opening(opening_);
        end_door();
    }
    std::size_t requests() const { return requests_; }

private:
    std::optional<std::string> next_line()
    {
        const std::lock_guard lock(reading_);
        std::string line;
        return std::getline(std::cin, line) ? std::optional(std::move(line)) : std::nullopt;
    }

    void charge(std::size_t number, std::int64_t amount)
    {
        ++requests_;
        Tenant& tenant = tenants_[number];
        const std::lock_guard lock(tenant.mutex);
        if (tenant.door)
            tenant.door->answer(number, tenant.charge->func(), amount);
        else
            print_answer(number, (*tenant.charge)(amount));
    }

    void open_door(Tenant& tenant)
    {
        const std::lock_guard opening(opening_);
        end_door();
        std::unique_lock lock(tenant.mutex, std::defer_lock);
        // There can be no door while a call is under way. One that does not return is ended.
        while (!lock.try_lock_for(1s))
            tenant.store.interrupter().interrupt();
        auto door = std::make_unique<Door>(tenant.store);
        if (const auto* error = door->server().error())
            return (void)std::printf("%s\n", error->to_text().c_str());
        std::printf("vitrine debug --attach=%s\n", door->server().address().c_str());
        tenant.door = std::move(door);
        with_door_ = &tenant;
    }

    void end_door()
    {
        if (!with_door_)
            return;
        const std::lock_guard lock(with_door_->mutex);
        with_door_->door.reset();
        with_door_ = nullptr;
    }

    std::deque<Tenant> tenants_;
    std::atomic<std::size_t> requests_ = 0;
    std::mutex reading_;
    std::mutex opening_;
    Tenant* with_door_ = nullptr;
};

/// The memory that this process uses, in bytes.
std::size_t memory_in_use()
{
    std::size_t all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double seconds_since(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int run(const char* path, std::size_t tenants)
{
    // Costs nothing while there is no door: the machine code is the same.
    const vitrine::Engine engine(vitrine::Config().guest_debug(true));
    const auto module = vitrine::Module::from_file(engine, path);
    if (!module)
        return std::fprintf(stderr, "%s\n", module.error().to_text().c_str()), 1;

    Server server;
    auto start = std::chrono::steady_clock::now();
    const std::size_t before = memory_in_use();
    for (std::size_t i = 0; i < tenants; ++i)
        if (const auto added = server.add_tenant(engine, *module); !added)
            return std::fprintf(stderr, "%s\n", added.error().to_text().c_str()), 1;
    std::printf("%zu tenants in %.2f s, %zu bytes each\n", tenants, seconds_since(start),
        (memory_in_use() - before) / tenants);

    start = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    while (threads.size() < 4)
        threads.emplace_back([&] { server.serve(); });
    for (std::thread& thread : threads)
        thread.join();
    server.close_door();
    std::printf("%zu requests, %.0f per second\n", server.requests(),
        static_cast<double>(server.requests()) / seconds_since(start));
    return 0;
}

} // namespace

int main(int count, char** arguments)
{
    const std::size_t tenants = count == 3 ? std::strtoul(arguments[2], nullptr, 10) : 10'000;
    if (count < 2 || count > 3 || tenants == 0)
        return std::fprintf(stderr, "usage: %s tenant.wasm [TENANTS]\n", arguments[0]), 2;
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    return run(arguments[1], tenants);
}

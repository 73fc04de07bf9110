// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A game whose script can be debugged while the game runs.
//   game script.wasm [VITRINE]
// draws a ball until Ctrl-C, and prints how to attach a debugger. VITRINE is the path of the command
// `vitrine`, which reads the script's debug information.
//
// The game calls the script once per frame. While a debugger has stopped the script, the game keeps
// drawing what the script said last, and shows why it stopped, so that the window does not freeze. No
// time passes for the script meanwhile: each call gets the length of one frame.
#include <vitrine/debugger.hpp>
#include <vitrine/vitrine.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using vitrine::debug::DapServer;
using vitrine::debug::Event;
using vitrine::debug::Exited;
using vitrine::debug::Session;

constexpr auto frame_time = 20ms;
constexpr int columns = 40;
volatile std::sig_atomic_t has_to_quit = 0;

/// A line of a terminal stands for the window.
void draw(double ball, const std::string& note)
{
    const int column = std::clamp(static_cast<int>(ball), 0, columns);
    std::printf("\r|%*so%*s| %s\x1b[K", column, "", columns - column, "", note.c_str());
    std::fflush(stdout);
}

int fail(const vitrine::Error& error)
{
    std::fprintf(stderr, "%s\n", error.to_text().c_str());
    return 1;
}

int play(const vitrine::Func& update, Session& session, DapServer& door)
{
    const auto dt = vitrine::Val::f64(std::chrono::duration<double>(frame_time).count());
    double ball = 0;
    // The script runs on the session's thread. This is the thread that waits for it.
    std::future<Event> call;
    while (!has_to_quit) {
        const auto next_frame = std::chrono::steady_clock::now() + frame_time;
        if (!call.valid())
            call = std::async(std::launch::async, [&] {
                // Returns when the call has ended, however often debuggers stop it.
                return door.finish(session, session.call(update, { dt }));
            });
        if (call.wait_until(next_frame) == std::future_status::ready) {
            const Event event = call.get();
            const auto& results = std::get<Exited>(event).results;
            if (!results)
                return fail(results.error());
            ball = results->front().f64();
            draw(ball, "");
        } else {
            const auto reason = session.stopped();
            draw(ball, reason ? "stopped: " + reason->to_text() : "the script is busy");
        }
        std::this_thread::sleep_until(next_frame);
    }
    std::printf("\n");
    // Debuggers leave with their breakpoints, and a stopped script continues. One that does not return
    // is ended.
    door.close();
    if (call.valid() && call.wait_for(1s) != std::future_status::ready)
        session.kill();
    return 0;
}

int run(const char* path, const char* reader)
{
    // Costs nothing while there is no session: the machine code is the same.
    const vitrine::Engine engine(vitrine::Config().guest_debug(true));
    const auto module = vitrine::Module::from_file(engine, path);
    if (!module)
        return fail(module.error());
    vitrine::Store store(engine);
    const auto instance = vitrine::Linker(engine).instantiate(store, *module);
    if (!instance)
        return fail(instance.error());
    if (const auto update = instance->typed<double(double)>("update"); !update)
        return fail(update.error());

    Session session(store);
    // Only programs of this user can connect to the socket.
    DapServer door(session, "game.sock", { .name = path, .reader = reader });
    if (door.error())
        return fail(*door.error());
    // The source is looked for near the module.
    door.announce(*module, std::filesystem::absolute(path).string());
    std::printf("vitrine debug --attach=%s\n", door.address().c_str());
    return play(*instance->func("update"), session, door);
}

} // namespace

int main(int count, char** arguments)
{
    if (count != 2 && count != 3)
        return std::fprintf(stderr, "usage: %s script.wasm [VITRINE]\n", arguments[0]), 2;
    std::signal(SIGINT, [](int) { has_to_quit = 1; });
    return run(arguments[1], count == 3 ? arguments[2] : "");
}

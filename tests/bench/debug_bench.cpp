// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Measures what debugging and instances cost in process, and prints a line for each figure. `./dev
// bench debug` runs it; with `--rows`, `./dev bench --against` reads it. Only uses the public API,
// because it is also built against other commits.
#include "support/wat.h"

#include <vitrine/vitrine.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <vector>

using namespace vitrine;

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto guest_text = R"((module (memory 16)
    (func (export "turns") (param $n i32) (result i32) (local $x i32)
      (loop $again
        (local.set $x (i32.add (local.get $x) (i32.const 3)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $x))
    (func (export "stores") (param $n i32) (local $at i32)
      (loop $again
        (i32.store (local.get $at) (local.get $n))
        (i64.store offset=8 (local.get $at) (i64.const 7))
        (i32.store8 offset=16 (local.get $at) (local.get $n))
        (i32.store16 offset=20 (local.get $at) (local.get $n))
        (local.set $at (i32.and (i32.add (local.get $at) (i32.const 32)) (i32.const 0x7ffff)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "vectors") (param $n i32) (local $at i32) (local $v v128)
      (loop $again
        (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get $n))))
        (v128.store offset=64 (local.get $at) (local.get $v))
        (v128.store offset=80 (local.get $at) (i32x4.shl (local.get $v) (i32.const 1)))
        (local.set $at (i32.and (i32.add (local.get $at) (i32.const 32)) (i32.const 0x7ffff)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))";

/// An offset inside the loop above: after a header of three bytes and two bytes of the loop.
constexpr std::uint32_t in_loop = 3 + 2;

struct Guest {
    Guest() : engine(Config().guest_debug(true)), store(engine), linker(engine)
    {
        const auto bytes = core::test::wasm_of(guest_text);
        instance.emplace(
            *linker.instantiate(store, *Module::from_bytes(engine, std::as_bytes(std::span(bytes)))));
    }
    debug::BreakpointSpec at_loop() const
    {
        return { .module = instance->module(), .offset = instance->module().functions()[0].offset + in_loop };
    }
    void run(const char* name, std::int32_t turns) const
    {
        (void)*instance->func(name)->call({ Val::i32(turns) });
    }

    Engine engine;
    Store store;
    Linker linker;
    std::optional<Instance> instance;
};

bool prints_rows = false;

/// Prints a figure, its unit, and its upper bound (0 for none).
void report(const std::string& name, double figure, const char* unit, double aim)
{
    if (prints_rows)
        std::printf("%s\t%g\n", name.c_str(), figure);
    else
        std::printf("%-44s %10.2f %s%s\n", name.c_str(), figure, unit,
            aim == 0
                ? ""
                : (" (aim " + std::to_string(static_cast<int>(aim * 10) / 10.0).substr(0, 4) + ")").c_str());
    std::fflush(stdout);
}

/// The median of several runs, in seconds.
template<class F> double seconds(const F& run)
{
    std::vector<double> times;
    for (int i = 0; i < 7; ++i) {
        const auto begin = Clock::now();
        run();
        times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
    std::ranges::nth_element(times, times.begin() + 3);
    return times[3];
}

debug::Resume go(debug::Stopped&) { return debug::Resume::go(); }

void false_condition()
{
    struct Row {
        const char* condition;
        double aim;
    };
    // The last one is evaluated by the session.
    for (const auto& [condition, aim] : { Row { "$x == -1", 10 }, { "$x == -1 && i32[$n] > 3", 10 },
             { "i32[$n & 0xffff] == 1", 10 }, { "$x < 0 || $n == 77777777", 10 }, { "$x / 3 == -1", 400 } }) {
        const std::int32_t turns = aim < 100 ? 3'000'000 : 200'000;
        const Guest plain;
        const double without = seconds([&] { plain.run("turns", turns); });
        Guest guest;
        (void)*guest.store.on_debug_event(go);
        auto spec = guest.at_loop();
        spec.condition = condition;
        (void)*guest.store.debug_session()->add_breakpoint(spec);
        const double with = seconds([&] { guest.run("turns", turns); });
        report("false condition " + std::string(condition), (with - without) / turns * 1e9, "ns", aim);
        report("loop with " + std::string(condition), with / without, "x", 0);
    }
}

void stops()
{
    constexpr std::int32_t turns = 5'000;
    {
        Guest guest;
        (void)*guest.store.on_debug_event(go);
        (void)*guest.store.debug_session()->add_breakpoint(guest.at_loop());
        const double time = seconds([&] { guest.run("turns", turns); });
        report("stop and resume, handler", time / turns * 1e6, "us", 10);
        (void)*guest.store.on_debug_event([](debug::Stopped&) { return debug::Resume::step(); });
        (void)*guest.store.debug_session()->add_breakpoint(guest.at_loop());
        const double steps = seconds([&] { guest.run("turns", turns); });
        report("step, handler", steps / (turns * 9.0) * 1e6, "us", 5);
    }
    Guest guest;
    debug::Session session(guest.store);
    const auto id = session.add_breakpoint(guest.at_loop());
    const Func function = *guest.instance->func("turns");
    const double time = seconds([&] {
        auto event = session.call(function, { Val::i32(turns) });
        while (auto* stop = std::get_if<debug::Stopped>(&event))
            event = session.resume(std::move(*stop));
    });
    report("stop and resume, session", time / turns * 1e6, "us", 10);
    (void)*session.remove_breakpoint(*id);
    int steps = 0;
    const double stepping = seconds([&] {
        steps = 0;
        auto event = session.call(function, { Val::i32(turns / 9) }, true);
        for (; auto* stop = std::get_if<debug::Stopped>(&event); ++steps)
            event = session.step(std::move(*stop));
    });
    report("step, session", stepping / steps * 1e6, "us", 5);
}

/// Watches four bytes on each side of what the guest writes, so no watchpoint is ever hit.
void watchpoints(const char* program, const char* what, std::initializer_list<std::uint64_t> addresses)
{
    constexpr std::int32_t turns = 1'000'000;
    const Guest plain;
    const double without = seconds([&] { plain.run(program, turns); });
    Guest guest;
    (void)*guest.store.on_debug_event(go);
    for (const std::uint64_t address : addresses)
        (void)*guest.store.debug_session()->add_watchpoint(
            { .what = debug::MemoryRange { *guest.instance->debug_memory(0), address, 4 },
                .access = debug::WatchAccess::Write });
    const double with = seconds([&] { guest.run(program, turns); });
    report(what, with / without, "x", 1.3);
}

/// Many instances of a small module in one store.
void instances()
{
    constexpr int count = 100'000;
    const auto bytes = core::test::wasm_of(R"((module
        (global $a (mut i32) (i32.const 1)) (global $b (mut i64) (i64.const 2)) (table 2 funcref)
        (elem (i32.const 0) $f $g) (func $f (export "f") (result i32) (global.get $a)) (func $g)))");
    const auto peak_bytes = [] {
        rusage usage {};
        getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss * 1024.0;
    };
    const Engine engine;
    const auto module = *Module::from_bytes(engine, std::as_bytes(std::span(bytes)));
    const double before = peak_bytes();
    std::vector<double> times;
    for (int i = 0; i < 3; ++i) {
        Store store(engine);
        const Linker linker(engine);
        const auto begin = Clock::now();
        for (int made = 0; made < count; ++made)
            if (!linker.instantiate(store, module))
                std::abort();
        times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
    report("100,000 instances, each", *std::ranges::min_element(times) / count * 1e6, "us", 0);
    report("100,000 instances, memory of each", (peak_bytes() - before) / count, "bytes", 0);
}

} // namespace

int main(int argc, char** argv)
{
    prints_rows = argc > 1 && std::string_view(argv[1]) == "--rows";
    // Run this first, because it uses the most memory, and peak memory is measured.
    instances();
    false_condition();
    stops();
    constexpr std::uint64_t before = 28, behind = 0x81004, far_behind = 0xffff0;
    watchpoints("stores", "write watchpoint on stores", { behind });
    watchpoints("stores", "two, and the stores between them", { before, far_behind });
    watchpoints("vectors", "write watchpoint on vector stores", { behind });
    watchpoints("vectors", "two, and the vector stores between them", { before, far_behind });
}

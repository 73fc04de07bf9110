// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debugs any valid module at random: steps, stops, watches and interrupts it, as the bytes decide.
// The guest must end as it does without a debugger: with the same results, traps, memories and
// globals. It is debugged in the interpreter, and as the bytes decide in compiled code. The same
// commands must lead to the same stops.

#include "debug/session.h"
#include "ending.h"

#include <random>

using namespace vitrine::core;
using namespace vitrine::fuzz;

namespace {

constexpr int max_stops = 3000;

/// Decides how a stopped guest continues, and inspects it meanwhile.
class Driver {
public:
    Driver(Guest& guest, uint64_t seed) : guest_(guest), random_(seed) {}

    void begin(const std::shared_ptr<const Module>& module)
    {
        session_ = *debug::Session::create(
            guest_.store, guest_.thread, [this](const debug::StopReason& reason) { return decide(reason); });
        session_->stop_on(debug::StopsOn { .caught_throw = random_() % 2 == 0, .load = true });
        for (const FuncMeta& body : module->bodies)
            for (int i = 0; i < 6; ++i)
                (void)session_->add_breakpoint({ .module = module,
                    .offset = body.code_offset
                        + static_cast<CodeOffset>(random_() % (body.end_offset - body.code_offset)),
                    .condition = std::array { "", "", "1 == 2", "$0 == 0" }[random_() % 4],
                    .ignore_count = random_() % 4 });
    }
    void watch(const Instance& instance)
    {
        using enum debug::WatchpointSpec::Access;
        for (Memory* memory : instance.memories)
            (void)session_->add_watchpoint(
                { eval::MemoryRange { memory, random_() % 200, 1 + random_() % 64 },
                    std::array { Read, Write, ReadWrite, Change }[random_() % 4], &guest_.store });
        for (Global* global : instance.globals)
            if (random_() % 2 == 0)
                (void)session_->add_watchpoint({ global, Change, &guest_.store });
    }
    bool has_killed() const { return stops_ > max_stops; }
    /// Each stop: why, and where all frames are.
    const std::vector<std::string>& transcript() const { return transcript_; }

private:
    /// References are shown only by their presence.
    static std::string shown(const Value& value)
    {
        const std::string text = value.to_text();
        ASSERT(!text.empty());
        return value.type.is_ref() ? " ref" : " " + text;
    }

    debug::Resume decide(const debug::StopReason& reason)
    {
        ASSERT(!reason.to_text().empty());
        using enum debug::Resume::Kind;
        if (++stops_ > max_stops)
            return { Kill };
        std::string& stop = transcript_.emplace_back(reason.to_text());
        for (const Frame& frame : frames_of(guest_.thread, 8)) {
            if (frame.is_host())
                continue;
            stop += " " + std::to_string(frame.function->index.value) + "@" + hex(frame.offset);
            for (const auto& local : debug::locals_of(frame))
                stop += shown(local.value);
            for (const Value& value : debug::operands_of(frame))
                stop += shown(value);
        }
        if (random_() % 16 == 0)
            session_->interrupt();
        if (random_() % 32 == 0)
            guest_.store.heap.collect();
        return { std::array { Go, Go, Step, Step, StepOver, StepOut }[random_() % 6] };
    }

    Guest& guest_;
    std::mt19937_64 random_;
    int stops_ = 0;
    std::vector<std::string> transcript_;
    std::unique_ptr<debug::Session> session_;
};

/// `transcript` receives the stops.
End run(std::span<const uint8_t> bytes, std::optional<uint64_t> seed, const Tiering& tiering,
    std::vector<std::string>* transcript)
{
    End end;
    Guest guest(false, tiering);
    auto owned = decode_module({ bytes.begin(), bytes.end() }, FeatureSet::all());
    if (!owned || !bound(**owned) || !validate_module(**owned, guest.engine->types, FeatureSet::all()))
        return end;
    const std::shared_ptr<const Module> module = std::move(*owned);
    std::optional<Driver> driver;
    if (seed) {
        driver.emplace(guest, *seed);
        driver->begin(module);
    }
    const auto imports = make_imports(guest.store, *module);
    const auto instance =
        imports ? instantiate(guest.store, module, *imports) : std::unexpected(Failure { Error { "", {} } });
    if (!instance)
        return end;
    guest.thread.probes.on_instance(**instance);
    if (driver)
        driver->watch(**instance);
    if (module->start)
        end.outcomes.push_back(
            text_of(invoke(guest.thread, *(*instance)->functions[module->start->value], {})));
    call_exports(guest.thread, **instance, 2, end);
    note_state(**instance, end);
    end.is_cut_short = end.is_cut_short || (driver && driver->has_killed());
    if (driver)
        *transcript = driver->transcript();
    return end;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::span bytes(data, size);
    const uint64_t seed = hash_of(bytes);
    const End alone = run(bytes, std::nullopt, {}, nullptr);
    if (alone.is_cut_short || alone.outcomes.empty())
        return 0;
    std::vector<std::string> interpreted, compiled;
    const End debugged = run(bytes, seed, {}, &interpreted);
    if (debugged.is_cut_short)
        return 0;
    ASSERT(debugged == alone);
    const End debugged_in_code = run(bytes, seed, tiering_of(seed), &compiled);
    if (debugged_in_code.is_cut_short)
        return 0;
    ASSERT(debugged_in_code == alone);
    ASSERT(compiled == interpreted);
    return 0;
}

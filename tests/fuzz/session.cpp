// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debugs any valid module at random: steps, stops, watches and interrupts it, as the bytes decide.
// The guest must end as it does without a debugger: with the same results, traps, memories and
// globals.

#include "debug/session.h"
#include "guest.h"

#include <random>

using namespace vitrine::core;
using namespace vitrine::fuzz;

namespace {

constexpr int max_stops = 3000;

/// What a guest leaves, as numbers.
struct End {
    std::vector<std::string> outcomes;
    std::vector<std::vector<uint8_t>> memories;
    std::vector<std::array<uint64_t, 2>> globals;
    /// Something other than the guest's own code ended it.
    bool is_cut_short = false;
};

/// Numbers by their bits, and references only by their presence.
std::string text_of(const OrTrapped<std::vector<Value>>& outcome)
{
    if (!outcome)
        return "trap " + std::to_string(static_cast<int>(outcome.error().kind));
    std::string text;
    for (const Value& value : *outcome)
        text += value.type.is_ref() ? "ref " : value.to_text() + " ";
    return text;
}

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

private:
    debug::Resume decide(const debug::StopReason& reason)
    {
        ASSERT(!reason.to_text().empty());
        using enum debug::Resume::Kind;
        if (++stops_ > max_stops)
            return { Kill };
        for (const Frame& frame : frames_of(guest_.thread, 8)) {
            if (frame.is_host())
                continue;
            for (const auto& local : debug::locals_of(frame))
                ASSERT(!local.value.to_text().empty());
            for (const Value& value : debug::operands_of(frame))
                ASSERT(!value.to_text().empty());
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
    std::unique_ptr<debug::Session> session_;
};

std::vector<std::string> call_exports(Thread& thread, const Instance& instance)
{
    std::vector<std::string> outcomes;
    for (const size_t round : { 0, 1 })
        for (const Export& item : instance.module->exports) {
            if (item.kind != ExternKind::Func || outcomes.size() >= max_calls)
                continue;
            Function& function = *instance.functions[item.index];
            const FuncType& type = *thread.store.engine().types[function.type].func();
            std::optional<std::vector<Value>> arguments;
            {
                const Heap::Pause pause(thread.store.heap);
                arguments = make_all(Values(thread.store, &instance), type.params, round * (item.index + 1));
            }
            if (arguments)
                outcomes.push_back(text_of(invoke(thread, function, *arguments)));
        }
    return outcomes;
}

End run(std::span<const uint8_t> bytes, std::optional<uint64_t> seed)
{
    End end;
    Guest guest(false);
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
    std::ranges::copy(call_exports(guest.thread, **instance), std::back_inserter(end.outcomes));
    for (const Memory* memory : (*instance)->memories)
        end.memories.emplace_back(memory->bytes().begin(), memory->bytes().end());
    for (const Global* global : (*instance)->globals)
        if (!global->type.type.is_ref())
            end.globals.push_back(
                { global->slots()[0], global->type.type.slots() == 2 ? global->slots()[1] : 0 });
    end.is_cut_short = watchdog().is_over() || (driver && driver->has_killed());
    return end;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    uint64_t seed = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; ++i)
        seed = (seed ^ data[i]) * 0x100000001b3;
    const End alone = run({ data, size }, std::nullopt);
    if (alone.is_cut_short || alone.outcomes.empty())
        return 0;
    const End debugged = run({ data, size }, seed);
    if (debugged.is_cut_short)
        return 0;
    ASSERT(debugged.outcomes == alone.outcomes);
    ASSERT(debugged.memories == alone.memories);
    ASSERT(debugged.globals == alone.globals);
    return 0;
}

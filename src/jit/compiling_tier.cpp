// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/compiling_tier.h"

#include "exec/crossing.h"

#include <algorithm>
#include <sys/syscall.h>
#include <unistd.h>

namespace vitrine::core::jit {

namespace {

/// How hot a function must get before it is compiled, in the units of `FunctionHead::heat`: 8 calls
/// or 64 turns of a loop.
constexpr uint32_t usual_heat = 8 * FunctionHead::call_heat;

uint32_t initial_heat(const EngineConfig& config)
{
    if (config.tier != TierPolicy::Auto)
        return 0;
    const uint64_t heat = uint64_t { usual_heat } * config.tier_threshold / 100;
    return static_cast<uint32_t>(std::min<uint64_t>(heat, FunctionHead::coldest - 1));
}

/// Whether the processor checks return addresses against a stack of its own. Frames whose return
/// address changes cannot run then.
bool has_shadow_stack()
{
#if defined(__x86_64__)
    constexpr int shadow_stack_status = 0x5005;
    unsigned long features = 0;
    return syscall(SYS_arch_prctl, shadow_stack_status, &features) == 0 && features != 0;
#else
    return false;
#endif
}

bool checks_exits(const EngineConfig& config)
{
#if defined(NDEBUG)
    return config.exit_percent != 0;
#else
    return config.exit_percent <= 100;
#endif
}

} // namespace

Result<std::unique_ptr<CompilingTier>> CompilingTier::create(
    Tier& interpreter, EngineState& engine, Generator generator)
{
    if (!has_crossing)
        return failure("there is no compiler for this processor");
    if (has_shadow_stack())
        return failure("the process has shadow stacks");
    auto library = TRY(CodeLibrary::create(engine.types, engine.config.max_code_bytes, generator));
    return std::unique_ptr<CompilingTier>(new CompilingTier(interpreter, engine, std::move(library)));
}

CompilingTier::CompilingTier(Tier& interpreter, EngineState& engine, std::unique_ptr<CodeLibrary> library)
    : library_(std::move(library)), shop_(interpreter, engine, *library_, checks_exits(engine.config))
{
    engine.cold_entry = vitrine_call_other;
    engine.initial_heat = initial_heat(engine.config);
    if (engine.config.signal_handlers)
        faults_.emplace(library_->memory().begin(), library_->memory().end());
}

ThreadMachine& CompilingTier::machine_of(Thread& thread)
{
    return thread.machine ? *static_cast<ThreadMachine*>(thread.machine.get()) : make_machine(thread);
}

ThreadMachine& CompilingTier::make_machine(Thread& thread)
{
    auto* store = thread.store.find_attached<StoreCode>();
    if (!store)
        store = &thread.store.attach<StoreCode>(shop_.engine, *library_);
    // Threads decide differently, but each the same in every run.
    const uint64_t seed = (shop_.engine.config.tier_seed + machines_++) * 0x9e3779b97f4a7c15 | 1;
    auto machine = std::make_shared<ThreadMachine>(shop_, thread, *store, *this, seed);
    auto& reference = *machine;
    thread.machine = std::move(machine);
    return reference;
}

void CompilingTier::code_changed(Thread& thread, Function& function)
{
    if (auto* const store = thread.store.find_attached<StoreCode>())
        store->forget(function);
}

void CompilingTier::watches_changed(Thread& thread)
{
    auto* const store = thread.store.find_attached<StoreCode>();
    const uint16_t accesses = thread.watches() ? thread.watches()->accesses() : uint16_t { 0 };
    // Code that already compares accesses of these kinds learns the ranges when it is entered. But
    // a frame with a watched local must not wait in it.
    if (store && accesses != store->mode().watched)
        store->forget_all();
}

} // namespace vitrine::core::jit

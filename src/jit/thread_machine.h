// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/crossing.h"
#include "exec/driver.h"
#include "jit/store_code.h"

#include <array>

namespace vitrine::core::jit {

/// What the thread machines of a tier have in common.
struct MachineShop {
    Tier& interpreter;
    EngineState& engine;
    CodeLibrary& library;
    /// Whether each frame that is written back is compared with what validation knows.
    bool checks_exits;
};

/// Runs one guest thread: in machine code where there is some, and otherwise in the interpreter.
///
/// [doc] How the tiers alternate
///
/// Each tier returns to `run` when it cannot continue. The thread's state is then complete, and all
/// frames are on the guest's stacks, so either tier may be next. Machine code is entered in three
/// ways: at a function's entry (`at_call`), at a loop or where an exception is caught (`at_loop`),
/// and where a call returns to (`at_return`, `at_place`). If it is left in the middle of a
/// function, the interpreter continues that frame until it comes to one of these again.
class ThreadMachine final : public MachineContext {
public:
    ThreadMachine(
        const MachineShop& shop, Thread& thread, StoreCode& store, const Sites& sites, uint64_t seed);
    ~ThreadMachine();
    ThreadMachine(const ThreadMachine&) = delete;
    ThreadMachine& operator=(const ThreadMachine&) = delete;

    // Like the functions of `Tier`.
    RunEnd enter();
    RunEnd resume() { return run({ Next::Kind::Resume }); }
    RunEnd go_on() { return run({ Next::Kind::GoOn }); }

    StoreCode& store() { return store_; }

private:
    /// What the thread does next.
    struct Next {
        enum class Kind : uint8_t { Enter, Resume, GoOn, Code, End } kind;
        RunEnd end = RunEnd::Returned;
        Entrance entrance = Entrance::Jump;
        const void* target = nullptr;
    };
    /// A return address that a host function was called from.
    struct CachedSite {
        uintptr_t address = 0;
        const Site* site = nullptr;
        const Version* version = nullptr;
    };
    /// An offset in a function that a call returns to.
    struct CachedPlace {
        /// The function's.
        const void* entry = nullptr;
        uint32_t offset = 0;
        const Site* site = nullptr;
        const uint8_t* code = nullptr;
    };

    RunEnd run(Next next);
    Next take_over();
    Next take_left(Left left);

    Next at_call();
    Next at_loop();
    Next at_return();
    Next at_place(Next::Kind otherwise);
    Next interpret_call(Function& function) const;
    Next interpret_loop(Function& function) const;
    Next enter_function(Function& function, const void* target);
    Next continue_at(const void* target, Instance& instance, Slot* results);
    void copy_watches(const Watches& watched);
    void set_result(const Slot* results);
    void set_frame(Instance& instance, Slot* fp);

    void take_results();
    Next on_return_to_interpreter();
    Next on_return_to_host_function();
    Next on_call();
    bool call_host();
    Next on_exit(StopPoint::Kind kind);
    bool overflows() const;
    Next repeat_call();

    Next next_of(Turn turn);
    bool may_run_code();
    bool may_run_frame();
    bool flip();
    bool is_mixed() const { return shop_.engine.config.tier == TierPolicy::Mixed; }
    const Version* version_of(const Function& function) const;
    /// Whether calls of the function enter its version.
    bool is_open(const Function& function) const { return function.entry != shop_.engine.cold_entry; }
    void refresh_caches();
    const CachedSite& site_at(uintptr_t address);
    const CachedPlace& place_at(const Function& function, uint32_t offset);

    const MachineShop& shop_;
    Thread& thread_;
    StoreCode& store_;
    uint64_t random_;
    /// With `Left::HostCall`: what comes after the call of the host function.
    Turn turn_ = Turn::Returned;
    /// The note of the last exit, whose memory is reused.
    Note note_;
    uint32_t cache_generation_ = 0;
    std::array<CachedSite, 64> sites_ {};
    std::array<CachedPlace, 64> places_ {};
};

} // namespace vitrine::core::jit

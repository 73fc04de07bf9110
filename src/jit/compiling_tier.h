// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/sites.h"
#include "exec/tier.h"
#include "jit/faults.h"
#include "jit/thread_machine.h"

#include <atomic>
#include <memory>
#include <optional>

namespace vitrine::core::jit {

/// Compiles functions that run often, and runs machine code and the interpreter in turn.
class CompilingTier final : public Tier, public Sites {
public:
    /// Must be called before the engine has stores, and tells `engine` what its functions start
    /// with. `engine` and `interpreter` must outlive the tier, and the tier all stores. Fails if
    /// this process cannot run machine code.
    static Result<std::unique_ptr<CompilingTier>> create(
        Tier& interpreter, EngineState& engine, Generator generator = {});

    RunEnd enter(Thread& thread) override { return machine_of(thread).enter(); }
    RunEnd resume(Thread& thread) override { return machine_of(thread).resume(); }
    RunEnd go_on(Thread& thread) override { return machine_of(thread).go_on(); }
    void code_changed(Thread& thread, Function& function) override;
    void watches_changed(Thread& thread) override;

    const Site* find(uintptr_t return_address) const override { return library_->find_site(return_address); }

    /// To be called before there is code.
    void set_profile(std::unique_ptr<Profile> profile) { library_->set_profile(std::move(profile)); }
    CompilerStatistics statistics() const { return library_->statistics(); }

private:
    CompilingTier(Tier& interpreter, EngineState& engine, std::unique_ptr<CodeLibrary> library);
    ThreadMachine& machine_of(Thread& thread);
    ThreadMachine& make_machine(Thread& thread);

    const std::unique_ptr<CodeLibrary> library_;
    const MachineShop shop_;
    /// Empty if compiled code does not use faults.
    std::optional<FaultRange> faults_;
    std::atomic<uint64_t> machines_ = 0;
};

} // namespace vitrine::core::jit

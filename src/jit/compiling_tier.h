// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/sites.h"
#include "exec/tier.h"
#include "jit/module_code.h"
#include "jit/statistics.h"
#include "runtime/store.h"

#include <memory>
#include <optional>

namespace vitrine::core::jit {

class FaultRange;
class ThreadMachine;

/// Compiles functions that run often, and runs machine code and the interpreter in turn.
class CompilingTier final : public Tier, public Sites {
public:
    /// Must be called before the engine has stores. `engine` and `interpreter` must outlive the
    /// tier, and the tier all threads that use it. Fails if the process cannot run machine code.
    static Result<std::unique_ptr<CompilingTier>> create(
        Tier& interpreter, EngineState& engine, Generator generator = {});
    ~CompilingTier() override;

    RunEnd enter(Thread& thread) override;
    RunEnd resume(Thread& thread) override;
    RunEnd go_on(Thread& thread) override;
    void code_changed(Thread& thread, Function& function) override;
    void watches_changed(Thread& thread) override;

    const Site* find(uintptr_t return_address) const override;

    CompilerStatistics statistics() const { return library_->statistics(); }

private:
    friend ThreadMachine;
    CompilingTier(Tier& interpreter, EngineState& engine, std::unique_ptr<CodeLibrary> library);
    ThreadMachine& machine_of(Thread& thread);

    Tier& interpreter_;
    EngineState& engine_;
    const std::unique_ptr<CodeLibrary> library_;
    /// Null if compiled code does not use faults.
    std::unique_ptr<FaultRange> faults_;
};

} // namespace vitrine::core::jit

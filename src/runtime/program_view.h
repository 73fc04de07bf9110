// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "runtime/trap.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace vitrine::core {

class HostActivity;
class Thread;

/// What a store contains above core instances, for debuggers, which do not know components.
class ProgramView {
public:
    virtual ~ProgramView() = default;
    /// The instances of components, with their imports, exports and core instances.
    virtual std::string describe() const = 0;
    /// The resources that instances hold: of all, or of the one with this name.
    virtual Result<std::string> describe_handles(std::string_view instance) const = 0;

    /// A call that is ready to be made. Its result is text, empty if the function returns nothing.
    using PreparedCall = std::function<OrTrapped<std::string>(Thread& thread)>;
    /// Prepares a call of a component's function: `greet("x")`. The offset of an error is one in
    /// the text.
    virtual Result<PreparedCall> prepare_call(std::string_view text) = 0;

    /// The state that a trap changes besides that of core instances.
    class State {
    public:
        virtual ~State() = default;
    };
    virtual std::unique_ptr<State> save() const = 0;
    /// Puts back what was saved. For calls of a debugger that trap: looking at a program must not
    /// end it.
    virtual void restore(const State& state) = 0;

    /// Set by a debugger that stops at calls of components: a call requests a pause of the thread
    /// at the first instruction of the callee.
    std::atomic<bool> pauses_at_calls = false;
    /// The call that has requested the pause. The debugger resets it when it handles the pause.
    const HostActivity* begun = nullptr;
};

} // namespace vitrine::core

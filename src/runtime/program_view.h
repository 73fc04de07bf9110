// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "runtime/trap.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace vitrine::core {

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
};

} // namespace vitrine::core

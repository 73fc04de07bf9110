// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace vitrine::core {

/// What a store contains above core instances, for debuggers, which do not know components.
class ProgramView {
public:
    /// The instances of components, with their imports, exports and core instances.
    virtual std::string describe() const = 0;
    /// The resources that instances hold: of all, or of the one with this name.
    virtual Result<std::string> describe_handles(std::string_view instance) const = 0;

    /// The state that a trap changes besides that of core instances.
    class State {
    public:
        virtual ~State() = default;
    };
    virtual std::unique_ptr<State> save() const = 0;
    /// Puts back what was saved. For calls of a debugger that trap: looking at a program must not
    /// end it.
    virtual void restore(const State& state) = 0;

protected:
    ~ProgramView() = default;
};

} // namespace vitrine::core

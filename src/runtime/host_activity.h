// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <vector>

namespace vitrine::core {

struct Function;

/// What a host function says of itself to a debugger while it waits for a call that it requested.
class HostActivity {
public:
    virtual ~HostActivity() = default;
    /// What it is doing: `test:calc/ops@0.1.0#greet: realloc for the arguments`.
    virtual std::string title() const = 0;
    /// The guest function that it calls for its caller, after what it needs itself: a step into
    /// the call leads there. Null if there is none.
    virtual const Function* guest_callee() const { return nullptr; }
    /// The guest function for which the present call is a preparation, and which will be called
    /// later. Null if the present call is not a preparation.
    virtual Function* prepared_callee() const = 0;

    /// A value that it works on, as text.
    struct Row {
        std::string name;
        std::string type;
        std::string value;
    };
    virtual std::vector<Row> rows() const = 0;
};

} // namespace vitrine::core

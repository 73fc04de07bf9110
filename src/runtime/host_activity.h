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
    /// the call leads there. Null if there is none, and once it has returned.
    virtual Function* guest_callee() const { return nullptr; }
    /// Whether the present call is one that it needs itself, and the guest's callee comes later.
    virtual bool is_preparing() const { return false; }

    /// A value that it works on, as text.
    struct Row {
        std::string name;
        std::string type;
        std::string value;
    };
    virtual std::vector<Row> rows() const = 0;
};

} // namespace vitrine::core

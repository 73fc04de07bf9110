// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace vitrine::core::jit {

/// While it exists, a SIGSEGV in a range of machine code leaves the code by the stub
/// `vitrine_fault` instead of ending the process.
///
/// The first object installs a handler for the process, and the last one removes it if it is still
/// the process's handler. Faults anywhere else go to the handler that was there before, or have
/// their default action. A handler that is installed later must pass faults on to the one that it
/// replaces.
///
/// The handler runs on the alternate signal stack if the thread has one, otherwise on the guest's
/// control stack. Thread-safe.
class FaultRange {
public:
    FaultRange(const uint8_t* begin, const uint8_t* end);
    ~FaultRange();
    FaultRange(const FaultRange&) = delete;
    FaultRange& operator=(const FaultRange&) = delete;

private:
    struct Node;
    friend struct Faults;
    Node* node_;
};

} // namespace vitrine::core::jit

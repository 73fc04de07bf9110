// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"
#include "jit/module_code.h"

#include <compare>
#include <unordered_map>
#include <vector>

namespace vitrine::core::jit {

/// The machine code that a store's functions use. Owned by the store. Used while the guest of the
/// store's threads is not executing an instruction, or by the thread that executes.
class StoreCode {
public:
    /// What all versions that a store uses have in common, because the executing thread needs it.
    struct Mode {
        bool counts_ticks = false;
        uint16_t watched = 0;

        friend auto operator<=>(const Mode&, const Mode&) = default;
    };

    StoreCode(EngineState& engine, CodeLibrary& library) : engine_(engine), library_(library) {}
    ~StoreCode();
    StoreCode(const StoreCode&) = delete;
    StoreCode& operator=(const StoreCode&) = delete;

    /// The threads of the store that have been entered. Their frames are filled in when code
    /// changes.
    std::vector<Thread*> threads;

    const Mode& mode() const { return mode_; }
    /// Stops using versions that were made for another mode.
    void set_mode(const Mode& mode)
    {
        if (mode != mode_) {
            forget_all();
            mode_ = mode;
        }
    }

    /// The version that the function uses, or null.
    const Version* version_of(const Function& function) const;
    /// Compiles the function for the current mode. On success the function uses the result, and
    /// calls enter it. Otherwise returns null, and the function does not ask again.
    const Version* compile(Function& function);
    /// Makes calls of the function ask again, or enter its version. Frames that wait in its code
    /// stay there.
    void set_open(Function& function, bool is_open) const;
    /// Ends the use of the function's version: its waiting frames become interpreted ones, and it
    /// gets hot again after half of the usual time.
    void forget(Function& function);
    void forget_all();

private:
    VersionKey key_of(const Function& function) const;
    void close(Function& function) const;

    EngineState& engine_;
    CodeLibrary& library_;
    Mode mode_;
    std::unordered_map<Function*, const Version*> versions_;
};

} // namespace vitrine::core::jit

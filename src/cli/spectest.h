// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/linker.h"

namespace vitrine::cli {

/// Defines what the official test suite imports from the module `spectest`. The objects belong to
/// the store, so one set serves all linkers of the store.
class Spectest {
public:
    /// Objects that the engine refuses to create are omitted.
    explicit Spectest(core::Store& store);
    void define_in(core::Linker& linker) const;

private:
    std::vector<std::pair<std::string, core::Definition>> items_;
};

} // namespace vitrine::cli

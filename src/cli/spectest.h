// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/linker.h"

namespace vitrine::cli {

/// Defines what the official test suite imports from the module `spectest`. Its objects belong to the store, so one set
/// serves every linker of the store.
class Spectest {
public:
    /// What the engine refuses is left out.
    explicit Spectest(core::Store& store);
    void define_in(core::Linker& linker) const;

private:
    std::vector<std::pair<std::string, core::Definition>> items_;
};

} // namespace vitrine::cli

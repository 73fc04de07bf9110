// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dap/launcher.h"

namespace vitrine::cli {

/// Loads programs for editors, as `debug` does for its user. None of them reads the standard input
/// of this process or writes to its streams, which may be those of the protocol.
class DapLauncher final : public core::dap::Launcher {
public:
    core::Result<std::unique_ptr<core::dap::Program>> load(
        const core::dap::LaunchSpec& spec, Output output) override;
    /// Connects to the guest's door.
    core::Result<Attached> attach(const core::dap::AttachSpec& spec, const Output& output) override;
};

} // namespace vitrine::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <cstdint>
#include <vector>

namespace vitrine::core::dwarf {

/// What a reader process was started with. The files have the descriptors of
/// `source::reader_descriptor`.
struct ServeOptions {
    std::vector<uint32_t> without {};
    bool has_debug_file = false;
    bool has_package = false;
};

/// Answers the questions of `source::Remote` until it closes the socket. Limits this process first:
/// it writes no files, gets no privileges, and has bounded memory. Fails if the descriptors are not
/// those of a reader.
Result<void> serve(const ServeOptions& options);

} // namespace vitrine::core::dwarf

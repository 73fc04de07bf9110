// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>

namespace vitrine::core::dwarf {

/// [doc] What a reader process may do
///
/// Debug information comes with the guest, and LLVM's reader has bugs. So the process that reads it
/// gives up everything else first: it can compute, take memory, talk over the descriptors that it
/// was started with, and end. It cannot open files or sockets, start processes or threads, make
/// memory executable, trace or signal other processes, or gain privileges. Files that it still
/// needs are sent to it.
///
/// A seccomp filter sees to this on Linux for x86-64 and AArch64. A kernel without seccomp leaves
/// the limits of resources: no core dump, no more files or processes, and bounded memory. Builds
/// with a sanitizer have no filter, as the sanitizer itself opens files.
///
/// `file_bytes` is the size of the files to read.
void confine(size_t file_bytes);

/// Whether `confine` installs a filter in this build.
bool has_filter();

} // namespace vitrine::core::dwarf

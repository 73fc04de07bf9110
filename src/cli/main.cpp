// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/guard.h"
#include "cli/command_line.h"
#include "cli/message.h"

#include <cstdio>

int main(int argc, char** argv)
{
    using vitrine::core::Thrown;
    return vitrine::core::guarded([&] { return vitrine::cli::run_command_line(argc, argv); },
        [](const Thrown& thrown) {
            // Like any other error, but without an allocation: memory may be exhausted.
            std::fprintf(stderr, "vitrine: error: cannot continue: %s\n", thrown.text.c_str());
            return vitrine::cli::status::refused;
        });
}

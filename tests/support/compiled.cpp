// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/compiled.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

namespace vitrine::core::test {

std::optional<std::vector<uint8_t>> compiled(
    std::string_view name, std::string_view source, const std::string& options)
{
    if (std::system("clang-22 --version > /dev/null 2>&1 && wasm-ld-22 --version > /dev/null 2>&1") != 0) {
        std::fprintf(stderr, "skipped: clang-22 and wasm-ld-22 are not installed\n");
        if (std::getenv("VITRINE_REQUIRE_SHARED"))
            std::abort();
        return std::nullopt;
    }
    char folder[] = "/tmp/vitrine-compiled-XXXXXX";
    if (!mkdtemp(folder))
        std::abort();
    const std::filesystem::path path(folder);
    std::ofstream(path / name) << source;
    const bool has_target = options.find("--target") != std::string::npos;
    const std::string command = "cd " + path.string() + " && clang-22 "
        + (has_target ? "" : "--target=wasm32 ")
        + "--no-wasm-opt -nostdlib -fdebug-compilation-dir=/src -Wl,--no-entry -Wl,--export-all " + options
        + " " + std::string(name) + " -o guest.wasm";
    if (std::system(command.c_str()) != 0) {
        std::fprintf(stderr, "failed: %s\n", command.c_str());
        std::abort();
    }
    std::ifstream in(path / "guest.wasm", std::ios::binary);
    std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(in)), {});
    std::filesystem::remove_all(path);
    return bytes;
}

} // namespace vitrine::core::test

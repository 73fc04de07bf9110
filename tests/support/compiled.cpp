// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/compiled.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

namespace vitrine::core::test {

namespace {

constexpr std::string_view compiler = "clang-22 -nostdlib -fdebug-compilation-dir=/src ";
constexpr std::string_view linker = " -Wl,--no-entry -Wl,--export-all --no-wasm-opt -o guest.wasm ";

bool is_installed()
{
    if (std::system("(clang-22 --version && wasm-ld-22 --version) > /dev/null 2>&1") == 0)
        return true;
    std::fprintf(stderr, "skipped: clang-22 and wasm-ld-22 are not installed\n");
    if (std::getenv("VITRINE_REQUIRE_SHARED"))
        std::abort();
    return false;
}

/// A temporary folder with one file.
class Folder {
public:
    Folder(std::string_view name, std::string_view content)
    {
        char path[] = "/tmp/vitrine-compiled-XXXXXX";
        if (!mkdtemp(path))
            std::abort();
        path_ = path;
        std::ofstream(path_ / name) << content;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    void run(const std::string& command) const
    {
        if (std::system(("cd " + path_.string() + " && " + command).c_str()) == 0)
            return;
        std::fprintf(stderr, "failed: %s\n", command.c_str());
        std::abort();
    }
    std::vector<uint8_t> content_of(const char* name) const
    {
        std::ifstream in(path_ / name, std::ios::binary);
        return { std::istreambuf_iterator<char>(in), {} };
    }

private:
    std::filesystem::path path_;
};

std::string with_target(const std::string& options)
{
    return (options.find("--target") == std::string::npos ? "--target=wasm32 " : "") + options + " ";
}

} // namespace

std::optional<std::vector<uint8_t>> compiled(
    std::string_view name, std::string_view source, const std::string& options)
{
    if (!is_installed())
        return std::nullopt;
    const Folder folder(name, source);
    folder.run(std::string(compiler) + with_target(options) + std::string(linker) + std::string(name));
    return folder.content_of("guest.wasm");
}

std::optional<CompiledSplit> compiled_split(
    std::string_view name, std::string_view source, const std::string& options)
{
    if (!is_installed())
        return std::nullopt;
    const Folder folder(name, source);
    const std::string compile = std::string(compiler) + with_target(options);
    folder.run(compile + "-gsplit-dwarf -c -o guest.o " + std::string(name));
    folder.run(compile + std::string(linker) + "guest.o");
    folder.run("llvm-dwp-22 guest.dwo -o guest.dwp");
    return CompiledSplit { folder.content_of("guest.wasm"), folder.content_of("guest.dwo"),
        folder.content_of("guest.dwp") };
}

} // namespace vitrine::core::test

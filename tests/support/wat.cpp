// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/wat.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

namespace vitrine::core::test {

namespace {

/// What `wasm-tools VERB` makes of `input`.
std::string converted(std::string_view verb, std::string_view input)
{
    const char* tool = std::getenv("VITRINE_WASM_TOOLS");
    std::string folder = "/tmp/vitrine-test-XXXXXX";
    if (!mkdtemp(folder.data()))
        std::abort();
    const std::string source = folder + "/in", target = folder + "/out";
    std::ofstream(source, std::ios::binary) << input;
    const std::string command = std::string(tool ? tool : VITRINE_WASM_TOOLS) + " " + std::string(verb) + " "
        + source + " -o " + target;
    if (std::system(command.c_str()) != 0) {
        std::fprintf(stderr, "cannot convert the module of a test: %s\n", command.c_str());
        std::abort();
    }
    std::ifstream in(target, std::ios::binary);
    std::string output { std::istreambuf_iterator<char>(in), {} };
    unlink(source.c_str());
    unlink(target.c_str());
    rmdir(folder.c_str());
    return output;
}

} // namespace

std::vector<uint8_t> wasm_of(std::string_view wat)
{
    const std::string binary = converted("parse", wat);
    return { binary.begin(), binary.end() };
}

std::string wat_of(const std::vector<uint8_t>& wasm)
{
    return converted("print", { reinterpret_cast<const char*>(wasm.data()), wasm.size() });
}

} // namespace vitrine::core::test

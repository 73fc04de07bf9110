// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/wat.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

namespace vitrine::core::test {

std::vector<uint8_t> wasm_of(std::string_view wat)
{
    const char* tool = std::getenv("VITRINE_WASM_TOOLS");
    std::string folder = "/tmp/vitrine-test-XXXXXX";
    if (!mkdtemp(folder.data()))
        std::abort();
    const std::string text = folder + "/module.wat", binary = folder + "/module.wasm";
    std::ofstream(text) << wat;
    const std::string command = std::string(tool ? tool : VITRINE_WASM_TOOLS) + " parse " + text + " -o " + binary;
    if (std::system(command.c_str()) != 0) {
        std::fprintf(stderr, "cannot convert the text of a test: %s\n", command.c_str());
        std::abort();
    }
    std::ifstream in(binary, std::ios::binary);
    std::vector<uint8_t> bytes { std::istreambuf_iterator<char>(in), {} };
    unlink(text.c_str());
    unlink(binary.c_str());
    rmdir(folder.c_str());
    return bytes;
}

} // namespace vitrine::core::test

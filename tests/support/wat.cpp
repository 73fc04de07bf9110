// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/wat.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <unistd.h>

namespace vitrine::core::test {

namespace {

/// A folder for the files of one run of wasm-tools.
class Folder {
public:
    Folder()
    {
        if (!mkdtemp(path_.data()))
            std::abort();
    }
    ~Folder()
    {
        unlink(file("in").c_str());
        unlink(file("out").c_str());
        rmdir(path_.c_str());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

private:
    std::string path_ = "/tmp/vitrine-test-XXXXXX";
};

std::string contents_of(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    return { std::istreambuf_iterator<char>(in), {} };
}

/// Runs wasm-tools on `input`, with arguments before and after the file name. Returns whether it
/// succeeded.
bool run_tool(const Folder& folder, std::string_view before, std::string_view input, std::string_view behind)
{
    const char* tool = std::getenv("VITRINE_WASM_TOOLS");
    std::ofstream(folder.file("in"), std::ios::binary) << input;
    const std::string command = std::string(tool ? tool : VITRINE_WASM_TOOLS) + " " + std::string(before)
        + " " + folder.file("in") + " " + std::string(behind);
    return std::system(command.c_str()) == 0;
}

std::string_view text_of_bytes(const std::vector<uint8_t>& bytes)
{
    return { reinterpret_cast<const char*>(bytes.data()), bytes.size() };
}

/// The output of `wasm-tools VERB` for `input`.
std::string converted(std::string_view verb, std::string_view input)
{
    const Folder folder;
    if (!run_tool(folder, verb, input, "-o " + folder.file("out"))) {
        std::fprintf(stderr, "wasm-tools %s refuses the module of a test\n", std::string(verb).c_str());
        std::abort();
    }
    return contents_of(folder.file("out"));
}

} // namespace

std::vector<uint8_t> wasm_of(std::string_view wat)
{
    const std::string binary = converted("parse", wat);
    return { binary.begin(), binary.end() };
}

std::string wat_of(const std::vector<uint8_t>& wasm) { return converted("print", text_of_bytes(wasm)); }

bool is_valid_for_wasm_tools(const std::vector<uint8_t>& wasm, std::string_view features)
{
    const Folder folder;
    return run_tool(
        folder, "validate --features=" + std::string(features), text_of_bytes(wasm), "2> /dev/null");
}

std::string wast_outcome_of_wasm_tools(std::string_view script)
{
    const Folder folder;
    const bool agrees = run_tool(folder, "wast --features=all,-custom-descriptors --ignore-error-messages",
        script, "> " + folder.file("out") + " 2>&1");
    if (agrees)
        return "";
    // Report each failure with its line and the next one, where a script may describe it.
    std::string told;
    std::istringstream output(contents_of(folder.file("out")));
    const std::string place = folder.file("in") + ":";
    for (std::string line; std::getline(output, line);) {
        if (const size_t at = line.find(place); at != std::string::npos && line.starts_with("failed")) {
            std::istringstream lines { std::string(script) };
            std::string text;
            for (uint64_t left = std::strtoull(&line[at + place.size()], nullptr, 10) + 1; left > 0; --left)
                std::getline(lines, text);
            line = text;
        }
        if (!line.empty() && !line.starts_with("----"))
            told += line + "\n";
    }
    return told;
}

} // namespace vitrine::core::test

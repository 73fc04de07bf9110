// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace vitrine::cli {

core::Result<std::vector<uint8_t>> read_file(const std::string& path)
{
    const auto refuse = [&] { return core::failure("cannot read " + path + ": " + std::strerror(errno)); };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file)
        return refuse();
    std::vector<uint8_t> bytes;
    uint8_t chunk[size_t { 1 } << 16];
    while (const size_t count = std::fread(chunk, 1, sizeof chunk, file.get())) {
        if (bytes.size() + count > UINT32_MAX)
            return core::failure(path + ": the file is larger than 4 GiB");
        bytes.insert(bytes.end(), chunk, chunk + count);
    }
    if (std::ferror(file.get()))
        return refuse();
    return bytes;
}

} // namespace vitrine::cli

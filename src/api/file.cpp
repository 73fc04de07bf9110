// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <sys/stat.h>

namespace vitrine::detail {

namespace {

/// Seeks to `offset`.
bool skip(std::FILE* file, uint64_t offset)
{
    if (offset <= INT64_MAX)
        return offset == 0 || ::fseeko(file, static_cast<off_t>(offset), SEEK_SET) == 0;
    errno = EOVERFLOW;
    return false;
}

} // namespace

Result<std::vector<uint8_t>> read_file(
    const std::string& path, uint64_t offset, std::optional<uint64_t> wanted)
{
    const auto refuse = [&] { return Error("cannot read " + path + ": " + std::strerror(errno)); };
    const auto refuse_large = [&] { return Error(path + ": " + "the file is larger than 4 GiB"); };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file || !skip(file.get(), offset))
        return refuse();
    // The file size is only a hint: the file may be a pipe.
    struct stat status {};
    uint64_t hint = uint64_t { 1 } << 16;
    if (fstat(fileno(file.get()), &status) == 0 && S_ISREG(status.st_mode))
        hint = static_cast<uint64_t>(status.st_size) - std::min(offset, static_cast<uint64_t>(status.st_size))
            + 1;
    const uint64_t most = wanted.value_or(UINT64_MAX);
    if (std::min(hint, most) > max_file_bytes)
        return refuse_large();
    std::vector<uint8_t> bytes(std::min(hint, most));
    size_t size = 0;
    while (size < most) {
        if (size > max_file_bytes / 2 && size == bytes.size())
            return refuse_large();
        if (size == bytes.size())
            bytes.resize(std::min<uint64_t>(2 * size, most));
        const size_t count = std::fread(bytes.data() + size, 1, bytes.size() - size, file.get());
        size += count;
        if (count == 0)
            break;
    }
    if (std::ferror(file.get()))
        return refuse();
    if (wanted && size < *wanted)
        return Error(path + ": the requested part extends beyond the end of the file", offset + size);
    bytes.resize(size);
    return bytes;
}

} // namespace vitrine::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/code_memory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace vitrine::core::jit {

namespace {

constexpr size_t page = 4096;
/// More is never needed, and the reservation must fit into the address space.
constexpr uint64_t most_bytes = uint64_t { 4 } << 30;

#if !defined(MFD_EXEC)
constexpr unsigned MFD_EXEC = 0x10;
#endif

/// An open file, closed at the end.
struct Fd {
    explicit Fd(int number) : number(number) {}
    ~Fd()
    {
        if (number >= 0)
            close(number);
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;

    const int number;
};

/// Makes a file in memory that may be mapped as code. Older kernels do not know the flag.
int make_file()
{
    const int fd = memfd_create("vitrine code", MFD_CLOEXEC | MFD_EXEC);
    return fd >= 0 || errno != EINVAL ? fd : memfd_create("vitrine code", MFD_CLOEXEC);
}

/// Whether a file may have this size. A larger one would make the system send SIGXFSZ.
bool may_have_file_of(size_t bytes)
{
    rlimit limit {};
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && bytes <= limit.rlim_cur;
}

Error refused(const char* what)
{
    return { std::string("the system refuses ") + what + ": " + std::strerror(errno) };
}

uint8_t* map_view(size_t bytes, int protection, int flags, int fd)
{
    void* const view = mmap(nullptr, bytes, protection, flags | MAP_NORESERVE, fd, 0);
    return view == MAP_FAILED ? nullptr : static_cast<uint8_t*>(view);
}

} // namespace

Result<std::unique_ptr<CodeMemory>> CodeMemory::create(uint64_t max_bytes)
{
    if (auto memory = create(max_bytes, Way::TwoViews))
        return memory;
    return create(max_bytes, Way::Protect);
}

Result<std::unique_ptr<CodeMemory>> CodeMemory::create(uint64_t max_bytes, Way way)
{
    const auto bytes = static_cast<size_t>(std::min(max_bytes, most_bytes)) & ~(page - 1);
    if (bytes == 0)
        return failure("the limit for machine code is less than a page");
    std::unique_ptr<CodeMemory> memory(new CodeMemory(way, bytes));
    CHECK(memory->map());
    return memory;
}

CodeMemory::CodeMemory(Way way, size_t bytes) : way_(way), bytes_(bytes), owner_(getpid())
{
    give_back(0, bytes);
    used_ = 0;
}

CodeMemory::~CodeMemory()
{
    if (code_)
        munmap(code_, bytes_);
    if (writable_)
        munmap(writable_, bytes_);
}

Result<void> CodeMemory::map()
{
    if (way_ == Way::TwoViews) {
        if (!may_have_file_of(bytes_))
            return failure("the process may not have a file of the size of the machine code");
        const Fd file(make_file());
        if (file.number < 0 || ftruncate(file.number, static_cast<off_t>(bytes_)) != 0)
            return std::unexpected(refused("a file for machine code"));
        writable_ = map_view(bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file.number);
        code_ = map_view(bytes_, PROT_READ | PROT_EXEC, MAP_SHARED, file.number);
        if (!writable_ || !code_)
            return std::unexpected(refused("to map machine code"));
        return {};
    }
    code_ = map_view(bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (!code_)
        return std::unexpected(refused("address space for machine code"));
    // Whether written pages may become executable.
    if (mprotect(code_, page, PROT_READ | PROT_WRITE) != 0
        || mprotect(code_, page, PROT_READ | PROT_EXEC) != 0)
        return std::unexpected(refused("executable memory"));
    return {};
}

size_t CodeMemory::rounded(size_t size) const
{
    const size_t unit = way_ == Way::TwoViews ? granule : page;
    return (size + unit - 1) & ~(unit - 1);
}

/// Takes the smallest free range with room for `size` bytes.
std::optional<size_t> CodeMemory::take(size_t size)
{
    const auto found = by_size_.lower_bound({ size, 0 });
    if (found == by_size_.end())
        return std::nullopt;
    const auto [free_size, begin] = *found;
    by_size_.erase(found);
    free_.erase(begin);
    if (free_size > size) {
        free_.emplace(begin + size, free_size - size);
        by_size_.emplace(free_size - size, begin + size);
    }
    used_ += size;
    return begin;
}

/// Makes a range free and joins it with free ranges before and after it.
void CodeMemory::give_back(size_t begin, size_t size)
{
    used_ -= size;
    const auto after = free_.lower_bound(begin);
    if (after != free_.end() && after->first == begin + size) {
        size += after->second;
        by_size_.erase({ after->second, after->first });
        free_.erase(after);
    }
    if (const auto next = free_.lower_bound(begin); next != free_.begin()) {
        const auto before = std::prev(next);
        if (before->first + before->second == begin) {
            begin = before->first;
            size += before->second;
            by_size_.erase({ before->second, before->first });
            free_.erase(before);
        }
    }
    free_.emplace(begin, size);
    by_size_.emplace(size, begin);
}

bool CodeMemory::write(size_t at, std::span<const uint8_t> code)
{
    if (way_ == Way::TwoViews) {
        std::memcpy(writable_ + at, code.data(), code.size());
        return true;
    }
    const size_t size = rounded(code.size());
    if (mprotect(code_ + at, size, PROT_READ | PROT_WRITE) != 0)
        return false;
    std::memcpy(code_ + at, code.data(), code.size());
    return mprotect(code_ + at, size, PROT_READ | PROT_EXEC) == 0;
}

const uint8_t* CodeMemory::add(std::span<const uint8_t> code)
{
    if (code.empty() || getpid() != owner_)
        return nullptr;
    const auto at = take(rounded(code.size()));
    if (!at)
        return nullptr;
    if (write(*at, code))
        return code_ + *at;
    give_back(*at, rounded(code.size()));
    return nullptr;
}

void CodeMemory::remove(const uint8_t* code, size_t size)
{
    // Another process may still execute what it shares with this one.
    if (getpid() == owner_)
        give_back(static_cast<size_t>(code - code_), rounded(size));
}

} // namespace vitrine::core::jit

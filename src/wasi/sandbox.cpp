// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/sandbox.h"

#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <vector>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vitrine::core::wasi {

namespace {

constexpr int max_links = 40;

OrErrno<UniqueFd> opened(int fd)
{
    if (fd < 0)
        return std::unexpected(errno_of(errno));
    return UniqueFd(fd);
}

/// The components of a path; empty ones and `.` count for nothing, but a final slash asks for a folder.
std::deque<std::string> split(std::string_view path)
{
    std::deque<std::string> components;
    while (!path.empty()) {
        const size_t slash = std::min(path.find('/'), path.size());
        if (const auto component = path.substr(0, slash); !component.empty() && component != ".")
            components.emplace_back(component);
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return components;
}

OrErrno<std::string> read_link(int folder, const char* name)
{
    std::array<char, PATH_MAX> target;
    const ssize_t length = readlinkat(folder, name, target.data(), target.size());
    if (length < 0)
        return std::unexpected(errno_of(errno));
    if (static_cast<size_t>(length) == target.size())
        return std::unexpected(Errno::NameTooLong);
    return std::string(target.data(), static_cast<size_t>(length));
}

OrErrno<UniqueFd> open_by_hand(int folder, std::string_view path, int flags, unsigned mode)
{
    std::deque<std::string> rest = split(path);
    const bool wants_folder = path.ends_with('/') || path.ends_with("/.") || path == ".";
    std::vector<UniqueFd> folders;
    const auto current = [&] { return folders.empty() ? folder : folders.back().get(); };
    for (int links = 0; !rest.empty();) {
        const std::string name = std::move(rest.front());
        rest.pop_front();
        if (name == "..") {
            if (folders.empty())
                return std::unexpected(Errno::Permission);
            folders.pop_back();
            continue;
        }
        struct stat status {};
        const bool exists = fstatat(current(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
        const bool is_link = exists && S_ISLNK(status.st_mode);
        const bool keeps_link = rest.empty() && (flags & O_NOFOLLOW) && !wants_folder;
        if (is_link && !keeps_link) {
            if (++links > max_links)
                return std::unexpected(Errno::Loop);
            const auto target = read_link(current(), name.c_str());
            if (!target)
                return std::unexpected(target.error());
            if (target->starts_with('/'))
                return std::unexpected(Errno::Permission);
            const std::deque<std::string> components = split(*target);
            rest.insert(rest.begin(), components.begin(), components.end());
            continue;
        }
        if (rest.empty())
            // What was a file a moment ago and is a link now is not followed.
            return opened(openat(current(), name.c_str(),
                flags | O_NOFOLLOW | O_CLOEXEC | (wants_folder ? O_DIRECTORY : 0), mode));
        auto next = opened(openat(current(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next)
            return next;
        folders.push_back(std::move(*next));
    }
    return opened(openat(current(), ".", (flags & ~(O_CREAT | O_EXCL)) | O_CLOEXEC, mode));
}

} // namespace

UniqueFd::~UniqueFd()
{
    if (fd_ >= 0)
        close(fd_);
}

OrErrno<UniqueFd> open_below(int folder, std::string_view path, int flags, unsigned mode, Resolver resolver)
{
    if (path.empty())
        return std::unexpected(Errno::NoEntry);
    if (path.contains('\0'))
        return std::unexpected(Errno::Invalid);
    if (path.starts_with('/'))
        return std::unexpected(Errno::Permission);
    if (resolver == Resolver::ByHand)
        return open_by_hand(folder, path, flags, mode);
    const bool makes = flags & O_CREAT;
    const open_how how { .flags = static_cast<uint64_t>(flags | O_CLOEXEC),
        .mode = makes ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    for (int tries = 0; tries < 16; ++tries) {
        const auto fd =
            static_cast<int>(syscall(SYS_openat2, folder, std::string(path).c_str(), &how, sizeof how));
        if (fd >= 0)
            return UniqueFd(fd);
        // The kernel asks to try again when something was renamed meanwhile.
        if (errno != EAGAIN)
            break;
    }
    if (errno == ENOSYS || errno == EPERM || errno == EAGAIN)
        return open_by_hand(folder, path, flags, mode);
    return std::unexpected(errno == EXDEV ? Errno::Permission : errno_of(errno));
}

OrErrno<Place> find_place(int folder, std::string_view path, Resolver resolver)
{
    if (path.empty())
        return std::unexpected(Errno::NoEntry);
    if (path.contains('\0'))
        return std::unexpected(Errno::Invalid);
    if (path.starts_with('/'))
        return std::unexpected(Errno::Permission);
    Place place;
    while (path.ends_with('/')) {
        place.must_be_folder = true;
        path.remove_suffix(1);
    }
    const size_t slash = path.rfind('/');
    place.name = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
    if (place.name == "." || place.name == "..")
        return std::unexpected(place.name == "." ? Errno::Invalid : Errno::Permission);
    const std::string_view parent =
        slash == std::string_view::npos ? std::string_view(".") : path.substr(0, slash + 1);
    auto opened = open_below(folder, parent, O_PATH | O_DIRECTORY, 0, resolver);
    if (!opened)
        return std::unexpected(opened.error());
    place.folder = std::move(*opened);
    return place;
}

Errno errno_of(int system_error)
{
    switch (system_error) {
    case 0: return Errno::Success;
    case E2BIG: return Errno::TooBig;
    case EACCES: return Errno::Access;
    case EAGAIN: return Errno::Again;
    case EBADF: return Errno::BadFd;
    case EBUSY: return Errno::Busy;
    case EEXIST: return Errno::Exist;
    case EFAULT: return Errno::Fault;
    case EFBIG: return Errno::FileTooBig;
    case EILSEQ: return Errno::IllegalBytes;
    case EINTR: return Errno::Interrupted;
    case EINVAL: return Errno::Invalid;
    case EISDIR: return Errno::IsDirectory;
    case ELOOP: return Errno::Loop;
    case EMFILE:
    case ENFILE: return Errno::TooManyFiles;
    case EMLINK: return Errno::TooManyLinks;
    case ENAMETOOLONG: return Errno::NameTooLong;
    case ENOENT: return Errno::NoEntry;
    case ENOMEM: return Errno::NoMemory;
    case ENOSPC: return Errno::NoSpace;
    case ENOSYS: return Errno::NotSupportedCall;
    case ENOTDIR: return Errno::NotDirectory;
    case ENOTEMPTY: return Errno::NotEmpty;
    case ENOTSOCK: return Errno::NotSocket;
    case EOPNOTSUPP: return Errno::NotSupported;
    case ENXIO: return Errno::NoDevice;
    case EOVERFLOW: return Errno::Overflow;
    case EPERM: return Errno::Permission;
    case EPIPE: return Errno::Pipe;
    case EROFS: return Errno::ReadOnly;
    case ESPIPE: return Errno::Seek;
    case ETXTBSY: return Errno::TextBusy;
    case EXDEV: return Errno::CrossDevice;
    default: return Errno::Io;
    }
}

} // namespace vitrine::core::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/sandbox.h"

#include <climits>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

namespace vitrine::core::host {

namespace {

/// openat2 may fail with EAGAIN while files are being renamed.
constexpr int max_attempts = 16;
/// The same limit as the kernel's.
constexpr int max_links = 40;

int open_beneath(int root, const char* path, int flags, mode_t mode)
{
    open_how how {};
    how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    int fd = -1;
    for (int attempt = 0; attempt < max_attempts && fd < 0; ++attempt) {
        fd = static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
        if (fd < 0 && errno != EAGAIN && errno != EINTR)
            break;
    }
    return fd;
}

/// The target of a link; none if the name is not a link.
std::optional<std::string> target_of(int folder, const char* name)
{
    char target[PATH_MAX];
    const ssize_t length = ::readlinkat(folder, name, target, sizeof target);
    return length < 0 ? std::nullopt : std::optional(std::string(target, static_cast<size_t>(length)));
}

/// Walks a path component by component. Keeps the entered directories open, so that `..` returns to
/// the previous one.
class Walk {
public:
    Walk(int root, std::string path) : root_(root), rest_(std::move(path)) {}

    Answer<HostFd> open(int flags, bool follow, mode_t mode)
    {
        for (;;) {
            const bool is_last = take_component();
            if (name_ == "." || name_ == "..") {
                if (name_ == "..")
                    CHECK(leave());
                if (is_last)
                    return open_here(".", flags, mode);
            } else if (!is_last || must_be_folder_) {
                CHECK(enter());
                if (is_last && rest_.empty())
                    return open_here(".", flags, mode);
            } else {
                auto opened = open_here(name_.c_str(), flags | O_NOFOLLOW, mode);
                if (!follow || !TRY(expand_link(opened)))
                    return opened;
            }
        }
    }

private:
    int here() const { return folders_.empty() ? root_ : folders_.back().get(); }

    /// Moves the next component from `rest_` to `name_`. Returns true if it was the last one.
    bool take_component()
    {
        const size_t end = rest_.find('/');
        const size_t next = end == std::string::npos ? end : rest_.find_first_not_of('/', end);
        name_ = rest_.substr(0, end);
        must_be_folder_ = end != std::string::npos;
        rest_ = next == std::string::npos ? "" : rest_.substr(next);
        return rest_.empty();
    }

    Answer<HostFd> open_here(const char* name, int flags, mode_t mode) const
    {
        HostFd fd(::openat(here(), name, flags | O_CLOEXEC, mode));
        if (!fd)
            return system_error();
        return fd;
    }

    Answer<void> leave()
    {
        if (folders_.empty())
            return refuse(EPERM);
        folders_.pop_back();
        return {};
    }

    /// Enters the directory `name_`. If `name_` is a link, puts its target in front of `rest_`
    /// instead.
    Answer<void> enter()
    {
        auto folder = open_here(name_.c_str(), O_PATH | O_NOFOLLOW | O_DIRECTORY, 0);
        if (folder)
            folders_.push_back(std::move(*folder));
        else if (!TRY(expand_link(folder)))
            return refuse(folder.error());
        return {};
    }

    /// If `name_` is a link, puts its target in front of `rest_` and returns true. `opened` is the
    /// result of opening `name_` without following links.
    Answer<bool> expand_link(const Answer<HostFd>& opened)
    {
        if (!opened && opened.error() != Errno(ELOOP) && opened.error() != Errno(ENOTDIR))
            return false;
        struct stat status;
        if (opened && (::fstat(opened->get(), &status) != 0 || !S_ISLNK(status.st_mode)))
            return false;
        const auto target = target_of(here(), name_.c_str());
        if (!target)
            return false;
        if (target->starts_with('/'))
            return refuse(EPERM);
        if (++links_ > max_links)
            return refuse(ELOOP);
        if (target->empty() || target->size() + rest_.size() >= PATH_MAX)
            return refuse(target->empty() ? ENOENT : ENAMETOOLONG);
        rest_ = *target + (must_be_folder_ ? "/" : "") + rest_;
        return true;
    }

    const int root_;
    std::string rest_;
    std::string name_;
    /// Whether a slash follows the name.
    bool must_be_folder_ = false;
    int links_ = 0;
    std::vector<HostFd> folders_;
};

} // namespace

Resolution detect_resolution()
{
    const HostFd fd(open_beneath(AT_FDCWD, ".", O_PATH, 0));
    return fd || (errno != ENOSYS && errno != EPERM) ? Resolution::Kernel : Resolution::Components;
}

Answer<HostFd> Sandbox::open(int root, const std::string& path, int flags, bool follow, mode_t mode) const
{
    if (path.empty())
        return refuse(ENOENT);
    if (path.starts_with('/'))
        return refuse(EPERM);
    if (resolution_ == Resolution::Components)
        return Walk(root, path).open(flags, follow, mode);
    HostFd fd(open_beneath(root, path.c_str(), flags | (follow ? 0 : O_NOFOLLOW), mode));
    if (!fd)
        return refuse(errno == EXDEV ? EPERM : errno);
    return fd;
}

Answer<Place> Sandbox::place_of(int root, const std::string& path) const
{
    if (path.empty())
        return refuse(ENOENT);
    if (path.starts_with('/'))
        return refuse(EPERM);
    const size_t end = path.find_last_not_of('/') + 1;
    const size_t slash = path.rfind('/', end - 1);
    const size_t begin = slash == std::string::npos ? 0 : slash + 1;
    // The kernel refuses `..` as a last component, but it must only be asked about what lies in the
    // sandbox.
    if (path.compare(begin, end - begin, "..") == 0)
        (void)TRY(open(root, path, O_PATH, true));
    if (begin == 0)
        return Place { {}, root, path };
    HostFd folder = TRY(open(root, path.substr(0, begin), O_PATH | O_DIRECTORY, true));
    const int fd = folder.get();
    return Place { std::move(folder), fd, path.substr(begin) };
}

} // namespace vitrine::core::host

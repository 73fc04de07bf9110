// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/world.h"

#include "base/text.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>

namespace vitrine::core::host {

namespace {

std::unexpected<Error> failure_of(const std::string& what, Errno why)
{
    return failure(what + ": " + std::strerror(static_cast<int>(why)));
}

/// A failure with the error of the last system call.
std::unexpected<Error> failure_of_system(const std::string& what) { return failure_of(what, Errno(errno)); }

/// Duplicates a descriptor of the host, so that closing ours does not close it. A closed descriptor
/// becomes an empty file.
HostFd duplicate(int fd)
{
    HostFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    return copy || errno != EBADF ? std::move(copy) : HostFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
}

/// A file with this content that cannot be changed.
HostFd file_of(std::string_view text)
{
    HostFd fd(::memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    while (fd && !text.empty()) {
        const ssize_t written = ::write(fd.get(), text.data(), text.size());
        if (written < 0)
            return {};
        text.remove_prefix(static_cast<size_t>(written));
    }
    if (::lseek(fd.get(), 0, SEEK_SET) != 0
        || ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0)
        return {};
    return fd;
}

Result<void> check_strings(const Config& config)
{
    uint64_t total = 0;
    for (const std::string& arg : config.args) {
        if (arg.contains('\0'))
            return failure("argument \"" + escaped(arg) + "\" contains a NUL");
        total += arg.size() + 1;
    }
    for (const auto& [name, value] : config.env) {
        const char* const fault = name.empty()            ? "has an empty name"
            : name.contains('=')                          ? "has a \"=\" in its name"
            : name.contains('\0') || value.contains('\0') ? "contains a NUL"
                                                          : nullptr;
        if (fault)
            return failure("environment variable \"" + escaped(name) + "\" " + fault);
        total += name.size() + value.size() + 2;
    }
    for (const Preopen& preopen : config.preopens)
        if (preopen.host_path.contains('\0') || preopen.guest_path.contains('\0'))
            return failure(
                "preopened directory \"" + escaped(preopen.host_path) + "\" has a NUL in its path");
    if (const auto* file = std::get_if<InputFile>(&config.in); file && file->path.contains('\0'))
        return failure("standard input \"" + escaped(file->path) + "\" has a NUL in its path");
    if (total > std::numeric_limits<uint32_t>::max())
        return failure("arguments and environment are too long for a guest");
    return {};
}

} // namespace

World::World(Config config, Resolution resolution, HostFd wake_fd)
    : config_(std::move(config)), sandbox_(resolution), wake_fd_(std::move(wake_fd))
{
    for (const auto& [name, value] : config_.env)
        environment_.push_back(name + "=" + value);
}

Result<std::unique_ptr<World>> World::create(Config config)
{
    CHECK(check_strings(config));
    const Resolution resolution = config.resolution ? *config.resolution : detect_resolution();
    HostFd wake_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_fd)
        return failure_of_system("eventfd");
    std::unique_ptr<World> world(new World(std::move(config), resolution, std::move(wake_fd)));
    CHECK(world->add_input());
    CHECK(world->add_output("standard output", world->config().out));
    CHECK(world->add_output("standard error", world->config().err));
    for (const Preopen& preopen : world->config().preopens)
        CHECK(world->add_folder(preopen));
    for (const int socket : world->config().sockets)
        CHECK(world->add_socket(socket));
    return world;
}

Result<void> World::add(std::string what, Answer<std::shared_ptr<File>> file)
{
    if (!file)
        return failure_of(what, file.error());
    files_.push_back({ std::move(what), *std::move(file) });
    return {};
}

Result<void> World::add_input()
{
    std::string what = "standard input";
    const auto open = [](HostFd fd, bool is_inherited) -> Answer<std::shared_ptr<File>> {
        if (!fd)
            return system_error();
        return File::open(std::move(fd), is_inherited);
    };
    if (const auto* text = std::get_if<std::string>(&config_.in))
        return add(what, open(file_of(*text), false));
    if (const auto* source = std::get_if<Source>(&config_.in))
        return add(what, File::open(*source));
    if (const auto* descriptor = std::get_if<int>(&config_.in))
        return add(what, open(duplicate(*descriptor), true));
    const std::string& path = std::get<InputFile>(config_.in).path;
    return add(what + " \"" + escaped(path) + "\"",
        open(HostFd(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC)), false));
}

Result<void> World::add_output(const char* what, const Output& output)
{
    if (!output.descriptor)
        return add(what, File::open(output.sink));
    HostFd fd = duplicate(*output.descriptor);
    if (!fd)
        return failure_of_system(what);
    return add(what,
        output.sink ? File::open(std::move(fd), output.sink, output.is_sink_alone)
                    : File::open(std::move(fd), true));
}

Result<void> World::add_folder(const Preopen& preopen)
{
    const std::string what = "preopened directory \"" + escaped(preopen.host_path) + "\"";
    HostFd fd(::open(preopen.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd)
        return failure_of_system(what);
    auto file = File::open(std::move(fd), false, preopen.access);
    if (file)
        (*file)->preopened_as = preopen.guest_path;
    return add(what, std::move(file));
}

Result<void> World::add_socket(int socket)
{
    const std::string what = "socket " + std::to_string(socket);
    HostFd fd(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    if (!fd)
        return failure_of_system(what);
    auto file = File::open(std::move(fd), true);
    if (file && !(*file)->is_socket())
        return failure(what + " is not a socket");
    // Programs query whether an inherited socket is nonblocking and rely on the answer.
    if (file)
        (*file)->set_nonblocking((::fcntl(socket, F_GETFL) & O_NONBLOCK) != 0);
    return add(what, std::move(file));
}

uint64_t World::time(Clock clock) const { return config_.clock ? config_.clock(clock) : time_of(clock); }

uint64_t World::deadline_at(Clock clock, uint64_t time) const
{
    const uint64_t present = this->time(clock);
    return deadline_after(time > present ? time - present : 0);
}

Answer<uint64_t> World::resolution(Clock clock) const
{
    const uint64_t own = TRY(resolution_of(clock));
    return config_.clock ? 1 : own;
}

Answer<size_t> World::random(std::span<std::byte> to) const
{
    if (config_.random) {
        config_.random(to);
        return to.size();
    }
    const ssize_t size = ::getrandom(to.data(), to.size(), 0);
    if (size < 0 && errno != EINTR)
        return system_error();
    return static_cast<size_t>(std::max<ssize_t>(size, 0));
}

void World::interrupt() noexcept
{
    const int saved = errno;
    ::eventfd_write(wake_fd_.get(), 1);
    errno = saved;
}

} // namespace vitrine::core::host

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview1.h"

#include "base/text.h"
#include "wasi/call.h"

#include <cstring>
#include <fcntl.h>
#include <limits>
#include <sys/eventfd.h>
#include <sys/mman.h>

namespace vitrine::core::wasi {

namespace {

std::unexpected<Error> host_failure(const std::string& what)
{
    return failure(what + ": " + std::strerror(errno));
}

/// Puts a file at the next number.
Result<void> add(Preview1& host, const std::string& what, Answer<std::shared_ptr<File>> file)
{
    if (!file)
        return host_failure(what);
    if (!host.files().add(std::move(*file)))
        return failure(what + ": the guest may not have so many open files");
    return {};
}

/// A stream of the host under a number of our own, so that closing ours leaves it alone. One that is closed is empty.
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

Result<void> add_streams(Preview1& host)
{
    const auto add_fd = [&](const char* name, HostFd fd, bool is_inherited) {
        return add(host, name, fd ? File::open(std::move(fd), is_inherited) : host_error());
    };
    const auto add_output = [&](const char* name, const Output& to) {
        if (!to.descriptor)
            return add(host, name, File::open(to.sink));
        HostFd fd = duplicate(*to.descriptor);
        if (!to.sink)
            return add_fd(name, std::move(fd), true);
        return add(host, name, fd ? File::open(std::move(fd), to.sink, to.is_sink_alone) : host_error());
    };
    const Config& config = host.config();
    if (const auto* text = std::get_if<std::string>(&config.in))
        CHECK(add_fd("standard input", file_of(*text), false));
    else if (const auto* file = std::get_if<InputFile>(&config.in))
        CHECK(add_fd(("standard input \"" + escaped(file->path) + "\"").c_str(),
            HostFd(::open(file->path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC)), false));
    else if (const auto* source = std::get_if<Source>(&config.in))
        CHECK(add(host, "standard input", File::open(*source)));
    else
        CHECK(add_fd("standard input", duplicate(std::get<int>(config.in)), true));
    CHECK(add_output("standard output", config.out));
    return add_output("standard error", config.err);
}

Result<void> add_folder(Preview1& host, const Preopen& preopen)
{
    const std::string what = "preopened folder \"" + escaped(preopen.host_path) + "\"";
    HostFd fd(::open(preopen.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd)
        return host_failure(what);
    auto file = File::open(std::move(fd), false, preopen.access);
    if (file)
        (*file)->preopened_as = preopen.guest_path;
    return add(host, what, std::move(file));
}

Result<void> add_socket(Preview1& host, int socket)
{
    const std::string what = "socket " + std::to_string(socket);
    HostFd fd(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    if (!fd)
        return host_failure(what);
    auto file = File::open(std::move(fd), true);
    if (file && !(*file)->is_socket())
        return failure(what + " is no socket");
    // Programs ask a socket that they were started with whether it waits, and rely on the answer.
    if (file)
        (*file)->set_nonblocking((::fcntl(socket, F_GETFL) & O_NONBLOCK) != 0);
    return add(host, what, std::move(file));
}

Result<void> check_strings(const Config& config)
{
    uint64_t total = 0;
    for (const std::string& arg : config.args) {
        if (arg.contains('\0'))
            return failure("argument \"" + escaped(arg) + "\" has a NUL in it");
        total += arg.size() + 1;
    }
    for (const auto& [name, value] : config.env) {
        if (name.empty() || name.contains('=') || name.contains('\0') || value.contains('\0'))
            return failure(
                "environment variable \"" + escaped(name) + "\" has an empty name, a \"=\" in it, or a NUL");
        total += name.size() + value.size() + 2;
    }
    for (const Preopen& preopen : config.preopens)
        if (preopen.host_path.contains('\0') || preopen.guest_path.contains('\0'))
            return failure("preopened folder \"" + escaped(preopen.host_path) + "\" has a NUL in its name");
    if (const auto* file = std::get_if<InputFile>(&config.in); file && file->path.contains('\0'))
        return failure("standard input \"" + escaped(file->path) + "\" has a NUL in its name");
    if (total > std::numeric_limits<uint32_t>::max())
        return failure("arguments and environment are too long for a guest");
    return {};
}

} // namespace

Preview1::Preview1(Config config, Resolution resolution, HostFd wake_fd)
    : config_(std::move(config)),
      sandbox_(resolution),
      files_(config_.max_files),
      wake_fd_(std::move(wake_fd))
{
    for (const auto& [name, value] : config_.env)
        environment_.push_back(name + "=" + value);
}

void Preview1::interrupt() noexcept
{
    const int saved = errno;
    ::eventfd_write(wake_fd_.get(), 1);
    errno = saved;
}

Result<std::shared_ptr<Preview1>> Preview1::create(Config config)
{
    CHECK(check_strings(config));
    const Resolution resolution = config.resolution ? *config.resolution : detect_resolution();
    HostFd wake_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_fd)
        return host_failure("eventfd");
    auto host = std::make_shared<Preview1>(std::move(config), resolution, std::move(wake_fd));
    CHECK(add_streams(*host));
    for (const Preopen& preopen : host->config().preopens)
        CHECK(add_folder(*host, preopen));
    for (const int socket : host->config().sockets)
        CHECK(add_socket(*host, socket));
    return host;
}

namespace {

template<class T> constexpr char letter = 'i';
template<> constexpr char letter<Fd> = 'f';
template<> constexpr char letter<Pointer> = 'p';
template<> constexpr char letter<Long> = 'l';
template<class... Params> constexpr char letters[] = { letter<Params>..., '\0' };

Memory* memory_of(const Instance* caller)
{
    if (!caller)
        return nullptr;
    const auto exported = caller->find_export("memory");
    Memory* const* memory = exported ? std::get_if<Memory*>(&*exported) : nullptr;
    return memory ? *memory : nullptr;
}

/// Defines one function in one snapshot: its parameters and how they are taken from the slots follow from its C++ type.
template<class... Params>
Result<void> define(Linker& linker, const std::shared_ptr<Preview1>& host, const Snapshot& snapshot,
    std::string_view name, Answer<void> (*function)(Call&, Params...), bool returns)
{
    constexpr bool needs_memory = (std::is_same_v<Params, Pointer> || ...);
    const std::string module(snapshot.module);
    auto callback = [=, &snapshot](HostCall& host_call) -> HostOutcome {
        Memory* const memory = needs_memory ? memory_of(host_call.caller) : nullptr;
        if (needs_memory && !memory)
            return Trap { .kind = TrapKind::HostError,
                .message = module + "." + std::string(name)
                    + ": the calling module exports no memory named \"memory\"" };
        Call call(*host, host_call.store, snapshot, memory);
        const auto answer = [&]<size_t... I>(std::index_sequence<I...>) {
            return function(call, static_cast<Params>(host_call.slots[I])...);
        }(std::index_sequence_for<Params...>());
        if (call.trap)
            return std::move(*call.trap);
        host_call.slots[0] = static_cast<Slot>(answer ? Errno::Success : answer.error());
        return Returned {};
    };
    FuncType type { { (sizeof(Params) == 8 ? ValueType::i64 : ValueType::i32)... }, {} };
    if (returns)
        type.results.push_back(ValueType::i32);
    return linker.define(module, std::string(name),
        std::make_shared<const HostFunction>(
            HostFunction { module, std::string(name), std::move(type), std::move(callback) }));
}

template<class... Params>
constexpr FunctionRow row_of(std::string_view name, Answer<void> (*)(Call&, Params...), bool is_in_preview0)
{
    return { name, letters<Params...>, is_in_preview0 };
}

} // namespace

Result<void> define(Linker& linker, const std::shared_ptr<Preview1>& host)
{
#define DEFINE(snapshot, name, returns) CHECK(define(linker, host, snapshot, #name, &wasi::name, returns))
#define FUNCTION(name, ...)       \
    DEFINE(preview1, name, true); \
    DEFINE(preview0, name, true);
#define ADDED(name, ...) DEFINE(preview1, name, true);
#define ENDING(name, ...)          \
    DEFINE(preview1, name, false); \
    DEFINE(preview0, name, false);
#include "wasi/preview1.inc"
#undef DEFINE
    return {};
}

std::span<const FunctionRow> function_table()
{
    static constexpr FunctionRow rows[] = {
#define FUNCTION(name, ...) row_of(#name, &wasi::name, true),
#define ADDED(name, ...) row_of(#name, &wasi::name, false),
#include "wasi/preview1.inc"
    };
    return rows;
}

} // namespace vitrine::core::wasi

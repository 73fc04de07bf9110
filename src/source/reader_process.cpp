// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/reader_process.h"

#include "source/codec.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vitrine::core::source {

namespace {

using std::chrono::steady_clock;
using Deadline = std::optional<steady_clock::time_point>;

constexpr size_t progress_bytes = 4096;
constexpr uint32_t no_unit = UINT32_MAX;

std::unexpected<Error> system_failure(std::string_view what, int error = errno)
{
    return failure(std::string(what) + ": " + std::strerror(error));
}

/// A file descriptor that is closed at the end.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor()
    {
        if (number_ >= 0)
            close(number_);
    }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept
    {
        std::swap(number_, other.number_);
        return *this;
    }

    int operator*() const { return number_; }
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

/// The descriptor under a number that the reader's own do not have.
Result<Descriptor> moved_up(int number)
{
    constexpr int above = 16;
    Descriptor descriptor(number);
    if (number < 0)
        return system_failure("no file for the reader");
    Descriptor moved(fcntl(number, F_DUPFD_CLOEXEC, above));
    if (*moved < 0)
        return system_failure("no file for the reader");
    return moved;
}

/// An anonymous file of this size.
Result<Descriptor> make_file(const char* name, size_t size)
{
    Descriptor file = TRY(moved_up(memfd_create(name, MFD_CLOEXEC)));
    if (ftruncate(*file, static_cast<off_t>(size)) != 0)
        return system_failure("no memory for the reader");
    return file;
}

Result<void> write_at(int file, Bytes bytes, size_t offset)
{
    while (!bytes.empty()) {
        const ssize_t written = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written <= 0)
            return system_failure("no memory for the reader");
        bytes = bytes.subspan(static_cast<size_t>(written));
        offset += static_cast<size_t>(written);
    }
    return {};
}

/// Calls `visit(id, content, offset of the content)` for each section.
template<class Visit> Result<void> for_sections(Bytes module, const Visit& visit)
{
    constexpr size_t header_bytes = 8;
    ByteReader in(module);
    CHECK(in.bytes(header_bytes));
    while (!in.at_end()) {
        const uint8_t id = TRY(in.byte());
        const Bytes content = TRY(in.bytes(TRY(in.length())));
        visit(id, content);
    }
    return {};
}

bool has_dwarf(Bytes module)
{
    bool found = false;
    (void)for_sections(module, [&](uint8_t id, Bytes content) {
        ByteReader in(content);
        const auto name = id == 0 ? in.name() : Result<std::string_view>();
        found = found || (name && name->starts_with(".debug_"));
    });
    return found;
}

/// Copies a module into an anonymous file. The code and data of a module that has DWARF may be
/// large, and the reader does not need them: holes are in their place.
Result<Descriptor> file_of(Bytes module)
{
    Descriptor file = TRY(make_file("vitrine-module", module.size()));
    const bool is_partial = has_dwarf(module);
    std::vector<std::pair<size_t, size_t>> holes;
    (void)for_sections(module, [&](uint8_t id, Bytes content) {
        const auto at = static_cast<size_t>(content.data() - module.data());
        if (is_partial && id != 0)
            holes.emplace_back(at, content.size());
    });
    size_t at = 0;
    for (const auto& [hole, size] : holes) {
        CHECK(write_at(*file, module.subspan(at, hole - at), at));
        at = hole + size;
    }
    CHECK(write_at(*file, module.subspan(at), at));
    return file;
}

/// Waits until the socket is ready for `events`. Fails when the time is over.
Result<void> wait_for(int socket, short events, Deadline until)
{
    for (;;) {
        int timeout = -1;
        if (until) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(*until - steady_clock::now()).count();
            if (left <= 0)
                return failure("it took too long");
            timeout = static_cast<int>(std::min<int64_t>(left, INT32_MAX));
        }
        pollfd polled { socket, events, 0 };
        const int ready = poll(&polled, 1, timeout);
        if (ready > 0)
            return {};
        if (ready < 0 && errno != EINTR)
            return system_failure("poll");
    }
}

Result<void> send_all(int socket, Bytes bytes, Deadline until)
{
    while (!bytes.empty()) {
        CHECK(wait_for(socket, POLLOUT, until));
        const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0)
            bytes = bytes.subspan(static_cast<size_t>(sent));
        else if (errno != EAGAIN && errno != EINTR)
            return system_failure("send");
    }
    return {};
}

Result<void> receive_all(int socket, std::span<uint8_t> to, Deadline until)
{
    while (!to.empty()) {
        CHECK(wait_for(socket, POLLIN, until));
        const ssize_t got = recv(socket, to.data(), to.size(), MSG_DONTWAIT);
        if (got > 0)
            to = to.subspan(static_cast<size_t>(got));
        else if (got == 0)
            return failure("the end of the stream");
        else if (errno != EAGAIN && errno != EINTR)
            return system_failure("receive");
    }
    return {};
}

/// What the process finds at its start.
class SpawnSetup {
public:
    SpawnSetup()
    {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        // A group of its own: Ctrl-C in the terminal is not for it.
        (void)posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        sigset_t signals;
        sigemptyset(&signals);
        (void)posix_spawnattr_setsigmask(&attributes_, &signals);
        sigfillset(&signals);
        (void)posix_spawnattr_setsigdefault(&attributes_, &signals);
        for (const int standard : { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO })
            (void)posix_spawn_file_actions_addopen(&actions_, standard, "/dev/null", O_RDWR, 0);
    }
    ~SpawnSetup()
    {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;

    void give(int descriptor, int as) { (void)posix_spawn_file_actions_adddup2(&actions_, descriptor, as); }

    /// Starts the program; it gets no other descriptors than those given to it, up to `last`.
    Result<pid_t> spawn(std::vector<std::string> command, int last)
    {
        (void)posix_spawn_file_actions_addclosefrom_np(&actions_, last + 1);
        std::vector<char*> arguments;
        for (std::string& each : command)
            arguments.push_back(each.data());
        arguments.push_back(nullptr);
        std::string path = "PATH=/usr/bin:/bin", language = "LC_ALL=C";
        char* environment[] { path.data(), language.data(), nullptr };
        pid_t id = 0;
        if (const int error = posix_spawn(
                &id, command.front().c_str(), &actions_, &attributes_, arguments.data(), environment))
            return system_failure("cannot start " + command.front(), error);
        return id;
    }

private:
    posix_spawn_file_actions_t actions_ {};
    posix_spawnattr_t attributes_ {};
};

} // namespace

Result<std::unique_ptr<ReaderProcess>> ReaderProcess::start(
    const ReaderFiles& files, const std::vector<uint32_t>& without)
{
    std::unique_ptr<ReaderProcess> process(new ReaderProcess);
    const Descriptor module = TRY(file_of(files.module));
    const Descriptor progress = TRY(make_file("vitrine-progress", progress_bytes));
    void* shared = mmap(nullptr, progress_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *progress, 0);
    if (shared == MAP_FAILED)
        return system_failure("no memory for the reader");
    process->progress_ = new (shared) std::atomic<uint32_t>(no_unit);

    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return system_failure("no socket for the reader");
    process->socket_ = ends[0];
    const Descriptor theirs = TRY(moved_up(ends[1]));

    SpawnSetup setup;
    setup.give(*theirs, reader_descriptor::socket);
    setup.give(*module, reader_descriptor::module);
    setup.give(*progress, reader_descriptor::progress);
    int last = reader_descriptor::progress;
    std::vector<std::string> command = files.command;
    Descriptor debug_file;
    if (!files.debug_file.empty()) {
        debug_file = TRY(file_of(files.debug_file));
        setup.give(*debug_file, reader_descriptor::debug_file);
        last = reader_descriptor::debug_file;
        command.emplace_back("--debug-file");
    }
    Descriptor package;
    if (!files.package.empty()) {
        package = TRY(file_of(files.package));
        // Descriptors up to the last one are the reader's, also if it does not use them all.
        if (files.debug_file.empty())
            setup.give(*package, reader_descriptor::debug_file);
        setup.give(*package, reader_descriptor::package);
        last = reader_descriptor::package;
        command.emplace_back("--package");
    }
    process->find_split_ = files.find_split;
    for (const uint32_t unit : without)
        command.push_back("--without=" + std::to_string(unit));
    process->id_ = TRY(setup.spawn(std::move(command), last));
    return process;
}

ReaderProcess::~ReaderProcess()
{
    (void)end();
    if (socket_ >= 0)
        close(socket_);
    if (progress_)
        munmap(progress_, progress_bytes);
}

std::optional<uint32_t> ReaderProcess::unit() const
{
    const uint32_t unit = *progress_;
    return unit == no_unit ? std::nullopt : std::optional(unit);
}

Result<std::vector<uint8_t>> ReaderProcess::ask(Bytes question, std::chrono::milliseconds limit)
{
    const auto until = steady_clock::now() + limit;
    CHECK(send_message(socket_, question, until));
    for (;;) {
        auto message = TRY(receive_message(socket_, max_message_bytes + 1, until));
        if (message.empty() || message.front() > static_cast<uint8_t>(FromReader::FindSplit))
            return failure("a message that is none");
        const auto kind = static_cast<FromReader>(message.front());
        message.erase(message.begin());
        if (kind == FromReader::Answer)
            return message;
        CHECK(send_split(message, until));
    }
}

/// Sends the file that the reader asks for.
Result<void> ReaderProcess::send_split(Bytes request, steady_clock::time_point until)
{
    const std::string_view text = text_of(request);
    const size_t name = text.find('\0'), directory = text.find('\0', name + 1);
    if (name == text.npos || directory != text.size() - 1)
        return failure("a malformed request for a file");
    std::optional<std::vector<uint8_t>> file;
    if (find_split_)
        file = find_split_(
            std::string(text.substr(0, name)), std::string(text.substr(name + 1, directory - name - 1)));
    if (!file || file->size() > max_split_bytes)
        return send_message(socket_, {}, until);
    return send_message(socket_, *file, until);
}

std::string ReaderProcess::end()
{
    const pid_t id = std::exchange(id_, 0);
    if (id == 0)
        return "";
    // A process that has just crashed needs a moment until its status is there.
    constexpr int moment = 100;
    pollfd closed { socket_, 0, 0 };
    const bool has_ended = poll(&closed, 1, 0) > 0 && (closed.revents & POLLHUP) != 0;
    int status = 0;
    pid_t waited = 0;
    for (int i = 0; has_ended && i < moment && waited == 0; ++i) {
        waited = waitpid(id, &status, WNOHANG);
        if (waited == 0)
            usleep(1000);
    }
    if (waited == id)
        return WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                   : "status " + std::to_string(WEXITSTATUS(status));
    kill(id, SIGKILL);
    while (waitpid(id, nullptr, 0) < 0 && errno == EINTR) {}
    return "";
}

Result<void> send_message(int socket, Bytes message, Deadline until)
{
    const auto size = static_cast<uint32_t>(message.size());
    uint8_t header[sizeof size];
    std::memcpy(header, &size, sizeof size);
    CHECK(send_all(socket, header, until));
    return send_all(socket, message, until);
}

Result<std::vector<uint8_t>> receive_message(int socket, size_t max_bytes, Deadline until)
{
    uint8_t header[sizeof(uint32_t)];
    CHECK(receive_all(socket, header, until));
    const auto size = load<uint32_t>(header);
    if (size > max_bytes)
        return failure("a message that is too long");
    std::vector<uint8_t> message(size);
    CHECK(receive_all(socket, message, until));
    return message;
}

} // namespace vitrine::core::source

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "net/guests.h"

#include "base/number.h"
#include "base/text.h"
#include "net/connect.h"
#include "json/node.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vitrine::core::net {

namespace {

/// An entry is a line; this is for arguments without end.
constexpr size_t max_size = size_t { 1 } << 20;

struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

bool is_private_folder(const struct stat& status)
{
    return S_ISDIR(status.st_mode) && status.st_uid == ::geteuid()
        && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/// Creates a folder that only the user can use, or finds it.
Result<void> make_private(const std::string& path)
{
    if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST)
        return failure(path + ": " + std::strerror(errno));
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0)
        return failure(path + ": " + std::strerror(errno));
    if (!is_private_folder(status))
        return failure(path + " is not a folder that only its owner, this user, can use");
    return {};
}

std::string folder_path()
{
    const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
    struct stat status {};
    if (runtime && *runtime == '/' && ::stat(runtime, &status) == 0 && S_ISDIR(status.st_mode)
        && status.st_uid == ::geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return std::string(runtime) + "/vitrine";
    return "/tmp/vitrine-" + std::to_string(::geteuid());
}

/// At most `max_size` bytes of a file. Never waits: not for the other end of a FIFO either.
Result<std::string> read_file(int folder, const char* name)
{
    const Descriptor file(::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (!file || ::fstat(file.number(), &status) != 0)
        return failure(errno == ELOOP ? "is a symbolic link" : std::strerror(errno));
    if (!S_ISREG(status.st_mode))
        return failure("is not a regular file");
    if (status.st_uid != ::geteuid())
        return failure("belongs to somebody else");
    if (static_cast<size_t>(status.st_size) > max_size)
        return failure("is too large");
    std::string text(static_cast<size_t>(status.st_size), '\0');
    size_t size = 0;
    while (size < text.size()) {
        const ssize_t count = ::read(file.number(), text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        size += static_cast<size_t>(count);
    }
    text.resize(size);
    return text;
}

std::string text_of(const RunningGuest& guest)
{
    json::Array arguments;
    for (const std::string& argument : guest.arguments)
        arguments.push_back(json::to_string(argument));
    json::Object doors;
    if (!guest.editors.empty())
        doors["dap"] = json::to_string(guest.editors);
    if (!guest.lldb.empty())
        doors["lldb"] = json::to_string(guest.lldb);
    return json::to_line(json::Object { { "pid", guest.process },
               { "startTime", std::to_string(guest.start_time) }, { "module", json::to_string(guest.module) },
               { "arguments", std::move(arguments) }, { "doors", std::move(doors) } })
        + "\n";
}

std::string plain(const json::Node& node) { return json::plain_text(node.value()); }

Result<RunningGuest> parse_guest(std::string_view text)
{
    const json::Value document = TRY(json::parse(text));
    const json::Node root(document);
    RunningGuest guest { .process = static_cast<pid_t>(TRY(TRY(root.field("pid")).number())),
        .start_time = 0,
        .module = {},
        .arguments = {} };
    const json::Node start_time = TRY(root.field("startTime"));
    const auto number = parse_unsigned(TRY(start_time.text()));
    if (!number)
        return start_time.wrong("expected a number");
    guest.start_time = *number;
    const json::Node module = TRY(root.field("module"));
    CHECK(module.text());
    guest.module = plain(module);
    for (const json::Node& argument : TRY(TRY(root.field("arguments")).items())) {
        CHECK(argument.text());
        guest.arguments.push_back(plain(argument));
    }
    const json::Node doors = TRY(root.field("doors"));
    guest.editors = TRY(doors.optional_text("dap")).value_or("");
    guest.lldb = TRY(doors.optional_text("lldb")).value_or("");
    return guest;
}

/// A file by its name, such as `4242.json`, `4242.sock`, `4242.terminal-1`.
struct FileName {
    pid_t process;
    std::string_view ending;
};

std::optional<FileName> parse_name(std::string_view name)
{
    const size_t dot = std::min(name.find('.'), name.size());
    const std::string_view stem = name.substr(0, dot);
    const auto number = parse_unsigned(stem);
    if (!number || *number == 0 || *number > INT32_MAX || std::to_string(*number) != stem)
        return std::nullopt;
    return FileName { static_cast<pid_t>(*number), name.substr(dot) };
}

/// Removes a file of the user's.
void sweep(int folder, const char* name)
{
    struct stat status {};
    if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_uid == ::geteuid()
        && (S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode)))
        ::unlinkat(folder, name, 0);
}

void take_entry(int folder, const char* name, pid_t process, GuestList& list)
{
    const uint64_t start_time = start_time_of(process);
    const auto text = read_file(folder, name);
    auto guest = text ? parse_guest(*text) : std::unexpected(text.error());
    if (guest && guest->process != process)
        guest = failure("is about another process");
    if (guest && guest->start_time == start_time)
        return list.guests.push_back(*std::move(guest));
    // The guest's process is dead, even if another one has its id now.
    if (guest || (text && start_time == 0))
        return sweep(folder, name);
    list.problems.push_back(std::string(name) + ": " + guest.error().message);
}

} // namespace

Result<std::string> folder_of_guests()
{
    std::string path = folder_path();
    CHECK(make_private(path));
    return path;
}

uint64_t start_time_of(pid_t process)
{
    const std::string path = "/proc/" + std::to_string(process) + "/stat";
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> bytes {};
    const ssize_t size = file ? ::read(file.number(), bytes.data(), bytes.size()) : -1;
    if (size <= 0)
        return 0;
    // `PID (NAME) STATE ...`: the name may have any characters. The time is the 22nd field.
    std::string_view text(bytes.data(), static_cast<size_t>(size));
    const size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos || name_end + 2 >= text.size())
        return 0;
    text.remove_prefix(name_end + 2);
    // A process that has ended, but that its parent has not waited for.
    if (text.front() == 'Z' || text.front() == 'X')
        return 0;
    for (int field = 3; field < 22; ++field) {
        const size_t blank = text.find(' ');
        if (blank == std::string_view::npos)
            return 0;
        text.remove_prefix(blank + 1);
    }
    return parse_unsigned(text.substr(0, text.find(' '))).value_or(0);
}

Result<RegisteredGuest> RegisteredGuest::create(RunningGuest guest)
{
    guest.process = ::getpid();
    guest.start_time = start_time_of(guest.process);
    const std::string stem = TRY(folder_of_guests()) + "/" + std::to_string(guest.process);
    // Readers see the whole file or none.
    const std::string draft = stem + ".new";
    ::unlink(draft.c_str());
    const Descriptor file(
        ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file)
        return failure(draft + ": " + std::strerror(errno));
    const std::string text = text_of(guest);
    if (text.size() > max_size)
        return ::unlink(draft.c_str()), failure("its arguments are too long");
    RegisteredGuest registered;
    const bool is_written =
        ::write(file.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!is_written || ::rename(draft.c_str(), (stem + ".json").c_str()) != 0) {
        const std::string why = std::strerror(errno);
        ::unlink(draft.c_str());
        return failure(stem + ".json: " + why);
    }
    registered.path_ = stem + ".json";
    return registered;
}

RegisteredGuest::~RegisteredGuest()
{
    if (!path_.empty())
        ::unlink(path_.c_str());
}

Result<GuestList> list_guests()
{
    GuestList list;
    const std::string path = folder_path();
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 && errno == ENOENT)
        return list;
    struct stat status {};
    const std::unique_ptr<DIR, CloseFolder> entries(folder < 0 ? nullptr : ::fdopendir(folder));
    if (!entries || ::fstat(folder, &status) != 0)
        return failure(path + ": " + std::strerror(errno));
    if (!is_private_folder(status))
        return failure(path + " is not a folder that only its owner, this user, can use");
    while (const dirent* entry = ::readdir(entries.get())) {
        const auto file = parse_name(entry->d_name);
        if (!file)
            continue;
        if (file->ending == ".json")
            take_entry(folder, entry->d_name, file->process, list);
        else if ((file->ending == ".sock" || file->ending == ".new" || file->ending.starts_with(".terminal-"))
            && start_time_of(file->process) == 0)
            sweep(folder, entry->d_name);
    }
    std::ranges::sort(list.guests, {}, &RunningGuest::process);
    std::ranges::sort(list.problems);
    return list;
}

std::vector<RunningGuest> guests_named(const std::vector<RunningGuest>& guests, std::string_view text)
{
    std::vector<RunningGuest> found;
    std::error_code unknown;
    const std::string path = text.contains('/') ? std::filesystem::canonical(text, unknown).string() : "";
    for (const RunningGuest& guest : guests) {
        const std::filesystem::path module = guest.module;
        if (text == std::to_string(guest.process) || text == module.filename() || text == module.stem()
            || text == guest.module || (!path.empty() && path == guest.module))
            found.push_back(guest);
    }
    return found;
}

} // namespace vitrine::core::net

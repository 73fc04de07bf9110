// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/lldb.h"

#include "cli/lldb_script.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vitrine::cli {

namespace {

constexpr auto start_file = "vitrine.lldb";

/// The first LLDB in PATH.
std::optional<std::string> find_lldb()
{
    const char* path = std::getenv("PATH");
    std::string folders = path ? path : "/usr/bin:/bin";
    for (const std::string_view name : { "lldb-23", "lldb-22", "lldb" })
        for (size_t at = 0; at <= folders.size();) {
            const size_t end = std::min(folders.find(':', at), folders.size());
            const std::string candidate = folders.substr(at, end - at) + "/" + std::string(name);
            if (access(candidate.c_str(), X_OK) == 0)
                return candidate;
            at = end + 1;
        }
    return std::nullopt;
}

/// Quotes a word for a shell.
std::string shell_word(const std::string& text)
{
    std::string word = "'";
    for (const char byte : text)
        word += byte == '\'' ? "'\\''" : std::string(1, byte);
    return word + "'";
}

} // namespace

std::string lldb_command(const std::vector<std::string>& commands)
{
    std::string line = "lldb-22";
    for (const std::string& command : commands)
        line += " -o " + shell_word(command);
    return line;
}

namespace {

/// Starts a program with default signal handling.
Result<pid_t> spawn(const std::string& program, std::vector<std::string> arguments)
{
    std::vector<char*> argv;
    for (std::string& argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    pid_t process = 0;
    const int error = posix_spawn(&process, program.c_str(), nullptr, &attributes, argv.data(), environ);
    posix_spawnattr_destroy(&attributes);
    if (error != 0)
        return Error("--lldb: cannot start " + program + ": " + std::strerror(error));
    return process;
}

/// Whether this LLDB evaluates expressions without `target.language`, as LLDB 23 does. There the
/// setting only hides names.
bool knows_languages(const std::string& program)
{
    constexpr int first_version = 23;
    int version = 0;
    if (FILE* const output = popen((shell_word(program) + " --version").c_str(), "r")) {
        if (std::fscanf(output, "lldb version %d", &version) != 1)
            version = 0;
        pclose(output);
    }
    return version >= first_version;
}

void wait_for(pid_t process)
{
    while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) {}
}

} // namespace

Lldb::Files::Files(bool is_rust)
{
    std::error_code error;
    std::string name = (std::filesystem::temp_directory_path(error) / "vitrine-lldb-XXXXXX").string();
    if (error || !mkdtemp(name.data()))
        return;
    folder_ = name;
    const std::filesystem::path script = folder_ / "vitrine.py";
    std::ofstream(script) << lldb_script(is_rust);
    std::ofstream(folder_ / start_file) << lldb_start_file(script.string());
}

Lldb::Files::~Files()
{
    std::error_code ignored;
    if (!folder_.empty())
        std::filesystem::remove_all(folder_, ignored);
}

std::string Lldb::Files::command() const
{
    // Without Python, LLDB goes on after the error.
    return "command source -e false -s true \"" + (folder_ / start_file).string() + "\"";
}

Result<std::unique_ptr<Lldb>> Lldb::start(
    const std::vector<std::string>& commands, debug::Session& session, bool is_rust)
{
    const auto program = find_lldb();
    if (!program)
        return Error("--lldb: there is no lldb-23, lldb-22 or lldb in PATH (Debian's package is lldb-22)");
    std::vector<std::string> arguments { *program };
    const bool sets_language = !knows_languages(*program);
    auto files = std::make_unique<Files>(is_rust);
    std::vector<std::string> all = commands;
    if (files->exist())
        all.insert(all.end() - 1, files->command());
    for (const std::string& command : all)
        if (sets_language || !command.starts_with("settings set target.language "))
            arguments.insert(arguments.end(), { "-o", command });
    std::signal(SIGINT, SIG_IGN);
    auto process = spawn(*program, std::move(arguments));
    if (!process)
        return process.error();
    return std::unique_ptr<Lldb>(new Lldb(*process, session, std::move(files)));
}

Lldb::Lldb(pid_t process, debug::Session& session, std::unique_ptr<Files> files) : files_(std::move(files))
{
    thread_ = std::thread([this, process, &session] {
        wait_for(process);
        // If LLDB has detached from the guest, the guest keeps running.
        std::signal(SIGINT, SIG_DFL);
        for (; !guest_is_over_; std::this_thread::sleep_for(std::chrono::milliseconds(20)))
            if (session.stopped())
                session.kill();
    });
}

Lldb::~Lldb()
{
    guest_is_over_ = true;
    thread_.join();
}

} // namespace vitrine::cli

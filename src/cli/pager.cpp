// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/pager.h"

#include "cli/message.h"
#include "host/quiet_signals.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace vitrine::cli {

namespace {

/// As much of an answer is kept for the case that the pager is no program.
constexpr size_t max_kept = 1 << 20;

winsize screen()
{
    winsize size {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        size = {};
    return size;
}

/// How many rows of the screen a line takes: its characters, without the escapes that colour it.
uint64_t rows_of(std::string_view line, uint64_t columns)
{
    uint64_t characters = 0;
    bool is_escape = false;
    for (const char letter : line) {
        if (letter == '\x1b')
            is_escape = true;
        if (!is_escape && (static_cast<uint8_t>(letter) & 0xc0) != 0x80)
            ++characters;
        if (letter == 'm')
            is_escape = false;
    }
    return columns == 0 || characters == 0 ? 1 : (characters + columns - 1) / columns;
}

std::string pager_command()
{
    const char* const wanted = std::getenv("PAGER");
    return wanted && *wanted ? wanted : "";
}

/// Starts a pager that reads from the descriptor. Returns an errno.
int spawn(const std::string& command, int input, pid_t& process)
{
    // The thread blocks SIGINT, which the pager must not inherit.
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int each : { SIGINT, SIGQUIT, SIGPIPE })
        sigaddset(&usual, each);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    std::vector<char*> environment;
    for (char** each = environ; *each; ++each)
        environment.push_back(*each);
    // For `PAGER=less`: keep the colours, and leave the answer on the screen.
    std::string less = "LESS=FRX";
    if (!std::getenv("LESS"))
        environment.push_back(less.data());
    environment.push_back(nullptr);
    const bool is_default = command.empty();
    std::string name = is_default ? "less" : "/bin/sh", flag = is_default ? "-FRX" : "-c", text = command;
    char* arguments[] = { name.data(), flag.data(), is_default ? nullptr : text.data(), nullptr };
    const int error =
        ::posix_spawnp(&process, name.c_str(), &actions, &attributes, arguments, environment.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

} // namespace

uint64_t Pager::screen_lines()
{
    const char* const kind = std::getenv("TERM");
    const bool is_dumb = !kind || std::string_view(kind) == "dumb";
    return isatty(STDOUT_FILENO) && !is_dumb ? screen().ws_row : 0;
}

void Pager::begin(uint64_t lines)
{
    end();
    if (has_failed_ || lines == 0)
        return;
    state_ = State::Collecting;
    // The prompt takes a line too.
    max_rows_ = lines - 1;
    columns_ = screen().ws_col;
}

void Pager::write(std::string_view line)
{
    if (state_ == State::Direct) {
        cli::write(std::string(line) + "\n");
        std::fflush(stdout);
        return;
    }
    const std::string text = std::string(line) + "\n";
    if (text_.size() < max_kept)
        text_ += text;
    if (state_ == State::Piping) {
        pass(text);
        return;
    }
    rows_ += rows_of(line, columns_);
    if (rows_ <= max_rows_)
        return;
    if (start())
        pass(text_);
    else
        end();
}

/// Whether the pager runs.
bool Pager::start()
{
    int ends[2];
    int error = ::pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
    const std::string command = pager_command();
    if (error == 0) {
        error = spawn(command, ends[0], process_);
        ::close(ends[0]);
        if (error != 0)
            ::close(ends[1]);
    }
    if (error != 0) {
        has_failed_ = true;
        print_note("the pager " + (command.empty() ? "less" : command)
            + " cannot be started: " + std::strerror(error));
        return false;
    }
    pipe_ = ends[1];
    state_ = State::Piping;
    return true;
}

/// Gives text to the pager, unless the user has left it.
void Pager::pass(std::string_view text)
{
    const core::host::QuietSignals quiet;
    while (pipe_ >= 0 && !text.empty()) {
        const ssize_t count = ::write(pipe_, text.data(), text.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            ::close(pipe_);
            pipe_ = -1;
            return;
        }
        text.remove_prefix(static_cast<size_t>(count));
    }
}

void Pager::end()
{
    const State state = std::exchange(state_, State::Direct);
    bool shows = state == State::Collecting;
    if (state == State::Piping) {
        if (pipe_ >= 0)
            ::close(std::exchange(pipe_, -1));
        int status = 0;
        while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {}
        // The shell's statuses for a command that is no program.
        constexpr int cannot_execute = 126, not_found = 127;
        const int exit = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        has_failed_ = shows = exit == cannot_execute || exit == not_found;
        if (shows)
            print_note("the pager " + pager_command() + " cannot be started");
    }
    if (shows)
        cli::write(text_);
    std::fflush(stdout);
    text_.clear();
    rows_ = 0;
}

} // namespace vitrine::cli

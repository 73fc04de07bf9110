// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/peer.h"

#include "base/text.h"

#include <cctype>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vitrine::core::gdb {

namespace {

/// How many ancestors of this process are checked: LLDB, and perhaps a script that it starts.
constexpr int max_generations = 4;

struct Process {
    pid_t parent;
    pid_t group;
    pid_t session;
};

std::optional<Process> find_process(pid_t pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text, '\0');
    // The name, in parentheses, may contain anything.
    const size_t name_end = text.rfind(") ");
    if (name_end == std::string::npos)
        return std::nullopt;
    std::istringstream rest(text.substr(name_end + 2));
    char state = 0;
    Process process {};
    if (!(rest >> state >> process.parent >> process.group >> process.session))
        return std::nullopt;
    return process;
}

/// An address as /proc/net/tcp writes it: `0100007F:04D2`. [man proc_pid_net]
std::string text_of(const sockaddr_storage& address)
{
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    const bool is_v6 = address.ss_family == AF_INET6;
    std::string text;
    for (int i = 0; i < (is_v6 ? 4 : 1); ++i)
        text += hex_digits(is_v6 ? v6->sin6_addr.s6_addr32[i] : v4->sin_addr.s_addr, 8);
    text += ":" + hex_digits(ntohs(is_v6 ? v6->sin6_port : v4->sin_port), 4);
    for (char& digit : text)
        digit = static_cast<char>(std::toupper(digit));
    return text;
}

/// The other end of a TCP connection within this machine, as /proc names it: `socket:[INODE]`.
std::optional<std::string> find_peer_socket(int socket)
{
    sockaddr_storage here {}, there {};
    socklen_t here_size = sizeof here, there_size = sizeof there;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &here_size) != 0
        || ::getpeername(socket, reinterpret_cast<sockaddr*>(&there), &there_size) != 0)
        return std::nullopt;
    std::ifstream file(here.ss_family == AF_INET6 ? "/proc/self/net/tcp6" : "/proc/self/net/tcp");
    const std::string local = text_of(there), remote = text_of(here);
    for (std::string line; std::getline(file, line);) {
        std::istringstream row(line);
        std::string number, from, to, state, queues, timer, retransmits, user, timeout, inode;
        row >> number >> from >> to >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
        if (from == local && to == remote)
            return "socket:[" + inode + "]";
    }
    return std::nullopt;
}

/// Whether a process has a socket open. Does not use the iterators of std::filesystem, which would
/// end this process when memory runs out.
bool holds(pid_t pid, const std::string& socket)
{
    const std::unique_ptr<DIR, decltype([](DIR* opened) { ::closedir(opened); })> files(
        ::opendir(("/proc/" + std::to_string(pid) + "/fd").c_str()));
    while (const dirent* file = files ? ::readdir(files.get()) : nullptr) {
        char target[64];
        const ssize_t size = ::readlinkat(::dirfd(files.get()), file->d_name, target, sizeof target);
        if (size > 0 && std::string_view(target, static_cast<size_t>(size)) == socket)
            return true;
    }
    return false;
}

bool launches_as_debugger(const Process& ancestor)
{
    return ancestor.group != ::getpgrp() && ancestor.session == ::getsid(0);
}

} // namespace

bool is_launched_by_peer(int socket)
{
    std::optional<pid_t> peer;
    std::optional<std::string> peer_socket;
    ucred credentials {};
    socklen_t size = sizeof credentials;
    sockaddr_storage here {};
    socklen_t here_size = sizeof here;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &here_size) != 0)
        return false;
    if (here.ss_family != AF_UNIX)
        peer_socket = find_peer_socket(socket);
    else if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0)
        peer = credentials.pid;
    if (!peer && !peer_socket)
        return false;
    pid_t pid = ::getppid();
    for (int i = 0; i < max_generations && pid > 1; ++i) {
        const auto ancestor = find_process(pid);
        if (!ancestor)
            return false;
        if (pid == peer || (peer_socket && holds(pid, *peer_socket)))
            return launches_as_debugger(*ancestor);
        pid = ancestor->parent;
    }
    return false;
}

} // namespace vitrine::core::gdb

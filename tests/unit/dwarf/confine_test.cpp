// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a confined process can no longer do. Each test confines a child of its own.

#include "dwarf/confine.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vitrine::core::dwarf {
namespace {

/// The status of a confined child that ends with the result of `body`; -1 if a signal ended it.
int in_child(const std::function<int()>& body)
{
    const pid_t child = fork();
    if (child == 0) {
        confine(0);
        _exit(body());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Whether a system call fails for want of permission.
int is_refused(long result) { return result == -1 && errno == EPERM ? 1 : 0; }

TEST(Confine, RefusesWhatAReaderDoesNotNeed)
{
    if (!has_filter())
        GTEST_SKIP() << "this build has no filter";
    const pid_t parent = getpid();
    const struct {
        const char* what;
        std::function<long()> call;
    } attempts[] = {
        { "read a file", [] { return open("/etc/passwd", O_RDONLY | O_CLOEXEC); } },
        { "write a file",
            [] { return open("/tmp/vitrine-confined", O_WRONLY | O_CREAT | O_CLOEXEC, 0600); } },
        { "remove a file", [] { return unlink("/tmp/vitrine-confined"); } },
        { "make a folder", [] { return mkdir("/tmp/vitrine-confined", 0700); } },
        { "look at a file", [] { return access("/etc/passwd", R_OK); } },
        { "make a socket", [] { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); } },
        { "make a pair of sockets",
            [] {
                int ends[2];
                return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
            } },
        { "start a process", [] { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); } },
        { "execute a program",
            [] {
                char* const none[] { nullptr };
                return execve("/bin/true", none, none);
            } },
        { "trace a process", [=] { return ptrace(PTRACE_ATTACH, parent, nullptr, nullptr); } },
        { "read the memory of a process",
            [=] { return syscall(SYS_process_vm_readv, parent, nullptr, 0, nullptr, 0, 0); } },
        { "signal a process", [=] { return kill(parent, SIGCONT); } },
        { "signal a thread of another process",
            [=] { return syscall(SYS_tgkill, parent, parent, SIGCONT); } },
        { "make code",
            [] {
                void* at = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                return at == MAP_FAILED ? -1L : 0L;
            } },
        { "make memory executable",
            [] {
                alignas(4096) static char page[4096];
                return mprotect(page, sizeof page, PROT_READ | PROT_EXEC);
            } },
        { "send a descriptor",
            [] {
                const msghdr message {};
                return sendmsg(STDERR_FILENO, &message, 0);
            } },
    };
    for (const auto& attempt : attempts)
        EXPECT_EQ(in_child([&] { return is_refused(attempt.call()); }), 1) << attempt.what;
}

TEST(Confine, LeavesMemoryMessagesAndTheEnd)
{
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    EXPECT_EQ(in_child([&] {
        // Small and large blocks come from different calls of the system.
        std::vector<std::string> blocks;
        for (size_t size = 1; size <= size_t { 64 } << 20; size *= 4)
            blocks.emplace_back(size, 'x');
        blocks.resize(2);
        char byte = 'y';
        if (send(ends[0], &byte, 1, MSG_NOSIGNAL) != 1 || recv(ends[1], &byte, 1, 0) != 1)
            return 1;
        (void)alarm(1);
        (void)alarm(0);
        return 42;
    }),
        42);
    close(ends[0]);
    close(ends[1]);
}

TEST(Confine, AProcessMayEndItself)
{
    const pid_t child = fork();
    if (child == 0) {
        confine(0);
        std::abort();
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) << status;
}

} // namespace
} // namespace vitrine::core::dwarf

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/confine.h"

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <vector>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#    define VITRINE_WITH_SANITIZER
#  endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define VITRINE_WITH_SANITIZER
#endif
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__)) && !defined(VITRINE_WITH_SANITIZER)
#  define VITRINE_WITH_FILTER
#  include <cstddef>
#  include <linux/audit.h>
#  include <linux/filter.h>
#  include <linux/seccomp.h>
#  include <sys/mman.h>
#  include <sys/syscall.h>
#endif

namespace vitrine::core::dwarf {

namespace {

void set_limit(__rlimit_resource_t resource, rlim_t value)
{
    const rlimit limit { value, value };
    (void)setrlimit(resource, &limit);
}

/// The size of this process's address space: large with a sanitizer.
rlim_t address_space()
{
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

#ifdef VITRINE_WITH_FILTER

#  ifdef __x86_64__
constexpr uint32_t architecture = AUDIT_ARCH_X86_64;
#  else
constexpr uint32_t architecture = AUDIT_ARCH_AARCH64;
#  endif

constexpr int allowed_calls[] = {
    // Messages.
    SYS_read, SYS_write, SYS_recvfrom, SYS_sendto, SYS_ppoll,
#  ifdef SYS_poll
    SYS_poll,
#  endif
    // Memory.
    SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise,
    // The limit of time for a question.
    SYS_setitimer,
#  ifdef SYS_alarm
    SYS_alarm,
#  endif
    SYS_clock_gettime,
    // The C and C++ libraries.
    SYS_futex, SYS_getrandom, SYS_getpid, SYS_gettid, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
    SYS_restart_syscall, SYS_exit, SYS_exit_group
};

/// A system call that is allowed only with some values of an argument.
struct CheckedCall {
    int number;
    /// The index of the argument, whose low 32 bits are compared with 0 after this mask.
    uint32_t argument;
    uint32_t mask;
};

constexpr CheckedCall checked_calls[] = { { SYS_mmap, 2, PROT_EXEC }, { SYS_mprotect, 2, PROT_EXEC } };

constexpr uint32_t offset_of_argument(uint32_t index)
{
    // Both architectures are little-endian: the low half comes first.
    return static_cast<uint32_t>(offsetof(seccomp_data, args) + index * sizeof(uint64_t));
}

/// A program of the kernel's packet filter. Its jumps skip a number of instructions.
class Filter {
public:
    Filter()
    {
        load(offsetof(seccomp_data, arch));
        skip_if_equal(architecture, 1);
        end(SECCOMP_RET_KILL_PROCESS);
        load(offsetof(seccomp_data, nr));
        for (const int number : allowed_calls) {
            skip_unless_equal(static_cast<uint32_t>(number), 1);
            end(SECCOMP_RET_ALLOW);
        }
        for (const CheckedCall& call : checked_calls) {
            constexpr uint8_t body = 4;
            skip_unless_equal(static_cast<uint32_t>(call.number), body);
            load(offset_of_argument(call.argument));
            add(BPF_JMP | BPF_JSET | BPF_K, call.mask, 1, 0);
            end(SECCOMP_RET_ALLOW);
            end(refused);
        }
        // A failed assertion ends the process with a signal to itself.
        constexpr uint8_t body = 4;
        skip_unless_equal(SYS_tgkill, body);
        load(offset_of_argument(0));
        skip_unless_equal(static_cast<uint32_t>(getpid()), 1);
        end(SECCOMP_RET_ALLOW);
        end(refused);
        end(refused);
    }

    void install()
    {
        const sock_fprog program { static_cast<unsigned short>(program_.size()), program_.data() };
        (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
    }

private:
    // A call that a library tries in vain must not end the reader.
    static constexpr uint32_t refused = SECCOMP_RET_ERRNO | EPERM;

    void add(uint32_t code, uint32_t value, uint8_t if_true = 0, uint8_t if_false = 0)
    {
        program_.push_back({ static_cast<uint16_t>(code), if_true, if_false, value });
    }
    void load(uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset); }
    void skip_if_equal(uint32_t value, uint8_t count) { add(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0); }
    void skip_unless_equal(uint32_t value, uint8_t count) { add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count); }
    void end(uint32_t action) { add(BPF_RET | BPF_K, action); }

    std::vector<sock_filter> program_;
};

#endif

} // namespace

bool has_filter()
{
#ifdef VITRINE_WITH_FILTER
    return true;
#else
    return false;
#endif
}

void confine(size_t file_bytes)
{
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_FSIZE, 0);
    constexpr rlim_t at_least = rlim_t { 1 } << 30, times = 16;
    set_limit(RLIMIT_AS, address_space() + at_least + times * file_bytes);
#ifdef VITRINE_WITH_FILTER
    set_limit(RLIMIT_NPROC, 0);
    // `poll` needs a limit of at least the number of descriptors that it waits for.
    set_limit(RLIMIT_NOFILE, 1);
    Filter().install();
#endif
}

} // namespace vitrine::core::dwarf

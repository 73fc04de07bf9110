// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tries to leave its folder and to break its host. It may use folder 3. The folder around that has
// `secret`, whose content begins with "SECRET", and `outside`, where nothing may appear. Arguments:
// how often it races, and the absolute path of the outer folder. Exits with the line of the first
// attempt that succeeds.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#define FAILS(attempt)                                                    \
    do {                                                                  \
        const int error_ = (attempt);                                     \
        if (error_ == 0) {                                                \
            fprintf(stderr, "line %d succeeds: %s\n", __LINE__, #attempt); \
            exit(1);                                                      \
        }                                                                 \
    } while (0)
#define CHECK(condition)                                              \
    do {                                                              \
        if (!(condition)) {                                           \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);   \
            exit(2);                                                  \
        }                                                             \
    } while (0)

enum { Root = 3 };
static const __wasi_rights_t all = ~(__wasi_rights_t)0;
static char* around;

static int open_path(int folder, const char* path, int follow, int flags, __wasi_rights_t rights, int* fd)
{
    return __wasi_path_open(folder, follow, path, flags, rights & 0x1fffffff, all & 0x1fffffff, 0, fd);
}

static int reads_secret(int fd)
{
    char text[6] = { 0 };
    __wasi_iovec_t buffer = { (uint8_t*)text, sizeof text };
    __wasi_size_t size = 0;
    return __wasi_fd_pread(fd, &buffer, 1, 0, &size) == 0 && size == 6 && memcmp(text, "SECRET", 6) == 0;
}

/// Everything that can be done with a path that leads out.
static void try_path(const char* secret, const char* created)
{
    int fd;
    __wasi_filestat_t status;
    uint8_t buffer[64];
    __wasi_size_t size;
    for (int follow = 0; follow < 2; ++follow) {
        FAILS(open_path(Root, secret, follow, 0, __WASI_RIGHTS_FD_READ, &fd));
        FAILS(open_path(Root, secret, follow, 0, all, &fd));
        FAILS(open_path(Root, secret, follow, __WASI_OFLAGS_TRUNC, all, &fd));
        FAILS(open_path(Root, created, follow, __WASI_OFLAGS_CREAT, all, &fd));
        FAILS(open_path(Root, created, follow, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, all, &fd));
        FAILS(__wasi_path_filestat_get(Root, follow, secret, &status));
        FAILS(__wasi_path_filestat_set_times(Root, follow, secret, 0, 0, __WASI_FSTFLAGS_MTIM));
        FAILS(__wasi_path_link(Root, follow, secret, Root, "stolen"));
    }
    FAILS(__wasi_path_readlink(Root, secret, buffer, sizeof buffer, &size));
    FAILS(__wasi_path_create_directory(Root, created));
    FAILS(__wasi_path_unlink_file(Root, secret));
    FAILS(__wasi_path_remove_directory(Root, secret));
    FAILS(__wasi_path_symlink("inside", Root, created));
    FAILS(__wasi_path_rename(Root, secret, Root, "stolen"));
    FAILS(__wasi_path_rename(Root, "mine", Root, created));
    FAILS(__wasi_path_rename(Root, "mine", Root, secret));
    FAILS(__wasi_path_link(Root, 0, "mine", Root, created));
}

static void try_paths(void)
{
    static const char* const ways[] = { "..", "folder/../..", "./..", "folder/../../folder/../..", "up", "folder/up", "up/.",
        "folder/../up", "absolute", "chain", "//..", "/", "..//", "nowhere/../..", "self/root", "self/cwd/..", "root", "cwd/.." };
    char secret[300], created[300];
    for (size_t i = 0; i < sizeof ways / sizeof *ways; ++i) {
        snprintf(secret, sizeof secret, "%s/secret", ways[i]);
        snprintf(created, sizeof created, "%s/outside/new", ways[i]);
        try_path(secret, created);
    }
    snprintf(secret, sizeof secret, "%s/secret", around);
    snprintf(created, sizeof created, "%s/outside/new", around);
    try_path(secret, created);
    try_path("/proc/self/environ", "/tmp/vitrine-hostile");
    int fd;
    FAILS(open_path(Root, "/proc/self/fd/0", 1, 0, all, &fd));
    FAILS(open_path(Root, "proc/self/environ", 1, 0, all, &fd));
    FAILS(__wasi_path_symlink(secret, Root, "link"));
    // A link that leads out may be created in the folder, but cannot be followed.
    CHECK(__wasi_path_symlink("../secret", Root, "out") == 0);
    FAILS(open_path(Root, "out", 1, 0, __WASI_RIGHTS_FD_READ, &fd));
    FAILS(__wasi_path_link(Root, 1, "out", Root, "stolen"));
    CHECK(__wasi_path_link(Root, 0, "out", Root, "link") == 0);
    FAILS(open_path(Root, "link", 1, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_TRUNC, all, &fd));
    CHECK(__wasi_path_unlink_file(Root, "link") == 0 && __wasi_path_unlink_file(Root, "out") == 0);
    // Moving a folder up does not change where its `..` leads for us.
    CHECK(__wasi_path_create_directory(Root, "a") == 0 && __wasi_path_create_directory(Root, "a/b") == 0);
    CHECK(open_path(Root, "a/b", 0, __WASI_OFLAGS_DIRECTORY, 0, &fd) == 0);
    CHECK(__wasi_path_rename(Root, "a/b", Root, "b") == 0);
    int outer;
    FAILS(open_path(fd, "..", 1, __WASI_OFLAGS_DIRECTORY, 0, &outer));
    FAILS(open_path(fd, "../secret", 1, 0, __WASI_RIGHTS_FD_READ, &outer));
    FAILS(__wasi_path_rename(fd, "..", Root, "stolen"));
    CHECK(__wasi_path_remove_directory(Root, "a") == 0 && __wasi_path_remove_directory(Root, "b") == 0);
    FAILS(open_path(fd, "new", 0, __WASI_OFLAGS_CREAT, all, &outer));
    CHECK(__wasi_fd_close(fd) == 0);
}

/// The host keeps swapping `swap` between one of our folders and a link that leads out, and `leaf`
/// between a file and such a link.
static void race(int rounds)
{
    int seen = 0;
    for (int i = 0; i < rounds; ++i) {
        int fd;
        if (open_path(Root, "swap/secret", 1, 0, __WASI_RIGHTS_FD_READ, &fd) == 0) {
            CHECK(!reads_secret(fd));
            ++seen;
            __wasi_fd_close(fd);
        }
        if (open_path(Root, "leaf", i & 1, 0, __WASI_RIGHTS_FD_READ, &fd) == 0) {
            CHECK(!reads_secret(fd));
            ++seen;
            __wasi_fd_close(fd);
        }
        if (open_path(Root, "swap/new", 1, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_TRUNC, all, &fd) == 0)
            __wasi_fd_close(fd);
        __wasi_path_create_directory(Root, "swap/folder");
        __wasi_path_unlink_file(Root, "swap/new");
        __wasi_path_remove_directory(Root, "swap/folder");
        __wasi_path_link(Root, 0, "swap/secret", Root, "stolen");
        if (open_path(Root, "stolen", 0, 0, __WASI_RIGHTS_FD_READ, &fd) == 0) {
            CHECK(!reads_secret(fd));
            __wasi_fd_close(fd);
        }
        __wasi_path_unlink_file(Root, "stolen");
    }
    CHECK(rounds == 0 || seen > 0);
}

// Import the functions directly, because the headers check pointers.
#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
IMPORT(fd_read) int32_t raw_fd_read(int32_t, uint32_t, uint32_t, uint32_t);
IMPORT(fd_write) int32_t raw_fd_write(int32_t, uint32_t, uint32_t, uint32_t);
IMPORT(fd_pread) int32_t raw_fd_pread(int32_t, uint32_t, uint32_t, int64_t, uint32_t);
IMPORT(fd_readdir) int32_t raw_fd_readdir(int32_t, uint32_t, uint32_t, int64_t, uint32_t);
IMPORT(path_open) int32_t raw_path_open(int32_t, int32_t, uint32_t, uint32_t, int32_t, int64_t, int64_t, int32_t, uint32_t);
IMPORT(poll_oneoff) int32_t raw_poll_oneoff(uint32_t, uint32_t, uint32_t, uint32_t);
IMPORT(random_get) int32_t raw_random_get(uint32_t, uint32_t);

static void try_lengths(int file)
{
    static const uint32_t ends[] = { 0xffffffff, 0xfffffff0, 0x80000000, 0x7fffffff };
    uint32_t out;
    const uint32_t at = (uint32_t)(uintptr_t)&out;
    __wasi_iovec_t* many = calloc(2000, sizeof *many);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; ++i) {
        const uint32_t end = ends[i];
        __wasi_iovec_t huge[] = { { (uint8_t*)16, end }, { (uint8_t*)(uintptr_t)end, 16 } };
        const uint32_t vector = (uint32_t)(uintptr_t)huge;
        FAILS(raw_fd_read(file, vector, 1, at));
        FAILS(raw_fd_write(file, vector, 1, at));
        FAILS(raw_fd_read(file, vector + 8, 1, at));
        FAILS(raw_fd_read(file, vector, end, at));
        FAILS(raw_fd_read(file, end, 1, at));
        FAILS(raw_fd_pread(file, vector, 2, 0, at));
        FAILS(raw_fd_readdir(Root, 16, end, 0, at));
        FAILS(raw_fd_readdir(Root, end, 100, 0, at));
        FAILS(raw_path_open(Root, 0, end, 10, 0, 0, 0, 0, at));
        FAILS(raw_path_open(Root, 0, 16, end, 0, 0, 0, 0, at));
        FAILS(raw_path_open(Root, 0, 16, 4096, 0, 0, 0, 0, at));
        FAILS(raw_poll_oneoff(16, 16, end, at));
        FAILS(raw_poll_oneoff(end, 16, 1, at));
        FAILS(raw_random_get(16, end));
        FAILS(raw_random_get(end, 32));
    }
    // More than 4 GiB in total, all of it the same bytes.
    CHECK(__builtin_wasm_memory_grow(0, 128) != SIZE_MAX);
    const uint32_t half = (uint32_t)__builtin_wasm_memory_size(0) * 32768;
    for (int i = 0; i < 2000; ++i)
        many[i] = (__wasi_iovec_t) { (uint8_t*)0, half };
    FAILS(raw_fd_pread(file, (uint32_t)(uintptr_t)many, 2000, 0, at));
    FAILS(raw_fd_write(file, (uint32_t)(uintptr_t)many, 2000, at));
    // Overlapping buffers, one of which is the vector itself: the values that were checked must be
    // used.
    uint8_t block[64] = "0123456789";
    __wasi_iovec_t* over = (__wasi_iovec_t*)block;
    over[0] = (__wasi_iovec_t) { block, 32 };
    over[1] = (__wasi_iovec_t) { block + 8, 32 };
    over[2] = (__wasi_iovec_t) { block, 64 };
    CHECK(raw_fd_pread(file, (uint32_t)(uintptr_t)over, 3, 0, at) == 0);
    free(many);
}

static void try_descriptors(int file)
{
    __wasi_fdstat_t status;
    __wasi_filestat_t file_status;
    __wasi_prestat_t prestat;
    int fd;
    // Descriptors of the host are not the guest's.
    for (int other = file + 1; other < 2000; ++other) {
        FAILS(__wasi_fd_fdstat_get(other, &status));
        FAILS(__wasi_fd_filestat_get(other, &file_status));
        FAILS(__wasi_fd_renumber(other, 0));
        FAILS(__wasi_fd_renumber(0, other));
        FAILS(__wasi_fd_close(other));
    }
    FAILS(__wasi_fd_fdstat_get(-1, &status));
    FAILS(__wasi_fd_renumber(0, -1));
    // A file does not become a folder, not even under a folder's number.
    FAILS(open_path(file, "mine", 0, 0, all, &fd));
    FAILS(open_path(file, "../secret", 0, 0, all, &fd));
    FAILS(open_path(0, "secret", 0, 0, all, &fd));
    FAILS(__wasi_path_create_directory(0, "new"));
    int folder;
    CHECK(open_path(Root, "folder", 0, __WASI_OFLAGS_DIRECTORY, 0, &folder) == 0);
    FAILS(open_path(folder, "../mine", 0, 0, __WASI_RIGHTS_FD_READ, &fd));
    CHECK(__wasi_fd_renumber(file, folder) == 0);
    FAILS(__wasi_fd_fdstat_get(file, &status));
    FAILS(open_path(folder, "mine", 0, 0, all, &fd));
    FAILS(__wasi_fd_prestat_get(folder, &prestat));
    CHECK(__wasi_fd_close(folder) == 0);
    FAILS(__wasi_fd_close(folder));
    FAILS(__wasi_fd_renumber(folder, Root));
    // Running out of descriptors is an error and does no harm to the host.
    int count = 0;
    while (count < 5000 && open_path(Root, "mine", 0, 0, __WASI_RIGHTS_FD_READ, &fd) == 0)
        ++count;
    CHECK(count < 5000);
    // Without its folder the guest has no paths at all.
    CHECK(__wasi_fd_close(Root) == 0);
    FAILS(open_path(Root, "mine", 0, 0, __WASI_RIGHTS_FD_READ, &fd));
    FAILS(__wasi_fd_prestat_get(Root, &prestat));
}

int main(int argc, char** argv)
{
    int file;
    around = argv[2];
    CHECK(argc == 3);
    CHECK(open_path(Root, "mine", 0, __WASI_OFLAGS_CREAT, all, &file) == 0);
    try_paths();
    race(atoi(argv[1]));
    try_lengths(file);
    try_descriptors(file);
    puts("contained");
    return 0;
}

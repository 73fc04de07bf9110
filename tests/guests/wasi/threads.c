// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program with threads (wasi-threads), without a C library. Each export is a separate test.
typedef unsigned int u32;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("wasi", "thread-spawn") int thread_spawn(void* argument);
IMPORT("wasi_snapshot_preview1", "fd_write") int fd_write(int fd, const void* buffers, int count, u32* size);
IMPORT("wasi_snapshot_preview1", "fd_read") int fd_read(int fd, const void* buffers, int count, u32* size);
IMPORT("wasi_snapshot_preview1", "path_open")
int path_open(int folder, int lookup, const char* path, u32 length, int flags, long long rights, long long inheriting,
    int fd_flags, int* fd);
IMPORT("wasi_snapshot_preview1", "fd_close") int fd_close(int fd);
IMPORT("wasi_snapshot_preview1", "proc_exit") _Noreturn void proc_exit(int status);

enum { Count = 8, Rounds = 1000, StackBytes = 8192 };

struct start {
    void* stack_top;
    void (*function)(int number, int argument);
    int argument;
};

static char stacks[Count][StackBytes];
static struct start starts[Count];
static int counter, ended, numbers[Count];

void enter(int number, struct start* start)
{
    start->function(number, start->argument);
    __atomic_fetch_add(&ended, 1, __ATOMIC_SEQ_CST);
    __builtin_wasm_memory_atomic_notify(&ended, ~0u);
}

// C code cannot run before the stack pointer is set.
__asm__(".globaltype __stack_pointer, i32\n"
        ".globl wasi_thread_start\n"
        ".export_name wasi_thread_start, wasi_thread_start\n"
        "wasi_thread_start:\n .functype wasi_thread_start (i32, i32) -> ()\n"
        " local.get 1\n i32.load 0\n global.set __stack_pointer\n local.get 0\n local.get 1\n call enter\n end_function\n");

static int spawn(int slot, void (*function)(int, int), int argument)
{
    starts[slot] = (struct start) { stacks[slot] + StackBytes, function, argument };
    return thread_spawn(&starts[slot]);
}

static void wait_for(int count)
{
    for (int now; (now = __atomic_load_n(&ended, __ATOMIC_SEQ_CST)) < count;)
        __builtin_wasm_memory_atomic_wait32(&ended, now, -1);
}

static void print(int fd, const char* text)
{
    u32 size = 0;
    while (text[size])
        ++size;
    const struct {
        const char* at;
        u32 size;
    } buffer = { text, size };
    fd_write(fd, &buffer, 1, &size);
}

static void count(int number, int argument)
{
    numbers[argument] = number;
    for (int i = 0; i < Rounds; ++i)
        __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
}

static void print_lines(int number, int argument)
{
    for (int i = 0; i < 100; ++i)
        print(1, "a line of some length\n");
}

/// Opens, reads and closes files while other threads do. They share the descriptors.
static void use_files(int number, int argument)
{
    for (int i = 0; i < 100; ++i) {
        int fd;
        char text[8];
        const struct {
            char* at;
            u32 size;
        } buffer = { text, sizeof text };
        u32 size;
        if (path_open(3, 0, "file", 4, 0, 2, 0, 0, &fd) != 0 || fd_read(fd, &buffer, 1, &size) != 0 || size != 4
            || fd_close(fd) != 0)
            __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
    }
}

static void trap(int number, int argument) { __builtin_trap(); }
static void leave(int number, int argument) { proc_exit(argument); }
static void spin(int number, int argument)
{
    for (volatile int forever = 1; forever;)
        ;
}
static void sleep_forever(int number, int argument)
{
    static int never;
    __builtin_wasm_memory_atomic_wait32(&never, 0, -1);
}
static void read_forever(int number, int argument)
{
    char text;
    const struct {
        char* at;
        u32 size;
    } buffer = { &text, 1 };
    u32 size;
    fd_read(0, &buffer, 1, &size);
}

static void start_all(void (*function)(int, int))
{
    ended = 0;
    for (int i = 0; i < Count; ++i)
        if (spawn(i, function, i) <= 0)
            __builtin_trap();
}

/// Returns 0 if every thread has counted, each under a number of its own.
EXPORT("count") int test_count(void)
{
    counter = 0;
    start_all(count);
    wait_for(Count);
    for (int i = 0; i < Count; ++i)
        for (int j = 0; j < i; ++j)
            if (numbers[i] <= 0 || numbers[i] > 0x1fffffff || numbers[i] == numbers[j])
                return 2;
    return counter == Count * Rounds ? 0 : 1;
}

EXPORT("lines") void test_lines(void)
{
    start_all(print_lines);
    wait_for(Count);
}

/// Returns how many threads were disturbed.
EXPORT("files") int test_files(void)
{
    counter = 0;
    start_all(use_files);
    wait_for(Count);
    return counter;
}

/// Spawns threads one after another, more than may exist at once.
EXPORT("many") int test_many(void)
{
    counter = 0;
    for (int i = 0; i < 300; ++i) {
        ended = 0;
        if (spawn(0, count, 0) <= 0)
            return -1;
        wait_for(1);
    }
    return counter;
}

static void start_stuck(void)
{
    spawn(0, spin, 0);
    spawn(1, sleep_forever, 0);
    spawn(2, read_forever, 0);
}

EXPORT("trap_there") void test_trap_there(void)
{
    start_stuck();
    spawn(3, trap, 0);
    sleep_forever(0, 0);
}

EXPORT("exit_there") void test_exit_there(void)
{
    start_stuck();
    spawn(3, leave, 7);
    read_forever(0, 0);
}

EXPORT("trap_here") void test_trap_here(void)
{
    start_stuck();
    __builtin_trap();
}

EXPORT("exit_here") void test_exit_here(void)
{
    start_stuck();
    proc_exit(9);
}

EXPORT("leave_them") int test_leave_them(void)
{
    start_stuck();
    return 5;
}

EXPORT("wait_here") void test_wait_here(void)
{
    start_stuck();
    print(1, "waiting\n");
    sleep_forever(0, 0);
}

/// Spawns threads until it fails; returns -errno.
EXPORT("too_many") int test_too_many(void)
{
    for (;;) {
        const int number = spawn(0, sleep_forever, 0);
        if (number <= 0)
            return number;
    }
}

EXPORT("_start") void start(void)
{
    if (test_count() != 0)
        __builtin_trap();
    print(1, "threads done\n");
}

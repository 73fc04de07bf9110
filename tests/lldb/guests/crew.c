// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A wasi-threads program without a C library. The first thread loops until both workers are done. A
// worker only continues when the first thread has looped again, so no thread can advance alone.
// With -DWAITED_FOR=0 the first thread does not wait for the workers.
#ifndef WAITED_FOR
#define WAITED_FOR 2
#endif
__attribute__((import_module("wasi"), import_name("thread-spawn"))) int thread_spawn(void* job);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) void proc_exit(int status);

struct job {
    char* stack;
    int number;
};

static int turns;
static int done;
static int total;
static char stacks[2][16384];

// A new thread has no stack for C code yet.
__asm__(".globaltype __stack_pointer, i32\n"
        ".globl wasi_thread_start\n"
        ".export_name wasi_thread_start, wasi_thread_start\n"
        "wasi_thread_start:\n"
        " .functype wasi_thread_start (i32, i32) -> ()\n"
        " local.get 1\n"
        " i32.load 0\n"
        " global.set __stack_pointer\n"
        " local.get 1\n"
        " call begin\n"
        " end_function\n");

static void step(int number)
{
    const int seen = __atomic_load_n(&turns, __ATOMIC_SEQ_CST); // @step
    while (__atomic_load_n(&turns, __ATOMIC_SEQ_CST) == seen) { }
    __atomic_fetch_add(&total, number, __ATOMIC_SEQ_CST);
}

static void work(int number)
{
    for (int i = 0; i < 4; ++i)
        step(number);
}

void begin(struct job* job)
{
    work(job->number);
    __atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
}

__attribute__((export_name("_start"))) void start(void)
{
    static struct job jobs[2];
    for (int i = 0; i < 2; ++i) {
        jobs[i].stack = stacks[i] + sizeof stacks[i] - 16;
        jobs[i].number = i + 1;
        if (thread_spawn(&jobs[i]) < 0)
            proc_exit(2);
    }
    while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < WAITED_FOR)
        __atomic_fetch_add(&turns, 1, __ATOMIC_SEQ_CST);
    proc_exit(total == 12 ? 0 : 1);
}

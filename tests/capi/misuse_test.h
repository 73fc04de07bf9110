// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Misuse ends the process with a message that names the function.
#pragma once

#include "capi_test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    void (*function)(void);
    const char* message;
} Misuse;

static inline void expect_abort(const Misuse* misuse)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        misuse->function();
        _exit(0);
    }
    close(ends[1]);
    char text[1024] = { 0 };
    size_t size = 0;
    ssize_t count;
    while ((count = read(ends[0], text + size, sizeof text - 1 - size)) > 0)
        size += (size_t)count;
    close(ends[0]);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    if (strcmp(text, misuse->message) != 0)
        fprintf(stderr, "expected: %sgot: %s", misuse->message, text);
    CHECK(strcmp(text, misuse->message) == 0);
}

static inline void expect_aborts(const Misuse* rows, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        expect_abort(&rows[i]);
}

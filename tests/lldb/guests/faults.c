// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fails in the way that its argument says, or exits with a status.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static int divide(int a, int b)
{
    return a / b; // @divide
}

__attribute__((noinline)) static int dive(volatile int depth)
{
    return dive(depth + 1) + 1; // @dive
}

int main(int argc, char** argv)
{
    const char* how = argc > 1 ? argv[1] : "";
    printf("about to %s\n", how);
    fflush(stdout);
    if (strcmp(how, "divide") == 0)
        return divide(7, argc - 2); // @call
    if (strcmp(how, "trap") == 0)
        __builtin_trap(); // @trap
    if (strcmp(how, "read") == 0)
        return *(volatile int*)0x7ffffff0; // @read
    if (strcmp(how, "dive") == 0)
        return dive(0);
    exit(atoi(how));
}

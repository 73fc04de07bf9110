// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints that it is ready, then waits: for input with the argument `read`, otherwise for a minute.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int before_the_wait(const char* what)
{
    printf("%s\n", what);
    fflush(stdout);
    return 0;
}

int main(int argc, char** argv)
{
    before_the_wait("waiting");
    if (argc > 1 && strcmp(argv[1], "read") == 0) {
        char byte;
        before_the_wait(read(STDIN_FILENO, &byte, 1) == 1 ? "read" : "end");
    } else {
        sleep(60);
    }
    return 0;
}

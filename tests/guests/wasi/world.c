// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints its arguments and its environment, and exits with 33.
#include <stdio.h>
#include <stdlib.h>

extern char** environ;

int main(int argc, char** argv)
{
    for (int i = 0; i < argc; ++i)
        printf("%d %s\n", i, argv[i]);
    for (char** variable = environ; *variable; ++variable)
        printf("%s\n", *variable);
    fprintf(stderr, "to stderr\n");
    exit(33);
}
